"""Painting boxes in pictures: what must be gone, what must stay."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms, ImageDraw, ImageOps, TiffImagePlugin

from efface.engines.embedded_pictures import thumbnails
from efface.engines.isobmff import items
from efface.engines.pictures import frames
from efface.engines.repaint import PageBox, repaint
from efface.engines.repaint_region import regions
from efface.errors import FormatError, LimitExceededError, UnsupportedError
from efface.model import Limits
from efface.testing.pictures_heif import HeifItem, box, heif

LIMITS = Limits()
WIDTH, HEIGHT = 200, 160
BOX = PageBox(None, 80, 48, 40, 48)  # enlarged to [56, 144) by [24, 120)
HOLE = np.s_[24:120, 56:144]
MARK = b"the-hidden-copy-0123456789"


def scene(mode: str = "RGB", size=(WIDTH, HEIGHT), shift: int = 0) -> Image.Image:
    """A drawn picture with a face of noise in the box."""
    image = Image.linear_gradient("L").resize(size).convert("RGB")
    draw = ImageDraw.Draw(image)
    draw.rectangle((10, 10, 60, 60), fill=(200, 30, 40))
    draw.ellipse((140, 90, 190, 140), fill=(30, 90, 220))
    noise = np.random.default_rng(7 + shift).integers(0, 255, (48, 40, 3), dtype=np.uint8)
    image.paste(Image.fromarray(noise), (80, 48))
    if mode == "P":
        return image.quantize(64)
    if mode == "I;16":
        return Image.fromarray((np.asarray(image.convert("L")).astype(np.uint16) * 257) ^ 5)
    if mode in ("RGBA", "LA"):
        image.putalpha(Image.linear_gradient("L").rotate(90).resize(size))
    return image.convert(mode)


def saved(image: Image.Image, kind: str, **settings) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **settings)
    return target.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def exif_with_thumbnail(orientation: int = 1) -> bytes:
    """Exif with camera, orientation, a maker note with a preview, and a thumbnail in IFD1."""
    thumbnail = saved(scene().resize((100, 80)), "JPEG") + MARK
    note = b"Maker\0" + saved(scene().resize((60, 48)), "JPEG") + MARK
    model = b"Camera Model 1\0\0"
    ifd0 = 8
    exif_ifd = ifd0 + 2 + 12 * 3 + 4
    ifd1 = exif_ifd + 2 + 12 * 2 + 4
    values = ifd1 + 2 + 12 * 2 + 4
    note_at = values + len(model)
    thumbnail_at = note_at + len(note)
    entry = struct.Struct(">HHII").pack
    return b"".join(
        (
            b"MM\0*" + struct.pack(">I", ifd0),
            struct.pack(">H", 3),
            entry(0x0110, 2, len(model), values),
            struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0),
            entry(0x8769, 4, 1, exif_ifd),
            struct.pack(">I", ifd1),
            struct.pack(">H", 2),
            struct.pack(">HHIHH", 0x8827, 3, 1, 400, 0),
            entry(0x927C, 7, len(note), note_at),
            struct.pack(">I", 0),
            struct.pack(">H", 2),
            entry(0x0201, 4, 1, thumbnail_at),
            entry(0x0202, 4, 1, len(thumbnail)),
            struct.pack(">I", 0),
            model,
            note,
            thumbnail,
        )
    )


def xmp() -> bytes:
    import base64

    picture = base64.b64encode(saved(scene().resize((80, 64)), "JPEG") + MARK * 3)
    return (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description dc:title="kept title"><xmpGImg:image>'
        + picture
        + b"</xmpGImg:image></rdf:Description></x:xmpmeta>"
    )


def photoshop() -> bytes:
    def resource(number: int, body: bytes) -> bytes:
        return b"8BIM" + struct.pack(">HHI", number, 0, len(body)) + body + b"\0" * (len(body) % 2)

    thumbnail = bytes(28) + saved(scene().resize((90, 70)), "JPEG") + MARK
    return resource(1005, b"resolution-info!") + resource(1036, thumbnail) + resource(1033, thumbnail)


def segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def loaded_jpeg(orientation: int = 1, **settings) -> bytes:
    """A JPEG with a copy of the picture in every place that has one."""
    plain = saved(scene(), "JPEG", **{"quality": 90, "dpi": (300, 300), **settings})
    extra = (
        segment(0xE1, b"Exif\0\0" + exif_with_thumbnail(orientation))
        + segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp())
        + segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 32 + bytes(8) + MARK)
        + segment(0xE0, b"JFXX\0\x10" + saved(scene().resize((40, 32)), "JPEG") + MARK)
        + segment(0xE2, b"MPF\0" + MARK)
        + segment(0xED, b"Photoshop 3.0\0" + photoshop())
        + segment(0xEB, b"JP" + MARK)
        + segment(0xFE, b"a comment that stays")
        + segment(0xFE, b"data:image/jpeg;base64,/9j/4AAQ" + MARK)
    )
    return plain[:20] + extra + plain[20:] + saved(scene(), "JPEG") + b"\0\0\0\x18ftypmp42" + MARK


def loaded_png(image: Image.Image, **settings) -> bytes:
    plain = saved(image, "PNG", **settings)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    extra = (
        chunk(b"eXIf", exif_with_thumbnail())
        + chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp())
        + chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(xmp()))
        + chunk(b"tEXt", b"Title\0a title that stays")
        + chunk(b"tEXt", b"Thumb\0/9j/4AAQ" + MARK)
        + chunk(b"zTXt", b"Thumb\0\0" + zlib.compress(b"iVBORw0KGgo" + MARK))
        + chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(MARK))
        + chunk(b"prVt", MARK)
    )
    return plain[:33] + extra + plain[33:] + MARK + plain


LOSSLESS = {
    "PNG, colour": (scene(), "PNG", {}),
    "PNG, colour with alpha": (scene("RGBA"), "PNG", {}),
    "PNG, grey with alpha": (scene("LA"), "PNG", {}),
    "PNG, grey": (scene("L"), "PNG", {}),
    "PNG, black and white": (scene("1"), "PNG", {}),
    "PNG, 16-bit grey": (scene("I;16"), "PNG", {}),
    "PNG, palette": (scene("P"), "PNG", {}),
    "PNG, palette of 4 bits": (scene().quantize(16), "PNG", {"bits": 4}),
    "PNG, palette with transparency": (scene("P"), "PNG", {"transparency": 3}),
    "PNG, a colour key that is black": (scene("RGB"), "PNG", {"transparency": (0, 0, 0)}),
    "GIF": (scene("P"), "GIF", {}),
    "GIF, grey": (scene("L"), "GIF", {}),
    "GIF, transparent": (scene("P"), "GIF", {"transparency": 0}),
    "WebP, without loss": (scene(), "WEBP", {"lossless": True}),
    "WebP, with loss": (scene(), "WEBP", {"quality": 80}),
    "WebP, with loss and alpha": (scene("RGBA"), "WEBP", {"quality": 80}),
    "WebP, without loss and with alpha": (scene("RGBA"), "WEBP", {"lossless": True, "exact": True}),
    "TIFF": (scene(), "TIFF", {}),
    "TIFF, LZW": (scene(), "TIFF", {"compression": "tiff_lzw", "dpi": (300, 300)}),
    "TIFF, deflate, alpha": (scene("RGBA"), "TIFF", {"compression": "tiff_adobe_deflate"}),
    "TIFF, fax group 4": (scene("1"), "TIFF", {"compression": "group4"}),
    "TIFF, print colours": (scene("CMYK"), "TIFF", {}),
    "TIFF, 16-bit grey": (scene("I;16"), "TIFF", {}),
    "TIFF, floating point": (scene("F"), "TIFF", {}),
    "TIFF, palette": (scene("P"), "TIFF", {}),
    "BMP": (scene(), "BMP", {}),
    "BMP, grey": (scene("L"), "BMP", {}),
    "BMP, palette": (scene("P"), "BMP", {}),
    "BMP, palette of 4 bits": (scene().quantize(16), "BMP", {}),
    "BMP, black and white": (scene("1"), "BMP", {}),
    "JPEG 2000": (scene(), "JPEG2000", {}),
    "JPEG 2000, with loss": (scene(), "JPEG2000", {"irreversible": True, "quality_layers": [20]}),
    "JPEG 2000, bare codestream": (scene(), "JPEG2000", {"no_jp2": True}),
    "JPEG 2000, alpha": (scene("RGBA"), "JPEG2000", {}),
    "JPEG 2000, grey": (scene("L"), "JPEG2000", {}),
    "JPEG 2000, grey with alpha": (scene("LA"), "JPEG2000", {}),
    "JPEG 2000, 16-bit grey": (scene("I;16"), "JPEG2000", {}),
    "portable pixmap": (scene(), "PPM", {}),
    "portable graymap": (scene("L"), "PPM", {}),
    "portable graymap of 16 bits": (scene("I;16"), "PPM", {}),
    "portable bitmap": (scene("1"), "PPM", {}),
    "AVIF, grey": (scene("L"), "AVIF", {}),
}


@pytest.mark.parametrize("case", LOSSLESS)
def test_lossless_kinds_change_inside_the_box_alone(case):
    """In kinds without loss every pixel outside the enlarged box is as before, in the same colour model."""
    image, kind, settings = LOSSLESS[case]
    data = saved(image, kind, **settings)
    before, painted = opened(data), repaint(data, [BOX], LIMITS)
    after = opened(painted)
    assert (after.format, after.mode, after.size) == (before.format, before.mode, before.size)
    assert after.info.get("dpi") == before.info.get("dpi")
    assert after.info.get("compression") == before.info.get("compression")
    assert after.getpalette() == before.getpalette()
    old, new = np.asarray(before).copy(), np.asarray(after).copy()
    assert len(np.unique(new[HOLE].reshape(96 * 88, -1), axis=0)) == 1, "the fill is one colour"
    assert (old[HOLE] != new[HOLE]).any()
    old[HOLE] = new[HOLE] = 0
    assert np.array_equal(old, new)
    shown = np.asarray(after.convert("RGBA"))[HOLE]
    assert shown[..., 3].min() == 255, "the fill is opaque"
    assert repaint(painted, [BOX], LIMITS) == painted


AVIF_STEPS = 4
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_an_avif_hardly_changes_outside_the_box(mode):
    """Colours of an AVIF are coded anew, and differ by a few steps of 256 where nothing was painted."""
    data = saved(scene(mode), "AVIF", icc_profile=PROFILE)
    painted = repaint(data, [BOX], LIMITS)
    before, after = opened(data), opened(painted)
    assert (after.format, after.mode, after.size) == ("AVIF", before.mode, before.size)
    assert after.info["icc_profile"] == before.info["icc_profile"]
    old, new = np.asarray(before).astype(int), np.asarray(after).astype(int)
    assert len(np.unique(new[HOLE].reshape(96 * 88, -1), axis=0)) == 1
    assert (new[HOLE][..., :3] == 0).all()
    assert (new[HOLE][..., 3:] == 255).all()
    old[HOLE] = new[HOLE] = 0
    assert np.abs(old - new).max() <= AVIF_STEPS
    assert repaint(painted, [BOX], LIMITS) == painted


def test_avif_has_no_copy_in_any_slot():
    """An AVIF loses thumbnails in its metadata, and its pixels change only where a box is."""
    data = saved(scene("RGBA"), "AVIF", exif=exif_with_thumbnail(), xmp=xmp())
    assert MARK in data
    for boxes in ([], [BOX]):
        cleaned = repaint(data, boxes, LIMITS)
        assert MARK not in cleaned
        assert b"Camera Model 1" in cleaned
        assert b"kept title" in cleaned
        assert not [copy for copy in thumbnails(cleaned) if copy.name != "item-opacity"]
        assert repaint(cleaned, boxes, LIMITS) == cleaned
    assert np.array_equal(np.asarray(opened(repaint(data, [], LIMITS))), np.asarray(opened(data)))


def av01_item(image: Image.Image) -> HeifItem:
    data = saved(image, "AVIF")
    known = items(data)
    item = known.found[known.primary]
    kept = tuple(known.properties[index - 1][1] for index, _ in item.properties)
    return HeifItem(b"av01", b"".join(data[start:stop] for start, stop in item.extents), kept)


def test_avif_items_besides_the_picture_go():
    """Thumbnails, depth, other pictures, files and boxes besides the picture of an AVIF are gone."""
    parts = {1: av01_item(scene()), 2: av01_item(scene().resize((100, 80))), 3: av01_item(scene("L"))}
    parts |= {4: av01_item(scene(shift=1)), 5: HeifItem(b"mime", MARK, content_type=b"image/jpeg")}
    links = [(b"thmb", 2, (1,)), (b"auxl", 3, (1,))]
    data = heif(parts, links, brand=b"avif", behind=box(b"skip", MARK))
    assert len(list(thumbnails(data))) == 4
    for boxes in ([], [BOX]):
        cleaned = repaint(data, boxes, LIMITS)
        assert MARK not in cleaned
        assert not list(thumbnails(cleaned))
    assert np.array_equal(np.asarray(opened(repaint(data, [], LIMITS))), np.asarray(opened(data)))


def jp2_with_copies() -> bytes:
    def box(kind: bytes, body: bytes) -> bytes:
        return (len(body) + 8).to_bytes(4, "big") + kind + body

    data = saved(scene(), "JPEG2000", comment="a comment that stays")
    stream = data[data.index(b"jp2c") + 4 :]
    xmp_name = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
    extra = (
        box(b"uuid", xmp_name + xmp())
        + box(b"uuid", b"JpgTiffExif->JP2" + exif_with_thumbnail())
        + box(b"uuid", bytes(16) + MARK)
        + box(b"xml ", b"<t>kept words</t>")
        + box(b"xml ", b"<t>/9j/4AAQ" + MARK + b"</t>")
        + box(b"jp2c", stream + MARK)
    )
    head = data[: data.index(b"jp2c") - 4]
    return head + box(b"jp2c", stream + MARK) + extra + MARK + saved(scene(), "JPEG")


def test_jpeg_2000_has_no_copy_in_any_slot():
    """Boxes, further codestreams, trailers and comments that show the picture are gone; descriptions stay."""
    data = jp2_with_copies()
    for boxes in ([BOX], []):
        cleaned = repaint(data, boxes, LIMITS)
        assert MARK not in cleaned
        assert cleaned.count(b"jp2c") == 1
        assert not list(thumbnails(cleaned))
        for kept in (b"kept title", b"Camera Model 1", b"kept words"):
            assert kept in cleaned
    secret = saved(scene(), "JPEG2000", no_jp2=True, comment=b"\xff\xd8\xff" + MARK)
    assert MARK in secret
    cleaned = repaint(secret, [], LIMITS)
    assert MARK not in cleaned
    assert np.array_equal(np.asarray(opened(cleaned)), np.asarray(opened(secret)))


def test_a_palette_of_jpeg_2000_stays():
    """Where the samples are numbers of colours, the fill is the darkest colour, and the palette is as before."""
    data = saved(scene("L"), "JPEG2000")
    colours = [bytes((255 - n % 250, n % 7, 9)) for n in range(256)]
    colours[77] = bytes(3)
    table = b"\1\0\3\7\7\7" + b"".join(colours)
    palette = (len(table) + 8).to_bytes(4, "big") + b"pclr" + table
    maps = b"\0\0\0\x14cmap" + b"".join(bytes((0, 0, 1, n)) for n in range(3))
    at = data.index(b"jp2h")
    size = int.from_bytes(data[at - 4 : at], "big")
    rgb = data[at + 4 : at - 4 + size].replace(b"\0\0\0\x11", b"\0\0\0\x10")
    header = rgb + palette + maps
    data = data[: at - 4] + (len(header) + 8).to_bytes(4, "big") + b"jp2h" + header + data[at - 4 + size :]
    painted = repaint(data, [BOX], LIMITS)
    assert palette in painted
    stream = opened(painted[painted.index(b"jp2c") + 4 :])
    assert set(np.unique(np.asarray(stream)[HOLE])) == {77}
    assert repaint(painted, [BOX], LIMITS) == painted


@pytest.mark.parametrize("coding", ["png", "bmp"])
@pytest.mark.parametrize("kind", [b"\1", b"\2"])
def test_every_picture_of_an_icon_is_painted(kind, coding):
    """A box found in one size is painted in all; sizes, hot spots, masks and the rest of each picture stay."""
    sizes = [(256, 256), (64, 64), (16, 16)]
    image = scene("RGBA").resize((256, 256))
    data = saved(image, "ICO", sizes=sizes, bitmap_format=coding)
    data = data[:2] + kind + data[3:]
    painted = repaint(data, [PageBox(1, 96, 96, 48, 48)], LIMITS)
    assert [painted[at : at + 8] for at in (6, 22, 38)] == [data[at : at + 8] for at in (6, 22, 38)]
    before, after = list(frames(data)), list(frames(painted))
    assert len(after) == len(before) == 6  # each with what its opacity hides
    for old, new in zip(before, after, strict=True):
        side = new.pixels.shape[0]
        hole = np.s_[72 * side // 256 : 168 * side // 256, 72 * side // 256 : 168 * side // 256]
        assert new.pixels[hole].max() == 0
        assert np.array_equal(old.pixels[: side // 4], new.pixels[: side // 4])
    assert repaint(painted, [PageBox(1, 96, 96, 48, 48)], LIMITS) == painted


def test_a_cursor_of_few_colours_keeps_its_palette():
    """An icon of 4 bits is painted in its own numbers of colours, opaque in its mask."""
    bitmap = saved(scene().resize((32, 32)).quantize(16), "BMP")
    start = int.from_bytes(bitmap[10:14], "little")
    dib = bitmap[14:22] + struct.pack("<i", 64) + bitmap[26:]
    mask = b"\xff" * (4 * 32)
    head = b"\0\0\2\0\1\0" + bytes((32, 32, 16, 0, 5, 0, 7, 0)) + struct.pack("<II", len(dib) + 128, 22)
    data = head + dib + mask + MARK
    painted = repaint(data, [PageBox(None, 12, 12, 8, 8)], LIMITS)
    assert MARK not in painted
    assert painted[: 22 + start - 14] == data[: 22 + start - 14]
    assert painted[-128:].count(0xFF) < mask.count(0xFF)


JPEGS = {
    "colour, chroma halved": {},
    "colour, full chroma": {"subsampling": 0},
    "colour, 4:2:2": {"subsampling": 1},
    "progressive": {"progressive": True},
    "poor": {"quality": 20},
    "very good": {"quality": 98},
    "stored as RGB": {"keep_rgb": True, "dpi": (0, 0)},
}


@pytest.mark.parametrize("case", JPEGS)
def test_jpeg_keeps_tables_and_metadata(case):
    """A JPEG keeps its tables, its resolution and its sampling, and hardly changes outside the box."""
    data = saved(scene(), "JPEG", **{"dpi": (300, 300), "quality": 85, **JPEGS[case]})
    painted = repaint(data, [BOX], LIMITS)
    before, after = opened(data), opened(painted)
    assert after.quantization == before.quantization
    assert after.info.get("dpi") == before.info.get("dpi")
    assert after.layer == before.layer
    assert bool(after.info.get("progressive")) == bool(before.info.get("progressive"))
    old, new = np.asarray(before).astype(int), np.asarray(after).astype(int)
    inside = new[24:120, 57:143]  # at the edge of a block a viewer mixes in the colour of the next
    assert inside.max() <= 16
    far = np.ones(old.shape[:2], bool)
    far[16:128, 48:160] = False
    assert np.abs(old - new)[far].mean() < 2.0
    assert repaint(painted, [BOX], LIMITS) == painted


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_jpeg_keeps_its_colour_model(mode):
    """Grey and print colours stay what they are, and the fill is black in them."""
    painted = repaint(saved(scene(mode), "JPEG"), [BOX], LIMITS)
    after = opened(painted)
    assert after.mode == mode
    assert np.asarray(after.convert("L"))[HOLE].max() <= 16
    assert repaint(painted, [BOX], LIMITS) == painted


def test_jpeg_has_no_copy_in_any_slot():
    """Thumbnails of Exif, JFIF, XMP and Photoshop, previews, second images and trailers are all gone."""
    data = loaded_jpeg()
    assert data.count(MARK) == 10
    assert list(thumbnails(data))
    painted = repaint(data, [BOX], LIMITS)
    assert MARK not in painted
    assert painted.count(b"\xff\xd8\xff") == 1
    assert painted.endswith(b"\xff\xd9")
    assert not list(thumbnails(painted))
    for kept in (b"Camera Model 1", b"kept title", b"a comment that stays", b"resolution-info!"):
        assert kept in painted
    assert opened(painted).getexif().get_ifd(ExifTags.IFD.Exif) == {0x8827: 400}
    assert repaint(painted, [BOX], LIMITS) == painted


def test_a_jpeg_with_second_images_keeps_the_first():
    """Of a multi-picture file only the first image is left, since the others show the same scene."""
    data = saved(scene(), "MPO", save_all=True, append_images=[scene(shift=1)])
    assert opened(data).n_frames == 2
    painted = repaint(data, [BOX], LIMITS)
    assert opened(painted).format == "JPEG"
    assert painted.count(b"\xff\xd8\xff") == 1


def test_png_has_no_copy_in_any_slot():
    """Exif thumbnails, encoded texts, private chunks and what stands behind the end are gone."""
    data = loaded_png(scene(), dpi=(300, 300))
    painted = repaint(data, [BOX], LIMITS)
    assert MARK not in painted
    assert zlib.compress(MARK) not in painted
    assert painted.endswith(b"IEND\xaeB`\x82")
    assert painted.count(b"IEND") == 1
    for kept in (b"Camera Model 1", b"kept title", b"a title that stays", b"pHYs"):
        assert kept in painted
    assert repaint(painted, [BOX], LIMITS) == painted


def test_webp_has_no_copy_in_any_slot():
    """A WebP keeps what its metadata says, without the pictures in it and without a trailer."""
    data = saved(scene(), "WEBP", lossless=True, exif=exif_with_thumbnail(), xmp=xmp()) + MARK
    assert data.count(MARK) == 3
    painted = repaint(data, [BOX], LIMITS)
    assert MARK not in painted
    assert b"Camera Model 1" in painted
    assert b"kept title" in painted
    assert not list(thumbnails(painted))


def test_gif_has_nothing_behind_its_end():
    """What follows the end of a GIF goes; loops and comments stay."""
    data = saved(scene("P"), "GIF", comment=b"a comment that stays") + MARK
    painted = repaint(data, [BOX], LIMITS)
    assert MARK not in painted
    assert b"a comment that stays" in painted
    assert painted.endswith(b"\x3b")


def test_bmp_has_nothing_behind_its_pixels():
    """What follows the pixels of a BMP goes."""
    painted = repaint(saved(scene(), "BMP") + MARK, [BOX], LIMITS)
    assert MARK not in painted


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_boxes_are_where_the_viewer_shows_them(kind, orientation):
    """Boxes are given as displayed: an orientation tag turns them, and stays true."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    lossless = {"lossless": True} if kind == "WEBP" else {}
    data = saved(scene(), kind, exif=exif, **lossless)
    shown = ImageOps.exif_transpose(opened(data))
    painted = repaint(data, [PageBox(None, 20, 40, 40, 24)], LIMITS)
    after = np.asarray(ImageOps.exif_transpose(opened(painted)).convert("L"))
    assert after.shape == (shown.height, shown.width)
    assert after[34:70, 10:70].max() <= 16
    assert after[34:70, 90:].max() > 16
    assert after[90:, 10:70].max() > 16


