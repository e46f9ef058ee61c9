"""Findings: identity, and what they refuse."""

from __future__ import annotations

import pytest

from efface.model import Characteristic, Clue, Finding, Form, Level, Locator

PLACE = Locator("file", ("/a.jpg",), "xywh=pixel:1,2,3,4")


def make(**changes: object) -> Finding:
    values: dict[str, object] = {
        "detector": "face-image@1",
        "form": Form.SAMPLE,
        "characteristic": Characteristic.FACE,
        "locator": PLACE,
        "confidence": 0.9,
    }
    return Finding(**(values | changes))  # type: ignore[arg-type]


SAME = {
    "another version of the detector": {"detector": "face-image@2"},
    "another confidence": {"confidence": 0.1},
    "more references": {"references": 9},
    "another level": {"level": Level.ENROLLED},
    "other clues": {"clues": (Clue("eyes_px", "41", 0.2),)},
}
OTHER = {
    "another detector": {"detector": "other@1"},
    "another form": {"form": Form.TEMPLATE},
    "another characteristic": {"characteristic": Characteristic.IRIS},
    "another file": {"locator": Locator("file", ("/b.jpg",), "xywh=pixel:1,2,3,4")},
    "another region": {"locator": PLACE.at("xywh=pixel:1,2,3,5")},
}


@pytest.mark.parametrize("changes", SAME.values(), ids=SAME.keys())
def test_what_does_not_make_another_finding(changes: dict[str, object]) -> None:
    """A re-scan with other versions, confidence or clues finds the same finding."""
    assert make(**changes).id == make().id


@pytest.mark.parametrize("changes", OTHER.values(), ids=OTHER.keys())
def test_what_makes_another_finding(changes: dict[str, object]) -> None:
    """Form, characteristic, place and detector make the identity."""
    assert make(**changes).id != make().id


@pytest.mark.parametrize("confidence", [-0.1, 1.1, float("nan")])
def test_confidence_outside_its_range_is_refused(confidence: float) -> None:
    """A confidence is a probability."""
    with pytest.raises(ValueError, match="confidence"):
        make(confidence=confidence)


def test_an_unknown_characteristic_is_not_biometric() -> None:
    """Features of which nothing says what they come from are a question, not a finding of law."""
    assert not make(characteristic=Characteristic.UNKNOWN, form=Form.FEATURES, level=None).is_biometric
