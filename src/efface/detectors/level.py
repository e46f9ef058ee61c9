"""Decide how closely a finding is tied to a person, by the names around it.

A photo becomes a reference by use and attribution, not by its pixels (ISO/IEC 2382-37, biometric reference):
level 2 needs a link to a person or a place made for recognition, level 3 both, or a template beside it. A
template is always level 3, as it serves nothing else. Pixels alone raise nothing. They hold back what names
alone would say of a picture that is plainly no portrait, where those names are weak (a number, two words with
capitals, a folder of a camera system), and a crop as recognisers take it stands for a place made for them.

Sources: GB 11643-1999 (check digit of resident identity numbers); GB 32100-2015 is not used, as it numbers
organisations; naming of enrolment files by ZKTeco (`<pin>.jpg` in `biophoto`), Frigate (`clips/faces/<name>`),
face_recognition and deepface; GA/T 1400.4 (FaceObject; SubImageInfo of type 11 face, 14 scene).
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from efface.detectors import vocabulary
from efface.formats.names import person_keys, tokens
from efface.model import Characteristic, Clue, Form, Level

if TYPE_CHECKING:
    from efface.model import Surroundings

__all__ = ["is_identity_number", "is_latin_name", "level_of"]

_NEAR = 4  # names that count: of the thing, its table or folder, and two outwards
_MOBILE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")  # numbering plan of the PRC: 11 digits, 13 to 19
_IDENTITY = re.compile(r"(?<!\d)[1-9]\d{16}[\dXx](?![\dXx])")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
_CHINESE_NAME = re.compile(r"[\u4e00-\u9fff]{2,4}")
_LATIN_NAME = re.compile(r"[A-Z][a-z]+[ _][A-Z][a-z]+(?:[ _][A-Z][a-z]+)?")
_OF_PLACES = frozenset(
    {
        "new", "san", "santa", "santo", "saint", "los", "las", "la", "el", "cape", "lake", "mount", "fort", "port",
        "north", "south", "east", "west", "hong", "grand", "great", "golden", "black", "white", "upper", "lower",
    }
)  # fmt: skip
_SAMPLE = re.compile(
    r"\.(?:jpe?g|png|bmp|webp|pgm|tiff?|hei[cf]|avif|jp2|dcm|mp4|m4v|mov|mkv|webm|avi|dav|ts|wmv|flv|mpe?g)$",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"(?:.*[_\- ])?\(?\d{1,5}\)?", re.DOTALL)
_FEW_SAMPLES = 40  # of one person's folder
_TEMPLATE_FILES = re.compile(
    r"\.(?:npy|npz|feat|feature|features|pkl|pickle|emb|embedding|vec|fea|ftr)$", re.IGNORECASE
)
_PORTRAIT_TEMPLATE_FILES = re.compile(_TEMPLATE_FILES.pattern[:-2] + r"|bin|dat)$", re.IGNORECASE)
_INDEX = re.compile(
    r"(?:ds_model_.*|representations_.*|(?:known_|face_)?encodings?|embeddings|faces)\.(?:pkl|pickle|npz|npy|db)"
    r"|.*\.faiss|IxMp.*",
    re.IGNORECASE,
)
_COUNTER = re.compile(r"(?<=[^\W_])[_\- .(]+\(?\d{1,3}\)?$")
_STAFF_NUMBER = re.compile(r"[A-Za-z]{0,3}-?\d{2,12}")
_PIN = re.compile(r"[A-Za-z]{0,3}-?\d{1,12}")
_DATE = re.compile(r"(?:19|20)\d\d[-_. ]?(?:0[1-9]|1[0-2])[-_. ]?[0-3]\d")
_FIRST_NAME = re.compile(r"[^\W\d_]{2,20}(?:[ _.\-][^\W\d_]{2,20}){0,3}")
_CAMERA = frozenset(
    {"img", "dsc", "dscn", "image", "photo", "pic", "picture", "face", "frame", "unknown", "test"}
)
_CAMERA_SYSTEMS = frozenset({"frigate"})  # whose other folders hold what its cameras see
_PUSHED = frozenset({"biophoto", "userpic"})  # records of ZKTeco PUSH: photographs to compare with, by PIN
_NO_PERSON = frozenset(
    {"train", "unknown", "stranger", "strangers", "tmp", "thumbs", "thumbnails", "crops", "media", "images"}
)
_STORE_FOLDERS = frozenset(
    {"biophoto", "userpic", "userpics", "fdlib", "facelib", "enrolled", "enrollment", "storagetrain"}
)
_PEOPLE = frozenset(
    {
        "staff", "employee", "employees", "personnel", "student", "students", "member", "members", "visitor",
        "visitors", "worker", "workers", "resident", "residents", "owner", "owners", "customer", "customers",
        "person", "persons", "people", "driver", "drivers", "patient", "patients", "teacher", "teachers", "badges",
    }
)  # fmt: skip
_PEOPLE_CHINESE = (
    *("员工", "职工", "人员", "学生", "教师", "业主", "住户", "访客", "会员", "客户"),
    *("工人", "考勤", "门禁", "工牌", "证件照"),
)


def is_identity_number(text: str) -> bool:
    """Return whether a text is a resident identity number by its check digit (GB 11643-1999, 3.2)."""
    if not _IDENTITY.fullmatch(text):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(text, _WEIGHTS, strict=False))
    return "10X98765432"[total % 11] == text[-1].upper()


def is_latin_name(text: str) -> bool:
    """Return whether a text may be the name of a person: two or three words with capitals, as some places are."""
    return bool(_LATIN_NAME.fullmatch(text)) and re.split("[ _]", text)[0].lower() not in _OF_PLACES


def level_of(
    surroundings: Surroundings, *, form: Form, portrait: bool | None = None, aligned: bool = False
) -> tuple[Level, tuple[Clue, ...]]:
    """Return how closely data of a form is tied to a person, and why.

    Args:
        surroundings: Names around the data, from the inside out.
        form: A template is enrolled by itself; a sample by what stands around it.
        portrait: Whether it is a picture of one face that fills it, as `portrait` measures; None where
            nobody looked.
        aligned: Whether it is a crop in a size and position that recognisers take.

    The clues name fields and kinds of names only, never a person.
    """
    if form in {Form.TEMPLATE, Form.REFERENCE_DATABASE}:
        return Level.ENROLLED, (Clue("form", str(form), 1.0),)
    link, store = _link(surroundings, portrait=portrait), _store(surroundings, portrait=portrait)
    if aligned and link and not store:
        store = Clue("aligned_crop", "size and position that recognisers take", 0.4)
    clues = tuple(clue for clue in (link, store) if clue)
    if store and (link or store.name == "template_beside"):
        return Level.ENROLLED, clues
    return (Level.LINKED if clues else Level.VISIBLE), clues


def _link(surroundings: Surroundings, *, portrait: bool | None) -> Clue | None:
    keys = person_keys(surroundings.siblings)
    if keys:
        return Clue("person_key", keys[0], 0.5)
    names = surroundings.names
    if _is_pushed(names):
        return Clue("person_key", "PIN", 0.5)
    if not names or not _SAMPLE.search(names[0]):
        return None
    stem = _SAMPLE.sub("", names[0])
    kind = _named_after(stem) or _in_folder_of_a_person(surroundings, stem)
    if not kind and portrait is not False:
        kind = _weakly_named_after(surroundings, stem)
    return Clue("named_after", kind, 0.5) if kind else None


def _is_pushed(names: tuple[str, ...]) -> bool:
    return (
        len(names) > 1 and names[0].lower() == "content" and tokens(names[1])[:1] in {(w,) for w in _PUSHED}
    )


def _named_after(stem: str) -> str:
    """Return what of a person a name is, where the name alone says so."""
    if any(is_identity_number(number) for number in _IDENTITY.findall(stem)):
        return "identity number"
    if _MOBILE.search(stem):
        return "mobile number"
    return "name of a person" if _is_person(re.split(r"[_\-\s.(]", stem)[0]) else ""


def _in_folder_of_a_person(surroundings: Surroundings, stem: str) -> str:
    folder = surroundings.names[1] if len(surroundings.names) > 1 else ""
    named = _is_person(folder) or any(is_identity_number(found) for found in _IDENTITY.findall(folder))
    return "folder of a person" if named and _is_of_one(surroundings.siblings, stem) else ""


def _weakly_named_after(surroundings: Surroundings, stem: str) -> str:
    """Return what of a person names may be that may be something else: of a place, of a product."""
    names, siblings = surroundings.names, surroundings.siblings
    folder, outer, outmost = (*names[1:4], "", "", "")[:3]
    if is_latin_name(stem):
        return "name of a person"
    bare = _COUNTER.sub("", stem)
    if _is_of_people(folder) and _is_staff_number(bare):
        return "staff number"
    if _is_store_of_faces(folder, outer) and (_PIN.fullmatch(bare) or _is_first_name(bare)):
        return "file in a store of faces"
    if not _is_of_one(siblings, stem) or folder.lower() in _NO_PERSON:
        return ""
    if is_latin_name(folder) or (_is_of_people(outer) and _is_staff_number(folder)):
        return "folder of a person"
    return "folder in a store of faces" if _is_store_of_faces(outer, outmost) else ""


def _is_of_people(folder: str) -> bool:
    return bool(_PEOPLE.intersection(tokens(folder))) or any(word in folder for word in _PEOPLE_CHINESE)


def _is_staff_number(text: str) -> bool:
    return bool(_STAFF_NUMBER.fullmatch(text)) and not _DATE.fullmatch(text)


def _is_first_name(text: str) -> bool:
    return bool(_FIRST_NAME.fullmatch(text)) and not _CAMERA.intersection(tokens(text))


def _is_person(word: str) -> bool:
    return bool(_CHINESE_NAME.fullmatch(word)) and word[0] in _SURNAMES and not vocabulary.matches(word)


def _is_of_one(siblings: tuple[str, ...], stem: str) -> bool:
    """Return whether a folder may hold the pictures of one person: few, numbered, or nothing else."""
    few = len(siblings) <= _FEW_SAMPLES
    return few and (bool(_NUMBERED.fullmatch(stem)) or all(_SAMPLE.search(name) for name in siblings))


def _is_store_of_faces(folder: str, outer: str) -> bool:
    """Return whether a folder holds one file or folder for each person: it, or it inside another, is named so."""
    word = _store_word((folder,)) or (None if _store_word((outer,)) else _store_word((f"{outer}_{folder}",)))
    return word not in {None, *_CAMERA_SYSTEMS}


def _store_word(names: tuple[str, ...]) -> str | None:
    """Return the word that tells a store of faces, of a name or of two folders one in the other, or None."""
    every = (*names, *(f"{outer}_{inner}" for inner, outer in pairwise(names)))
    found = vocabulary.best(every, "store")
    if found:
        return found.word
    return next((word for name in every if (word := "".join(tokens(name))) in _STORE_FOLDERS), None)


def _store(surroundings: Surroundings, *, portrait: bool | None) -> Clue | None:
    near = surroundings.names[:_NEAR]
    beside = surroundings.siblings
    is_file = bool(near) and bool(_SAMPLE.search(near[0]))
    is_gat = any("".join(tokens(name)) == "faceobject" for name in surroundings.names[: _NEAR + 1])
    templates = _template_beside(surroundings, is_gat=is_gat, portrait=portrait)
    if templates:
        return Clue("template_beside", templates, 0.5)
    registry = vocabulary.best(beside, "registry")
    if registry or _is_pushed(near):
        return Clue("recognition_store", registry.word if registry else "biophoto", 0.4)
    if portrait is False and (is_file or is_gat):
        return None  # a scene in a folder of a camera system, or of type 14
    word = _store_word(near) or ("faceobject" if is_gat else None)
    return Clue("recognition_store", word, 0.4) if word else None


def _template_beside(surroundings: Surroundings, *, is_gat: bool, portrait: bool | None) -> str:
    """Return what of the names beside says that a template of the same face lies there."""
    name, beside = (*surroundings.names[:1], "")[0], surroundings.siblings
    found = vocabulary.best(beside, "template", characteristic=Characteristic.FACE)
    if found and (found.weight > 0.5 or is_gat):
        return found.word
    if _SAMPLE.search(name) and any(_INDEX.fullmatch(other) for other in beside):
        return "index of templates"
    files = _PORTRAIT_TEMPLATE_FILES if portrait else _TEMPLATE_FILES
    stem = _SAMPLE.sub("", name)
    if any(files.search(other) and files.sub("", other) == stem for other in beside):
        return "file of the same name"
    return ""
