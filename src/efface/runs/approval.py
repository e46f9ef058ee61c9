"""Who planned a removal may not apply it, where a run is under the rule of two persons (`persons`).

A plan is applied only when one of the run's keys signed it and the holder of another one applies it.

Not promised: that two keys are two people. Whoever may write to a target can change it without efface.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from efface.errors import EvidenceError, UsageError
from efface.evidence.signed_plan import PlannedRemoval, read_plan, sign_plan
from efface.model import RemovalStatus
from efface.runs.persons import persons_of
from efface.runs.record import finding_ref, target_ref

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.evidence.keys import SigningKey
    from efface.model import Removal
    from efface.runs.plan import Plan
    from efface.runs.store import Store

__all__ = ["Approval", "approved_entry", "signed"]

_TO_DO = (
    "One person signs the plan (`efface remove RUN --sign-plan PLAN.json --key KEY`), another applies it"
    " (`--apply --plan PLAN.json --key OTHER_KEY`)."
)


@dataclass(frozen=True, slots=True)
class Approval:
    """What the second person brings.

    Attributes:
        plan: The signed plan, as the bytes of its file.
        applier: The key of who applies it.
    """

    plan: bytes
    applier: SigningKey


def signed(store: Store, plan: Plan, signer: SigningKey) -> bytes:
    """Return a plan, signed by one of the run's persons.

    Raises:
        UsageError: The rule is not on, or the key is none of the persons'.
    """
    _refuse_stranger(store, signer.key_id, "sign a plan")
    return sign_plan(store.run_id, [_planned(store, each, plan) for each in _due(plan)], signer)


def _due(plan: Plan) -> list[Removal]:
    return [removal for removal in plan.removals if removal.status is RemovalStatus.PLANNED]


def _planned(store: Store, removal: Removal, plan: Plan) -> PlannedRemoval:
    return PlannedRemoval(
        ref=target_ref(store, removal.target),
        findings=tuple(sorted(finding_ref(store, each) for each in removal.finding_ids)),
        actions=(*removal.actions, *_further(store, removal, plan)),
        before=store.content(removal.target.uri),
    )


def _further(store: Store, removal: Removal, plan: Plan) -> Iterator[str]:
    """Yield what else was decided, as actions: the second person approves it as well."""
    if plan.ways.cascade:
        yield "cascade@1"
    if plan.with_derived:
        yield "with-derived@1"
    ways = {table: str(way) for table, way in plan.files.get(removal.target, {}).items()}
    if ways:
        named = hashlib.sha256(json.dumps(ways, sort_keys=True).encode()).hexdigest()
        yield f"ways-{store.keyed(named)[:32]}@1"


def _refuse_stranger(store: Store, key_id: str, what: str) -> None:
    persons = persons_of(store)
    if not persons:
        raise UsageError(
            "this run is not under the rule of two persons",
            to_do="Give a case file whose [removal] table names `persons`, or leave the plan unsigned.",
        )
    if key_id not in persons:
        raise UsageError(f"the key {key_id} is none of the case's persons and may not {what}", to_do=_TO_DO)


def approved_entry(store: Store, plan: Plan, approval: Approval | None) -> dict[str, Any] | None:
    """Return the ledger's entry of an approved plan, or None where the rule is not on.

    Args:
        store: The run.
        plan: What is about to be done; all of it must be in the signed plan.
        approval: What the second person brings, or None.

    Raises:
        UsageError: A run under the rule has no approval, or a key may not do what it does here.
        EvidenceError: The plan is not of this run, was changed, or says otherwise than what would be done.
    """
    if approval is None:
        if persons_of(store):
            raise UsageError("the case asks for two persons: only a signed plan is applied", to_do=_TO_DO)
        return None
    agreed, applier = read_plan(approval.plan), approval.applier.key_id
    for key_id, what in ((agreed.planner, "plan"), (applier, "apply a plan")):
        _refuse_stranger(store, key_id, what)
    if agreed.planner == applier:
        raise UsageError("who planned may not apply: this key signed the plan", to_do=_TO_DO)
    if agreed.run != store.run_id:
        raise EvidenceError("the signed plan is of another run")
    signed_for = {each.ref: each for each in agreed.removals}
    for removal in _due(plan):
        now = _planned(store, removal, plan)
        then = signed_for.get(now.ref)
        if then is None or not _covers(then, now):
            raise EvidenceError(
                "the signed plan says otherwise than what would be done now",
                to_do="Look at the plan, and have it signed again.",
            )
    return {"kind": "removal_approved", "plan": agreed.digest, "planner": agreed.planner, "applier": applier}


def _covers(then: PlannedRemoval, now: PlannedRemoval) -> bool:
    """Return whether a signed removal allows one: the same content and actions, and no further finding."""
    same = (then.actions, then.before) == (now.actions, now.before)
    return same and set(now.findings) <= set(then.findings)
