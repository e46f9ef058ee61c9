"""Faces are found where they are, however the picture is stored, and only there."""

from __future__ import annotations

import io
import itertools
import math

import numpy as np
import pytest
from PIL import Image

from efface.engines import face_boxes, face_confidence, face_looks, network, pictures
from efface.engines.face_finder import CHIN, SIDE, FaceFinder, candidates
from efface.engines.face_input import crops, doubled, enlarged, fitted, tensor
from efface.errors import FormatError, UsageError

MODES = ["fast", "standard", "thorough"]
PORTRAIT = (172, 70, 103, 130)
"""x, y, w, h of the face in samples/portrait.png (512 x 512), by eye."""
STORED = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}


@pytest.fixture(scope="module")
def finders():
    return {mode: FaceFinder(mode) for mode in MODES}


@pytest.fixture(scope="module")
def portrait(samples):
    with Image.open(samples / "portrait.png") as picture:
        return picture.convert("RGB")


def saved(picture, kind, **options):
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def boxes(data, finder):
    """Boxes in displayed coordinates, frame by frame."""
    return [
        (frame, [tuple(side * frame.scale for side in face.box) for face in finder.find(frame.pixels)])
        for frame in pictures.frames(data, long_side_px=finder.long_side_px)
    ]


def overlap(one, other):
    rows = np.zeros((2, face_boxes.COLUMNS), np.float32)
    rows[0, :4], rows[1, :4] = one, other
    return float(face_boxes.overlap(rows[:1], rows[1:])[0, 0])


@pytest.mark.parametrize("corner", list(itertools.product((0, 170, 340), (0, 120, 240))))
def test_a_small_picture_is_enlarged_only_around_what_is_seen(finders, portrait, corner, monkeypatch):
    """A face of two dozen pixels anywhere in a small picture is found in its place, and little else is enlarged."""
    small = portrait.resize((60, 60))
    picture = Image.new("RGB", (400, 300), (90, 110, 100))
    picture.paste(small, corner)
    views = []

    def seen(*given):
        views.append(enlarged(*given))
        return views[-1]

    monkeypatch.setattr(face_looks, "enlarged", seen)
    (face,) = finders["standard"].find(np.asarray(picture))
    expected = [at + side * 60 / 512 for at, side in zip((*corner, 0, 0), PORTRAIT, strict=True)]
    assert overlap(face.box, expected) > 0.6
    assert views
    assert max(view.tensor[0, 0].size for view in views) < 672 * 512 / 4


@pytest.mark.parametrize("mode", MODES)
def test_the_portrait_has_one_face_where_it_is(mode, finders, portrait):
    """Every mode finds the one face of the sample portrait, in its place, with confidence above 0.9."""
    (face,) = finders[mode].find(np.asarray(portrait))
    assert overlap(face.box, PORTRAIT) > 0.6
    assert face.confidence > 0.9
    assert len(face.landmarks) == 5
    x, y, w, h = face.box
    assert all(x < px < x + w and y < py < y + h for px, py in face.landmarks)


@pytest.mark.parametrize("name", ["coffee", "cat"])
@pytest.mark.parametrize("mode", MODES)
def test_a_picture_without_a_human_face_gives_nothing(mode, name, finders, samples):
    """A cup and a cat's face are no faces."""
    ((_, found),) = boxes((samples / f"{name}.png").read_bytes(), finders[mode])
    assert found == []


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_orientation_changes_no_displayed_box(orientation, finders, portrait):
    """The box is the same in displayed coordinates for all eight EXIF orientations."""
    picture = portrait.crop((60, 0, 460, 300))
    stored = picture.transpose(Image.Transpose(STORED[orientation])) if orientation in STORED else picture
    exif = Image.Exif()
    exif[0x112] = orientation
    ((frame, (box,)),) = boxes(saved(stored, "JPEG", exif=exif, quality=95), finders["standard"])
    assert (frame.width_px, frame.height_px) == (400, 300)
    assert overlap(box, (PORTRAIT[0] - 60, *PORTRAIT[1:])) > 0.6


@pytest.mark.parametrize("mode", MODES)
def test_a_reduced_decode_gives_displayed_boxes(mode, finders, portrait):
    """A large JPEG that is decoded small gives boxes of the large picture, the most certain first."""
    data = saved(portrait.resize((3072, 3072)), "JPEG")
    ((frame, found),) = boxes(data, finders[mode])
    assert frame.width_px == 3072
    assert overlap(found[0], [6 * side for side in PORTRAIT]) > 0.6


