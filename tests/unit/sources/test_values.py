from __future__ import annotations

import json

import pytest

from efface.errors import FormatError
from efface.model import Column, Limits, Locator, Part, Surroundings
from efface.sources import gathered
from efface.sources import values as values_source
from efface.sources.payloads import BytesPayload
from efface.sources.values import Values
from efface.testing import stores

VECTORS = stores.face_vectors(3, 128)
PHOTO = "cGhvdG8gb2Ygc29tZWJvZHk="  # as long as a value must be for its text to be taken apart


def parts(
    text: str | bytes, media_type: str = "application/json", limits: Limits | None = None
) -> list[Column]:
    data = text.encode() if isinstance(text, str) else text
    part = Part(
        Locator("file", ("/d/crm.json",)), BytesPayload(data), Surroundings(("crm.json", "d"), ("a.txt",))
    )
    return [each for each in Values().parts(part, media_type, limits or Limits()) if isinstance(each, Column)]


def test_one_column_for_each_place() -> None:
    """A text gives one column for each place of its values, with the number of records."""
    found = parts(f'[{{"name": "x", "faceImage": "{PHOTO}"}}, {{"name": "z", "faceImage": "w"}}]')
    assert [(item.locator.fragment, list(item.cells()), item.rows) for item in found] == [
        ("/*/name", ["x", "z"], 2),
        ("/*/faceImage", [PHOTO, "w"], 2),
    ]


def test_cells_can_be_read_again() -> None:
    """The values of a column can be read as often as needed."""
    (column,) = parts(json.dumps({"a": PHOTO}))
    assert list(column.cells()) == list(column.cells()) == [PHOTO]


def test_names_from_the_inside_out() -> None:
    """The names of a column go from the key over its parents to the file and its folder."""
    (column,) = parts(json.dumps({"people": [{"photo": PHOTO}]}))
    assert column.surroundings.names == ("photo", "people", "crm.json", "d")


def test_siblings() -> None:
    """The keys beside a column are its siblings."""
    column = parts(json.dumps([{"photo": PHOTO, "name": "y", "mobile": "z"}]))[0]
    assert column.surroundings.siblings == ("name", "mobile")


def test_objects_beside_a_column_are_siblings() -> None:
    """The keys of objects in the same record are siblings; what lies inside them is not."""
    photo, data = parts(json.dumps([{"photo": PHOTO, "face": {"feature": {"data": "y"}}}]))
    assert photo.surroundings.siblings == ("face",)
    assert data.surroundings.siblings == ()


def test_a_value_without_a_place_has_no_siblings() -> None:
    """A list of numbers at the top of a text is one column alone."""
    (column,) = parts(json.dumps(PHOTO))
    assert column.surroundings.siblings == ()


def test_a_text_of_short_values_gives_no_column() -> None:
    """Nothing is shorter than what a detector looks at, so such texts are not taken apart."""
    assert parts('[{"name": "x", "faceImage": "y"}]') == []


@pytest.mark.parametrize(
    ("text", "media_type", "place"),
    [
        (stores.json_store(VECTORS), "application/x-ndjson", "/*/faceFeature"),
        (stores.sql_dump(VECTORS), "application/sql", "/member_face/feature"),
        (stores.csv_store(VECTORS), "text/csv", "/*/face_vector"),
    ],
)
def test_vectors_of_every_store(text: str, media_type: str, place: str) -> None:
    """Vectors come as the values of one column from every kind of text."""
    columns = {item.locator.fragment: item for item in parts(text, media_type)}
    assert columns[place].rows == 3


@pytest.mark.parametrize(
    "media_type",
    ["text/plain", "text/csv", "application/json", "application/xml", "application/sql", "image/svg+xml"],
)
def test_texts_are_accepted(media_type: str) -> None:
    """Texts are opened."""
    assert Values().accepts(media_type)


@pytest.mark.parametrize(
    "media_type", ["image/jpeg", "application/zip", "application/octet-stream", "application/pdf"]
)
def test_other_types_are_not_accepted(media_type: str) -> None:
    """What is no text is left to others."""
    assert not Values().accepts(media_type)


def test_cells_beyond_the_limit_are_a_sample() -> None:
    """Of more long values than cells so many are drawn at random, and the column says so."""
    (column,) = parts(
        json.dumps([{"p": f"{number:03}" * 40} for number in range(900)]), limits=Limits(cells=50)
    )
    drawn = [int(str(cell)[:3]) for cell in column.cells()]
    assert (column.drawn, column.rows, len(drawn)) == (50, 900, 50)
    assert min(drawn) < 300
    assert max(drawn) > 600


def test_short_cells_beyond_the_limit_are_no_sample() -> None:
    """Values too short to hold anything are not told as a sample: nothing is missed."""
    names, _photo = parts(json.dumps([{"p": "x"}] * 9 + [{"q": PHOTO}]), limits=Limits(cells=5))
    assert names.drawn is None


def test_values_beyond_memory_are_halved_by_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where kept values grow beyond the bound, the largest column becomes a sample; small ones stay whole."""
    monkeypatch.setattr(gathered, "_KEPT_BYTES", 10_000)
    found = {
        item.locator.fragment: item for item in parts(json.dumps([{"p": "x" * 200, "n": "y" * 8}] * 400))
    }
    photos, names = found["/*/p"], found["/*/n"]
    assert photos.drawn == len(list(photos.cells())) <= 50
    assert photos.rows == names.rows == 400
    assert len(list(names.cells())) == 400


def test_when_everything_is_looked_at_columns_come_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thorough run leaves nothing out: what does not fit into memory comes one piece after another."""
    monkeypatch.setattr(gathered, "_KEPT_BYTES", 10_000)
    found = parts(json.dumps([{"p": "x" * 200}] * 400), limits=Limits(cells=1 << 62))
    assert len(found) > 5
    assert all(column.drawn is None for column in found)
    assert sum(len(list(column.cells())) for column in found) == 400


def test_a_large_text_is_read_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text beyond the size that is read as a whole gives the same columns."""
    text = stores.csv_store(VECTORS)
    whole = [(item.locator.fragment, list(item.cells())) for item in parts(text, "text/csv")]
    monkeypatch.setattr(values_source, "_WHOLE_BYTES", 10)
    assert [(item.locator.fragment, list(item.cells())) for item in parts(text, "text/csv")] == whole


def test_countless_places_are_taken_together() -> None:
    """A text of countless places gives a bounded number of columns, and every value is in one."""
    found = parts(json.dumps([{f"k{a}_{b}": PHOTO for b in range(50)} for a in range(200)]))
    assert len(found) <= 4097
    assert sum(item.rows for item in found) == 10_000


def test_binary_data_is_refused() -> None:
    """What is no text is a FormatError."""
    with pytest.raises(FormatError):
        parts(bytes(range(256)) * 8)


def test_empty_text_has_no_columns() -> None:
    """A text without values has no columns."""
    assert parts("{}") == []
