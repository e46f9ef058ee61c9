"""Which persons may plan or apply a removal in a run. They are told apart by their signing keys.

A case file names the keys (`[removal] persons`). From then on the run is under the rule of two persons, whatever case
is given later; `approval` holds a plan to it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from efface.errors import UsageError

if TYPE_CHECKING:
    from efface.model import Case
    from efface.runs.store import Store

__all__ = ["keep_persons", "persons_of", "refuse_other_persons"]

_KEY = "persons"


def persons_of(store: Store) -> tuple[str, ...]:
    """Return the ids of the keys that may plan or apply in a run; none where the rule is not on."""
    return tuple(json.loads(store.meta(_KEY, "[]")))


def refuse_other_persons(store: Store, case: Case) -> None:
    """Refuse a case that names other persons than the run's: the rule could be undone by an edit.

    Raises:
        UsageError: It does.
    """
    persons = persons_of(store)
    if persons and case.persons and set(persons) != set(case.persons):
        raise UsageError(
            "this run is under the rule of two persons, and the case file names others",
            to_do="Give the case file as it was, or scan into a new run file.",
        )


def keep_persons(store: Store, case: Case) -> None:
    """Put a run under the rule, in the caller's transaction, where its case asks for it."""
    if case.persons and not persons_of(store):
        store.set_meta(_KEY, json.dumps(sorted(case.persons)))
