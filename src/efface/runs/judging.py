"""Judge a run's findings under a case, as often as wanted, without looking at anything again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from efface.model import Form
from efface.runs.persons import keep_persons, refuse_other_persons
from efface.runs.record import judged_entry, packs_of
from efface.runs.stamps import changed_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date

    from efface.model import Case, Finding, Verdict
    from efface.rules.pack import Pack
    from efface.runs.store import Store

__all__ = ["judge_run", "packs_of_run"]

_OWN = "own_packs"


def judge_run(store: Store, case: Case, packs: Sequence[Pack], *, as_of: date, today: date) -> list[Verdict]:
    """Judge the activity and every finding of a run, write it down, and return the verdicts.

    A system that recognises nobody by what is known of it (a face detector, an effect) has no verdict: it is
    a question for a person.

    Packs that do not ship with efface are kept in the run whole, so that its reports can cite them later.

    Args:
        store: The run.
        case: The facts.
        packs: The law.
        as_of: The day whose law is applied.
        today: Today, whose law stands beside where it is another day.

    Raises:
        UsageError: The run is under the rule of two persons, and the case names others.
    """
    from efface.rules.engine import judge, judge_activity, reads_ages  # noqa: PLC0415 - Cedar only to judge
    from efface.rules.pack import builtin_packs  # noqa: PLC0415

    refuse_other_persons(store, case)
    modified_on = _modified_on(store) if reads_ages(packs) else None
    verdicts = [judge_activity(case, packs, as_of=as_of, today=today)]
    findings = (each for each in store.findings() if each.is_biometric or each.form is not Form.SYSTEM)
    verdicts += judge(findings, case, packs, as_of=as_of, today=today, modified_on=modified_on)
    references = [pack.reference for pack in packs]
    shipped = {pack.reference for pack in builtin_packs()}
    own = [dict(pack.texts) for pack in packs if pack.reference not in shipped]
    with store.transaction():
        keep_persons(store, case)
        store.set_verdicts(verdicts)
        store.set_meta("packs", json.dumps(packs_of(references)))
        store.set_meta(_OWN, json.dumps(own))
        store.set_meta("case_title", case.title)
        store.set_meta("as_of", as_of.isoformat())
        store.ledger.append(judged_entry(verdicts, references, as_of))
    return verdicts


def packs_of_run(store: Store) -> tuple[Pack, ...]:
    """Return the law that a run was judged by: what ships with efface, and the packs that the run holds."""
    from efface.rules.pack import builtin_packs, load_pack  # noqa: PLC0415 - Cedar only to show rules

    return (*builtin_packs(), *(load_pack(texts) for texts in json.loads(store.meta(_OWN, "[]"))))


def _modified_on(store: Store) -> Callable[[Finding], date | None]:
    days = dict(_days(store.stamps()))
    return lambda finding: days.get(finding.locator.container.uri)


def _days(stamps: Iterable[tuple[str, str, str]]) -> Iterable[tuple[str, date]]:
    for uri, source, stamp in stamps:
        day = changed_on(source, stamp)
        if day is not None:
            yield uri, day
