"""Tests of loading rule packs and refusing broken ones."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from importlib.resources import files

import pytest

from efface.errors import RulePackError, UsageError
from efface.model.vocabulary import RuleMode
from efface.rules.facts import CASE_KEYS, fact_types, questions_for_facts
from efface.rules.pack import FILES, builtin_packs, check_pack, get_rule, join_packs, list_packs, load_pack
from efface.testing.laws import pack_of, pack_texts

SHIPPED = sorted(entry.name for entry in files("efface.rules").joinpath("packs").iterdir() if entry.is_dir())
EFFECTIVE = '@effective("2021-01-01")'


def texts_of(pack: str) -> dict[str, str]:
    root = files("efface.rules").joinpath("packs", pack)
    return {name: root.joinpath(name).read_text(encoding="utf-8") for name in FILES}


@pytest.fixture
def pack() -> dict[str, str]:
    return texts_of("cn-tj-social-credit")


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_packs_are_sound(name: str):
    """Every shipped pack is sound, its examples included."""
    assert check_pack(texts_of(name)) == []


def test_list_of_packs():
    """The list names every shipped pack with its number of rules and a digest."""
    listed = list_packs()
    assert [summary.id for summary in listed] == SHIPPED
    rules = {summary.id: summary.rules for summary in listed}
    assert (rules["cn-nj-2020-sales-offices"], rules["cn-tj-social-credit"]) == (2, 3)
    assert all(summary.digest.startswith("sha256:") and len(summary.digest) == 71 for summary in listed)


def test_rule_is_cited():
    """A rule carries its official words, its sources and what they leave unknown."""
    rule = get_rule("CN-TJ-SC-16-2")
    assert rule.citation.quote.startswith("市场信用信息提供单位不得采集")
    assert (rule.citation.article, rule.citation.confidence, rule.citation.force) == (
        "16(2)",
        "secondary",
        "local_reg",
    )
    assert any("Penalties" in note.en for note in rule.citation.notes)
    assert any("disputed" in note.en for note in rule.citation.notes)
    assert (rule.mode, rule.conditions) == (RuleMode.FORBID, ())


def test_reported_order_is_not_a_statute():
    """The Nanjing order is marked as reported, quotes nothing and shows its contradictions."""
    rule = get_rule("CN-NJ-2020")
    assert (rule.citation.force, rule.citation.quote, rule.remedy) == (
        "admin_instruction_reported",
        "",
        "dismantle",
    )
    assert any("disagree" in note.en for note in rule.citation.notes)
    assert any("deletion" in note.en for note in rule.citation.notes)


def test_conditions_of_a_rule():
    """A conditional rule names the facts that satisfy it, and shows its clause without annotations."""
    rule = get_rule("CN-TJ-SC-16-3")
    assert rule.conditions == ("adverse_effect_explained", "written_consent")
    assert rule.applies.startswith("forbid (principal in")
    assert "@" not in rule.applies


def test_rule_that_is_none():
    """A rule's name that is none is refused with a hint."""
    with pytest.raises(UsageError, match="did you mean 'CN-NJ-2020'"):
        get_rule("CN-NJ-2021")


def test_digest_is_of_content():
    """The digest changes with any content and not with the form of line ends."""
    texts = texts_of("cn-tj-social-credit")
    digest = load_pack(texts).reference.digest
    windows = {name: text.replace("\n", "\r\n") for name, text in texts.items() if name != "rules.cedar"}
    assert load_pack(texts | windows).reference.digest == digest
    changed = texts | {"pack.toml": texts["pack.toml"].replace("version = 1", "version = 2")}
    assert load_pack(changed).reference.digest != digest


def test_every_fact_has_a_question():
    """Every fact that a rule may read has a question in both languages, and no question asks for another."""
    assert set(questions_for_facts()) == set(fact_types()) | CASE_KEYS | {"actors"}


