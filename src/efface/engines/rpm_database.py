"""List the packages that RPM has installed, from its database in the form of SQLite.

Source: rpm, lib/backend/sqlite.cc (table `Packages` with a header in each row); lib/backend/ndb/rpmpkg.c and Berkeley
DB's db_page.h (magic numbers of the other forms, which are not read).
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from efface.engines.sqlite_file import in_memory
from efface.errors import FormatError, RemovalError
from efface.formats.rpm_header import name_and_version

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["installed", "older_form"]

_BERKELEY = (b"\x61\x15\x06\x00", b"\x00\x06\x15\x61")  # of a hash database, at offset 12
_NDB = b"RpmP"

_IS_TABLE = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'Packages'"


def older_form(head: bytes) -> str:
    """Return the name of the older form of a database that begins so, or ""."""
    return "Berkeley DB" if head[12:16] in _BERKELEY else "ndb" if head.startswith(_NDB) else ""


def installed(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield name and version of each package.

    Args:
        data: The file; what is pending in its log is not in it.

    Raises:
        FormatError: It is no such database, or is damaged; what can be read comes first.
    """
    bad = 0
    try:
        with closing(in_memory(data)) as database:
            if database.execute(_IS_TABLE).fetchone()[0] != 1:
                raise FormatError("a database of RPM without packages")
            for (header,) in database.execute("SELECT blob FROM Packages"):
                try:
                    yield name_and_version(header if isinstance(header, bytes) else b"")
                except FormatError:
                    bad += 1
    except (sqlite3.Error, RemovalError) as error:
        raise FormatError(f"a database of RPM that cannot be read ({type(error).__name__})") from None
    if bad:
        raise FormatError(f"a database of RPM with {bad} headers that cannot be read")
