"""A PDF written anew loses what is due in every copy, and nothing else."""

from __future__ import annotations

import base64
import hashlib
import io
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pikepdf
import pytest
from PIL import Image

from efface.engines import pdf
from efface.engines.pdf_rewrite import Change, rewrite
from efface.engines.repaint import repaint
from efface.engines.repaint_region import PageBox
from efface.errors import EncryptedError, FormatError, LimitExceededError, UnsupportedError
from efface.model import Limits
from efface.testing.documents import page_with, pdf_image, pdf_stream, updated_pdf
from efface.testing.documents import pdf as made

if TYPE_CHECKING:
    from collections.abc import Callable

SIZE = (48, 32)
LIMITS = Limits(artefact_bytes=32 << 20, unpacked_bytes=64 << 20, picture_pixels=1_000_000)
BOX = PageBox(None, 20, 12, 6, 4)
FILL = (17, 9, 29, 19)
"""Left, top, right and bottom of what the box covers: half of its longer side more on every side."""


def photo() -> Image.Image:
    """Return a smooth picture without black in which every corner differs."""
    across, down = np.linspace(40, 200, SIZE[0]), np.linspace(60, 255, SIZE[1])
    red = np.add.outer(down, across) / 2
    return Image.fromarray(
        np.stack([red, np.add.outer(down[::-1], across) / 2, red[::-1, ::-1]], -1).astype(np.uint8)
    )


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


RAW, GREY = photo().tobytes(), photo().convert("L")
BITS = {
    bits: np.packbits(
        np.unpackbits(np.asarray(GREY)[:, :, None], axis=2)[:, :, :bits].reshape(SIZE[1], -1), axis=1
    ).tobytes()
    for bits in (1, 2, 4)
}
PALETTE = photo().quantize(200)
COLOURS = bytes(PALETTE.getpalette()[:600])  # type: ignore[arg-type, index]
CMYK = np.concatenate([255 - np.asarray(photo()), np.full((SIZE[1], SIZE[0], 1), 9, np.uint8)], -1).tobytes()
WIDE = (np.asarray(photo(), ">u2") * 257).astype(">u2").tobytes()
UP = np.diff(
    np.asarray(photo()).reshape(SIZE[1], -1), axis=0, prepend=np.zeros((1, SIZE[0] * 3), np.uint8)
).astype(np.uint8)
PREDICTED = zlib.compress(b"".join(b"\2" + row.tobytes() for row in UP))
FAX = saved(GREY.convert("1"), "TIFF", compression="group4", strip_size=1 << 20)


def fax() -> bytes:
    with Image.open(io.BytesIO(FAX)) as opened:
        at, count = opened.tag_v2[273][0], opened.tag_v2[279][0]  # type: ignore[attr-defined]
    return FAX[at : at + count]


FLATE = "/Filter/FlateDecode"
KINDS = {
    "RGB": pdf_image(RAW, SIZE),
    "samples as they are": pdf_stream("/Subtype/Image/Width 48/Height 32/BitsPerComponent 8/ColorSpace/DeviceRGB", RAW),
    "grey": pdf_image(GREY.tobytes(), SIZE, "/DeviceGray"),
    "grey, turned round": pdf_image(GREY.tobytes(), SIZE, "/DeviceGray", more="/Decode[1 0]"),
    "one bit": pdf_image(BITS[1], SIZE, "/DeviceGray", 1),
    "a stencil": pdf_image(BITS[1], SIZE, "", 1, more="/ImageMask true"),
    "two bits": pdf_image(BITS[2], SIZE, "/DeviceGray", 2),
    "four bits": pdf_image(BITS[4], SIZE, "/DeviceGray", 4),
    "sixteen bits": pdf_image(WIDE, SIZE, bits=16),
    "CMYK": pdf_image(CMYK, SIZE, "/DeviceCMYK"),
    "a palette": pdf_image(PALETTE.tobytes(), SIZE, f"[/Indexed/DeviceRGB 199 <{COLOURS.hex()}>]"),
    "an ink": pdf_image(GREY.tobytes(), SIZE, "[/Separation/Black/DeviceGray<<>>]"),
    "Lab": pdf_image(RAW, SIZE, "[/Lab<</WhitePoint[1 1 1]>>]"),
    "a predictor": pdf_image(PREDICTED, SIZE, more=FLATE + "/DecodeParms<</Predictor 15/Colors 3/Columns 48>>"),
    "ASCII85": pdf_image(base64.a85encode(zlib.compress(RAW)) + b"~>", SIZE, more="/Filter[/ASCII85Decode/FlateDecode]"),
    "JPEG 2000": pdf_image(saved(photo(), "JPEG2000"), SIZE, "", more="/Filter/JPXDecode"),
    "fax": pdf_image(fax(), SIZE, "/DeviceGray", 1, more="/Filter/CCITTFaxDecode/DecodeParms<</K -1/Columns 48/Rows 32/BlackIs1 true>>"),
    "JPEG of one ink": pdf_image(saved(GREY, "JPEG", quality=95), SIZE, "[/Separation/Black/DeviceGray<<>>]", more="/Filter/DCTDecode"),
}  # fmt: skip
JPEG = saved(photo(), "JPEG", quality=95)


