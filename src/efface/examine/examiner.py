"""The walk through one artefact: detectors on every part, containers opened, failures kept as gaps."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

from efface import registry
from efface.engines.passwords import readable_passwords
from efface.errors import AccessError, EffaceError, FormatError, LimitExceededError
from efface.examine.fold import Fold
from efface.examine.look import DATA
from efface.examine.unopened import unopened
from efface.formats import sniff, unwrap
from efface.formats.text_values import TEXT_TYPES
from efface.model import (
    COLLECTION_TYPE,
    COLUMN_TYPE,
    SHORTEST_CELL,
    Artefact,
    Beat,
    Collection,
    Column,
    ColumnDetector,
    Finding,
    Gap,
    GapReason,
    Locator,
    Mode,
    Part,
    Sampling,
)
from efface.sources.archive import reason_of
from efface.sources.payloads import BytesPayload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from efface.examine.look import Look
    from efface.model import Container, Detector, Limits

__all__ = ["Examiner", "Result", "configuration"]

Result = Artefact | Finding | Gap | Sampling
_Step = Result | Beat
_T = TypeVar("_T")

_MIN_CELL_BYTES = 64
"""Shorter values hold no picture; vectors and records are the column detectors' business."""

_BEAT = 50
_CELLS_A_BEAT = 5_000
_WHOLE_BYTES = 32 << 20
_CHUNK_BYTES = 1 << 20
_CHUNKS_A_BEAT = 256
_ALL_CELLS = 1 << 62  # thorough: every value is tested

_UNWRAPPED = ("application/gzip", "application/zlib")
_MARKUP = ("application/xml", "application/rtf", "image/svg+xml", "text/html")
"""Texts of which `unwrap` takes nothing: as values of a column they are opened as files are."""


def configuration(mode: Mode, limits: Limits, look: Look = DATA) -> str:
    """Return a digest of all that decides what a scan finds: plug-ins, versions, mode, limits, networks."""
    from efface.engines import network  # noqa: PLC0415 - only needed once a scan is set up

    parts = [
        f"{kind}:{name}@{registry.version(kind, name)}"
        for kind, names in (("container", look.containers), (look.detectors, registry.names(look.detectors)))
        for name in names
    ]
    # How many, and nothing of them: with another list an encrypted thing may open.
    parts.append(f"passwords={len(readable_passwords())}")
    parts += [f"{name}={digest}" for name, digest in sorted(network.digests().items())]
    same = replace(limits, run_seconds=0.0)  # how long a run may take decides nothing of what a thing holds
    return hashlib.sha256("\n".join((*parts, mode, repr(same))).encode()).hexdigest()


def _ignore(_uri: str) -> None:
    return


class _Eyes(NamedTuple):
    of_parts: list[Detector]
    of_values: list[Detector]
    containers: list[Container]


