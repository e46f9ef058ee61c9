"""The records of a visit say what its log says, and leave blank what only people can say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pypdfium2
import pytest

from efface.report import document_html, document_pdf
from efface.report.inspection import Inspection, Kept, Kind, Look, extraction, record

LOOK = Look(
    number=3,
    run_id="0123456789abcdef",
    tool_version="0.1.0",
    mode="standard",
    started_at="2026-11-26T09:00:00Z",
    finished_at="2026-11-26T09:05:00Z",
    targets=("/mnt/disk",),
    seen=12,
    scanned=10,
    gaps=2,
    found=(Kind("face", "sample", 7, 7),),
    verdicts_by=(("prohibited", 7),),
)
VISIT = Inspection(
    visit_id="fedcba9876543210",
    premises="Example hall\u202e<script>",
    people=(("A. Example", "inspector"),),
    mandate="Notice 7",
    authorisation="Order 2",
    clock_offset_s=-3,
    began_at="2026-11-26T08:55:00Z",
    sealed_at="2026-11-26T09:30:00Z",
    notes=(("2026-11-26T09:06:00Z", "a reader at the door"),),
    looks=(LOOK,),
    kept=(Kept("02-photo.jpg", "a" * 64, 1234, "photo", "2026-11-26T08:56:00Z"),),
    log_size=4,
    log_root="b" * 64,
    key_id="c" * 64,
    number=1,
    tool_version="0.1.0",
    made_on=date(2026, 11, 26),
    lang="zh",
)


def shown(visit: Inspection) -> str:
    return document_html.render(record(visit)).decode()


def test_a_record_names_where_who_on_which_mandate_and_when() -> None:
    """Everything of the log's head and lines stands in it, escaped."""
    page = shown(VISIT)
    for said in ("Notice 7", "Order 2", "A. Example", "-3 s", "a reader at the door", "/mnt/disk", "b" * 64):
        assert said in page
    assert "<script>" not in page
    assert "\u202e" not in page


def test_a_record_with_gaps_never_says_clean() -> None:
    """Nothing found with gaps is another sentence than nothing found."""
    open_, clean = replace(LOOK, found=(), verdicts_by=()), replace(LOOK, found=(), gaps=0)
    assert record(replace(VISIT, looks=(open_,))).kind == "only_gaps"
    assert "not a clean result" in shown(replace(VISIT, looks=(open_,)))
    assert record(replace(VISIT, looks=(clean,))).kind == "nothing"


def test_a_visit_without_a_run_is_not_called_clean() -> None:
    """No data was looked at, and the record says so."""
    assert record(replace(VISIT, looks=())).kind == "undecided"
    assert "No data was scanned" in shown(replace(VISIT, looks=()))


def test_a_clock_that_nobody_spoke_of_is_unknown() -> None:
    """An offset of zero is a statement; none is none."""
    assert "is unknown" in shown(replace(VISIT, clock_offset_s=None))
    assert "is unknown" not in shown(replace(VISIT, clock_offset_s=0))


@pytest.mark.parametrize("paper", [record, extraction])
def test_the_pdf_is_the_same_bytes_again_and_begins_in_chinese(paper: object) -> None:
    """So that a bundle made anew from the same log differs in nothing but what is new."""
    assert callable(paper)
    data = document_pdf.render(paper(VISIT))
    assert data == document_pdf.render(paper(VISIT))
    first = pypdfium2.PdfDocument(data)[0].get_textpage().get_text_bounded()
    assert "笔录" in first
