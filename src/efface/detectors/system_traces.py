"""Turn signatures that fired into findings of systems: one finding for each system in one artefact."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from efface.detectors.signatures import Tells
from efface.model import Characteristic, Clue, Finding, Form

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from efface.detectors.signatures import Signature
    from efface.model import Locator

__all__ = ["Trace", "findings"]

_ORDER = {tells: place for place, tells in enumerate(Tells)}
_LINES = 12  # lines of one file that are named


@dataclass(frozen=True, slots=True)
class Trace:
    """One signature that fired.

    Attributes:
        signature: Which.
        lines: Lines, from 1, where it stands in a text.
        said: Facts that go with it, as pairs of name and value: a version, sizes of a network; never content.
    """

    signature: Signature
    lines: tuple[int, ...] = ()
    said: tuple[tuple[str, str], ...] = field(default=())


def findings(detector: str, place: Locator, traces: Iterable[Trace]) -> Iterator[Finding]:
    """Yield one finding for each system that left traces in an artefact.

    The strongest trace says what the system is: what only finds faces, draws on them or talks to devices is of an
    unknown characteristic, and so a question for a person and never a finding of law.

    Args:
        detector: `name@version`.
        place: The artefact.
        traces: What fired in it.
    """
    systems: dict[str, list[Trace]] = {}
    for trace in traces:
        systems.setdefault(trace.signature.system, []).append(trace)
    for system, found in sorted(systems.items()):
        best = min(found, key=lambda trace: (_ORDER[trace.signature.tells], -trace.signature.confidence))
        recognises = best.signature.tells.recognises
        yield Finding(
            detector,
            Form.SYSTEM,
            Characteristic.FACE if recognises else Characteristic.UNKNOWN,
            place.at(f"system={system}"),
            max(each.signature.confidence for each in found if each.signature.tells is best.signature.tells),
            level=None,
            clues=tuple(_clues(system, best.signature, found)),
        )


def _clues(system: str, best: Signature, found: list[Trace]) -> Iterator[Clue]:
    yield Clue("system", system)
    yield Clue("tells", best.tells, best.confidence if best.tells.recognises else 0.0)
    if best.vendor:
        yield Clue("vendor", best.vendor)
    for identity in dict.fromkeys(trace.signature.id for trace in found):
        yield Clue("signature", identity)
    lines = sorted({line for trace in found for line in trace.lines})
    if lines:
        more = f" and {len(lines) - _LINES} more" if len(lines) > _LINES else ""
        yield Clue("lines", ", ".join(map(str, lines[:_LINES])) + more)
    for name, value in dict.fromkeys(pair for trace in found for pair in trace.said):
        yield Clue(name, value[:80])
