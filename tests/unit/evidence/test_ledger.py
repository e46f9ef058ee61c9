"""The append-only list inside a run file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from efface.errors import EvidenceError
from efface.evidence import canonical, merkle
from efface.evidence.ledger import Ledger, create_table
from efface.testing.ledgers import RUN, new_ledger, office_story

OPENED = {"kind": "run_opened", "run": RUN, "tool_version": "0.1.0", "targets": 1}
PLANNED = {"kind": "removal_planned", "removals": 2}


@pytest.fixture
def connection():
    with closing(sqlite3.connect(":memory:")) as connection:
        create_table(connection)
        yield connection


def plain(entry):
    """Return an entry as a caller gives it."""
    return {name: value for name, value in entry.items() if name not in {"at", "previous"}}


def told(connection) -> Ledger:
    ledger = Ledger(connection)
    for entry in office_story().entries:
        ledger.append(plain(entry))
    connection.commit()
    return ledger


def test_append_and_read():
    """Entries are numbered from 1 and read back with time and previous root."""
    ledger = new_ledger()
    assert [ledger.append(OPENED), ledger.append(PLANNED)] == [1, 2]
    first, second = ledger.read()
    assert first == {**OPENED, "at": "2026-11-22T10:00:01Z", "previous": merkle.EMPTY_ROOT.hex()}
    assert second["previous"] == merkle.leaf_hash(canonical.dumps(first)).hex()
    assert ledger.root() == merkle.root_of(merkle.leaf_hash(canonical.dumps(e)) for e in (first, second))
    ledger.verify()


def test_empty_ledger():
    """A ledger without entries holds, with the root of the empty tree."""
    ledger = new_ledger()
    ledger.verify()
    assert (ledger.size, ledger.root(), list(ledger.read())) == (0, merkle.EMPTY_ROOT, [])


def test_every_kind_is_accepted(connection):
    """A run in which everything happens is held, and holds."""
    ledger = told(connection)
    ledger.verify()
    assert ledger.size == len(office_story().entries)


def test_rolled_back_entry_never_was(connection):
    """After a rollback the ledger continues from what was committed."""
    ledger = Ledger(connection)
    ledger.append(OPENED)
    connection.commit()
    ledger.append(PLANNED)
    connection.rollback()
    assert ledger.size == 1
    ledger.append({**PLANNED, "removals": 3})
    ledger.verify()


def test_rolled_back_whole_ledger(connection):
    """A ledger whose every entry was rolled back begins anew."""
    ledger = Ledger(connection)
    ledger.append(OPENED)
    connection.rollback()
    assert ledger.append(OPENED) == 1
    ledger.verify()


def test_two_writers(tmp_path):
    """Two connections that take turns continue one list."""
    first, second = (sqlite3.connect(tmp_path / "run.sqlite") for _ in range(2))
    create_table(first)
    ledgers = [Ledger(first), Ledger(second)]
    ledgers[0].append(OPENED)
    first.commit()
    assert ledgers[1].append(PLANNED) == 2
    second.commit()
    assert ledgers[0].append(PLANNED) == 3
    ledgers[0].verify()
    first.close()
    second.close()


def test_clock_that_goes_back():
    """Where the clock goes back, an entry repeats the time of the one before it."""
    times = iter([datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)])
    connection = sqlite3.connect(":memory:")
    create_table(connection)
    ledger = Ledger(connection, now=lambda: next(times))
    ledger.append(OPENED)
    ledger.append(PLANNED)
    assert [entry["at"] for entry in ledger.read()] == ["2026-01-02T00:00:00Z"] * 2
    ledger.verify()


def test_clock_without_zone_is_refused(connection):
    """A clock that does not say its zone is refused."""
    ledger = Ledger(connection, now=lambda: datetime(2026, 1, 1))  # noqa: DTZ001 - that is the case
    with pytest.raises(EvidenceError, match="zone"):
        ledger.append(OPENED)


def test_time_is_written_in_utc(connection):
    """A clock of another zone is written in UTC."""
    from datetime import timezone

    beijing = timezone(timedelta(hours=8))
    ledger = Ledger(connection, now=lambda: datetime(2026, 1, 1, 7, 59, 59, 999999, tzinfo=beijing))
    ledger.append(OPENED)
    assert next(ledger.read())["at"] == "2025-12-31T23:59:59Z"


REFUSED = {
    "an unknown kind": {"kind": "note"},
    "no kind": {},
    "a field more": {**PLANNED, "note": "Zhang San"},
    "a field less": {"kind": "removal_planned"},
    "a number as text": {**PLANNED, "removals": "2"},
    "a truth as number": {**PLANNED, "removals": True},
    "a float": {**PLANNED, "removals": 2.0},
    "a negative count": {**PLANNED, "removals": -1},
    "a time of its own": {**PLANNED, "at": "2026-11-22T10:00:00Z"},
    "a previous root of its own": {**PLANNED, "previous": "0" * 64},
    "a path for a run": {**OPENED, "run": "/home/zhang/photos"},
    "a version with prose": {**OPENED, "tool_version": "0.1.0 by Zhang San"},
    "a version with a newline": {**OPENED, "tool_version": "0.1.0\n"},
    "a name for a target": {"kind": "removal_ready", "ref": "zhang-san.jpg", "after": None, "residue": 0},
    "a plain SHA-256 for a target": {"kind": "removal_ready", "ref": "0" * 64, "after": None, "residue": 0},
    "an unknown reason": {
        "kind": "removal_failed",
        "ref": "0" * 32,
        "reason": "disk of Zhang San is full",
        "status": "failed",
    },
    "a failure that says removed": {
        "kind": "removal_failed",
        "ref": "0" * 32,
        "reason": "changed",
        "status": "removed",
    },
    "a day that does not exist": {"kind": "judged", "as_of": "2026-02-30", "verdicts_by": {}, "packs": []},
    "an unknown verdict": {"kind": "judged", "as_of": "2026-02-03", "verdicts_by": {"fine": 1}, "packs": []},
    "a rescan without its coverage": {"kind": "rescan", "residue": 0},
}


@pytest.mark.parametrize("entry", REFUSED.values(), ids=REFUSED)
def test_refused(entry):
    """What does not fit its kind's schema is refused, and nothing is written."""
    ledger = new_ledger()
    with pytest.raises(EvidenceError):
        ledger.append(entry)
    assert ledger.size == 0


