"""Load rule packs, and refuse a pack with any fault by listing every fault.

A pack is data: a mapping of file names to texts. Packs that ship with efface are read from the package;
for any other, the caller reads the folder.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, TypeVar

from efface.errors import RulePackError, UsageError
from efface.model.rule import Citation, Deadline, PackReference, Rule, Text
from efface.rules.examples import as_example, faults_in_examples
from efface.rules.facts import questions_for_facts, schema
from efface.rules.norm import KINDS, Norm
from efface.rules.pack_tables import Examples, PackTable, RuleTexts, Texts
from efface.rules.policy import read_policies
from efface.rules.tables import MAX_CHARACTERS, parse_toml, read_table
from efface.rules.taxonomy import Entity, closest, package_text, taxonomy
from efface.rules.terms import facts_read, numbers_compared, readings_named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from efface.rules.policy import Policy

__all__ = [
    "FILES",
    "Pack",
    "PackSummary",
    "builtin_packs",
    "check_pack",
    "get_rule",
    "join_packs",
    "list_packs",
    "load_pack",
]

_T = TypeVar("_T", PackTable, Texts, Examples)

FILES = ("pack.toml", "rules.cedar", "texts.toml", "examples.toml")
"""The files of a pack's folder; anything else in it is refused."""


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack without faults.

    Attributes:
        reference: Its identifier and the digest of its content and of the words it is written in.
        version: Its own version number.
        title: What it is called.
        jurisdiction: Where its instrument binds.
        read_on: The day its sources were read.
        norms: Its rules, ready to be applied.
        texts: The texts that it was read from, by name of file.
    """

    reference: PackReference
    version: int
    title: Text
    jurisdiction: str
    read_on: date
    norms: tuple[Norm, ...]
    texts: Mapping[str, str]

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Its rules as values of the model."""
        return tuple(norm.rule for norm in self.norms)


@dataclass(frozen=True, slots=True)
class PackSummary:
    """One line of the list of packs."""

    id: str
    title: Text
    rules: int
    digest: str


def load_pack(texts: Mapping[str, str], *, checked: bool = False) -> Pack:
    """Return a pack from the texts of its files.

    Args:
        texts: By name of file.
        checked: Whether `check_pack` found no fault in them before. Then Cedar's validator and the examples,
            which are most of the time, are left out, and the rules carry no examples.

    Raises:
        RulePackError: The pack has faults; all of them are listed.
    """
    pack, faults = _read(texts, validated=checked)
    if pack is None:
        raise RulePackError("the rule pack is not valid:", tuple(faults))
    return pack


def check_pack(texts: Mapping[str, str]) -> list[str]:
    """Return every fault of a pack; none means that `load_pack` will load it."""
    return _read(texts)[1]


@cache
def builtin_packs() -> tuple[Pack, ...]:
    """Return the packs that ship with efface, by identifier.

    They are not checked again, and their rules carry no examples: the tests of efface check every shipped pack
    as `check_pack` does. `load_pack(pack.texts)` gives the same pack with its examples.
    """
    root = files("efface.rules").joinpath("packs")
    folders = sorted((entry for entry in root.iterdir() if entry.is_dir()), key=lambda entry: entry.name)
    return tuple(
        load_pack({name: folder.joinpath(name).read_text(encoding="utf-8") for name in FILES}, checked=True)
        for folder in folders
        if folder.joinpath(FILES[0]).is_file()
    )


def join_packs(own: Iterable[Pack]) -> tuple[Pack, ...]:
    """Return the packs that ship with efface and further ones, as one law.

    Raises:
        RulePackError: A further pack or one of its rules has a name that is taken; all of them are listed.
    """
    packs = list(builtin_packs())
    faults = []
    for pack in own:
        names = {known.reference.id for known in packs}
        rules = {rule.id: rule.pack for known in packs for rule in known.rules}
        if pack.reference.id in names:
            faults.append(f"{pack.reference.id}: another pack is called so")
        faults += [
            f"{pack.reference.id}: {rule.id}: a rule of {rules[rule.id]} is called so"
            for rule in pack.rules
            if rule.id in rules
        ]
        packs.append(pack)
    if faults:
        raise RulePackError("the rule packs do not go together:", tuple(faults))
    return tuple(packs)


def list_packs() -> list[PackSummary]:
    """Return what ships with efface, one line a pack."""
    return [
        PackSummary(pack.reference.id, pack.title, len(pack.norms), pack.reference.digest)
        for pack in builtin_packs()
    ]


def get_rule(rule_id: str, packs: Iterable[Pack] | None = None) -> Rule:
    """Return a rule by its name.

    Args:
        rule_id: Its name.
        packs: Where to look; by default what ships with efface.

    Raises:
        UsageError: There is none of that name.
    """
    rules = {rule.id: rule for pack in (builtin_packs() if packs is None else packs) for rule in pack.rules}
    if rule_id not in rules:
        raise UsageError(f"no rule is called {rule_id[:100]!r}{closest(rule_id, rules)}")
    return rules[rule_id]