ANIMATIONS = {
    "GIF": ("GIF", {"disposal": 2, "optimize": False}),
    "GIF of partial frames": ("GIF", {"disposal": 1}),
    "APNG": ("PNG", {"disposal": 1, "blend": 1}),
    "APNG with a still that is not shown": ("PNG", {"default_image": True}),
    "WebP": ("WEBP", {"lossless": True}),
    "WebP with loss": ("WEBP", {"quality": 70}),
    "AVIF": ("AVIF", {}),
}


@pytest.mark.parametrize("case", ANIMATIONS)
def test_every_frame_is_painted_and_none_is_lost(case):
    """Each frame of an animation is painted, and keeps its time, its place and the loop."""
    kind, settings = ANIMATIONS[case]
    images = [scene(shift=n) for n in range(5)]
    if kind == "GIF":
        images = [image.quantize(64) for image in images]
    data = saved(
        images[0], kind, save_all=True, append_images=images[1:], duration=[100, 200, 300, 400, 500][: 5 - settings.get("default_image", False)],
        loop=3, **settings,
    )  # fmt: skip
    painted = repaint(data, [PageBox(1, BOX.x, BOX.y, BOX.width, BOX.height)], LIMITS)
    before, after = Image.open(io.BytesIO(data)), Image.open(io.BytesIO(painted))
    assert after.n_frames == before.n_frames
    assert after.info.get("loop") == before.info.get("loop")
    for number in range(before.n_frames):
        before.seek(number)
        after.seek(number)
        assert after.info.get("duration") == before.info.get("duration")
        old, new = np.asarray(before.convert("RGBA")).copy(), np.asarray(after.convert("RGBA")).copy()
        assert len(np.unique(new[HOLE].reshape(-1, 4), axis=0)) == 1
        old[HOLE] = new[HOLE] = 0
        assert np.abs(old.astype(int) - new).max() <= (AVIF_STEPS if kind == "AVIF" else 0)
    assert repaint(painted, [BOX], LIMITS) == painted


