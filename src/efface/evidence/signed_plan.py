"""A plan that its planner signed, so that somebody else can carry it out: what is due, in pseudonyms.

A DSSE envelope like that of a certificate, with a type of its own, so that neither can be taken for the other. The
planner's public key lies in it; whether that key may plan is for the case file to say.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import Field, TypeAdapter

from efface.errors import EvidenceError
from efface.evidence import canonical, envelope, shapes
from efface.evidence.keys import PublicKey
from efface.evidence.shapes import NameAtVersion, Ref, RunId, Strict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from efface.evidence.keys import SigningKey

__all__ = ["PLAN_TYPE", "PlannedRemoval", "SignedPlan", "read_plan", "sign_plan"]

PLAN_TYPE: Final = "application/vnd.efface.plan+json"
_DER: Final = r"[0-9a-f]{2,512}"


class PlannedRemoval(Strict):
    """One removal of a plan: which target, which findings, by what, and the keyed digest of what it holds now.

    `before` is empty for a table of a server, whose content is known only once the removal begins.
    """

    ref: Ref
    findings: Annotated[tuple[Ref, ...], Field(min_length=1)]
    actions: tuple[NameAtVersion, ...]
    before: Annotated[str, Field(pattern=f"^(?:{shapes.DIGEST})?$")]


class _Plan(Strict):
    kind: Literal["efface/plan/v1"]
    run: RunId
    planner: Annotated[str, Field(pattern=f"^(?:{_DER})$")]
    removals: tuple[PlannedRemoval, ...]


_adapter: TypeAdapter[_Plan] = TypeAdapter(_Plan)


@dataclass(frozen=True, slots=True)
class SignedPlan:
    """A plan whose signature holds.

    Attributes:
        run: The run that it is of.
        planner: Id of the key that signed it.
        removals: What is to be removed.
        digest: SHA-256 of what was signed.
    """

    run: str
    planner: str
    removals: tuple[PlannedRemoval, ...]
    digest: str


def sign_plan(run: str, removals: Iterable[PlannedRemoval], signer: SigningKey) -> bytes:
    """Return a signed plan as the bytes of a file."""
    plan = _Plan(kind="efface/plan/v1", run=run, planner=signer.public.der.hex(), removals=tuple(removals))
    payload = canonical.dumps(plan.model_dump(mode="json"))
    return envelope.sign(payload, [signer], PLAN_TYPE)


def read_plan(data: bytes) -> SignedPlan:
    """Return what a signed plan says, once its one signature holds under the key in it.

    Raises:
        EvidenceError: It is no signed plan, or was changed.
    """
    outer = envelope.parse(data)
    if outer.payload_type != PLAN_TYPE or len(outer.signatures) != 1:
        raise EvidenceError("this is no plan with one signature")
    canonical.loads(outer.payload)
    plan = shapes.read(_adapter, outer.payload)
    key, signature = PublicKey(bytes.fromhex(plan.planner)), outer.signatures[0]
    message = envelope.pae(PLAN_TYPE, outer.payload)
    if signature.key_id != key.key_id or not key.verifies(signature.value, message):
        raise EvidenceError("the plan's signature does not hold: it was changed after it was signed")
    return SignedPlan(plan.run, key.key_id, plan.removals, hashlib.sha256(outer.payload).hexdigest())
