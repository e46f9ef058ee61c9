"""The picture of a site as a paper: what stands there, what ties it together, and what is tied to nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from efface import __version__
from efface.report.document import Document, Grid, Pairs, Points, Section, Sentence, same
from efface.report.plain import moment_text, short, target_text
from efface.report.site import Stage
from efface.report.texts import both, has, word
from efface.report.wording import join, what_place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from efface.model import Locator, Text
    from efface.report.document import Block
    from efface.report.site import Link, Node, Site

__all__ = ["document", "kind_of", "stage_of"]

_MOST_ROWS = 300  # of one table; the JSON has all
_MOST_PLACES = 4
_SECTIONS = {
    Stage.DEVICE: "devices",
    Stage.SOFTWARE: "software",
    Stage.STORE: "stores",
    Stage.CLOUD: "clouds",
}


def stage_of(stage: Stage) -> Text:
    """Return the word for a stage of the chain."""
    return both(f"site.{_SECTIONS[stage]}")


def kind_of(node: Node) -> Text:
    """Return what a node is, in words, with its vendor."""
    said = word("site_kind" if has(f"site_kind.{node.kind}") else "tells", node.kind)
    return join(said, same(f"({short(node.vendor)})")) if node.vendor else said


def document(site: Site) -> Document:
    """Return the picture as a paper, all but the drawing."""
    sections = [
        *((stage_of(stage), _nodes(site.at(stage))) for stage in Stage),
        (both("site.links"), _links(site)),
        (both("site.untied"), _untied(site.untied)),
        (both("site.runs"), _runs(site)),
        (both("site.not_told"), (_limits(site),)),
    ]
    outcome, kind = _outcome(site)
    return Document(
        title=both("site.title"),
        subtitle=both("site.subtitle"),
        outcome=outcome,
        kind=kind,
        head=Pairs(tuple((stage_of(stage), same(len(site.at(stage)))) for stage in Stage)),
        sections=tuple(Section(heading, blocks) for heading, blocks in sections if blocks),
        foot=both("site.foot", version=__version__),
        made_on=datetime.now(UTC).date(),
        lang=site.lang,
    )


def _outcome(site: Site) -> tuple[Text, str]:
    counts = {
        "software": sum(bool(node.recognises) for node in site.at(Stage.SOFTWARE) + site.at(Stage.DEVICE)),
        "stores": len(site.at(Stage.STORE)),
        "clouds": len(site.at(Stage.CLOUD)),
    }
    if site.sends_away:
        return both("site.outcome_cloud", **counts), "found_unjudged"
    if site.nodes:
        return both("site.outcome_found", **counts), "found"
    return both("site.outcome_nothing"), "only_gaps"


def _nodes(nodes: Sequence[Node]) -> tuple[Block, ...]:
    rows = (
        (
            same(short(node.name)),
            kind_of(node),
            same("-" if node.people is None else f"{node.people:,}"),
            word("verdict", node.verdict) if node.verdict else same("-"),
            _places(node.places),
        )
        for node in nodes
    )
    heads = (
        both("site.name"),
        both("site.what"),
        both("site.people"),
        both("label.verdict"),
        both("site.at"),
    )
    return _rows(heads, rows, len(nodes), (22, 22, 10, 14, 32))


def _links(site: Site) -> tuple[Block, ...]:
    nodes = {node.id: node for node in site.nodes}
    rows = (
        (
            same(number),
            same(short(nodes[link.before].name)),
            same(short(nodes[link.after].name)),
            *_ties(link),
        )
        for number, link in enumerate(site.links, start=1)
    )
    heads = tuple(both(f"site.{head}") for head in ("number", "before", "after", "reason", "sure", "at"))
    return _rows(heads, rows, len(site.links), (6, 18, 18, 24, 10, 24))


def _ties(link: Link) -> tuple[Text, Text, Text]:
    reasons = (
        join(word("site_why", tie.why), word("site_sure", tie.surety), zh="：", en=": ") for tie in link.ties
    )
    return join(*reasons, zh="；", en="; "), word("site_sure", link.surety), _places(link.ties[0].at)


def _places(places: Sequence[Locator]) -> Text:
    whole = tuple(dict.fromkeys(place.at(_shown(place)) for place in places))
    shown = [what_place(place) for place in whole[:_MOST_PLACES]]
    left = [both("sentence.more", left=len(whole) - _MOST_PLACES)] if len(whole) > _MOST_PLACES else []
    return join(*shown, *left, zh="；", en="; ")


def _shown(place: Locator) -> str | None:
    """Return the fragment of a place, but for the name of a system, which stands beside it already."""
    return None if (place.fragment or "").startswith("system=") else place.fragment


def _untied(nodes: Sequence[Node]) -> tuple[Block, ...]:
    rows = ((stage_of(node.stage), same(short(node.name)), kind_of(node)) for node in nodes)
    return _rows((both("site.stage"), both("site.name"), both("site.what")), rows, len(nodes), (15, 50, 35))


def _runs(site: Site) -> tuple[Block, ...]:
    rows = (
        (
            same(run.run_id),
            both(f"site.look_{'systems' if run.look == 'systems' else 'data'}"),
            same("; ".join(target_text(target) for target in run.targets)),
            same(moment_text(run.finished_at)) if run.finished_at else both("label.not_finished"),
            same(run.findings),
            same(run.gaps),
        )
        for run in site.runs
    )
    keys = ("label.run_id", "site.look", "label.targets", "label.finished", "site.total", "site.gaps")
    blocks = _rows(tuple(map(both, keys)), rows, len(site.runs), (18, 14, 32, 18, 9, 9))
    return (*blocks, *(Sentence(said, "warning") for said in _warnings(site)))


def _warnings(site: Site) -> Iterator[Text]:
    for look in ("systems", "data"):
        if not site.looked_for(look):
            yield both(f"site.no_{look}")
    if any(run.finished_at is None for run in site.runs):
        yield both("site.unfinished")


def _limits(site: Site) -> Points:
    said = [both(f"site.not_{name}") for name in ("used", "settings", "machine")]
    return Points((*said, *((both("site.loose", count=f"{site.loose:,}"),) if site.loose else ())))


def _rows(
    heads: tuple[Text, ...], rows: Iterable[tuple[Text, ...]], total: int, widths: tuple[int, ...]
) -> tuple[Block, ...]:
    kept = tuple(row for _, row in zip(range(_MOST_ROWS), rows, strict=False))
    if not kept:
        return ()
    left = total - _MOST_ROWS
    grid = Grid(heads, kept, widths)
    return (grid, Sentence(both("sentence.more", left=left), "soft")) if left > 0 else (grid,)
