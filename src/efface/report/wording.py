"""Say in words what a finding, a place or a number is, for every renderer that people read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from efface.model import RemovalStatus, Text
from efface.report.plain import inside_text, place_text, short, visible
from efface.report.texts import both, has, word

if TYPE_CHECKING:
    from datetime import date

    from efface.model import Finding, Locator, Removal, Rule, Verdict
    from efface.report.view import Coverage

__all__ = [
    "citation",
    "coverage_text",
    "detail_text",
    "join",
    "kind_text",
    "level_text",
    "period_text",
    "region_text",
    "size_text",
    "status_text",
    "what",
    "what_place",
]

_NUMBER = re.compile(r"\b(?:[0-9a-f]{64}|[0-9]+)\b")  # a key's id is a number too
_ERROR_NAME = re.compile(r" \([A-Za-z]*(?:Error|Exception)\)$")
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_STEP = 1024


def join(*texts: Text, zh: str = "", en: str = " ") -> Text:
    """Return texts in one, with a separator for each language."""
    return Text(zh=zh.join(text.zh for text in texts), en=en.join(text.en for text in texts))


def what(finding: Finding) -> Text:
    """Return characteristic and form in words ("人脸样本", "face sample")."""
    return join(word("characteristic", finding.characteristic), word("form", finding.form))


def level_text(finding: Finding) -> Text:
    """Return how closely a finding is tied to a person, in words."""
    return word("level", "none" if finding.level is None else str(int(finding.level)))


def kind_text(finding: Finding | None, verdict: Verdict | None) -> Text:
    """Return the verdict in words; without one, that none was given or that a person has to look."""
    if verdict is not None:
        return word("verdict", verdict.kind)
    unknown = finding is not None and not finding.is_biometric
    return word("verdict", "question_of_kind" if unknown else "unjudged")


def region_text(locator: Locator) -> Text:
    """Return the region of a place in words: page and box, or the fragment as it is; empty for a whole."""
    page = [both("sentence.page", page=locator.page)] if locator.page else []
    box = locator.box
    if box is not None:
        region = both("sentence.box", x=box.x, y=box.y, width=box.width, height=box.height)
        return join(*page, region, zh="，", en=", ")
    if locator.fragment and not page:
        return Text(zh=short(locator.fragment), en=short(locator.fragment))
    return join(*page)


def what_place(locator: Locator) -> Text:
    """Return a whole place in words: the outermost thing, the way inside it, and the region or table."""
    way = " › ".join(part for part in (place_text(locator), inside_text(locator)) if part)
    region = region_text(locator)
    shown = Text(zh=way, en=way)
    return join(shown, region, zh=" › ", en=" › ") if region.zh else shown


def citation(rule: Rule) -> Text:
    """Return name of the law and article."""
    instrument, place = rule.citation.instrument, rule.citation.place
    return Text(
        zh=f"《{visible(instrument.zh)}》{visible(place.zh)}",
        en=f"{visible(instrument.en)}, {visible(place.en)}",
    )


def period_text(start: date | None, end: date | None) -> Text:
    """Return from when until when a rule binds, in words."""
    if start is None and end is None:
        return both("label.effective_unknown")
    parts = [both("sentence.since", start=start.isoformat())] if start else []
    parts += [both("sentence.until", end=end.isoformat())] if end else []
    return join(*parts, zh="，", en=", ")


def coverage_text(coverage: Coverage) -> Text:
    """Return the line that says how much was looked at."""
    return both(
        "sentence.coverage",
        seen=coverage.seen,
        scanned=coverage.scanned,
        reused=coverage.reused,
        gaps=coverage.gaps,
        size=size_text(coverage.bytes),
    )


def detail_text(detail: str) -> Text:
    """Return a recorded detail in words; one that the table lacks stands for itself, made visible.

    Details are recorded in English; the words around their numbers are the key. Of several lines each is one.
    """
    if "\n" in detail:
        parts = [detail_text(line) for line in detail.split("\n")]
        return Text(zh="；".join(part.zh for part in parts), en="; ".join(part.en for part in parts))
    shown = short(detail)
    bare = _ERROR_NAME.sub("", detail)
    key = f"detail.{_NUMBER.sub('#', bare)}"
    if not has(key):
        return Text(zh=shown, en=shown)
    numbers = iter(_NUMBER.findall(bare))
    return Text(zh=re.sub("#", lambda _: next(numbers), both(key).zh), en=shown)


def status_text(removal: Removal) -> Text:
    """Return where a removal stands; what failed in a database may have changed it, and is not called intact."""
    if removal.status is RemovalStatus.FAILED and removal.target.scheme != "file":
        return both("sentence.failed_in_place")
    return word("status", removal.status)


def size_text(size_bytes: int) -> str:
    """Return a size in bytes or a binary unit."""
    if size_bytes < _STEP:
        return f"{size_bytes} B"
    amount, unit = float(size_bytes), 0
    while amount >= _STEP and unit < len(_UNITS) - 1:
        amount, unit = amount / _STEP, unit + 1
    return f"{amount:.1f} {_UNITS[unit]}"
