"""Record in a run that a person did a step of taking a system away, and read back what was done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from efface.errors import UsageError
from efface.evidence.pseudonym import Domain
from efface.model import ClearedDevice, ConfirmedStep, RemovalStatus, StepOfPerson
from efface.runs.record import target_ref
from efface.runs.told import digest_of, keep_name, keep_text, name_of, plain, text_of

if TYPE_CHECKING:
    from efface.runs.store import Store

__all__ = ["cleared", "confirm", "confirmed"]

_LONGEST_NAME = 100
_LONGEST_NOTE = 500


def confirm(store: Store, system: str, step: StepOfPerson, by: str, note: str = "") -> bool:
    """Write that a person says that a step is done; nothing is looked at.

    Args:
        store: The run.
        system: As its list is called; that the step is one of it, the caller has seen to.
        step: The step.
        by: Who confirms it; the name stays in the run file, the ledger holds a pseudonym.
        note: What the person adds, or "".

    Returns:
        Whether something was written; the same again is not.

    Raises:
        UsageError: There is no name, or a text is too long or more than one line.
    """
    name, said = plain(by, "--by", _LONGEST_NAME), plain(note, "--note", _LONGEST_NOTE)
    if not name:
        raise UsageError(
            "a step is confirmed by somebody", to_do="Say who did it, or saw it done: --by NAME."
        )
    fields: dict[str, Any] = {
        "kind": "step_confirmed",
        "system": store.pseudonyms.ref(Domain.SYSTEM, system),
        "step": step.value,
        "by": store.pseudonyms.ref(Domain.PERSON, name),
        "note": digest_of(store, said) if said else None,
    }
    if any(fields.items() <= entry.items() for entry in store.ledger.read()):
        return False
    with store.transaction():
        keep_name(store, Domain.SYSTEM, system)
        keep_name(store, Domain.PERSON, name)
        if said:
            keep_text(store, said)
        store.ledger.append(fields)
    return True


def confirmed(store: Store) -> tuple[ConfirmedStep, ...]:
    """Return the steps that persons confirmed, oldest first."""
    return tuple(
        ConfirmedStep(
            name_of(store, Domain.SYSTEM, entry["system"]),
            StepOfPerson(entry["step"]),
            name_of(store, Domain.PERSON, entry["by"]),
            entry["at"],
            text_of(store, entry["note"]) if entry["note"] else "",
        )
        for entry in store.ledger.read()
        if entry["kind"] == "step_confirmed"
    )


def cleared(store: Store) -> tuple[ClearedDevice, ...]:
    """Return where each device stands that was told to forget whom it knows, by the last word on it."""
    names = {target_ref(store, each.target): each.target.path[0] for each in store.removals()}
    last: dict[str, dict[str, Any]] = {}
    for entry in store.ledger.read():
        if entry["kind"] == "gallery_asked":
            known = last.get(entry["device"])
            told = entry if entry["requests"] or known is None else known
            last[entry["device"]] = {
                **told,
                "at": entry["at"],
                "status": RemovalStatus.PLANNED,
                "after": None,
            }
        elif entry["kind"] == "gallery_counted" and entry["device"] in last:
            last[entry["device"]] |= {"after": entry["persons"], "at": entry["at"]}
        elif entry["kind"] in ("removal_done", "removal_failed") and entry["ref"] in last:
            last[entry["ref"]] |= {"status": RemovalStatus(entry["status"]), "at": entry["at"]}
    return tuple(
        ClearedDevice(
            names.get(ref, "?"),
            each["at"],
            tuple(each["requests"]),
            each["persons"],
            each["after"],
            each["status"],
            text_of(store, each["authorisation"]),
        )
        for ref, each in last.items()
    )
