"""The walk through one artefact: every part is shown to every detector, and every failure is a gap."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from efface import registry
from efface.errors import AccessError, EncryptedError, FormatError, LimitExceededError, UnsupportedError
from efface.examine import Examiner, configuration
from efface.examine.fold import Fold
from efface.model import (
    COLUMN_TYPE,
    Artefact,
    Beat,
    Characteristic,
    Clue,
    Collection,
    Column,
    Finding,
    Form,
    Gap,
    GapReason,
    Limits,
    Locator,
    Mode,
    Part,
    Sampling,
    Surroundings,
)
from efface.sources.payloads import BytesPayload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Make = Callable[..., Examiner]

PLACE = Locator("file", ("/t/thing.txt",))
MARK = b"MARK"
LONG = "x" * 80  # a value long enough to be shown to the detectors one by one


def finding(where: Locator, *, confidence: float = 0.9, references: int = 1) -> Finding:
    return Finding("fake@1", Form.TEMPLATE, Characteristic.FACE, where, confidence, references)


class Fake:
    """A detector that finds the mark, or does whatever a test gives it."""

    name, version = "fake", 1

    def __init__(self, act: Callable[[Artefact, bytes], Iterator[Any]] | None = None) -> None:
        self.seen: list[tuple[str, bytes]] = []
        self._act = act or self._find

    @staticmethod
    def _find(artefact: Artefact, data: bytes) -> Iterator[Any]:
        if MARK in data:
            yield finding(artefact.locator)

    def accepts(self, _media_type: str) -> bool:
        return True

    def detect(self, artefact: Artefact, payload: Any, *_: object) -> Iterator[Any]:
        data = payload.open().read()
        self.seen.append((artefact.locator.uri, data))
        yield from self._act(artefact, data)


class Raiser(Fake):
    """A detector that raises."""

    def __init__(self, error: BaseException, *, first: bool = False) -> None:
        super().__init__(self._raise)
        self._error, self._first = error, first

    def _raise(self, artefact: Artefact, _data: bytes) -> Iterator[Any]:
        if self._first:
            yield finding(artefact.locator)
        raise self._error


class Box:
    """A container whose parts a test gives."""

    name, version = "box", 1

    def __init__(self, inside: Callable[[Part], Iterator[Any]], media_type: str = "text/plain") -> None:
        self._inside, self._media_type = inside, media_type

    def accepts(self, media_type: str) -> bool:
        return media_type == self._media_type

    def parts(self, part: Part, *_: object) -> Iterator[Any]:
        yield from self._inside(part)


class TooLarge(BytesPayload):
    """A payload larger than a run reads as a whole."""

    @property
    def size_bytes(self) -> int:
        return Limits().artefact_bytes + 1

    def read(self) -> bytes:
        raise LimitExceededError("9 bytes is more than artefact_bytes = 8")


class Gone(BytesPayload):
    """A payload that cannot be read any more."""

    def read(self) -> bytes:
        raise AccessError("cannot be read: gone")


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Make:
    """Return a maker of examiners over the given detectors and containers alone."""

    def build(
        *detectors: object,
        containers: tuple[object, ...] = (),
        limits: Limits | None = None,
        **more: Any,
    ) -> Examiner:
        plugs = {
            "detector": {str(number): each for number, each in enumerate(detectors)},
            "container": {str(number): each for number, each in enumerate(containers)},
        }
        monkeypatch.setattr(registry, "names", lambda kind: tuple(plugs[kind]))
        monkeypatch.setattr(registry, "load", lambda kind, name: lambda: plugs[kind][name])
        return Examiner(Mode.STANDARD, limits or Limits(), **more)

    return build


def part(data: bytes = b"plain text", payload: type[BytesPayload] = BytesPayload) -> Part:
    return Part(PLACE, payload(data), Surroundings((PLACE.path[0].rpartition("/")[2],)))


def child(outer: Part, name: str, data: bytes) -> Part:
    return Part(outer.locator.child(name), BytesPayload(data), Surroundings((name,)))


def column(cells: list[bytes | str], rows: int | None = None) -> Column:
    return Column(PLACE.at("/*/v"), Surroundings(("v",)), partial(iter, cells), rows)


def of(kind: type, results: list[Any]) -> list[Any]:
    return [result for result in results if isinstance(result, kind)]


# -- what is shown -------------------------------------------------------------------------------------


def test_the_artefact_comes_first_and_holds_the_digest_not_the_bytes(make: Make) -> None:
    """An artefact names its size, its type by content and its digest."""
    first, *_ = make(Fake()).examine(part())
    assert first == Artefact(PLACE, "text/plain", 10, hashlib.sha256(b"plain text").hexdigest(), None)


def test_every_part_is_shown_to_every_detector(make: Make) -> None:
    """A container's parts are looked at like the thing itself, by all detectors."""
    one, other = Fake(), Fake()
    box = Box(lambda outer: iter([child(outer, "a.bin", b"\0\1\2\3" + MARK)]))
    results = list(make(one, other, containers=(box,)).examine(part()))
    assert [uri for uri, _ in one.seen] == [PLACE.uri, PLACE.child("a.bin").uri]
    assert one.seen == other.seen
    assert [found.locator for found in of(Finding, results)] == [PLACE.child("a.bin")] * 2


