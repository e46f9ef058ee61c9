"""The contracts catch what they are for: each law is broken once, and its test fails."""

from __future__ import annotations

import base64
import itertools
import os
from typing import TYPE_CHECKING, Any

import pytest

from efface.errors import FormatError
from efface.model import Characteristic, Clue, Column, Finding, Form, Locator, Part, Surroundings
from efface.sources.payloads import BytesPayload
from efface.testing.contracts import ContainerContract, DetectorContract, Sample, hostile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DATA = b"a sample whose content must not leave the detector"
COUNT = itertools.count()


def found(where: Locator, *clues: Clue, detector: str = "lawful@1", confidence: float = 0.9) -> Finding:
    return Finding(detector, Form.SAMPLE, Characteristic.FACE, where, confidence, clues=clues)


class Lawful:
    """A detector that keeps the law."""

    name, version = "lawful", 1

    def accepts(self, _media_type: str) -> bool:
        return True

    def detect(self, artefact: Any, payload: Any, *_: object) -> Iterator[Any]:
        data = payload.read()
        if not data:
            raise FormatError("there is nothing")
        if data == DATA:
            yield found(artefact.locator, Clue("length_bytes", str(len(data))))


def unlawful(act: Callable[[Any, bytes], Any], **facts: Any) -> type[Lawful]:
    """Return a detector that does something else."""

    def detect(_self: object, artefact: Any, payload: Any, *_: object) -> Iterator[Any]:
        yield act(artefact, payload.read())

    return type("Unlawful", (Lawful,), {"detect": detect, **facts})


def contract(detector: type) -> DetectorContract:
    class Tested(DetectorContract):
        def plugin(self) -> Any:
            return detector()

        def samples(self) -> list[Sample]:
            return [Sample("in/a.txt", DATA)]

    return Tested()


def _crash(_artefact: Any, data: bytes) -> Any:
    return data[2] and found(Locator.of_file("/contract/in/a.txt"))


BROKEN = {
    "a name in capitals": (unlawful(lambda a, _: found(a.locator), name="Lawful"), "test_it_says_what_it_is"),
    "a version that is no number": (unlawful(lambda a, _: found(a.locator), version="1"), "test_it_says_what_it_is"),
    "it finds nothing": (unlawful(lambda a, _: found(a.locator), detect=lambda *_: iter(())), "test_it_finds_what_it_is_for"),
    "another answer each time": (
        unlawful(lambda a, _: found(a.locator, Clue("count", str(next(COUNT))))),
        "test_it_finds_the_same_again",
    ),
    "another detector's name": (unlawful(lambda a, _: found(a.locator, detector="x@1")), "test_a_finding_tells_who_found_it_and_where"),
    "a place elsewhere": (
        unlawful(lambda _a, _: found(Locator.of_file("/elsewhere"))),
        "test_a_finding_tells_who_found_it_and_where",
    ),
    "something found in nothing": (unlawful(lambda a, _: found(a.locator)), "test_nothing_is_found_in_nothing"),
    "an IndexError on short input": (unlawful(_crash), "test_bad_bytes_raise_the_known_errors_only"),
    "content in a clue": (
        unlawful(lambda a, data: found(a.locator, Clue("text", data[2:20].decode()))),
        "test_clues_and_gaps_hold_no_content",
    ),
    "content in base64 in a clue": (
        unlawful(lambda a, data: found(a.locator, Clue("text", base64.b64encode(data[5:25]).decode()))),
        "test_clues_and_gaps_hold_no_content",
    ),
    "content in hex in a clue": (
        unlawful(lambda a, data: found(a.locator, Clue("text", data[3:20].hex()))),
        "test_clues_and_gaps_hold_no_content",
    ),
    "an endless clue": (
        unlawful(lambda a, _: found(a.locator, Clue("text", "x" * 999))),
        "test_clues_and_gaps_hold_no_content",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_law_is_caught(case: str) -> None:
    """A detector that breaks a law fails the test of that law."""
    detector, law = BROKEN[case]
    with pytest.raises((AssertionError, IndexError)):
        getattr(contract(detector), law)()


LAWS = [name for name in dir(DetectorContract) if name.startswith("test_")]


@pytest.mark.parametrize("law", LAWS)
def test_a_lawful_detector_passes(law: str, tmp_path: Path) -> None:
    """A detector that keeps the law passes every test."""
    arguments = (tmp_path,) if law == "test_it_changes_nothing" else ()
    getattr(contract(Lawful), law)(*arguments)


class Writer:
    """A container that writes beside what it reads."""

    name, version = "writer", 1

    def accepts(self, _media_type: str) -> bool:
        return True

    def parts(self, part: Part, *_: object) -> Iterator[Any]:
        path = part.locator.path[0]
        if os.path.exists(path):
            with open(path + "-wal", "wb"):
                pass
        yield Part(Locator.of_file("/elsewhere"), BytesPayload(b"x"), Surroundings(("x",)))
        yield Column(part.locator, Surroundings(("x",)), iter(["x"]).__iter__)


class WriterContract(ContainerContract):
    def plugin(self) -> Any:
        return Writer()

    def samples(self) -> list[Sample]:
        return [Sample("in/a.txt", DATA)]


@pytest.mark.parametrize(
    "law", ["test_it_changes_nothing", "test_parts_lie_inside", "test_cells_can_be_read_as_often_as_needed"]
)
def test_a_container_that_breaks_a_law_is_caught(law: str, tmp_path: Path) -> None:
    """A container that writes, or gives parts of elsewhere, or cells that are gone after one reading, fails."""
    with pytest.raises(AssertionError):
        getattr(WriterContract(), law)(*((tmp_path,) if "changes" in law else ()))


def test_hostile_inputs_are_the_same_each_time() -> None:
    """A failure on hostile bytes can be repeated."""
    sample = Sample("a", DATA)
    assert list(hostile(sample)) == list(hostile(sample))
    assert len({bad.data for bad in hostile(sample)}) > 20
