"""A digest on paper, where the library for it is installed."""

from __future__ import annotations

import sys

import pytest

from efface.engines.qr import modules
from efface.report import html_check

FINDER = ["1111111", "1000001", "1011101", "1011101", "1011101", "1000001", "1111111"]
TEXT = "sha256:" + "0123456789abcdef" * 4


def test_without_the_library_there_is_no_code(monkeypatch) -> None:
    """Neither a code nor an error: the page is complete without it."""
    monkeypatch.setitem(sys.modules, "segno", None)
    assert modules(TEXT) is None
    assert html_check._code("0" * 64) == ""


def test_a_code_is_square_with_its_three_finders() -> None:
    """ISO/IEC 18004, 6.3.3: a finder pattern in three corners, none in the fourth."""
    pytest.importorskip("segno")
    rows = modules(TEXT)
    size = len(rows)
    assert {len(row) for row in rows} == {size}
    assert (size - 17) % 4 == 0

    def corner(y: int, x: int) -> list[str]:
        return ["".join("01"[module] for module in row[x : x + 7]) for row in rows[y : y + 7]]

    assert corner(0, 0) == corner(0, size - 7) == corner(size - 7, 0) == FINDER
    assert corner(size - 7, size - 7) != FINDER


def test_another_digest_is_another_code() -> None:
    """The code depends on the text, and on nothing else."""
    pytest.importorskip("segno")
    assert modules(TEXT) == modules(TEXT)
    assert modules(TEXT) != modules(TEXT[::-1])


def test_what_is_too_long_for_a_code_is_refused() -> None:
    """A code holds no more than some thousand characters."""
    pytest.importorskip("segno")
    with pytest.raises(ValueError):
        modules("x" * 8000)


def test_the_page_draws_it_without_a_picture_file() -> None:
    """As shapes in the page, with the digest as its text for who cannot see it."""
    pytest.importorskip("segno")
    drawn = html_check._code("0" * 64)
    assert drawn.startswith("<svg")
    assert f"<title>sha256:{'0' * 64}</title>" in drawn
    assert "href" not in drawn
