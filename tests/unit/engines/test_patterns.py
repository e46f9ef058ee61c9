"""Many texts are looked for at once, and where they stand is told."""

from __future__ import annotations

import sys

import pytest

from efface.engines.patterns import Patterns, Wanted, is_available
from efface.errors import UnsupportedError


def test_texts_and_expressions_are_found_with_their_places() -> None:
    """Each name comes with the offsets of all its texts."""
    patterns = Patterns(
        {"one": Wanted(["needle"]), "two": Wanted([r"/ne+dle[0-9]{2}/"]), "three": Wanted(["absent"])}
    )
    assert patterns.scan(b"a needle, a needle07") == {"one": (2, 12), "two": (12,)}


def test_all_of_asks_for_every_text() -> None:
    """One of two texts is not enough where both are asked for."""
    patterns = Patterns({"both": Wanted(["first", "second"], all_of=True)})
    assert patterns.scan(b"first") == {}
    assert "both" in patterns.scan(b"second first")


def test_wide_texts_and_any_case_are_found_where_asked_for() -> None:
    """Two bytes a character, and capitals, count only where the entry says so."""
    patterns = Patterns(
        {
            "wide": Wanted(["needle"], wide=True),
            "case": Wanted(["Other"], any_case=True),
            "plain": Wanted(["needle"]),
        }
    )
    assert set(patterns.scan("needle".encode("utf-16-le"))) == {"wide"}
    assert set(patterns.scan(b"oTHER NEEDLE")) == {"case"}


@pytest.mark.parametrize("text", ['a"b\\c', "人脸注册", "a/b/c", "x\ny"])
def test_texts_of_any_characters_are_literal(text: str) -> None:
    """Quotes, strokes, lines and Chinese stand for themselves."""
    patterns = Patterns({"it": Wanted([text])})
    assert patterns.scan(b"--" + text.encode() + b"--") == {"it": (2,)}


def test_a_broken_expression_is_refused_with_its_name() -> None:
    """The error says which entry is wrong."""
    with pytest.raises(ValueError, match="broken"):
        Patterns({"broken": Wanted(["/a(/"])})


def test_without_the_extra_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the extra to install."""
    monkeypatch.setitem(sys.modules, "yara_x", None)
    with pytest.raises(UnsupportedError, match=r"efface\[inspect\]"):
        Patterns({"one": Wanted(["x"])})


def test_whether_it_is_there_is_known() -> None:
    """The doctor and the command can ask."""
    assert is_available()
