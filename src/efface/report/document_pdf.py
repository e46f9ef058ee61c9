"""Render a paper as PDF/A: one language after the other, each from a new page, the attached file inside."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from efface.engines.typst_pdf import pdf
from efface.report.document import Grid, Ground, Pairs, Points, Sentence

if TYPE_CHECKING:
    from efface.report.document import Attached, Block, Document

__all__ = ["render"]


def render(document: Document) -> bytes:
    """Return the PDF; the same paper gives the same bytes with the same fonts.

    Raises:
        UnsupportedError: The typesetter is not installed, or no font that holds Chinese.
    """
    template = files("efface.report").joinpath("assets", "document.typ").read_bytes()
    papers = [_in(document, lang) for lang in document.languages]
    data = {
        "papers": papers,
        "attached": [_attached(document.attached, document.lang)] if document.attached else [],
    }
    return pdf(template, json.dumps(data, ensure_ascii=False), document.made_on)


def _attached(file: Attached, lang: str) -> dict[str, str]:
    about = file.about.get(lang)
    return {"name": file.name, "media_type": file.media_type, "text": file.text, "about": about}


def _in(document: Document, lang: str) -> dict[str, Any]:
    """Return a paper in one language, as the template reads it."""
    return {
        "lang": lang,
        "title": document.title.get(lang),
        "subtitle": document.subtitle.get(lang),
        "outcome": document.outcome.get(lang),
        "kind": document.kind,
        "head": _rows(document.head, lang),
        "foot": document.foot.get(lang),
        "sections": [
            {
                "heading": section.heading.get(lang),
                "blocks": [_block(block, lang) for block in section.blocks],
            }
            for section in document.sections
        ],
    }


def _rows(pairs: Pairs, lang: str) -> list[list[str]]:
    return [[name.get(lang), value.get(lang)] for name, value in pairs.rows]


def _block(block: Block, lang: str) -> dict[str, Any]:
    match block:
        case Sentence(text, style):
            return {"is": "sentence", "text": text.get(lang), "style": style}
        case Points(items):
            return {"is": "points", "items": [item.get(lang) for item in items]}
        case Pairs():
            return {"is": "pairs", "rows": _rows(block, lang)}
        case Grid(heads, rows, widths):
            return {
                "is": "grid",
                "heads": [head.get(lang) for head in heads],
                "rows": [[cell.get(lang) for cell in row] for row in rows],
                "widths": list(widths),
            }
        case Ground(number, title, tag, kind, quote, body):
            return {
                "is": "ground",
                "number": number,
                "title": title.get(lang),
                "tag": tag.get(lang),
                "kind": kind,
                "quote": quote,
                "rows": _rows(body, lang),
            }
