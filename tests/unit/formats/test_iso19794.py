"""The readers of ISO/IEC 19794 and ANSI/INCITS records."""

from __future__ import annotations

import json
import struct

import pytest

from efface.errors import FormatError
from efface.formats import iso19794_2, iso19794_4, iso19794_5, iso19794_6, iso19794_family
from efface.testing.records import (
    ansi_minutiae_record,
    face_image_record,
    finger_image_record,
    finger_minutiae_record,
    iris_image_record,
    other_part_record,
)


def put(data, offset, value):
    return data[:offset] + value + data[offset + len(value) :]


SOUND = {
    "finger minutiae, ISO 2005": (iso19794_2, finger_minutiae_record(), "ISO/IEC 19794-2:2005", 2, 24),
    "finger minutiae, ISO 2011": (
        iso19794_2,
        finger_minutiae_record(year=2011),
        "ISO/IEC 19794-2:2011",
        2,
        24,
    ),
    "finger minutiae, ANSI 2004": (iso19794_2, ansi_minutiae_record(), "ANSI/INCITS 378-2004", 1, 24),
    "finger minutiae, ANSI 2009": (
        iso19794_2,
        ansi_minutiae_record(version=b"030"),
        "ANSI/INCITS 378-2009",
        1,
        24,
    ),
    "finger minutiae, amended": (
        iso19794_2,
        ansi_minutiae_record(version=b"035"),
        "ANSI/INCITS 378-2009/Am1",
        1,
        24,
    ),
    "finger image, ISO 2005": (iso19794_4, finger_image_record(), "ISO/IEC 19794-4:2005", 1, 0),
    "finger image, ANSI 2004": (iso19794_4, finger_image_record(ansi=True), "ANSI/INCITS 381-2004", 1, 0),
    "finger image, ISO 2011": (iso19794_4, finger_image_record(year=2011), "ISO/IEC 19794-4:2011", 1, 0),
    "three faces, ISO 2005": (iso19794_5, face_image_record(faces=3), "ISO/IEC 19794-5:2005", 3, 1),
    "two faces, ISO 2011": (iso19794_5, face_image_record(faces=2, year=2011), "ISO/IEC 19794-5:2011", 2, 1),
    "iris, ISO 2005": (iso19794_6, iris_image_record(), "ISO/IEC 19794-6:2005", 1, 0),
    "iris, ISO 2011": (iso19794_6, iris_image_record(year=2011), "ISO/IEC 19794-6:2011", 1, 0),
}


@pytest.mark.parametrize("case", SOUND.values(), ids=SOUND.keys())
def test_a_sound_record_is_walked_to_its_end(case):
    """The walk gives the edition, every view and its number of points, and ends with the record."""
    module, data, standard, views, points = case
    found = module.parse(data + b"after the record")
    assert (found.standard, found.end, len(found.views)) == (standard, len(data), views)
    assert all(view.points == points for view in found.views)


@pytest.mark.parametrize("case", SOUND.values(), ids=SOUND.keys())
def test_a_view_tells_where_its_content_lies(case):
    """The place of each picture lies inside the record and begins with the picture's own marker."""
    module, data, *_ = case
    for view in module.parse(data).views:
        assert 0 < view.offset < view.offset + view.size_bytes <= len(data)
        assert iso19794_family.image_encoding(data[view.offset : view.offset + 8]) in {view.encoding, "raw"}


