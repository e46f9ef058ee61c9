"""A face that was pixelated before the run is found as a face, and told to be under a mosaic."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageFilter

from efface.detectors import face_image
from efface.detectors.face_image import FaceImage
from efface.detectors.mosaic import LEAST_SHARE, has_mosaic, share_of_lines
from efface.engines.pictures import Frame
from efface.errors import FormatError
from efface.model import Artefact, Box, Limits, Locator, Mode, Surroundings
from efface.sources.payloads import BytesPayload

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


LARGE = {
    "standard": (Mode.STANDARD, 100_000_000, "yes"),
    "too large to be decoded whole": (Mode.STANDARD, 1_000_000, None),
    "fast": (Mode.FAST, 100_000_000, None),
}


@pytest.mark.parametrize("case", LARGE)
def test_a_mosaic_in_a_large_photo_is_told_though_the_photo_is_decoded_smaller(case, portrait, monkeypatch):
    """A face under a mosaic in a photo of 12 megapixels has the clue, where the photo is decoded whole for it."""
    mode, pixels, expected = LARGE[case]
    monkeypatch.setattr(face_image, "_WHOLE_PIXELS", pixels)
    (finding,) = faces_of(photo_of_12_megapixels(portrait), mode)
    assert {clue.name: clue.value for clue in finding.clues}.get("mosaic") == expected


@pytest.mark.parametrize("error", [FormatError("broken"), MemoryError()])
def test_a_face_stays_found_where_the_photo_cannot_be_decoded_whole(error, portrait, monkeypatch):
    """The second decoding is for a clue only."""
    frames = face_image.pictures.frames

    def smaller_only(data, *, limits, long_side_px=None):
        if long_side_px is None:
            raise error
        return frames(data, limits=limits, long_side_px=long_side_px)

    monkeypatch.setattr(face_image.pictures, "frames", smaller_only)
    (finding,) = faces_of(photo_of_12_megapixels(portrait), Mode.STANDARD)
    assert "mosaic" not in {clue.name for clue in finding.clues}


def photo_of_12_megapixels(portrait):
    canvas = Image.new("RGB", (4000, 3000), (70, 90, 80))
    canvas.paste(mosaic(portrait.resize((1024, 1024)), 12), (1504, 1000))
    stream = io.BytesIO()
    canvas.save(stream, "JPEG", quality=95)
    return stream.getvalue()


def faces_of(data, mode):
    payload = BytesPayload(data)
    artefact = Artefact(Locator.of_file("/a.jpg"), "image/jpeg", payload.size_bytes)
    return list(FaceImage().detect(artefact, payload, Surroundings(("a.jpg",)), mode, Limits()))
