"""What makes a picture a portrait, measured on faces whose boxes are given."""

from __future__ import annotations

import numpy as np
import pytest

from efface.detectors import portrait
from efface.engines.face_finder import Face
from efface.engines.picture_frame import Frame

EYES = (0.3, 0.4), (0.7, 0.4)
NOISE = np.random.default_rng(1).integers(0, 255, (800, 600, 3), np.uint8)


def _face(x, y, width, height, eyes=EYES) -> Face:
    points = tuple((x + u * width, y + v * height) for u, v in (*eyes, (0.5, 0.6), (0.4, 0.8), (0.6, 0.8)))
    return Face((x, y, width, height), 0.9, points, "yunet")


def _frame(width, height, *, pixels=None, scale=1.0) -> Frame:
    array = np.full((height, width, 3), 200, np.uint8) if pixels is None else pixels[:height, :width]
    return Frame(0, array, scale, round(width * scale), round(height * scale))


TILTED = (0.3, 0.3), (0.7, 0.7)
LEANING = (0.3, 0.37), (0.7, 0.43)
BIG = _face(100, 100, 300, 400)
CASES = {
    # faces, frame: portrait, aligned, words that the clue holds
    "one face before a wall": ([BIG], _frame(500, 700), True, False, ("plain background", "eyes level")),
    "a face before trees": ([BIG], _frame(500, 700, pixels=NOISE), True, False, ("57 %", "120 px apart")),
    "a card photograph": ([_face(80, 100, 200, 240)], _frame(358, 441), True, False, ("size of card",)),
    "a crop for a recogniser": ([_face(8, 2, 96, 108)], _frame(112, 112), True, True, ("recognisers",)),
    "a face and a tiny one behind": ([BIG, _face(5, 5, 30, 40)], _frame(500, 700), True, False, ()),
    "a face decoded at half its size": ([BIG], _frame(500, 700, scale=2.0), True, False, ("240 px apart",)),
    "a head that leans": ([_face(100, 100, 300, 400, LEANING)], _frame(500, 700), True, False, ()),
    "a face without points": ([Face((100, 100, 300, 400), 0.9, None, "")], _frame(500, 700), True, False, ()),
    "two faces": ([BIG, _face(10, 400, 280, 280)], _frame(600, 700), False, False, ()),
    "a person in a square": ([_face(100, 100, 40, 60)], _frame(600, 700), False, False, ()),
    "a head on its side": ([_face(100, 100, 300, 400, TILTED)], _frame(500, 700), False, False, ()),
    "a piece of a face": ([_face(0, -100, 500, 900)], _frame(500, 700), False, False, ()),
    "an icon of the size of a crop": ([_face(40, 40, 18, 24)], _frame(112, 112), False, False, ()),
}


@pytest.mark.parametrize("case", CASES)
def test_portraits_are_told_by_measures(case: str) -> None:
    """One face that fills the picture upright makes a portrait; sizes make a crop; nothing else does."""
    faces, frame, is_portrait, is_aligned, words = CASES[case]
    shown = portrait.look(faces[0], faces, frame)
    assert (shown.is_portrait, shown.is_aligned) == (is_portrait, is_aligned)
    assert bool(shown.clues) is is_portrait
    for word in words:
        assert word in shown.clues[0].value.replace("57%", "57 %")


def test_points_that_are_no_numbers_do_no_harm() -> None:
    """A network that gives infinite points leaves a face without eyes."""
    eyes = (float("nan"), 0.4), (float("inf"), 0.4)
    assert portrait.look(_face(100, 100, 300, 400, eyes), [BIG], _frame(500, 700)).is_portrait


def test_a_busy_background_is_not_called_plain() -> None:
    """Noise beside the head is no wall."""
    assert "plain" not in portrait.look(BIG, [BIG], _frame(500, 700, pixels=NOISE)).clues[0].value
