"""Tests of which questions are asked, and in which order."""

from __future__ import annotations

from datetime import date

import pytest

from efface.rules.engine import questions
from efface.testing.laws import case_of, pack_of

DAY = date(2026, 6, 1)
TWO_OF_THREE = (
    "A prohibition: context.consent && context.filed",
    "B prohibition: context.consent && context.excessive",
)

ROWS = {
    "the fact that settles more rules comes first": (TWO_OF_THREE, {}, ["consent", "excessive", "filed"]),
    "a fact that settles a hold comes before one that settles two prohibitions": (
        (*TWO_OF_THREE, "C hold: context.emergency"), {}, ["emergency", "consent", "excessive", "filed"]),
    "a fact that settles a rule either way comes before one that may": (
        ("A prohibition: context.consent && context.filed", "B prohibition: context.excessive"), {},
        ["excessive", "consent", "filed"]),
    "what is known is not asked": (TWO_OF_THREE, {"consent": True}, ["excessive", "filed"]),
    "what no longer matters is not asked": (TWO_OF_THREE, {"consent": False}, []),
    "beside a certain prohibition nothing weaker is asked": (
        ("A prohibition", "B duty: unless context.consent"), {}, []),
    "beside a broken duty a prohibition is asked, another duty is not": (
        ("A duty: unless context.consent", "B prohibition: context.filed", "C duty: unless context.emergency"),
        {"consent": False}, ["filed"]),
    "a permission asks nothing": (("A permission: context.consent",), {}, []),
    "a day asks as a word does": (
        ('A prohibition: context.threshold_reached_on < datetime("2025-01-01")',), {}, ["threshold_reached_on"]),
}  # fmt: skip


@pytest.mark.parametrize("sentence", ROWS)
def test_order(sentence: str):
    """Questions stand in the order that decides soonest, and only those that could change something."""
    rules, facts, asked = ROWS[sentence]
    assert [each.fact for each in questions(case_of(**facts), [pack_of(*rules)], as_of=DAY)] == asked


def test_the_order_does_not_depend_on_that_of_packs():
    """The same rules in other packs and another order ask the same in the same order."""
    one = [pack_of(TWO_OF_THREE[0], pack="a"), pack_of(TWO_OF_THREE[1], pack="b")]
    assert questions(case_of(), one, as_of=DAY) == questions(case_of(), one[::-1], as_of=DAY)
