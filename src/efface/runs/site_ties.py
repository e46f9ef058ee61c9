"""Tie the parts of a site to one another: each tie with why it is drawn and how sure it is.

Sources of the reasons: what a setting names (`formats.named_places`), what a device says of itself, the forms of stores
in `runs.systems`, the networks of `detectors/data/makers.toml`. The sureties are judgements.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar, cast

from efface.detectors.vector_maker import makers
from efface.report.site import Link, Surety, Tie, Why
from efface.report.systems import clues
from efface.runs.site_paths import database_of, folders_of, holds, is_shared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from efface.model import Finding, Locator
    from efface.report.site import Node
    from efface.runs.site_paths import Database, Ways

__all__ = ["Parts", "Software", "Store", "links"]

_A = TypeVar("_A")
_B = TypeVar("_B")
_ORDER = {surety: number for number, surety in enumerate(Surety)}
_INSTALLED = frozenset(
    (
        "pip",
        "npm",
        "maven",
        "nuget",
        "go",
        "apt",
        "composer",
        "library",
        "model",
        "licence",
        "symbol",
        "graph",
    )
)
"""Kinds of traces that show that something is there, and not that anything calls it."""


@dataclass(frozen=True)  # no slots: what is asked for each pair is worked out once
class Software:
    """A system in software, with its traces and how their paths are written."""

    node: Node
    findings: tuple[Finding, ...]
    ways: Ways

    def named(self, kind: str) -> tuple[tuple[str, Locator], ...]:
        """Return what its settings name of a kind of `formats.named_places`, and where."""
        return self._named.get(f"names_{kind}", ())

    @cached_property
    def _named(self) -> dict[str, tuple[tuple[str, Locator], ...]]:
        found: dict[str, tuple[tuple[str, Locator], ...]] = {}
        for finding in self.findings:
            for clue in finding.clues:
                if clue.name.startswith("names_"):
                    found[clue.name] = (*found.get(clue.name, ()), (clue.value, finding.locator))
        return found

    @cached_property
    def galleries(self) -> tuple[Finding, ...]:
        """Its traces that are galleries by the names of their files."""
        return tuple(
            each for each in self.findings if any(_kind(s) == "gallery" for s in clues(each, "signature"))
        )

    @cached_property
    def files(self) -> dict[tuple[str, ...], Locator]:
        """The files of its traces."""
        return {finding.locator.path: finding.locator for finding in self.findings}

    @cached_property
    def _folders(self) -> dict[str, tuple[Locator, bool]]:
        """A trace for each folder that is its own or of few things: whether it lies right in it, or deeper."""
        found: dict[str, tuple[Locator, bool]] = {}
        for finding in self.findings:
            own = self.ways.way(finding.locator).rpartition("/")[0]
            for folder in folders_of(own):
                if folder == own or folder not in found:
                    found[folder] = finding.locator, folder == own
        return found

    def near(self, place: Locator) -> tuple[Locator, Surety] | None:
        """Return a trace that shares the innermost folder with a place, likely where one lies right in the other's."""
        way = self.ways.way(place)
        for folder in folders_of(way):
            if folder in self._folders:
                trace, is_right_there = self._folders[folder]
                likely = is_right_there or folder in (way, way.rpartition("/")[0])
                return trace, Surety.LIKELY if likely else Surety.POSSIBLE
        return None


@dataclass(slots=True)
class Store:
    """A store, with what may tie it.

    Attributes:
        node: As it is shown.
        system: The software whose store it looks like, or "".
        networks: Networks that made its vectors.
        host: The device that it lies on, or "".
        database: The database that it lies in, or None.
    """

    node: Node
    system: str = ""
    networks: set[str] = field(default_factory=set)
    host: str = ""
    database: Database | None = None

    def __post_init__(self) -> None:
        place = self.node.places[0]
        if self.database is None and place.scheme not in ("file", "stdin") and not self.host:
            self.database = database_of(f"{place.scheme}://{place.path[0]}")


@dataclass(frozen=True, slots=True)
class Parts:
    """What stands on a site."""

    devices: tuple[Node, ...]
    software: tuple[Software, ...]
    stores: tuple[Store, ...]
    clouds: tuple[Node, ...]


def links(parts: Parts) -> tuple[Link, ...]:
    """Return all links of a site, the surest first."""
    found = [
        *_linked(parts.devices, parts.software, _device_software),
        *_linked(parts.devices, parts.stores, _device_store),
        *_linked(parts.software, parts.stores, _software_store),
        *_linked(parts.software, parts.clouds, _software_cloud),
    ]
    return tuple(sorted(found, key=lambda link: (_ORDER[link.surety], link.before, link.after)))


def _linked(
    before: tuple[_A, ...], after: tuple[_B, ...], ties_of: Callable[[_A, _B], Iterator[Tie]]
) -> Iterator[Link]:
    for one in before:
        for other in after:
            ties: dict[Why, Tie] = {}
            for tie in ties_of(one, other):
                best = ties.setdefault(tie.why, tie)
                if _ORDER[tie.surety] < _ORDER[best.surety]:
                    ties[tie.why] = tie
            if ties:
                ordered = sorted(ties.values(), key=lambda tie: (_ORDER[tie.surety], tie.why))
                yield Link(_id(one), _id(other), tuple(ordered))


