"""Typeset a PDF with Typst from a template and data; data is passed as JSON and never becomes markup.

The template may not read files or packages: it is given as bytes, without a folder of its own.

Not promised: a character that the font lacks is drawn as a box; the text of the PDF holds it all the same.
Source: the typesetter's documentation (sys.inputs, json, pdf.attach); ISO 32000-2; ISO 19005-3 (PDF/A-3, level B).
"""

from __future__ import annotations

from datetime import UTC, datetime, time
from importlib import import_module
from typing import TYPE_CHECKING, Any

from efface.errors import FormatError, UnsupportedError, UsageError

if TYPE_CHECKING:
    from datetime import date

__all__ = ["CHINESE_FONTS", "pdf"]

_STANDARD = "a-3b"
CHINESE_FONTS = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Noto Sans SC",
    "PingFang SC",
    "Microsoft YaHei",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
    "Noto Serif CJK SC",
    "Source Han Serif SC",
    "Noto Serif SC",
    "Songti SC",
    "SimSun",
    "SimHei",
)
"""Families known to hold simplified Chinese, the first that is installed is taken."""


def pdf(template: bytes, data: str, made_on: date) -> bytes:
    """Return the PDF of a template, for keeping: PDF/A-3b, which holds its fonts and may carry attachments.

    Args:
        template: Typst source; reads `sys.inputs.data` (JSON) and `sys.inputs.font` (a family).
        data: JSON text.
        made_on: The day that the PDF's own metadata name; equal papers of a day are equal bytes.

    Raises:
        UnsupportedError: The typesetter is not installed.
        UsageError: No installed font is known to hold Chinese.
        FormatError: The template and the data do not fit.
    """
    try:
        typst: Any = import_module("typst")  # an optional extra
    except ImportError:
        raise UnsupportedError(
            "the PDF needs a typesetter: install efface[pdf]", to_do="Or ask for .html, which needs nothing."
        ) from None
    fonts = typst.Fonts()
    compiler = typst.Compiler(
        template, font_paths=fonts, sys_inputs={"data": data, "font": _chinese(fonts.families())}
    )
    moment = datetime.combine(made_on, time(), UTC)
    try:
        made: bytes = compiler.compile(format="pdf", timestamp=moment, pdf_standards=_STANDARD)
    except typst.TypstError as error:
        raise FormatError(
            f"the paper cannot be typeset: {error.message[:200]}",
            to_do="Ask for .html, which holds the same.",
        ) from None
    return made


def _chinese(families: list[str]) -> str:
    """Return the font to take."""
    known = {family.casefold(): family for family in families}
    for family in CHINESE_FONTS:
        if family.casefold() in known:
            return known[family.casefold()]
    raise UsageError(
        "no installed font is known to hold Chinese",
        to_do="Install one, such as Noto Sans CJK (Debian: fonts-noto-cjk or fonts-wqy-microhei), "
        "or ask for .html.",
    )