def alone(body: bytes, **others: bytes) -> bytes:
    return made(page_with({"I": 4}) | {4: body} | {int(key[1:]): value for key, value in others.items()})


def parts_of(data: bytes) -> dict[str, pdf.PdfPart]:
    return {part.name: part for part in pdf.parts(data, LIMITS)}


def named(data: bytes, start: str) -> str:
    (found,) = [name for name in parts_of(data) if name.startswith(start)]
    return found


def covered(data: bytes, *starts: str) -> bytes:
    """Return a PDF with the box of each of these parts covered."""
    return rewrite(data, {named(data, start) for start in starts}, lambda _: Change(boxes=(BOX,)), LIMITS)


def pixels(data: bytes, start: str = "page-1-image-1.") -> np.ndarray:
    content = parts_of(data)[named(data, start)].data
    assert isinstance(content, bytes)
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), np.int16)


def is_covered(before: np.ndarray, after: np.ndarray) -> bool:
    """Return whether the fill is one colour, and nothing else differs."""
    left, top, right, bottom = FILL
    inner = after[top:bottom, left:right].reshape(-1, 3)
    outside = np.ones(before.shape[:2], np.bool_)
    outside[top:bottom, left:right] = False
    return bool((inner == inner[0]).all() and (before[outside] == after[outside]).all())


@pytest.mark.parametrize("kind", [each for each in KINDS if "JPEG of" not in each])
def test_samples_are_covered_and_no_other_one_changes(kind: str) -> None:
    """Whatever the colours and the coding, the fill is one colour and every other pixel is as before."""
    data = alone(KINDS[kind])
    result = covered(data, "page-1-image-1.")
    assert is_covered(pixels(data), pixels(result))


@pytest.mark.parametrize("kind", KINDS)
def test_colours_and_bits_stay(kind: str) -> None:
    """A covered image is of the same size, colour space and bits as before."""
    data = alone(KINDS[kind])
    after = pikepdf.open(io.BytesIO(covered(data, "page-1-image-1.")))
    before = pikepdf.open(io.BytesIO(data))
    one, two = (opened.pages[0].obj.Resources.XObject.I for opened in (before, after))
    kept = {"/Width", "/Height", "/ImageMask", "/BitsPerComponent", "/Decode"} | ({"/ColorSpace"} - {"JPX"})
    for key in kept & set(one.keys()):
        assert one.get(key) == two.get(key), key


@pytest.mark.parametrize("kind", KINDS)
def test_a_second_time_changes_nothing(kind: str) -> None:
    """What is covered already is the same file."""
    result = covered(alone(KINDS[kind]), "page-1-image-1.")
    assert covered(result, "page-1-image-1.") == result


def test_a_jpeg_is_what_covering_it_alone_gives() -> None:
    """A JPEG stays one: outside the fill its blocks are the same numbers."""
    new = repaint(JPEG, [BOX], LIMITS)
    data = alone(pdf_image(zlib.compress(JPEG), SIZE, more="/Filter[/FlateDecode/DCTDecode]"))
    result = rewrite(data, {"page-1-image-1.jpg"}, lambda _: Change(new), LIMITS)
    with pikepdf.open(io.BytesIO(result)) as opened:
        image = opened.pages[0].obj.Resources.XObject.I
        assert (image.read_raw_bytes(), image.Filter) == (new, "/DCTDecode")


def test_an_image_that_is_a_finding_goes_whole() -> None:
    """Without a box nothing of the image is left; its size stays, and so does the page around it."""
    data = alone(pdf_image(JPEG, SIZE, more="/Filter/DCTDecode"))
    result = rewrite(data, {"page-1-image-1.jpg"}, lambda _: Change(), LIMITS)
    assert not pixels(result).any()
    assert pixels(result).shape[:2] == SIZE[::-1]


