"""Rules and verdicts on an activity, as text for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text as Line

from efface.report.plain import prose
from efface.report.texts import text, word

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from efface.model import Rule, Verdict

__all__ = ["rule_text", "verdict_text"]


def _line(words: str, style: str = "") -> Line:
    """Return words of a pack, which a user may have written, without anything that a terminal would obey."""
    return Line(prose(words), style=style)


def rule_text(rule: Rule, lang: str) -> Group:
    """Return everything that is known of a rule, and what its sources leave unknown."""
    return Group(*_rule(rule, lang))


def _rule(rule: Rule, lang: str) -> Iterator[Line]:
    citation = rule.citation
    yield _line(f"{rule.id}  {citation.instrument.get(lang)}  {citation.article}", style="bold")
    if citation.quote:
        yield _line(f"  “{citation.quote}”")
    yield _line(f"  {citation.paraphrase.get(lang)}")
    since = rule.effective_from.isoformat() if rule.effective_from else "?"
    until = rule.effective_until.isoformat() if rule.effective_until else ""
    kinds = [("force", citation.force), ("rule_mode", rule.mode), ("remedy", rule.remedy or "")]
    words = [word(section, kind).get(lang) for section, kind in kinds if kind]
    yield _line("   ".join([f"  {since} – {until}", *words]))
    if rule.remedy_text.get(lang):
        yield _line(f"  {rule.remedy_text.get(lang)}")
    sure = word("confidence", citation.confidence).get(lang)
    yield _line(f"  {sure}, {citation.read_on.isoformat()}: {'; '.join(citation.sources)}", "dim")
    for note in citation.notes:
        yield _line(f"  ! {note.get(lang)}", style="yellow")


def verdict_text(verdict: Verdict, rules: Mapping[str, Rule], lang: str) -> Group:
    """Return a verdict with every rule that fires, the facts used, and the questions that are open."""
    lines = [_line(word("verdict", verdict.kind).get(lang), style="bold")]
    lines += [_line(fired.explanation.get(lang)) for fired in verdict.fired]
    cited = [rules[fired.id].citation for fired in verdict.fired if fired.id in rules]
    notes = dict.fromkeys(note.get(lang) for citation in cited for note in citation.notes)
    lines += [_line(f"! {note}", style="yellow") for note in notes]
    lines += [_line(f"? {question.fact}: {question.text.get(lang)}") for question in verdict.missing]
    lines.append(_line(text("sentence.not_advice", lang), style="dim"))
    return Group(*lines)
