"""Large texts in pieces: the same values as of the whole, whatever the size of the pieces."""

from __future__ import annotations

import io
import json

import pytest

from efface.errors import FormatError, LimitExceededError
from efface.formats import text_stream, text_values
from efface.testing import stores

VECTORS = stores.face_vectors(12, 64)
LISTS = [vector.tolist() for vector in VECTORS]
NOTE = "a note; with 'quotes', commas and\nlines"
RECORDS = [{"name": f"n{number}", "note": NOTE, "face": row} for number, row in enumerate(LISTS)]
WIDE = "\n".join(
    [
        "name," + ",".join(f"f{number}" for number in range(64)),
        *(f"n{number}," + ",".join(map(str, row)) for number, row in enumerate(LISTS)),
    ]
)
COPY = "\n".join(f"{number}\tn{number}\t{{{','.join(map(str, row))}}}" for number, row in enumerate(LISTS))
INSERTS = "\n".join(
    f"INSERT INTO faces VALUES ({number}, 'it''s; n{number};\nof two lines', X'{'ab' * 300}');"
    for number in range(12)
)

TEXTS: dict[str, tuple[str, str]] = {
    "rows with quoted fields over lines": ("text/csv", "id,note,more\n" + 'x,"a ""b""\nc, d",e\n' * 40),
    "rows without a header": ("text/csv", "1,2.5,x\n" * 40),
    "a vector in columns of its own": ("text/csv", WIDE),
    "lines of JSON": ("application/x-ndjson", "\n".join(map(json.dumps, RECORDS))),
    "a list of JSON records": ("application/json", json.dumps(RECORDS, indent=1)),
    "a COPY block, and statements after it": (
        "application/sql",
        f"COPY public.faces (id, name, face) FROM stdin;\n{COPY}\n\\.\n\nINSERT INTO t (a) VALUES ('it''s a text');\n",
    ),
    "statements with literals over lines": (
        "application/sql",
        f"CREATE TABLE faces (id int, name text, face blob);\n{INSERTS}\n",
    ),
    "XML": ("application/xml", "<all>" + "<p n='a name'><t>a text</t></p>" * 60 + "</all>"),
    "plain text": ("text/plain", "\n".join(f"face_vector = {row}" for row in LISTS)),
}


def streamed(text: bytes, media_type: str) -> list[tuple[str, str | bytes]]:
    return list(text_stream.values(io.BytesIO(text), media_type))


@pytest.mark.parametrize("chunk", [37, 1_000, 1 << 20])
@pytest.mark.parametrize(("media_type", "text"), TEXTS.values(), ids=TEXTS)
def test_pieces_give_what_the_whole_gives(
    media_type: str, text: str, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However a text is cut, each value comes once, whole and at its place."""
    monkeypatch.setattr(text_stream, "_CHUNK", chunk)
    assert streamed(text.encode(), media_type) == list(text_values.values(text.encode(), media_type))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030"])
def test_characters_are_never_cut(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chunk may end within a character."""
    monkeypatch.setattr(text_stream, "_CHUNK", 37)
    text = "姓名,备注,人脸\n" + "某人,一段备注,一段人脸特征\n" * 300
    assert ("/*/姓名", "某人") in streamed(text.encode(encoding), "text/csv")


def test_a_record_without_end_is_passed_over_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line of endless length costs neither memory nor the lines behind it."""
    monkeypatch.setattr(text_stream, "_CHUNK", 100)
    monkeypatch.setattr(text_stream, "_MAX_RECORD", 1_000)
    lines = [json.dumps({"a": "first"}), json.dumps({"a": "x" * 5_000}), json.dumps({"a": "last"})]
    found = []
    with pytest.raises(LimitExceededError, match="1 records"):
        found.extend(text_stream.values(io.BytesIO("\n".join(lines).encode()), "application/x-ndjson"))
    assert [value for _, value in found] == ["first", "last"]


def test_a_stray_quote_does_not_swallow_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where quotes never close, lines are taken for rows after a while."""
    monkeypatch.setattr(text_stream, "_CHUNK", 100)
    monkeypatch.setattr(text_stream, "_DOUBTFUL", 500)
    monkeypatch.setattr(text_stream, "_MAX_RECORD", 5_000)
    found = streamed(b"a,b,c\n" + b'6" screen,x,y\n' + b"p,q,r\n" * 500, "text/csv")
    assert found.count(("/*/a", "p")) == 500


def test_a_list_that_is_no_json_further_on_is_read_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """What follows a fault is searched as plain text; the records before it stay."""
    monkeypatch.setattr(text_stream, "_CHUNK", 1_000)
    broken = json.dumps(RECORDS)[:-1] + f", oops {LISTS[0]}"
    found = streamed(broken.encode(), "application/json")
    assert [place for place, _ in found].count("/*/face") == 12
    assert any(place.startswith("text") for place, _ in found)


def test_bytes_that_are_no_text_are_refused() -> None:
    """What is no text is a FormatError."""
    with pytest.raises(FormatError):
        streamed(bytes(range(256)) * 8, "text/plain")