def test_refusal_does_not_repeat_content():
    """The message of a refusal never repeats what was given."""
    with pytest.raises(EvidenceError) as caught:
        new_ledger().append({**PLANNED, "Zhang San": "zhang-san.jpg"})
    text = f"{caught.value!s} {caught.value!r} {caught.value.__cause__!r}"
    assert "hang" not in text


STATEMENTS = {
    "an update": "UPDATE ledger SET entry = x'00' WHERE seq = 2",
    "a deletion": "DELETE FROM ledger WHERE seq = 2",
    "a deletion of all": "DELETE FROM ledger",
    "a replacement": "INSERT OR REPLACE INTO ledger VALUES (2, x'00', x'00')",
    "an insertion out of turn": "INSERT INTO ledger VALUES (99, x'00', x'00')",
    "an insertion before the first": "INSERT INTO ledger VALUES (0, x'00', x'00')",
    "an insertion without a number": "INSERT INTO ledger(entry, leaf) VALUES (x'00', x'00')",
    "an upsert": "INSERT INTO ledger VALUES (2, x'00', x'00') ON CONFLICT(seq) DO UPDATE SET entry = x'00'",
}


@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
def test_database_refuses(connection, statement):
    """The database itself refuses to change or remove an entry."""
    ledger = told(connection)
    with pytest.raises(sqlite3.DatabaseError, match="append-only"):
        connection.execute(statement)
    ledger.verify()


