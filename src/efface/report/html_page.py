"""The frame of every page: one file that loads nothing, with both languages in it and a switch that needs no script.

The policy in the page allows its inline style and its script, where it has one, by their digests and forbids
everything else, pictures included.

Source: W3C Content Security Policy Level 3, 2.3.1 (hash sources).
"""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files

from efface.report.markup import Html, element, said

__all__ = ["language_bar", "page"]


def page(title: str, lang: str, *content: Html, script: str = "") -> str:
    """Return a whole page.

    Args:
        title: Its title, in the language shown first.
        lang: "zh" or "en", the language shown first.
        content: What stands in it.
        script: Name of an asset; without one the page has no script.
    """
    style = _asset("report.css")
    code = _asset(script) if script else Html()
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src {_script_source(code)}; "
        "base-uri 'none'; form-action 'none'"
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", title),
        element("style", style),
    )
    shown = element("div", *content, class_="page")
    body = element("body", *_switches(lang), shown, element("script", code) if code else "")
    root = element("html", head, body, lang="zh-CN" if lang == "zh" else "en")
    return f"<!DOCTYPE html>\n{root}\n"


def language_bar() -> Html:
    """Return the labels that switch language and colours."""
    return element(
        "nav",
        *(element("label", name, for_=f"lang-{key}") for key, name in (("zh", "中文"), ("en", "English"))),
        element("span", " "),
        *(element("label", said(f"label.{key}"), for_=f"theme-{key}") for key in ("auto", "light", "dark")),
    )


def _asset(name: str) -> Html:
    return Html(files("efface.report").joinpath("assets", name).read_text("utf-8"))


def _digest(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def _script_source(code: str) -> str:
    return f"'{_digest(code)}'" if code else "'none'"


def _switches(lang: str) -> list[Html]:
    # Radio buttons before the page switch it with style rules alone, so that it works without scripts.
    chosen = {"lang": lang, "theme": "auto"}
    names = {"lang": ("zh", "en"), "theme": ("auto", "light", "dark")}
    return [
        element(
            "input",
            type="radio",
            class_="switch",
            name=group,
            id=f"{group}-{name}",
            checked=name == chosen[group],
        )
        for group, members in names.items()
        for name in members
    ]
