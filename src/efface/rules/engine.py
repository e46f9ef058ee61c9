"""Give verdicts: every rule of every pack, over every finding, on a day.

What a rule may look at is the same for many findings, so findings are grouped by it: each group is judged
once, and each finding costs a look-up.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from efface.model.verdict import ACTIVITY, Question, Verdict
from efface.model.vocabulary import VerdictKind
from efface.rules.facts import Facts, case_to_facts
from efface.rules.found import BESIDE, Ages, beside, found
from efface.rules.opinion import CASE_HOLD, Law, Opinion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date

    from efface.model.case import Case, Hold
    from efface.model.finding import Finding
    from efface.rules.found import Found
    from efface.rules.pack import Pack

    ModifiedOn = Callable[[Finding], date | None]
    _Around = tuple[bool, Hold | None, tuple[int | None, int | None]]
    """Whether in the scope of the case, under which of its holds, and how old at least, then and today."""

__all__ = ["CASE_HOLD", "judge", "judge_activity", "questions", "reads_ages"]


def judge(  # noqa: PLR0913 - each is one thing that decides
    findings: Iterable[Finding],
    case: Case,
    packs: Sequence[Pack],
    *,
    as_of: date,
    today: date | None = None,
    modified_on: ModifiedOn | None = None,
) -> list[Verdict]:
    """Return one verdict for each finding, in their order.

    Findings outside the case's scope are `out_of_scope`. A hold of the case beats everything, even
    outside its scope; the other rules that fire are still listed. What cannot be told is `needs_facts`.

    Args:
        findings: What was found.
        case: The facts of the case, as `parse_case` returns them.
        packs: The law to apply, in any order.
        as_of: The day whose law is applied.
        today: Today, to set beside each verdict what the law says today where that is another day; None
            leaves it out.
        modified_on: Tells the day on which what holds a finding was changed last, or None.

    Not promised: law outside the packs, and anything that the case does not state.
    """
    bench = _Bench(case, packs, as_of, today, modified_on)
    return [bench.verdict(finding) for finding in findings]


def judge_activity(case: Case, packs: Sequence[Pack], *, as_of: date, today: date | None = None) -> Verdict:
    """Return the verdict on what the case says is done, without any finding.

    The kind of data is the fact `data_category`; without it, rules about data of a kind ask for it.
    """
    beside = None if today is None else _today(case, as_of, today)
    return Law(packs).opinion(case_to_facts(case, as_of), as_of, beside).on(ACTIVITY, as_of)


def questions(case: Case, packs: Sequence[Pack], *, as_of: date) -> tuple[Question, ...]:
    """Return the facts that are unknown and could make the verdict on the activity stronger, soonest first."""
    return judge_activity(case, packs, as_of=as_of).missing


def reads_ages(packs: Iterable[Pack]) -> bool:
    """Return whether any rule asks how old data is, so that it is worth finding out."""
    return Ages(norm for pack in packs for norm in pack.norms).matter


def _today(case: Case, as_of: date, today: date) -> tuple[Facts, date] | None:
    """Return the facts of a case if the same were done today, or None where that is what is judged anyway.

    Conduct that has ended is taken as if it were done on this day alone; conduct that goes on is as it is.
    """
    has_ended = case.conduct_until is not None and case.conduct_until < today
    if not has_ended and as_of == today:
        return None
    same = replace(case, conduct_from=today, conduct_until=None) if has_ended else case
    return case_to_facts(same, today), today


class _Bench:
    """Judges the findings of one case, each group of equal facts once."""

    def __init__(
        self,
        case: Case,
        packs: Sequence[Pack],
        as_of: date,
        today: date | None,
        modified_on: ModifiedOn | None,
    ) -> None:
        self._case, self._as_of = case, as_of
        self._law = Law(packs)
        self._ages = Ages(self._law.norms)
        self._modified_on = modified_on if self._ages.matter else None
        self._facts = case_to_facts(case, as_of)
        self._today = None if today is None else _today(case, as_of, today)
        self._looks_beside = not self._law.reads.isdisjoint(BESIDE)
        self._opinions: dict[tuple[object, ...], Opinion] = {}
        self._seen: dict[tuple[object, ...], Opinion] = {}

    def verdict(self, finding: Finding) -> Verdict:
        case, locator = self._case, finding.locator
        around = (
            not case.scope or case.in_scope(locator),
            case.hold_on(locator, self._as_of) if case.holds else None,
            self._ages_of(finding) if self._modified_on else (None, None),
        )
        near = beside(finding) if self._looks_beside else None
        key = (finding.form, finding.characteristic, finding.level, near, around)
        opinion = self._seen.get(key)
        if opinion is None:
            opinion = self._seen[key] = self._opinion(finding, around)
        return opinion.on(finding.id, self._as_of)

    def _opinion(self, finding: Finding, around: _Around) -> Opinion:
        """Return the opinion on all findings that no rule can tell from this one."""
        seen = found(finding).seen_by(self._law.reads)
        if (seen, around) not in self._opinions:
            self._opinions[seen, around] = self._judge(seen, around)
        return self._opinions[seen, around]

    def _ages_of(self, finding: Finding) -> tuple[int | None, int | None]:
        """Return how old a finding's data is at least, on the day of the verdict and today."""
        day = self._modified_on(finding) if self._modified_on else None
        then = self._ages.step(day, self._as_of)
        return then, None if self._today is None else self._ages.step(day, self._today[1])

    def _judge(self, seen: Found, around: _Around) -> Opinion:
        inside, hold, ages = around
        if inside:
            today = None if self._today is None else (seen.facts(self._today[0], ages[1]), self._today[1])
            opinion = self._law.opinion(seen.facts(self._facts, ages[0]), self._as_of, today)
        else:
            opinion = Opinion(VerdictKind.OUT_OF_SCOPE, because=("scope = outside",))
        return opinion if hold is None else opinion.held(hold)
