"""Whatever hides a picture in a PDF, it comes out, or a gap says why not."""

from __future__ import annotations

import base64
import io
import zipfile
import zlib

import numpy as np
import pikepdf
import pytest
from PIL import Image

from efface.engines import passwords
from efface.errors import EncryptedError, FormatError, LimitExceededError
from efface.model import Gap, GapReason, Limits, Locator, Part, Surroundings
from efface.sources.payloads import BytesPayload
from efface.sources.pdf import Pdf
from efface.testing.documents import page_with, pdf, pdf_image, pdf_stream, updated_pdf

SIZE = (48, 32)
LIMITS = Limits(artefact_bytes=32 << 20, unpacked_bytes=64 << 20, picture_pixels=1_000_000)


def photo(seed: int = 0) -> Image.Image:
    """Return a smooth picture in which every corner differs."""
    across, down = np.linspace(0, 200, SIZE[0]), np.linspace(20, 255, SIZE[1])
    red = np.add.outer(down, across) / 2
    grid = np.stack([red, np.add.outer(down[::-1], across) / 2, red[::-1, ::-1]], -1)
    return Image.fromarray(((grid + 31 * seed) % 256).astype(np.uint8))


def jpeg(image: Image.Image | None = None, **options: object) -> bytes:
    out = io.BytesIO()
    (image or photo()).save(out, "JPEG", quality=95, **options)
    return out.getvalue()


def parts_of(data: bytes, limits: Limits = LIMITS) -> list[Part | Gap]:
    part = Part(Locator.of_file("/d/a.pdf"), BytesPayload(data), Surroundings(("a.pdf",)))
    return list(Pdf().parts(part, "application/pdf", limits))


def names(found: list[Part | Gap]) -> list[str]:
    return [inner.locator.path[-1] for inner in found]


def gaps(found: list[Part | Gap]) -> list[tuple[str, GapReason]]:
    return [(inner.locator.path[-1], inner.reason) for inner in found if isinstance(inner, Gap)]


def alone(body: bytes, **others: bytes) -> bytes:
    """Return a PDF with one page that uses one image, object 4."""
    return pdf(page_with({"I": 4}) | {4: body} | {int(key[1:]): value for key, value in others.items()})


def seen(data: bytes) -> Image.Image:
    (only,) = parts_of(data)
    assert isinstance(only, Part), only
    assert only.locator.path[-1].startswith("page-1-image-1.")
    return Image.open(io.BytesIO(only.payload.read())).convert("RGB")


def differ(one: Image.Image, other: Image.Image) -> float:
    return float(np.abs(np.asarray(one, np.int16) - np.asarray(other, np.int16)).mean())


def cmyk_raw() -> bytes:
    inks = 255 - np.asarray(photo())
    return np.concatenate([inks, np.zeros_like(inks[..., :1])], axis=-1).tobytes()


def predicted() -> bytes:
    """Return the samples as PNG rows with the predictor Up."""
    rows = np.asarray(photo(), np.uint8).reshape(SIZE[1], -1)
    above = np.vstack([np.zeros_like(rows[:1]), rows[:-1]])
    return b"".join(b"\2" + row.tobytes() for row in (rows - above).astype(np.uint8))


def wide() -> bytes:
    return np.asarray(photo(), ">u2").__mul__(257).astype(">u2").tobytes()


RAW = photo().tobytes()
GREY = photo().convert("L")
FOUR = bytes((a >> 4 << 4) | (b >> 4) for a, b in zip(GREY.tobytes()[::2], GREY.tobytes()[1::2], strict=True))
PALETTE = photo().quantize(200)
COLOURS = bytes(PALETTE.getpalette()[:600])
INVERTED = Image.eval(photo(), lambda value: 255 - value)
ADOBE = jpeg(Image.frombytes("CMYK", SIZE, cmyk_raw()))  # Pillow writes inverted samples, as Adobe does

