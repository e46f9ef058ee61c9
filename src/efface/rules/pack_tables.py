"""The shapes of a rule pack's data files: pack.toml, texts.toml and examples.toml."""

from __future__ import annotations

from datetime import date  # noqa: TC003 - pydantic reads the annotations at run time
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from efface.model.rule import Text
from efface.model.vocabulary import VerdictKind
from efface.rules.tables import Table

__all__ = ["AUTHORITIES", "Examples", "PackTable", "RuleTexts", "TextTable", "Texts", "Words"]

AUTHORITIES = (
    "statute",
    "admin_reg",
    "dept_rule",
    "local_reg",
    "judicial",
    "eu_regulation",
    "admin_instruction_reported",
    "notice",
    "standard_mandatory",
    "standard_recommended",
)


Confidence = Literal["primary", "secondary", "unchecked"]
"""The text itself was read; others who quote it were; neither, so that it rests on general knowledge."""


def _filled(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text


Words = Annotated[str, AfterValidator(_filled)]


class TextTable(Table):
    """One text in both languages."""

    zh: Words
    en: Words

    def text(self) -> Text:
        """Return it as a value of the model."""
        return Text(self.zh, self.en)


class PackTable(Table):
    """pack.toml: which instrument, read where, when and how surely; what nobody could read is no rule."""

    id: Words
    version: int
    title: TextTable
    instrument: TextTable
    jurisdiction: Words
    sources: list[Words]
    read_on: date
    confidence: Confidence
    notes: list[TextTable] = Field(default=[])


class DeadlineTable(TextTable):
    """By when: a number of days or working days after a fact that is a day, and in words."""

    days: int | None = Field(default=None, ge=0)
    working_days: int | None = Field(default=None, ge=0)
    after: str = ""


class RuleTexts(Table):
    """The words of one rule.

    What is left out of `consequence` and `deadline` is unknown or not laid down, and shown so. `confidence` and
    `sources` stand here where they differ from the pack's.
    """

    article: Words
    article_text: TextTable
    quote_zh: str = ""
    quote_en: str = ""
    paraphrase: TextTable
    explanation: TextTable
    remedy: TextTable
    consequence: TextTable | None = None
    deadline: DeadlineTable | None = None
    confidence: Confidence | None = None
    sources: list[Words] = Field(default=[])
    notes: list[TextTable] = Field(default=[])


class Texts(Table):
    """texts.toml: the words of every rule, and a pack's own wording of questions."""

    rules: dict[str, RuleTexts]
    questions: dict[str, TextTable] = Field(default={})


class _ExampleCase(Table):
    """Facts that several examples share, under the names of a case file."""

    jurisdiction: str
    actors: list[str] = Field(default=[])
    place: str = ""
    purpose_kind: str = ""
    activities: list[str] = Field(default=[])
    facts: dict[str, bool | int | date | str] = Field(default={})


class ExampleTable(Table):
    """One example: a rule, facts, a day, and what the rule alone must say."""

    name: Words
    rule: Words
    case: Words
    as_of: date
    kind: Literal[tuple(str(kind) for kind in VerdictKind)]  # type: ignore[valid-type]
    data: str = ""
    jurisdiction: str | None = None
    actors: list[str] | None = None
    place: str | None = None
    purpose_kind: str | None = None
    activities: list[str] | None = None
    conduct_from: date | None = None
    conduct_until: date | None = None
    readings: list[str] = Field(default=[])
    facts: dict[str, bool | int | date | str] = Field(default={})


class Examples(Table):
    """examples.toml: shared cases and the examples that build on them."""

    cases: dict[str, _ExampleCase]
    examples: list[ExampleTable]
