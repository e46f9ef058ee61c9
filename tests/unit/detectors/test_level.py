from __future__ import annotations

import pytest

from efface.detectors.level import is_identity_number, level_of
from efface.model import Form, Level, Surroundings

SAMPLES = {
    "a photo of a scene": (("IMG_0001.jpg", "photos"), (), Level.VISIBLE),
    "a photo with a date": (("20200601_140000.jpg", "photos"), (), Level.VISIBLE),
    "a photo with a long number": (("100000000000000000.jpg", "photos"), (), Level.VISIBLE),
    "a product photo": (("杯子.jpg", "商品"), (), Level.VISIBLE),
    "a face in a folder of faces": (("1.jpg", "faces"), ("2.jpg",), Level.VISIBLE),
    "a photo named after an identity number": (("11010519491231002X.jpg", "x"), (), Level.LINKED),
    "a photo named after a name and a number": (("张伟_11010519491231002X.jpg", "x"), (), Level.LINKED),
    "a photo named after a mobile number": (("13800000000.jpg", "x"), (), Level.LINKED),
    "a photo named after a person": (("张伟.jpg", "x"), (), Level.LINKED),
    "a photo in a folder of a person": (("0.jpg", "张伟"), ("1.jpg",), Level.LINKED),
    "a photo beside a name": (("photo", "staff"), ("id", "name"), Level.LINKED),
    "a photo beside a token": (("faceImage", "snaps"), ("faceToken",), Level.LINKED),
    "a photo beside a name and a token": (("faceImage", "snaps"), ("faceToken", "idNumber"), Level.ENROLLED),
    "a photo beside a template": (("photo", "people"), ("face_feature",), Level.ENROLLED),
    "a photo beside a file of its vector": (("9001.jpg", "x"), ("9001.feat",), Level.ENROLLED),
    "a person's folder in a gallery": (("0.jpg", "张伟", "known_faces"), ("1.jpg",), Level.ENROLLED),
}


@pytest.mark.parametrize("case", SAMPLES)
def test_levels_of_samples(case: str) -> None:
    """A sample's level follows from what stands around it."""
    names, siblings, wanted = SAMPLES[case]
    assert level_of(Surroundings(names, siblings), form=Form.SAMPLE)[0] is wanted


@pytest.mark.parametrize("form", [Form.TEMPLATE, Form.REFERENCE_DATABASE])
def test_templates_are_enrolled(form: Form) -> None:
    """A template is enrolled by itself."""
    assert level_of(Surroundings(("x",)), form=form)[0] is Level.ENROLLED


def test_fields_that_name_a_person() -> None:
    """A field for a person's name beside a photo links it."""
    assert level_of(Surroundings(("photo",), ("姓名",)), form=Form.SAMPLE)[0] is Level.LINKED


def test_clues_name_no_person() -> None:
    """No clue holds the name or the number of a person."""
    _, clues = level_of(Surroundings(("张伟_11010519491231002X.jpg", "李强")), form=Form.SAMPLE)
    assert "张伟" not in repr(clues)
    assert "1101" not in repr(clues)


NUMBERS = {
    "11010519491231002X": True,
    "11010519491231002x": True,
    "110105194912310021": False,
    "01010519491231002X": False,
    "1101051949123100": False,
    "": False,
    "１１０１０５１９４９１２３１００２X": False,
}


@pytest.mark.parametrize("number", NUMBERS)
def test_identity_numbers(number: str) -> None:
    """A resident identity number is told by its check digit."""
    assert is_identity_number(number) is NUMBERS[number]
