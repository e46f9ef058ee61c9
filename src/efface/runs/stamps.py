"""Read from a unit's stamp the day on which it was changed last, where the stamp of its source says so."""

from __future__ import annotations

from datetime import UTC, date, datetime

__all__ = ["changed_on"]

_NS = 1_000_000_000


def changed_on(source: str, stamp: str) -> date | None:
    """Return the day (UTC) of the last change of a file or an object; None of anything else.

    Args:
        source: Name of the source that listed the unit.
        stamp: As that source writes it.

    Not promised: that the data is no older; a copy may carry the day of its copying.
    """
    try:
        if source == "filesystem":
            return datetime.fromtimestamp(int(stamp.split(":")[1]) // _NS, tz=UTC).date()
        if source == "objects":
            return datetime.fromisoformat(stamp.rpartition(" ")[2]).astimezone(UTC).date()
    except (IndexError, ValueError, OverflowError, OSError):
        return None
    return None
