"""The law of an action, as tests."""

from __future__ import annotations

from efface.examine import Examiner
from efface.model import Action, Finding, Mode, Part
from efface.sources.payloads import BytesPayload
from efface.testing.contracts.base import LIMITS, Contract, Sample, hostile, quietly, refuses

__all__ = ["ActionContract"]


class ActionContract(Contract):
    """The law of an action: bytes in, bytes out, the finding is gone, and the rest is as it was."""

    protocol = Action

    def look(self, sample: Sample) -> list[Finding]:
        """Return what the detectors find in a sample as a whole."""
        part = Part(sample.locator, BytesPayload(sample.data), sample.surroundings)
        return [
            found for found in Examiner(Mode.STANDARD, LIMITS).examine(part) if isinstance(found, Finding)
        ]

    def due(self, sample: Sample) -> list[Finding]:
        """Return the findings of a sample that the action removes."""
        return [found for found in self.look(sample) if self.plugin().accepts(sample.media_type, found)]

    def test_it_removes_what_it_accepts(self) -> None:
        """After a removal the same eyes find none of what was due, and what was not due is still there."""
        for sample in self.samples():
            due = self.due(sample)
            assert due, sample.name
            result = self.plugin().remove(sample.data, due, LIMITS)
            left = {found.id for found in self.look(Sample(sample.name, result))} if result else set()
            assert not left & {found.id for found in due}, sample.name
            if result is not None:
                others = {found.id for found in self.look(sample)} - {found.id for found in due}
                assert others <= left, sample.name

    def test_it_removes_only_what_it_was_asked_for(self) -> None:
        """Of several findings one can be removed alone; the others are found as before."""
        for sample in self.samples():
            one, *others = self.due(sample)
            result = self.plugin().remove(sample.data, [one], LIMITS)
            if result is not None:
                left = {found.id for found in self.look(Sample(sample.name, result))}
                assert one.id not in left
                assert {found.id for found in others} <= left

    def test_it_gives_the_same_again(self) -> None:
        """The same bytes and findings give the same result, and a result is its own result."""
        for sample in self.samples():
            due = self.due(sample)
            result = self.plugin().remove(sample.data, due, LIMITS)
            assert result == self.plugin().remove(sample.data, due, LIMITS)
            if result is not None:
                assert refuses(lambda r=result, d=due: self.plugin().remove(r, d, LIMITS)) or (  # type: ignore[misc]
                    self.plugin().remove(result, due, LIMITS) == result
                )

    def test_bad_bytes_raise_the_known_errors_only(self) -> None:
        """Whatever stands in an artefact, nothing but an EffaceError comes out of an action."""
        for sample in self.samples():
            due = self.due(sample)
            for bad in hostile(sample, count=3):
                quietly(lambda bad=bad, due=due: [self.plugin().remove(bad.data, due, LIMITS)])  # type: ignore[misc]
