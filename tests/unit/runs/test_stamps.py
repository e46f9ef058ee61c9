"""The day of the last change, read from the stamps of sources."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from efface.runs.stamps import changed_on
from efface.sources.filesystem import Filesystem

DAY_NS = int(datetime(2026, 5, 2, tzinfo=UTC).timestamp()) * 10**9


def test_the_stamp_of_a_file(tmp_path) -> None:
    """What the source of files writes is understood, with a database's log or without."""
    import os

    from efface.model import Locator, Unit

    file = tmp_path / "a"
    file.write_bytes(b"x")
    os.utime(file, ns=(DAY_NS, DAY_NS))
    stamp = Filesystem().stamp(Unit(Locator.of_file(str(file)).uri, 1, "", "filesystem"))
    assert changed_on("filesystem", stamp) == date(2026, 5, 2)
    assert changed_on("filesystem", f"{stamp}+1:2:3:4") == date(2026, 5, 2)


def test_the_stamp_of_an_object() -> None:
    """What the source of objects writes is understood, in UTC."""
    assert changed_on("objects", '"a b" 12 2026-05-03T01:00:00+08:00') == date(2026, 5, 2)


@pytest.mark.parametrize(
    ("source", "stamp"),
    [
        ("git", "1:2:3"),
        ("filesystem", ""),
        ("filesystem", "1:x"),
        ("filesystem", f"1:{10**40}"),
        ("objects", "a 1 b"),
    ],
)
def test_any_other_stamp_says_nothing(source: str, stamp: str) -> None:
    """A stamp without a time, of another source, or damaged, gives no day rather than an error."""
    assert changed_on(source, stamp) is None
