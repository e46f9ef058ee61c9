"""Kinds of pictures that Pillow does not open: HEIC, Photoshop, DICOM, raw files, metafiles, cursors."""

from __future__ import annotations

import dataclasses
import io
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from efface.engines import heif, pictures
from efface.errors import FormatError, LimitExceededError, UnsupportedError
from efface.formats import sniff
from efface.model import Gap, GapReason, Limits, Locator, Part, Surroundings
from efface.sources.payloads import BytesPayload
from efface.sources.picture_parts import PictureParts
from efface.testing import pictures as make
from efface.testing.pictures_heif import HeifItem, box, cropped, full_box, grid, hevc_item
from efface.testing.pictures_heif import heif as heif_file


def quarters(width=96, height=64):
    """A picture whose four corners have four colours."""
    picture = Image.new("RGB", (width, height), (200, 30, 30))
    picture.paste((30, 200, 30), (width // 2, 0, width, height // 2))
    picture.paste((30, 30, 200), (0, height // 2, width // 2, height))
    picture.paste((220, 220, 60), (width // 2, height // 2, width, height))
    return picture


BIG, SMALL = quarters(), quarters(48, 32)
PIXELS = np.asarray(BIG)


def near(frame, picture, levels=8):
    return np.abs(frame.pixels.astype(int) - np.asarray(picture)).mean() < levels


def only(data, **options):
    (frame,) = pictures.frames(data, **options)
    return frame


def parts_of(data, name="a"):
    part = Part(Locator.of_file(f"/{name}"), BytesPayload(data), Surroundings((name,)))
    return list(PictureParts().parts(part, sniff.media_type(data), Limits()))


def copies_of(data):
    return {copy.name: copy.data for copy in pictures.copies(data)}


@pytest.fixture(scope="module")
def coded():
    """One large and one small picture as HEVC items, or a loud skip where no encoder is installed."""
    pytest.importorskip("pi_heif", reason="HEIC needs efface[pictures]")
    pytest.importorskip("av", reason="HEIC files are made with PyAV's encoder (efface[video])")
    return hevc_item(BIG), hevc_item(SMALL)


AUXILIARY = full_box(b"auxC", b"urn:mpeg:hevc:2015:auxid:2\0")


def test_a_heic_file_decodes_as_it_is_shown(coded):
    """A HEIC file gives its primary item, whichever item that is."""
    large, small = coded
    data = heif_file({1: small, 2: large}, primary=2)
    assert sniff.media_type(data) == "image/heic"
    assert near(only(data), BIG)
    assert pictures.probe(data).width_px == 96


def test_every_other_item_of_a_heic_file_is_a_picture_of_its_own(coded):
    """Thumbnails, depth maps, hidden items and grids come out under the names of their roles."""
    large, small = coded
    tiles = [hevc_item(BIG.crop((x, 0, x + 48, 64)), hidden=True) for x in (0, 48)]
    items = {
        1: large,
        2: small,
        3: HeifItem(b"hvc1", small.data, (*small.properties, AUXILIARY)),
        4: grid(2, 1, 96, 64),
        5: tiles[0],
        6: tiles[1],
        7: dataclasses.replace(small, hidden=True),
    }
    data = heif_file(items, [(b"thmb", 2, (1,)), (b"auxl", 3, (1,)), (b"dimg", 4, (5, 6))])
    found = copies_of(data)
    # The three small ones are coded alike; the auxiliary one differs by a property.
    assert set(found) >= {"item-thumbnail", "item-auxiliary", "item"}
    for name, size in (("item-thumbnail", (48, 32)), ("item-auxiliary", (48, 32)), ("item", (96, 64))):
        frame = only(found[name])
        assert (frame.width_px, frame.height_px) == size
        assert near(frame, quarters(*size))


def test_what_a_crop_of_a_heic_file_hides_is_seen(coded):
    """A cropped HEIC comes out a second time without its crop, and decodes however small the crop is."""
    large, _ = coded
    for side in (60, 16):
        item = dataclasses.replace(large, properties=(*large.properties, cropped(side, side)))
        data = heif_file({1: item})
        assert list(pictures.frames(data))
        assert near(only(copies_of(data)["item-uncropped"]), BIG)


def test_a_jpeg_item_an_exif_item_and_a_film_of_a_heic_file_are_found(coded):
    """Items that are files, the thumbnail in the Exif item, and a motion photo's film are parts."""
    photo = make.jpeg(SMALL)
    note = make.raw_tiff(quarters(8, 8), b"", sensor_px=(8, 8), note=b"Note" + make.jpeg(BIG))
    items = {
        1: coded[0],
        2: HeifItem(b"jpeg", photo),
        3: HeifItem(b"Exif", (6).to_bytes(4, "big") + b"Exif\0\0" + note),
        4: HeifItem(b"mime", make.jpeg(BIG, quality=50), content_type=b"image/jpeg"),
    }
    found = copies_of(heif_file(items, behind=box(b"mpvd", make.film())))
    assert found["item"] == photo
    assert found["item-file"] == items[4].data
    assert found["motion-photo.mp4"] == make.film()
    assert make.jpeg(BIG) in found.values()


def test_a_sequence_of_pictures_becomes_a_film(coded):
    """A HEIC sequence is handed on as the film that it is, without edits that hide frames."""
    handler = full_box(b"hdlr", bytes(4) + b"pict" + bytes(13))
    track = box(b"trak", box(b"edts", b"") + box(b"mdia", handler))
    data = heif_file({1: coded[0]}, behind=box(b"moov", track))
    film = copies_of(data)["sequence.mp4"]
    assert sniff.media_type(film) == "video/mp4"
    assert b"vide" in film
    assert b"edts" not in film


def test_avif_items_besides_the_primary_are_seen():
    """The alpha plane of an AVIF is an item of its own, and comes out as a picture."""
    picture = BIG.convert("RGBA")
    picture.putalpha(Image.radial_gradient("L").resize(BIG.size))
    out = io.BytesIO()
    picture.save(out, "AVIF")
    found = copies_of(out.getvalue())
    assert only(found["item-opacity"]).pixels.shape == (64, 96, 3)


def test_without_the_extra_heic_says_what_to_install(monkeypatch):
    """Where pi_heif is missing, a HEIC is an unsupported kind that names the extra."""
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    data = heif_file({1: HeifItem(b"hvc1", b"data")})
    with pytest.raises(UnsupportedError, match=r"efface\[pictures\]"):
        list(pictures.frames(data))


def test_without_the_extra_dicom_says_what_to_install(monkeypatch):
    """Where pydicom is missing, a DICOM file is an unsupported kind that names the extra."""
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(UnsupportedError, match=r"efface\[pictures\]"):
        list(pictures.frames(bytes(128) + b"DICM" + bytes(100)))


@pytest.mark.parametrize("kind", [b"avc1", b"j2k1", b"vvc1", b"zzzz"])
def test_a_rare_coding_in_a_heif_file_is_unsupported(kind):
    """A HEIF file of a coding that is not decoded is a gap, not an empty picture."""
    with pytest.raises(UnsupportedError):
        list(heif.frames(heif_file({1: HeifItem(kind, b"data")}, brand=b"mif1"), Limits()))


def test_a_broken_heif_file_is_refused(coded):
    """Half a HEIC file is a format error."""
    data = heif_file({1: coded[0]})
    with pytest.raises(FormatError):
        list(pictures.frames(data[: len(data) - len(coded[0].data) // 2]))


def test_a_large_heif_picture_is_over_its_limit(coded):
    """The pixel budget holds before a HEIC is decoded."""
    with pytest.raises(LimitExceededError, match="picture_pixels"):
        list(pictures.frames(heif_file({1: coded[0]}), limits=replace(Limits(), picture_pixels=100)))


PHOTOSHOP = {
    "packed": {},
    "raw": {"coding": 0},
    "ZIP": {"coding": 2},
    "ZIP with prediction": {"coding": 3},
    "16 bits": {"depth": 16},
    "16 bits, ZIP with prediction": {"depth": 16, "coding": 3},
    "a large document": {"large": True},
}


@pytest.mark.parametrize("variant", PHOTOSHOP)
def test_photoshop_files_give_the_merged_picture_and_every_layer(variant):
    """However a Photoshop file is coded, what is shown and what lies in layers comes out exactly."""
    data = make.photoshop(BIG, [SMALL, BIG.rotate(180)], **PHOTOSHOP[variant])
    merged, first, second = pictures.frames(data)
    np.testing.assert_array_equal(merged.pixels, PIXELS)
    np.testing.assert_array_equal(first.pixels, np.asarray(SMALL))
    np.testing.assert_array_equal(second.pixels, np.asarray(BIG.rotate(180)))
    assert pictures.probe(data).frames == 3


def test_copies_inside_a_photoshop_file_are_found():
    """Thumbnails and files placed in a Photoshop file are parts."""
    bare = bytes(4) + (4).to_bytes(4, "big") * 2 + (12).to_bytes(4, "big") + bytes(12) + bytes([9, 8, 7] * 16)
    resources = make.resource(1036, bytes(28) + make.jpeg(SMALL)) + make.resource(1033, bare)
    found = copies_of(make.photoshop(BIG, resources=resources, linked=b"liFD" + make.jpeg(BIG)))
    assert found["photoshop-thumbnail"] == make.jpeg(SMALL)
    assert only(found["photoshop-thumbnail-2"]).pixels[0, 0].tolist() == [7, 8, 9]
    assert found["placed-picture"] == make.jpeg(BIG)


def test_the_layers_that_photoshop_hides_in_a_tiff_are_seen():
    """A TIFF's private layers come out as pictures of their own."""
    layered = make.photoshop(BIG, [SMALL])
    size = int.from_bytes(layered[38:42], "big")  # behind header, palette, resources and the section's length
    info = layered[42 : 42 + size]
    block = b"Adobe Photoshop Document Data Block\0" + b"8BIMLayr" + len(info).to_bytes(4, "big") + info
    out = io.BytesIO()
    BIG.save(out, "TIFF", tiffinfo={37724: block})
    np.testing.assert_array_equal(only(copies_of(out.getvalue())["tiff-layer"]).pixels, np.asarray(SMALL))


@pytest.mark.parametrize("size", [0, 10, 30, 200, 2000])
def test_a_cut_off_photoshop_file_is_refused(size):
    """A Photoshop file without its end is a format error."""
    with pytest.raises(FormatError):
        list(pictures.frames(b"8BPS" + make.photoshop(BIG, [SMALL])[4 : 4 + size]))


def test_a_photoshop_header_that_lies_is_over_its_limit():
    """Sizes are checked before anything is decoded."""
    data = bytearray(make.photoshop(BIG))
    data[14:22] = b"\0\1\0\0" * 2
    with pytest.raises(LimitExceededError, match="picture_pixels"):
        list(pictures.frames(bytes(data)))


GREY = np.asarray(BIG.convert("L"))
DICOM = {
    "colour": ([PIXELS], {}, PIXELS),
    "grey": ([GREY], {"interpretation": "MONOCHROME2"}, np.stack([GREY] * 3, axis=2)),
    "inverted grey": ([255 - GREY], {"interpretation": "MONOCHROME1"}, np.stack([GREY] * 3, axis=2)),
    "without preamble": ([PIXELS], {"preamble": False}, PIXELS),
}


@pytest.mark.parametrize("variant", DICOM)
def test_dicom_pictures_decode(variant):
    """Native pixels come out as a viewer shows them."""
    pytest.importorskip("pydicom", reason="DICOM needs efface[pictures]")
    frames, options, wanted = DICOM[variant]
    data = make.dicom(frames, **options)
    assert sniff.media_type(data) == "application/dicom"
    np.testing.assert_array_equal(only(data).pixels, wanted)


def test_deep_grey_dicom_is_stretched():
    """Sixteen-bit values without a window are stretched over what occurs; with one they go through it."""
    pytest.importorskip("pydicom", reason="DICOM needs efface[pictures]")
    ramp = np.linspace(1000, 3000, 64 * 96).reshape(64, 96).astype(np.uint16)
    plain = only(make.dicom([ramp], interpretation="MONOCHROME2")).pixels
    assert int(plain[0, 0, 0]) < 5
    assert int(plain[-1, -1, 0]) > 250
    window = {"WindowCenter": "1500", "WindowWidth": "200"}
    shown = only(make.dicom([ramp], interpretation="MONOCHROME2", elements=window)).pixels
    assert (shown > 250).mean() > 0.6


def test_every_dicom_frame_icon_and_document_is_found():
    """All frames are frames; the icon, an encapsulated document and a picture in a private field are parts."""
    pytest.importorskip("pydicom", reason="DICOM needs efface[pictures]")
    icon = np.asarray(SMALL.convert("L"))
    document = b"%PDF-1.7" + bytes(100)
    data = make.dicom([PIXELS, PIXELS[::-1]], icon=icon, elements={"EncapsulatedDocument": document})
    assert [frame.index for frame in pictures.frames(data)] == [0, 1]
    parts = {part.locator.path[-1]: part.payload.read() for part in parts_of(data)}
    assert parts["document"] == document
    np.testing.assert_array_equal(only(parts["icon-image"]).pixels[:, :, 0], icon)


def test_dicom_files_that_lie_are_refused():
    """Sizes that the pixels do not fill, and frames that are not there, end in an error after the good frames."""
    pytest.importorskip("pydicom", reason="DICOM needs efface[pictures]")
    with pytest.raises(LimitExceededError):
        list(pictures.frames(make.dicom([PIXELS]), limits=replace(Limits(), picture_pixels=50)))
    with pytest.raises(FormatError):
        list(pictures.frames(make.dicom([PIXELS], elements={"Rows": 60_000, "Columns": 200})))
    with pytest.raises(FormatError):
        list(pictures.frames(make.dicom([PIXELS])[:300]))
    data = make.dicom([PIXELS] * 4)
    with pytest.raises(LimitExceededError, match="frames"):
        list(pictures.frames(data, limits=replace(Limits(), frames=2)))


def test_a_dicom_file_without_pictures_is_no_gap():
    """A report or a directory in DICOM has no frames and no error."""
    pydicom = pytest.importorskip("pydicom", reason="DICOM needs efface[pictures]")
    main = pydicom.Dataset()
    main.SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.11"
    main.file_meta = pydicom.dataset.FileMetaDataset()
    main.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    out = io.BytesIO()
    main.save_as(out, enforce_file_format=False)
    assert list(pictures.frames(bytes(128) + b"DICM" + out.getvalue())) == []


RAW = {
    "a preview of the sensor's size": (make.raw_tiff(SMALL, make.jpeg(BIG), sensor_px=(98, 66)), False),
    "a small preview": (make.raw_tiff(SMALL, make.jpeg(BIG), sensor_px=(400, 300)), True),
    "a preview in the maker's note": (
        make.raw_tiff(SMALL, b"", sensor_px=(98, 66), note=b"Note" + make.jpeg(BIG)),
        False,
    ),
    "no preview but a thumbnail": (make.raw_tiff(SMALL, b"", sensor_px=(98, 66)), True),
    "directories in a loop": (make.raw_tiff(SMALL, make.jpeg(BIG), sensor_px=(98, 66), loop=True), False),
    "Fujifilm, no preview": (b"FUJIFILMCCD-RAW 0201" + bytes(400), True),
    "Canon, a large preview": (
        box(b"ftyp", b"crx \0\0\0\1crx isom") + box(b"mdat", make.jpeg(quarters(1800, 16))),
        False,
    ),
    "Panasonic, no preview": (b"IIU\0\x08\0\0\0" + bytes(100), True),
}


@pytest.mark.parametrize("case", RAW)
def test_a_raw_file_is_seen_through_its_previews_or_is_one_gap(case):
    """Previews of a raw file are parts; it is one gap where none of them is as large as the sensor."""
    data, missing = RAW[case]
    parts = parts_of(data)
    gaps = [part for part in parts if isinstance(part, Gap)]
    assert [gap.reason for gap in gaps] == [GapReason.UNSUPPORTED] * missing
    for part in parts:
        if isinstance(part, Part):
            assert only(part.payload.read()).pixels.size > 0
    if "FUJI" not in case:
        assert "!/raw-preview" in " ".join(part.locator.uri for part in parts) or not parts or missing


def test_a_raw_file_has_no_frames_of_its_own_and_is_not_repainted():
    """Raw data are not developed as a picture, and no action rewrites them."""
    from efface.engines.repaint import MEDIA_TYPES, repaint

    data = RAW["a preview of the sensor's size"][0]
    assert list(pictures.frames(data)) == []
    assert sniff.media_type(data) == "image/x-adobe-dng"
    assert sniff.media_type(data) not in MEDIA_TYPES
    with pytest.raises(UnsupportedError):
        repaint(data, [], Limits())


@pytest.mark.parametrize("maker", [make.emf, make.wmf])
def test_bitmaps_in_metafiles_are_pictures(maker):
    """A bitmap that a metafile draws comes out pixel by pixel."""
    (part,) = parts_of(maker(BIG))
    np.testing.assert_array_equal(only(part.payload.read()).pixels, PIXELS)


@pytest.mark.parametrize("maker", [make.emf, make.wmf])
def test_a_cut_off_metafile_gives_what_it_holds_or_nothing(maker):
    """A metafile cut off anywhere raises nothing."""
    data = maker(SMALL)
    for size in range(0, len(data), 97):
        list(pictures.copies(data[:size]))


def test_a_cursor_is_read_as_the_icon_that_it_is():
    """A Windows cursor decodes; its hot spot is no size."""
    out = io.BytesIO()
    quarters(32, 32).save(out, "ICO", sizes=[(32, 32)])
    data = bytearray(out.getvalue())
    data[2] = 2
    data[10:14] = b"\x05\0\x06\0"
    assert sniff.media_type(bytes(data)) == "image/vnd.microsoft.icon"
    assert near(only(bytes(data)), quarters(32, 32))