def test_every_copy_on_every_page_is_covered() -> None:
    """A picture that stands in several objects is one part, and is covered in all of them."""
    objects = page_with({"I": 4, "J": 5}) | {
        4: KINDS["RGB"],
        5: KINDS["RGB"],
        6: page_with({"K": 8})[3],
        8: KINDS["RGB"],
    }
    objects[2] = b"<</Type/Pages/Kids[3 0 R 6 0 R]/Count 2>>"
    data = made(objects)
    result = covered(data, "page-1-image-1.")
    opened = pikepdf.open(io.BytesIO(result))
    images = [each for page in opened.pages for each in page.obj.Resources.XObject.as_dict().values()]
    assert len({bytes(each.read_raw_bytes()) for each in images}) == 1
    assert zlib.decompress(images[0].read_raw_bytes()) != RAW


PAGE_TEXT = b"q 1 0 0 1 0 0 cm\r\n%s\nBI/W 48/H 32/BPC 8/CS/RGB ID " + RAW + b"\nEI\nBT (EI BI ) Tj  ET Q"


def test_an_image_in_instructions_is_covered_and_no_other_byte_of_them_changes() -> None:
    """Instructions before and behind an inline image come out as they are."""
    text = PAGE_TEXT % b"% a remark"
    data = made(page_with(contents=4) | {4: pdf_stream("", text)})
    result = covered(data, "page-1-inline-1.")
    assert is_covered(pixels(data, "page-1-inline-1."), pixels(result, "page-1-inline-1."))
    with pikepdf.open(io.BytesIO(result)) as opened:
        content = opened.pages[0].obj.Contents.read_bytes()
    before, _, rest = text.partition(b"BI/W")
    assert content.startswith(before + b"BI ")
    assert content.endswith(rest.rpartition(b"\nEI\n")[2])
    assert RAW[2000:2020] not in content


def test_an_image_in_a_form_and_one_of_several_streams_are_covered() -> None:
    """Inline images of form XObjects, and of pages whose instructions are in pieces, are covered where they stand."""
    form = pdf_stream("/Type/XObject/Subtype/Form/BBox[0 0 9 9]", PAGE_TEXT % b"q")
    data = made(page_with({"F": 4}) | {4: form})
    assert is_covered(pixels(data, "object-4-inline"), pixels(covered(data, "object-4-inline"), "object-"))
    pages = page_with(more="/Contents[5 0 R 6 0 R]") | {
        5: pdf_stream("", b"q"),
        6: pdf_stream("", PAGE_TEXT % b"q"),
    }
    result = covered(made(pages), "page-1-inline-1.")
    opened = pikepdf.open(io.BytesIO(result))
    assert opened.pages[0].obj.Contents[0].read_raw_bytes() == b"q"


def test_an_image_that_begins_in_one_stream_and_ends_in_another_is_refused() -> None:
    """What cannot be told to be in one place is not changed."""
    text = PAGE_TEXT % b"q"
    cut = text.index(b" ID ")
    pages = page_with(more="/Contents[5 0 R 6 0 R]") | {
        5: pdf_stream("", text[:cut]),
        6: pdf_stream("", text[cut:]),
    }
    with pytest.raises(FormatError):
        covered(made(pages), "page-1-inline-1.")


def test_masks_are_covered() -> None:
    """A soft mask that shows a face is an image like any other."""
    mask = pdf_image(GREY.tobytes(), SIZE, "/DeviceGray")
    data = alone(pdf_image(RAW, SIZE, more="/SMask 5 0 R"), _5=mask)
    assert is_covered(
        pixels(data, "page-1-image-1-mask"),
        pixels(covered(data, "page-1-image-1-mask"), "page-1-image-1-mask"),
    )


def test_a_picture_that_a_page_puts_together_is_refused() -> None:
    """A face that shows only when strips touch lies in several images, and nothing tells where in each."""
    image = photo().resize((96, 96))
    strips = {
        10 + n: pdf_image(image.crop((0, 16 * n, 96, 16 * n + 16)).tobytes(), (96, 16)) for n in range(6)
    }
    shown = b"".join(b"q 96 0 0 16 30 %d cm /S%d Do Q " % (180 - 16 * n, n) for n in range(6))
    page = page_with({f"S{n}": 10 + n for n in range(6)}, contents=5)
    with pytest.raises(UnsupportedError, match="several images"):
        covered(made(page | strips | {5: pdf_stream("", shown)}), "page-1-mosaic-1")


