"""Draft an order to rectify: what is to go, by when and under which rule, what to keep, and how to show it.

It orders what a verdict says is forbidden, and nothing that lacks facts. What only the authority knows (its own
powers, where its order may be challenged) is left blank for it.

Not handled here: laying it out (`document_html`, `document_pdf`), and judging.
Not promised: that the draft may be served as it stands; whoever signs it answers for it.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from efface.model import ACTIVITY, VerdictKind
from efface.report.alike import alike
from efface.report.document import Document, Grid, Pairs, Points, Section, Sentence, safe, same
from efface.report.opinion_law import Grounds
from efface.report.plain import place_text
from efface.report.texts import both
from efface.report.wording import what

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from efface.model import Finding, Text, Verdict
    from efface.report.alike import Alike
    from efface.report.document import Block
    from efface.report.opinion import Matter

__all__ = ["Parties", "order"]

_KEPT = frozenset({VerdictKind.HOLD, VerdictKind.FREEZE})
_MOST_PLACES = 60  # of one kind of data; the report has all
_PROOFS = ("remove", "certify", "hand_over", "not_reached", "again")
_LINE = "_" * 24
_LINES = ("authority", "officers", "served_on", "received_by")


@dataclass(frozen=True, slots=True)
class Parties:
    """Who orders whom.

    Attributes:
        addressee: Whom the order binds.
        authority: Who orders; "" leaves it blank.
        mandate: What empowers the authority, in its own words; "" leaves it blank.
        reply_by: By when the addressee is to report, as the authority sets it; None leaves it blank.
    """

    addressee: str
    authority: str = ""
    mandate: str = ""
    reply_by: date | None = None


def order(matter: Matter, parties: Parties) -> Document:
    """Return the draft."""
    violating = tuple(verdict for verdict in matter.verdicts if verdict.kind.is_violation)
    kept = tuple(verdict for verdict in matter.verdicts if verdict.kind in _KEPT)
    grounds = Grounds(alike(_demanding((*violating, *kept))), matter.rules)
    found = {finding.id: finding for finding in matter.view.findings} if matter.view else {}
    sections = (
        ("what", _where(violating, found)),
        ("due", grounds.due() if violating else ()),
        ("keep", _keep(alike(kept), found)),
        ("proof", (Points(tuple(both(f"order.proof_{name}") for name in _PROOFS)),) if violating else ()),
        ("why", grounds.cited() if violating or kept else ()),
        ("open", _open(matter)),
        ("challenge", (Sentence(both("order.blank_challenge")),)),
        ("signed", (Pairs(tuple((both(f"order.{name}"), same(_LINE)) for name in _LINES)),)),
    )
    return Document(
        title=both("order.title"),
        subtitle=both("order.subtitle"),
        outcome=both("order.demands" if violating else "order.demands_nothing"),
        kind="violations" if violating else "found",
        head=Pairs(tuple(_head(matter, parties))),
        sections=tuple(Section(both(f"order.{name}"), tuple(blocks)) for name, blocks in sections if blocks),
        foot=both("order.foot", version=matter.tool_version),
        made_on=matter.made_on,
        lang=matter.lang,
    )


def _demanding(verdicts: Sequence[Verdict]) -> Iterator[Verdict]:
    """Yield the verdicts with the rules that demand something now; an order cites no other."""
    for verdict in verdicts:
        fired = tuple(rule for rule in verdict.fired if rule.kind.is_violation or rule.kind in _KEPT)
        yield replace(verdict, fired=fired, missing=(), readings=(), today=None)


def _head(matter: Matter, parties: Parties) -> Iterator[tuple[Text, Text]]:
    def given(text: str) -> Text:
        return same(text) if text else both("order.blank")

    yield both("order.addressee"), given(parties.addressee)
    yield both("order.authority"), given(parties.authority)
    yield both("order.mandate"), given(parties.mandate)
    yield both("label.case"), same(matter.title)
    yield both("label.as_of"), same(matter.as_of)
    yield both("opinion.made"), same(matter.made_on)
    yield both("order.reply_by"), same(parties.reply_by) if parties.reply_by else both("order.blank")
    if matter.view is not None:
        yield both("label.run_id"), same(matter.view.run_id)


def _where(verdicts: Sequence[Verdict], found: dict[str, Finding]) -> tuple[Block, ...]:
    """Return what is to go, by kind and by folder or store: a file's own name may be a person's."""
    rows: Counter[tuple[Text, str]] = Counter()
    for verdict in verdicts:
        finding = found.get(verdict.subject)
        if finding is not None:
            rows[what(finding), _place(finding)] += 1
    blocks: list[Block] = []
    if any(verdict.subject == ACTIVITY for verdict in verdicts):
        blocks.append(Sentence(both("order.activity")))
    if rows:
        shown = rows.most_common(_MOST_PLACES)
        heads = (both("label.what"), both("order.place"), both("label.total_findings"))
        blocks.append(
            Grid(
                heads, tuple((kind, same(place), same(count)) for (kind, place), count in shown), (26, 58, 16)
            )
        )
        if len(rows) > len(shown):
            blocks.append(Sentence(both("order.more_places", left=len(rows) - len(shown)), "soft"))
    return tuple(blocks)


def _place(finding: Finding) -> str:
    """Return the folder of a file with a slash at its end, or the store that is not a file."""
    place = place_text(finding.locator)
    return place if "://" in place else os.path.join(os.path.dirname(place), "")


def _keep(groups: Sequence[Alike], found: dict[str, Finding]) -> tuple[Block, ...]:
    rows: Counter[tuple[Text, Text]] = Counter()
    for group in groups:
        why = next(rule for rule in group.verdict.fired if rule.kind in _KEPT)
        for subject in group.subjects:
            kind = what(found[subject]) if subject in found else both("opinion.activity")
            rows[kind, safe(why.explanation)] += 1
    if not rows:
        return ()
    heads = (both("label.what"), both("label.reason"), both("label.total_findings"))
    cells = tuple((kind, why, same(count)) for (kind, why), count in rows.most_common())
    return (Sentence(both("order.keep_note"), "warning"), Grid(heads, cells, (26, 58, 16)))


def _open(matter: Matter) -> tuple[Block, ...]:
    undecided = sum(verdict.kind is VerdictKind.NEEDS_FACTS for verdict in matter.verdicts)
    gaps = max(len(matter.view.gaps), matter.view.coverage.gaps) if matter.view else 0
    said = []
    if undecided:
        said.append(both("order.undecided", count=undecided))
    if gaps:
        said.append(both("opinion.gaps", gaps=gaps))
    if matter.view is None:
        said.append(both("order.not_looked"))
    return (Points(tuple(said)),) if said else ()
