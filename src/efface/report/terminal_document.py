"""Render a paper for a terminal, in one language; grounds and blank lines are for the page and for paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text as Line

from efface.report.document import Grid, Ground, Pairs, Points, Sentence

if TYPE_CHECKING:
    from rich.console import RenderableType

    from efface.report.document import Block, Document

__all__ = ["paper"]

_STYLES = {"soft": "dim", "warning": "yellow"}


def paper(document: Document, lang: str) -> Group:
    """Return title, head, sections and, last, the one sentence that a hurried reader takes away."""
    parts: list[RenderableType] = [Line(document.title.get(lang), style="bold"), _block(document.head, lang)]
    for section in document.sections:
        parts.append(Line(f"\n{section.heading.get(lang)}", style="bold"))
        parts += [_block(block, lang) for block in section.blocks]
    return Group(*parts, Line(f"\n{document.outcome.get(lang)}", style="bold"))


def _block(block: Block, lang: str) -> RenderableType:
    match block:
        case Sentence(text, style):
            return Line(text.get(lang), style=_STYLES.get(style, ""))
        case Points(items):
            return Line("\n").join(Line(f"- {item.get(lang)}") for item in items)
        case Pairs(rows):
            grid = Table.grid(padding=(0, 2, 0, 0))
            grid.add_column(overflow="fold", max_width=40)
            grid.add_column(overflow="fold")
            for name, value in rows:
                grid.add_row(Line(name.get(lang)), Line(value.get(lang)))
            return grid
        case Grid(heads, rows):
            table = Table(box=SIMPLE_HEAD, pad_edge=False)
            for head in heads:
                table.add_column(Line(head.get(lang)), overflow="fold")
            for row in rows:
                table.add_row(*(Line(cell.get(lang)) for cell in row))
            return table
        case Ground():
            return Line(f"{block.number} {block.title.get(lang)}: {block.tag.get(lang)}")