class Examiner:
    """Shows every part of an artefact to every detector that accepts its media type.

    Args:
        mode: How hard the detectors look.
        limits: Budgets; what exceeds one is a gap.
        at: Called with the URI of each part before it is looked at, so that a supervisor knows what a
            process was busy with when it died.
        look: What is looked for.
        detectors: Who looks; by default all that are registered for it.
    """

    def __init__(
        self,
        mode: Mode,
        limits: Limits,
        *,
        at: Callable[[str], None] = _ignore,
        look: Look = DATA,
        detectors: Sequence[Detector] | None = None,
    ) -> None:
        self._mode = mode
        self._wants_all = look.wants_all
        self._limits = limits if mode is not Mode.THOROUGH else replace(limits, cells=_ALL_CELLS)
        self._tell = at
        self._busy_with = ""
        self._skip: Mapping[str, GapReason] = {}
        self._understood: dict[str, bool] = {}
        self._eyes: dict[str, _Eyes] = {}
        if detectors is None:
            detectors = [registry.load(look.detectors, name)() for name in registry.names(look.detectors)]
        self._detectors = list(detectors)
        self._column_detectors = [each for each in self._detectors if isinstance(each, ColumnDetector)]
        self._containers = [cast("Container", registry.load("container", name)()) for name in look.containers]

    def examine(
        self, opened: Part | Collection, skip: Mapping[str, GapReason] | None = None
    ) -> Iterator[Result]:
        """Yield the artefacts, findings, gaps and samplings of a thing and of everything inside it.

        Nothing is raised but KeyboardInterrupt and SystemExit: what fails becomes a gap.
        """
        self._skip = skip or {}
        steps = self._part(opened, 0) if isinstance(opened, Part) else self._collection(opened)
        for step in steps:
            if isinstance(step, Beat):
                self._tell(self._busy_with)
            else:
                yield step

    def _at(self, uri: str) -> None:
        self._busy_with = uri
        self._tell(uri)

    def _skipped(self, place: Locator) -> Gap | None:
        reason = self._skip.get(place.uri) if self._skip else None
        if reason is None:
            return None
        return Gap(place, "detect", reason, f"looking at it ended its process ({reason})")

    def _collection(self, collection: Collection) -> Iterator[_Step]:
        if gap := self._skipped(collection.locator):
            yield gap
            return
        self._at(collection.locator.uri)
        yield Artefact(collection.locator, COLLECTION_TYPE, 0)
        step = "unpack", lambda: self._each(collection.parts(), 0)
        yield from _once(collection.locator, set(), _guarded(collection.locator, step))

    def _part(self, part: Part, depth: int) -> Iterator[_Step]:
        if gap := self._skipped(part.locator):
            yield gap
            return
        self._at(part.locator.uri)
        media_type = sniff.media_type(part.payload.head(sniff.HEAD_BYTES), part.surroundings.names[0])
        gaps: set[GapReason] = set()
        try:
            yield from self._artefact(part, media_type)
        except (AccessError, FormatError) as error:
            yield _gap_of(part.locator, "open", error)
            return
        artefact = Artefact(part.locator, media_type, part.payload.size_bytes, "", part.modified_at)
        yield from _once(part.locator, gaps, self._looked_at(artefact, part, depth))

    def _artefact(self, part: Part, media_type: str) -> Iterator[_Step]:
        """Yield the artefact with its digest; what is large is read in pieces, as no detector may want it whole."""
        if part.payload.size_bytes <= min(_WHOLE_BYTES, self._limits.artefact_bytes):
            data = part.payload.read()
            digest = hashlib.sha256(data).hexdigest()
            yield Artefact(part.locator, media_type, len(data), digest, part.modified_at)
            return
        running = hashlib.sha256()
        with part.payload.open() as stream:
            for count, chunk in enumerate(iter(lambda: stream.read(_CHUNK_BYTES), b"")):
                running.update(chunk)
                if count % _CHUNKS_A_BEAT == 0:
                    yield Beat()
        yield Artefact(
            part.locator, media_type, part.payload.size_bytes, running.hexdigest(), part.modified_at
        )

    def _looked_at(self, artefact: Artefact, part: Part, depth: int) -> Iterator[_Step]:
        for step in self._steps(artefact, part, depth):
            yield from _guarded(part.locator, step)

    def _steps(
        self, artefact: Artefact, part: Part, depth: int
    ) -> Iterator[tuple[str, Callable[[], Iterator[_Step]]]]:
        media_type = artefact.media_type
        closed = unopened(media_type, part.surroundings.names[0], understood=self._understands(media_type))
        if closed and (self._wants_all or closed[0] is GapReason.ENCRYPTED):
            yield "open", lambda: iter([Gap(part.locator, "open", *closed)])
        eyes = self._eyes_for(media_type)
        for detector in eyes.of_parts:
            yield (
                "detect",
                lambda detector=detector: detector.detect(  # type: ignore[misc]
                    artefact, part.payload, part.surroundings, self._mode, self._limits
                ),
            )
        for container in eyes.containers:
            yield "unpack", lambda container=container: self._inside(container, part, media_type, depth)  # type: ignore[misc]

    def _understands(self, media_type: str) -> bool:
        """Return whether something takes such content for what it is, rather than as bytes like any other."""
        if media_type not in self._understood:
            opened = any(
                container.accepts(media_type) and not container.accepts(sniff.OCTETS)
                for container in self._containers
            )
            self._understood[media_type] = opened or self._is_judged(media_type)
        return self._understood[media_type]

    def _is_judged(self, media_type: str) -> bool:
        return any(
            detector.accepts(media_type) and not detector.accepts(sniff.OCTETS)
            for detector in self._detectors
        )

    def _inside(self, container: Container, part: Part, media_type: str, depth: int) -> Iterator[_Step]:
        if depth >= self._limits.depth:
            raise LimitExceededError(f"more than depth = {self._limits.depth} containers inside one another")
        return self._each(container.parts(part, media_type, self._limits), depth)

    def _each(self, parts: Iterator[Part | Column | Gap | Sampling | Beat], depth: int) -> Iterator[_Step]:
        for inner in parts:
            if isinstance(inner, Gap | Sampling | Beat):
                yield inner
            elif isinstance(inner, Column):
                yield from self._column(inner)
            else:
                yield from self._part(inner, depth + 1)

    def _column(self, column: Column) -> Iterator[_Step]:
        if gap := self._skipped(column.locator):
            yield gap
            return
        self._at(column.locator.uri)
        yield Artefact(column.locator, COLUMN_TYPE, 0)
        if column.drawn is not None:
            yield Sampling(column.locator, "rows", column.drawn, column.rows, is_random=True)
        for step in _once(column.locator, set(), self._values(self._heard(column))):
            if isinstance(step, Finding):
                yield replace(step, clues=(*step.clues, *column.clues))
            else:
                yield step

    def _heard(self, column: Column) -> Column:
        """Return a column whose reading is told now and then: however long it is, it is no hang."""

        def told(values: Callable[[], Iterator[_T]], every: int) -> Iterator[_T]:
            for count, value in enumerate(values()):
                if count % every == every - 1:
                    self._tell(self._busy_with)
                yield value

        blocks = column.blocks
        return replace(
            column,
            cells=lambda: told(column.cells, _CELLS_A_BEAT),
            blocks=None if blocks is None else lambda: told(blocks, 1),
        )

    def _values(self, column: Column) -> Iterator[_Step]:
        if column.blocks is None and all(len(cell) < SHORTEST_CELL for cell in column.cells()):
            return  # names, numbers and dates: most columns of most tables
        for detector in self._column_detectors:
            yield from _guarded(
                column.locator,
                ("detect", lambda d=detector: d.detect_column(column, self._mode, self._limits)),  # type: ignore[misc]
            )
        yield from _guarded(column.locator, ("detect", lambda: self._cells(column)))

    def _cells(self, column: Column) -> Iterator[_Step]:
        """Show what the cells decode to, one by one, to the detectors that judge single things."""
        from efface.detectors.not_vectors import not_vectors  # noqa: PLC0415 - arrays; a scan may find nothing to do

        fold = Fold(column.locator)
        tested = 0
        for cell in not_vectors(column.cells()):
            if len(cell) < _MIN_CELL_BYTES:
                continue
            tested += 1
            if tested > self._limits.cells:
                detail = f"more than cells = {self._limits.cells} values: the rest was not tested one by one"
                yield Gap(column.locator, "detect", GapReason.OVER_LIMIT, detail)
                break
            if tested % _BEAT == 0:
                yield Beat()
            found: list[Finding] = []
            for result in self._cell(cell, column):
                if isinstance(result, Finding):
                    found.append(result)
                elif isinstance(result, Gap):
                    yield replace(result, locator=column.locator)
                elif not isinstance(result, Artefact):
                    yield result
            fold.add_cell(found)
        yield from fold.findings(min(tested, self._limits.cells))

    def _cell(self, cell: bytes | str, column: Column) -> Iterator[_Step]:
        """Show a value, and all that `unwrap` takes out of it, as if each were a part of its own."""
        place = column.locator
        for value in unwrap.unwrap(cell):
            media_type = sniff.media_type(value.data[: sniff.HEAD_BYTES])
            part = Part(place, BytesPayload(value.data), column.surroundings)
            artefact = Artefact(place, media_type, len(value.data))
            is_text = media_type.startswith("text/") or media_type in TEXT_TYPES
            unwrapped = media_type in _UNWRAPPED or (is_text and media_type not in _MARKUP)
            closed = unopened(media_type, "", understood=unwrapped or self._understands(media_type))
            if closed:
                yield Gap(place, "open", *closed)
            eyes = self._eyes_for(media_type)
            for detector in eyes.of_values:
                yield from _guarded(
                    place,
                    (
                        "detect",
                        lambda d=detector, a=artefact, p=part.payload: d.detect(  # type: ignore[misc]
                            a, p, column.surroundings, self._mode, self._limits
                        ),
                    ),
                )
            for container in () if unwrapped else eyes.containers:
                yield from _guarded(
                    place,
                    ("unpack", lambda c=container, p=part, m=media_type: self._inside(c, p, m, 1)),  # type: ignore[misc]
                )

    def _eyes_for(self, media_type: str) -> _Eyes:
        """Return who looks at things of a kind: asked once, as a tree or a column has many."""
        if media_type not in self._eyes:
            detectors = [each for each in self._detectors if each.accepts(media_type)]
            self._eyes[media_type] = _Eyes(
                detectors,
                [each for each in detectors if not isinstance(each, ColumnDetector)],
                [each for each in self._containers if each.accepts(media_type)],
            )
        return self._eyes[media_type]


