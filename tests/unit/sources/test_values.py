from __future__ import annotations

import json

import pytest

from efface.errors import FormatError
from efface.model import Column, Gap, GapReason, Limits, Locator, Part, Surroundings
from efface.sources.payloads import BytesPayload
from efface.sources.values import Values
from efface.testing import stores

VECTORS = stores.face_vectors(3, 128)


def parts(
    text: str | bytes, media_type: str = "application/json", limits: Limits | None = None
) -> list[Column | Gap]:
    data = text.encode() if isinstance(text, str) else text
    part = Part(
        Locator("file", ("/d/crm.json",)), BytesPayload(data), Surroundings(("crm.json", "d"), ("a.txt",))
    )
    return list(Values().parts(part, media_type, limits or Limits()))


def test_one_column_for_each_place() -> None:
    """A text gives one column for each place of its values, with the number of records."""
    found = parts('[{"name": "x", "faceImage": "y"}, {"name": "z", "faceImage": "w"}]')
    assert [(item.locator.fragment, list(item.cells()), item.rows) for item in found] == [
        ("/*/name", ["x", "z"], 2),
        ("/*/faceImage", ["y", "w"], 2),
    ]


def test_cells_can_be_read_again() -> None:
    """The values of a column can be read as often as needed."""
    (column,) = parts('{"a": "x"}')
    assert list(column.cells()) == list(column.cells()) == ["x"]


def test_names_from_the_inside_out() -> None:
    """The names of a column go from the key over its parents to the file and its folder."""
    (column,) = parts('{"people": [{"photo": "x"}]}')
    assert column.surroundings.names == ("photo", "people", "crm.json", "d")


def test_siblings() -> None:
    """The keys beside a column are its siblings."""
    column = parts('[{"photo": "x", "name": "y", "mobile": "z"}]')[0]
    assert column.surroundings.siblings == ("name", "mobile")


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


def test_cells_beyond_the_limit_are_a_gap() -> None:
    """Long values beyond the limit of cells are counted and told as a gap."""
    found = parts(json.dumps([{"p": "x" * 100}] * 9), limits=Limits(cells=5))
    gap, column = found
    assert isinstance(gap, Gap)
    assert gap.reason is GapReason.OVER_LIMIT
    assert (len(list(column.cells())), column.rows) == (5, 9)


def test_short_cells_beyond_the_limit_are_no_gap() -> None:
    """Values too short to hold anything are no gap."""
    found = parts(json.dumps([{"p": "x"}] * 9), limits=Limits(cells=5))
    assert not any(isinstance(item, Gap) for item in found)


def test_countless_places_are_taken_together() -> None:
    """A text of countless places gives a bounded number of columns, and every value is in one."""
    found = parts(json.dumps([{f"k{a}_{b}": "x" for b in range(50)} for a in range(200)]))
    assert len(found) <= 4097
    assert sum(item.rows for item in found) == 10_000


def test_binary_data_is_refused() -> None:
    """What is no text is a FormatError."""
    with pytest.raises(FormatError):
        parts(bytes(range(256)) * 8)


def test_empty_text_has_no_columns() -> None:
    """A text without values has no columns."""
    assert parts("{}") == []