def test_the_supervisor_hears_of_each_part_before_it_is_looked_at(make: Make) -> None:
    """What a process was busy with when it died is known, down to the part and the column."""
    heard: list[str] = []
    box = Box(lambda outer: iter([child(outer, "a.bin", b"\0\1\2\3"), column([LONG])]))
    list(make(Fake(), containers=(box,), at=heard.append).examine(part()))
    assert heard == [PLACE.uri, PLACE.child("a.bin").uri, PLACE.at("/*/v").uri]


def test_a_gap_of_a_container_is_passed_on(make: Make) -> None:
    """A member that a container cannot read is a gap of its own, and the others go on."""
    gap = Gap(PLACE.child("locked"), "unpack", GapReason.ENCRYPTED, "needs a password")
    box = Box(lambda outer: iter([gap, child(outer, "b.bin", b"\0\1\2\3" + MARK)]))
    results = list(make(Fake(), containers=(box,)).examine(part()))
    assert of(Gap, results) == [gap]
    assert len(of(Finding, results)) == 1


# -- failures become gaps ------------------------------------------------------------------------------

FAILURES = {
    "bytes that are not what they claim": (FormatError("the header is cut"), "decode", GapReason.UNREADABLE),
    "a password is missing": (EncryptedError("needs a password"), "decode", GapReason.ENCRYPTED),
    "a limit is reached": (LimitExceededError("more than frames = 1"), "decode", GapReason.OVER_LIMIT),
    "a known kind without a reader": (UnsupportedError("no reader"), "decode", GapReason.UNSUPPORTED),
    "the place is gone": (AccessError("gone"), "decode", GapReason.UNREADABLE),
    "memory is used up": (MemoryError(), "detect", GapReason.OVER_LIMIT),
    "nesting is too deep": (RecursionError(), "detect", GapReason.OVER_LIMIT),
    "a fault nobody thought of": (ZeroDivisionError("x"), "detect", GapReason.CRASHED),
}


@pytest.mark.parametrize("case", FAILURES)
def test_a_failure_of_a_detector_is_a_gap_of_its_kind(case: str, make: Make) -> None:
    """Whatever a detector raises becomes a gap with the reason, and the next detector still looks."""
    error, stage, reason = FAILURES[case]
    results = list(make(Raiser(error), Fake()).examine(part(MARK)))
    (gap,) = of(Gap, results)
    assert (gap.locator, gap.stage, gap.reason) == (PLACE, stage, reason)
    assert len(of(Finding, results)) == 1


def test_a_crash_says_its_type_and_never_its_message(make: Make) -> None:
    """The message of a foreign error may hold content, so only its type is told."""
    (gap,) = of(Gap, list(make(Raiser(ValueError("name: Zhang San"))).examine(part())))
    assert "ValueError" in gap.detail
    assert "Zhang" not in gap.detail


def test_what_was_found_before_a_crash_is_kept(make: Make) -> None:
    """A detector that breaks off half way has still found what it found."""
    results = list(make(Raiser(FormatError("cut"), first=True)).examine(part()))
    assert len(of(Finding, results)) == len(of(Gap, results)) == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1)])
def test_a_request_to_stop_is_obeyed(error: BaseException, make: Make) -> None:
    """Stopping is not a failure of an artefact."""
    with pytest.raises(type(error)):
        list(make(Raiser(error)).examine(part()))


def test_one_reason_is_said_once_for_one_place(make: Make) -> None:
    """Three plug-ins that fail for the same reason make one gap; another reason makes another."""
    raisers = (Raiser(FormatError("a")), Raiser(FormatError("b")), Raiser(EncryptedError("c")))
    gaps = of(Gap, list(make(*raisers).examine(part())))
    assert [gap.reason for gap in gaps] == [GapReason.UNREADABLE, GapReason.ENCRYPTED]


