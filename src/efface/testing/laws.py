"""Make rule packs and cases for tests of judging."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.model import Case
from efface.rules.pack import load_pack

if TYPE_CHECKING:
    from datetime import date

    from efface.model import FactValue
    from efface.rules.pack import Pack

__all__ = ["case_of", "example_of", "pack_of", "pack_texts"]

_ABOUT = """
id = "{id}"
version = 1
title = {{ zh = "样例", en = "made" }}
instrument = {{ zh = "样例", en = "made" }}
jurisdiction = "{place}"
sources = ["made for a test"]
read_on = 2026-01-01
confidence = "primary"
"""
_POLICY = """
@id("{id}")
@kind("{kind}")
@effective("2021-01-01")
@authority("statute")
@remedy("{remedy}")
forbid (principal, action, resource)
when {{ context.conduct_until >= datetime("2021-01-01"){when} }}
{unless};
"""
_WORDS = """
[rules.{id}]
article = "1"
article_text = {{ zh = "第一条", en = "article 1" }}
paraphrase = {{ zh = "样例", en = "made" }}
explanation = {{ zh = "样例", en = "made" }}
remedy = {{ zh = "须经公安机关批准", en = "only the public security organ may decide" }}
{extra}
"""
_EXAMPLE = """
[[examples]]
name = "{rule} on {day}"
rule = "{rule}"
case = "made"
as_of = {day}
kind = "{kind}"
"""
_CASES = """
[cases.made]
jurisdiction = "CN"
"""
_REMEDY = {"hold": "keep", "freeze": "freeze"}


def pack_texts(*rules: str, pack: str = "made", place: str = "CN", examples: str = "") -> dict[str, str]:
    """Return the texts of a pack.

    Args:
        rules: Each as "ID kind: when unless cure | further lines of its words"; all in force from 2021-01-01,
            where only ID and kind must stand.
        pack: Its identifier.
        place: Its jurisdiction.
        examples: As `example_of` makes them; without them the pack is not sound, but loads as checked.
    """
    cedar = words = ""
    for rule in rules:
        body, _, extra = rule.partition(" | ")
        head, _, conditions = body.partition(":")
        name, kind = head.split()
        when, _, cure = conditions.partition(" unless ")
        cedar += _POLICY.format(
            id=name,
            kind=kind,
            remedy=_REMEDY.get(kind, "erase"),
            when=f" && ({when.strip()})" if when.strip() else "",
            unless=f"unless {{ {cure.strip()} }}" if cure else "",
        )
        words += _WORDS.format(id=name, extra=extra.strip())
    return {
        "pack.toml": _ABOUT.format(id=pack, place=place),
        "rules.cedar": cedar.lstrip(),
        "texts.toml": words,
        "examples.toml": (examples or "examples = []") + _CASES,
    }


def example_of(rule: str, day: str, kind: str) -> str:
    """Return an example of a rule on a day, of conduct in China of which nothing else is known."""
    return _EXAMPLE.format(rule=rule, day=day, kind=kind)


def pack_of(*rules: str, pack: str = "made") -> Pack:
    """Return a pack of rules, as `pack_texts` takes them."""
    return load_pack(pack_texts(*rules, pack=pack), checked=True)


def case_of(
    *,
    until: date | None = None,
    begun: date | None = None,
    readings: tuple[str, ...] = (),
    **facts: FactValue,
) -> Case:
    """Return a case in China with some facts."""
    return Case("made", "CN", facts=facts, conduct_from=begun, conduct_until=until, readings=readings)
