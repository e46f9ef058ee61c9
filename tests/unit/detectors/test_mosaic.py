"""A face that was pixelated before the run is found as a face, and told to be under a mosaic."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter

from efface.detectors.mosaic import LEAST_SHARE, has_mosaic, share_of_lines
from efface.engines.pictures import Frame
from efface.model import Box

BOX = Box(20, 30, 120, 140)


@pytest.fixture(scope="module")
def portrait(samples):
    with Image.open(samples / "portrait.png") as picture:
        return picture.convert("RGB").resize((160, 200))


def frame_of(picture, scale=1.0):
    return Frame(0, np.asarray(picture), scale, *picture.size)


def mosaic(picture, cell):
    small = picture.resize(
        (max(1, picture.width // cell), max(1, picture.height // cell)), Image.Resampling.BOX
    )
    return small.resize(picture.size, Image.Resampling.NEAREST)


@pytest.mark.parametrize("cell", [4, 7, 10, 20])
def test_a_mosaic_is_told_by_its_few_changing_lines(portrait, cell):
    """Whatever the size of its cells, from four pixels on."""
    assert has_mosaic(frame_of(mosaic(portrait, cell)), BOX)


def test_a_photo_has_none(portrait):
    """Change in a face is on all lines."""
    assert not has_mosaic(frame_of(portrait), BOX)
    assert share_of_lines(np.asarray(portrait)) < LEAST_SHARE


def test_a_blur_is_no_mosaic(portrait):
    """A blur is not told: it looks like a face out of focus."""
    assert not has_mosaic(frame_of(portrait.filter(ImageFilter.GaussianBlur(8))), BOX)


def test_a_fill_is_no_mosaic(portrait):
    """Where nothing changes nothing is told of it."""
    assert not has_mosaic(frame_of(Image.new("RGB", portrait.size)), BOX)


def test_stripes_are_no_mosaic(portrait):
    """Lines in one direction only, as of a blind, are none."""
    stripes = np.asarray(portrait).copy()
    stripes[:, ::10] = 0
    assert not has_mosaic(frame_of(Image.fromarray(stripes)), BOX)


def test_nothing_is_said_of_small_faces_and_reduced_pictures(portrait):
    """Where the cells cannot be told from the coder's or the decoder's own, nothing is told."""
    assert not has_mosaic(frame_of(mosaic(portrait, 4)), Box(20, 30, 30, 30))
    assert not has_mosaic(frame_of(mosaic(portrait, 8), scale=2.0), BOX)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 50, 3), (0, 10, 3)])
def test_less_than_two_lines_have_no_change(shape):
    """No difference, no share."""
    assert share_of_lines(np.zeros(shape, np.uint8)) == 0.0
