"""Law as data: a rule with its source and its dates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from efface.model.vocabulary import RuleMode

__all__ = ["Citation", "Deadline", "Example", "PackReference", "Reading", "Rule", "Text"]


@dataclass(frozen=True, slots=True)
class Text:
    """One text in the languages that efface speaks."""

    zh: str
    en: str

    def get(self, language: str) -> str:
        """Return the text in "zh" or "en"."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a rule comes from and how sure we are.

    Attributes:
        instrument: Name of the law, in zh and en.
        article: Article and paragraph, in the statute's own numbering.
        quote: The official words in their language where they could be read, else empty.
        paraphrase: What it says, in our words.
        force: Kind of instrument: statute, admin_reg, dept_rule, local_reg, judicial, eu_regulation,
            admin_instruction_reported, notice, standard_mandatory, standard_recommended.
        sources: Where it was read.
        read_on: The day it was read.
        confidence: "primary" (the text itself), "secondary" (quoted by others), "unchecked".
        notes: What the sources leave unknown or dispute, shown to the user.
        article_words: Article and paragraph in words, in zh and en; None where the numbering says it all.
    """

    instrument: Text
    article: str
    quote: str
    paraphrase: Text
    force: str
    sources: tuple[str, ...]
    read_on: date
    confidence: str
    notes: tuple[Text, ...] = ()
    article_words: Text | None = None

    @property
    def place(self) -> Text:
        """Article and paragraph for people: in words where there are any."""
        return self.article_words or Text(self.article, self.article)


@dataclass(frozen=True, slots=True)
class Example:
    """A case that stands beside a rule and is its test."""

    name: str
    fires: bool
    kind: str


@dataclass(frozen=True, slots=True)
class Deadline:
    """By when something is due.

    Attributes:
        text: In words.
        days: Days after the fact, or None.
        working_days: Working days after the fact, or None.
        after: Name of the fact that is the day from which it runs, or "".
    """

    text: Text
    days: int | None = None
    working_days: int | None = None
    after: str = ""


@dataclass(frozen=True, slots=True)
class PackReference:
    """Which rule pack was used, by content."""

    id: str
    digest: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a text whose scope the sources dispute.

    Attributes:
        id: Its name in case files.
        label: What it holds.
        speaks_for: What speaks for it.
        speaks_against: What speaks against it, and for the default, which is not to take it.
    """

    id: str
    label: Text
    speaks_for: Text
    speaks_against: Text


@dataclass(frozen=True, slots=True)
class Rule:
    """One norm: what it applies to, its conditions, its dates and what cures it.

    Attributes:
        id: Stable identifier, such as "CN-TJ-SC-16-2".
        pack: Identifier of its pack.
        citation: Where it comes from.
        mode: What it does when it applies.
        applies: The applicability clause as text, for people.
        conditions: Names of the facts that satisfy it, for `forbid_unless` and `allow_if`.
        effective_from: First day on which it binds, or None when unknown.
        effective_until: First day on which it no longer binds, or None.
        remedy: One word for what is due: erase, dismantle, freeze, keep, obtain_consent, or "".
        remedy_text: The remedy in words.
        consequence: What a breach may cost, or None where the sources do not say.
        deadline: By when, or None where none is laid down or known.
        examples: Cases that are its tests; none of a rule that ships with efface, whose tests are run before.
    """

    id: str
    pack: str
    citation: Citation
    mode: RuleMode
    applies: str
    conditions: tuple[str, ...]
    effective_from: date | None
    effective_until: date | None
    remedy: str
    remedy_text: Text
    consequence: Text | None = None
    deadline: Deadline | None = None
    examples: tuple[Example, ...] = ()
