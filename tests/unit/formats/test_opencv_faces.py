"""Trained face recognisers of OpenCV: each file is a store of templates of so many people."""

from __future__ import annotations

import pytest

from efface.examine import Examiner
from efface.formats import opencv_faces, sniff
from efface.model import Characteristic, Finding, Form, Gap, Limits, Locator, Mode, Part, Surroundings
from efface.sources.payloads import BytesPayload
from efface.testing import records

LAYOUTS = ["yaml", "xml", "json"]
OLD = b"%YAML:1.0\nthreshold: 1.7976931348623157e+308\nradius: 1\nneighbors: 8\nhistograms:\n"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_recogniser_is_one_finding_of_its_people(layout: str) -> None:
    """Whatever its layout, it is templates of faces, of as many people as it has labels."""
    part = Part(
        Locator.of_file("/t/trainer.yml"),
        BytesPayload(records.opencv_faces(layout=layout)),
        Surroundings(("x",)),
    )
    results = list(Examiner(Mode.STANDARD, Limits()).examine(part))
    (found,) = [each for each in results if isinstance(each, Finding)]
    assert (found.form, found.characteristic, found.references) == (Form.TEMPLATE, Characteristic.FACE, 3)
    assert found.confidence > 0.9
    assert not [each for each in results if isinstance(each, Gap)]


def test_a_recogniser_of_the_second_version_is_known_by_its_settings() -> None:
    """Before version 3 no name stood at the beginning."""
    (found,) = opencv_faces.find(OLD + records.opencv_faces()[80:])
    assert dict(found.notes)["subjects"] == "3"


def test_a_recogniser_cut_off_is_known_less_surely() -> None:
    """Its labels stand at the end; without them nobody counts people."""
    (found,) = opencv_faces.find(records.opencv_faces()[:3_000])
    assert found.exactness == 0.5
    assert "subjects" not in dict(found.notes)


@pytest.mark.parametrize(
    "data",
    [
        b"%YAML:1.0\n---\ncamera_matrix: !!opencv-matrix\n   rows: 3\n",
        b'<?xml version="1.0"?>\n<opencv_storage>\n<cascade type_id="opencv-cascade-classifier">',
        b"# opencv_lbphfaces: see the manual\n",
        b'{"threshold": 1, "radius": 2}',
    ],
    ids=["a calibration", "a cascade", "a mention", "other settings"],
)
def test_other_files_are_left_alone(data: bytes) -> None:
    """Other things that OpenCV writes, and other texts, are no store of faces."""
    assert not list(opencv_faces.find(data))
    assert sniff.media_type(data) != sniff.BIOMETRIC_RECORD
