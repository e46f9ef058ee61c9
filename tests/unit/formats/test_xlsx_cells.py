"""The cells of an Excel workbook, by sheet, column and row."""

from __future__ import annotations

import io
import zipfile

import pytest

from efface.errors import FormatError
from efface.formats.xlsx_cells import cells, letters, other_parts
from efface.testing.submissions import workbook


def parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("shared", [True, False])
def test_cells_have_their_place_and_text(shared: bool) -> None:
    """Shared texts and texts in their cells read alike; empty cells are none."""
    found = list(cells(parts(workbook([["甲", "乙"], ["", "2 < 3"]], shared=shared))))
    assert [(cell.sheet, cell.column, cell.row, cell.text) for cell in found] == [
        ("Sheet1", "A", 1, "甲"),
        ("Sheet1", "B", 1, "乙"),
        ("Sheet1", "B", 2, "2 < 3"),
    ]


def test_pictures_and_macros_are_other_parts() -> None:
    """A table of cells has no need of them."""
    data = workbook([["a"]], {"xl/media/image1.png": b"", "xl/vbaProject.bin": b""})
    assert other_parts(parts(data)) == ["xl/media/image1.png", "xl/vbaProject.bin"]


def test_columns_are_lettered() -> None:
    """After Z comes AA."""
    assert [letters(number) for number in (1, 26, 27, 703)] == ["A", "Z", "AA", "AAA"]


BROKEN = {
    "no workbook": {"xl/workbook.xml": None},
    "no sheet": {"xl/worksheets/sheet1.xml": None},
    "a text that is not there": {"xl/sharedStrings.xml": b"<sst/>"},
    "not well-formed": {"xl/worksheets/sheet1.xml": b"<worksheet><sheetData>"},
    "entities": {"xl/sharedStrings.xml": b'<!DOCTYPE a [<!ENTITY b "c">]><sst/>'},
}


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_workbook_is_refused(change: dict[str, bytes | None]) -> None:
    """No cell is guessed."""
    broken = {**parts(workbook([["a"]])), **change}
    with pytest.raises(FormatError):
        list(cells({name: data for name, data in broken.items() if data is not None}))
