"""Ask the rules for the kinds of data that fields are named for, and for the words of a rule."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from efface.errors import UsageError
from efface.model import Characteristic, Finding, Form, Locator, Text
from efface.rules.engine import judge, judge_activity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from efface.model import Case, FiredRule, Verdict
    from efface.rules.pack import Pack

__all__ = ["Basis", "Bench", "hint_of"]


@dataclass(frozen=True, slots=True)
class Basis:
    """The legal basis of a refusal.

    Attributes:
        rule: Its id.
        citation: Instrument and article, in zh and en.
        quote: The official words, or "" where they could not be read.
        remedy: What cures it, in zh and en.
    """

    rule: str
    citation: Text
    quote: str
    remedy: Text


class Bench:
    """Judges findings and named fields under one case on one day.

    Args:
        case: The facts.
        as_of: The day whose law is applied.
        packs: The law.
    """

    def __init__(self, case: Case, as_of: date, packs: Sequence[Pack]) -> None:
        self._case, self._as_of, self._packs = case, as_of, packs
        self._named: dict[str, tuple[FiredRule, ...]] = {}
        self._rules = {rule.id: rule for pack in packs for rule in pack.rules}

    def findings(self, findings: Sequence[Finding]) -> list[Verdict]:
        """Return one verdict for each finding."""
        return judge(findings, self._case, self._packs, as_of=self._as_of)

    def named(self, category: str) -> tuple[FiredRule, ...]:
        """Return what the rules that name a kind of data say of entering it into what the case is about.

        Rules about all personal information ask much more, and of every record alike: they are not asked here.
        """
        if category not in self._named:
            case = replace(self._case, facts={**self._case.facts, "data_category": category})
            verdict = judge_activity(case, self._packs, as_of=self._as_of)
            word = f'Category::"{category}"'
            self._named[category] = tuple(
                fired
                for fired in verdict.fired
                if fired.id in self._rules and word in self._rules[fired.id].applies
            )
        return self._named[category]

    def basis(self, rules: Iterable[str]) -> tuple[Basis, ...]:
        """Return the legal basis of rules, in their order."""
        return tuple(self._basis(rule) for rule in rules if rule in self._rules)

    def _basis(self, name: str) -> Basis:
        rule = self._rules[name]
        cited, place = rule.citation.instrument, rule.citation.place
        citation = Text(f"{cited.zh} {place.zh}", f"{cited.en}, {place.en}")
        return Basis(name, citation, rule.citation.quote, rule.remedy_text)


def hint_of(bench: Bench | None) -> str:
    """Return which rules refuse pictures and templates of faces, in a few lines of zh and en.

    Raises:
        UsageError: Under the case none does.
    """
    if bench is None:
        return "Refused by policy: no case was given."
    faces = [
        Finding("hint@1", form, Characteristic.FACE, Locator("payload", ("hint",)), 1.0)
        for form in (Form.SAMPLE, Form.TEMPLATE)
    ]
    rules = {
        rule.id
        for verdict in bench.findings(faces)
        if verdict.kind.is_violation
        for rule in verdict.fired
        if rule.kind.is_violation
    }
    if not rules:
        raise UsageError(
            "under this case no rule refuses pictures or templates of faces",
            to_do="Complete the facts of the case, or leave it out to refuse by policy.",
        )
    return "\n".join(
        f"{each.rule}: {each.citation.zh} / {each.citation.en}" for each in bench.basis(sorted(rules))
    )
