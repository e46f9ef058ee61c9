"""Rules and verdicts as text for the terminal."""

from __future__ import annotations

import io
from datetime import date

import pytest
from rich.console import Console

from efface.model import ACTIVITY, FiredRule, Question, Text, Verdict, VerdictKind
from efface.report.law import rule_text, verdict_text
from efface.report.texts import word
from efface.rules.pack import builtin_packs

RULES = {rule.id: rule for pack in builtin_packs() for rule in pack.rules}


def printed(part: object) -> str:
    out = io.StringIO()
    Console(file=out, width=300, color_system=None).print(part)
    return out.getvalue()


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_shown_with_its_source_and_what_is_unknown(name: str, lang: str) -> None:
    """Article, paraphrase, confidence, sources and every note stand there."""
    rule = RULES[name]
    shown = " ".join(printed(rule_text(rule, lang)).split())
    parts = [rule.citation.place.get(lang), rule.citation.paraphrase.get(lang)]
    parts += [word("confidence", rule.citation.confidence).get(lang), word("rule_mode", rule.mode).get(lang)]
    for part in [*parts, *(note.get(lang) for note in rule.citation.notes)]:
        assert " ".join(part.split()) in shown


@pytest.mark.parametrize("name", RULES)
def test_the_kinds_of_a_rule_are_in_the_reader_s_language(name: str) -> None:
    """In Chinese no word list's English key is left: force, kind of rule, remedy, confidence."""
    rule = RULES[name]
    line = next(line for line in printed(rule_text(rule, "zh")).splitlines() if " – " in line)
    assert not any(key and key in line for key in (rule.citation.force, rule.mode, rule.remedy))


def test_a_verdict_shows_explanations_once_and_questions() -> None:
    """Each rule that fires explains itself once; open questions and the disclaimer follow."""
    fired = FiredRule("R-1", VerdictKind.PROHIBITED, (), (), Text("zh", "R-1: because."))
    question = Question("consent", Text("zh", "Did they consent?"))
    verdict = Verdict(ACTIVITY, VerdictKind.PROHIBITED, (fired,), (), (question,), "", date(2026, 1, 1))
    shown = printed(verdict_text(verdict, {}, "en"))
    assert shown.count("R-1") == 1
    assert "Did they consent?" in shown
    assert "not legal advice" in shown


def test_words_of_a_pack_command_no_terminal() -> None:
    """A pack that a user wrote cannot send escape sequences."""
    fired = FiredRule("R-1", VerdictKind.PROHIBITED, (), (), Text("", "\x1b[2Jgone"))
    verdict = Verdict(ACTIVITY, VerdictKind.PROHIBITED, (fired,), (), (), "", date(2026, 1, 1))
    assert "\x1b" not in printed(verdict_text(verdict, {}, "en"))