@pytest.mark.parametrize("case", SOUND.values(), ids=SOUND.keys())
def test_a_record_cut_anywhere_is_refused_by_the_strict_reader(case):
    """A record without its end does not parse, wherever it was cut."""
    module, data, *_ = case
    for end in range(0, len(data) - iso19794_family.TOLERANCE_BYTES - 1, max(1, len(data) // 40)):
        with pytest.raises(FormatError):
            module.parse(data[:end])


@pytest.mark.parametrize("case", SOUND.values(), ids=SOUND.keys())
def test_a_record_cut_in_half_is_still_found_and_marked(case):
    """Half a record of a person is found by its header, with an exactness of 0.5."""
    module, data, standard, *_ = case
    (record,) = module.find(b"\0" * 9 + data[: len(data) // 2])
    assert (record.offset, record.exactness, record.standard) == (9, 0.5, standard)
    assert ("cut_short", "yes") in record.notes


ISO, FACE, IRIS = finger_minutiae_record(), face_image_record(), iris_image_record()
REFUSED = {
    "another magic": (iso19794_2, b"XMR" + ISO[3:]),
    "an unknown version": (iso19794_2, put(ISO, 4, b"077")),
    "no view": (iso19794_2, put(ISO, 22, b"\0")),
    "a reserved byte in use": (iso19794_2, put(ISO, 23, b"\1")),
    "a resolution below any scanner": (iso19794_2, put(ISO, 18, b"\0\x50")),
    "an image of no width": (iso19794_2, put(ISO, 14, b"\0\0")),
    "a length nine bytes too long": (iso19794_2, put(ISO, 8, struct.pack(">I", len(ISO) + 9))),
    "a finger that nobody has": (iso19794_2, put(ISO, 24, b"\xc8")),
    "a quality between the scores": (iso19794_2, put(ISO, 26, b"\xc8")),
    "extended data past the end": (iso19794_2, put(ISO, len(ISO) - 2, b"\xff\xff")),
    "a certification flag of 7": (iso19794_2, put(finger_minutiae_record(year=2011), 14, b"\7")),
    "minutiae of four bytes": (iso19794_2, put(finger_minutiae_record(year=2011), 51, b"\x40")),
    "impossible scale units": (iso19794_4, put(finger_image_record(), 19, b"\x09")),
    "a depth of 99 bits": (iso19794_4, put(finger_image_record(), 28, b"\x63")),
    "a face block of no length": (iso19794_5, put(FACE, 14, bytes(4))),
    "no face": (iso19794_5, put(FACE, 12, b"\0\0")),
    "more landmarks than the block holds": (iso19794_5, put(FACE, 18, b"\xff\xff")),
    "an unknown face edition": (iso19794_5, put(FACE, 4, b"099")),
    "an iris header of 44 bytes": (iso19794_6, put(IRIS, 15, b"\0\x2c")),
    "three eyes": (iso19794_6, put(IRIS, 14, b"\3")),
    "an iris picture past the end": (iso19794_6, put(IRIS, 55, b"\x7f\xff\xff\xff")),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_an_unsound_record_is_refused(case):
    """One impossible value is enough for the strict reader to refuse the record."""
    module, data = case
    with pytest.raises(FormatError):
        module.parse(data)


@pytest.mark.parametrize("difference", [-8, -2, 1, 8])
def test_a_length_that_is_off_by_a_little_is_tolerated(difference):
    """Published samples and devices write lengths that differ by some bytes; the walk decides."""
    data = put(ISO, 8, struct.pack(">I", len(ISO) + difference))
    assert iso19794_2.parse(data).end == len(ISO)


@pytest.mark.parametrize("identifier", [b"FSP", b"FSK", b"SDI", b"VIR", b"HND", b"SPD", b"VDI", b"DNA"])
def test_other_parts_are_found_by_magic_and_length(identifier):
    """The parts without a reader are found with less exactness, and not when their length does not fit."""
    data = other_part_record(identifier=identifier)
    (record,) = iso19794_family.find(data)
    assert (record.size_bytes, record.exactness) == (len(data), 0.6)
    assert not list(iso19794_family.find(put(data, 8, b"\x7f\0\0\0")))


SAMPLES = ("ansi378v2004", "ansi378v2009", "ansi378v2009am1", "iso19794p2v2005", "iso19794p2v2011")


@pytest.mark.parametrize("name", SAMPLES)
def test_real_minutiae_records_agree_with_their_decoded_truth(shared_data, name):
    """Views, positions in order, minutiae, sizes, resolutions and qualities are what the decoded truth says."""
    folder = shared_data / "records" / "fingerprintio"
    truth = json.loads((folder / f"{name}-sample.json").read_text())
    found = iso19794_2.parse((folder / f"{name}-sample.dat").read_bytes())
    assert len(found.views) == len(truth["fingerprints"])
    for view, expected in zip(found.views, truth["fingerprints"], strict=True):
        outer = truth | expected
        assert view.points == len(expected["minutiae"])
        sizes = (view.width, view.height, view.resolution_x, view.resolution_y)
        assert sizes == tuple(outer[key] for key in ("width", "height", "resolutionX", "resolutionY"))
        assert view.quality == (expected["qrecords"][0] if "qrecords" in expected else expected)["quality"]
        assert {"RIGHT_INDEX": 2, "LEFT_INDEX": 7}[expected["position"]] == view.position


def test_a_real_face_record_tells_where_its_picture_lies(shared_data):
    """The face record of a dog is a face record: its JPEG lies where the walk says."""
    data = (shared_data / "records" / "libbiomeval" / "face01.iso2005").read_bytes()
    (view,) = iso19794_5.parse(data).views
    assert (view.width, view.height, view.points, view.encoding) == (280, 320, 4, "jpeg")
    assert data[view.offset : view.offset + 2] == b"\xff\xd8"
