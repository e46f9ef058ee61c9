"""The run file: units of work, what was found in each, and the ledger, in one SQLite file.

A unit is done when its results and its state are written in one transaction, so a run that is killed at
any moment goes on from the last unit that was finished. Contents are told apart by keyed digests; the
key lies in the file, which is its owner's alone (mode 0600).
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Self

from efface.errors import AccessError, UsageError
from efface.evidence.ledger import Ledger, create_table
from efface.evidence.pseudonym import Pseudonyms, new_secret
from efface.model import Finding, Gap, Locator, Removal, RemovalStatus, Sampling, Unit, Verdict, printable
from efface.runs.codec import decode, encode
from efface.runs.finished import TABLES, forget_results, write_results
from efface.runs.opinions import read_verdicts, write_verdicts
from efface.runs.schema import APPLICATION_ID, FORMAT, SCHEMA, may_be_run_file
from efface.runs.united import united

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["Store"]

_MAKE_ROOM = "Make room, and run the same command again: it goes on from the last finished step."


class Store:
    """One run file, open for one process at a time.

    Args:
        path: Where it is; it is created when missing.
        create: Refuse a missing file when False.

    Raises:
        UsageError: It is missing, is no run file, or another process works on it.
    """

    def __init__(self, path: str, *, create: bool = True) -> None:
        self.path = os.path.abspath(path)
        self._open(create=create)
        self.ledger = Ledger(self._db)
        self.run_id = self.meta("run_id")
        self.pseudonyms = Pseudonyms(bytes.fromhex(self.meta("secret")))

    def _open(self, *, create: bool) -> None:
        if not os.path.exists(self.path):
            if not create:
                raise UsageError(f"{printable(self.path)}: there is no such run file")
            try:
                os.makedirs(os.path.dirname(self.path), exist_ok=True)
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            except OSError as error:
                message = f"{printable(self.path)}: the run file cannot be made: {error.strerror}"
                raise UsageError(message) from None
        # Before anything is written: a database of customers named by mistake must stay as it is.
        if not may_be_run_file(self.path):
            raise UsageError(f"{printable(self.path)}: is not a run file of efface")
        self._db = sqlite3.connect(self.path, isolation_level=None, timeout=2.0)
        try:
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            if not os.path.getsize(self.path):
                self._db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")  # an intent must be on disk before a change
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executescript(SCHEMA)
            self._db.execute("BEGIN IMMEDIATE")
            create_table(self._db)
            self._initialise()
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            self._db.close()
            if "locked" in str(error):
                message = f"{printable(self.path)}: another efface is working on this run"
                raise UsageError(message, to_do="Wait for it to end, or name another run file.") from None
            raise UsageError(f"{printable(self.path)}: the run file cannot be used: {error}") from None
        except sqlite3.DatabaseError:
            self._db.close()
            raise UsageError(f"{printable(self.path)}: is not a run file of efface") from None

    def _initialise(self) -> None:
        if self.meta("format", "") == "":
            for key, value in (
                ("format", FORMAT),
                ("run_id", secrets.token_hex(8)),
                ("secret", new_secret().hex()),
                ("scan", "0"),
            ):
                self.set_meta(key, value)
        elif self.meta("format") != FORMAT:
            raise UsageError(f"{printable(self.path)}: made by a version of efface that this one cannot read")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write everything inside together, or nothing of it."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException as error:
            with suppress(sqlite3.OperationalError):  # SQLite may have taken the transaction back by itself
                self._db.execute("ROLLBACK")
            if isinstance(error, sqlite3.OperationalError):
                raise AccessError(f"the run file cannot be written: {error}", to_do=_MAKE_ROOM) from None
            raise

    # -- facts of the run ------------------------------------------------------------------------------

    def meta(self, key: str, default: str | None = None) -> str:
        """Return a fact of the run; KeyError when there is neither it nor a default."""
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        if row is None:
            if default is None:
                raise KeyError(key)
            return default
        return str(row[0])

    def set_meta(self, key: str, value: str) -> None:
        """Write a fact of the run.

        Raises:
            AccessError: The run file cannot be written.
        """
        try:
            self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))
        except sqlite3.OperationalError as error:
            raise AccessError(f"the run file cannot be written: {error}", to_do=_MAKE_ROOM) from None

    def keyed(self, sha256: str) -> str:
        """Return the keyed digest of a content, given its digest, as 64 hex digits."""
        return self.pseudonyms.content([bytes.fromhex(sha256)])

    # -- units -----------------------------------------------------------------------------------------

    def list_units(self, units: Iterable[Unit], scan: int) -> None:
        """Take in what a scan listed; what changed since it was looked at is to be done again.

        A stamp with a `+` covers more than the unit's own bytes (a database's log), so that the same bytes
        do not mean the same content.
        """
        self._db.executemany(
            "INSERT INTO unit(uri, size_bytes, stamp, source, seen) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT(uri) DO UPDATE SET seen = excluded.seen, source = excluded.source,"
            " before = CASE WHEN instr(stamp || excluded.stamp, '+') THEN NULL"
            " ELSE coalesce(configuration, before) END,"
            " configuration = CASE WHEN stamp = excluded.stamp THEN configuration END,"
            " skip = CASE WHEN stamp = excluded.stamp THEN skip ELSE '{}' END,"
            " size_bytes = excluded.size_bytes, stamp = excluded.stamp",
            [(unit.uri, unit.size_bytes, unit.stamp, unit.source, scan) for unit in units],
        )

    def forget_unlisted(self, scan: int) -> None:
        """Drop what is no longer there, with all that was found in it."""
        gone = "SELECT uri FROM unit WHERE seen <> ?"
        for table in TABLES:
            self._db.execute(f"DELETE FROM {table} WHERE unit IN ({gone})", (scan,))  # noqa: S608 - constants
        self._db.execute("DELETE FROM unit WHERE seen <> ?", (scan,))
        self._db.execute("DELETE FROM gap WHERE unit = ''")  # gaps of listing are found anew

    def to_do(self, configuration: str) -> tuple[int, int]:
        """Return how many units, and bytes, a configuration has still to look at."""
        row = self._db.execute(
            "SELECT count(*), coalesce(sum(size_bytes), 0) FROM unit WHERE configuration IS NOT ?",
            (configuration,),
        ).fetchone()
        return int(row[0]), int(row[1])

    def next_units(self, configuration: str) -> Iterator[tuple[Unit, dict[str, str], str]]:
        """Yield the units to do, in the order of their places, as they are needed.

        Beside each stand the parts to skip in it, and the keyed digest of the content for which the same
        configuration has already given the findings on file, or "".
        """
        last = ""
        while True:
            rows = self._db.execute(
                "SELECT uri, size_bytes, stamp, source, skip, CASE WHEN before IS ? THEN content END"
                " FROM unit"
                " WHERE configuration IS NOT ? AND uri > ? ORDER BY uri LIMIT 500",
                (configuration, configuration, last),
            ).fetchall()
            if not rows:
                return
            for row in rows:
                yield Unit(*row[:4]), json.loads(row[4]), row[5] or ""
            last = rows[-1][0]

    def count_units(self) -> int:
        """Return how many units the run has."""
        return int(self._db.execute("SELECT count(*) FROM unit").fetchone()[0])

    def unit(self, uri: str) -> Unit | None:
        """Return one unit, or None."""
        row = self._db.execute(
            "SELECT uri, size_bytes, stamp, source FROM unit WHERE uri = ?", (uri,)
        ).fetchone()
        return None if row is None else Unit(*row)

    def stamps(self) -> Iterator[tuple[str, str, str]]:
        """Yield place, source and stamp of every unit in which something was found."""
        query = "SELECT uri, source, stamp FROM unit WHERE uri IN (SELECT unit FROM finding)"
        yield from self._db.execute(query).fetchall()

    def paths(self) -> list[str]:
        """Return the paths of the run's files."""
        rows = self._db.execute("SELECT uri FROM unit WHERE source = 'filesystem' ORDER BY uri")
        return [Locator.parse(uri).path[0] for (uri,) in rows]

    def units_at(self, target: str) -> list[Unit]:
        """Return the units of one target: itself, or the draws and ranges of a table."""
        query = "SELECT uri, size_bytes, stamp, source FROM unit WHERE uri = ? OR substr(uri, 1, ?) = ?"
        rows = self._db.execute(query, (target, len(target) + 1, f"{target};")).fetchall()
        return [Unit(*row) for row in rows]

    def content(self, uri: str) -> str:
        """Return the keyed digest of what a unit held when it was looked at, or ""."""
        row = self._db.execute("SELECT content FROM unit WHERE uri = ?", (uri,)).fetchone()
        return "" if row is None or row[0] is None else str(row[0])

    def units_holding(self, contents: set[str]) -> list[str]:
        """Return the URIs of units that hold one of these contents, named by keyed digests."""
        rows = self._db.execute("SELECT uri, content FROM unit WHERE content <> '' ORDER BY uri")
        return [uri for uri, content in rows if content in contents]

    def skip(self, uri: str, skip: dict[str, str]) -> None:
        """Note which parts of a unit ended a process."""
        self._db.execute("UPDATE unit SET skip = ? WHERE uri = ?", (json.dumps(skip), uri))

    def finish_unit(self, unit: Unit, configuration: str, result: dict[str, Any]) -> None:
        """Write one unit's results and that it is done, in the caller's transaction."""
        self.finish_units([(unit, result)], configuration)

    def finish_units(self, finished: Sequence[tuple[Unit, dict[str, Any]]], configuration: str) -> None:
        """Write the results of units, each named once, and that they are done, in the caller's transaction."""
        write_results(self._db, configuration, finished, self.keyed)

    def replace_results(self, unit: Unit, result: dict[str, Any]) -> None:
        """Write what a unit holds after a removal, as if the scan had just looked at it."""
        row = self._db.execute("SELECT configuration FROM unit WHERE uri = ?", (unit.uri,)).fetchone()
        self.finish_unit(unit, row[0], result)

    def look_again(self, uri: str, gone: tuple[str, ...]) -> None:
        """Drop findings that were removed from a unit, and let the next scan look at it."""
        self._db.executemany("DELETE FROM finding WHERE id = ?", [(name,) for name in gone])
        self._db.execute("UPDATE unit SET configuration = NULL, before = NULL WHERE uri = ?", (uri,))

    def forget_unit(self, uri: str) -> None:
        """Drop a unit that is gone, with all that was found in it."""
        forget_results(self._db, [uri])
        self._db.execute("DELETE FROM unit WHERE uri = ?", (uri,))

    def add_gap(self, gap: Gap) -> None:
        """Write a gap of listing, which belongs to no unit."""
        self._db.execute("INSERT INTO gap VALUES ('', ?)", (json.dumps(encode(gap)),))

    # -- results ---------------------------------------------------------------------------------------

    def totals(self) -> dict[str, int]:
        """Return artefacts seen and scanned, gaps, bytes and findings of the whole run."""
        row = self._db.execute(
            "SELECT coalesce(sum(artefacts), 0), coalesce(sum(scanned), 0), coalesce(sum(bytes), 0) FROM unit"
        ).fetchone()
        gaps = self._db.execute("SELECT count(*) FROM gap").fetchone()[0]
        listed = self._db.execute("SELECT count(*) FROM gap WHERE unit = ''").fetchone()[0]
        findings = self._db.execute("SELECT count(DISTINCT id) FROM finding").fetchone()[0]
        return {
            "seen": row[0] + listed,
            "scanned": row[1],
            "bytes": row[2],
            "gaps": gaps,
            "findings": findings,
        }

    def findings(self, unit: str | None = None) -> Iterator[Finding]:
        """Yield the findings of the run, or of one unit, in the order of their places.

        One thing that is found in several units, as a column in ranges of its table, is one finding.
        """
        values = self._bodies("finding", unit)
        if unit is not None:
            return values
        again = "SELECT id FROM finding GROUP BY id HAVING count(*) > 1"
        return united(values, {row[0] for row in self._db.execute(again).fetchall()})

    def gaps(self, unit: str | None = None) -> Iterator[Gap]:
        """Yield the gaps of the run, or of one unit."""
        return self._bodies("gap", unit)

    def samplings(self) -> Iterator[Sampling]:
        """Yield what was looked at only in part, by design."""
        return self._bodies("sampling")

    def _bodies(self, table: str, unit: str | None = None) -> Iterator[Any]:
        if unit is None:
            rows = self._db.execute(f"SELECT body FROM {table} ORDER BY unit, rowid")  # noqa: S608 - a constant
        else:
            query = f"SELECT body FROM {table} WHERE unit = ? ORDER BY rowid"  # noqa: S608 - a constant
            rows = self._db.execute(query, (unit,))
        for (body,) in rows.fetchall():
            yield decode(json.loads(body))

    def scanned(self) -> tuple[list[Finding], list[Gap]]:
        """Return the findings and gaps of the last scan before anything was removed."""
        rows = self._db.execute("SELECT kind, body FROM scanned ORDER BY rowid").fetchall()
        values = [(kind, decode(json.loads(body))) for kind, body in rows]
        return [v for kind, v in values if kind == "finding"], [v for kind, v in values if kind == "gap"]

    def keep_scanned(self) -> None:
        """Keep what a scan gave as it is, for the certificate, before removals change it."""
        self._db.execute("DELETE FROM scanned")
        self._db.executemany(
            "INSERT INTO scanned VALUES ('finding', ?)",
            [(json.dumps(encode(finding)),) for finding in self.findings()],
        )
        self._db.execute("INSERT INTO scanned SELECT 'gap', body FROM gap ORDER BY unit, rowid")

    def set_verdicts(self, verdicts: Iterable[Verdict]) -> None:
        """Replace the verdicts of the run; what many of them say alike is written once."""
        write_verdicts(self._db, verdicts)

    def verdicts(self) -> Iterator[Verdict]:
        """Yield the verdicts of the last judging."""
        return read_verdicts(self._db)

    def set_removal(self, removal: Removal) -> None:
        """Write where the removal of one target stands; what was done to it before stays on file."""
        uri, number = removal.target.uri, int(removal.status is RemovalStatus.HELD)
        if removal.status is RemovalStatus.REMOVED:
            self._db.execute("DELETE FROM removal WHERE uri = ? AND held = 0", (uri,))
            self._lift(uri, removal.finding_ids)
            query = "SELECT coalesce(max(held), 1) + 1 FROM removal WHERE uri = ? AND held > 1"
            number = int(self._db.execute(query, (uri,)).fetchone()[0])
        body = json.dumps(encode(removal))
        self._db.execute("INSERT OR REPLACE INTO removal VALUES (?, ?, ?)", (uri, number, body))

    def _lift(self, uri: str, removed: tuple[str, ...]) -> None:
        """Forget that findings were held which are removed now; the ledger still tells it."""
        row = self._db.execute("SELECT body FROM removal WHERE uri = ? AND held = 1", (uri,)).fetchone()
        if row is not None and set(json.loads(row[0])["finding_ids"]) <= set(removed):
            self._db.execute("DELETE FROM removal WHERE uri = ? AND held = 1", (uri,))

    def removals(self) -> Iterator[Removal]:
        """Yield all removals, planned, done, held and failed."""
        for (body,) in self._db.execute("SELECT body FROM removal ORDER BY uri, held").fetchall():
            yield decode(json.loads(body))

    def keep_removed(self, findings: Iterable[Finding]) -> None:
        """Keep what was removed, for the certificate, after it is no longer among the findings."""
        self._db.executemany(
            "INSERT OR REPLACE INTO removed VALUES (?, ?)",
            ((finding.id, json.dumps(encode(finding))) for finding in findings),
        )

    def removed(self) -> Iterator[Finding]:
        """Yield the findings that were removed."""
        for (body,) in self._db.execute("SELECT body FROM removed ORDER BY rowid").fetchall():
            yield decode(json.loads(body))
