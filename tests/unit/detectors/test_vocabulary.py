from __future__ import annotations

import pytest

from efface.detectors import vocabulary
from efface.formats.names import is_person_key, person_keys, tokens
from efface.model import Characteristic

TOKENS = {
    "face_feature": ("face", "feature"),
    "faceFeature": ("face", "feature"),
    "FaceFeature1": ("face", "feature", "1"),
    "FACE-FEATURE": ("face", "feature"),
    "pszFaceEigen": ("psz", "face", "eigen"),
    "FPTemplate2": ("fp", "template", "2"),
    "人脸ID": ("人脸", "id"),
    "ｆａｃｅ": ("face",),
    "": (),
}


@pytest.mark.parametrize("name", TOKENS)
def test_tokens(name: str) -> None:
    """A name is split at humps, digits and separators, in compatibility form."""
    assert tokens(name) == TOKENS[name]


TEMPLATES = {
    "face_feature": Characteristic.FACE,
    "faceFeatures": Characteristic.FACE,
    "t_face_encoding_v2": Characteristic.FACE,
    "facedata": Characteristic.FACE,
    "人脸特征值": Characteristic.FACE,
    "员工人脸特征": Characteristic.FACE,
    "rltz": Characteristic.FACE,
    "fingerprintTemplate": Characteristic.FINGERPRINT,
    "指纹模板": Characteristic.FINGERPRINT,
    "voice_print": Characteristic.VOICE,
    "声纹特征": Characteristic.VOICE,
    "iris_code": Characteristic.IRIS,
    "掌静脉": Characteristic.VEIN,
    "步态": Characteristic.GAIT,
    "dna_profile": Characteristic.GENE,
    "DNA编号": Characteristic.GENE,
    "ear_print": Characteristic.EAR,
    "member_fp_r2": Characteristic.FINGERPRINT,
    "bus_iris_info": Characteristic.IRIS,
    "vp_model_url": Characteristic.VOICE,
    "keystroke_profile": Characteristic.OTHER,
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_words_for_templates(name: str) -> None:
    """Names used for templates are known, in English, Chinese and pinyin."""
    match = vocabulary.best([name], "template")
    assert match is not None
    assert match.characteristic is TEMPLATES[name]


OTHER_WORDS = [
    "surface_feature", "interface_data", "typeface", "facet_template", "facade_image", "preface_vector",
    "掌握程度", "设备指纹", "浏览器指纹", "生物", "irlzpx", "gaiters", "palmtree", "earpiece", "smartphone_voice", "", "id",
]  # fmt: skip


@pytest.mark.parametrize("name", OTHER_WORDS)
def test_words_that_only_look_alike(name: str) -> None:
    """A part of a longer word is no word, and Chinese words with other meanings are none."""
    kinds = ("template", "sample", "registry", "store", "mention")
    match = vocabulary.best([name], *kinds)
    assert match is None or match.weight < 0.5


@pytest.mark.parametrize(
    "name",
    [
        "name",
        "realName",
        "id_number",
        "idNumber",
        "mobile",
        "phone_number",
        "姓名",
        "身份证号",
        "工号",
        "sfzh",
        "CustomerName",
        "subject_id",
    ],
)
def test_words_for_persons(name: str) -> None:
    """Fields that name a person are known."""
    assert is_person_key(name)


@pytest.mark.parametrize(
    "name",
    [
        "file_name",
        "filename",
        "table_name",
        "projectName",
        "model_name",
        "deviceId",
        "id",
        "face_id",
        "",
        "pinned",
        "phones_home",
    ],
)
def test_words_for_other_things(name: str) -> None:
    """Names of files, projects and devices name no person."""
    assert not is_person_key(name)


def test_person_keys_keep_their_order() -> None:
    """The fields that name a person come in their order."""
    assert person_keys(["id", "name", "photo", "mobile"]) == ("name", "mobile")
