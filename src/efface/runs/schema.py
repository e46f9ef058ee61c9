"""What a run file looks like inside, and how one is told from any other file."""

from __future__ import annotations

from efface.errors import UsageError
from efface.model import printable

__all__ = ["APPLICATION_ID", "FORMAT", "SCHEMA", "may_be_run_file"]

FORMAT = "3"
APPLICATION_ID = int.from_bytes(b"EFAC", "big")
SCHEMA = """
CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS unit(
    uri TEXT PRIMARY KEY, size_bytes INTEGER NOT NULL, stamp TEXT NOT NULL, source TEXT NOT NULL,
    seen INTEGER NOT NULL,              -- number of the scan that listed it last
    configuration TEXT,                 -- of the scan that looked at it as it is; NULL: still to do
    before TEXT,                        -- configuration of the scan that looked at it before it changed
    content TEXT, artefacts INTEGER NOT NULL DEFAULT 0, scanned INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0, skip TEXT NOT NULL DEFAULT '{}') STRICT;
CREATE TABLE IF NOT EXISTS finding(
    id TEXT NOT NULL, unit TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (id, unit)) STRICT;
CREATE INDEX IF NOT EXISTS finding_unit ON finding(unit);
CREATE TABLE IF NOT EXISTS gap(unit TEXT NOT NULL, body TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS gap_unit ON gap(unit);
CREATE TABLE IF NOT EXISTS sampling(unit TEXT NOT NULL, body TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS sampling_unit ON sampling(unit);
CREATE TABLE IF NOT EXISTS opinion(number INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS judged(          -- many findings share one opinion, which is long
    subject TEXT PRIMARY KEY, opinion INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS removal(
    uri TEXT NOT NULL,
    held INTEGER NOT NULL,              -- 0: begun or failed, 1: held, from 2 on: done, one after another
    body TEXT NOT NULL, PRIMARY KEY (uri, held)) STRICT;
CREATE TABLE IF NOT EXISTS scanned(kind TEXT NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS removed(id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
"""


def may_be_run_file(path: str) -> bool:
    """Return whether a file is empty or bears our mark.

    Source: SQLite Database File Format, 1.3 (application id at offset 68).
    """
    try:
        with open(path, "rb") as file:
            head = file.read(72)
    except OSError as error:
        raise UsageError(f"{printable(path)}: the run file cannot be read: {error.strerror}") from None
    return not head or head[68:72] == APPLICATION_ID.to_bytes(4, "big")
