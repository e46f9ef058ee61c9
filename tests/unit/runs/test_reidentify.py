"""Recognisers on what is left of removed faces: refused where they still know one, counted where they do not."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageFilter

from efface.engines.repaint import PageBox, repaint
from efface.examine.face_places import are_faces, faces_in, squares_at
from efface.model import Box, Characteristic, Finding, Form, Limits, Locator, Part, Surroundings
from efface.runs.reidentify import FacesBefore, Reidentification
from efface.sources.payloads import BytesPayload

PLACE = Locator("file", ("/p.png",))
LIMITS = Limits()


@pytest.fixture(scope="module")
def portrait(samples):
    with Image.open(samples / "portrait.png") as picture:
        return picture.convert("RGB")


@pytest.fixture(scope="module")
def box(portrait):
    from efface.engines.face_finder import FaceFinder

    x, y, width, height = FaceFinder("standard").find(np.asarray(portrait))[0].box
    return Box(max(0, int(x)), max(0, int(y)), int(width), int(height))


def face(box, place=PLACE):
    return Finding("face-image@4", Form.SAMPLE, Characteristic.FACE, place.at_box(box), 0.9)


def part(picture):
    if isinstance(picture, bytes):
        return Part(PLACE, BytesPayload(picture), Surroundings(("p.png",)))
    data = io.BytesIO()
    picture.save(data, "PNG")
    return part(data.getvalue())


def filled(picture, box):
    data = io.BytesIO()
    picture.save(data, "PNG")
    return repaint(data.getvalue(), [PageBox(None, box.x, box.y, box.width, box.height)], LIMITS)


def pasted(picture, box, change):
    copy = picture.copy()
    region = (box.x, box.y, box.x + box.width, box.y + box.height)
    copy.paste(change(copy.crop(region)), region)
    return copy


def test_under_a_fill_nothing_is_left_to_recognise(portrait, box):
    """A face under a flat fill is of one colour, so no recogniser is asked, and none knows it."""
    told, known = FacesBefore(part(portrait), [face(box)], [], LIMITS).after(part(filled(portrait, box)))
    assert known == 0
    assert [each["left"] for each in told["faces"]] == ["flat"]
    assert told["faces"][0]["after"] is None


def test_a_face_that_was_not_covered_is_known(portrait, box):
    """A result in which the face is still there is recognised, whatever a detector says."""
    _, known = FacesBefore(part(portrait), [face(box)], [], LIMITS).after(part(portrait))
    assert known == 1


def test_a_face_under_a_light_blur_is_known(portrait, box):
    """A blur that a detector may miss leaves the person: known beyond doubt."""
    blurred = pasted(portrait, box, lambda cut: cut.filter(ImageFilter.GaussianBlur(box.width / 60)))
    _, known = FacesBefore(part(portrait), [face(box)], [], LIMITS).after(part(blurred))
    assert known == 1


def test_a_coarse_mosaic_is_left_and_not_flat(portrait, box):
    """What is neither the face beyond doubt nor of one colour is compared, and too few to say anything of."""
    coarse = pasted(
        portrait,
        box,
        lambda cut: cut.resize((4, 4), Image.Resampling.BOX).resize(cut.size, Image.Resampling.NEAREST),
    )
    told, known = FacesBefore(part(portrait), [face(box)], [], LIMITS).after(part(coarse))
    assert known == 0
    tried = Reidentification()
    tried.add("a" * 32, told)
    entry = tried.entry()
    assert (entry["left"], entry["flat"], entry["outcome"]) == (1, 0, "too_few")


def test_where_nothing_stays_nothing_is_left(portrait, box):
    """Of a file that goes whole there is no place to look at."""
    told, known = FacesBefore(part(portrait), [face(box)], [], LIMITS).after(None)
    assert known == 0
    assert [each["left"] for each in told["faces"]] == ["gone"]


def test_a_face_without_a_place_is_counted_as_not_tried(portrait):
    """A finding of a whole column, or of a picture that nobody decodes, is no face that was tried."""
    whole = Finding("face-image@4", Form.SAMPLE, Characteristic.FACE, PLACE.at("/t/c"), 0.9)
    told, known = FacesBefore(part(portrait), [whole], [], LIMITS).after(None)
    assert (told["untested"], told["faces"], known) == (1, [], 0)


def test_templates_and_vectors_are_no_faces_to_try(portrait, box):
    """Only samples of faces are tried, and without one nothing goes to the ledger."""
    vector = Finding("face-template@1", Form.TEMPLATE, Characteristic.FACE, PLACE.at("/t/c"), 0.9)
    assert are_faces([vector, face(box)]) == [face(box)]
    told, _ = FacesBefore(part(portrait), [vector], [face(box)], LIMITS).after(part(portrait))
    tried = Reidentification()
    tried.add("a" * 32, told)
    assert tried.entry() is None


def test_faces_that_stay_are_in_the_gallery(portrait, box):
    """What remains is searched: a face that stays is one more that a probe could be taken for."""
    other = Box(0, 0, box.width, box.height)
    coarse = pasted(portrait, box, lambda cut: cut.filter(ImageFilter.GaussianBlur(box.width / 4)))
    told, _ = FacesBefore(part(portrait), [face(box)], [face(other)], LIMITS).after(part(coarse))
    tried = Reidentification()
    tried.add("a" * 32, told)
    rank = next(row for row in tried.entry()["comparisons"] if row["measure"] == "rank_one")
    assert (rank["gallery"], rank["probes"], rank["chance_ppm"]) == ("clear", 1, 500_000)


def test_templates_are_in_no_entry_and_no_text(portrait, box):
    """What goes to the ledger are counts and rates; what can be printed holds no template."""
    told, _ = FacesBefore(part(portrait), [face(box)], [], LIMITS).after(part(filled(portrait, box)))
    tried = Reidentification()
    tried.add("a" * 32, told)
    secret = told["faces"][0]["before"]["lbp"]
    assert len(secret) > 1_000
    assert secret not in f"{tried!r}{tried.entry()}"


def test_a_place_is_found_again_where_it_was(portrait, box):
    """The square after is cut at the very points of before: an unchanged picture gives the same square."""
    (place, square) = faces_in(part(portrait), [face(box)], LIMITS)[face(box).id]
    again = squares_at(part(portrait), [face(box)], {face(box).id: place}, LIMITS)
    assert np.array_equal(again[face(box).id], square)


def test_what_is_no_picture_any_more_has_no_place(portrait, box):
    """A result that cannot be decoded leaves nothing to cut; whether it may take its place, the re-scan says."""
    found = faces_in(part(portrait), [face(box)], LIMITS)
    places = {name: place for name, (place, _) in found.items()}
    assert squares_at(part(b"no picture"), [face(box)], places, LIMITS) == {}
