"""Judge a run's findings under a case, as often as wanted, without looking at anything again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from efface.runs.record import judged_entry, packs_of

if TYPE_CHECKING:
    from datetime import date

    from efface.model import Case, Verdict
    from efface.runs.store import Store

__all__ = ["judge_run"]


def judge_run(store: Store, case: Case, as_of: date) -> list[Verdict]:
    """Judge the activity and every finding of a run, write it down, and return the verdicts.

    Args:
        store: The run.
        case: The facts.
        as_of: The day whose law is applied.
    """
    from efface.rules.engine import judge, judge_activity  # noqa: PLC0415 - Cedar is loaded only to judge
    from efface.rules.pack import builtin_packs  # noqa: PLC0415

    packs = builtin_packs()
    verdicts = [judge_activity(case, packs, as_of=as_of)]
    verdicts += judge(store.findings(), case, packs, as_of=as_of)
    references = [pack.reference for pack in packs]
    with store.transaction():
        store.set_verdicts(verdicts)
        store.set_meta("packs", json.dumps(packs_of(references)))
        store.set_meta("case_title", case.title)
        store.set_meta("as_of", as_of.isoformat())
        store.ledger.append(judged_entry(verdicts, references, as_of))
    return verdicts
