"""What web pages carry in data: URIs comes out, unless it is a plain value of the text."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efface.formats.data_uris import contents

DATA = bytes(range(256))
TEXT = base64.b64encode(DATA).decode()
FOLDED = base64.encodebytes(DATA).decode()
SVG = "<svg>" + "x" * 200 + "</svg>"

FOUND = {
    "folded": (f'<img src="data:image/png;base64,\n{FOLDED}">', DATA),
    "folded with references": (f'<img src="data:image/png;base64,{FOLDED.replace(chr(10), "&#10;")}">', DATA),
    "folded in a style": (f"url(data:image/png;base64,{FOLDED})", DATA),
    "percent-encoded": (f"<img src='data:image/png;base64,{quote(TEXT, safe='')}'>", DATA),
    "percent-encoded without quotes": (f"<img src=data:image/png;base64,{quote(TEXT, safe='')}>", DATA),
    "a drawing in base64": (
        f'<img src="data:image/svg+xml;base64,{base64.b64encode(SVG.encode()).decode()}">',
        SVG.encode(),
    ),
    "a drawing in clear": (f'<img src="data:image/svg+xml,{quote(SVG)}">', SVG.encode()),
    "a drawing with its encoding": (f"<img src='data:image/svg+xml;charset=utf-8,{SVG}'>", SVG.encode()),
    "behind another": (f"<img src='data:x/y,a'><img src='data:image/svg+xml,{SVG}'>", SVG.encode()),
}
LEFT = {
    "an unbroken run": f'<img src="data:image/png;base64,{TEXT}">',
    "an unbroken run among others": f'<img srcset="data:image/png;base64,{TEXT}, b.png 2x">',
    "a short one": '<img src="data:image/png;base64,AAAA%2B">',
    "words about them": "the data: URIs of RFC 2397, " + "see there " * 40,
    "no kind": "data:," + "x" * 200,
    "no base64": '"data:image/png;base64,' + "%" * 300 + '"',
}  # fmt: skip


@pytest.mark.parametrize("case", FOUND)
def test_it_comes_out(case: str) -> None:
    """Each way of writing gives the bytes."""
    text, data = FOUND[case]
    assert [found for _, found in contents(text)] == [data]


@pytest.mark.parametrize("case", LEFT)
def test_it_is_left_to_others(case: str) -> None:
    """What is a value of the text, or nothing, is not given here."""
    assert list(contents(LEFT[case])) == []


@settings(max_examples=200, derandomize=True, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                '"',
                "'",
                "(",
                "=",
                "data:",
                "image/png",
                ";base64",
                ",",
                "A" * 99,
                "%",
                "%2B",
                "=",
                "\n",
                "&#10;",
            ]
        ),
        max_size=30,
    )
)
def test_any_mix_is_read(pieces: list[str]) -> None:
    """Whatever a text is made of, it is read to its end, and nothing is raised."""
    list(contents("".join(pieces)))