def _id(part: object) -> str:
    return part.node.id if isinstance(part, Software | Store) else cast("Node", part).id


def _kind(signature: str) -> str:
    return signature.partition("/")[0]


# -- devices -------------------------------------------------------------------------------------------


def _device_software(device: Node, software: Software) -> Iterator[Tie]:
    for host, at in software.named("device"):
        if host == device.name:
            yield Tie(
                Why.NAMES_DEVICE,
                Surety.CERTAIN,
                (*device.places[:1], at) if device.kind == "asked" else (at,),
            )
    if device.vendor and software.node.vendor == device.vendor:
        yield Tie(Why.SAME_VENDOR, Surety.POSSIBLE, (*device.places[:1], software.findings[0].locator))


def _device_store(device: Node, store: Store) -> Iterator[Tie]:
    if store.host and store.host == device.name:
        yield Tie(Why.OWN_GALLERY, Surety.CERTAIN, store.node.places[:1])
    if store.system and device.vendor.casefold() == store.system.casefold():
        yield Tie(Why.SAME_VENDOR, Surety.POSSIBLE, (*device.places[:1], *store.node.places[:1]))


# -- stores --------------------------------------------------------------------------------------------


def _software_store(software: Software, store: Store) -> Iterator[Tie]:
    if store.host:
        return
    place = store.node.places[0]
    first = software.findings[0].locator
    name, form = software.node.name.casefold(), store.system.casefold()
    if form and name == form:
        yield Tie(Why.OWN_FORM, Surety.LIKELY, (first, place))
    elif form and name.startswith((f"{form} ", f"{form}(")):
        yield Tie(Why.OWN_FORM, Surety.POSSIBLE, (first, place))
    yield from _by_setting(software, store)
    near = None if store.database else software.near(place)
    if near is not None:
        trace, surety = near
        yield Tie(Why.SAME_FOLDER, surety, (trace, place))
    if any(
        software.node.name in makers()[network].systems for network in store.networks if network in makers()
    ):
        surety = Surety.LIKELY if near else Surety.POSSIBLE
        yield Tie(Why.SAME_NETWORK, surety, (first, place))


def _by_setting(software: Software, store: Store) -> Iterator[Tie]:
    """Yield ties to what settings name: the store's database, its file, or a folder that it lies in."""
    place, ways = store.node.places[0], software.ways
    way = "" if store.database else ways.way(place)
    for finding in software.galleries:
        if way and (holds(way, ways.way(finding.locator)) or holds(ways.way(finding.locator), way)):
            yield Tie(Why.SAME_FILE, Surety.CERTAIN, (finding.locator, place))
    for address, at in software.named("database"):
        path = address.removeprefix("sqlite:///")
        named = database_of(address)
        if path != address and way and holds(ways.named(path, at), way):
            yield Tie(Why.NAMES_FILE, _by_path(path), (at, place))
        elif named and store.database and named.is_same(store.database):
            surety = Surety.LIKELY if named.is_local else Surety.CERTAIN
            yield Tie(Why.NAMES_DATABASE, surety, (at, place))
        elif named and store.database and named.has_name_of(store.database):
            yield Tie(Why.SAME_DATABASE_NAME, Surety.POSSIBLE, (at, place))
    for path, at in software.named("folder"):
        folder = ways.named(path, at)
        if way and not is_shared(folder) and holds(folder, way):
            yield Tie(Why.NAMES_FOLDER, _by_path(path), (at, place))


def _by_path(path: str) -> Surety:
    """Return how sure a path is: one that is not absolute is read from a folder that nobody stated."""
    return Surety.CERTAIN if path.startswith("/") else Surety.LIKELY


# -- clouds --------------------------------------------------------------------------------------------


def _software_cloud(software: Software, cloud: Node) -> Iterator[Tie]:
    if cloud.kind == "bucket":
        named = (at for bucket, at in software.named("bucket") if bucket == cloud.name)
        yield from (Tie(Why.NAMES_BUCKET, Surety.CERTAIN, (at,)) for at in named)
    elif cloud.name == software.node.name:
        yield from map(_of_service, software.findings)
    elif software.node.recognises:
        yield from _beside_service(software, cloud)


def _of_service(finding: Finding) -> Tie:
    """Return the tie that a trace of a service is: that it is installed says less than that it is named."""
    kinds = {_kind(signature) for signature in clues(finding, "signature")}
    if kinds <= _INSTALLED:
        return Tie(Why.HAS_PACKAGE, Surety.POSSIBLE, (finding.locator,))
    return Tie(Why.NAMES_SERVICE, Surety.LIKELY, (finding.locator,))


def _beside_service(software: Software, cloud: Node) -> Iterator[Tie]:
    for place in cloud.places:
        if place.path in software.files:
            yield Tie(Why.SAME_FILE, Surety.LIKELY, (software.files[place.path], place))
        elif near := software.near(place):
            yield Tie(Why.SAME_FOLDER, Surety.POSSIBLE, (near[0], place))
