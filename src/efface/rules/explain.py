"""Say in words why a rule fires: its name, article and dates, the facts that decided, those still missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.model.rule import Text
from efface.model.vocabulary import VerdictKind
from efface.rules.facts import questions_for_facts

if TYPE_CHECKING:
    from efface.model.case import Hold
    from efface.model.rule import Rule
    from efface.rules.facts import Facts
    from efface.rules.norm import Norm, Outcome

__all__ = ["explain", "explain_hold", "question"]

_SAYS = {
    VerdictKind.HOLD: Text("须保留或不得触动。", "It must be kept or may not be touched."),
    VerdictKind.PROHIBITED: Text(
        "禁止；该规则没有同意的例外。", "Prohibited; the rule knows no exception for consent."
    ),
    VerdictKind.PROHIBITED_UNLESS: Text(
        "条件未满足，因此禁止。", "Prohibited, because its conditions are not met."
    ),
    VerdictKind.NEEDS_FACTS: Text("事实不足，无法判断。", "Facts are missing, so it cannot be told."),
    VerdictKind.CONDITIONAL_OK: Text(
        "所述条件已满足；条件持续满足期间可以进行。",
        "Its conditions are stated as met; allowed while they stay met.",
    ),
}
_FORCE = {
    "admin_instruction_reported": Text(
        "依据是媒体报道的行政要求，并非公布的规范性文件。",
        "It rests on a reported administrative instruction, not on a published text.",
    ),
}
_CONFIDENCE = {
    "secondary": Text("条文引自二手来源。", "The text was read in secondary sources."),
}


def question(norm: Norm, fact: str) -> Text:
    """Return the question that asks a person for a fact, in the pack's own wording where it has one."""
    return norm.questions.get(fact) or questions_for_facts()[fact]


def explain(outcome: Outcome, facts: Facts) -> Text:
    """Return why a rule says what it says, in both languages."""
    norm = outcome.norm
    rule, citation = norm.rule, norm.rule.citation
    extra = [text for text in (_FORCE.get(citation.force), _CONFIDENCE.get(citation.confidence)) if text]
    shown = [facts.shown(name) for name in outcome.because]
    zh = [f"{rule.id}：{citation.instrument.zh} {norm.article.zh}（{_window_zh(rule)}）。"]
    en = [f"{rule.id}: {citation.instrument.en}, {norm.article.en} ({_window_en(rule)})."]
    for text in (_SAYS[outcome.kind], norm.explanation, *extra):
        zh.append(text.zh)
        en.append(text.en)
    if shown:
        zh.append(f"依据的事实：{'；'.join(shown)}。")
        en.append(f"Facts used: {'; '.join(shown)}.")
    if outcome.missing:
        asked = {fact: question(norm, fact) for fact in outcome.missing}
        zh.append("待查明：" + "".join(f"{text.zh}（{fact}）" for fact, text in asked.items()))
        en.append("To find out: " + " ".join(f"{text.en} ({fact})" for fact, text in asked.items()))
    return Text("".join(zh), " ".join(en))


def explain_hold(hold: Hold) -> Text:
    """Return why a hold of the case file covers a place."""
    until = f"{hold.until}" if hold.until else ""
    return Text(
        f"案件文件要求保留：{hold.reason}" + (f"（至 {until}）。" if until else "。"),
        f"The case file holds it: {hold.reason}" + (f" (until {until})." if until else "."),
    )


def _window_zh(rule: Rule) -> str:
    end = f"，至 {rule.effective_until} 前" if rule.effective_until else ""
    return f"自 {rule.effective_from} 起{end}"


def _window_en(rule: Rule) -> str:
    end = f", until before {rule.effective_until}" if rule.effective_until else ""
    return f"from {rule.effective_from}{end}"