KINDS = {
    "deflated samples": (pdf_image(RAW, SIZE), photo()),
    "samples as they are": (pdf_stream("/Subtype/Image/Width 48/Height 32/BitsPerComponent 8/ColorSpace/DeviceRGB", RAW), photo()),
    "a PNG predictor": (
        pdf_image(zlib.compress(predicted()), SIZE, more="/Filter/FlateDecode/DecodeParms<</Predictor 15/Colors 3/Columns 48>>"),
        photo(),
    ),
    "ASCII85 around the deflated": (
        pdf_image(base64.a85encode(zlib.compress(RAW)) + b"~>", SIZE, more="/Filter[/ASCII85Decode/FlateDecode]"),
        photo(),
    ),
    "run length": (
        pdf_image(b"".join(bytes([127]) + RAW[at : at + 128] for at in range(0, len(RAW), 128)) + b"\x80", SIZE, more="/Filter/RunLengthDecode"),
        photo(),
    ),
    "grey": (pdf_image(GREY.tobytes(), SIZE, "/DeviceGray"), GREY.convert("RGB")),
    "grey, turned round": (
        pdf_image(Image.eval(GREY, lambda v: 255 - v).tobytes(), SIZE, "/DeviceGray", more="/Decode[1 0]"),
        GREY.convert("RGB"),
    ),
    "four bits": (pdf_image(FOUR, SIZE, "/DeviceGray", 4), GREY.convert("RGB")),
    "sixteen bits": (pdf_image(wide(), SIZE, bits=16), photo()),
    "CMYK": (pdf_image(cmyk_raw(), SIZE, "/DeviceCMYK"), photo()),
    "a palette": (
        pdf_image(PALETTE.tobytes(), SIZE, f"[/Indexed/DeviceRGB 199 <{COLOURS.hex()}>]"),
        PALETTE.convert("RGB"),
    ),
    "a black ink": (
        pdf_image(Image.eval(GREY, lambda v: 255 - v).tobytes(), SIZE, "[/Separation/Black/DeviceGray<<>>]"),
        GREY.convert("RGB"),
    ),
    "three inks": (
        pdf_image(INVERTED.tobytes(), SIZE, "[/DeviceN[/Cyan/Magenta/Yellow]/DeviceCMYK<<>>]"),
        photo(),
    ),
    "calibrated": (pdf_image(RAW, SIZE, "[/CalRGB<</WhitePoint[1 1 1]>>]"), photo()),
    "a space that nobody defined": (pdf_image(RAW, SIZE, "/CS7"), photo()),
    "JPEG": (pdf_image(jpeg(), SIZE, more="/Filter/DCTDecode"), photo()),
    "JPEG inside Flate": (
        pdf_image(zlib.compress(jpeg()), SIZE, more="/Filter[/FlateDecode/DCTDecode]"),
        photo(),
    ),
    "JPEG turned round": (
        pdf_image(jpeg(INVERTED), SIZE, more="/Filter/DCTDecode/Decode[1 0 1 0 1 0]"),
        photo(),
    ),
    "JPEG of one ink": (
        pdf_image(jpeg(Image.eval(GREY, lambda v: 255 - v)), SIZE, "[/Separation/Black/DeviceGray<<>>]", more="/Filter/DCTDecode"),
        GREY.convert("RGB"),
    ),
    "JPEG in CMYK as Photoshop writes it": (
        pdf_image(ADOBE, SIZE, "/DeviceCMYK", more="/Filter/DCTDecode/Decode[1 0 1 0 1 0 1 0]"),
        photo(),
    ),
    "JPEG in CMYK as it should be": (
        pdf_image(
            jpeg(Image.frombytes("CMYK", SIZE, bytes(255 - value for value in cmyk_raw()))),
            SIZE, "/DeviceCMYK", more="/Filter/DCTDecode",
        ),
        photo(),
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_an_image_comes_out_as_it_is_shown(kind: str) -> None:
    """Whatever the samples are and however they are compressed, the picture is the one that a page shows."""
    body, shown = KINDS[kind]
    assert differ(seen(alone(body)), shown) < 10


def test_a_profile_with_four_components_is_cmyk() -> None:
    """A colour profile decides by the number of its components."""
    body = pdf_image(cmyk_raw(), SIZE, "[/ICCBased 5 0 R]")
    assert differ(seen(alone(body, o5=pdf_stream("/N 4", b"profile"))), photo()) < 3


def test_a_fax_comes_as_tiff() -> None:
    """CCITT data get a header that an ordinary reader of pictures knows."""
    bits = Image.radial_gradient("L").resize((64, 64)).point(lambda v: 255 * (v > 100)).convert("1")
    out = io.BytesIO()
    bits.save(out, "TIFF", compression="group4")
    written = Image.open(io.BytesIO(out.getvalue()))
    start, count = written.tag_v2[273][0], written.tag_v2[279][0]
    body = pdf_image(
        out.getvalue()[start : start + count], (64, 64), "/DeviceGray", 1,
        "/Filter/CCITTFaxDecode/DecodeParms<</K -1/Columns 64/Rows 64/BlackIs1 %s>>"
        % ("true" if written.tag_v2[262] == 1 else "false"),
    )  # fmt: skip
    assert differ(seen(alone(body)), bits.convert("RGB")) < 3


def test_a_fax_that_no_tiff_can_say_is_drawn() -> None:
    """One-dimensional codes without marks at the ends of lines have no header of TIFF."""
    bits = Image.radial_gradient("L").resize((64, 64)).point(lambda v: 255 * (v > 100)).convert("1")
    out = io.BytesIO()
    bits.save(out, "TIFF", compression="group3")
    written = Image.open(io.BytesIO(out.getvalue()))
    start, count = written.tag_v2[273][0], written.tag_v2[279][0]
    body = pdf_image(
        out.getvalue()[start : start + count], (64, 64), "/DeviceGray", 1,
        "/Filter/CCITTFaxDecode/DecodeParms<</K 0/Columns 64/Rows 64/BlackIs1 %s>>"
        % ("true" if written.tag_v2[262] == 1 else "false"),
    )  # fmt: skip
    assert differ(seen(alone(body)), bits.convert("RGB")) < 8


HIDDEN = pdf_image(photo(1).tobytes(), SIZE)
PNG = io.BytesIO()
photo(2).save(PNG, "PNG")
ZIPPED = io.BytesIO()
with zipfile.ZipFile(ZIPPED, "w") as _archive:
    _archive.writestr("a.jpg", jpeg())

PLACES = {
    "no page uses it": (pdf(page_with() | {9: HIDDEN}), "object-9-image.ppm"),
    "a page shows it": (pdf(page_with({"I": 9}) | {9: HIDDEN}), "page-1-image-1.ppm"),
    "a form of a page shows it": (
        pdf(page_with({"F": 5}) | {5: pdf_stream("/Subtype/Form/Resources<</XObject<</I 9 0 R>>>>", b""), 9: HIDDEN}),
        "page-1-image-1.ppm",
    ),
    "a thumbnail without a subtype": (
        pdf(page_with(more="/Thumb 9 0 R") | {9: HIDDEN.replace(b"/Subtype/Image", b"")}),
        "page-1-thumbnail.ppm",
    ),
    "a soft mask": (
        pdf(page_with({"I": 4}) | {4: pdf_image(RAW, SIZE, more="/SMask 9 0 R"), 9: HIDDEN}),
        "page-1-image-1-mask.ppm",
    ),
    "inside the instructions of a page": (
        pdf(page_with(contents=5) | {5: pdf_stream("", b"q BI /W 48 /H 32 /BPC 8 /CS /RGB /F /Fl ID " + zlib.compress(RAW) + b" EI Q")}),
        "page-1-inline-1.ppm",
    ),
    "inside the instructions of a form that nothing uses": (
        pdf(page_with() | {5: pdf_stream("/Subtype/Form", b"q BI /W 48 /H 32 /BPC 8 /CS /RGB /F /DCT ID " + jpeg() + b" EI Q")}),
        "object-5-inline-1.jpg",
    ),
    "an attachment": (
        pdf(page_with() | {
            1: b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles<</Names[(x)<</F(c.zip)/EF<</F 5 0 R>>>>]>>>>>>",
            5: pdf_stream("/Type/EmbeddedFile", ZIPPED.getvalue()),
        }),
        "attachment-c.zip",
    ),
    "attached to an annotation": (
        pdf(page_with(more="/Annots[7 0 R]") | {
            5: pdf_stream("", PNG.getvalue()),
            7: b"<</Subtype/FileAttachment/FS<</Type/Filespec/UF(p.png)/EF<</UF 5 0 R>>>>>>",
        }),
        "attachment-p.png",
    ),
    "an embedded file that nothing names": (
        pdf(page_with() | {5: pdf_stream("/Type/EmbeddedFile", b"words " * 9)}),
        "attachment-object-5",
    ),
    "a stream of no known kind": (pdf(page_with() | {5: pdf_stream("/Type/Asset", PNG.getvalue())}), "object-5"),
    "the picture of a form": (
        pdf(page_with() | {
            1: b"<</Type/Catalog/Pages 2 0 R/AcroForm<</XFA[(a)5 0 R(b)6 0 R]>>>>",
            5: pdf_stream("", b"<xdp><image>"),
            6: pdf_stream("", base64.b64encode(PNG.getvalue()) + b"</image></xdp>"),
        }),
        "form.xml",
    ),
    "a thumbnail in the metadata": (
        pdf(page_with() | {5: pdf_stream("/Type/Metadata/Subtype/XML", b"<x><i>" + base64.b64encode(jpeg()) + b"</i></x>")}),
        "metadata-object-5.xml",
    ),
    "an earlier revision, replaced": (
        updated_pdf(alone(HIDDEN), {4: pdf_image(RAW, SIZE)}),
        "revision-1/page-1-image-1.ppm",
    ),
    "an earlier revision, freed": (updated_pdf(alone(HIDDEN), page_with(), freed=(4,)), "revision-1/page-1-image-1.ppm"),
    "the first of three revisions": (
        updated_pdf(updated_pdf(alone(HIDDEN), {4: pdf_image(RAW, SIZE)}), {4: b"null"}),
        "revision-1/page-1-image-1.ppm",
    ),
    "behind the end": (alone(HIDDEN) + jpeg(), "behind-1"),
    "before the header": (jpeg() + b"\n" + alone(HIDDEN), "before-1"),
    "between the objects": (
        pdf(page_with()).replace(b"xref\n", b"4 0 obj " + jpeg() + b" endobj\nxref\n", 1),
        "lost-1.jpg",
    ),
    "behind a broken table": (pdf(page_with({"I": 9}) | {9: HIDDEN}).replace(b"0000000", b"9999999"), "page-1-image-1.ppm"),
    "without a page tree": (
        pdf({1: b"<</Type/Catalog/Pages 2 0 R>>", 2: b"<</Type/Pages>>", 9: HIDDEN}),
        "object-9-image.ppm",
    ),
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_a_picture_comes_out_of_every_place(place: str) -> None:
    """Whether a page shows it or not, what the file holds is a part with a telling name."""
    data, expected = PLACES[place]
    assert expected in names([inner for inner in parts_of(data) if isinstance(inner, Part)])


def test_what_was_attached_keeps_its_name() -> None:
    """The name of an attached file is that of the part, so that names tell what they tell in a folder."""
    (part,) = parts_of(PLACES["an attachment"][0])
    assert isinstance(part, Part)
    assert part.surroundings.names == ("c.zip", "a.pdf")


def test_one_picture_is_one_part() -> None:
    """A picture on two pages, in two objects and in two revisions comes once."""
    objects = page_with({"I": 4, "J": 5, "K": 4}) | {4: HIDDEN, 5: HIDDEN}
    assert names(parts_of(updated_pdf(pdf(objects), {5: HIDDEN}))) == ["page-1-image-1.ppm"]


def test_an_update_that_changes_words_repeats_nothing() -> None:
    """What an earlier revision shares with the last one is not listed again."""
    assert names(parts_of(updated_pdf(alone(HIDDEN), {3: page_with({"I": 4})[3]}))) == ["page-1-image-1.ppm"]


def strips(count: int, gap: int = 0) -> bytes:
    """Return a PDF whose page shows a photo in strips."""
    rows = np.array_split(np.asarray(photo().resize((96, 96))), count)
    objects, content, top = {}, b"", 288
    for number, band in enumerate(rows, 10):
        height = 3 * band.shape[0]
        top -= height
        content += b"q 288 0 0 %d 6 %d cm /I%d Do Q\n" % (height, top - gap * (number - 10), number)
        objects[number] = pdf_image(band.tobytes(), (96, band.shape[0]))
    used = {f"I{number}": number for number in objects}
    return pdf(page_with(used, contents=5) | {5: pdf_stream("", content)} | objects)


def test_a_picture_in_strips_is_put_together() -> None:
    """A photo that a scanner's software cut into strips is looked at as one picture, too."""
    found = parts_of(strips(6))
    (whole,) = [inner for inner in found if "mosaic" in inner.locator.path[-1]]
    assert isinstance(whole, Part)
    image = Image.open(io.BytesIO(whole.payload.read())).convert("RGB")
    assert abs(image.width - 96) <= 3
    assert differ(image.resize((96, 96)), photo().resize((96, 96))) < 20


@pytest.mark.parametrize(
    ("count", "gap"), [(2, 0), (6, 7)], ids=["two pictures", "pictures with space between"]
)
def test_pictures_side_by_side_are_no_mosaic(count: int, gap: int) -> None:
    """Pictures that do not touch, or are two, stay as they are."""
    assert not [name for name in names(parts_of(strips(count, gap))) if "mosaic" in name]


def encrypted(password: str) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(alone(HIDDEN))) as document:
        document.save(out, encryption=pikepdf.Encryption(user=password, owner="owner"))
    return out.getvalue()


def test_a_password_for_changes_only_is_none() -> None:
    """A document that anybody may read is read."""
    assert names(parts_of(encrypted(""))) == ["page-1-image-1.ppm"]


def test_without_its_password_a_document_is_encrypted() -> None:
    """An encrypted document is no broken one."""
    with pytest.raises(EncryptedError):
        parts_of(encrypted("secret"))


def test_a_password_of_the_list_opens_a_document(tmp_path, monkeypatch) -> None:
    """The passwords of the user's file are tried in their order."""
    (tmp_path / "list").write_text("wrong\nsecret\n", "utf-8")
    monkeypatch.setenv(passwords.VARIABLE, str(tmp_path / "list"))
    assert names(parts_of(encrypted("secret"))) == ["page-1-image-1.ppm"]


REFUSED = {
    "no PDF": (b"%PDF-1.7\nwords", FormatError),
    "nothing": (b"", FormatError),
    "encrypted and damaged": (b"%PDF-1.7\n1 0 obj<</Encrypt 2 0 R>>endobj", FormatError),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_document_is_refused(case: str) -> None:
    """Bytes without an object are refused, and nothing else is raised."""
    data, error = REFUSED[case]
    with pytest.raises(error):
        parts_of(data)


BROKEN = {
    "larger than the limits": (pdf_image(b"", (40_000, 40_000)), GapReason.OVER_LIMIT),
    "without samples": (pdf_image(b"", SIZE), GapReason.UNREADABLE),
    "with samples of three bits": (pdf_image(RAW, SIZE, bits=3), GapReason.UNREADABLE),
    "with half of its samples": (pdf_image(RAW[: len(RAW) // 2], SIZE), GapReason.UNREADABLE),
    "of no size": (pdf_image(RAW, (0, 0)), GapReason.UNREADABLE),
    "with a colour space of itself": (pdf_image(RAW, SIZE, "5 0 R"), GapReason.UNREADABLE),
    "with filters in a senseless order": (
        pdf_image(jpeg(), SIZE, more="/Filter[/DCTDecode/FlateDecode]"), GapReason.UNSUPPORTED,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_image_is_a_gap_at_its_place(case: str) -> None:
    """What cannot be seen of one image is said, and the others come out."""
    body, reason = BROKEN[case]
    objects = page_with({"I": 4, "J": 9}) | {4: body, 5: b"[/Indexed 5 0 R 1 <000000111111>]", 9: HIDDEN}
    found = parts_of(pdf(objects))
    assert ("page-1-image-1", reason) in gaps(found)
    assert "page-1-image-2.ppm" in names(found)


def test_a_bomb_is_over_the_limits() -> None:
    """A stream of a gigabyte of zeros is not unpacked, whatever it claims to be."""
    bomb = zlib.compress(bytes(64 << 20), 9)
    objects = page_with({"I": 4}) | {
        4: pdf_image(zlib.compress(bomb), (900, 900), more="/Filter[/FlateDecode/FlateDecode]"),
        5: pdf_stream("/Type/EmbeddedFile/Filter/FlateDecode", bomb),
    }
    found = gaps(parts_of(pdf(objects), Limits(artefact_bytes=4 << 20)))
    assert ("attachment-object-5", GapReason.OVER_LIMIT) in found
    assert ("page-1-image-1", GapReason.OVER_LIMIT) in found


def test_too_many_objects_are_over_the_limits() -> None:
    """The number of objects counts against the entries of a container."""
    objects = page_with() | dict.fromkeys(range(4, 60), b"null")
    with pytest.raises(LimitExceededError):
        parts_of(pdf(objects), Limits(entries=20))


CYCLES = {
    "pages that are their own parents": {2: b"<</Type/Pages/Kids[2 0 R 3 0 R]/Count 2/Parent 2 0 R>>"},
    "a form that shows itself": {
        3: page_with({"F": 5})[3],
        5: pdf_stream("/Subtype/Form/Resources<</XObject<</F 5 0 R/G 6 0 R>>>>", b"/F Do"),
        6: pdf_stream("/Subtype/Form/Resources<</XObject<</F 5 0 R>>>>", b"/F Do"),
    },
    "a mask that is its own": {9: pdf_image(photo(1).tobytes(), SIZE, more="/SMask 9 0 R")},
    "a length that is the stream itself": {5: b"<</Length 5 0 R>>\nstream\nx\nendstream"},
    "a name tree in a circle": {1: b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles 7 0 R>>>>", 7: b"<</Kids[7 0 R]>>"},
}  # fmt: skip


@pytest.mark.parametrize("case", CYCLES)
def test_a_circle_ends(case: str) -> None:
    """What refers to itself is read once, and the picture beside it comes out."""
    found = parts_of(pdf(page_with() | {9: HIDDEN} | CYCLES[case]))
    assert [name for name in names(found) if name.startswith("object-9-image")]


def test_tables_in_a_circle_end() -> None:
    """A table of objects that names itself as the one before it does not hang."""
    data = pdf(page_with({"I": 9}) | {9: HIDDEN})
    start = data.rindex(b"xref\n", 0, data.rindex(b"startxref"))
    assert names(parts_of(data.replace(b"/Root", b"/Prev %d/Root" % start))) == ["page-1-image-1.ppm"]


def test_a_document_larger_than_memory_allows_is_read_in_its_last_state() -> None:
    """What is not read as a whole gives its images, and a gap for its history."""
    found = parts_of(alone(HIDDEN), Limits(artefact_bytes=1_000))
    assert names(found) == ["page-1-image-1.ppm", "revision-1"]
    assert gaps(found) == [("revision-1", GapReason.OVER_LIMIT)]