def test_one_reason_at_two_places_is_two_gaps(make: Make) -> None:
    """A part that fails like its container is told on its own."""
    box = Box(lambda outer: iter([child(outer, "a.bin", b"\0\1\2\3")]))
    gaps = of(Gap, list(make(Raiser(FormatError("a")), containers=(box,)).examine(part())))
    assert [gap.locator for gap in gaps] == [PLACE, PLACE.child("a.bin")]


def test_a_thing_that_cannot_be_read_is_a_gap_and_no_artefact(make: Make) -> None:
    """What was not read is not counted as looked at."""
    detector = Fake()
    results = list(make(detector).examine(part(payload=Gone)))
    assert [(type(each), each.reason) for each in results] == [(Gap, GapReason.UNREADABLE)]
    assert detector.seen == []


def test_a_thing_too_large_to_read_whole_is_still_opened(make: Make) -> None:
    """An archive larger than the memory is told by its digest, and opened member by member."""
    box = Box(lambda outer: iter([child(outer, "a.bin", b"\0\1\2\3" + MARK)]))
    results = list(make(containers=(box,)).examine(part(payload=TooLarge)))
    assert not of(Gap, results)
    assert len(of(Artefact, results)[0].sha256) == 64
    assert len(of(Artefact, results)) == 2


def test_a_thing_too_large_for_a_detector_is_a_gap(make: Make) -> None:
    """What only reads things as a whole says so."""
    reads = Raiser(LimitExceededError("9 bytes is more than artefact_bytes = 8"))
    results = list(make(reads).examine(part(payload=TooLarge)))
    assert [gap.reason for gap in of(Gap, results)] == [GapReason.OVER_LIMIT]


def test_what_takes_long_is_heard_of(make: Make) -> None:
    """A beat of a detector goes to the supervisor under the place that is looked at, and is no result."""
    heard: list[str] = []
    beats = Fake(lambda artefact, _payload: iter([Beat(), Beat(), finding(artefact.locator)]))
    results = list(make(beats, at=heard.append).examine(part(b"\0\1\2\3")))
    assert len(heard) == 3
    assert len(set(heard)) == 1
    assert [type(each) for each in results] == [Artefact, Finding]


def test_a_collection_is_looked_at_part_by_part(make: Make) -> None:
    """A table has no bytes of its own; what its reading raises is a gap, and what came before it counts."""
    place = Locator("postgresql", ("host/db",), "/public.t")

    def parts() -> Iterator[Part | Sampling]:
        yield Sampling(place.at("/public.t/c"), "rows", 10, 100, is_random=True)
        yield replace(part(b"\0\1\2\3" + MARK), locator=place.child("1"))
        raise AccessError("the connection was lost")

    results = list(make(Fake()).examine(Collection(place, parts)))
    assert [each.media_type for each in of(Artefact, results)][:1] == ["application/vnd.efface.collection"]
    assert len(of(Sampling, results)) == len(of(Finding, results)) == 1
    assert [(gap.locator, gap.reason) for gap in of(Gap, results)] == [(place, GapReason.UNREADABLE)]


@pytest.mark.parametrize(
    "data",
    [b"%PDF-1.7\n1 0 obj", b"\x89HDF\r\n\x1a\n" + bytes(32), b"PAR1" + bytes(32)],
    ids=["PDF", "HDF5", "Parquet"],
)
def test_a_kind_that_is_not_opened_is_a_gap(data: bytes, make: Make) -> None:
    """A kind that holds data and that this version does not open never counts as clean."""
    gaps = of(Gap, list(make(Fake()).examine(part(data))))
    assert [(gap.stage, gap.reason) for gap in gaps] == [("open", GapReason.UNSUPPORTED)]


def test_a_recording_is_a_gap(make: Make) -> None:
    """Video is not opened yet, and that is said."""
    video = b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + bytes(64)
    (gap,) = of(Gap, list(make(Fake()).examine(part(video))))
    assert (gap.reason, "recording" in gap.detail) == (GapReason.UNSUPPORTED, True)


