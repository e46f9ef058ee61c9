"""A recogniser is there to prove that nobody is recognised any more."""

from __future__ import annotations

import base64
import os
import tomllib
from importlib.resources import files

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from efface.engines import face_recogniser, network
from efface.engines.face_finder import FaceFinder
from efface.engines.face_recogniser import SAME_PERSON, SIDE_PX, aligned, classical, points_of_box, templates
from efface.errors import FormatError, UnsupportedError


@pytest.fixture(scope="module")
def recogniser():
    """The recogniser's file; its absence is loud, and a failure where everything is installed."""
    if not face_recogniser.available():
        say = pytest.fail if os.environ.get("CI") else pytest.skip
        say("the recogniser is not collected; run `python tools/collect.py recognisers` (it needs npm)")


@pytest.fixture(scope="module")
def portrait(samples):
    with Image.open(samples / "portrait.png") as picture:
        return picture.convert("RGB")


def face_of(picture, points=None):
    pixels = np.asarray(picture)
    return aligned(pixels, FaceFinder("standard").find(pixels)[0].landmarks if points is None else points)


def test_the_file_is_the_locked_one(recogniser):
    """The recogniser that runs is the one whose digest the lock names, with its licence beside it."""
    assert network.load("dlib-resnet-128").digest == network.recognisers()["dlib-resnet-128"]
    assert "Permission is hereby granted" in (network.FOLDER / "dlib_resnet.LICENSE").read_text("utf-8")


def test_a_recogniser_is_not_among_the_networks_that_find():
    """A scan looks with the same eyes whether or not a recogniser is installed."""
    assert not set(network.recognisers()) & set(network.digests())


def test_templates_are_those_that_the_maker_is_known_by(recogniser, portrait):
    """The templates lie where drawn faces put the same network, derived from other weights of it."""
    table = tomllib.loads(files("efface.detectors").joinpath("data", "makers.toml").read_text("utf-8"))
    maker = table["network"][0]
    mean = np.frombuffer(base64.b64decode(maker["mean"]), "<f2").astype(np.float32)
    (template,) = templates([face_of(portrait)])
    length = float(np.linalg.norm(template))
    assert maker["norms"][0] < length < maker["norms"][1]
    assert template @ mean / length / np.linalg.norm(mean) > maker["cosine"]


@pytest.mark.parametrize(
    "change",
    [
        lambda picture: ImageEnhance.Brightness(picture).enhance(0.7),
        lambda picture: picture.rotate(12, Image.Resampling.BICUBIC),
        lambda picture: picture.resize((256, 256), Image.Resampling.BOX),
        lambda picture: picture.convert("L").convert("RGB"),
        lambda picture: picture.resize((2048, 2048), Image.Resampling.BICUBIC),
    ],
    ids=["darker", "turned", "half the size", "grey", "four times the size"],
)
def test_one_person_stays_one(recogniser, portrait, change):
    """The same face in another picture has a template within the distance of one person."""
    one, other = templates([face_of(portrait), face_of(change(portrait))])
    assert np.linalg.norm(one - other) < SAME_PERSON


def test_a_covered_face_is_nobody(recogniser, portrait):
    """A crop forced at the place of a face that was filled is far from the face."""
    box = FaceFinder("standard").find(np.asarray(portrait))[0].box
    x, y, width, height = box
    covered = portrait.copy()
    reach = max(width, height) / 2
    covered.paste((0, 0, 0), tuple(map(round, (x - reach, y - reach, x + width + reach, y + height + reach))))
    before, after = templates([face_of(portrait), face_of(covered, points_of_box(box))])
    assert np.linalg.norm(before - after) > SAME_PERSON


def test_no_faces_give_no_templates(recogniser):
    """An empty list is an empty array of the right width."""
    assert templates([]).shape == (0, 128)
    assert classical([]).shape[0] == 0


def test_a_missing_recogniser_is_named(monkeypatch, tmp_path):
    """Without its file the recogniser is refused, and the way to collect it is told."""
    monkeypatch.setattr(network, "FOLDER", tmp_path)
    network.load.cache_clear()
    with pytest.raises(UnsupportedError) as refused:
        templates([np.zeros((SIDE_PX, SIDE_PX, 3), np.uint8)])
    network.load.cache_clear()
    assert "recognisers" in refused.value.diagnostics().to_do
    assert not face_recogniser.available()


def test_alignment_puts_the_points_where_they_belong():
    """Whatever its size, turn and place, a face is brought to the same square."""
    points = np.array([[30.0, 40.0], [70.0, 40.0], [50.0, 60.0], [35.0, 80.0], [65.0, 80.0]])
    picture = np.zeros((120, 120, 3), np.uint8)
    for number, (x, y) in enumerate(points.astype(int)):
        picture[y - 1 : y + 2, x - 1 : x + 2] = 100 + 30 * number
    upright = aligned(picture, points)
    moved = np.rot90(picture, 1).copy()
    turned = np.column_stack([points[:, 1], 119 - points[:, 0]])
    assert np.abs(aligned(moved, turned).astype(int) - upright).mean() < 2
    assert upright.shape == (SIDE_PX, SIDE_PX, 3)


@pytest.mark.parametrize(
    "points",
    [
        [[1, 1]] * 5,
        [[1, 1], [2, 2]],
        [[1, 1], [2, 1], [float("nan"), 2], [1, 3], [2, 3]],
        [],
    ],
    ids=["all in one place", "too few", "no numbers", "none"],
)
def test_points_that_are_no_face_are_refused(points):
    """Alignment asks for five different points."""
    with pytest.raises(FormatError, match="five different points"):
        aligned(np.zeros((9, 9, 3), np.uint8), points)


def test_a_picture_of_another_shape_is_refused():
    """Alignment asks for an RGB array."""
    with pytest.raises(FormatError, match="expected uint8"):
        aligned(np.zeros((9, 9), np.uint8), [[0, 0], [2, 0], [1, 1], [0, 2], [2, 2]])


def test_patterns_see_texture(portrait):
    """The second family calls a face more like its darker self than like its blurred one."""
    darker = ImageEnhance.Brightness(portrait).enhance(0.8)
    blurred = portrait.resize((24, 24), Image.Resampling.BOX).resize((512, 512), Image.Resampling.BICUBIC)
    points = FaceFinder("standard").find(np.asarray(portrait))[0].landmarks
    same, dark, blur = classical([face_of(each, points) for each in (portrait, darker, blurred)])
    assert np.linalg.norm(same) == pytest.approx(1, abs=1e-5)
    assert same @ dark > same @ blur
