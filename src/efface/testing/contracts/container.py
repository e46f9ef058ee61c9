"""The law of a container, as tests."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from efface.model import Column, Container, Gap, Limits, Locator, Part
from efface.sources.payloads import BytesPayload, FilePayload
from efface.testing.contracts.base import (
    LIMITS,
    Contract,
    Sample,
    content_of,
    contents_of,
    hostile,
    quietly,
    snapshot,
)

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ContainerContract"]


class ContainerContract(Contract):
    """The law of a container: deterministic, read-only, its parts lie inside it."""

    protocol = Container

    def parts(self, sample: Sample, limits: Limits = LIMITS) -> list[Part | Column | Gap]:
        """Return the parts of a sample."""
        part = Part(sample.locator, BytesPayload(sample.data), sample.surroundings)
        return list(self.plugin().parts(part, sample.media_type, limits))

    def test_it_opens_what_it_is_for(self) -> None:
        """Each valid input has at least one part or column, and the container accepts its media type."""
        for sample in self.samples():
            assert self.plugin().accepts(sample.media_type), f"{sample.name}: {sample.media_type}"
            assert any(isinstance(inner, Part | Column) for inner in self.parts(sample)), sample.name

    def test_it_opens_the_same_again(self) -> None:
        """The same input gives the same parts with the same content, in the same order."""
        for sample in self.samples():
            assert contents_of(self.parts(sample)) == contents_of(self.parts(sample))

    def test_cells_can_be_read_as_often_as_needed(self) -> None:
        """Each detector reads a column from its start, while the container stands open."""
        for sample in self.samples():
            part = Part(sample.locator, BytesPayload(sample.data), sample.surroundings)
            for inner in self.plugin().parts(part, sample.media_type, LIMITS):
                if isinstance(inner, Column):
                    assert content_of(inner) == content_of(inner)

    def test_parts_lie_inside(self) -> None:
        """A part's place begins with the container's; a column's is the container's with a fragment."""
        for sample in self.samples():
            for inner in self.parts(sample):
                assert inner.locator.path[:1] == sample.locator.path
                if isinstance(inner, Part):
                    assert len(inner.locator.path) > 1
                elif isinstance(inner, Column):
                    assert inner.locator.fragment

    def test_places_are_told_apart(self) -> None:
        """No two parts of one thing have the same place."""
        for sample in self.samples():
            uris = [inner.locator.uri for inner in self.parts(sample) if not isinstance(inner, Gap)]
            assert len(uris) == len(set(uris))

    def test_it_changes_nothing(self, tmp_path: Path) -> None:
        """A file that was opened has the same bytes and times, and nothing lies beside it."""
        for sample in self.samples():
            path = tmp_path / os.path.basename(sample.name)
            path.write_bytes(sample.data)
            before = snapshot(tmp_path)
            payload = FilePayload(str(path), LIMITS.artefact_bytes)
            part = Part(Locator.of_file(str(path)), payload, sample.surroundings)
            for inner in self.plugin().parts(part, sample.media_type, LIMITS):
                content_of(inner)
            assert snapshot(tmp_path) == before

    def test_bad_bytes_raise_the_known_errors_only(self) -> None:
        """Whatever stands in an input of a type that it accepts, only an EffaceError comes out of it."""
        for sample in self.samples():
            for bad in hostile(sample):
                if self.plugin().accepts(bad.media_type):
                    quietly(lambda bad=bad: self._everything_in(bad))  # type: ignore[misc]

    def _everything_in(self, sample: Sample) -> list[tuple[str, object]]:
        part = Part(sample.locator, BytesPayload(sample.data), sample.surroundings)
        return [content_of(inner) for inner in self.plugin().parts(part, sample.media_type, LIMITS)]