BROKEN = {
    "a misspelt fact": ("rules.cedar", "context.purpose_agreed", "context.purpose_agred", "`purpose_agred`"),
    "a place that is none": ("rules.cedar", "CN-120000", "CN-TX", "the taxonomy lists no Jurisdiction"),
    "a kind of data that is none": ("rules.cedar", '"wealth"', '"welth"', "did you mean 'wealth'"),
    "an unknown kind of entity": ("rules.cedar", 'Category::"wealth"', 'Sort::"wealth"', "rules.cedar: CN-TJ-SC-16-3"),
    "an identifier used twice": ("rules.cedar", "CN-TJ-SC-16-3", "CN-TJ-SC-16-2", "is used 2 times"),
    "no kind": ("rules.cedar", '@kind("prohibition")\n', "", "annotation @kind is missing"),
    "a kind that is none": ("rules.cedar", '"prohibition"', '"ban"', "@kind: expected one of"),
    "no remedy": ("rules.cedar", '@remedy("erase")\n', "", "annotation @remedy is missing"),
    "no authority": ("rules.cedar", '@authority("local_reg")\n', "", "annotation @authority is missing"),
    "an authority that is none": ("rules.cedar", "local_reg", "blog", "@authority: expected one of"),
    "an annotation that is none": ("rules.cedar", "@remedy", "@remedi", "no annotation is called @remedi"),
    "no first day": ("rules.cedar", EFFECTIVE + "\n", "", "annotation @effective is missing"),
    "a first day that is no day": ("rules.cedar", EFFECTIVE, '@effective("2021")', "expected a day"),
    "another first day than the text": ("rules.cedar", EFFECTIVE, '@effective("2021-01-02")', "the text must say once"),
    "a last day that the text lacks": ("rules.cedar", EFFECTIVE, EFFECTIVE + '\n@until("2030-01-01")', "@until"),
    "a text without its date": ("rules.cedar", 'context.conduct_until >= datetime("2021-01-01")', "true", "@effective"),
    "consent to a prohibition": ("rules.cedar", "  )\n};", "  )\n} unless { context.consent };", "has no `unless`"),
    "a permission": ("rules.cedar", "forbid", "permit", "every norm is a `forbid`"),
    "a node nobody evaluates": ("rules.cedar", 'context.readings.contains(Reading::"tianjin_broad")', '"a" like "b*"', "not supported: Like"),
    "an if": ("rules.cedar", 'context.readings.contains(Reading::"tianjin_broad")', "(if true then true else false)", "IfThenElse"),
    "arithmetic": ("rules.cedar", 'context.readings.contains(Reading::"tianjin_broad")', "context.persons_stored + 1 > 2", "BinaryOp add"),
    "a named action": ("rules.cedar", "action,", 'action == Action::"process",', "action is left open"),
    "a slot": ("rules.cedar", 'principal in ActorKind::"market_credit_provider"', "principal == ?principal", "without slots"),
    "text that is no policy": ("rules.cedar", "unless {", "unless (", "not a Cedar policy"),
    "text before the first rule": ("rules.cedar", "// Tianjin", "Tianjin", "begins with @id"),
    "brackets without end": ("rules.cedar", "context.consent ", "(" * 5000 + "context.consent " + ")" * 5000, "longer than"),
    "operators without end": ("rules.cedar", "context.consent ", "context.consent && " * 5000 + "true", "longer than"),
    "facts that contradict each other": (
        "examples.toml",
        "facts = { consent = true, purpose_agreed = true }",
        "facts = { consent = false, separate_consent = true }",
        "contradict each other",
    ),
    "no words for a rule": ("texts.toml", "CN-TJ-SC-16-3", "CN-TJ-SC-16-4", "its words"),
    "words for no rule": ("texts.toml", "CN-TJ-SC-16-3", "CN-TJ-SC-16-4", "CN-TJ-SC-16-4: no rule is called so"),
    "no Chinese": ("texts.toml", 'article_text = { zh = "第十六条第二款", ', "article_text = { ", "article_text.zh: missing"),
    "an empty translation": ("texts.toml", 'en = "article 16, paragraph 2"', 'en = " "', "must not be empty"),
    "a question for no fact": ("texts.toml", "[questions.authority_", "[questions.autority_", "no fact has this name"),
    "no read-on day": ("pack.toml", "read_on = 2026-11-23\n", "", "read_on: missing"),
    "no sources": ("pack.toml", "sources = [", "resources = [", "sources: missing"),
    "a text that nobody could read": ("pack.toml", '"secondary"', '"unknown"', "confidence"),
    "a jurisdiction that is none": ("pack.toml", "CN-120000", "CN-TJ", "the taxonomy lists no 'CN-TJ'"),
    "no TOML": ("pack.toml", "id = ", "id ", "not valid TOML"),
    "an example that fails": ("examples.toml", 'kind = "conditional_ok"', 'kind = "prohibited"', "the rule says conditional_ok"),
    "an example of no rule": ("examples.toml", 'rule = "CN-TJ-SC-16-1"', 'rule = "CN-TJ"', "no sound rule is called"),
    "an example of no case": ("examples.toml", 'case = "tenant-credit"', 'case = "tenant"', "no case is called"),
    "an example with a misspelt fact": ("examples.toml", "purpose_agreed", "purpose_agred", "facts.purpose_agred"),
    "an example with an actor that is none": ("examples.toml", '"pi_handler"', '"pi_handle"', "did you mean 'pi_handler'"),
    "no example on the first day": ("examples.toml", "as_of = 2021-01-01", "as_of = 2021-01-02", "first day"),
    "no example on the day before": ("examples.toml", "as_of = 2020-12-31", "as_of = 2020-12-30", "day before"),
    "a verdict that is none": ("examples.toml", 'kind = "out_of_scope"', 'kind = "fine"', "examples.toml: examples."),
}  # fmt: skip


