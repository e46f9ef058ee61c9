"""A scan: list, look, write down; resumed and repeated by the same steps.

What was looked at with the same configuration and has not changed since is not looked at again, whether
the scan before was finished or killed.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Self

from efface import __version__, registry
from efface.errors import UsageError
from efface.examine import DATA, configuration
from efface.model import Gap, GapReason, Limits, Locator, Mode, SampledSource, Unit
from efface.runs.bound import bind, is_elsewhere, targets_to_list
from efface.runs.codec import decode, encode
from efface.runs.ignore import Ignore
from efface.runs.left import tell_left
from efface.runs.pace import Pace
from efface.runs.pool import Done, Lost, Pool
from efface.runs.record import looked_again_entry, removal_began, scan_entry
from efface.runs.tally import lost_result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from efface.examine import Look
    from efface.model import Source
    from efface.runs.remote import Remote
    from efface.runs.store import Store

__all__ = ["Progress", "ScanOptions", "scan"]

_LIST_BATCH = 2_000
_MAX_ATTEMPTS = 8
_FOR_EVER = Limits().run_seconds
_BETWEEN = ""
"""Stands among the parts to skip for "ended before it named a part"."""


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """How to scan.

    Attributes:
        targets: What the user named.
        mode: How hard to look.
        jobs: How many processes; 0 for one per core.
        limits: Budgets.
        ignore: What to leave out, and to count; None for nothing.
        engine: Address of a cluster whose workers look, see `engines.cluster.Cluster`; "" for processes here.
        elsewhere: Whether it may be of other targets than those of the run; it then leaves no entry in the ledger.
        look: What is looked for.
        rank: Gives the units that are looked at first the smallest numbers; None for the order of places.
    """

    targets: tuple[str, ...]
    mode: Mode = Mode.STANDARD
    jobs: int = 0
    limits: Limits = field(default_factory=Limits)
    ignore: Ignore | None = None
    engine: str = ""
    elsewhere: bool = False
    look: Look = DATA
    rank: Callable[[Unit], float] | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a scan is, for a progress bar.

    Attributes:
        units: Units looked at in this scan.
        total_units: Units that this scan has to look at.
        size_bytes: Bytes of the units looked at.
        total_bytes: Bytes that this scan has to look at.
        findings: Findings so far in this scan.
        gaps: Gaps so far in this scan.
    """

    units: int
    total_units: int
    size_bytes: int
    total_bytes: int
    findings: int
    gaps: int


def scan(store: Store, options: ScanOptions, *, progress: Callable[[Progress], None] | None = None) -> None:
    """List the targets and look at everything that is new or changed.

    Args:
        store: The run file; everything that is found goes there.
        options: How to scan.
        progress: Called after each unit.

    Raises:
        UsageError: A target does not exist, or no source reads it, or the run is of other targets.
    """
    targets = targets_to_list(store, options.targets, options.mode, elsewhere=options.elsewhere)
    sources = [_source_of(target, options.look) for target in targets]
    digest = configuration(options.mode, options.limits, options.look)
    started_at, began = datetime.now(UTC), time.monotonic()
    ignore = options.ignore or Ignore()
    listings = [
        _begun(ignore.listed(target, _listing(source, target, options)))
        for target, source in zip(targets, sources, strict=True)
    ]
    with (
        _engine(options, digest) as engine,
        _Workers(options, engine) as workers,
    ):  # refused before the run is touched
        number = _begin(store, options, started_at)
        _list(store, listings, number, workers)
        reused = _reusable(store, digest)
        _look(store, options, digest, progress, workers, began)
        if options.limits.run_seconds < _FOR_EVER:
            tell_left(store, digest)
        _finish(store, options, started_at, reused)


def _engine(options: ScanOptions, digest: str) -> AbstractContextManager[Remote | None]:
    if not options.engine:
        return nullcontext()
    from efface.runs.remote import Remote  # noqa: PLC0415 - most scans need none

    return Remote(options.engine, options.mode, options.limits, digest)


class _Workers:
    """Who looks: a cluster, or processes here, begun as soon as it is known that there is work for all of them."""

    def __init__(self, options: ScanOptions, engine: Remote | None) -> None:
        self._options = options
        self._engine = engine
        self._pool: Pool | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.close()

    def begin(self, units: int) -> Remote | Pool:
        """Return who looks at so many units at least; asked again, the same."""
        if self._engine is not None:
            return self._engine
        if self._pool is None:
            options = self._options
            jobs = min(options.jobs or os.cpu_count() or 1, units)
            self._pool = Pool(jobs, options.mode, options.limits, options.look)
        return self._pool


def _source_of(target: str, look: Look) -> Source:
    for name in look.sources:
        source: Source = registry.load("source", name)()
        if source.claims(target):
            return source
    scheme = target.partition("://")[0]
    raise UsageError(
        f"nothing here reads {scheme}:// targets", to_do="Run `efface doctor` to see what can be read."
    )


def _listing(source: Source, target: str, options: ScanOptions) -> Iterator[Unit | Gap]:
    """Ask for the units of a target; a source that draws from large things is told how hard to look."""
    if isinstance(source, SampledSource):
        return source.units_in(target, options.mode, options.limits)
    return source.units(target)


def _begun(listing: Iterator[Unit | Gap]) -> Iterator[Unit | Gap]:
    """Take the first of a listing: a target that does not exist is refused before the run is touched."""
    return chain(tuple(islice(listing, 1)), listing)