def test_another_list_of_passwords_is_another_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was encrypted is looked at again when there are more passwords to try."""
    before = configuration(Mode.STANDARD, Limits())
    (tmp_path / "list").write_text("one\ntwo\n")
    monkeypatch.setenv("EFFACE_PASSWORDS_FILE", str(tmp_path / "list"))
    assert configuration(Mode.STANDARD, Limits()) != before


# -- depth ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [1, 3])
def test_containers_in_containers_end_at_the_depth_limit(depth: int, make: Make) -> None:
    """A container that holds itself without end gives as many parts as the limit allows, and a gap."""
    endless = Box(lambda outer: iter([child(outer, "again", b"plain text")]))
    results = list(make(Fake(), containers=(endless,), limits=Limits(depth=depth)).examine(part()))
    assert len(of(Artefact, results)) == depth + 1
    (gap,) = of(Gap, results)
    assert (gap.stage, gap.reason) == ("unpack", GapReason.OVER_LIMIT)
    assert len(gap.locator.path) == depth + 1


def test_a_container_that_breaks_half_way_keeps_the_parts_before(make: Make) -> None:
    """A damaged archive gives what comes before the damage, and a gap."""

    def inside(outer: Part) -> Iterator[Any]:
        yield child(outer, "a.bin", b"\0\1\2\3" + MARK)
        raise FormatError("the archive is cut")

    results = list(make(Fake(), containers=(Box(inside),)).examine(part()))
    assert len(of(Finding, results)) == 1
    assert [(gap.locator, gap.stage) for gap in of(Gap, results)] == [(PLACE, "unpack")]


# -- parts that ended a process ------------------------------------------------------------------------


def test_a_part_that_ended_a_process_is_not_looked_at_again(make: Make) -> None:
    """The part is a gap with the reason; what lies beside it is looked at."""
    detector = Fake()
    box = Box(
        lambda outer: iter([child(outer, "bad", b"\0\1\2\3"), child(outer, "good", b"\0\1\2\3" + MARK)])
    )
    skip = {PLACE.child("bad").uri: GapReason.TIMEOUT}
    results = list(make(detector, containers=(box,)).examine(part(), skip))
    assert [(gap.locator, gap.reason) for gap in of(Gap, results)] == [
        (PLACE.child("bad"), GapReason.TIMEOUT)
    ]
    assert PLACE.child("bad").uri not in [uri for uri, _ in detector.seen]
    assert len(of(Finding, results)) == 1


def test_a_column_that_ended_a_process_is_not_looked_at_again(make: Make) -> None:
    """A column is skipped like a part."""
    detector = Fake()
    box = Box(lambda _: iter([column([LONG])]))
    skip = {PLACE.at("/*/v").uri: GapReason.CRASHED}
    results = list(make(detector, containers=(box,)).examine(part(), skip))
    assert [gap.reason for gap in of(Gap, results)] == [GapReason.CRASHED]
    assert [uri for uri, _ in detector.seen] == [PLACE.uri]


def test_skipping_lasts_for_one_examination(make: Make) -> None:
    """The same examiner looks at the next thing whole."""
    examiner = make(Fake())
    assert of(Finding, list(examiner.examine(part(MARK), {PLACE.uri: GapReason.CRASHED}))) == []
    assert len(of(Finding, list(examiner.examine(part(MARK))))) == 1


# -- columns -------------------------------------------------------------------------------------------


def cells_of(
    make: Make, cells: list[bytes | str], limits: Limits | None = None, *detectors: object
) -> list[Any]:
    box = Box(lambda _: iter([column(cells)]))
    plugs = detectors or (Fake(),)
    return list(make(*plugs, containers=(box,), limits=limits or Limits()).examine(part()))


def test_many_cells_make_one_finding_with_counts(make: Make) -> None:
    """A column with a mark in three of five values is one finding about three data subjects."""
    marked = LONG + MARK.decode()
    (found,) = of(Finding, cells_of(make, [marked, LONG, marked, LONG, marked]))
    assert (found.locator, found.references) == (PLACE.at("/*/v"), 3)
    assert found.clues == (Clue("cells", "3"), Clue("cells_tested", "5"))


def test_a_column_is_an_artefact_of_its_own(make: Make) -> None:
    """A column counts as looked at, and has no bytes of its own."""
    artefacts = of(Artefact, cells_of(make, [LONG]))
    assert [each.media_type for each in artefacts] == ["text/plain", COLUMN_TYPE]
    assert artefacts[1].sha256 == ""


def test_what_is_known_of_a_column_stands_with_all_that_is_found_in_it(make: Make) -> None:
    """Behind the detectors' own clues, and without making it another finding."""
    known = Clue("view", "public.faces")
    marked = replace(column([LONG + MARK.decode()]), clues=(known,))
    collection = Collection(PLACE, lambda: iter([marked]))
    (found,) = of(Finding, list(make(Fake()).examine(collection)))
    assert found.clues == (Clue("cells", "1"), Clue("cells_tested", "1"), known)
    assert found.id == finding(PLACE.at("/*/v")).id


