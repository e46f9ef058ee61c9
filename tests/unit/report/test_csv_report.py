"""CSV for people with a spreadsheet."""

from __future__ import annotations

import csv
import io

import pytest

from efface.report.csv_report import render
from efface.report.plain import HIDDEN
from efface.testing.run_views import HOSTILE_NAMES, full_view, gaps_view, nothing_view

FORMULA = tuple("=+-@\t\r\n＝＋－＠")


def rows_of(view):
    return list(csv.reader(io.StringIO(render(view).removeprefix("\ufeff"), newline="")))


def test_excel_is_told_the_encoding():
    """The text starts with a byte order mark, so that Excel reads Chinese."""
    assert render(full_view()).encode().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_finding_and_gap_is_one_row(lang):
    """There is a head, a row for the activity, one a finding and one a gap, all of equal width."""
    view = full_view(lang)
    rows = rows_of(view)
    assert len(rows) == 1 + 1 + len(view.findings) + len(view.gaps)
    assert {len(row) for row in rows} == {len(rows[0])}


def test_no_cell_is_a_formula():
    """No cell starts with a character at which a spreadsheet starts to calculate."""
    assert [cell for row in rows_of(full_view()) for cell in row if cell.startswith(FORMULA)] == []


@pytest.mark.parametrize("name", [name for name in HOSTILE_NAMES.values() if name.startswith(FORMULA)])
def test_a_formula_is_shown_after_an_apostrophe(name):
    """A name that is a formula is shown whole behind an apostrophe."""
    assert any("'" + name in row for row in rows_of(full_view()))


def test_no_name_breaks_a_row():
    """Line feeds and other hidden characters of names are written out in the cell."""
    text = render(full_view()).removeprefix("\ufeff")
    assert not HIDDEN.search(text.replace("\r\n", ""))


def test_only_gaps_leave_only_gaps():
    """A run of gaps has a row for each, none says that something was found."""
    assert {row[0] for row in rows_of(gaps_view("en"))[1:]} == {"gap"}


def test_nothing_found_is_a_head():
    """A run that found nothing is a head without rows."""
    assert len(rows_of(nothing_view())) == 1
