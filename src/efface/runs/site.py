"""Put inspections and scans together into one picture of a site: what stands there, and what ties it together.

Works on what findings carry and opens nothing. Runs that are given together are taken to be of one site, and one path
in them to be one place; what was mounted as an image is compared by its path in the image.

Not promised: that what is tied worked together, or that what is not tied did not.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from efface.model import Form, Locator
from efface.report.arrange import verdict_by_subject
from efface.report.plain import target_text
from efface.report.site import Node, Seen, Site, Stage
from efface.report.systems import clues, systems
from efface.runs.site_paths import Ways, database_of, holds, host_of
from efface.runs.site_ties import Parts, Software, Store, links

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from efface.model import Finding, VerdictKind
    from efface.report.view import RunView

__all__ = ["site_of"]

_PLACES = 50  # of one node that are kept
_CLOUD = "cloud"


def site_of(views: Sequence[RunView], lang: str) -> Site:
    """Return the picture that some runs make together.

    Args:
        views: Inspections and scans of one site, in any order.
        lang: "zh" or "en".
    """
    inspected = [view for view in views if view.look == "systems"]
    scanned = [view for view in views if view.look != "systems"]
    ways = Ways(target for view in views for target in view.targets)
    software = tuple(_software(inspected, ways))
    devices, galleries = _devices(inspected)
    stores, loose = _stores(scanned)
    stores += galleries
    stores += _named_files(software, stores, ways)
    stores += _named_databases(software, stores, scanned)
    parts = Parts(
        devices=devices + _named_devices(software, devices),
        software=software,
        stores=tuple(stores),
        clouds=tuple(_clouds(software)),
    )
    nodes = [
        *sorted(parts.devices, key=_order),
        *sorted((each.node for each in software), key=_order),
        *sorted((each.node for each in stores), key=_order),
        *sorted(parts.clouds, key=_order),
    ]
    return Site(tuple(map(_seen, views)), tuple(nodes), links(parts), loose, lang)


def _order(node: Node) -> tuple[bool, int, str]:
    return not node.recognises, -(node.people or 0), node.id


def _seen(view: RunView) -> Seen:
    times = view.started_at, view.finished_at
    return Seen(view.run_id, view.look, *times, view.targets, len(view.findings), len(view.gaps))


def _node(stage: Stage, name: str, kind: str, places: Iterable[Locator] = (), **more: object) -> Node:
    kept = tuple(dict.fromkeys(places))[:_PLACES]
    return replace(Node(f"{stage}:{name}", stage, name, kind, places=kept), **more)  # type: ignore[arg-type]


# -- software and clouds -------------------------------------------------------------------------------


def _software(views: Sequence[RunView], ways: Ways) -> Iterator[Software]:
    if not views:
        return
    found = {finding.id: finding for view in views for finding in view.findings if not _is_of_device(finding)}
    verdicts = tuple(verdict for view in views for verdict in view.verdicts)
    whole = replace(views[0], findings=tuple(found.values()), verdicts=verdicts)
    for system in systems(whole):
        yield Software(
            _node(
                Stage.SOFTWARE,
                system.name,
                system.tells,
                (finding.locator for finding in system.findings),
                recognises=system.recognises,
                verdict=system.verdict.kind if system.verdict else None,
                vendor=system.vendor,
            ),
            tuple(system.findings),
            ways,
        )


def _is_of_device(finding: Finding) -> bool:
    return finding.locator.scheme.partition("+")[0] == "device"


def _clouds(software: Iterable[Software]) -> Iterator[Node]:
    buckets: dict[str, list[Locator]] = {}
    for each in software:
        places = [finding.locator for finding in each.findings if _CLOUD in clues(finding, "tells")]
        if places:
            name, vendor = each.node.name, each.node.vendor
            yield _node(Stage.CLOUD, name, "service", places, recognises=True, vendor=vendor)
        for bucket, at in each.named("bucket"):
            buckets.setdefault(bucket, []).append(at)
    for bucket, at_all in buckets.items():
        yield _node(Stage.CLOUD, bucket, "bucket", at_all)


# -- devices -------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Device:
    systems: list[Finding] = field(default_factory=list)
    verdicts: list[VerdictKind] = field(default_factory=list)


def _devices(views: Iterable[RunView]) -> tuple[tuple[Node, ...], list[Store]]:
    """Return the devices that were asked, and the galleries that they say they hold."""
    found: dict[str, _Device] = {}
    galleries: dict[str, Store] = {}
    for view in views:
        verdicts = verdict_by_subject(view)
        for finding in filter(_is_of_device, view.findings):
            host = host_of(finding.locator)
            if finding.form is Form.REFERENCE_DATABASE:
                name = f"{host} {finding.locator.fragment or ''}".strip()
                node = _node(
                    Stage.STORE, name, "device_gallery", [finding.locator], people=finding.references
                )
                galleries[node.id] = Store(node, host=host)
                continue
            device = found.setdefault(host, _Device())
            device.systems.append(finding)
            if verdict := verdicts.get(finding.id):
                device.verdicts.append(verdict.kind)
    return tuple(_asked(host, device) for host, device in found.items()), list(galleries.values())


def _asked(host: str, device: _Device) -> Node:
    vendors = dict.fromkeys(vendor for finding in device.systems for vendor in clues(finding, "vendor"))
    counts = [value for finding in device.systems for value in clues(finding, "persons")]
    known = [int(value) for value in counts if value.isdigit()]
    return _node(
        Stage.DEVICE,
        host,
        "asked",
        (finding.locator for finding in device.systems),
        recognises=any(finding.is_biometric for finding in device.systems),
        people=max(known) if known and len(known) == len(counts) else None,
        verdict=min(device.verdicts, key=lambda kind: kind.strength, default=None),
        vendor=", ".join(vendors),
    )


def _named_devices(software: Iterable[Software], asked: Iterable[Node]) -> tuple[Node, ...]:
    """Return the devices that settings name and nobody asked."""
    known = {node.name for node in asked}
    places: dict[str, list[Locator]] = {}
    for each in software:
        for host, at in each.named("device"):
            if host not in known:
                places.setdefault(host, []).append(at)
    return tuple(_node(Stage.DEVICE, host, "named", at) for host, at in places.items())


# -- stores --------------------------------------------------------------------------------------------


def _stores(views: Iterable[RunView]) -> tuple[list[Store], int]:
    """Return the galleries and tables that scans found, and how many findings lie in none of them."""
    found: dict[str, Store] = {}
    loose = 0
    for view in views:
        here: dict[tuple[str, tuple[str, ...]], list[Store]] = {}
        for group in view.groups:
            name = target_text(group.place.uri.removeprefix("file://"))
            node = _node(Stage.STORE, name, str(group.kind), [group.place], people=group.people)
            store = found.setdefault(group.place.uri, Store(node, system=group.system))
            here.setdefault((group.place.scheme, group.place.path), []).append(store)
        for finding in view.findings:
            inside = [store for key in _around(finding.locator) for store in here.get(key, ())]
            inside = [store for store in inside if _is_in(finding.locator, store.node.places[0])]
            loose += not inside
            for store in inside:
                store.networks.update(clues(finding, "network"))
    return list(found.values()), loose


def _around(place: Locator) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield what a place may lie in, as keys: itself, its folders, and what lies around those."""
    for depth in range(len(place.path)):
        outer, name = place.path[:depth], place.path[depth]
        yield place.scheme, (*outer, name)
        while "/" in name.rstrip("/"):
            name = name.rpartition("/")[0]
            yield place.scheme, (*outer, name or "/")