def _begin(store: Store, options: ScanOptions, started_at: datetime) -> int:
    number = int(store.meta("scan")) + 1
    with store.transaction():
        store.set_meta("scan", str(number))
        store.set_meta("targets", json.dumps(options.targets))
        store.set_meta("mode", options.mode)
        store.set_meta("look", options.look.name)
        store.set_meta("started_at", started_at.isoformat())
        store.set_meta("finished_at", "")
        bind(store, options.targets)
        if not store.ledger.size:
            opened = {"kind": "run_opened", "run": store.run_id, "tool_version": __version__}
            store.ledger.append({**opened, "targets": len(options.targets)})
    return number


def _list(store: Store, listings: list[Iterator[Unit | Gap]], number: int, workers: _Workers) -> None:
    is_new = not store.count_units()
    path = os.path.realpath(store.path)  # as sources name it
    own = {Locator.of_file(path + ending).uri for ending in ("", "-wal", "-shm", "-journal")}
    batch: list[Unit] = []
    gaps: list[Gap] = []
    for listing in listings:
        for listed in listing:
            if isinstance(listed, Gap):
                gaps.append(listed)
            elif listed.uri not in own:  # the run file does not scan itself
                batch.append(listed)
                if len(batch) >= _LIST_BATCH:
                    if (
                        is_new
                    ):  # all of these have to be looked at: workers get ready while the rest is listed
                        workers.begin(len(batch))
                    with store.transaction():
                        store.list_units(batch, number)
                    batch.clear()
    with store.transaction():
        store.list_units(batch, number)
        store.forget_unlisted(number)
        for gap in dict.fromkeys(gaps):  # targets that lie in one another tell the same one twice
            store.add_gap(gap)


def _reusable(store: Store, digest: str) -> int:
    units, _ = store.to_do(digest)
    return store.count_units() - units


def _look(  # noqa: PLR0913, PLR0917 - what a scan is made of
    store: Store,
    options: ScanOptions,
    digest: str,
    progress: Callable[[Progress], None] | None,
    workers: _Workers,
    began: float,
) -> None:
    total_units, total_bytes = store.to_do(digest)
    if not total_units:
        return
    count = Progress(0, total_units, 0, total_bytes, 0, 0)
    pool = workers.begin(total_units)
    pace = Pace(store, digest)
    tasks = _Tasks(store, digest, options, began)
    try:
        for outcome in pool.run(tasks):
            result = tasks.result_of(outcome)
            if result is None:
                continue
            pace.finish(decode(outcome.task["unit"]), result)
            if progress is not None:
                count = _further(count, outcome.task["size_bytes"], result)
                progress(count)
    finally:
        pace.flush()  # also when the user interrupts: what is done is kept


def _further(count: Progress, size_bytes: int, result: dict[str, Any]) -> Progress:
    return replace(
        count,
        units=count.units + 1,
        size_bytes=count.size_bytes + size_bytes,
        findings=count.findings + len(result.get("findings", ())),
        gaps=count.gaps + len(result.get("gaps", ())),
    )


class _Tasks:
    """The units still to look at, as tasks; those that ended a process come again without that part."""

    def __init__(self, store: Store, digest: str, options: ScanOptions, began: float) -> None:
        self._store = store
        self._units = store.next_units(digest)
        if options.rank is not None:
            rank = options.rank
            self._units = iter(sorted(self._units, key=lambda found: rank(found[0])))
        self._until = began + options.limits.run_seconds
        self._again: list[dict[str, Any]] = []

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self

    def __next__(self) -> dict[str, Any]:
        if time.monotonic() >= self._until:
            raise StopIteration
        if self._again:
            return self._again.pop()
        unit, skip, known = next(self._units)
        return {**_task(unit, skip), "known": known, "secret": self._store.meta("secret") if known else ""}

    def result_of(self, outcome: Done | Lost) -> dict[str, Any] | None:
        """Return the result of a unit, or None when it is to be looked at again without a part."""
        if isinstance(outcome, Done):
            return outcome.result
        unit, skip = decode(outcome.task["unit"]), dict(outcome.task["skip"])
        # A process that ended between two units tells nothing about the next one: that one has another try.
        at = outcome.at or (unit.uri if _BETWEEN in skip else _BETWEEN)
        exhausted = outcome.reason is GapReason.OVER_LIMIT and at == unit.uri
        if at in skip or len(skip) >= _MAX_ATTEMPTS or exhausted:
            return lost_result(unit.uri, outcome.reason)
        skip[at] = outcome.reason.value
        with self._store.transaction():
            self._store.skip(unit.uri, skip)
        self._again.append(_task(unit, skip))
        return None


def _task(unit: Unit, skip: dict[str, str]) -> dict[str, Any]:
    return {
        "task": "scan",
        "key": unit.uri,
        "unit": encode(unit),
        "skip": skip,
        "size_bytes": unit.size_bytes,
    }


def _finish(store: Store, options: ScanOptions, started_at: datetime, reused: int) -> None:
    with store.transaction():
        store.set_meta("finished_at", datetime.now(UTC).isoformat())
        store.set_meta("reused", str(reused))
        store.set_meta("seconds", f"{time.time() - started_at.timestamp():.3f}")
        if is_elsewhere(store):
            return  # a look for what came back, in other places: the ledger stays as it was certified
        if removal_began(store):
            store.ledger.append(looked_again_entry(store))
        else:
            store.keep_scanned()
            store.ledger.append(scan_entry(store, options.mode))
