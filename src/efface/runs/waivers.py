"""Waivers: written decisions of a named person to live with findings until a day.

A waiver changes no verdict, keeps nothing from being removed, and is not looked at when a certificate is
made. It takes the findings that it covers out of exit code 1 while it is in force, and every report shows it.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from efface.errors import UsageError
from efface.model import Characteristic, VerdictKind
from efface.model.case import matches
from efface.report.marks import Waiver, WaiverState, WaiverUse
from efface.rules.tables import Table, parse_toml, read_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from efface.model import Finding, Locator, Verdict

__all__ = ["decode_waivers", "encode_waivers", "parse_waivers", "waive"]

_MAX_WAIVERS = 1000
_MAX_DAYS = 366
"""Longest term: a decision that nobody looks at again within a year is no waiver but a rule."""


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text


def _characteristic(word: str) -> str:
    if word and word not in list(Characteristic):
        raise ValueError(f"no characteristic is called {word[:100]!r}")
    return word


_Said = Annotated[str, AfterValidator(_not_blank), Field(max_length=1000)]


class _Waiver(Table):
    match: _Said
    reason: _Said
    approver: _Said
    starts_on: date = Field(alias="from")
    until: date
    rule: Annotated[str, Field(max_length=200)] = ""
    characteristic: Annotated[str, AfterValidator(_characteristic)] = ""

    @model_validator(mode="after")
    def _term(self) -> Self:
        if self.until < self.starts_on:
            raise ValueError("until lies before from")
        if (self.until - self.starts_on).days > _MAX_DAYS:
            raise ValueError(f"longer than {_MAX_DAYS} days: write it anew each year")
        return self


class _File(Table):
    waiver: list[_Waiver] = Field(default=[], max_length=_MAX_WAIVERS)


def parse_waivers(text: str) -> tuple[Waiver, ...]:
    """Return the waivers that a TOML text states, in its order.

    Raises:
        UsageError: The text is no file of waivers; every fault is listed.
    """
    raw, broken = parse_toml(text)
    if broken is not None:
        raise UsageError(f"waivers: {broken}")
    table, faults = read_table(raw, _File)
    if table is None:
        raise UsageError("\n".join(("waivers:", *(f"  - {fault}" for fault in dict.fromkeys(faults)))))
    return tuple(
        Waiver(w.match, w.reason, w.approver, w.starts_on, w.until, w.rule, w.characteristic)
        for w in table.waiver
    )


def encode_waivers(waivers: Iterable[Waiver]) -> list[dict[str, Any]]:
    """Return waivers as plain values for the run file."""
    return [
        {
            "match": waiver.match,
            "reason": waiver.reason,
            "approver": waiver.approver,
            "from": waiver.starts_on.isoformat(),
            "until": waiver.ends_on.isoformat(),
            "rule": waiver.rule,
            "characteristic": waiver.characteristic,
        }
        for waiver in waivers
    ]


def decode_waivers(plain: Iterable[Mapping[str, Any]]) -> tuple[Waiver, ...]:
    """Return the waivers that `encode_waivers` made plain."""
    return tuple(
        Waiver(
            raw["match"],
            raw["reason"],
            raw["approver"],
            date.fromisoformat(raw["from"]),
            date.fromisoformat(raw["until"]),
            raw["rule"],
            raw["characteristic"],
        )
        for raw in plain
    )


def waive(
    waivers: Sequence[Waiver], findings: Iterable[Finding], verdicts: Mapping[str, Verdict], on: date
) -> tuple[tuple[WaiverUse, ...], dict[str, int]]:
    """Return how each waiver is used on a day, and the number (from 0) of the waiver of each finding.

    A verdict is waived when each rule whose breach it names is: a waiver of one rule leaves the others. What
    must be kept is never waived, and a waiver of one rule needs a verdict to be about.
    """
    places = [_Places(waiver.match) for waiver in waivers]
    in_force = [n for n, waiver in enumerate(waivers) if waiver.state(on) is WaiverState.IN_FORCE]
    waived: dict[str, int] = {}
    for finding in findings if in_force else ():
        covering = [
            n
            for n in in_force
            if waivers[n].characteristic in {"", finding.characteristic} and places[n].cover(finding.locator)
        ]
        number = _first(covering, waivers, verdicts.get(finding.id)) if covering else None
        if number is not None:
            waived[finding.id] = number
    counts = [0] * len(waivers)
    for number in waived.values():
        counts[number] += 1
    uses = tuple(WaiverUse(w, w.state(on), n) for w, n in zip(waivers, counts, strict=True))
    return uses, waived


def _first(covering: list[int], waivers: Sequence[Waiver], verdict: Verdict | None) -> int | None:
    whole = next((n for n in covering if not waivers[n].rule), None)
    if verdict is None or whole is not None:
        return None if verdict is not None and verdict.kind is VerdictKind.HOLD else whole
    broken = {fired.id for fired in verdict.fired if fired.kind.is_violation}
    if verdict.kind is VerdictKind.HOLD or not broken <= {waivers[n].rule for n in covering}:
        return None
    return next((n for n in covering if waivers[n].rule in broken), None)


class _Places:
    """The places that one pattern covers, remembered while it cannot depend on the region."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._whole = any(mark in pattern for mark in "#[=?")
        self._known: dict[tuple[str, ...], bool] = {}

    def cover(self, locator: Locator) -> bool:
        if self._whole or not locator.box:  # a region is no part of what such a pattern can name
            return matches(self._pattern, locator)
        if locator.path not in self._known:
            self._known[locator.path] = matches(self._pattern, locator.at(None))
        return self._known[locator.path]