def _is_in(place: Locator, store: Locator) -> bool:
    if store.fragment is None:
        return True
    fragment = place.fragment or ""
    return place.path == store.path and holds(store.fragment, fragment)


def _named_files(software: Iterable[Software], stores: Sequence[Store], ways: Ways) -> list[Store]:
    """Return the galleries that are known by the names of their files alone, where no scan found what is in them."""
    seen = [ways.way(store.node.places[0]) for store in stores]
    found: dict[str, Store] = {}
    for each in software:
        for finding in each.galleries:
            place = finding.locator.at(None)
            way = ways.way(place)
            if not any(holds(way, other) or holds(other, way) for other in seen if other):
                name = target_text(place.uri.removeprefix("file://"))
                found.setdefault(name, Store(_node(Stage.STORE, name, "named_gallery", [place])))
    return list(found.values())


def _named_databases(
    software: Iterable[Software], stores: Sequence[Store], views: Iterable[RunView]
) -> list[Store]:
    """Return the databases that settings name and in which no store was found, whether looked at or not."""
    known = [store.database for store in stores if store.database]
    looked_at = [found for view in views for target in view.targets if (found := database_of(_bare(target)))]
    places: dict[str, list[Locator]] = {}
    for each in software:
        for address, at in each.named("database"):
            database = database_of(address)
            if database and not any(database.is_same(other) for other in known):
                places.setdefault(address, []).append(at)
    named = []
    for address, at_all in places.items():
        database = database_of(address)
        searched = any(database.is_same(other) for other in looked_at if database)
        kind = "searched_database" if searched else "named_database"
        named.append(Store(_node(Stage.STORE, address, kind, at_all), database=database))
    return named


def _bare(target: str) -> str:
    """Return a target without its login and parameters."""
    scheme, mark, rest = target.partition("://")
    return f"{scheme}{mark}{rest.partition('?')[0].rpartition('@')[2]}"
