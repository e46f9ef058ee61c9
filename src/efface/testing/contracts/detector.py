"""The law of a detector, as tests."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from efface.model import (
    Artefact,
    Column,
    ColumnDetector,
    Detector,
    Finding,
    Gap,
    Locator,
    Mode,
    Surroundings,
)
from efface.sources.payloads import BytesPayload, FilePayload
from efface.testing.contracts.base import (
    LIMITS,
    MAX_CLUE,
    Contract,
    Sample,
    hostile,
    quietly,
    said_by,
    snapshot,
    stands_in,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["DetectorContract"]


class DetectorContract(Contract):
    """The law of a detector: deterministic, read-only, secret, and failing in one way only."""

    protocol = Detector

    def columns(self) -> Sequence[Column]:
        """Return columns in which a column detector finds something."""
        return ()

    def detect(self, sample: Sample, detector: Detector | None = None) -> list[Finding | Gap]:
        """Return what the detector yields for a sample."""
        artefact = Artefact(
            sample.locator, sample.media_type, len(sample.data), hashlib.sha256(sample.data).hexdigest()
        )
        payload = BytesPayload(sample.data)
        found = (detector or self.plugin()).detect(
            artefact, payload, sample.surroundings, Mode.STANDARD, LIMITS
        )
        return [result for result in found if isinstance(result, Finding | Gap)]

    def detect_column(self, column: Column) -> list[Finding | Gap]:
        """Return what the detector yields for a column."""
        return list(self.plugin().detect_column(column, Mode.STANDARD, LIMITS))

    def everything(self) -> Iterator[tuple[bytes, Locator, list[Finding | Gap]]]:
        """Yield each valid input with its place and what is yielded for it."""
        for sample in self.samples():
            yield sample.data, sample.locator, self.detect(sample)
        for column in self.columns():
            cells = [cell.encode() if isinstance(cell, str) else cell for cell in column.cells()]
            yield b"\n".join(cells), column.locator, self.detect_column(column)

    def test_it_finds_what_it_is_for(self) -> None:
        """Each valid input gives at least one finding, and the detector accepts its media type."""
        for sample in self.samples():
            assert self.plugin().accepts(sample.media_type), f"{sample.name}: {sample.media_type}"
        for _, where, results in self.everything():
            assert any(isinstance(result, Finding) for result in results), where

    def test_it_finds_the_same_again(self) -> None:
        """The same input gives the same findings, in another object and in the same one a second time."""
        for sample in self.samples():
            detector = self.plugin()
            first = self.detect(sample, detector)
            assert first == self.detect(sample, detector) == self.detect(sample)
        for column in self.columns():
            assert self.detect_column(column) == self.detect_column(column)

    def test_a_finding_tells_who_found_it_and_where(self) -> None:
        """A finding bears the detector's name and version and lies in what was looked at."""
        plugin = self.plugin()
        for _, where, results in self.everything():
            for found in results:
                assert found.locator.path[: len(where.path)] == where.path
                if isinstance(found, Finding):
                    assert found.detector == f"{plugin.name}@{plugin.version}"
                    assert found.references >= 1

    def test_the_findings_of_one_input_are_told_apart(self) -> None:
        """No two findings of one input share an id."""
        for _, where, results in self.everything():
            ids = [found.id for found in results if isinstance(found, Finding)]
            assert len(ids) == len(set(ids)), where

    def test_it_changes_nothing(self, tmp_path: Path) -> None:
        """A file that was looked at has the same bytes and times, and nothing lies beside it."""
        for sample in self.samples():
            path = tmp_path / os.path.basename(sample.name)
            path.write_bytes(sample.data)
            before = snapshot(tmp_path)
            payload = FilePayload(str(path), LIMITS.artefact_bytes)
            artefact = Artefact(Locator.of_file(str(path)), sample.media_type, payload.size_bytes)
            list(self.plugin().detect(artefact, payload, sample.surroundings, Mode.STANDARD, LIMITS))
            assert snapshot(tmp_path) == before

    def test_nothing_is_found_in_nothing(self) -> None:
        """An empty input has no finding."""
        for sample in self.samples():
            empty = quietly(lambda sample=sample: self.detect(Sample(sample.name, b"")))  # type: ignore[misc]
            assert not [result for result in empty if isinstance(result, Finding)]
        if isinstance(self.plugin(), ColumnDetector):
            column = Column(Locator.of_file("/contract/t").at("/a"), Surroundings(("a",)), lambda: iter(()))
            assert not [found for found in self.detect_column(column) if isinstance(found, Finding)]

    def test_bad_bytes_raise_the_known_errors_only(self) -> None:
        """Whatever stands in an input, nothing but an EffaceError comes out of a detector."""
        detector = self.plugin()
        for sample in self.samples():
            for bad in hostile(sample):
                quietly(lambda bad=bad: self.detect(bad, detector))  # type: ignore[misc]

    def test_bad_cells_raise_the_known_errors_only(self) -> None:
        """A column may hold anything."""
        for column in self.columns():
            cells = [cell for cell in column.cells() if isinstance(cell, bytes)]
            texts = [cell for cell in column.cells() if isinstance(cell, str)]
            bad: list[bytes | str] = ["", b"", "\ud800", "[" * 5_000, "null", b"\xff" * 99]
            bad += [cut.data for cell in cells[:3] for cut in hostile(Sample("cell", cell), count=3)]
            bad += [text[: len(text) // 2] for text in texts[:3]]
            place = Column(column.locator, column.surroundings, lambda bad=bad: iter(bad), len(bad))  # type: ignore[misc]
            quietly(lambda place=place: self.detect_column(place))  # type: ignore[misc]

    def test_clues_and_gaps_hold_no_content(self) -> None:
        """A reason is short, and no part of it is a part of the input, plain, in hex or in base64."""
        for data, _, results in self.everything():
            for result in results:
                for said in said_by(result):
                    assert len(said) <= MAX_CLUE
                    assert not stands_in(said, data), "a clue or a gap holds content of the input"
