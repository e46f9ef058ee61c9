"""One picture of a site: devices, software, stores and clouds, and what ties one to another; as values and as JSON.

Every tie says why it is drawn and how sure it is. What nothing ties to anything is shown as that.

Not promised: that a tie is how data flowed. It says what stands in the findings of the runs, and no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from efface.report.json_report import dump
from efface.report.plain import encodable, moment_text, target_text

if TYPE_CHECKING:
    from datetime import datetime

    from efface.model import Locator, VerdictKind

__all__ = ["SCHEMA", "Link", "Node", "Seen", "Site", "Stage", "Surety", "Tie", "Why", "plain"]

SCHEMA: Final = "efface/site/v1"


class Stage(StrEnum):
    """Where in the chain something stands."""

    DEVICE = "device"
    SOFTWARE = "software"
    STORE = "store"
    CLOUD = "cloud"


class Surety(StrEnum):
    """How sure a tie is, the surest first; a judgement, not a measured rate."""

    CERTAIN = "certain"
    """One side names the very other, or they are one thing."""
    LIKELY = "likely"
    """A fact that few other pairs share."""
    POSSIBLE = "possible"
    """A fact that other pairs may share; a question for a person."""


class Why(StrEnum):
    """Why a tie is drawn."""

    OWN_GALLERY = "own_gallery"
    SAME_FILE = "same_file"
    NAMES_DATABASE = "names_database"
    NAMES_FILE = "names_file"
    NAMES_FOLDER = "names_folder"
    NAMES_DEVICE = "names_device"
    NAMES_BUCKET = "names_bucket"
    NAMES_SERVICE = "names_service"
    HAS_PACKAGE = "has_package"
    OWN_FORM = "own_form"
    SAME_NETWORK = "same_network"
    SAME_FOLDER = "same_folder"
    SAME_DATABASE_NAME = "same_database_name"
    SAME_VENDOR = "same_vendor"


@dataclass(frozen=True, slots=True)
class Tie:
    """One reason for a link.

    Attributes:
        why: What ties.
        surety: How sure that is.
        at: Where it was read, the side before first.
    """

    why: Why
    surety: Surety
    at: tuple[Locator, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """One device, software, store or cloud.

    Attributes:
        id: Its stage and what it is known by; the same in every picture of the same runs.
        stage: Where in the chain it stands.
        name: What stands for it: an address, the name of a system, a place.
        kind: A word of the section `site_kind` or `tells` of the table of texts.
        recognises: Whether it is one that recognises people; None where that is no question.
        people: About how many data subjects it holds, or None where nothing tells.
        places: Where it was found or named.
        verdict: The strongest verdict on one of its findings, or None.
        vendor: Who makes it, or "".
    """

    id: str
    stage: Stage
    name: str
    kind: str
    recognises: bool | None = None
    people: int | None = None
    places: tuple[Locator, ...] = ()
    verdict: VerdictKind | None = None
    vendor: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """Two nodes, the one before in the chain first, and what ties them, the surest first."""

    before: str
    after: str
    ties: tuple[Tie, ...]

    @property
    def surety(self) -> Surety:
        """How sure its surest tie is."""
        return self.ties[0].surety


@dataclass(frozen=True, slots=True)
class Seen:
    """A run that the picture is made of."""

    run_id: str
    look: str
    started_at: datetime
    finished_at: datetime | None
    targets: tuple[str, ...]
    findings: int
    gaps: int


@dataclass(frozen=True, slots=True)
class Site:
    """The whole picture.

    Attributes:
        runs: What it is made of.
        nodes: In the order of the chain.
        links: The surest first.
        loose: Findings of data that lie in none of the stores.
        lang: The language shown first.
    """

    runs: tuple[Seen, ...]
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    loose: int
    lang: str

    def at(self, stage: Stage) -> tuple[Node, ...]:
        """Return the nodes of one stage."""
        return tuple(node for node in self.nodes if node.stage is stage)

    @property
    def untied(self) -> tuple[Node, ...]:
        """What nothing ties to anything else."""
        tied = {name for link in self.links for name in (link.before, link.after)}
        return tuple(node for node in self.nodes if node.id not in tied)

    @property
    def sends_away(self) -> bool:
        """Whether something on the site names a place elsewhere, so that an empty gallery here proves nothing."""
        return bool(self.at(Stage.CLOUD))

    def looked_for(self, look: str) -> bool:
        """Return whether one of the runs looked for "systems" or "data"."""
        return any(run.look == look for run in self.runs)


def plain(site: Site) -> str:
    """Return the picture as JSON, schema `efface/site/v1`."""
    untied = {node.id for node in site.untied}
    value: dict[str, Any] = {
        "schema": SCHEMA,
        "runs": [
            {
                "id": run.run_id,
                "look": run.look,
                "started_at": moment_text(run.started_at),
                "finished_at": moment_text(run.finished_at) or None,
                "targets": [target_text(target) for target in run.targets],
                "findings": run.findings,
                "gaps": run.gaps,
            }
            for run in site.runs
        ],
        "nodes": [
            {
                "id": encodable(node.id),
                "stage": node.stage,
                "name": encodable(node.name),
                "kind": node.kind,
                "vendor": encodable(node.vendor) or None,
                "recognises": node.recognises,
                "people": node.people,
                "verdict": node.verdict,
                "tied": node.id not in untied,
                "places": [place.uri for place in node.places],
            }
            for node in site.nodes
        ],
        "links": [
            {
                "before": encodable(link.before),
                "after": encodable(link.after),
                "surety": link.surety,
                "ties": [
                    {"why": tie.why, "surety": tie.surety, "at": [place.uri for place in tie.at]}
                    for tie in link.ties
                ],
            }
            for link in site.links
        ],
        "loose_findings": site.loose,
        "empty_gallery_proves_nothing": site.sends_away,
    }
    return dump(value)