def ghost(picture):
    """A picture of which every pixel is transparent."""
    hidden = picture.convert("RGBA")
    hidden.putalpha(0)
    return hidden


STORAGES = {
    "CMYK JPEG": lambda p: saved(p.convert("CMYK"), "JPEG"),
    "CMYK TIFF": lambda p: saved(p.convert("CMYK"), "TIFF"),
    "16-bit grey PNG": lambda p: saved(
        Image.fromarray(np.asarray(p.convert("L")).astype(np.uint16) * 257), "PNG"
    ),
    "12-bit grey TIFF": lambda p: saved(
        Image.fromarray(np.asarray(p.convert("L")).astype(np.uint16) * 16), "TIFF"
    ),
    "8-bit grey JPEG": lambda p: saved(p.convert("L"), "JPEG"),
    "palette PNG": lambda p: saved(p.quantize(64), "PNG"),
    "palette GIF": lambda p: saved(p, "GIF"),
    "half transparent PNG": lambda p: saved(
        Image.merge("RGBA", (*p.split(), Image.new("L", p.size, 160))), "PNG"
    ),
    "wholly transparent PNG": lambda p: saved(ghost(p), "PNG"),
    "wholly transparent WebP": lambda p: saved(ghost(p), "WEBP", lossless=True, exact=True),
    "JPEG 2000": lambda p: saved(p, "JPEG2000"),
    "AVIF": lambda p: saved(p, "AVIF"),
    "BMP": lambda p: saved(p, "BMP"),
    "PGM": lambda p: saved(p.convert("L"), "PPM"),
}


@pytest.mark.parametrize("storage", STORAGES)
def test_a_face_is_found_in_every_way_to_store_it(storage, finders, portrait):
    """The face is found whatever the colour model, depth, palette or transparency of the file."""
    found = [box for _, some in boxes(STORAGES[storage](portrait), finders["standard"]) for box in some]
    assert found
    assert all(overlap(box, PORTRAIT) > 0.6 for box in found)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_a_face_in_a_late_frame_is_found(kind, finders, portrait):
    """A face that only the third frame or page shows is found there."""
    plain = Image.new("RGB", portrait.size, (90, 120, 90))
    other = Image.new("RGB", portrait.size, (20, 120, 200))
    data = saved(plain, kind, save_all=True, append_images=[other, portrait])
    counts = [len(found) for _, found in boxes(data, finders["standard"])]
    assert counts == [0, 0, 1]


def test_a_face_hidden_under_alpha_is_marked_as_hidden(finders, portrait):
    """Where alpha hides a face, the shown frame has none and the hidden one has it."""
    found = boxes(saved(ghost(portrait), "PNG"), finders["standard"])
    assert [(frame.hidden, len(some)) for frame, some in found] == [(False, 0), (True, 1)]


@pytest.mark.parametrize("mode", ["standard", "thorough"])
def test_small_faces_of_a_large_picture_are_found(mode, finders, portrait):
    """Faces of 40 pixels in a picture of 2400 are found, each once."""
    canvas = Image.new("RGB", (2400, 1600), (70, 90, 80))
    small = portrait.resize((160, 160))
    places = [(100, 100), (1180, 700), (2200, 1400)]
    for place in places:
        canvas.paste(small, place)
    ((_, found),) = boxes(saved(canvas, "PNG"), finders[mode])
    assert len(found) == 3
    for x, y in places:
        scaled = [x + PORTRAIT[0] * 160 / 512, y + PORTRAIT[1] * 160 / 512, 32.2, 40.6]
        assert max(overlap(box, scaled) for box in found) > 0.5


def test_small_faces_of_a_photo_of_12_megapixels_are_found(finders, portrait):
    """In `standard` CenterFace looks at a large photo: faces of 40 are found, each once; the first look shows none."""
    canvas = Image.new("RGB", (4000, 3000), (70, 90, 80))
    side = round(512 * 40 / PORTRAIT[3])
    places = [(150, 150), (1900, 1400), (3700, 2700)]
    for place in places:
        canvas.paste(portrait.resize((side, side), Image.Resampling.LANCZOS), place)
    data = saved(canvas, "JPEG", quality=95)
    ((_, found),) = boxes(data, finders["standard"])
    assert len(found) == len(places)
    for x, y in places:
        expected = [x + PORTRAIT[0] * side / 512, y + PORTRAIT[1] * side / 512, 31.7, 40.0]
        assert max(overlap(box, expected) for box in found) > 0.5
    ((_, missed),) = boxes(data, finders["fast"])
    assert missed == []