def _digest(texts: Mapping[str, str]) -> str:
    """Return the digest of canonical contents: file names sorted, line ends LF, the shared words included.

    The schema and the taxonomy count, because a rule means what its words mean.
    """
    shared = {"schema.cedarschema": schema(), "taxonomy.toml": package_text("taxonomy.toml")}
    contents = {name: text.replace("\r\n", "\n") for name, text in (shared | dict(texts)).items()}
    canonical = json.dumps(contents, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"


def _read(texts: Mapping[str, str], *, validated: bool = False) -> tuple[Pack | None, list[str]]:
    faults = [f"{name}: the file is missing" for name in FILES if name not in texts]
    faults += [f"{name[:100]}: not a file of a pack" for name in sorted(texts) if name not in FILES]
    faults += [f"{name[:100]}: longer than {MAX_CHARACTERS} characters" for name in _too_long(texts)]
    if faults:
        return None, faults
    about = _table("pack.toml", texts, PackTable, faults)
    words = _table("texts.toml", texts, Texts, faults)
    examples = (
        Examples(cases={}, examples=[]) if validated else _table("examples.toml", texts, Examples, faults)
    )
    policies, broken = read_policies(texts["rules.cedar"], validated=validated)
    faults += broken
    if about is not None and not taxonomy().named(Entity("Jurisdiction", about.jurisdiction)):
        faults.append(f"pack.toml: jurisdiction: the taxonomy lists no {about.jurisdiction[:100]!r}")
    if words is not None:
        faults += _faults_between(policies, words, complete=not broken)
    if about is not None and words is not None and not about.jurisdiction.startswith("CN"):
        faults += [
            f"texts.toml: {name}: deadline.working_days: public holidays are known of China only"
            for name, text in words.rules.items()
            if text.deadline is not None and text.deadline.working_days is not None
        ]
    if about is None or words is None or examples is None:
        return None, faults
    norms = {
        policy.annotations["id"]: _norm(policy, about, words, examples)
        for policy in policies
        if policy.annotations["id"] in words.rules
    }
    if not validated:
        faults += faults_in_examples(examples, norms)
    pack = Pack(
        PackReference(about.id, _digest(texts)),
        about.version,
        about.title.text(),
        about.jurisdiction,
        about.read_on,
        tuple(norms.values()),
        dict(texts),
    )
    return (None if faults else pack), faults


def _too_long(texts: Mapping[str, str]) -> Iterator[str]:
    return (name for name, text in texts.items() if len(text) > MAX_CHARACTERS)


def _table(name: str, texts: Mapping[str, str], model: type[_T], faults: list[str]) -> _T | None:
    raw, broken = parse_toml(texts[name])
    if broken is not None:
        faults.append(f"{name}: {broken}")
        return None
    table, found = read_table(raw, model)
    faults += [f"{name}: {fault}" for fault in found]
    return table


def _faults_between(policies: list[Policy], words: Texts, *, complete: bool) -> Iterator[str]:
    """Name what rules and texts do not agree on."""
    ids = [policy.annotations["id"] for policy in policies]
    for rule_id in dict.fromkeys(ids):
        if rule_id not in words.rules:
            yield f"texts.toml: {rule_id}: its words (citation, paraphrase, explanation, remedy) are missing"
    if complete:
        yield from (f"texts.toml: {name}: no rule is called so" for name in words.rules if name not in ids)
    for name, text in words.rules.items():
        after = text.deadline.after if text.deadline else ""
        if after and after not in questions_for_facts():
            yield f"texts.toml: {name}: deadline.after: no fact has this name{closest(after, questions_for_facts())}"
    for fact in words.questions:
        if fact not in questions_for_facts():
            yield f"texts.toml: questions.{fact}: no fact has this name{closest(fact, questions_for_facts())}"


def _norm(policy: Policy, about: PackTable, words: Texts, examples: Examples) -> Norm:
    rule_id = policy.annotations["id"]
    text = words.rules[rule_id]
    consequence = KINDS[policy.annotations["kind"]]
    rule = Rule(
        id=rule_id,
        pack=about.id,
        citation=_citation(policy, about, text),
        mode=consequence.mode,
        applies=policy.text,
        conditions=facts_read(policy.unless) if policy.unless is not None else (),
        effective_from=policy.effective,
        effective_until=policy.until,
        remedy=policy.annotations["remedy"],
        remedy_text=text.remedy.text(),
        consequence=text.consequence.text() if text.consequence else None,
        deadline=_deadline(text),
        examples=tuple(as_example(example) for example in examples.examples if example.rule == rule_id),
    )
    parts = [policy.applies] if policy.unless is None else [policy.applies, policy.unless]
    return Norm(
        rule,
        consequence,
        policy.applies,
        policy.unless,
        text.article_text.text(),
        text.explanation.text(),
        {fact: question.text() for fact, question in words.questions.items()},
        frozenset().union(*(readings_named(part) for part in parts)),
        tuple(compared for part in parts for compared in numbers_compared(part)),
    )


def _deadline(text: RuleTexts) -> Deadline | None:
    due = text.deadline
    return Deadline(due.text(), due.days, due.working_days, due.after) if due else None


def _citation(policy: Policy, about: PackTable, text: RuleTexts) -> Citation:
    return Citation(
        instrument=about.instrument.text(),
        article=text.article,
        article_words=text.article_text.text(),
        quote=text.quote_zh or text.quote_en,
        paraphrase=text.paraphrase.text(),
        force=policy.annotations["authority"],
        sources=tuple(text.sources or about.sources),
        read_on=about.read_on,
        confidence=text.confidence or about.confidence,
        notes=tuple(note.text() for note in (*text.notes, *about.notes)),
    )
