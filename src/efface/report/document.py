"""A short paper in two languages as plain values: sections of sentences, pairs, tables and cited grounds.

Renderers lay it out and add nothing, so that every form of it says the same, in Chinese and in English.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from efface.model import Text
from efface.report.plain import prose

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

__all__ = [
    "Attached",
    "Block",
    "Document",
    "Grid",
    "Ground",
    "Pairs",
    "Points",
    "Section",
    "Sentence",
    "safe",
    "same",
]


def safe(text: Text) -> Text:
    """Return a text that a user or a pack wrote, with what acts without being seen written out."""
    return Text(prose(text.zh), prose(text.en))


def same(value: object) -> Text:
    """Return a value that is written alike in both languages."""
    shown = prose(str(value))
    return Text(shown, shown)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One paragraph; `style` is "", "soft" or "warning"."""

    text: Text
    style: str = ""


@dataclass(frozen=True, slots=True)
class Points:
    """A list of sentences."""

    items: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Names and values."""

    rows: tuple[tuple[Text, Text], ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table; `widths` are the shares of its columns."""

    heads: tuple[Text, ...]
    rows: tuple[tuple[Text, ...], ...]
    widths: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Ground:
    """A provision that is cited.

    Attributes:
        number: What other parts of the document call it.
        title: Instrument and article.
        tag: What it says, in a word.
        kind: The verdict whose colour the word takes, or "".
        quote: Official words in their own language, or "".
        body: What else is said of it.
    """

    number: str
    title: Text
    tag: Text
    kind: str
    quote: str
    body: Pairs


Block = Sentence | Points | Pairs | Grid | Ground


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it."""

    heading: Text
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Attached:
    """A text file that goes with a paper where its form can carry one.

    Attributes:
        name: The file's name.
        media_type: Its IANA media type.
        text: What it holds.
        about: What it is.
    """

    name: str
    media_type: str
    text: str
    about: Text


@dataclass(frozen=True, slots=True)
class Document:
    """A whole paper.

    Attributes:
        title: Its title.
        subtitle: What it is about.
        outcome: The one sentence that a hurried reader takes away.
        kind: The verdict whose colour that sentence takes.
        head: What identifies the matter.
        sections: The rest, in order.
        foot: What stands at the end of each page.
        made_on: The day on which it was made.
        lang: The language that comes first.
        attached: The file that it is a readable copy of, or None.
    """

    title: Text
    subtitle: Text
    outcome: Text
    kind: str
    head: Pairs
    sections: tuple[Section, ...]
    foot: Text
    made_on: date
    lang: str
    attached: Attached | None = None

    @property
    def languages(self) -> Iterable[str]:
        """The languages in the order in which they stand."""
        return ("zh", "en") if self.lang == "zh" else ("en", "zh")
