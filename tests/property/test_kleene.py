"""Properties of the evaluator: it agrees with Cedar where all is known, and learning more contradicts nothing."""

from __future__ import annotations

from datetime import date

import cedarpy
from hypothesis import given, settings
from hypothesis import strategies as st

from efface.rules.facts import Facts, fact_types
from efface.rules.kleene import evaluate, unsupported
from efface.rules.norm import apply
from efface.rules.pack import builtin_packs
from efface.rules.taxonomy import Entity, taxonomy
from efface.testing.against_cedar import fired_by_cedar, fired_by_us, leaves

BOOLS = sorted(name for name, kind in fact_types().items() if kind == "Bool")
LONGS = sorted(name for name, kind in fact_types().items() if kind == "Long")
DATES = sorted(name for name, kind in fact_types().items() if kind == "datetime")
DAYS = [date(2020, 11, 26), date(2020, 11, 27), date(2020, 12, 31), date(2021, 1, 1), date(2026, 1, 1)]
# Words that no rule goes below: for these Cedar and three-valued evaluation must agree.
DISTRICTS = ["CN-120116", "CN-310112", "CN-320105", "CN-320500"]
PLACES = ["CN", "CN-120000", "CN-310000", "CN-320000", "CN-320100", *DISTRICTS]


def one(kind: str, words: list[str] | None = None) -> st.SearchStrategy[Entity]:
    return st.sampled_from(words or leaves(kind)).map(lambda word: Entity(kind, word))


def some(kind: str) -> st.SearchStrategy[frozenset[Entity]]:
    return st.frozensets(one(kind), min_size=1, max_size=4)


KNOWN = st.fixed_dictionaries(
    {
        "actors": some("ActorKind"),
        "data_category": one("Category"),
        "jurisdiction": one("Jurisdiction", DISTRICTS),
        "place": one("Place"),
        "purpose_kind": one("Purpose"),
        "activities": some("Activity"),
        "conduct_from": st.sampled_from(DAYS),
        "conduct_until": st.sampled_from(DAYS),
        "readings": some("Reading"),
    }
    | {name: st.booleans() for name in BOOLS}
    | {name: st.integers(0, 5) for name in LONGS}
    | {name: st.sampled_from(DAYS) for name in DATES}
)
# Facts under which the shipped rules come close to firing, so that both answers are seen.
LIKELY = st.sampled_from(
    [
        {
            "actors": frozenset({Entity("ActorKind", "market_credit_provider")}),
            "jurisdiction": Entity("Jurisdiction", "CN-120116"),
            "purpose_kind": Entity("Purpose", "social_credit"),
            "activities": frozenset({Entity("Activity", "collect"), Entity("Activity", "store")}),
        },
        {
            "actors": frozenset({Entity("ActorKind", "sales_office"), Entity("ActorKind", "pi_handler")}),
            "jurisdiction": Entity("Jurisdiction", "CN-320105"),
            "place": Entity("Place", "sales_office"),
            "activities": frozenset({Entity("Activity", "collect"), Entity("Activity", "identify_1toN")}),
        },
        {},
    ]
)
FACTS = st.builds(lambda known, likely: known | likely, KNOWN, LIKELY)

ATOMS = st.one_of(
    st.sampled_from([f"context.{name}" for name in BOOLS]),
    st.builds(
        lambda name, op, n: f"context.{name} {op} {n}",
        st.sampled_from(LONGS), st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), st.integers(0, 5),
    ),
    st.builds(
        lambda name, op, day: f'context.{name} {op} datetime("{day}")',
        st.sampled_from(["conduct_from", "conduct_until"]), st.sampled_from(["<", "<=", ">", ">="]), st.sampled_from(DAYS),
    ),
    st.builds('principal in ActorKind::"{}"'.format, st.sampled_from(leaves("ActorKind"))),
    st.builds('resource in Category::"{}"'.format, st.sampled_from(sorted(taxonomy().words["Category"]))),
    st.builds('context.jurisdiction in Jurisdiction::"{}"'.format, st.sampled_from(PLACES)),
    st.builds('context.place in Place::"{}"'.format, st.sampled_from(sorted(taxonomy().words["Place"]))),
    st.builds('context.place == Place::"{}"'.format, st.sampled_from(leaves("Place"))),
    st.builds('context.readings.contains(Reading::"{}")'.format, st.sampled_from(leaves("Reading"))),
    st.builds('context.activities.contains(Activity::"{}")'.format, st.sampled_from(leaves("Activity"))),
    st.builds(
        'context.activities.containsAny([Activity::"{}", Activity::"{}"])'.format,
        st.sampled_from(leaves("Activity")), st.sampled_from(leaves("Activity")),
    ),
    st.sampled_from(["true", "false"]),
)  # fmt: skip
CONDITIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds("({} && {})".format, inner, inner),
        st.builds("({} || {})".format, inner, inner),
        st.builds("!({})".format, inner),
    ),
    max_leaves=8,
)


def by_cedar(policies: str, facts: dict[str, object]) -> frozenset[int]:
    """The positions of the `forbid` policies that Cedar's own engine finds satisfied."""
    return fired_by_cedar(policies, [facts])[0]


@settings(max_examples=150, deadline=None)
@given(FACTS)
def test_shipped_rules_agree_with_cedar(facts):
    """Where every fact is known, each shipped rule fires exactly when Cedar's own engine says so."""
    for pack in builtin_packs():
        assert fired_by_us(pack.norms, facts) == by_cedar(pack.texts["rules.cedar"], facts)


@settings(max_examples=200, deadline=None)
@given(CONDITIONS, KNOWN)
def test_any_condition_agrees_with_cedar(condition, facts):
    """Where every fact is known, any supported condition has the value that Cedar gives it."""
    text = f"forbid (principal, action, resource) when {{ {condition} }};"
    (policy,) = cedarpy.policies_to_pst(text).static_policies.values()
    assert list(unsupported(policy.clauses[0].expr)) == []
    value = evaluate(policy.clauses[0].expr, Facts(facts)).value
    assert value is not None
    assert value == (by_cedar(text, facts) == {0})


@settings(max_examples=200, deadline=None)
@given(CONDITIONS, KNOWN, st.data())
def test_learning_more_contradicts_nothing(condition, facts, data):
    """An answer given with facts missing stays the answer whatever the missing facts turn out to be."""
    text = f"forbid (principal, action, resource) when {{ {condition} }};"
    (policy,) = cedarpy.policies_to_pst(text).static_policies.values()
    expr = policy.clauses[0].expr
    kept = data.draw(st.sets(st.sampled_from(sorted(facts))))
    partial = evaluate(expr, Facts({name: facts[name] for name in kept}))
    assert (partial.value is None) == bool(partial.missing)
    assert not kept & set(partial.missing)
    if partial.value is not None:
        assert partial.value == evaluate(expr, Facts(facts)).value
    else:
        told = kept | set(partial.missing)
        assert evaluate(expr, Facts({name: facts[name] for name in told})).value is not None


@settings(max_examples=150, deadline=None)
@given(FACTS, st.data())
def test_a_violation_never_vanishes(facts, data):
    """What a rule says for sure with facts missing, it says for sure when they are known."""
    kept = data.draw(st.sets(st.sampled_from(sorted(facts))))
    partial = Facts({name: facts[name] for name in kept})
    for norm in (norm for pack in builtin_packs() for norm in pack.norms):
        before = apply(norm, partial)
        if before.kind is norm.consequence.worst is not norm.consequence.cured:
            assert apply(norm, Facts(facts)).kind is before.kind