@pytest.mark.parametrize("share", [0.25, 0.5, 0.9])
def test_a_large_face_of_a_large_photo_is_found_once(share, finders, portrait):
    """In `standard` a face of a fourth to nine tenths of a photo of 12 megapixels is one face that covers the head."""
    canvas = Image.new("RGB", (4000, 3000), (70, 90, 80))
    side = round(3000 * share * 512 / PORTRAIT[3] / 1.6)
    left, top = 300, round(-0.05 * side)
    canvas.paste(portrait.resize((side, side), Image.Resampling.BICUBIC), (left, top))
    ((_, found),) = boxes(saved(canvas, "JPEG", quality=90), finders["standard"])
    factor = side / 512
    expected = [left + PORTRAIT[0] * factor, top + PORTRAIT[1] * factor, *(s * factor for s in PORTRAIT[2:])]
    (box,) = found
    assert overlap(box, expected) > 0.6


@pytest.mark.parametrize("middle", [(2450, 800), (800, 2450), (2450, 2450)])
@pytest.mark.parametrize("length", [250, 600])
def test_a_face_on_the_seam_of_two_tiles_is_found_once_and_whole(length, middle, finders, portrait):
    """In `standard` a large photo is looked at in tiles, of which none shows such a face whole."""
    factor = length / PORTRAIT[3]
    left, top = (
        round(at - factor * (PORTRAIT[axis] + PORTRAIT[axis + 2] / 2)) for axis, at in enumerate(middle)
    )
    canvas = Image.new("RGB", (4000, 3000), (70, 90, 80))
    canvas.paste(portrait.resize((round(512 * factor),) * 2, Image.Resampling.BICUBIC), (left, top))
    ((_, found),) = boxes(saved(canvas, "JPEG", quality=90), finders["standard"])
    expected = [left + PORTRAIT[0] * factor, top + PORTRAIT[1] * factor, *(s * factor for s in PORTRAIT[2:])]
    (box,) = found
    assert overlap(box, expected) > 0.6


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (900, 1), (3, 2), (33, 2000)])
def test_odd_shapes_are_no_trouble(mode, shape, finders):
    """Pictures of one pixel or of one line are looked at and hold nothing."""
    assert finders[mode].find(np.full((*shape, 3), 128, np.uint8)) == []


REFUSED = {
    "grey": np.zeros((64, 64), np.uint8),
    "four channels": np.zeros((64, 64, 4), np.uint8),
    "floats": np.zeros((64, 64, 3), np.float32),
    "no rows": np.zeros((0, 64, 3), np.uint8),
}


@pytest.mark.parametrize("name", REFUSED)
def test_another_array_is_refused_with_its_shape(name, finders):
    """An array that is not uint8 (height, width, 3) is refused, and the message says what came."""
    with pytest.raises(FormatError, match="expected uint8"):
        finders["standard"].find(REFUSED[name])


def test_an_unknown_mode_is_refused():
    """A mode that does not exist is the caller's mistake, answered with those that do."""
    with pytest.raises(UsageError, match="fast, standard, thorough"):
        FaceFinder("careful")


def test_a_mode_names_the_networks_that_it_runs(finders):
    """`fast` runs one network, the others two, each with its locked digest."""
    assert list(finders["fast"].digests) == ["yunet"]
    assert dict(finders["standard"].digests) == dict(network.digests())


