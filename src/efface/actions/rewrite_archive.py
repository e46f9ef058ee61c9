"""Remove findings from members of archives, through as many archives as lie inside one another."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

from efface import registry
from efface.actions.redact_image import why_not
from efface.engines import archive_reading, archive_writing
from efface.errors import FormatError, RemovalError
from efface.formats import sniff
from efface.model import Locator, Method

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import BinaryIO

    from efface.model import Action, Finding, Limits

__all__ = [
    "SIGNED",
    "Nesting",
    "Outcome",
    "RewriteArchive",
    "Warns",
    "by_part",
    "each_once",
    "erase",
    "expected",
]

_TYPES = archive_reading.COMPRESSED | {
    "application/zip",
    "application/x-tar",
    "application/x-7z-compressed",
    "application/x-cpio",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an artefact.

    Attributes:
        data: Its bytes without the findings; None when nothing of it is to stay.
        actions: The actions used, from the inside out, each once.
    """

    data: bytes | None
    actions: tuple[Action, ...]

    def __repr__(self) -> str:
        return f"Outcome({', '.join(action.name for action in self.actions)})"


SIGNED = "signatures over it no longer hold"
"""What a plan says of a file whose signature its removal breaks."""


@runtime_checkable
class Warns(Protocol):
    """An action that knows what a person should be told of a file before it is changed."""

    def warning(self, stream: BinaryIO) -> str:
        """Return the warning in one sentence, or nothing."""


@runtime_checkable
class Nesting(Protocol):
    """An action that has other actions change what lies inside its artefact."""

    def rewritten(self, data: bytes, findings: Sequence[Finding], limits: Limits, depth: int = 0) -> Outcome:
        """Return what `remove` returns, with the actions that were used on the parts."""


class RewriteArchive:
    """A member loses its findings by the action for its kind; the archive is written with it.

    A member of which nothing is to stay is left out of the archive; a compressed file whose content goes is
    to go as well. All other members come out as they went in.

    Not promised: signatures over the archive (JAR, APK, signed packages) no longer hold.
    """

    name = "rewrite-archive"
    version = 1
    method = Method.REDACT

    def accepts(self, media_type: str, finding: Finding) -> bool:
        """Return whether the finding lies in a member of an archive that can be written back."""
        return media_type in _TYPES and len(finding.locator.path) > 1

    def remove(self, data: bytes, findings: Sequence[Finding], limits: Limits) -> bytes | None:
        """Return the archive without the findings, or None when nothing of it is to stay.

        Raises:
            RemovalError: A member is not there, cannot be changed, or the archive cannot be written back.
        """
        return self.rewritten(data, findings, limits).data

    def rewritten(self, data: bytes, findings: Sequence[Finding], limits: Limits, depth: int = 0) -> Outcome:
        """Return the archive without the findings, with the actions that were used on its members."""
        single = sniff.media_type(data[: sniff.HEAD_BYTES]) in archive_reading.COMPRESSED
        groups = by_part(findings)
        changed: dict[int, bytes | None] = {}
        used: list[Action] = []
        try:
            for member in archive_reading.members(io.BytesIO(data), len(data), limits, single=single):
                due = groups.pop(member.name, None)
                if due is None:
                    continue
                if isinstance(member.data, FormatError):
                    raise member.data
                outcome = erase(member.data, member.name, due, limits, depth=depth + 1)
                used += outcome.actions
                if outcome.data != member.data:
                    changed[member.index] = outcome.data
            if groups:
                raise RemovalError(
                    "the archive has no such member as was found: it has changed, or this lies behind its end"
                )
            if single and changed.get(0, b"") is None:
                return Outcome(None, each_once([*used, self]))
            result = archive_writing.rewrite_bytes(data, changed, limits)
        except FormatError as error:
            raise RemovalError(f"the archive cannot be rewritten: {error}") from None
        return Outcome(result, each_once([*used, self]))


def expected(media_type: str, findings: Sequence[Finding]) -> tuple[Action, ...] | None:
    """Return the actions that `erase` will begin with, the one that takes the whole last; None when one is missing.

    What lies inside an archive is told only when it is opened: there it may still turn out otherwise.
    """
    actions = [cast("Action", registry.load("action", each)()) for each in registry.names("action")]
    chosen: dict[str, Action] = {}
    for finding in findings:
        action = next((each for each in actions if each.accepts(media_type, finding)), None)
        if action is None:
            return None
        chosen[action.name] = action
    return tuple(action for action in actions if action.name in chosen)


def erase(data: bytes, name: str, findings: Sequence[Finding], limits: Limits, *, depth: int = 0) -> Outcome:
    """Remove findings from one artefact, with whatever actions they need.

    Args:
        data: Its bytes.
        name: Its name, which only tells kinds of text apart.
        findings: With paths whose first name is this artefact.
        limits: Budgets; `depth` is how many containers may lie inside one another.
        depth: How many containers this one lies in.

    Raises:
        RemovalError: Some finding cannot be removed; nothing of the work is of use.
    """
    if depth > limits.depth:
        raise RemovalError(f"more than depth = {limits.depth} containers inside one another")
    media_type = sniff.media_type(data[: sniff.HEAD_BYTES], name)
    actions = [cast("Action", registry.load("action", each)()) for each in registry.names("action")]
    left = list(findings)
    used: list[Action] = []
    changed: bytes | None = data
    while left and changed is not None:
        action = next((each for each in actions if each.accepts(media_type, left[0])), None)
        if action is None:
            reason = why_not(media_type)
            raise RemovalError(
                reason or f"no action removes {left[0].form} findings of this kind from {media_type}"
            )
        share = [finding for finding in left if action.accepts(media_type, finding)]
        left = [finding for finding in left if not action.accepts(media_type, finding)]
        if isinstance(action, Nesting):
            outcome = action.rewritten(changed, share, limits, depth)
            used += outcome.actions
            changed = outcome.data
        else:
            used.append(action)
            changed = action.remove(changed, share, limits)
    return Outcome(changed, each_once(used))


def by_part(findings: Sequence[Finding]) -> dict[str, list[Finding]]:
    """Return findings by the part that they lie in, each as seen from that part."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.locator.path[1], []).append(_inside(finding))
    return groups


def _inside(finding: Finding) -> Finding:
    """Return a finding as seen from the member that it lies in."""
    locator = finding.locator
    return replace(finding, locator=Locator(locator.scheme, locator.path[1:], locator.fragment))


def each_once(actions: Sequence[Action]) -> tuple[Action, ...]:
    """Return actions without repetitions, in the order of their first use."""
    return tuple({action.name: action for action in actions}.values())
