"""A removal, planned or done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from efface.model.locator import Locator
    from efface.model.vocabulary import Method, RemovalStatus

__all__ = ["Removal"]


@dataclass(frozen=True, slots=True)
class Removal:
    """One change to one outermost thing (a file, a table, a large object), covering all its findings that are due.

    Attributes:
        target: The outermost thing that is changed.
        finding_ids: The findings that it removes.
        verdict_kinds: Why it is due: kinds of the verdicts, or empty when the user named the findings.
        actions: `name@version` of each action used, outermost last.
        method: The strongest word that is true of all of it.
        status: Where it stands.
        reason: Why it is held, unsupported or failed; of a table, what would break or what was not done, a sentence
            in each line; else empty.
        before: Keyed digest of the target before, or empty; of a table, of all its rows.
        after: Keyed digest after; empty when the target is gone.
        residue: How many of its findings a re-scan of the result still finds; None before a re-scan.
        performed_at: Aware UTC time, or None.
    """

    target: Locator
    finding_ids: tuple[str, ...]
    verdict_kinds: tuple[str, ...]
    actions: tuple[str, ...]
    method: Method
    status: RemovalStatus
    reason: str = ""
    before: str = ""
    after: str = ""
    residue: int | None = None
    performed_at: datetime | None = None
