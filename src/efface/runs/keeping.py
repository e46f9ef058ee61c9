"""Which rules keep findings from being removed: those that hold or freeze, and those of which it is not known yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.model import RuleMode, VerdictKind
from efface.runs.judging import packs_of_run

if TYPE_CHECKING:
    from efface.model import FiredRule, Verdict
    from efface.runs.store import Store

__all__ = ["keeping"]

_KEPT = frozenset({VerdictKind.HOLD, VerdictKind.FREEZE})
"""What a rule says of data that may not be deleted, whatever else forbids having it."""


def keeping(store: Store) -> dict[str, FiredRule]:
    """Return the rule that keeps each finding, by the finding's id; findings that nothing keeps are left out.

    A rule that holds data or devices and lacks a fact keeps them, too: what is removed cannot be brought back, and a
    fact can be stated later. Whether deletion must stop for another reason (freeze) is for the party to say: there an
    open question keeps nothing.
    """
    verdicts = list(store.verdicts())
    asked = {fired.id for verdict in verdicts for fired in verdict.fired if _is_open(fired)}
    packs = packs_of_run(store) if asked else ()
    may_hold = {rule.id for pack in packs for rule in pack.rules if rule.mode is RuleMode.HOLD}
    found = ((verdict.subject, _keeping(verdict, may_hold)) for verdict in verdicts)
    return {subject: fired for subject, fired in found if fired is not None}


def _keeping(verdict: Verdict, may_hold: set[str]) -> FiredRule | None:
    sure = next((fired for fired in verdict.fired if fired.kind in _KEPT), None)
    return sure or next((fired for fired in verdict.fired if _is_open(fired) and fired.id in may_hold), None)


def _is_open(fired: FiredRule) -> bool:
    return fired.kind is VerdictKind.NEEDS_FACTS
