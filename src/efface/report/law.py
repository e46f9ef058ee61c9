"""Rules and verdicts on an activity, as text for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text as Line

from efface.report.otherwise import otherwise, reading_lines
from efface.report.plain import prose
from efface.report.texts import text, word

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from efface.model import Reading, Rule, Verdict

__all__ = ["questions_text", "rule_text", "verdict_text"]


def _line(words: str, style: str = "") -> Line:
    """Return words of a pack, which a user may have written, without anything that a terminal would obey."""
    return Line(prose(words), style=style)


def rule_text(rule: Rule, lang: str) -> Group:
    """Return everything that is known of a rule, and what its sources leave unknown."""
    return Group(*_rule(rule, lang))


def _rule(rule: Rule, lang: str) -> Iterator[Line]:
    citation = rule.citation
    yield _line(f"{rule.id}  {citation.instrument.get(lang)}  {citation.place.get(lang)}", style="bold")
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
    for name, said in (("deadline", rule.deadline and rule.deadline.text), ("consequence", rule.consequence)):
        if said:
            yield _line(f"  {text(f'label.{name}', lang)}: {said.get(lang)}")
    sure = word("confidence", citation.confidence).get(lang)
    yield _line(f"  {sure}, {citation.read_on.isoformat()}: {'; '.join(citation.sources)}", "dim")
    for note in citation.notes:
        yield _line(f"  ! {note.get(lang)}", style="yellow")


def verdict_text(
    verdict: Verdict, rules: Mapping[str, Rule], lang: str, readings: Iterable[Reading] = ()
) -> Group:
    """Return a verdict with every rule that fires, what it would be otherwise, and the questions that are open."""
    lines = [_line(word("verdict", verdict.kind).get(lang), style="bold")]
    lines += [_line(sentence.get(lang)) for sentence in otherwise(verdict)]
    lines += [_line(fired.explanation.get(lang)) for fired in verdict.fired]
    cited = [rules[fired.id].citation for fired in verdict.fired if fired.id in rules]
    notes = dict.fromkeys(note.get(lang) for citation in cited for note in citation.notes)
    lines += [_line(f"! {note}", style="yellow") for note in notes]
    lines += reading_lines(readings, lang)
    lines += [_line(f"? {question.fact}: {question.text.get(lang)}") for question in verdict.missing]
    lines.append(_line(text("sentence.not_advice", lang), style="dim"))
    return Group(*lines)


def questions_text(verdict: Verdict, rules: Mapping[str, Rule], lang: str) -> Group:
    """Return the open questions, those that decide soonest first, and the rules that bear on the case."""
    lines = [_line(word("verdict", verdict.kind).get(lang), style="bold")]
    if not verdict.missing:
        lines.append(_line(text("sentence.nothing_to_ask", lang)))
    for number, question in enumerate(verdict.missing, start=1):
        lines.append(_line(f"{number}. {question.text.get(lang)} ({question.fact})"))
        bears = ", ".join(fired.id for fired in verdict.fired if question.fact in fired.missing)
        lines.append(_line(f"   {text('sentence.ask_decides', lang, rules=bears)}", style="dim"))
    if verdict.fired:
        lines.append(_line(text("heading.bearing", lang), style="bold"))
    for fired in verdict.fired:
        rule = rules.get(fired.id)
        cited = f"{rule.citation.instrument.get(lang)} {rule.citation.place.get(lang)}" if rule else ""
        lines.append(_line(f"  {fired.id}  {word('verdict', fired.kind).get(lang)}  {cited}"))
    lines.append(_line(text("sentence.not_advice", lang), style="dim"))
    return Group(*lines)