def test_cells_beyond_the_limit_are_a_gap(make: Make) -> None:
    """What stands behind the last value that may be tested is told, not passed over."""
    marked = LONG + MARK.decode()
    results = cells_of(make, [marked] * 5, Limits(cells=2))
    (found,), (gap,) = of(Finding, results), of(Gap, results)
    assert (found.references, found.clues[-1]) == (2, Clue("cells_tested", "2"))
    assert (gap.locator, gap.reason, "cells = 2" in gap.detail) == (
        PLACE.at("/*/v"),
        GapReason.OVER_LIMIT,
        True,
    )


def test_as_many_cells_as_the_limit_allows_are_no_gap(make: Make) -> None:
    """The limit itself is within the limit."""
    assert of(Gap, cells_of(make, [LONG] * 2, Limits(cells=2))) == []


def test_short_cells_are_not_decoded_one_by_one(make: Make) -> None:
    """Values too short for a picture are left to the detectors that judge a column as a whole."""
    detector = Fake()
    cells_of(make, [MARK.decode(), b"\0" + MARK], None, detector)
    assert [uri for uri, _ in detector.seen] == [PLACE.uri]


def test_a_cell_that_cannot_be_read_is_one_gap_for_the_column(make: Make) -> None:
    """A thousand bad cells say once what is wrong with them, and the good ones are found."""

    def act(artefact: Artefact, data: bytes) -> Iterator[Any]:
        if artefact.locator.fragment and MARK not in data:
            raise FormatError("not a picture")
        yield from Fake._find(artefact, data)

    results = cells_of(make, [LONG, LONG + "y", LONG + MARK.decode()], None, Fake(act))
    assert [(gap.locator, gap.reason) for gap in of(Gap, results)] == [
        (PLACE.at("/*/v"), GapReason.UNREADABLE)
    ]
    assert len(of(Finding, results)) == 1


def test_cells_that_break_off_are_a_gap(make: Make) -> None:
    """A database that turns out damaged in the middle of a column gives a gap for the column."""

    def broken() -> Iterator[str]:
        yield LONG
        raise FormatError("the database is damaged")

    whole = Column(PLACE.at("/main.t/c"), Surroundings(("c", "t")), broken, 2)
    results = list(make(Fake(), containers=(Box(lambda _: iter([whole])),)).examine(part()))
    assert [gap.locator for gap in of(Gap, results)] == [whole.locator]


def test_folding_keeps_the_surest_cell_and_adds_the_references() -> None:
    """Confidence is that of the surest cell; people add up, since each cell may be another person."""
    fold = Fold(PLACE)
    fold.add_cell([finding(PLACE, confidence=0.4, references=2)])
    fold.add_cell([finding(PLACE, confidence=0.9), finding(PLACE, confidence=0.5)])
    fold.add_cell([])
    (found,) = fold.findings(7)
    assert (found.confidence, found.references) == (0.9, 4)
    assert found.clues == (Clue("cells", "2"), Clue("cells_tested", "7"))


# -- what decides what a scan finds --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "limits"),
    [(Mode.FAST, Limits()), (Mode.STANDARD, Limits(cells=9)), (Mode.STANDARD, Limits(depth=1))],
    ids=["another mode", "another cell limit", "another depth"],
)
def test_another_way_to_look_is_another_configuration(mode: Mode, limits: Limits) -> None:
    """Results on file are not reused for a scan that looks differently."""
    assert configuration(mode, limits) != configuration(Mode.STANDARD, Limits())


def test_the_same_way_to_look_is_the_same_configuration() -> None:
    """A second scan can tell that nothing about the looking changed."""
    assert configuration(Mode.FAST, Limits()) == configuration(Mode.FAST, Limits())


def test_a_new_version_of_a_detector_is_another_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    """Results of an older version of a detector are made anew."""
    before = configuration(Mode.FAST, Limits())
    monkeypatch.setattr(registry.load("detector", "biometric-record"), "version", 99)
    assert configuration(Mode.FAST, Limits()) != before
