"""Tests of three-valued evaluation, row by row."""

from __future__ import annotations

import cedarpy
import pytest

from efface.rules.facts import Facts
from efface.rules.kleene import evaluate, facts_read, unsupported
from efface.rules.taxonomy import Entity


def expression(text: str):
    (policy,) = cedarpy.policies_to_pst(
        f"forbid (principal, action, resource) when {{ {text} }};"
    ).static_policies.values()
    return policy.clauses[0].expr


YES, NO = {"consent": True}, {"consent": False}
JIANGSU, NANJING = (Entity("Jurisdiction", f"CN-{code}") for code in ("320000", "320100"))
A, B, C = "context.consent", "context.written_consent", "context.separate_consent"
ROWS = {
    "false and unknown is false": (f"{A} && {B}", NO, False, ()),
    "unknown and false is false": (f"{B} && {A}", NO, False, ()),
    "true and unknown is unknown": (f"{A} && {B}", YES, None, ("written_consent",)),
    "true or unknown is true": (f"{B} || {A}", YES, True, ()),
    "false or unknown is unknown": (f"{A} || {B}", NO, None, ("written_consent",)),
    "not unknown is unknown": (f"!{B}", {}, None, ("written_consent",)),
    "every missing fact is named once": (f"({B} || {C}) && {B}", {}, None, ("written_consent", "separate_consent")),
    "unknown or not unknown stays unknown": (f"{B} || !{B}", {}, None, ("written_consent",)),
    "a city lies in its province": ('context.jurisdiction in Jurisdiction::"CN-320000"', {"jurisdiction": NANJING}, True, ()),
    "a province may or may not be the city": (
        'context.jurisdiction in Jurisdiction::"CN-320100"', {"jurisdiction": JIANGSU}, None, ("jurisdiction",)),
    "another province is not the city": (
        'context.jurisdiction in Jurisdiction::"CN-120000"', {"jurisdiction": JIANGSU}, False, ()),
    "one of several capacities is enough": (
        'principal in ActorKind::"employer"',
        {"actors": frozenset({Entity("ActorKind", "employer"), Entity("ActorKind", "recycler")})}, True, ()),
    "an unknown kind of data is asked for": ('resource in Category::"face"', {}, None, ("data_category",)),
    "a number that is unknown": ("context.persons_stored >= 100000", {}, None, ("persons_stored",)),
}  # fmt: skip


@pytest.mark.parametrize("sentence", ROWS)
def test_evaluate(sentence: str):
    """Each sentence of the table is the truth value and the missing facts of its condition."""
    text, values, truth, missing = ROWS[sentence]
    answer = evaluate(expression(text), Facts(values))
    assert (answer.value, answer.missing) == (truth, missing)


def test_only_deciding_facts_are_grounds():
    """A false conjunction rests on its false part alone."""
    answer = evaluate(expression(f"{A} && {B}"), Facts({"consent": True, "written_consent": False}))
    assert answer.because == ("written_consent",)


def test_facts_read():
    """The facts of a condition are named in the order of the text, once each."""
    assert facts_read(expression(f'principal in ActorKind::"employer" && {B} && ({A} || {B})')) == (
        "actors", "written_consent", "consent",
    )  # fmt: skip


UNSUPPORTED = {
    "like": '"a" like "b*"',
    "has": "context has consent",
    "is": "principal is Party",
    "if": "if true then true else false",
    "arithmetic": "context.persons_stored * 2 > 1",
    "negative numbers": "context.persons_stored > -context.retention_days",
    "containsAll": 'context.activities.containsAll([Activity::"collect"])',
    "in a list of words": 'context.place in [Place::"shop"]',
    "sets of anything but words": "context.activities.containsAny([context.place])",
    "records": "{consent: true}.consent",
    "decimals": 'decimal("1.0").lessThan(decimal("2.0"))',
    "addresses": 'ip("127.0.0.1").isLoopback()',
    "a time of day": 'context.conduct_from < datetime("2021-01-01T00:00:00Z")',
    "attributes of the party": "principal.consent",
    "equality of the party": 'principal == Party::"case"',
    "the action": 'action == Action::"process"',
}


@pytest.mark.parametrize("node", UNSUPPORTED)
def test_unsupported(node: str):
    """What the evaluator does not know is named before anything is judged."""
    assert list(unsupported(expression(UNSUPPORTED[node])))
