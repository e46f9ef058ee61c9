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
    "admin_instruction_reported",
    "notice",
)


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
    confidence: Literal["primary", "secondary"]
    notes: list[TextTable] = Field(default=[])


class RuleTexts(Table):
    """The words of one rule."""

    article: Words
    article_text: TextTable
    quote_zh: str = ""
    paraphrase: TextTable
    explanation: TextTable
    remedy: TextTable
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
    facts: dict[str, bool | int | str] = Field(default={})


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
    reading: Literal["strict", "broad"] = "strict"
    facts: dict[str, bool | int | str] = Field(default={})


class Examples(Table):
    """examples.toml: shared cases and the examples that build on them."""

    cases: dict[str, _ExampleCase]
    examples: list[ExampleTable]