XMP = b"<x><xmpGImg:image>" + base64.b64encode(JPEG * 2) + b"</xmpGImg:image><dc:title>kept</dc:title></x>"


def test_copies_of_what_is_covered_go() -> None:
    """Thumbnails, alternates, pictures in metadata, earlier revisions and objects that nothing uses are not written."""
    old, marked = pdf_image(RAW[::-1], SIZE), pdf_image(RAW[::-1], (32, 48), more="/X(unused)")
    objects = page_with({"I": 4}, more="/Thumb 5 0 R") | {
        1: b"<</Type/Catalog/Pages 2 0 R/Metadata 7 0 R>>",
        4: old,
        5: pdf_image(GREY.tobytes(), SIZE, "/DeviceGray"),
        6: pdf_image(GREY.tobytes()[::-1], SIZE, "/DeviceGray"),
        7: pdf_stream("/Type/Metadata/Subtype/XML", XMP),
        9: marked,
    }
    data = updated_pdf(made(objects), {4: pdf_image(RAW, SIZE, more="/Alternates[<</Image 6 0 R>>]")})
    assert any(name.startswith("revision-1/") for name in parts_of(data))
    result = covered(data, "page-1-image-1.")
    assert [name.rpartition(".")[0] for name in parts_of(result)] == ["page-1-image-1"]
    assert b"(unused)" not in result
    assert result.count(b"%%EOF") == 1
    opened = pikepdf.open(io.BytesIO(result))
    assert b"kept" in opened.Root.Metadata.read_bytes()
    assert "/Thumb" not in opened.pages[0].obj


def test_a_picture_in_metadata_that_cannot_be_taken_out_is_refused() -> None:
    """Metadata that hold a picture as bytes would keep a copy."""
    objects = page_with({"I": 4}) | {
        1: b"<</Type/Catalog/Pages 2 0 R/Metadata 7 0 R>>",
        4: KINDS["RGB"],
        7: pdf_stream("/Type/Metadata/Subtype/XML", b"<x>" + JPEG + b"</x>"),
    }
    with pytest.raises(UnsupportedError, match="metadata"):
        covered(made(objects), "page-1-image-1.")


def test_what_is_due_only_in_a_revision_goes_with_it() -> None:
    """Nothing of the last state changes when the picture was replaced before."""
    data = updated_pdf(alone(pdf_image(RAW[::-1], SIZE)), {4: KINDS["RGB"]})
    name = named(data, "revision-1/")
    result = rewrite(data, {name}, lambda _: pytest.fail("nothing is to be changed"), LIMITS)
    assert (pixels(result) == pixels(data)).all()
    assert not [each for each in parts_of(result) if each.startswith("revision")]


def test_what_stands_around_the_document_stays_unless_it_is_due() -> None:
    """Bytes before the header and behind the end are kept, a picture there goes."""
    data = alone(KINDS["RGB"]) + JPEG
    assert covered(data, "page-1-image-1.").endswith(JPEG)
    result = rewrite(data, {"behind-1"}, lambda _: Change(), LIMITS)
    assert JPEG not in result
    assert (pixels(result) == pixels(data)).all()


def attached(content: bytes) -> bytes:
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return made(
        page_with()
        | {
            1: b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles<</Names[(a)8 0 R]>>>>>>",
            8: b"<</Type/Filespec/F(a.png)/EF<</F 9 0 R>>>>",
            9: pdf_stream(f"/Type/EmbeddedFile/Params<</Size {len(content)}/CheckSum<{md5}>>>", content),
        }
    )


@pytest.mark.parametrize("new", [b"something else", None])
def test_an_attachment_gets_its_new_content_with_size_and_digest(new: bytes | None) -> None:
    """An attachment of which nothing stays is empty; what the file says of it is true."""
    result = rewrite(attached(JPEG), {"attachment-a.png"}, lambda _: Change(new), LIMITS)
    with pikepdf.open(io.BytesIO(result)) as opened:
        stream = next(iter(opened.attachments.values())).get_file()
        assert stream.read_bytes() == (new or b"")
        assert stream.obj.Params.Size == len(new or b"")
        assert bytes(stream.obj.Params.CheckSum) == hashlib.md5(new or b"", usedforsecurity=False).digest()


