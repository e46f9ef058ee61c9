"""Decide how closely a finding is tied to a person, by the names around it.

A photo becomes a reference by use and attribution, not by its pixels (ISO/IEC 2382-37, biometric reference):
level 2 needs a link to a person or a place made for recognition, level 3 both, or a template beside it. A
template is always level 3, as it serves nothing else.

Sources: GB 11643-1999 (check digit of resident identity numbers); GB 32100-2015 is not used, as it numbers
organisations; naming of enrolment files by ZKTeco, Frigate, face_recognition and deepface.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from efface.detectors import vocabulary
from efface.formats.names import person_keys
from efface.model import Characteristic, Clue, Form, Level

if TYPE_CHECKING:
    from efface.model import Surroundings

__all__ = ["is_identity_number", "level_of"]

_NEAR = 4  # names that count: of the thing, its table or folder, and two outwards
_MOBILE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")  # numbering plan of the PRC: 11 digits, 13 to 19
_IDENTITY = re.compile(r"(?<!\d)[1-9]\d{16}[\dXx](?![\dXx])")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
_CHINESE_NAME = re.compile(r"[\u4e00-\u9fff]{2,4}")
_LATIN_NAME = re.compile(r"[A-Z][a-z]+[ _][A-Z][a-z]+(?:[ _][A-Z][a-z]+)?")
_SAMPLE = re.compile(
    r"\.(?:jpe?g|png|bmp|webp|pgm|tiff?|hei[cf]|avif|jp2|dcm|mp4|m4v|mov|mkv|webm|avi|dav|ts|wmv|flv|mpe?g)$",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"(?:.*[_\- ])?\(?\d{1,5}\)?", re.DOTALL)
_FEW_SAMPLES = 40  # of one person's folder
_TEMPLATE_FILES = re.compile(r"\.(?:npy|npz|feat|feature|pkl|pickle|emb|vec)$", re.IGNORECASE)


def is_identity_number(text: str) -> bool:
    """Return whether a text is a resident identity number by its check digit (GB 11643-1999, 3.2)."""
    if not _IDENTITY.fullmatch(text):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(text, _WEIGHTS, strict=False))
    return "10X98765432"[total % 11] == text[-1].upper()


def level_of(surroundings: Surroundings, *, form: Form) -> tuple[Level, tuple[Clue, ...]]:
    """Return how closely data of a form is tied to a person, and why.

    Args:
        surroundings: Names around the data, from the inside out.
        form: A template is enrolled by itself; a sample by what stands around it.

    The clues name fields and kinds of names only, never a person.
    """
    if form in {Form.TEMPLATE, Form.REFERENCE_DATABASE}:
        return Level.ENROLLED, (Clue("form", str(form), 1.0),)
    link, store = _link(surroundings), _store(surroundings)
    clues = tuple(clue for clue in (link, store) if clue)
    if store and (link or store.name == "template_beside"):
        return Level.ENROLLED, clues
    return (Level.LINKED if clues else Level.VISIBLE), clues


def _link(surroundings: Surroundings) -> Clue | None:
    keys = person_keys(surroundings.siblings)
    if keys:
        return Clue("person_key", keys[0], 0.5)
    kind = _named_after(surroundings)
    return Clue("named_after", kind, 0.5) if kind else None


def _named_after(surroundings: Surroundings) -> str:
    names = surroundings.names
    if not names or not _SAMPLE.search(names[0]):
        return ""
    stem = _SAMPLE.sub("", names[0])
    if any(is_identity_number(number) for number in _IDENTITY.findall(stem)):
        return "identity number"
    if _MOBILE.search(stem):
        return "mobile number"
    if _is_person(re.split(r"[_\-\s.(]", stem)[0]) or _LATIN_NAME.fullmatch(stem):
        return "name of a person"
    if len(names) > 1 and _is_folder_of_a_person(names[1], stem, surroundings.siblings):
        return "folder of a person"
    return ""


def _is_person(word: str) -> bool:
    return bool(_CHINESE_NAME.fullmatch(word)) and word[0] in _SURNAMES and not vocabulary.matches(word)


def _is_folder_of_a_person(folder: str, stem: str, siblings: tuple[str, ...]) -> bool:
    if len(siblings) > _FEW_SAMPLES or not (_is_person(folder) or _LATIN_NAME.fullmatch(folder)):
        return False
    return bool(_NUMBERED.fullmatch(stem)) or all(_SAMPLE.search(name) for name in siblings)


def _store(surroundings: Surroundings) -> Clue | None:
    near = surroundings.names[:_NEAR]
    beside = surroundings.siblings
    found = vocabulary.best(beside, "template", characteristic=Characteristic.FACE)
    if found and found.weight > 0.5:
        return Clue("template_beside", found.word, 0.5)
    found = vocabulary.best(near, "store") or vocabulary.best(beside, "registry")
    if found:
        return Clue("recognition_store", found.word, 0.4)
    stem = _SAMPLE.sub("", near[0]) if near else ""
    if any(_TEMPLATE_FILES.search(name) and _TEMPLATE_FILES.sub("", name) == stem for name in beside):
        return Clue("template_beside", "file of the same name", 0.5)
    return None
