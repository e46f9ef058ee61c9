"""Ways in which a template outlives its deletion in a database: each ends, by cells and by rows."""

from __future__ import annotations

import base64
import json
import sqlite3
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING

import pytest

from efface.actions.table_ways import ways_of
from efface.model import Mode, RemovalStatus
from efface.runs.plan import plan
from efface.runs.remove import apply
from efface.runs.scan import ScanOptions, scan
from efface.runs.store import Store
from efface.testing import records
from efface.testing.stores import face_vectors

if TYPE_CHECKING:
    from pathlib import Path

TODAY = date(2026, 11, 26)
VECTORS = face_vectors(12)


def trapped(path: Path) -> bytes:
    """The same templates in a table, marked as deleted in it, in results of a log, and named by tokens alone."""
    record = records.finger_minutiae_record()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE person (id INTEGER PRIMARY KEY, is_deleted INT, face_feature BLOB)")
        connection.execute(
            "CREATE TABLE match_log (id INTEGER PRIMARY KEY, at TEXT, fingerprint_result TEXT)"
        )
        connection.execute("CREATE TABLE cloud (id INTEGER PRIMARY KEY, face_token TEXT)")
        for at, vector in enumerate(VECTORS):
            result = {"score": 0.9, "template": base64.b64encode(record).decode()}
            connection.execute("INSERT INTO person VALUES (?, ?, ?)", (at, at % 2, vector.tobytes()))
            connection.execute("INSERT INTO match_log VALUES (?, 'noon', ?)", (at, json.dumps(result)))
            connection.execute("INSERT INTO cloud VALUES (?, ?)", (at, f"{at:032x}"))
        connection.commit()
    return record


@pytest.mark.parametrize(
    ("words", "people", "log"), [((), 12, 12), (("row",), 0, 0), (("row=main.person",), 0, 12)]
)
def test_a_log_and_rows_marked_as_deleted_keep_nothing_and_tokens_stay(
    tmp_path: Path, words: tuple[str, ...], people: int, log: int
) -> None:
    """A token alone is no template: it stays, since the template lies elsewhere."""
    target = tmp_path / "a.db"
    record = trapped(target)
    with Store(str(tmp_path / "run.sqlite"), create=True) as store:
        scan(store, ScanOptions((str(target),), Mode.STANDARD, jobs=1))
        (done,) = apply(store, plan(store, None, ["all"], TODAY, ways_of(words)), None, TODAY, jobs=1)
    assert done.status is RemovalStatus.REMOVED, done.reason
    data = target.read_bytes()
    assert not [vector for vector in VECTORS if vector.tobytes()[:32] in data]
    assert base64.b64encode(record)[:60] not in data
    with closing(sqlite3.connect(target)) as connection:
        assert connection.execute("SELECT count(*) FROM person").fetchone() == (people,)
        assert connection.execute("SELECT count(*) FROM match_log").fetchone() == (log,)
        assert connection.execute("SELECT count(DISTINCT face_token) FROM cloud").fetchone() == (12,)