nan = math.nan
SCORES = {
    "fast: YuNet is sure": ([0.65, nan, face_confidence.ALONE], True),
    "fast: YuNet doubts": ([0.55, nan, face_confidence.ALONE], False),
    "YuNet is sure": ([0.72, nan, face_confidence.FIRST], True),
    "YuNet is sure, but only in the fine size": ([0.72, nan, face_confidence.FINE], False),
    "YuNet is very sure in the fine size": ([0.8, nan, face_confidence.FINE], True),
    "YuNet doubts and CenterFace confirms": ([0.4, 0.6, face_confidence.FIRST], True),
    "YuNet doubts and CenterFace denies": ([0.4, 0.02, face_confidence.FIRST], False),
    "YuNet doubts and nobody looked again": ([0.5, nan, face_confidence.FIRST], False),
    "YuNet is sure in a tile and nobody looked again": ([0.99, nan, face_confidence.TILE], False),
    "YuNet doubts in a tile and CenterFace denies": ([0.4, 0.02, face_confidence.TILE], False),
    "both look in every size and agree": ([0.5, 0.5, face_confidence.UNITED], True),
    "both look in every size and only CenterFace is sure": ([0.02, 0.7, face_confidence.UNITED], True),
    "both look in every size and CenterFace sees nothing": ([0.8, 0.02, face_confidence.UNITED], False),
    "CenterFace is sure in a large picture": ([nan, 0.5, face_confidence.LARGE], True),
    "CenterFace doubts in a large picture and YuNet confirms": ([0.7, 0.3, face_confidence.LARGE], True),
    "CenterFace doubts in a large picture and YuNet denies": ([0.02, 0.3, face_confidence.LARGE], False),
    "CenterFace doubts in a tile and all second looks confirm": ([0.45, 0.45, face_confidence.FAINT], True),
    "CenterFace is sure in a tile and YuNet denies": ([0.01, 0.5, face_confidence.FAINT], False),
}


def row(first, second, how):
    return [0.0] * 4 + [first] + [0.0] * 10 + [second, face_confidence.logit(second), how]


@pytest.mark.parametrize("case", SCORES)
def test_scores_decide(case):
    """Which scores of the two networks make a face."""
    scores, expected = SCORES[case]
    assert face_confidence.accepted(row(*scores)) is expected


@pytest.mark.parametrize(
    "how",
    [face_confidence.FIRST, face_confidence.UNITED, face_confidence.LARGE, face_confidence.FAINT],
)
@pytest.mark.parametrize("other", [0.1, 0.6])
def test_confidence_grows_with_every_score(other, how):
    """A higher score of either network never lowers the confidence, which stays between 0 and 1."""
    steps = np.linspace(0.0, 1.0, 21)
    for scores in ([(step, other) for step in steps], [(other, step) for step in steps]):
        rising = [face_confidence.confidence(row(*pair, how)) for pair in scores]
        assert all(0 <= one <= two <= 1 for one, two in itertools.pairwise(rising))


SEES = {
    "both": ([0.5, 0.5], "yunet+centerface"),
    "only the first": ([0.5, 0.1], "yunet"),
    "the second did not look": ([0.5, nan], "yunet"),
    "only the second": ([0.02, 0.5], "centerface"),
    "neither by itself": ([0.25, 0.2], ""),
}


@pytest.mark.parametrize("case", SEES)
def test_the_networks_that_see_a_face_are_named(case):
    """A finding says which network sees the face by itself: agreement is a clue."""
    scores, expected = SEES[case]
    assert face_confidence.sees(row(*scores, face_confidence.UNITED)) == expected


def test_a_box_is_widened_to_the_sides_and_below(portrait):
    """A face's box reaches further to both sides and below than what the network says, never further up."""
    pixels = np.asarray(portrait)
    (said,), (given,) = face_looks.fast(pixels)[:, :4], candidates(pixels, "fast")[:, :4]
    assert given[0] == pytest.approx(said[0] - SIDE * said[2])
    assert given[1] == said[1]
    assert given[2:] == pytest.approx([said[2] * (1 + 2 * SIDE), said[3] * (1 + CHIN)])


def test_faces_of_a_dozen_pixels_are_found_in_a_large_picture(finders, portrait):
    """`thorough` is sure of faces of 12 to 24 pixels in a picture of 2400, and of nothing else there."""
    canvas = Image.new("RGB", (2400, 1600), (70, 90, 80))
    places = {(100, 100): 12, (1180, 700): 16, (2200, 1400): 24}
    for place, face_px in places.items():
        side = round(512 * face_px / PORTRAIT[3])
        canvas.paste(portrait.resize((side, side), Image.Resampling.LANCZOS), place)
    found = [face.box for face in finders["thorough"].find(np.asarray(canvas)) if face.confidence > 0.5]
    assert len(found) == 3
    for (x, y), face_px in places.items():
        factor = face_px / PORTRAIT[3]
        expected = [x + PORTRAIT[0] * factor, y + PORTRAIT[1] * factor, PORTRAIT[2] * factor, face_px]
        assert max(overlap(box, expected) for box in found) > 0.4


