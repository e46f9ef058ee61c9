"""What would be said under another reading of a disputed text, or under the law of another day."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text as Line

from efface.model import ACTIVITY, Text
from efface.report.markup import Html, bilingual, element, fragment, said
from efface.report.plain import prose
from efface.report.texts import both, text, word

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from efface.model import OtherDay, OtherReading, Reading, RuleChange, Verdict, VerdictKind
    from efface.report.view import RunView

__all__ = ["otherwise", "otherwise_html", "otherwise_part", "reading_html", "reading_lines"]

_MOST_CHANGES = 12  # rules that a sentence names; JSON has all


def otherwise(verdict: Verdict) -> tuple[Text, ...]:
    """Return a sentence for the law of today and one for each disputed reading that a verdict turns on."""
    today = () if verdict.today is None else (_today(verdict.kind, verdict.today),)
    return (*today, *(_reading(verdict.kind, other) for other in verdict.readings))


def _today(kind: VerdictKind, other: OtherDay) -> Text:
    here, there = _kinds(kind, other.kind)
    changes = _changes(other.changes)
    return Text(
        *(
            text(
                "sentence.then_and_today",
                lang,
                then=other.then,
                here=here.get(lang),
                today=other.as_of,
                there=there.get(lang),
                changes=changes.get(lang),
            )
            for lang in ("zh", "en")
        )
    )


def _reading(kind: VerdictKind, other: OtherReading) -> Text:
    here, there = _kinds(kind, other.kind)
    changes = _changes(other.changes)
    key = "sentence.without_reading" if other.is_taken else "sentence.with_reading"
    return Text(
        *(
            text(
                key,
                lang,
                reading=other.reading,
                here=here.get(lang),
                there=there.get(lang),
                changes=changes.get(lang),
            )
            for lang in ("zh", "en")
        )
    )


def _kinds(here: VerdictKind, there: VerdictKind) -> tuple[Text, Text]:
    return word("verdict", here), word("verdict", there)


def _changes(changes: Sequence[RuleChange]) -> Text:
    if not changes:
        return both("sentence.no_change")
    named = [(change.id, word("verdict", change.there)) for change in changes[:_MOST_CHANGES]]
    more = [both("sentence.and_more", left=len(changes) - len(named))] if len(changes) > len(named) else []
    return Text(
        *(
            ", ".join((*(f"{name} → {kind.get(lang)}" for name, kind in named), *(m.get(lang) for m in more)))
            for lang in ("zh", "en")
        )
    )


def otherwise_html(verdict: Verdict) -> Html:
    """Return the sentences on other readings and on today's law, or nothing."""
    said_ = (element("p", bilingual(_safe(sentence)), class_="small") for sentence in otherwise(verdict))
    return fragment(*said_)


def reading_html(view: RunView) -> Html:
    """Return the disputed readings with what speaks for and against each, where a verdict turns on any."""
    if not view.readings:
        return Html()
    parts = (
        element(
            "article",
            element("h3", bilingual(_safe(reading.label)), " ", element("code", prose(reading.id))),
            element("p", said("label.speaks_for"), " ", bilingual(_safe(reading.speaks_for))),
            element("p", said("label.speaks_against"), " ", bilingual(_safe(reading.speaks_against))),
            element("p", said("sentence.reading_default"), class_="small"),
            class_="rule",
        )
        for reading in view.readings
    )
    return element("section", element("h2", said("heading.readings")), *parts)


def otherwise_part(view: RunView) -> Group:
    """Return for a terminal what the verdicts would be otherwise, each sentence once with its number."""
    counted: Counter[str] = Counter()
    activity: list[Line] = []
    for verdict in view.verdicts:
        sentences = [sentence.get(view.lang) for sentence in otherwise(verdict)]
        if verdict.subject == ACTIVITY:
            name = text("record.activity", view.lang)
            activity += [Line(prose(f"{name}: {sentence}")) for sentence in sentences]
        else:
            counted.update(sentences)
    lines = [Line(prose(f"{count} × {sentence}")) for sentence, count in counted.most_common()]
    return Group(*activity, *lines, *reading_lines(view.readings, view.lang))


def reading_lines(readings: Iterable[Reading], lang: str) -> Iterator[Line]:
    """Yield for a terminal each disputed reading with what speaks for and against it."""
    for reading in readings:
        yield Line(prose(f"{reading.id}: {reading.label.get(lang)}"), style="bold")
        yield Line(prose(f"  + {reading.speaks_for.get(lang)}"))
        yield Line(prose(f"  - {reading.speaks_against.get(lang)}"))


def _safe(text_: Text) -> Text:
    return Text(prose(text_.zh), prose(text_.en))
