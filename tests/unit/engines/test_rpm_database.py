"""What RPM installed is read from its database in the form of SQLite; other forms are said not to be read."""

from __future__ import annotations

import sqlite3
import struct
from typing import TYPE_CHECKING

import pytest

from efface import registry
from efface.engines.rpm_database import installed
from efface.errors import FormatError, UnsupportedError
from efface.formats.rpm_header import name_and_version
from efface.model import Artefact, Finding, Limits, Locator, Mode, Surroundings
from efface.sources.payloads import BytesPayload

if TYPE_CHECKING:
    from collections.abc import Iterator

Tags = list[tuple[int, int, bytes]]


def header(tags: Tags) -> bytes:
    """Return a header of RPM with string tags."""
    index, data = b"", b""
    for tag, kind, value in tags:
        index += struct.pack(">IIII", tag, kind, len(data), 1)
        data += value + b"\0"
    return struct.pack(">II", len(tags), len(data)) + index + data


def package(name: str, version: str = "1.2") -> bytes:
    return header([(1000, 6, name.encode()), (1001, 6, version.encode()), (1002, 6, b"1")])


def database(*rows: bytes, table: str = "Packages") -> bytes:
    """Return a database as RPM keeps it, in the mode of a log that it is in on a machine."""
    base = sqlite3.connect(":memory:")
    base.execute(f"CREATE TABLE '{table}' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
    base.executemany(f"INSERT INTO '{table}' (blob) VALUES (?)", [(row,) for row in rows])
    base.commit()
    data = base.serialize()
    return data[:18] + b"\x02\x02" + data[20:]


def detect(path: str, data: bytes) -> Iterator[Finding]:
    artefact = Artefact(Locator("file", (f"/{path}",)), "application/vnd.sqlite3", len(data))
    names = Surroundings(tuple(reversed(path.split("/"))))
    detector = registry.load("system", "system-package")()
    return detector.detect(artefact, BytesPayload(data), names, Mode.STANDARD, Limits())


def detected(path: str, data: bytes) -> list[Finding]:
    return list(detect(path, data))


def test_names_and_versions_are_told() -> None:
    """Each row is a package."""
    assert list(installed(database(package("bash"), package("howdy", "2.6")))) == [
        ("bash", "1.2"),
        ("howdy", "2.6"),
    ]


def test_a_package_that_recognises_is_found_with_its_version() -> None:
    """As one of dpkg is."""
    found = detected("usr/lib/sysimage/rpm/rpmdb.sqlite", database(package("bash"), package("howdy", "2.6")))
    assert [{clue.name: clue.value for clue in each.clues}["version"] for each in found] == ["2.6"]
    assert detected("usr/lib/sysimage/rpm/rpmdb.sqlite", database(package("howto"))) == []


def test_an_older_form_is_a_gap_and_no_silence() -> None:
    """Both are told by their magic numbers; another file of that name is none."""
    with pytest.raises(UnsupportedError, match="ndb"):
        detected("var/lib/rpm/Packages.db", b"RpmP" + bytes(500))
    with pytest.raises(UnsupportedError, match="Berkeley"):
        detected("var/lib/rpm/Packages", bytes(12) + b"\x61\x15\x06\x00" + bytes(500))
    assert detected("srv/rpm/Packages", b"words" * 10) == []


def test_a_bad_row_hides_no_other() -> None:
    """What can be read is found, before and after it, and the rest is a gap."""
    found: list[Finding] = []
    with pytest.raises(FormatError, match="1 headers"):
        found.extend(detect("rpm/rpmdb.sqlite", database(b"bad", package("howdy"))))
    assert len(found) == 1


BAD_HEADERS = {
    "nothing": b"",
    "an index that leads out": struct.pack(">II", 1 << 30, 4) + bytes(64),
    "data that lead out": struct.pack(">II", 1, 1 << 30) + bytes(64),
    "no name": header([(1001, 6, b"1")]),
    "a name that is no text": header([(1000, 4, b"howdy")]),
    "an empty name": header([(1000, 6, b"")]),
}


@pytest.mark.parametrize("data", BAD_HEADERS.values(), ids=BAD_HEADERS.keys())
def test_a_header_that_is_none_is_refused(data: bytes) -> None:
    """Alone, and as a row of the database."""
    with pytest.raises(FormatError):
        name_and_version(data)
    with pytest.raises(FormatError):
        list(installed(database(data)))


BAD_DATABASES = {
    "no database": b"x" * 200,
    "another table": database(package("howdy"), table="Other"),
    "cut short": database(package("howdy"))[:4000],
    "a text for a header": database("howdy"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("data", BAD_DATABASES.values(), ids=BAD_DATABASES.keys())
def test_a_database_that_is_none_is_refused(data: bytes) -> None:
    """A damaged one is an error and no empty list."""
    with pytest.raises(FormatError):
        list(installed(data))
