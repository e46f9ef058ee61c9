"""The law of a source, as tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.errors import FormatError
from efface.model import Collection, Column, Gap, Limits, Part, Source
from efface.testing.contracts.base import LIMITS, Contract, Sample, last_name, refuses, snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from efface.model import Locator, Unit

__all__ = ["SourceContract"]


class SourceContract(Contract):
    """The law of a source: lists, opens and stamps, and leaves the place as it was."""

    protocol = Source
    read_once = False
    """Whether what the source reads can be read a single time, as a stream can."""

    content_addressed = False
    """Whether a change makes new units and leaves the old ones as they are, as in a history."""

    def place(self, folder: Path) -> tuple[str, dict[str, bytes]]:
        """Make a place in a folder; return its target and the content behind each last name in it."""
        raise NotImplementedError

    def change(self, folder: Path) -> None:
        """Change the content of everything in the place that `place` made."""
        raise NotImplementedError

    def clear(self, folder: Path) -> None:
        """Take everything out of the place that `place` made."""
        raise NotImplementedError

    def name_of(self, locator: Locator) -> str:
        """Return the name under which `place` tells the content of something inside a collection."""
        return last_name(locator.uri)

    def read(self, unit: Unit, limits: Limits = LIMITS) -> dict[str, bytes]:
        """Open a unit and return all that is in it, by name; a column's cells are put together."""
        opened = self.plugin().open(unit, limits)
        if isinstance(opened, Part):
            assert opened.locator.uri == unit.uri
            assert opened.surroundings.names
            data = opened.payload.read()
            assert opened.payload.size_bytes == len(data)
            return {last_name(unit.uri): data}
        assert isinstance(opened, Collection)
        contents = {}
        for inner in opened.parts():
            if isinstance(inner, Gap):
                raise FormatError(inner.detail)
            if isinstance(inner, Part):
                contents[self.name_of(inner.locator)] = inner.payload.read()
            elif isinstance(inner, Column):
                cells = [cell.encode() if isinstance(cell, str) else cell for cell in inner.cells()]
                contents[self.name_of(inner.locator)] = b"".join(sorted(cells))
        return contents

    def samples(self) -> Sequence[Sample]:
        """A source has places instead."""
        return ()

    def units(self, target: str) -> list[Unit]:
        """Return the units of a target, of which none may be a gap."""
        units = list(self.plugin().units(target))
        assert not [unit for unit in units if isinstance(unit, Gap)]
        return units

    def test_it_claims_its_own_targets_only(self, tmp_path: Path) -> None:
        """A target belongs to it or not, by its form alone."""
        assert self.plugin().claims(self.place(tmp_path)[0])
        assert not self.plugin().claims("gopher://host/selector")

    def test_it_lists_each_thing_once_under_its_own_name(self, tmp_path: Path) -> None:
        """Units have different places and name their source; no thing comes in two of them."""
        target, contents = self.place(tmp_path)
        units = self.units(target)
        assert len({unit.uri for unit in units}) == len(units)
        assert sorted(name for unit in units for name in self.read(unit)) == sorted(contents)
        assert {unit.source for unit in units} == {self.plugin().name}

    def test_it_lists_the_same_again(self, tmp_path: Path) -> None:
        """Order and stamps do not change while nothing changes; a stream that was read is another one."""
        target, _ = self.place(tmp_path)
        if self.read_once:
            assert [unit.stamp for unit in self.units(target)] != [unit.stamp for unit in self.units(target)]
            return
        assert self.units(target) == self.units(target)

    def test_it_opens_what_it_listed(self, tmp_path: Path) -> None:
        """The content of a unit is what lies there, and its place is the unit's."""
        target, contents = self.place(tmp_path)
        for unit in self.units(target):
            for name, data in self.read(unit).items():
                assert data == contents[name]

    def test_it_leaves_the_place_as_it_was(self, tmp_path: Path) -> None:
        """Listing, opening and reading write nothing."""
        target, _ = self.place(tmp_path)
        before = snapshot(tmp_path)
        for unit in self.units(target):
            self.read(unit)
        assert snapshot(tmp_path) == before

    def test_a_stamp_stands_for_the_content(self, tmp_path: Path) -> None:
        """A stamp is the listed one while nothing changes, and another one after a change."""
        target, _ = self.place(tmp_path)
        units = self.units(target)
        if self.read_once:
            assert all(refuses(lambda unit=unit: self.plugin().stamp(unit)) for unit in units)  # type: ignore[misc]
            return
        assert [self.plugin().stamp(unit) for unit in units] == [unit.stamp for unit in units]
        self.change(tmp_path)
        if self.content_addressed:
            assert {unit.uri for unit in self.units(target)} - {unit.uri for unit in units}
            return
        assert all(self.plugin().stamp(unit) != unit.stamp for unit in units)

    def test_what_is_gone_is_an_access_error(self, tmp_path: Path) -> None:
        """A thing that vanished after it was listed can be neither opened nor stamped."""
        target, _ = self.place(tmp_path)
        units = self.units(target)
        self.clear(tmp_path)
        for unit in units:
            assert refuses(lambda unit=unit: self.plugin().open(unit, LIMITS))  # type: ignore[misc]
            assert refuses(lambda unit=unit: self.plugin().stamp(unit))  # type: ignore[misc]

    def test_the_largest_artefact_is_a_limit(self, tmp_path: Path) -> None:
        """What is larger than a run reads as a whole is refused, not cut."""
        target, contents = self.place(tmp_path)
        tight = Limits(artefact_bytes=max(map(len, contents.values())) - 1)
        refusals = [
            refuses(lambda unit=unit: self.read(unit, tight))  # type: ignore[misc]
            for unit in self.units(target)
        ]
        assert any(refusals)