def test_pages_are_painted_by_their_number():
    """A box of page two is painted on page two alone; each page keeps its coding and its description."""
    pages = [scene(), scene("L"), scene("1")]
    target = io.BytesIO()
    with TiffImagePlugin.AppendingTiffWriter(target, new=True) as writer:
        for page, compression in zip(pages, ("tiff_lzw", "packbits", "group4"), strict=True):
            page.save(writer, "TIFF", compression=compression, dpi=(200, 200), description="kept text")
            writer.newFrame()
    data = target.getvalue()
    painted = repaint(data, [PageBox(2, BOX.x, BOX.y, BOX.width, BOX.height)], LIMITS)
    before, after = Image.open(io.BytesIO(data)), Image.open(io.BytesIO(painted))
    assert after.n_frames == 3
    for number in range(3):
        before.seek(number)
        after.seek(number)
        assert after.info["compression"] == before.info["compression"]
        assert after.info["dpi"] == before.info["dpi"]
        assert after.tag_v2[270] == "kept text"
        assert (np.asarray(after)[HOLE].max() == 0) == (number == 1)
        assert number == 1 or np.array_equal(np.asarray(before), np.asarray(after))
    everywhere = Image.open(io.BytesIO(repaint(data, [BOX], LIMITS)))
    for number in range(3):
        everywhere.seek(number)
        assert np.asarray(everywhere)[HOLE].max() == 0


