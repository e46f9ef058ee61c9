"""What a plan costs, in words: room on each file system, and time where a rate was measured."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text as Line

from efface.report.plain import visible
from efface.report.texts import text
from efface.report.wording import size_text

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["Outlay", "Room", "outlay_lines"]


@dataclass(frozen=True, slots=True)
class Room:
    """Room on one file system.

    Attributes:
        folder: A folder that lies on it.
        needed_bytes: Most that stands there at a time beside what is there now; about, since a file that is written
            anew may grow.
        free_bytes: What this user may still write there.
    """

    folder: str
    needed_bytes: int
    free_bytes: int

    @property
    def is_enough(self) -> bool:
        """Whether it fits."""
        return self.needed_bytes <= self.free_bytes


@dataclass(frozen=True, slots=True)
class Outlay:
    """What carrying a plan out takes.

    Attributes:
        rooms: One for each file system that is written to.
        size_bytes: Bytes of all files that are to be changed.
        seconds: How long, at the rate that this run measured; None where it has measured none.
        tables: Tables and large objects of servers, whose room and time are not known here.
    """

    rooms: tuple[Room, ...]
    size_bytes: int
    seconds: float | None
    tables: int


def outlay_lines(outlay: Outlay, lang: str) -> Group:
    """Return what a plan takes, a line for each file system and one for time; what is not known is said."""
    lines: list[RenderableType] = [_room(room, lang) for room in outlay.rooms]
    if outlay.size_bytes:
        lines.append(Line(_time(outlay, lang)))
    if outlay.tables:
        lines.append(Line(text("sentence.outlay_tables", lang, count=outlay.tables), style="yellow"))
    return Group(*lines)


def _room(room: Room, lang: str) -> Line:
    key, style = ("room", "") if room.is_enough else ("no_room", "bold red")
    sizes = {"needed": size_text(room.needed_bytes), "free": size_text(room.free_bytes)}
    return Line(text(f"sentence.outlay_{key}", lang, folder=visible(room.folder), **sizes), style=style)


def _time(outlay: Outlay, lang: str) -> str:
    if outlay.seconds is None:
        return text("sentence.outlay_time_unknown", lang)
    seconds = max(1, math.ceil(outlay.seconds))
    if seconds < 120:
        return text("sentence.outlay_seconds", lang, count=seconds)
    return text("sentence.outlay_minutes", lang, count=math.ceil(seconds / 60))
