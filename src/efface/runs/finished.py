"""What was found in units, written into the run file for many of them at once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Sequence

    from efface.model import Unit

    Finished = tuple[Unit, dict[str, Any]]

__all__ = ["TABLES", "forget_results", "write_results"]

TABLES = ("finding", "gap", "sampling")
"""What belongs to units."""


def forget_results(db: sqlite3.Connection, uris: Iterable[str]) -> None:
    """Drop all that was found in units."""
    keys = [(uri,) for uri in uris]
    for table in TABLES:
        db.executemany(f"DELETE FROM {table} WHERE unit = ?", keys)  # noqa: S608 - constants


def write_results(
    db: sqlite3.Connection, configuration: str, finished: Sequence[Finished], keyed: Callable[[str], str]
) -> None:
    """Write what was found in units in the place of what stood there, and that they are done.

    Args:
        db: The run file, in a transaction of the caller.
        configuration: What they were looked at with.
        finished: Units, each once, with the plain result of looking at it.
        keyed: Makes the keyed digest of a content of its digest.
    """
    same = [(configuration, unit.stamp, unit.uri) for unit, result in finished if result.get("same")]
    db.executemany("UPDATE unit SET configuration = ?, stamp = ? WHERE uri = ?", same)
    found = [each for each in finished if not each[1].get("same")]
    forget_results(db, (unit.uri for unit, _ in found))
    bodies = {table: list(_bodies(found, table)) for table in TABLES}
    findings = [(body["id"], uri, json.dumps(body)) for uri, body in bodies.pop("finding")]
    db.executemany("INSERT INTO finding VALUES (?, ?, ?)", findings)
    for table, rows in bodies.items():
        values = [(uri, json.dumps(body)) for uri, body in rows]
        db.executemany(f"INSERT INTO {table} VALUES (?, ?)", values)  # noqa: S608 - constants
    db.executemany(
        "UPDATE unit SET configuration = ?, content = ?, artefacts = ?, scanned = ?, bytes = ?,"
        " stamp = ?, size_bytes = ?, skip = '{}' WHERE uri = ?",
        [
            (
                None if result.get("again") else configuration,
                keyed(result["sha256"]) if result["sha256"] else "",
                result["artefacts"],
                result["scanned"],
                result["bytes"],
                unit.stamp,
                unit.size_bytes,
                unit.uri,
            )
            for unit, result in found
        ],
    )


def _bodies(found: Iterable[Finished], table: str) -> Iterable[tuple[str, dict[str, Any]]]:
    return ((unit.uri, body) for unit, result in found for body in result.get(f"{table}s", ()))