FORM = [b"<xdp><a/>", b"<image>" + base64.b64encode(JPEG) + b"</image>", b"</xdp>"]


def dynamic() -> bytes:
    form = b"<</Fields[]/XFA[(p)10 0 R(t)11 0 R(e)12 0 R]>>"
    pieces = {10 + n: pdf_stream("", piece) for n, piece in enumerate(FORM)}
    return made(page_with() | {1: b"<</Type/Catalog/Pages 2 0 R/AcroForm 9 0 R>>", 9: form} | pieces)


def test_a_form_loses_a_picture_in_the_piece_that_has_it() -> None:
    """Of a dynamic form only the piece changes in which something was due."""
    new = b"".join(FORM).replace(base64.b64encode(JPEG), b"")
    result = rewrite(dynamic(), {"form.xml"}, lambda _: Change(new), LIMITS)
    with pikepdf.open(io.BytesIO(result)) as opened:
        pieces = [bytes(each.read_bytes()) for each in list(opened.Root.AcroForm.XFA)[1::2]]
    assert pieces == [FORM[0], b"<image></image>", FORM[2]]


def test_a_form_that_changes_in_two_pieces_is_refused() -> None:
    """Nothing tells then where one piece would end."""
    new = b"".join(FORM).replace(b"<a/>", b"<b/>").replace(base64.b64encode(JPEG), b"")
    with pytest.raises(UnsupportedError, match="several"):
        rewrite(dynamic(), {"form.xml"}, lambda _: Change(new), LIMITS)


def graph(data: bytes, password: str = "") -> Any:
    """Return all that a PDF says, from its trailer on, without numbers of objects and without images' data."""
    order: dict[tuple[int, int], int] = {}

    def value(obj: Any) -> Any:
        if not isinstance(obj, pikepdf.Object):
            return repr(obj)
        if obj.is_indirect:
            if obj.objgen in order:
                return order[obj.objgen]
            order[obj.objgen] = len(order)
        if isinstance(obj, pikepdf.Array):
            return [value(each) for each in obj]
        if isinstance(obj, pikepdf.Dictionary | pikepdf.Stream):
            is_image = obj.get("/Subtype") == "/Image"
            skipped = {"/Length", "/Size", "/ID", "/Encrypt", "/Prev"} | (
                {"/Filter", "/DecodeParms"} if is_image else set()
            )
            said = {key: value(each) for key, each in sorted(obj.items()) if key not in skipped}
            if isinstance(obj, pikepdf.Stream) and not is_image:
                said["data"] = bytes(obj.read_bytes()) if password else bytes(obj.read_raw_bytes())
            return said
        return obj.unparse(resolved=True)

    with pikepdf.open(io.BytesIO(data), password=password, inherit_page_attributes=False) as opened:
        return value(opened.trailer)


def document() -> bytes:
    """Return two pages with text, a font, bookmarks, a form with a field, an annotation and facts about the file."""
    objects = page_with({"I": 4}, contents=5, more="/Annots[12 0 R]") | {
        1: b"<</Type/Catalog/Pages 2 0 R/Outlines 9 0 R/AcroForm<</Fields[12 0 R]>>/Lang(zh-CN)/Metadata 14 0 R>>",
        2: b"<</Type/Pages/Kids[6 0 R 3 0 R]/Count 2/Rotate 90>>",
        4: KINDS["RGB"],
        5: pdf_stream("/Filter/FlateDecode", zlib.compress(b"BT /F 9 Tf (words) Tj ET /I Do", 1)),
        6: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 7 0 R/Resources<</Font<</F 8 0 R>>>>>>",
        7: pdf_stream("/Filter/ASCIIHexDecode", b"42 54 20 45 54>"),
        8: b"<</Type/Font/Subtype/TrueType/BaseFont/X/FontDescriptor<</FontFile2 13 0 R>>>>",
        9: b"<</Type/Outlines/First 10 0 R/Last 10 0 R/Count 1>>",
        10: b"<</Title(first)/Parent 9 0 R/Dest[6 0 R/Fit]>>",
        11: b"<</Title(a title)/Producer(a program)/CreationDate(D:20200101)>>",
        12: b"<</Type/Annot/Subtype/Widget/FT/Tx/T(name)/V(kept)/Rect[0 0 9 9]/P 3 0 R>>",
        13: pdf_stream("/Length1 40", b"\0\1\0\0" * 10),
        14: pdf_stream("/Type/Metadata/Subtype/XML", b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>kept</x:xmpmeta>"),
    }
    return made(objects, trailer="/Info 11 0 R/ID[<01>(02)]")


def test_everything_else_is_as_it_was() -> None:
    """Pages, their order, words, fonts, bookmarks, forms, facts and metadata come out with the same values and bytes."""
    data = document()
    result = covered(data, "page-2-image-1.")
    assert graph(result) == graph(data)


def encrypted(**settings: Any) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(document())) as opened:
        opened.save(out, encryption=pikepdf.Encryption(owner="own", user="use", **settings))
    return out.getvalue()


