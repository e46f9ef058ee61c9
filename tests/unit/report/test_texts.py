"""The table of texts."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from efface.model import (
    Characteristic,
    Form,
    GapReason,
    Level,
    Method,
    Mode,
    Recognition,
    RemovalStatus,
    RuleMode,
    VerdictKind,
)
from efface.report.texts import both, has, table, text, word

WORD_LISTS = {
    "characteristic": Characteristic,
    "form": Form,
    "gap": GapReason,
    "level": [str(int(level)) for level in Level],
    "method": Method,
    "mode": Mode,
    "rule_mode": RuleMode,
    "recognition": Recognition,
    "gallery": ["clear", "parrot"],
    "measure": ["rank_one", "accepted"],
    "status": RemovalStatus,
    "verdict": VerdictKind,
    "verdict_meaning": VerdictKind,
    "confidence": ["primary", "secondary", "unchecked"],
    "remedy": ["erase", "dismantle", "freeze", "keep", "obtain_consent"],
    "stage": ["list", "open", "unpack", "decode", "detect"],
}


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


@pytest.mark.parametrize("key", table())
def test_every_text_has_both_languages(key):
    """Every text has a Chinese and an English side, neither empty nor padded."""
    entry = table()[key]
    assert entry.zh.strip() == entry.zh != ""
    assert entry.en.strip() == entry.en != ""


@pytest.mark.parametrize("key", table())
def test_both_languages_say_the_same_values(key):
    """Both sides of a text name the same placeholders, plain names without attributes or indices."""
    entry = table()[key]
    assert placeholders(entry.zh) == placeholders(entry.en)
    assert all(name.isidentifier() for name in placeholders(entry.zh))


@pytest.mark.parametrize("key", table())
def test_languages_stay_on_their_side(key):
    """No English side holds Chinese characters, and every Chinese side does."""
    entry = table()[key]
    assert not re.search("[\u3400-\u9fff]", entry.en)
    assert re.search("[\u3400-\u9fff]", entry.zh)


@pytest.mark.parametrize(("section", "value"), [(s, v) for s, values in WORD_LISTS.items() for v in values])
def test_every_word_of_the_model_has_a_text(section, value):
    """Every value of every closed word list can be said in both languages."""
    assert has(f"{section}.{value}")


def test_unknown_key_is_an_error():
    """A text that the table lacks is an error, never an empty place in a report."""
    with pytest.raises(KeyError):
        text("heading.no_such", "zh")


def test_missing_value_is_an_error():
    """A sentence without one of its values is an error."""
    with pytest.raises(KeyError):
        text("sentence.coverage", "en", seen=1)


def test_unknown_word_stands_for_itself_without_its_tricks():
    """A word that the table lacks is shown as it is, its hidden characters written out."""
    assert word("remedy", "\x1b[31mburn").zh == r"\x1b[31mburn"


def test_values_are_never_templates():
    """A value that looks like a template is put in as it is."""
    assert "{0.__class__}" in both("sentence.result_missing", facts="{0.__class__}").en
