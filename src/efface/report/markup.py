"""Build HTML in which everything is escaped unless it was built here.

`Html` marks text that is markup already. `element` escapes every other child and every attribute, so
that a name of a file cannot become a tag, an attribute or a script.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from efface.model import Text
from efface.report.texts import both, word

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Html", "bilingual", "element", "fragment", "labelled", "said", "table", "term"]

_VOID = frozenset({"input", "meta", "br"})


class Html(str):
    """Text that is markup already; made by this module and from the report's own assets only."""

    __slots__ = ()


def fragment(*children: str) -> Html:
    """Return children one after another, escaped where they are not markup."""
    return Html("".join(child if isinstance(child, Html) else html.escape(child) for child in children))


def element(tag: str, /, *children: str, **attributes: str | float | bool) -> Html:
    """Return an element; `class_` is written class, `data_kind` data-kind, and True an empty attribute."""
    written = "".join(
        f" {name.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{html.escape(str(value))}"')
        for name, value in attributes.items()
        if value is not False
    )
    body = fragment(*children)
    return Html(f"<{tag}{written}>" if tag in _VOID else f"<{tag}{written}>{body}</{tag}>")


def bilingual(text: Text) -> Html:
    """Return a text in both languages, of which the page shows one."""
    if text.zh == text.en:
        return fragment(text.zh)
    return fragment(
        element("span", text.zh, class_="zh", lang="zh-CN"), element("span", text.en, class_="en", lang="en")
    )


def said(key: str, **values: object) -> Html:
    """Return an entry of the table of texts in both languages."""
    return bilingual(both(key, **values))


def labelled(name: str) -> Html:
    """Return an entry of the `label` section with a colon after it, as each language writes it."""
    label = both(f"label.{name}")
    return bilingual(Text(zh=f"{label.zh}：", en=f"{label.en}: "))


def term(section: str, name: str) -> Html:
    """Return the word for a value of a word list in both languages."""
    return bilingual(word(section, name))


def table(heads: Iterable[str], rows: Iterable[Iterable[str]], *, class_: str = "") -> Html:
    """Return a table whose head are keys of the `label` section."""
    head = element("tr", *(element("th", said(f"label.{key}"), scope="col") for key in heads))
    body = (element("tr", *(element("td", cell) for cell in row)) for row in rows)
    inner = element("table", element("thead", head), element("tbody", *body), class_=class_)
    return element("div", inner, class_="scroll")