TAMPERED = {
    "an entry of other bytes": ("UPDATE ledger SET entry = x'7b7d' WHERE seq = 3", 3),
    "an entry that is a text": ("UPDATE ledger SET entry = CAST(entry AS TEXT) WHERE seq = 3", 3),
    "a leaf of other bytes": ("UPDATE ledger SET leaf = zeroblob(32) WHERE seq = 4", 4),
    "an entry that is missing": ("DELETE FROM ledger WHERE seq = 5", 5),
    "the first entry missing": ("DELETE FROM ledger WHERE seq = 1", 1),
    "an entry out of nothing": ("INSERT INTO ledger VALUES (99, x'7b7d', x'00')", 17),
    "an entry of the beginning at the end": (
        "INSERT INTO ledger SELECT 17, entry, leaf FROM ledger WHERE seq = 1",
        17,
    ),
    "two entries swapped": (
        """UPDATE ledger SET (entry, leaf) = (SELECT entry, leaf FROM ledger l WHERE l.seq = 15 - ledger.seq)
            WHERE seq IN (7, 8)""",
        7,
    ),
}


@pytest.mark.parametrize(("statement", "seq"), TAMPERED.values(), ids=TAMPERED)
def test_tampering_is_found(connection, statement, seq):
    """With the triggers gone, verification names the first entry that does not hold."""
    ledger = told(connection)
    assert ledger.size == 16
    for name in ("ledger_no_update", "ledger_no_delete", "ledger_in_turn"):
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute(statement)
    with pytest.raises(EvidenceError, match=f"entry {seq}:"):
        ledger.verify()
    with pytest.raises(EvidenceError, match=f"entry {seq}:"):
        Ledger(connection).append(PLANNED)


def insert_forged(connection, **fields):
    """Append an entry past the ledger, with a right leaf."""
    ledger = Ledger(connection)
    at = max(entry["at"] for entry in ledger.read())
    entry = {**PLANNED, "at": at, "previous": ledger.root().hex(), **fields}
    data = canonical.dumps(entry)
    connection.execute("INSERT INTO ledger VALUES (?, ?, ?)", (ledger.size + 1, data, merkle.leaf_hash(data)))


@pytest.mark.parametrize(
    "fields",
    [{"at": "2026-11-22T09:00:00Z"}, {"previous": "0" * 64}, {"note": "x"}],
    ids=["a time that goes back", "another previous root", "a field more"],
)
def test_forged_entry_is_found(connection, fields):
    """An entry with a right leaf is found when its time, root or fields do not hold."""
    ledger = told(connection)
    insert_forged(connection, **fields)
    with pytest.raises(EvidenceError, match="entry 17:"):
        ledger.verify()


def test_cut_end_is_seen_only_beside_a_root(connection):
    """A ledger whose end was cut still holds: only a root kept elsewhere shows it (stated as a limit)."""
    ledger = told(connection)
    before = ledger.root()
    connection.execute("DROP TRIGGER ledger_no_delete")
    connection.execute("DELETE FROM ledger WHERE seq > 10")
    ledger.verify()
    assert ledger.root() != before


def test_broken_file_is_refused(tmp_path):
    """A file whose pages were destroyed is refused, not trusted."""
    path = tmp_path / "run.sqlite"
    connection = sqlite3.connect(path)
    create_table(connection)
    ledger = Ledger(connection)
    ledger.append(OPENED)
    for _ in range(200):
        ledger.append(PLANNED)
    connection.commit()
    connection.close()
    data = bytearray(path.read_bytes())
    data[len(data) // 2 :] = b"\xff" * (len(data) - len(data) // 2)
    path.write_bytes(data)
    connection = sqlite3.connect(path)
    with pytest.raises(EvidenceError):
        Ledger(connection).verify()
    connection.close()
