"""The log of a visit: one chain, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from efface.errors import EvidenceError
from efface.visits.log import Log

OPENED = {
    "kind": "opened",
    "visit": "0123456789abcdef",
    "tool_version": "0.1.0",
    "premises": "Sales office",
    "people": [{"name": "A", "role": "inspector"}],
    "mandate": "Notice 1",
    "authorisation": "Order 2",
    "clock_offset_s": None,
}


def at(second: int) -> datetime:
    return datetime(2026, 11, 26, 9, 0, second, tzinfo=UTC)


def noted(*texts: str) -> Log:
    log = Log()
    log.take(log.line(OPENED, lambda: at(0)))
    for number, text in enumerate(texts, 1):
        log.take(log.line({"kind": "note", "text": text}, lambda number=number: at(number)))
    return log


def sealed(log: Log, number: int) -> bytes:
    return log.line({"kind": "sealed", "number": number, "key": "0" * 64}, lambda: at(50))


def test_a_log_that_is_read_again_has_the_same_root_and_lines() -> None:
    """What was written is what is read."""
    log = noted("one", "two", "三")
    again = Log(log.data)
    assert (again.root, again.size, again.entries) == (log.root, 4, log.entries)


LINES = noted("one", "two", "three").data.splitlines(keepends=True)
DAMAGED = {
    "a line is changed": b"".join(LINES).replace(b'"one"', b'"off"'),
    "a line is taken out of the middle": b"".join((*LINES[:2], *LINES[3:])),
    "the first line is taken out": b"".join(LINES[1:]),
    "two lines change places": b"".join((LINES[0], LINES[2], LINES[1], LINES[3])),
    "a line is there twice": b"".join((*LINES, LINES[3])),
    "the last line has no end": b"".join(LINES)[:-1],
    "an empty line": b"".join(LINES) + b"\n",
    "another spelling": b"".join(LINES).replace(b'"seq":1,', b'"seq": 1,'),
    "a second beginning": b"".join(LINES) + LINES[0],
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_log_is_refused(data: bytes) -> None:
    """Every change but a cut at the end is seen in the log alone."""
    with pytest.raises(EvidenceError):
        Log(data)


def test_a_log_that_was_cut_has_another_root() -> None:
    """A cut at the end is seen beside the root that a manifest keeps."""
    assert Log(b"".join(LINES[:3])).root != Log(b"".join(LINES)).root


def test_nothing_but_another_seal_follows_a_seal() -> None:
    """What is sealed does not grow."""
    log = noted("one")
    log.take(sealed(log, 1))
    log.take(sealed(log, 2))
    assert log.seals == 2
    with pytest.raises(EvidenceError, match="after the visit was sealed"):
        log.take(log.line({"kind": "note", "text": "late"}, lambda: at(51)))
    with pytest.raises(EvidenceError, match="number of the seal"):
        log.take(sealed(log, 2))


def test_a_clock_that_goes_back_repeats_the_time_before() -> None:
    """Times never go back in a log that efface wrote."""
    log = noted("one")
    entry = log.take(log.line({"kind": "note", "text": "x"}, lambda: datetime(2020, 1, 1, tzinfo=UTC)))
    assert entry.at == log.entries[-2].at


BAD_FIELDS = {
    "blank text": {"kind": "note", "text": " \n"},
    "a text without end": {"kind": "note", "text": "x" * 5000},
    "a member that nobody knows": {"kind": "note", "text": "x", "face": "AAAA"},
    "an unknown kind": {"kind": "embedding", "text": "x"},
    "a number with a fraction": {"kind": "note", "text": 0.5},
    "a file under its maker's name": {
        "kind": "certificate",
        "file": {"name": "../Zhang San.json", "sha256": "0" * 64, "size_bytes": 1},
    },
}


@pytest.mark.parametrize("fields", BAD_FIELDS.values(), ids=BAD_FIELDS)
def test_what_does_not_fit_its_kind_is_not_written(fields: dict[str, object]) -> None:
    """A line has a closed shape."""
    log = noted()
    with pytest.raises(EvidenceError):
        log.line(fields, lambda: at(9))
    assert log.size == 1


def test_a_file_bears_the_number_of_its_line() -> None:
    """So no line can claim the file of another."""
    log = noted()
    file = {"name": "09-certificate.json", "sha256": "0" * 64, "size_bytes": 1}
    with pytest.raises(EvidenceError, match="another number"):
        log.take(log.line({"kind": "certificate", "file": file}, lambda: at(9)))