def test_one_face_seen_twice_is_one_row():
    """Boxes that overlap by more than 0.3 become one, the strongest first, and others stay."""
    rows = np.zeros((3, face_boxes.COLUMNS), np.float32)
    rows[:, :5] = [[0, 0, 10, 10, 0.5], [1, 1, 10, 10, 0.9], [40, 40, 10, 10, 0.7]]
    assert face_boxes.suppress(rows)[:, 4].tolist() == pytest.approx([0.9, 0.7])
    assert len(face_boxes.suppress(face_boxes.EMPTY)) == 0


def test_a_doubled_view_is_the_picture_twice_as_large():
    """Doubling keeps every pixel at its place and puts means between them, in the order blue, green, red."""
    pixels = np.random.default_rng(3).integers(0, 256, (5, 7, 3)).astype(np.uint8)
    view = doubled(pixels).tensor[0]
    assert view.shape == (3, 32, 32)
    np.testing.assert_array_equal(view[:, 0:10:2, 0:14:2], pixels.transpose(2, 0, 1)[::-1])
    assert view[0, 0, 1] == pytest.approx((int(pixels[0, 0, 2]) + int(pixels[0, 1, 2])) / 2)
    assert view[2, 1, 0] == pytest.approx((int(pixels[0, 0, 0]) + int(pixels[1, 0, 0])) / 2)
    assert not view[:, 10:].any()
    assert not view[:, :, 14:].any()


def test_enlarging_keeps_the_shape():
    """A small picture is enlarged to the wanted long side, and its factor says by how much."""
    view = enlarged(np.full((30, 40, 3), 9, np.uint8), 8.0)
    assert view.tensor.shape == (1, 3, 256, 320)
    assert view.factor == (8.0, 8.0)
    assert (view.tensor[0, :, :240] == 9).all()


@pytest.mark.parametrize("seed", range(20))
def test_an_enlarged_part_is_a_part_of_the_enlarged_picture(seed):
    """Cut out at multiples of 32, a part has the pixels that the whole has there, and says where it lies."""
    draw = np.random.default_rng(seed)
    height, width = draw.integers(2, 200, 2).tolist()
    pixels = draw.integers(0, 256, (height, width, 3)).astype(np.uint8)
    left, top = draw.uniform(-9, width - 1), draw.uniform(-9, height - 1)
    part = (left, top, max(left, 0) + draw.uniform(1, width), max(top, 0) + draw.uniform(1, height))
    factor = draw.uniform(0.5, 3)
    whole, view = enlarged(pixels, factor), enlarged(pixels, factor, part)
    x, y = (round(at * by) for at, by in zip(view.shift, view.factor, strict=True))
    high, wide = view.tensor.shape[2:]
    assert (x % 32, y % 32) == (0, 0)
    np.testing.assert_allclose(view.tensor, whole.tensor[:, :, y : y + high, x : x + wide], atol=1e-3)


def test_a_view_is_padded_with_black():
    """A view's sides are multiples of 32 and what is added is black."""
    view = tensor(np.full((33, 40, 3), 7, np.uint8), (33, 40, 3)).tensor
    assert view.shape == (1, 3, 64, 64)
    assert float(view.sum()) == 33 * 40 * 3 * 7


def test_fitting_never_enlarges():
    """A picture smaller than the wanted size stays as it is."""
    assert fitted(np.zeros((30, 40, 3), np.uint8), 640).shape == (30, 40, 3)
    assert fitted(np.zeros((3000, 40, 3), np.uint8), 640).shape == (640, 9, 3)


def test_a_crop_reaches_over_the_edge_in_black():
    """A crop around a box at the picture's corner has the picture where it is and black outside."""
    pixels = np.full((100, 100, 3), 200, np.uint8)
    (crop,) = crops(pixels, np.array([[-10, -10, 20, 20]], np.float32), face_px=48, side_px=96)
    assert crop.shape == (3, 96, 96)
    assert not crop[:, :40, :40].any()
    assert (crop[:, 60:, 60:] == 200).all()


def test_one_portrait_in_seven_containers_is_one_face_each(shared_data, finders):
    """The same portrait in seven real files gives one face each."""
    folder = shared_data / "documents" / "one_portrait_many_formats"
    for kind in ("bmp", "gif", "ico", "jpeg", "png", "tiff", "webp"):
        ((_, found),) = boxes((folder / f"einstein.{kind}").read_bytes(), finders["standard"])
        assert len(found) == 1, kind
