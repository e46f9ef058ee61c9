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
    "a photo beside pickled encodings": (("anna.jpg", "x"), ("encodings.pickle",), Level.ENROLLED),
    "a photo in a folder of the store of deepface": (
        ("anna.jpg", "x"),
        ("ds_model_vggface_detector_opencv.pkl",),
        Level.ENROLLED,
    ),
    "a file named by its pin in a store of a time clock": (("9001.jpg", "biophoto"), (), Level.ENROLLED),
    "a first name in a store of faces": (("anna.jpg", "known_faces"), (), Level.ENROLLED),
    "a folder in the store of Frigate": (
        ("a-12.webp", "anna", "faces", "clips"),
        ("b.webp",),
        Level.ENROLLED,
    ),
    "the training folder of Frigate": (("a-12.webp", "train", "faces", "clips"), ("b.webp",), Level.LINKED),
    "a photo from a camera in a store of faces": (("IMG_0001.jpg", "known_faces"), (), Level.LINKED),
    "a folder of an identity number": (("1.jpg", "11010519491231002X"), ("2.jpg",), Level.LINKED),
    "a staff number in a folder of staff": (("1001.jpg", "员工照片"), (), Level.LINKED),
    "a staff number in a folder of anything": (("1001.jpg", "pictures"), (), Level.VISIBLE),
    "a date in a folder of staff": (("20200601.jpg", "staff"), (), Level.VISIBLE),
    "a face of GA/T 1400 beside its feature": (
        ("Data", "SubImageInfoObject", "SubImageList", "FaceObject", "FaceListObject", "a.json"),
        ("Type", "FeatureInfoObject"),
        Level.ENROLLED,
    ),
    "a face of GA/T 1400": (
        ("Data", "SubImageInfoObject", "SubImageList", "FaceObject", "FaceListObject", "a.json"),
        ("Type", "FileFormat"),
        Level.LINKED,
    ),
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


LOOKS = {
    "a scene named after an identity number": (("11010519491231002X.jpg",), False, False, Level.LINKED),
    "a scene named with two words": (("Golden Gate.jpg",), False, False, Level.VISIBLE),
    "a portrait named with two words": (("Anna Berg.jpg",), True, False, Level.LINKED),
    "a scene in a folder of two words": (("1.jpg", "New York"), False, False, Level.VISIBLE),
    "a portrait in a folder of two words": (("1.jpg", "Anna Berg"), True, False, Level.LINKED),
    "a scene in a folder of a camera system": (("a.jpg", "frigate"), False, False, Level.VISIBLE),
    "a portrait in a folder of a camera system": (("a.jpg", "frigate"), True, False, Level.LINKED),
    "a portrait alone": (("IMG_0001.jpg", "x"), True, False, Level.VISIBLE),
    "a crop for a recogniser alone": (("000001.jpg", "x"), True, True, Level.VISIBLE),
    "a crop for a recogniser, named after a person": (("张伟.jpg", "x"), True, True, Level.ENROLLED),
    "a scene in a list of faces": (
        ("Data", "SubImageInfoObject", "SubImageList", "FaceObject"),
        False,
        False,
        Level.VISIBLE,
    ),
}


@pytest.mark.parametrize("case", LOOKS)
def test_pixels_decide_nothing_alone(case: str) -> None:
    """What a picture looks like counts together with names, and never without them."""
    names, portrait, aligned, wanted = LOOKS[case]
    assert level_of(Surroundings(names), form=Form.SAMPLE, portrait=portrait, aligned=aligned)[0] is wanted