def test_tiff_has_no_copy_in_any_slot():
    """XMP and Photoshop thumbnails, reduced pages and unreferenced bytes of a TIFF are gone or painted."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[700], tags.tagtype[700] = xmp(), 7
    tags[34377], tags.tagtype[34377] = photoshop(), 7
    tags[270] = "kept text"
    target = io.BytesIO()
    with TiffImagePlugin.AppendingTiffWriter(target, new=True) as writer:
        scene().save(writer, "TIFF", tiffinfo=tags)
        writer.newFrame()
        reduced = TiffImagePlugin.ImageFileDirectory_v2()
        reduced[254] = 1
        scene().resize((100, 80)).save(writer, "TIFF", tiffinfo=reduced)
        writer.newFrame()
    data = target.getvalue() + MARK
    assert data.count(MARK) == 3
    painted = repaint(data, [PageBox(1, BOX.x, BOX.y, BOX.width, BOX.height)], LIMITS)
    assert MARK not in painted
    assert not list(thumbnails(painted))
    after = Image.open(io.BytesIO(painted))
    assert after.tag_v2[270] == "kept text"
    assert b"kept title" in painted
    after.seek(1)
    assert np.asarray(after)[18:54, 35:65].max() == 0
    assert repaint(painted, [PageBox(1, BOX.x, BOX.y, BOX.width, BOX.height)], LIMITS) == painted


def test_tiff_coded_as_jpeg_stays_so():
    """A page coded as JPEG stays one, and a second application leaves it alone."""
    data = saved(scene(), "TIFF", compression="jpeg")
    painted = repaint(data, [BOX], LIMITS)
    assert opened(painted).info["compression"] == "jpeg"
    assert np.asarray(opened(painted))[38:106, 72:128].max() <= 16
    assert repaint(painted, [BOX], LIMITS) == painted


@pytest.mark.parametrize("colour", [2, 4, 6])
@pytest.mark.parametrize("filter_kind", range(5))
def test_png_of_16_bit_colour_keeps_its_depth(colour, filter_kind):
    """16-bit colour is not cut to 8 bits by the removal of a box."""
    channels = {2: 3, 4: 2, 6: 4}[colour]
    rng = np.random.default_rng(colour)
    raw = rng.integers(0, 256, (24, 32 * channels * 2 + 1), dtype=np.uint8)
    raw[:, 0] = filter_kind
    data = png(32, 24, 16, colour, raw.tobytes())
    painted = repaint(data, [PageBox(None, 8, 8, 8, 8)], LIMITS)
    assert painted[24:26] == bytes((16, colour))
    old, new = np.asarray(opened(data)).copy(), np.asarray(opened(painted)).copy()
    assert (new[4:20, 4:20, :3] == 0).all()
    old[4:20, 4:20] = new[4:20, 4:20] = 0
    assert np.array_equal(old, new)


def png(width, height, depth, colour, raw, *, interlace=0):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(raw))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_png_of_few_bits_keeps_its_depth(depth):
    """Grey of 1, 2 or 4 bits stays at that depth."""
    raw = np.random.default_rng(depth).integers(0, 256, (32, 40 * depth // 8 + 1), dtype=np.uint8)
    raw[:, 0] = 0
    data = png(40, 32, depth, 0, raw.tobytes())
    painted = repaint(data, [PageBox(None, 16, 8, 8, 8)], LIMITS)
    assert painted[24] == depth
    old, new = np.asarray(opened(data)).copy(), np.asarray(opened(painted)).copy()
    assert not new[4:20, 12:28].any()
    old[4:20, 12:28] = new[4:20, 12:28] = 0
    assert np.array_equal(old, new)


def test_a_box_at_the_edge_is_clipped():
    """A box that reaches out of the picture covers what lies inside it."""
    painted = opened(repaint(saved(scene(), "PNG"), [PageBox(None, 180, 140, 100, 100)], LIMITS))
    assert np.asarray(painted)[115:, 155:].max() == 0


def test_a_portrait_is_covered(samples):
    """The face of a real portrait is covered by one colour, and the rest of the picture is as before."""
    data = saved(Image.open(samples / "portrait.png").convert("RGB"), "JPEG", quality=92)
    painted = repaint(data, [PageBox(None, 180, 70, 90, 110)], LIMITS)
    (frame,) = frames(painted)
    (original,) = frames(data)
    assert frame.pixels[43:207, 158:292].max() <= 16
    assert np.abs(frame.pixels[300:].astype(int) - original.pixels[300:]).mean() < 1.0


REFUSALS = {
    "bytes that are no picture": (b"not a picture at all", UnsupportedError),
    "nothing": (b"", UnsupportedError),
    "a kind that is not repainted": (saved(scene(), "PCX"), UnsupportedError),
    "a map in words": (b"P2 3 3 255 1 2 3 4 5 6 7 8 9 ", UnsupportedError),
    "a map that is cut off": (saved(scene(), "PPM")[:900], FormatError),
    "a map with a picture in its comments": (b"P5 #iVBORw0KGgo\n9 9 255\n" + bytes(81), UnsupportedError),
    "an icon that is cut off": (saved(scene(), "ICO")[:900], FormatError),
    "an icon whose bitmap is cut off": (saved(scene(), "ICO", bitmap_format="bmp")[:900], FormatError),
    "an AVIF that is cut off": (saved(scene(), "AVIF")[:400], FormatError),
    "an AVIF of 10 bits": (
        saved(scene(), "AVIF").replace(b"av1C\x81\0\x0c", b"av1C\x81\0\x4c"),
        UnsupportedError,
    ),
    "an AVIF of wide colours": (
        saved(scene(), "AVIF").replace(b"colrnclx\0\1\0\x0d", b"colrnclx\0\x0c\0\x10"),
        UnsupportedError,
    ),
    "a JPEG 2000 that is cut off": (saved(scene(), "JPEG2000")[:900], FormatError),
    "a JPEG 2000 of print colours": (
        saved(scene(), "JPEG2000").replace(b"colr\1\0\0\0\0\0\x10", b"colr\1\0\0\0\0\0\x0c"),
        UnsupportedError,
    ),
    "a JPEG 2000 of 12 bits": (saved(scene(), "JPEG2000").replace(b"\7\1\1", b"\x0b\1\1"), UnsupportedError),
    "a JPEG 2000 of halved chroma": (
        saved(scene(), "JPEG2000").replace(b"\7\1\1\7\1\1\7", b"\7\1\1\7\2\2\7"),
        UnsupportedError,
    ),
    "a JPEG 2000 without a picture": (saved(scene(), "JPEG2000")[:32], FormatError),
    "a JPEG that is cut off": (saved(scene(), "JPEG")[:900], FormatError),
    "a PNG that is cut off": (saved(scene(), "PNG")[:900], FormatError),
    "a GIF that is cut off": (saved(scene("P"), "GIF")[:1500], FormatError),
    "a WebP that is cut off": (saved(scene(), "WEBP")[:300], FormatError),
    "a TIFF that is cut off": (saved(scene(), "TIFF")[:900], FormatError),
    "a BMP that is cut off": (saved(scene(), "BMP")[:900], FormatError),
    "a BMP coded by run length": (
        b"BM" + struct.pack("<IIIIiiHHI", 60, 0, 58, 40, 8, 8, 1, 8, 1) + bytes(60),
        UnsupportedError,
    ),
    "an interlaced PNG of 16-bit colour": (
        png(8, 8, 16, 2, bytes(8 * 8 * 6 + 30), interlace=1),
        UnsupportedError,
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_cannot_be_repainted_is_refused(case):
    """What cannot be rewritten without loss is an error of this project, and never a half-done picture."""
    data, error = REFUSALS[case]
    with pytest.raises(error):
        repaint(data, [PageBox(None, 2, 2, 4, 4)], LIMITS)


def test_a_box_outside_the_picture_is_refused():
    """A box that lies in no page means that this is another picture: nothing is painted."""
    for kind in ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "AVIF", "JPEG2000", "PPM", "ICO"):
        with pytest.raises(FormatError, match="no box"):
            repaint(saved(scene(), kind), [PageBox(None, 900, 900, 10, 10)], LIMITS)


def test_without_a_box_only_the_copies_go():
    """Where only a copy inside the file is to go, no pixel of the picture changes, in no kind."""
    for data in (loaded_jpeg(), loaded_png(scene()), saved(scene(), "WEBP") + MARK, saved(scene(), "TIFF")):
        cleaned = repaint(data, [], LIMITS)
        assert MARK not in cleaned
        for before, after in zip(frames(data), frames(cleaned), strict=True):
            assert np.array_equal(before.pixels, after.pixels)


LIMITED = {
    "more pixels than allowed": (saved(scene(), "PNG"), Limits(picture_pixels=1000), "picture_pixels"),
    "more bytes than allowed": (saved(scene(), "BMP"), Limits(artefact_bytes=1000), "artefact_bytes"),
    "more frames than allowed": (
        saved(scene("P"), "GIF", save_all=True, append_images=[scene(shift=1).quantize(64)]),
        Limits(frames=1),
        "frames",
    ),
}


@pytest.mark.parametrize("case", LIMITED)
def test_limits_name_themselves(case):
    """A picture beyond a limit is refused with the name of the limit."""
    data, limits, name = LIMITED[case]
    with pytest.raises(LimitExceededError, match=name):
        repaint(data, [BOX], limits)


def test_a_box_is_enlarged_around_its_centre():
    """Half of the box's longer side is added on every side; what is painted lies inside the picture."""
    assert regions([PageBox(None, 100, 100, 40, 20)], (500, 500)) == [(80, 80, 160, 140)]
    assert regions([PageBox(None, 100, 100, 20, 40)], (500, 500)) == [(80, 80, 140, 160)]
    assert regions([PageBox(None, 0, 0, 5, 5)], (500, 500)) == [(0, 0, 8, 8)]
    assert regions([PageBox(2, 0, 0, 5, 5)], (500, 500), page=1) == []
