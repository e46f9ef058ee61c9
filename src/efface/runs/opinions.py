"""Verdicts in the run file: what many of them say alike stands there once."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from efface.runs.codec import decode, encode

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from efface.model import Verdict

__all__ = ["read_verdicts", "write_verdicts"]


def write_verdicts(db: sqlite3.Connection, verdicts: Iterable[Verdict]) -> None:
    """Replace the verdicts of a run."""
    db.execute("DELETE FROM judged")
    db.execute("DELETE FROM opinion")
    numbers: dict[tuple[object, ...], int] = {}
    first: list[Verdict] = []  # kept while their parts are told apart by identity
    rows: list[tuple[str, int]] = []
    for verdict in verdicts:
        parts = (verdict.fired, verdict.because, verdict.missing, verdict.readings, verdict.today)
        key = (verdict.kind, verdict.remedy, verdict.as_of, *map(id, parts))
        if key not in numbers:
            numbers[key] = len(numbers)
            first.append(verdict)
        rows.append((verdict.subject, numbers[key]))
    bodies = (json.dumps(encode(replace(verdict, subject="")), ensure_ascii=False) for verdict in first)
    db.executemany("INSERT INTO opinion VALUES (?, ?)", enumerate(bodies))
    db.executemany("INSERT INTO judged VALUES (?, ?)", rows)


def read_verdicts(db: sqlite3.Connection) -> Iterator[Verdict]:
    """Yield the verdicts of the last judging, in their order."""
    opinions: dict[int, Verdict] = {
        number: decode(json.loads(body))
        for number, body in db.execute("SELECT number, body FROM opinion").fetchall()
    }
    for subject, number in db.execute("SELECT * FROM judged ORDER BY rowid").fetchall():
        yield replace(opinions[number], subject=subject)
