"""Properties of judging by several rules: nothing that is certain is lost, and nothing useless is asked."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date

import pytest

from efface.model.vocabulary import VerdictKind
from efface.rules.asking import kind_of, open_questions
from efface.rules.facts import Facts
from efface.rules.norm import apply
from efface.rules.opinion import Law
from efface.rules.pack import builtin_packs
from efface.testing.against_cedar import Differential, fired_by_cedar, fired_by_us, policies_of
from efface.testing.laws import pack_of

DAY = date(2026, 6, 1)
HARMLESS = {VerdictKind.CONDITIONAL_OK, VerdictKind.PERMITTED, VerdictKind.OUT_OF_SCOPE}
# Kinds that few shipped rules have, so that every kind meets every other.
MADE = pack_of(
    "M-HOLD hold: context.emergency unless context.retention_days >= 30",
    "M-BAN prohibition: context.excessive && (context.consent_bundled || context.forced_or_misled)",
    "M-DUTY duty: context.filing_facts_changed unless context.filed || context.deregistered",
    'M-FREEZE freeze: context.deletion_technically_hard && context.place in Place::"public_place"',
    "M-MAY permission: context.news_reporting",
    "M-SHOULD recommendation: context.raw_sample_kept unless context.security_controls",
)
PACKS = (*builtin_packs(), MADE)
LAW = Law(PACKS)
NEAR = Differential(LAW.norms)


def judged(law: Law, facts: dict):
    told = Facts(facts)
    outcomes = [apply(norm, told) for norm in law.norms]
    return kind_of(outcomes), {question.fact for question in open_questions(outcomes, told)}


def partial(rng: random.Random) -> tuple[dict, dict]:
    whole = NEAR.facts(rng)
    share = rng.random()
    return whole, {name: value for name, value in whole.items() if rng.random() < share}


def test_two_thousand_facts_agree_with_cedar():
    """On complete facts near the rules, every shipped rule and one of each kind fires exactly when Cedar says so."""
    norms = [norm for pack in PACKS for norm in pack.norms]
    source, rng = Differential(norms), random.Random(20260601)
    many = [source.facts(rng) for _ in range(2_000)]
    theirs = fired_by_cedar(policies_of(PACKS), many)
    assert [fired_by_us(norms, facts) for facts in many] == theirs
    assert len(frozenset().union(*theirs)) > len(norms) / 2


@pytest.mark.parametrize("seed", range(50))
def test_a_certain_verdict_stays_certain(seed: int):
    """Telling more facts never turns a certain verdict into a question, nor a grave one into a harmless one."""
    rng = random.Random(seed)
    whole, known = partial(rng)
    kind, _ = judged(LAW, known)
    for name in rng.sample(sorted(set(whole) - set(known)), k=len(whole) - len(known))[:12]:
        known[name] = whole[name]
        after, _ = judged(LAW, known)
        if kind is not VerdictKind.NEEDS_FACTS:
            assert after is not VerdictKind.NEEDS_FACTS
            assert after.strength <= kind.strength or (kind in HARMLESS and after in HARMLESS)
        kind = after


@pytest.mark.parametrize("seed", range(50))
def test_no_answer_to_a_question_that_is_not_asked_changes_the_verdict(seed: int):
    """A fact that is not asked may be anything: the kind stays, or what is harmless stays harmless."""
    rng = random.Random(1_000 + seed)
    _, known = partial(rng)
    kind, asked = judged(LAW, known)
    other = NEAR.facts(rng)
    for name in sorted(set(other) - set(known) - asked):
        after, _ = judged(LAW, known | {name: other[name]})
        assert after is kind or (kind in HARMLESS and after in HARMLESS), name


@pytest.mark.parametrize("seed", range(60))
def test_a_further_rule_removes_no_prohibition(seed: int):
    """With any rule left out, what the rest forbid is forbidden with it too."""
    rng = random.Random(2_000 + seed)
    _, known = partial(rng)
    all_of_it, _ = judged(LAW, known)
    less = Law(())
    less.norms = tuple(rng.sample(LAW.norms, k=rng.randrange(len(LAW.norms))))
    kind, _ = judged(less, known)
    if kind in (VerdictKind.HOLD, VerdictKind.PROHIBITED, VerdictKind.PROHIBITED_UNLESS):
        assert all_of_it.strength <= kind.strength


@pytest.mark.parametrize("seed", range(40))
def test_the_order_of_packs_and_rules_says_nothing(seed: int):
    """However packs and the rules in them are ordered, the verdict is the same to the last word."""
    rng = random.Random(3_000 + seed)
    _, known = partial(rng)
    shuffled = [replace(pack, norms=tuple(rng.sample(pack.norms, k=len(pack.norms)))) for pack in PACKS]
    rng.shuffle(shuffled)
    assert Law(shuffled).opinion(Facts(known), DAY) == LAW.opinion(Facts(known), DAY)
