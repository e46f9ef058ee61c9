"""The log of a visit: canonical lines of JSON under one Merkle root, to which lines are only ever appended.

The root before each line stands in it, so no line can be changed, moved or taken out of the middle unseen.

Not promised: who owns the folder can write another log, or cut its end. The bundle's manifest holds size and root.
Source: RFC 9162, 2.1.1, by `efface.evidence.merkle`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from efface.errors import EvidenceError
from efface.evidence import canonical, shapes
from efface.evidence.merkle import Frontier, leaf_hash
from efface.visits.entries import Opened, Run, Sealed, entry_adapter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from efface.visits.entries import Entry

__all__ = ["MAX_BYTES", "Log", "utc_now"]

MAX_BYTES: Final = 64 * 1024 * 1024
"""Largest log that is read."""


def utc_now() -> datetime:
    """Return the time of this machine's clock."""
    return datetime.now(UTC)


class Log:
    """The lines of one visit, read and checked; `line` makes the next one and `take` adds it.

    Args:
        data: The file; empty for a visit that begins.

    Raises:
        EvidenceError: A line does not fit its schema, does not continue those before it, or its time goes back;
            the log does not begin with `opened`, or goes on after it was sealed with something else.
    """

    def __init__(self, data: bytes = b"") -> None:
        self.entries: list[Entry] = []
        self._lines: list[bytes] = []
        self._frontier = Frontier()
        if len(data) > MAX_BYTES:
            raise EvidenceError(f"the log is not read: more than {MAX_BYTES} bytes")
        if data and not data.endswith(b"\n"):
            raise EvidenceError("the log ends in the middle of a line")
        for line in data.split(b"\n")[:-1]:
            self.take(line)

    @property
    def data(self) -> bytes:
        """The log as a file."""
        return b"".join(line + b"\n" for line in self._lines)

    @property
    def root(self) -> str:
        """The root over all lines, in hex."""
        return self._frontier.root().hex()

    @property
    def size(self) -> int:
        """How many lines there are."""
        return len(self._lines)

    @property
    def opened(self) -> Opened:
        """The first line.

        Raises:
            EvidenceError: There is none.
        """
        if not self.entries or not isinstance(first := self.entries[0], Opened):
            raise EvidenceError("the log is empty")
        return first

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs that were added."""
        return tuple(entry for entry in self.entries if isinstance(entry, Run))

    @property
    def seals(self) -> int:
        """How many bundles were made."""
        return sum(isinstance(entry, Sealed) for entry in self.entries)

    def line(self, fields: Mapping[str, Any], now: Callable[[], datetime] = utc_now) -> bytes:
        """Return the next line, without its end and without adding it.

        Args:
            fields: `kind` and what belongs to it.
            now: The clock; where it went back, the time of the line before is repeated.

        Raises:
            EvidenceError: The fields do not fit their kind.
        """
        last_at = self.entries[-1].at if self.entries else ""
        at = max(shapes.printed(now()), last_at)
        line = canonical.dumps({**fields, "seq": self.size + 1, "at": at, "previous": self.root})
        shapes.read(entry_adapter, line)
        return line

    def take(self, line: bytes) -> Entry:
        """Add a line that continues the log, and return what it says.

        Raises:
            EvidenceError: It does not.
        """
        number = self.size + 1
        try:
            canonical.loads(line)
            entry = shapes.read(entry_adapter, line)
        except EvidenceError as error:
            raise EvidenceError(f"line {number} of the log: {error}") from None
        if problem := self._problem(entry):
            raise EvidenceError(f"line {number} of the log: {problem}")
        self.entries.append(entry)
        self._lines.append(line)
        self._frontier.append(leaf_hash(line))
        return entry

    def _problem(self, entry: Entry) -> str:
        """Return why an entry cannot be the next, or nothing."""
        last_at = self.entries[-1].at if self.entries else ""
        number = self.seals + 1
        problems = (
            (entry.seq != self.size + 1, "it does not continue the lines before it"),
            (entry.previous != self.root, "it does not continue the lines before it"),
            (isinstance(entry, Opened) == bool(self.entries), "a visit is opened once, by its first line"),
            (entry.at < last_at, "its time lies before that of the line before it"),
            (self.seals and not isinstance(entry, Sealed), "it was added after the visit was sealed"),
            (isinstance(entry, Sealed) and entry.number != number, "the number of the seal is not the next"),
            (
                any(not file.name.startswith(f"{entry.seq:02}-") for file in entry.files),
                "a file has another number than its line",
            ),
            (len({file.name for file in entry.files}) < len(entry.files), "it names one file twice"),
        )
        return next((text for wrong, text in problems if wrong), "")
