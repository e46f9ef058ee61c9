"""Every copy of a picture inside its file is found: one test puts one into each hiding place."""

from __future__ import annotations

import base64
import io
import struct
import zipfile
import zlib

import pytest
from PIL import Image

from efface.engines.pictures import copies, frames, thumbnails
from efface.errors import LimitExceededError
from efface.testing.pictures import film


def jpeg(shade=90):
    out = io.BytesIO()
    Image.new("RGB", (40, 30), (shade, 40, 200)).save(out, "JPEG")
    return out.getvalue()


def saved(kind, **options):
    out = io.BytesIO()
    Image.new("RGB", (64, 48), (10, 200, 30)).save(out, kind, **options)
    return out.getvalue()


COPY = jpeg()


def tiff(entries, extra=b"", order="<", following=b""):
    """A TIFF structure: an empty first directory, then one with the given entries, `extra` at offset 200."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    first = struct.pack(order + "HHHIII", 1, 0x112, 3, 1, 1 if order == "<" else 1 << 16, 32)
    second = struct.pack(order + "H", len(entries))
    second += b"".join(struct.pack(order + "HHII", *entry) for entry in entries) + bytes(4)
    return ((head + first).ljust(32, b"\0") + second).ljust(200, b"\0") + extra + following


def exif_block(order="<"):
    return tiff([(513, 4, 1, 200), (514, 4, 1, len(COPY))], COPY, order)


def app(marker, body):
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def with_segment(*segments):
    data = saved("JPEG")
    return data[:2] + b"".join(segments) + data[2:]


def resource(number, body, name=b"\0\0"):
    return (
        b"8BIM"
        + struct.pack(">H", number)
        + name
        + struct.pack(">I", len(body))
        + body
        + b"\0" * (len(body) % 2)
    )


def png_with(kind, body):
    data = saved("PNG")
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return data[:33] + chunk + data[33:]


def webp_with(kind, body):
    data = saved("WEBP", lossless=True)
    data += kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]


def mpf():
    """A JPEG with a second image behind it, named by its MPF index, and a trailer behind that."""
    primary_size = len(saved("JPEG")) + 4 + len(b"MPF\0") + 8 + 18 + 32
    index_at = 2 + 4 + 4
    table = struct.pack("<IIIHH", 0x030000, primary_size, 0, 0, 0)
    table += struct.pack("<IIIHH", 0, len(COPY), primary_size - index_at, 0, 0)
    block = b"II*\0" + struct.pack("<IHHHIII", 8, 1, 0xB002, 7, 32, 26, 0) + table
    return with_segment(app(0xE2, b"MPF\0" + block)) + COPY + b"behind"


def xmp(text):
    return b"<x:xmpmeta><xmpGImg:image>" + text + b"</xmpGImg:image></x:xmpmeta>"


B64 = base64.b64encode(COPY)
LINES = b"&#xA;".join(B64[at : at + 76] for at in range(0, len(B64), 76))
XMP_HEAD, LONG_HEAD = b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0"
HALF = len(B64) // 2

PLACES = {
    "Exif thumbnail, little-endian": (with_segment(app(0xE1, b"Exif\0\0" + exif_block())), "exif-thumbnail"),
    "Exif thumbnail, big-endian": (with_segment(app(0xE1, b"Exif\0\0" + exif_block(">"))), "exif-thumbnail"),
    "maker's preview": (
        with_segment(app(0xE1, b"Exif\0\0" + tiff([(1, 4, 1, 0)], b"Maker" + COPY))),
        "exif-preview",
    ),
    "Photoshop thumbnail": (
        with_segment(app(0xED, b"Photoshop 3.0\0" + resource(1, b"abc") + resource(1036, bytes(28) + COPY))),
        "photoshop-thumbnail",
    ),
    "Photoshop thumbnail of version 4, named": (
        with_segment(app(0xED, b"Photoshop 3.0\0" + resource(1033, bytes(28) + COPY, b"\x03abc"))),
        "photoshop-thumbnail",
    ),
    "XMP thumbnail": (with_segment(app(0xE1, XMP_HEAD + xmp(B64))), "xmp-thumbnail"),
    "XMP thumbnail in lines": (with_segment(app(0xE1, XMP_HEAD + xmp(LINES))), "xmp-thumbnail"),
    "extended XMP in two segments": (
        with_segment(
            app(0xE1, LONG_HEAD + b"D" * 32 + bytes(8) + b'GImage:Data="' + B64[:HALF]),
            app(0xE1, LONG_HEAD + b"D" * 32 + bytes(8) + B64[HALF:] + b'"'),
        ),
        "xmp-thumbnail",
    ),
    "second image of a multi-picture JPEG": (mpf(), "mpf-2"),
    "behind a JPEG": (saved("JPEG") + COPY, "trailer"),
    "behind a PNG": (saved("PNG") + COPY, "trailer"),
    "behind a WebP": (saved("WEBP") + COPY, "trailer"),
    "behind a GIF": (saved("GIF") + COPY, "trailer"),
    "Exif of a PNG": (png_with(b"eXIf", exif_block()), "exif-thumbnail"),
    "Exif of a WebP": (webp_with(b"EXIF", b"Exif\0\0" + exif_block()), "exif-thumbnail"),
    "XMP of a PNG": (png_with(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(B64)), "xmp-thumbnail"),
    "compressed XMP of a PNG": (
        png_with(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(xmp(B64))),
        "xmp-thumbnail",
    ),
    "XMP of a WebP": (webp_with(b"XMP ", xmp(B64)), "xmp-thumbnail"),
    "JPEG thumbnail of a TIFF's page": (exif_block(), "tiff-thumbnail"),
    "XMP of a TIFF": (tiff([(700, 1, len(xmp(B64)), 200)], xmp(B64)), "xmp-thumbnail"),
    "Photoshop thumbnail of a TIFF": (
        tiff([(34377, 1, len(resource(1036, bytes(28) + COPY)), 200)], resource(1036, bytes(28) + COPY)),
        "photoshop-thumbnail",
    ),
}


def big_tiff(picture=COPY):
    """A BigTIFF of one page with a JPEG in a directory below it."""

    def entry(tag, kind, count, value):
        return struct.pack("<HHQQ", tag, kind, count, value)

    below = struct.pack("<Q", 2) + entry(513, 16, 1, 400) + entry(514, 16, 1, len(picture)) + bytes(8)
    first = struct.pack("<Q", 2) + entry(256, 4, 1, 1) + entry(330, 16, 1, 200) + bytes(8)
    head = b"II+\0\x08\0\0\0" + struct.pack("<Q", 16) + first
    return head.ljust(200, b"\0") + below.ljust(200, b"\0") + picture


def bitmap_with_gap():
    data = saved("BMP")
    return data[:10] + struct.pack("<I", 54 + len(COPY)) + data[14:54] + COPY + data[54:]


def jp2_with(*boxes, behind=b""):
    data = saved("JPEG2000")
    return data[:12] + b"".join(boxes) + data[12:] + behind


def jp2_box(kind, body):
    return struct.pack(">I", 8 + len(body)) + kind + body


def jumbf(body):
    """A provenance box over two segments; the second repeats the header of the box."""
    half = len(body) // 2
    head = struct.pack(">I4s", 8 + len(body), b"jumb")
    return app(0xEB, b"JP" + struct.pack(">HI", 1, 1) + head + body[:half]) + app(
        0xEB, b"JP" + struct.pack(">HI", 1, 2) + head + body[half:]
    )


def profile(name, body):
    return b"Raw profile type " + name + b"\0\n" + name + b"\n%8d\n" % len(body) + body.hex().encode()


def gif_with(label, *blocks):
    body = b"".join(bytes([len(block)]) + block for block in blocks)
    data = saved("GIF")
    return data[:-1] + b"\x21\xff\x0b" + label + body + b"\0;"


def zipped():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.jpg", COPY)
    return out.getvalue()


XMP_GIF = xmp(B64) + b"\x01" + bytes(range(255, -1, -1)) + b"\0\0"
WITH_THUMBNAIL = with_segment(app(0xE1, b"Exif\0\0" + exif_block()))
CHANGED = b"\0" + COPY[1:]  # as some old cameras write it
B64_WEBP = base64.b64encode(saved("WEBP", lossless=True))
B64_AVIF = base64.b64encode(saved("AVIF"))

PLACES |= {
    "a maker's preview that holds a thumbnail of its own": (
        with_segment(app(0xE1, b"Exif\0\0" + tiff([(1, 4, 1, 0)], b"Maker" + COPY))),
        "exif-preview",
    ),
    "a maker's preview with a changed first byte": (
        with_segment(app(0xE1, b"Exif\0\0" + tiff([(1, 4, 1, 0)], b"Maker" + CHANGED))),
        "exif-preview",
    ),
    "Exif block over two segments": (
        with_segment(app(0xE1, b"Exif\0\0" + exif_block()[:300]), app(0xE1, b"Exif\0\0" + exif_block()[300:])),
        "exif-thumbnail",
    ),
    "JFIF extension": (with_segment(app(0xE0, b"JFXX\0\x10" + COPY)), "jfxx-thumbnail"),
    "preview over two application segments": (
        with_segment(app(0xE3, COPY[:200]), app(0xE4, COPY[200:])), "segment-preview",
    ),
    "comment in base64": (with_segment(app(0xFE, b"picture: " + B64)), "xmp-thumbnail"),
    "provenance manifest of a JPEG": (with_segment(jumbf(b"c2pa" + COPY + b"more")), "provenance-thumbnail"),
    "provenance manifest of a PNG": (png_with(b"caBX", b"jumb" + COPY + b"more"), "chunk-picture"),
    "provenance manifest of a WebP": (webp_with(b"C2PA", b"jumb" + COPY + b"more"), "chunk-picture"),
    "IPTC preview": (
        with_segment(app(0xED, b"Photoshop 3.0\0" + resource(1028, b"\x1c\x02\xca\x10\0" + COPY))),
        "photoshop-preview",
    ),
    "XMP in UTF-16": (with_segment(app(0xE1, XMP_HEAD + xmp(B64).decode().encode("utf-16"))), "xmp-thumbnail"),
    "extended XMP, segments out of order": (
        with_segment(
            app(0xE1, LONG_HEAD + b"D" * 32 + struct.pack(">II", 900, HALF) + B64[HALF:] + b'"'),
            app(0xE1, LONG_HEAD + b"D" * 32 + struct.pack(">II", 900, 0) + b'GImage:Data="' + B64[:HALF]),
        ),
        "xmp-thumbnail",
    ),
    "raw Exif profile of a PNG": (png_with(b"tEXt", profile(b"exif", b"Exif\0\0" + exif_block())), "exif-thumbnail"),
    "compressed raw XMP profile of a PNG": (
        png_with(b"zTXt", b"Raw profile type xmp\0\0" + zlib.compress(profile(b"xmp", xmp(B64)).split(b"\0", 1)[1])),
        "xmp-thumbnail",
    ),
    "raw Photoshop profile of a PNG": (
        png_with(b"tEXt", profile(b"8bim", resource(1036, bytes(28) + COPY))), "photoshop-thumbnail",
    ),
    "text of a PNG": (png_with(b"tEXt", b"Picture\0" + B64), "xmp-thumbnail"),
    "XMP of a GIF": (gif_with(b"XMP DataXMP").replace(b"XMP DataXMP\0", b"XMP DataXMP" + XMP_GIF), "xmp-thumbnail"),
    "extension of a GIF": (
        gif_with(b"C2PA_GIF\1\0\0", COPY[:255], COPY[255:510], *([COPY[510:]] if len(COPY) > 510 else [])),
        "extension-picture",
    ),
    "SubIFD of a BigTIFF": (big_tiff(), "tiff-subifd"),
    "a maker's note of a TIFF": (tiff([(34665, 4, 1, 200)], struct.pack("<HHHIII", 1, 37500, 7, len(COPY), 218, 0) + COPY), "tiff-preview"),
    "behind a BMP that claims to end there": (saved("BMP") + COPY, "trailer"),
    "between header and pixels of a BMP": (
        bitmap_with_gap(), "bitmap-picture",
    ),
    "behind an icon": (saved("ICO", sizes=[(32, 32)]) + COPY, "trailer"),
    "behind a pixmap": (saved("PPM") + COPY, "trailer"),
    "behind a JPEG 2000": (jp2_with(behind=COPY), "trailer"),
    "box of a JPEG 2000": (jp2_with(jp2_box(b"uinf", b"any" + COPY)), "box-picture"),
    "XMP of a JPEG 2000": (
        jp2_with(jp2_box(b"uuid", bytes.fromhex("be7acfcb97a942e89c71999491e3afac") + xmp(B64))), "xmp-thumbnail",
    ),
    "Exif of a JPEG 2000": (jp2_with(jp2_box(b"uuid", b"JpgTiffExif->JP2" + exif_block())), "exif-thumbnail"),
    "behind the boxes of an AVIF": (saved("AVIF") + COPY, "box-picture"),
    "box of an AVIF": (saved("AVIF") + jp2_box(b"sefd", b"any" + COPY), "box-picture"),
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_a_copy_is_found_in_its_hiding_place(place):
    """A picture hidden in this place is yielded, byte for byte, under the name of the place."""
    data, name = PLACES[place]
    assert (name, COPY) in [(copy.name, copy.data) for copy in thumbnails(data)]


def test_an_uncompressed_exif_thumbnail_becomes_a_picture_of_its_own():
    """A thumbnail stored as bare strips is handed out as a TIFF that decodes to it."""
    strip = bytes([200, 100, 50]) * (16 * 12)
    entries = [
        (256, 3, 1, 16), (257, 3, 1, 12), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 2),
        (273, 4, 1, 200), (277, 3, 1, 3), (278, 3, 1, 12), (279, 4, 1, len(strip)),
    ]  # fmt: skip
    data = with_segment(app(0xE1, b"Exif\0\0" + tiff(entries, strip)))
    (copy,) = thumbnails(data)
    (frame,) = frames(copy.data)
    assert frame.pixels.shape == (12, 16, 3)
    assert frame.pixels[3, 3].tolist() == [200, 100, 50]


def test_a_second_image_is_no_trailer_and_the_rest_behind_it_is():
    """What the MPF index names is not counted again as a trailer."""
    assert {copy.name: copy.data for copy in thumbnails(mpf())} == {"mpf-2": COPY, "trailer": b"behind"}


def test_two_copies_of_a_kind_get_two_names():
    """Names are unique within a file, and equal copies are yielded once."""
    block = b"Photoshop 3.0\0" + b"".join(resource(1036, bytes(28) + jpeg(shade)) for shade in (1, 99, 99))
    found = [copy.name for copy in thumbnails(with_segment(app(0xED, block)))]
    assert found == ["photoshop-thumbnail", "photoshop-thumbnail-2"]


@pytest.mark.parametrize(
    "kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "JPEG2000", "PPM", "AVIF", "ICO"]
)
def test_a_plain_file_holds_no_copy(kind):
    """A file without metadata and trailer yields nothing."""
    assert list(thumbnails(saved(kind))) == []


@pytest.mark.parametrize("padding", [b"\0" * 100, b"\xff" * 7, b"\r\n"])
def test_padding_is_no_trailer(padding):
    """Padding behind a picture is not a copy of anything."""
    assert list(thumbnails(saved("JPEG") + padding)) == []


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_padding_hides_no_picture_behind_it(kind):
    """A picture behind a picture and a run of padding is found where it starts."""
    assert {copy.name: copy.data for copy in thumbnails(saved(kind) + bytes(64) + COPY)} == {"trailer": COPY}


def test_a_picture_inside_a_trailer_of_something_else_is_found():
    """Bytes of no known kind before a picture do not hide it."""
    found = {copy.name: copy.data for copy in thumbnails(saved("PNG") + b"JUNK" * 9 + COPY)}
    assert found == {"trailer": b"JUNK" * 9, "trailer-picture": COPY}


def test_copies_are_bounded():
    """A file made of a thousand copies yields 256 of them, and says that there are more."""
    many = b"".join(COPY[:2] + b"\xff\xfe\0\4%c%c" % divmod(n, 256) + COPY[2:] for n in range(1000))
    data = png_with(b"prVt", many)
    assert len(list(thumbnails(data))) == 256
    with pytest.raises(LimitExceededError, match="not looked at"):
        list(copies(data))


def test_starts_of_pictures_that_are_none_end_the_search_with_a_word():
    """A million starts that lead nowhere are no pictures; the search gives up and says so."""
    data = png_with(b"prVt", b"\xff\xd8\xff\xe0" * 400_000)
    with pytest.raises(LimitExceededError, match="the search was ended"):
        list(copies(data))


OTHERS = {
    "a film behind a JPEG": (saved("JPEG") + film(), "motion-photo.mp4", film()),
    "a film behind a JPEG, padding and a maker's trailer": (
        saved("JPEG") + bytes(24) + film() + b"SEFHe\0\0\0SEFT", "motion-photo.mp4", film(),
    ),
    "an archive behind a PNG": (saved("PNG") + zipped(), "trailer", zipped()),
    "an archive behind a GIF and a picture": (saved("GIF") + COPY + zipped(), "trailer-file", zipped()),
    "a second picture behind the first one behind": (
        saved("JPEG") + COPY + jpeg(9), "trailer-picture", jpeg(9),
    ),
    "a WebP in XMP": (
        with_segment(app(0xE1, XMP_HEAD + xmp(B64_WEBP))), "xmp-thumbnail", saved("WEBP", lossless=True),
    ),
    "an AVIF in XMP": (with_segment(app(0xE1, XMP_HEAD + xmp(B64_AVIF))), "xmp-thumbnail", saved("AVIF")),
    "a picture with a thumbnail in a maker's note": (
        with_segment(app(0xE1, b"Exif\0\0" + tiff([(1, 4, 1, 0)], b"Maker" + WITH_THUMBNAIL))),
        "exif-preview",
        WITH_THUMBNAIL,
    ),
    "a picture behind one that was cut off": (saved("JPEG")[:-2] + COPY, "trailer", COPY),
}  # fmt: skip


@pytest.mark.parametrize("place", OTHERS)
def test_other_files_inside_a_picture_are_found(place):
    """Films, archives and pictures of other kinds come out byte by byte under the name of their place."""
    data, name, wanted = OTHERS[place]
    assert {copy.name: copy.data for copy in copies(data)}.get(name) == wanted


BARE = {
    "JFIF thumbnail": (app(0xE0, b"JFIF\0\1\1\0\0\1\0\1\x04\x03" + bytes([9, 8, 7]) * 12), "jfif-thumbnail"),
    "JFIF extension, colours": (app(0xE0, b"JFXX\0\x13\x04\x03" + bytes([9, 8, 7]) * 12), "jfxx-thumbnail"),
    "JFIF extension, palette": (
        app(0xE0, b"JFXX\0\x11\x04\x03" + bytes([9, 8, 7]) * 256 + bytes(12)), "jfxx-thumbnail",
    ),
}  # fmt: skip


@pytest.mark.parametrize("place", BARE)
def test_a_thumbnail_of_bare_pixels_becomes_a_picture(place):
    """A thumbnail that is no file becomes one with the same pixels."""
    segment, name = BARE[place]
    found = {copy.name: copy.data for copy in thumbnails(with_segment(segment))}
    (frame,) = frames(found[name])
    assert frame.pixels.shape == (3, 4, 3)
    assert frame.pixels[2, 3].tolist() == [9, 8, 7]


NONE = {
    "a start without a structure": b"Maker\xff\xd8\xff\xe0 and no more",
    "tables without a picture": b"\xff\xd8\xff\xdb\0\4\0\0\xff\xd9",
    "a segment that ends behind the block": b"\xff\xd8\xff\xe0\xff\xff",
}


@pytest.mark.parametrize("case", NONE)
def test_what_only_starts_like_a_picture_is_none(case):
    """A maker's note with the first bytes of a picture alone holds no copy."""
    block = tiff([(1, 4, 1, 0)], NONE[case])
    assert list(copies(with_segment(app(0xE1, b"Exif\0\0" + block)))) == []


def test_directories_that_point_at_each_other_end():
    """A loop of directories is walked once."""
    loop = b"II*\0" + struct.pack("<IHHHIII", 8, 1, 273, 4, 1, 8, 8)
    assert len(list(thumbnails(loop))) <= 1


def test_a_copy_shows_no_bytes_in_its_repr():
    """The printed form of a copy names its place and size, not its content."""
    (copy,) = thumbnails(saved("JPEG") + b"face bytes")
    assert repr(copy) == "EmbeddedPicture('trailer', 10 bytes)"
