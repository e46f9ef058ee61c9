"""Tests of three-valued evaluation, row by row."""

from __future__ import annotations

import cedarpy
import pytest

from efface.rules.facts import AtLeast, Facts
from efface.rules.kleene import evaluate, unsupported
from efface.rules.taxonomy import Entity
from efface.rules.terms import facts_read, numbers_compared, readings_named


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


BOUNDS = [
    ("<", 30, False), ("<", 31, None), ("<=", 29, False), ("<=", 30, None), (">", 29, True), (">", 30, None),
    (">=", 30, True), (">=", 31, None), ("==", 29, False), ("==", 30, None), ("!=", 29, True), ("!=", 31, None),
]  # fmt: skip


@pytest.mark.parametrize(("op", "number", "value"), BOUNDS)
def test_a_lower_bound(op: str, number: int, value: bool | None):
    """A number of which only a lower bound is known decides what the bound decides, on either side."""
    facts = Facts({"data_age_days": AtLeast(30)})
    mirrored = op.translate(str.maketrans("<>", "><"))
    assert evaluate(expression(f"context.data_age_days {op} {number}"), facts).value is value
    assert evaluate(expression(f"{number} {mirrored} context.data_age_days"), facts).value is value


def test_two_facts_are_compared():
    """Two facts may be compared with each other; what is missing of both is asked."""
    both = expression("context.retention_days <= context.data_age_days")
    assert evaluate(both, Facts({"retention_days": 5, "data_age_days": 7})).value is True
    assert evaluate(both, Facts({"retention_days": 5, "data_age_days": AtLeast(7)})).value is True
    assert evaluate(both, Facts({"retention_days": 5, "data_age_days": AtLeast(4)})).value is None
    assert evaluate(both, Facts({"retention_days": 5})).missing == ("data_age_days",)
    assert evaluate(both, Facts({})).missing == ("retention_days", "data_age_days")


def test_what_is_assumed_is_not_known():
    """An assumed answer decides conditions on an unknown fact, and none on a known one."""
    assert evaluate(expression(f"{A} && !{B}"), Facts(YES, assumed={"written_consent": False})).value is True
    assert evaluate(expression(A), Facts(NO, assumed={"consent": True})).value is False


def test_what_a_condition_names():
    """Readings and numbers are found wherever they stand."""
    text = 'context.readings.containsAny([Reading::"a"]) || !(1 < context.data_age_days && context.readings.contains(Reading::"b"))'
    assert readings_named(expression(text)) == {"a", "b"}
    assert list(numbers_compared(expression(text))) == [("data_age_days", 1)]