@pytest.mark.parametrize("sentence", BROKEN)
def test_broken_pack(pack: dict[str, str], sentence: str):
    """A pack with a fault is refused, and the fault is named with its file."""
    name, old, new, part = BROKEN[sentence]
    assert old in pack[name]
    broken = pack | {name: pack[name].replace(old, new)}
    faults = check_pack(broken)
    assert any(part in fault for fault in faults), faults
    with pytest.raises(RulePackError):
        load_pack(broken)


def test_every_fault_at_once(pack: dict[str, str]):
    """All faults of all files are told at once."""
    broken = pack | {
        "pack.toml": pack["pack.toml"].replace("version = 1", 'version = "1"'),
        "rules.cedar": pack["rules.cedar"].replace('"wealth"', '"welth"').replace('@remedy("erase")', ""),
        "texts.toml": pack["texts.toml"].replace('article = "16(1)"', ""),
    }
    with pytest.raises(RulePackError) as caught:
        load_pack(broken)
    for part in (
        "pack.toml: version",
        "welth",
        "@remedy is missing",
        "texts.toml: rules.CN-TJ-SC-16-1.article",
    ):
        assert part in str(caught.value)


def test_missing_and_foreign_files(pack: dict[str, str]):
    """A missing file and one that does not belong to a pack are faults."""
    del pack["examples.toml"]
    faults = check_pack(pack | {"run.py": ""})
    assert faults == ["examples.toml: the file is missing", "run.py: not a file of a pack"]


def test_no_example_at_all(pack: dict[str, str]):
    """A rule without examples is refused: its examples are its tests."""
    table = tomllib.loads(pack["examples.toml"])
    assert table["examples"]
    faults = check_pack(pack | {"examples.toml": "examples = []\n[cases]\n"})
    assert len(faults) == 4 * len(load_pack(pack).norms)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_pack_is_the_same_checked_or_not(name: str):
    """Loading without checks gives the pack that loading with them gives, its examples aside."""
    whole = load_pack(texts_of(name))
    quick = load_pack(texts_of(name), checked=True)
    bare = [replace(norm, rule=replace(norm.rule, examples=())) for norm in whole.norms]
    assert (quick.reference, list(quick.norms)) == (whole.reference, bare)
    assert all(norm.rule.examples for norm in whole.norms)


def test_working_days_outside_china_are_refused():
    """Public holidays of other countries are not known, so no pack may count by them."""
    rule = 'A prohibition | deadline = { zh = "十日", en = "ten days", working_days = 10, after = "threshold_reached_on" }'
    assert not any("working_days" in fault for fault in check_pack(pack_texts(rule)))
    assert any("known of China only" in fault for fault in check_pack(pack_texts(rule, place="EU")))


def test_names_that_are_taken():
    """Packs of others may not take a shipped name or each other's, and every clash is told."""
    own = [pack_of("A permission", "CN-NJ-2020 permission", pack="x"), pack_of("A permission", pack="x")]
    with pytest.raises(RulePackError) as caught:
        join_packs(own)
    for part in ("x: CN-NJ-2020: a rule of cn-nj-2020-sales-offices", "x: another pack", "x: A: a rule of x"):
        assert part in str(caught.value)
    assert join_packs(own[1:]) == (*builtin_packs(), own[1])


def test_packs_are_loaded_once():
    """Shipped packs are loaded and checked once."""
    assert builtin_packs() is builtin_packs()