LOCKS: dict[str, dict[str, Any]] = {
    "AES of 256 bits": {"R": 6, "allow": pikepdf.Permissions(extract=False)},
    "AES of 128 bits": {"R": 4},
    "RC4": {"R": 3, "aes": False, "metadata": False},
}


@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.parametrize("known", ["own", "use"])
def test_an_encrypted_file_stays_encrypted(lock: str, known: str) -> None:
    """Both passwords open the result as before, with the same permissions; none does not."""
    data = encrypted(**LOCKS[lock])
    passwords: Callable[[], tuple[str, ...]] = lambda: ("wrong", known)  # noqa: E731
    names = [part.name for part in pdf.parts(data, LIMITS, passwords)]
    assert names == ["page-2-image-1.ppm"]
    result = rewrite(data, names, lambda _: Change(boxes=(BOX,)), LIMITS, passwords)
    with pytest.raises(EncryptedError):
        rewrite(result, names, lambda _: Change(boxes=(BOX,)), LIMITS)
    for password in ("own", "use"):
        assert graph(result, password) == graph(data, password)
        with (
            pikepdf.open(io.BytesIO(result), password=password) as new,
            pikepdf.open(io.BytesIO(data), password=password) as old,
        ):
            assert (new.encryption.R, new.allow) == (old.encryption.R, old.allow)
    assert rewrite(result, names, lambda _: Change(boxes=(BOX,)), LIMITS, passwords) == result


DEEP = saved(Image.fromarray(np.asarray(GREY, np.uint16) * 257), "JPEG2000")
REFUSED = {
    "a name that is not there": (alone(KINDS["RGB"]), "page-9-image-1.ppm", FormatError),
    "JPEG 2000 of 16 bits": (
        alone(pdf_image(DEEP, SIZE, "/DeviceGray", more="/Filter/JPXDecode")),
        "page-1-image-1.jp2",
        UnsupportedError,
    ),
    "JPEG 2000 with alpha": (
        alone(pdf_image(saved(photo().convert("RGBA"), "JPEG2000"), SIZE, "", more="/Filter/JPXDecode")),
        "page-1-image-1.jp2",
        UnsupportedError,
    ),
    "JPEG 2000 of a palette's numbers": (
        alone(
            pdf_image(
                saved(GREY, "JPEG2000"),
                SIZE,
                f"[/Indexed/DeviceRGB 199 <{COLOURS.hex()}>]",
                more="/Filter/JPXDecode",
            )
        ),
        "page-1-image-1.jp2",
        UnsupportedError,
    ),
    "an image that is cut": (alone(pdf_image(RAW[:2000], SIZE)), "page-1-image-1", FormatError),
    "a damaged file": (alone(KINDS["RGB"])[60:], "page-1-image-1.ppm", FormatError),
    "no PDF": (b"hello", "page-1-image-1.ppm", FormatError),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_changed_alone_is_refused(case: str) -> None:
    """A part that would lose something else is an error, and so is one that is not there."""
    data, name, error = REFUSED[case]
    with pytest.raises(error):
        rewrite(data, {name}, lambda _: Change(boxes=(BOX,)), LIMITS)


def test_a_box_beside_the_image_is_refused() -> None:
    """It is another image than the one that was looked at."""
    data = alone(KINDS["RGB"])
    with pytest.raises(FormatError, match="no box"):
        rewrite(data, {"page-1-image-1.ppm"}, lambda _: Change(boxes=(PageBox(None, 900, 9, 5, 5),)), LIMITS)


def test_limits_hold() -> None:
    """An image larger than the limits is refused."""
    data = alone(KINDS["RGB"])
    with pytest.raises(LimitExceededError):
        rewrite(data, {"page-1-image-1"}, lambda _: Change(), Limits(picture_pixels=9))