def _once(place: Locator, said: set[GapReason], results: Iterator[_Step]) -> Iterator[_Step]:
    """Say one reason once for one place, though several plug-ins or many cells may run into it."""
    for result in results:
        if isinstance(result, Gap) and result.locator == place:
            if result.reason in said:
                continue
            said.add(result.reason)
        yield result


def _guarded(place: Locator, step: tuple[str, Callable[[], Iterator[Any]]]) -> Iterator[_Step]:
    """Run one step; whatever it raises becomes a gap at its place, and the rest goes on."""
    stage, run = step
    try:
        yield from run()
    except EffaceError as error:
        yield _gap_of(place, "decode" if stage == "detect" else stage, error)
    except MemoryError:
        yield Gap(place, stage, GapReason.OVER_LIMIT, "needs more memory than memory_bytes allows")
    except RecursionError:
        yield Gap(place, stage, GapReason.OVER_LIMIT, "is nested too deeply")
    except Exception as error:  # noqa: BLE001 - the isolation of one artefact: a crash becomes a gap
        # The type only: the message of a foreign error may hold content.
        yield Gap(place, stage, GapReason.CRASHED, f"{type(error).__name__} while looking at it")


def _gap_of(place: Locator, stage: str, error: EffaceError) -> Gap:
    reason = reason_of(error) if isinstance(error, FormatError) else GapReason.UNREADABLE
    return Gap(place, stage, reason, str(error))
