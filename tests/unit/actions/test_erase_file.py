"""Which files of a system go as a whole."""

from __future__ import annotations

import pytest

from efface.actions.erase_file import EraseFile
from efface.model import Characteristic, Clue, Finding, Form, Limits, Locator


def found(*signatures: str, confidence: float = 0.9, inside: str = "") -> Finding:
    place = Locator.of_file("/a/x.so")
    place = (place.child(inside) if inside else place).at("system=x")
    clues = (Clue("system", "x"), *(Clue("signature", each) for each in signatures))
    return Finding("x@1", Form.SYSTEM, Characteristic.FACE, place, confidence, level=None, clues=clues)


@pytest.mark.parametrize(
    "signatures",
    [("library/a",), ("library/a", "symbol/b"), ("model/a", "graph/b"), ("licence/a",), ("gallery/a",)],
)
def test_a_file_that_is_the_systems_own_goes(signatures: tuple[str, ...]) -> None:
    """Nothing of it is to stay."""
    finding = found(*signatures)
    assert EraseFile().accepts("application/octet-stream", finding)
    assert EraseFile().remove(b"anything", [finding], Limits()) is None


@pytest.mark.parametrize(
    "finding",
    [
        found("symbol/a"),
        found("code/a"),
        found("pip/a"),
        found("library/a", "code/b"),
        found("android/a"),
        found(),
        found("gallery/a", confidence=0.6),
        found("library/a", inside="member.so"),
    ],
    ids=["names in a program", "code", "a package", "also code", "an app", "nothing", "a weak name", "in an archive"],
)  # fmt: skip
def test_what_may_be_something_else_stays(finding: Finding) -> None:
    """A program that calls a system, an archive, a manifest, or a name that others use is not erased."""
    assert not EraseFile().accepts("application/octet-stream", finding)
