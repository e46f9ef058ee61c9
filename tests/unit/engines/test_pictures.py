"""Pictures come out as a viewer shows them, whole, within budgets, or not at all."""

from __future__ import annotations

import io
import struct
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from efface.engines import pictures
from efface.errors import FormatError, LimitExceededError, UnsupportedError
from efface.model.limits import Limits

CODES = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
"""EXIF orientation -> the Pillow transposition that stores a picture for it."""


def quarters(width=96, height=64):
    """A picture whose four corners have four colours, so that every turn shows."""
    picture = Image.new("RGB", (width, height), (200, 30, 30))
    picture.paste((30, 200, 30), (width // 2, 0, width, height // 2))
    picture.paste((30, 30, 200), (0, height // 2, width // 2, height))
    picture.paste((220, 220, 60), (width // 2, height // 2, width, height))
    return picture


def saved(picture, kind, **options):
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def exif(orientation):
    block = Image.Exif()
    block[0x112] = orientation
    return block


def only(data, **options):
    (frame,) = pictures.frames(data, **options)
    return frame


LOSSLESS = {
    "image/png": ("PNG", {}),
    "image/bmp": ("BMP", {}),
    "image/tiff": ("TIFF", {}),
    "image/webp": ("WEBP", {"lossless": True}),
    "image/x-portable-anymap": ("PPM", {}),
    "image/jp2": ("JPEG2000", {}),
}


@pytest.mark.parametrize("media_type", LOSSLESS)
def test_a_lossless_picture_comes_back_pixel_by_pixel(media_type):
    """A lossless file gives exactly the pixels that were saved, and its media type by content."""
    kind, options = LOSSLESS[media_type]
    data = saved(quarters(), kind, **options)
    np.testing.assert_array_equal(only(data).pixels, np.asarray(quarters()))
    assert pictures.probe(data).media_type == media_type


@pytest.mark.parametrize("kind", ["JPEG", "GIF", "AVIF", "ICO"])
def test_a_lossy_picture_comes_back_nearly(kind):
    """A lossy or palette file gives the pixels that were saved, but for its losses."""
    frame = only(saved(quarters(64, 64), kind, **({"sizes": [(64, 64)]} if kind == "ICO" else {})))
    assert np.abs(frame.pixels.astype(int) - np.asarray(quarters(64, 64))).mean() < 6


@pytest.mark.parametrize("orientation", CODES)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_orientation_is_applied(kind, orientation):
    """However a file stores its rows, the frame is turned as a viewer turns it."""
    code = CODES[orientation]
    stored = quarters() if code is None else quarters().transpose(Image.Transpose(code))
    data = saved(stored, kind, exif=exif(orientation), **({"lossless": True} if kind == "WEBP" else {}))
    frame = only(data)
    assert (frame.width_px, frame.height_px) == (96, 64)
    assert np.abs(frame.pixels.astype(int) - np.asarray(quarters())).mean() < 6
    info = pictures.probe(data)
    assert (info.width_px, info.height_px, info.orientation) == (96, 64, orientation)


COLOURS = {"PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"), "JPEG": ("L", "RGB", "CMYK")}


@pytest.mark.parametrize(("kind", "mode"), [(kind, mode) for kind in COLOURS for mode in COLOURS[kind]])
def test_a_header_tells_colour_from_grey(kind, mode):
    """What is called coloured by its header alone is what a look at the whole header calls so."""
    data = saved(quarters().convert("L" if mode == "I;16" else mode), kind)
    if mode == "I;16":
        data = saved(Image.fromarray(np.full((9, 9), 900, np.uint16)), kind)
    assert pictures.is_plainly_coloured(data) == (pictures.probe(data).mode in ("P", "RGB", "RGBA", "CMYK"))


@pytest.mark.parametrize("length", [0, 3, 8, 25, 26, 60])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_cut_header_is_no_error(kind, length):
    """Where a header ends early nothing is said of its colours, unless it said so before."""
    assert pictures.is_plainly_coloured(saved(quarters(), kind)[:length]) in (False, kind == "PNG")


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_outside_the_standard_changes_nothing(orientation):
    """Orientation values that Exif does not know count as 1."""
    assert pictures.probe(saved(quarters(), "JPEG", exif=exif(orientation))).orientation == 1


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_large_jpeg_is_decoded_small_and_says_by_how_much(orientation):
    """A JPEG is decoded near the wanted size; array times scale is the displayed size."""
    data = saved(quarters(2000, 1500), "JPEG", exif=exif(orientation))
    frame = only(data, long_side_px=640)
    assert 640 <= max(frame.pixels.shape) <= 900
    assert abs(frame.pixels.shape[1] * frame.scale - frame.width_px) <= frame.scale
    assert abs(frame.pixels.shape[0] * frame.scale - frame.height_px) <= frame.scale
    assert (frame.width_px, frame.height_px) == ((2000, 1500) if orientation == 1 else (1500, 2000))


def test_a_small_jpeg_is_never_enlarged():
    """A wanted size above the picture's own leaves the picture as it is."""
    frame = only(saved(quarters(), "JPEG"), long_side_px=640)
    assert (frame.pixels.shape, frame.scale) == ((64, 96, 3), 1.0)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_every_frame_is_yielded(kind):
    """Animations and pages come frame by frame, in order."""
    shades = [Image.new("RGB", (32, 24), (60 * n, 255 - 60 * n, 90)) for n in range(4)]
    data = saved(shades[0], kind, save_all=True, append_images=shades[1:])
    found = list(pictures.frames(data))
    assert [frame.index for frame in found] == [0, 1, 2, 3]
    assert pictures.probe(data).frames == 4
    assert [int(frame.pixels[5, 5, 0]) for frame in found] == pytest.approx([0, 60, 120, 180], abs=6)


def test_every_size_of_an_icon_is_yielded():
    """An icon's entries are frames, each in coordinates of its own."""
    data = saved(quarters(64, 64), "ICO", sizes=[(16, 16), (32, 32), (64, 64)])
    assert sorted(frame.width_px for frame in pictures.frames(data)) == [16, 32, 64]
    assert pictures.probe(data).frames == 3


MODES = {
    "CMYK in a JPEG": lambda picture: saved(picture.convert("CMYK"), "JPEG"),
    "CMYK in a TIFF": lambda picture: saved(picture.convert("CMYK"), "TIFF"),
    "a palette": lambda picture: saved(picture.quantize(16), "PNG"),
    "an alpha channel without holes": lambda picture: saved(picture.convert("RGBA"), "PNG"),
}


@pytest.mark.parametrize("name", MODES)
def test_colour_models_become_rgb(name):
    """Other colour models come out as the RGB that a viewer shows."""
    frame = only(MODES[name](quarters()))
    assert np.abs(frame.pixels.astype(int) - np.asarray(quarters())).mean() < 8


@pytest.mark.parametrize(("bits", "kind"), [(16, "PNG"), (12, "TIFF"), (16, "PPM"), (32, "TIFF")])
def test_deep_greys_fill_the_eight_bits(bits, kind):
    """Grey pictures of 10 to 32 bits are scaled by their depth, not clipped to white or black."""
    ramp = np.linspace(0, 2 ** min(bits, 31) - 1, 64).astype(np.int64)[np.newaxis, :].repeat(32, axis=0)
    picture = Image.fromarray(ramp.astype(np.uint16 if bits <= 16 else np.int32))
    frame = only(saved(picture, kind))
    assert frame.pixels.shape == (32, 64, 3)
    np.testing.assert_allclose(frame.pixels[0, :, 0], np.linspace(0, 255, 64), atol=2)


def test_a_float_picture_is_stretched_and_survives_what_is_no_number():
    """Floating-point pictures are scaled by their range; NaN and infinity count as nothing."""
    values = np.linspace(-3.0, 9.0, 64, dtype=np.float32)[np.newaxis, :].repeat(32, axis=0)
    values[0, 0], values[1, 1] = np.nan, np.inf
    frame = only(saved(Image.fromarray(values), "TIFF"))
    assert int(frame.pixels[5, 0, 0]) == 0
    assert int(frame.pixels[5, 63, 0]) == 255


def test_transparent_pixels_are_shown_on_white_and_looked_at_too():
    """A picture under a transparent alpha comes twice: white, as shown, and as it is in the file."""
    picture = quarters().convert("RGBA")
    picture.putalpha(0)
    shown, hidden = pictures.frames(saved(picture, "PNG"))
    assert (shown.hidden, hidden.hidden) == (False, True)
    assert int(shown.pixels.min()) == 255
    np.testing.assert_array_equal(hidden.pixels, np.asarray(quarters()))
    assert shown.index == hidden.index == 0


def test_a_plain_colour_under_the_alpha_is_not_a_second_picture():
    """Transparent pixels of one colour hide nothing and cost nothing."""
    picture = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    picture.paste((200, 50, 50, 255), (10, 10, 40, 40))
    assert len(list(pictures.frames(saved(picture, "PNG")))) == 1


REFUSED = {
    "nothing": b"",
    "text": b"a portrait of nobody",
    "a picture's first bytes": b"\x89PNG\r\n\x1a\n",
    "an executable": b"MZ" + bytes(200),
    "PostScript, which would run a program": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_picture_is_refused(name):
    """Bytes of no known kind of picture are a format error."""
    with pytest.raises(UnsupportedError):
        pictures.probe(REFUSED[name])
    with pytest.raises(UnsupportedError):
        list(pictures.frames(REFUSED[name]))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "JPEG2000", "PPM", "AVIF"])
def test_a_cut_off_picture_is_refused(kind, samples):
    """Half a picture is a format error, whatever its kind; it is never taken for a whole one."""
    with Image.open(samples / "portrait.png") as picture:
        data = saved(picture.resize((200, 200)), kind)
    with pytest.raises(FormatError):
        list(pictures.frames(data[: len(data) // 2]))


def test_no_error_holds_content():
    """An error about broken bytes repeats none of them."""
    data = saved(quarters(), "PNG").replace(b"IDAT", b"SeCr")
    with pytest.raises(FormatError) as refused:
        list(pictures.frames(data))
    assert "SeCr" not in str(refused.value)


def bomb_png(width, height):
    """A few bytes of PNG whose header claims any size."""
    data = bytearray(saved(Image.new("L", (8, 8)), "PNG"))
    data[16:24] = struct.pack(">II", width, height)
    import zlib

    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    return bytes(data)


def test_a_decompression_bomb_is_refused_before_it_is_decoded():
    """A header that claims more pixels than the budget is refused by its claim."""
    with pytest.raises(LimitExceededError):
        list(pictures.frames(bomb_png(60_000, 60_000)))


BUDGETS = {
    "pixels of a frame": (lambda: saved(quarters(), "PNG"), {"picture_pixels": 6143}, "picture_pixels"),
    "pixels of a JPEG": (lambda: saved(quarters(), "JPEG"), {"picture_pixels": 6143}, "picture_pixels"),
    "number of frames": (
        lambda: saved(quarters(), "TIFF", save_all=True, append_images=[quarters()] * 3),
        {"frames": 3},
        "more than 3 frames",
    ),
    "pixels of all frames": (
        lambda: saved(quarters(), "TIFF", save_all=True, append_images=[quarters()] * 21),
        {"picture_pixels": 6144},
        "frames together",
    ),
}


@pytest.mark.parametrize("name", BUDGETS)
def test_an_exceeded_budget_is_named(name):
    """What exceeds a budget is refused, and the message says which budget."""
    make, budget, words = BUDGETS[name]
    with pytest.raises(LimitExceededError, match=words):
        list(pictures.frames(make(), limits=replace(Limits(), **budget)))


def test_frames_before_an_exceeded_budget_are_yielded():
    """A picture with too many frames is looked at as far as its budget goes."""
    data = saved(quarters(), "TIFF", save_all=True, append_images=[quarters()] * 3)
    reader = pictures.frames(data, limits=replace(Limits(), frames=2))
    assert [next(reader).index, next(reader).index] == [0, 1]
    with pytest.raises(LimitExceededError):
        next(reader)


def test_a_reader_is_read_within_its_budget():
    """A stream is as good as bytes, up to the budget of bytes."""
    data = saved(quarters(), "PNG")
    assert only(io.BytesIO(data)).width_px == 96
    with pytest.raises(LimitExceededError, match="artefact_bytes"):
        list(pictures.frames(io.BytesIO(data), limits=replace(Limits(), artefact_bytes=100)))


def test_one_portrait_in_many_containers(shared_data):
    """Real files of seven kinds decode, and a corrupted, a cut off and an empty one are refused."""
    folder = shared_data / "documents" / "one_portrait_many_formats"
    for name in ("bmp", "gif", "ico", "jpeg", "png", "tiff", "webp"):
        assert only((folder / f"einstein.{name}").read_bytes()).width_px == 256
    for name in ("corrupted.png", "truncated.jpg", "empty.png"):
        with pytest.raises(FormatError):
            list(pictures.frames((folder / name).read_bytes()))
