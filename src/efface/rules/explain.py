"""Say in words why a rule fires: its name, article and dates, the facts that decided, those still missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.model.rule import Text
from efface.model.vocabulary import RuleMode, VerdictKind
from efface.rules.deadlines import due_text
from efface.rules.facts import questions_for_facts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.model.case import Hold
    from efface.model.rule import Rule
    from efface.model.verdict import Due
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
    VerdictKind.FREEZE: Text(
        "不得删除，但也不得用于其他用途：仅限存储和必要的安全保护措施。",
        "It cannot be deleted and may be used for nothing else: storage and necessary protection only.",
    ),
    VerdictKind.PERMITTED: Text("允许。", "Allowed."),
    VerdictKind.CONDITIONAL_OK: Text(
        "所述条件已满足；条件持续满足期间可以进行。",
        "Its conditions are stated as met; allowed while they stay met.",
    ),
}
_RECOMMENDED = {
    True: Text("所推荐的做法已采用。", "What it recommends is done."),
    False: Text(
        "未采用所推荐的做法；推荐性标准不具有强制力，不因此违法。",
        "What it recommends is not done; a recommended standard binds nobody, so that breaks no law.",
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


def _says(outcome: Outcome) -> Text:
    if outcome.kind is VerdictKind.CONDITIONAL_OK and outcome.norm.rule.mode is RuleMode.RECOMMEND:
        return _RECOMMENDED[outcome.met]
    return _SAYS[outcome.kind]


def _closing(outcome: Outcome, end: Due | None) -> Iterator[Text]:
    """Yield who may decide on what is kept, and by when something is due."""
    rule = outcome.norm.rule
    if outcome.kind in (VerdictKind.HOLD, VerdictKind.FREEZE):
        yield Text(
            f"如何处理、由谁决定：{rule.remedy_text.zh}", f"What to do and who decides: {rule.remedy_text.en}"
        )
    if end is not None:
        yield due_text(end)


def explain(outcome: Outcome, facts: Facts, end: Due | None = None) -> Text:
    """Return why a rule says what it says, in both languages.

    Args:
        outcome: What the rule says.
        facts: Of what.
        end: By when something is due, where that is known.
    """
    norm = outcome.norm
    rule, citation = norm.rule, norm.rule.citation
    extra = [text for text in (_FORCE.get(citation.force), _CONFIDENCE.get(citation.confidence)) if text]
    shown = [facts.shown(name) for name in outcome.because]
    zh = [f"{rule.id}：{citation.instrument.zh} {norm.article.zh}（{_window_zh(rule)}）。"]
    en = [f"{rule.id}: {citation.instrument.en}, {norm.article.en} ({_window_en(rule)})."]
    for text in (_says(outcome), norm.explanation, *extra, *_closing(outcome, end)):
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
