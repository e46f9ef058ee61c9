"""Rules and verdicts on an activity, as text for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text as Line

from efface.report.texts import text
from efface.report.wording import word

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from efface.model import Rule, Verdict

__all__ = ["rule_text", "verdict_text"]


def rule_text(rule: Rule, lang: str) -> Group:
    """Return everything that is known of a rule, and what its sources leave unknown."""
    return Group(*_rule(rule, lang))


def _rule(rule: Rule, lang: str) -> Iterator[Line]:
    citation = rule.citation
    yield Line(f"{rule.id}  {citation.instrument.get(lang)}  {citation.article}", style="bold")
    if citation.quote:
        yield Line(f"  “{citation.quote}”")
    yield Line(f"  {citation.paraphrase.get(lang)}")
    since = rule.effective_from.isoformat() if rule.effective_from else "?"
    until = rule.effective_until.isoformat() if rule.effective_until else ""
    yield Line(f"  {since} – {until}   {citation.force}   {rule.mode}   {rule.remedy}")
    if rule.remedy_text.get(lang):
        yield Line(f"  {rule.remedy_text.get(lang)}")
    yield Line(
        f"  {citation.confidence}, {citation.read_on.isoformat()}: {'; '.join(citation.sources)}", "dim"
    )
    for note in citation.notes:
        yield Line(f"  ! {note.get(lang)}", style="yellow")


def verdict_text(verdict: Verdict, rules: Mapping[str, Rule], lang: str) -> Group:
    """Return a verdict with every rule that fires, the facts used, and the questions that are open."""
    lines = [Line(word("verdict", verdict.kind).get(lang), style="bold")]
    for fired in verdict.fired:
        kind = word("verdict", fired.kind).get(lang)
        lines.append(Line(f"{fired.id}: {kind}. {fired.explanation.get(lang)}"))
        if fired.id in rules:
            lines += [
                Line(f"  ! {note.get(lang)}", style="yellow") for note in rules[fired.id].citation.notes
            ]
    lines += [Line(f"? {question.fact}: {question.text.get(lang)}") for question in verdict.missing]
    lines.append(Line(text("sentence.not_advice", lang), style="dim"))
    return Group(*lines)
