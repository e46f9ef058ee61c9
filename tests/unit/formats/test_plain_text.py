from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efface.errors import FormatError
from efface.formats.plain_text import has_long_values
from efface.formats.text_types import text_type
from efface.formats.text_values import values
from efface.model import SHORTEST_CELL

WORD = "A1b2" * 30
LINES = "\n".join(["QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJz"] * 3)
NUMBERS = [round(at * 0.37 - 11, 4) for at in range(128)]
LONG = {
    "a word in a text": ("text/plain", f"token {WORD} end"),
    "a word behind a name": ("text/plain", f"photo={WORD}"),
    "a wrapped word": ("text/plain", f"photo:\n{LINES}\n"),
    "a folded word": ("text/plain", f"PHOTO:QUJD\n {LINES.splitlines()[0]}\n {LINES.splitlines()[0]}\n"),
    "an escaped word": ("text/plain", "x=" + "ab%2Fcd%2B" * 15),
    "a list in a text": ("text/plain", f"v = {NUMBERS}"),
    "a list with wide spaces": ("text/plain", ",\u3000".join(map(str, NUMBERS))),
    "a list in lines of YAML": ("text/plain", "v:\n" + "".join(f"- {each}\n" for each in NUMBERS)),
    "a word in a page": ("text/html", f"<img src='data:image/png;base64,{WORD}'>"),
    "a string of JSON": ("application/json", json.dumps({"a": "x" * SHORTEST_CELL})),
    "a string with escapes": ("application/json", json.dumps({"a": '"\\' * SHORTEST_CELL})),
    "a string behind a fault": ("application/json", '{"a": "b}\n{"c": "' + WORD + '"}'),
    "a list of JSON": ("application/json", json.dumps({"v": NUMBERS})),
    "a list of whole numbers of JSON": ("application/json", json.dumps([1] * 64, separators=(",", ":"))),
    "a list of strings": ("application/json", json.dumps({"v": list(map(str, NUMBERS))})),
    "a list of MongoDB": ("application/json", json.dumps({"v": [{"$numberDouble": "0.5"}] * 64})),
    "the same in escapes": (
        "application/json",
        json.dumps({"v": [{"$numberDouble": "0.5"}] * 64}).replace("$", "\\u0024"),
    ),
    "a line of JSON among faults": ("application/x-ndjson", '{"a": 1}\n{"b": "\n{"c": "' + "y" * 40 + '"}\n'),
    "a field of CSV": ("text/csv", f"a,b\n1,{'x' * SHORTEST_CELL}\n"),
    "a quoted field": ("text/csv", f'a,b\n1,"{"x, " * SHORTEST_CELL}"\n'),
    "a field with another mark": ("text/csv", "a,b\n1," + ";".join(["0.25"] * 64) + "\n"),
    "a vector over columns": (
        "text/csv",
        ",".join(f"f{at}" for at in range(64)) + "\n" + ",".join(["1"] * 64) + "\n",
    ),
    "a field between tabs": ("text/tab-separated-values", f"a\tb\n1\t{WORD}\n"),
}
SHORT = {
    "sentences": ("text/plain", "The meter in hall four was read again. " * 30),
    "Chinese sentences": ("text/plain", "项目进度会议记录,合同附件设备编号。" * 40),
    "a program": ("text/plain", "def f(a, b=1):\n    return a * b + 0.5\n" * 40),
    "records of JSON": (
        "application/json",
        json.dumps([{"id": n, "price": n / 7} for n in range(90)], indent=1),
    ),
    "lines of JSON": ("application/x-ndjson", '{"id": 1, "name": "a"}\n' * 20),
    "rows of CSV": ("text/csv", "id,name,day\n" + "1,valve,2020-01-01\n" * 50),
}


@pytest.mark.parametrize(("media_type", "text"), LONG.values(), ids=LONG)
def test_a_long_value_is_never_called_short(media_type: str, text: str) -> None:
    """Whatever holds a value that a detector looks at is taken apart."""
    assert has_long_values(text, media_type)


@pytest.mark.parametrize(("media_type", "text"), SHORT.values(), ids=SHORT)
def test_what_holds_short_values_only_is_told_at_a_glance(media_type: str, text: str) -> None:
    """Sentences, programs and short fields are not taken apart."""
    assert not has_long_values(text, media_type)


@pytest.mark.parametrize("before", range(40))
def test_the_shortest_list_is_seen_wherever_it_begins(before: int) -> None:
    """A list of 64 numbers is never passed by, whatever stands before it; one that is shorter is."""
    around = "(" * before, ")" * 99
    assert has_long_values(("1.5," * 64).join(around), "text/plain")
    assert not has_long_values(("1.5," * 63 + "1.5").join(around), "text/plain")


def test_a_kind_that_the_glance_does_not_know_is_taken_apart() -> None:
    """XML is not glanced at."""
    assert has_long_values("<a>b</a>", "application/xml")


@given(
    st.lists(
        st.one_of(
            st.text(max_size=40),
            st.sampled_from(
                [
                    '"',
                    "\\",
                    "\n",
                    ",",
                    ";",
                    "[",
                    "]",
                    "{",
                    "}",
                    ":",
                    "0.25, ",
                    WORD[:60],
                    "\u3000",
                    "=",
                    "%2F",
                ]
            ),
        ),
        max_size=60,
    ).map("".join),
    st.sampled_from(["text/plain", "application/json", "application/x-ndjson", "text/csv", "text/html", ""]),
)
def test_what_is_called_short_gives_no_long_value(text: str, media_type: str) -> None:
    """Whatever the text and its kind: no value of it is as long as the shortest that counts."""
    data = text.encode("utf-8", "surrogatepass")
    kind = media_type or text_type(data, cut=False) or "text/plain"
    try:
        given_values = list(values(data, kind))
    except FormatError:
        return
    if not has_long_values(text, kind):
        assert max((len(value) for _, value in given_values), default=0) < SHORTEST_CELL
