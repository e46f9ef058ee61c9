"""Emptying values of texts by their place."""
# ruff: noqa: UP031

from __future__ import annotations

import base64
import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efface.errors import FormatError
from efface.formats.text_edit import emptied
from efface.formats.text_values import values

RNG = random.Random(11)
WORD = base64.b64encode(RNG.randbytes(300)).decode()
OTHER = base64.b64encode(RNG.randbytes(300)).decode()
VECTOR = [RNG.uniform(-1, 1) for _ in range(128)]
NUMBERS = ", ".join(str(number) for number in VECTOR)
WRAPPED = "\n".join(WORD[at : at + 76] for at in range(0, len(WORD), 76))

CASES = {
    "a JSON string": (
        "application/json",
        '{ "a":1,  "photo" : "%s",\n "b": [1, 2] }' % WORD,
        "/photo",
        '{ "a":1,  "photo" : "",\n "b": [1, 2] }',
    ),
    "a JSON string with escapes": (
        "application/json",
        '[{"pho\\u0074o/1": "\\u0041%s", "n": "ä"}]' % WORD.replace("/", "\\/"),
        "/*/photo~11",
        '[{"pho\\u0074o/1": "", "n": "ä"}]',
    ),
    "a JSON list of numbers": (
        "application/json",
        f'[{{"name": "x", "v": [{NUMBERS}]}}, {{"name": "y", "v": [ {NUMBERS} ]}}]',
        "/*/v",
        '[{"name": "x", "v": []}, {"name": "y", "v": []}]',
    ),
    "a JSON list of numbers as strings": (
        "application/json",
        '{"v": %s, "w": 3}' % json.dumps([str(number) for number in VECTOR]),
        "/v",
        '{"v": [], "w": 3}',
    ),
    "a JSON table with names for keys": (
        "application/json",
        json.dumps({"ann": VECTOR, "ben": VECTOR, "cem": VECTOR}, indent=1),
        "/*",
        '{\n "ann": [],\n "ben": [],\n "cem": []\n}',
    ),
    "a key that stands twice": (
        "application/json",
        '{"photo": "%s", "photo": "%s"}' % (WORD, OTHER),
        "/photo",
        '{"photo": "", "photo": ""}',
    ),
    "lines of JSON": (
        "application/x-ndjson",
        '{"id": 1, "t": "%s"}\r\n{"id": 2, "t": "%s"},\r\n' % (WORD, OTHER),
        "/*/t",
        '{"id": 1, "t": ""}\r\n{"id": 2, "t": ""},\r\n',
    ),
    "a YAML list with a number a line": (
        "text/plain",
        "- name: x\n  face:\n" + "".join(f"  - {number}\n" for number in VECTOR) + "- name: y\n",
        "text/face",
        "- name: x\n  face:\n  \n- name: y\n",
    ),
    "a CSV field": (
        "text/csv",
        f'id,photo,note\r\n1,{WORD},"a, b"\r\n2,"{OTHER}","c ""d""\ne"\r\n',
        "/*/photo",
        'id,photo,note\r\n1,,"a, b"\r\n2,,"c ""d""\ne"\r\n',
    ),
    "numbers spread over a CSV row": (
        "text/csv",
        "id," + ",".join(f"f{n}" for n in range(128)) + f",note\n1,{NUMBERS.replace(' ', '')},x\n",
        "/*/f",
        "id," + ",".join(f"f{n}" for n in range(128)) + ",note\n1," + "," * 128 + "x\n",
    ),
    "an XML text": (
        "application/xml",
        f'<?xml version="1.0" encoding="UTF-8"?>\n<r><p id="ä">{WORD}</p><q>ok</q><p>{OTHER[:100]}<!-- c -->{OTHER[100:]}</p></r>',
        "/r/p",
        '<?xml version="1.0" encoding="UTF-8"?>\n<r><p id="ä"></p><q>ok</q><p><!-- c --></p></r>',
    ),
    "an XML attribute": (
        "application/xml",
        f"<r>ü<p a='1>' x:data=\"{WORD}\" xmlns:x='u'/><p data='{OTHER}'>t</p></r>",
        "/r/p/@data",
        "<r>ü<p a='1>' x:data=\"\" xmlns:x='u'/><p data=''>t</p></r>",
    ),
    "an XML character section": (
        "application/xml",
        f"<r><p><![CDATA[{WORD}]]></p><q/></r>",
        "/r/p",
        "<r><p><![CDATA[]]></p><q/></r>",
    ),
    "an SQL insert": (
        "application/sql",
        f"INSERT INTO `face` (`id`, `t`, `n`) VALUES (1, '{WORD}', 'it''s'),\n(2, '{OTHER}', NULL);\n",
        "/face/t",
        "INSERT INTO `face` (`id`, `t`, `n`) VALUES (1, '', 'it''s'),\n(2, '', NULL);\n",
    ),
    "a hexadecimal SQL literal": (
        "application/sql",
        f"CREATE TABLE f (id int, t blob);\nINSERT INTO f VALUES (1, 0x{'a7' * 90}),(2,X'{'b8' * 90}');\n",
        "/f/t",
        "CREATE TABLE f (id int, t blob);\nINSERT INTO f VALUES (1, NULL),(2,NULL);\n",
    ),
    "a COPY block": (
        "application/sql",
        f"COPY public.f (id, t, n) FROM stdin;\n1\t{WORD}\tx\n2\t\\N\ty\n\\.\n\nSELECT 1;\n",
        "/f/t",
        "COPY public.f (id, t, n) FROM stdin;\n1\t\\N\tx\n2\t\\N\ty\n\\.\n\nSELECT 1;\n",
    ),
    "a run in plain text": ("text/plain", f"one\nTMP={WORD}\ntwo {OTHER[:50]}\n", "text/TMP", f"one\nTMP=\ntwo {OTHER[:50]}\n"),
    "a wrapped run in plain text": ("text/plain", f"before\n\n{WRAPPED}\n\nafter\n", "text", "before\n\n\n\nafter\n"),
    "numbers in plain text": ("text/plain", f"embedding = [{NUMBERS}]\nend\n", "text/embedding", "embedding = []\nend\n"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
def test_only_the_value_goes(case, codec):
    """The value becomes empty in the words of its format; every other character stays; twice is as once."""
    kind, text, place, expected = CASES[case]
    data = text.encode(codec)
    assert any(found == place for found, _ in values(data, kind))
    result = emptied(data, {place}, kind)
    assert result == expected.encode(codec)
    assert not any(found == place and value for found, value in values(result, kind))
    assert emptied(result, {place}, kind) == result


@pytest.mark.parametrize("case", CASES)
def test_a_value_that_is_not_due_stays(case):
    """Where a test tells that no value is due, the text comes out as it went in; it is asked for places alone."""
    kind, text, place, _ = CASES[case]
    data = text.encode()
    asked = []
    assert emptied(data, {place}, kind, lambda where, value: asked.append((where, value)) or False) == data
    assert asked
    assert {where for where, _ in asked} == {place}
    assert set(asked) >= {pair for pair in values(data, kind) if pair[0] == place}


def test_without_places_all_places_are_asked_for():
    """A test alone may choose among all values of a text."""
    data = json.dumps({"a": WORD, "b": {"c": OTHER, "d": "x"}}).encode()
    result = emptied(data, None, "application/json", lambda _, value: value == OTHER)
    assert result == json.dumps({"a": WORD, "b": {"c": "", "d": "x"}}).encode()


def test_a_chinese_encoding_stays():
    """A text in GB 18030 is written back in GB 18030."""
    data = f"姓名：张三，人脸特征如下所示，请注意保存。特征={WORD}\n备注：无\n".encode("gb18030")
    assert emptied(data, {"text/特征"}, "text/plain") == data.replace(WORD.encode(), b"")


def test_bytes_that_are_no_utf8_stay():
    """Damaged bytes elsewhere in a text come out as they went in."""
    data = b"caf\xe9 and more words here\nTMP=" + WORD.encode() + b"\n\xff end\n"
    try:
        result = emptied(data, {"text/TMP"}, "text/plain")
    except FormatError:
        return  # the text as a whole was not taken for one
    assert result == data.replace(WORD.encode(), b"")


def test_a_place_that_is_not_there_changes_nothing():
    """No value at a place: the same bytes."""
    for kind, text, _, _ in CASES.values():
        assert emptied(text.encode(), {"/nothing/here"}, kind) == text.encode()


REFUSALS = {
    "bytes that are no text": b"\x00\x01\x02\x03" * 50,
    "a text cut inside a character": "ÄÖÜ".encode("utf-16")[:-1],
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_cannot_be_written_back_is_refused(case):
    """Bytes that would not come back as they were are refused."""
    with pytest.raises(FormatError):
        emptied(REFUSALS[case], {"text"}, "text/plain")


def test_a_broken_document_is_searched_as_plain_text():
    """What claims to be JSON or XML and is not loses its runs all the same."""
    for kind in ("application/json", "application/xml"):
        data = f'<a "photo": "{WORD}" oops'.encode()
        assert WORD.encode() not in emptied(data, {place for place, _ in values(data, kind)}, kind)


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=4), inner, max_size=4)
        ),
        max_leaves=12,
    ),
    st.data(),
)
def test_json_keeps_all_other_values(root, data):
    """Of any JSON text, the values at one place go and all others stay, in any layout."""
    text = json.dumps(
        root, ensure_ascii=data.draw(st.booleans()), indent=data.draw(st.sampled_from((None, 1)))
    )
    found = (
        list(values(text.encode("utf-8", "surrogatepass"), "application/json")) if text.isprintable() else []
    )
    if not found:
        return
    place = data.draw(st.sampled_from([place for place, _ in found]))
    result = json.loads(emptied(text.encode(), {place}, "application/json"))
    assert _shape(result) == _shape(root)


def _shape(value):
    if isinstance(value, dict):
        return {key: _shape(item) for key, item in value.items()}
    return [_shape(item) for item in value] if isinstance(value, list) else type(value)


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(st.sampled_from(list(CASES)), st.data())
def test_mutated_texts_are_emptied_or_refused(case, data):
    """A text changed at random gives a text without the value, or an error of this project."""
    kind, text, place, _ = CASES[case]
    characters = list(text)
    for _ in range(data.draw(st.integers(1, 4))):
        characters[data.draw(st.integers(0, len(characters) - 1))] = data.draw(
            st.sampled_from("\",[]{}<>&'\\\n\t x")
        )
    changed = "".join(characters).encode()
    try:
        result = emptied(changed, {place}, kind)
    except FormatError:
        return
    assert not any(found == place and value and len(value) > 99 for found, value in values(result, kind))
