"""Findings seen together: galleries, tables of templates, archives; and what is none of these."""

from __future__ import annotations

import random

import pytest

from efface.model import Box, Characteristic, Clue, Finding, Form, Level, Locator
from efface.report.marks import GroupKind
from efface.runs.groups import groups

PORTRAIT, SCENE = ("112", "160x160"), ("40", "1920x1080")


def face(path, *, box=0, look=PORTRAIT, clues=(), outer=()) -> Finding:
    place = Locator("file", (*outer, path)).at_box(Box(box, 1, 20, 20))
    seen = (Clue("face_px", look[0]), Clue("picture_px", look[1]), *clues)
    return Finding("face-image@1", Form.SAMPLE, Characteristic.FACE, place, 0.9, 1, Level.VISIBLE, seen)


def cells(fragment, people, *, path="/srv/crm.sqlite", form=Form.TEMPLATE, clues=(), scheme="file"):
    place = Locator(scheme, (path,), fragment)
    kind = Characteristic.FACE if form is not Form.FEATURES else Characteristic.UNKNOWN
    return Finding("face-template@1", form, kind, place, 0.9, people, Level.ENROLLED, clues)


def template(path) -> Finding:
    return Finding(
        "biometric-record@1", Form.TEMPLATE, Characteristic.FINGERPRINT, Locator("file", (path,)), 0.9
    )


def vector(path) -> Finding:
    return Finding("face-template@1", Form.FEATURES, Characteristic.UNKNOWN, Locator("file", (path,)), 0.5)


def seen(findings):
    return [(g.place.uri.removeprefix("file://"), g.kind, g.people, g.system) for g in groups(findings)]


PERSON = (Clue("named_after", "identity number", 0.5),)
IN_STORE = (Clue("recognition_store", "x", 0.4),)
IS_PORTRAIT = (Clue("portrait", "face 60% of the height", 0.1),)
BY_NAME = (Clue("named_after", "name of a person", 0.5),)
OF_FOLDER = (Clue("named_after", "folder of a person", 0.5),)
KEY = (Clue("person_key", "user_id", 0.5),)
NAMES = ("Anna Berg", "Bao Li", "Carl Diaz", "Dana Eder")
FOUND = {
    "a folder for each person": (
        [face(f"/g/{name}/{n}.jpg") for name in NAMES for n in range(5)],
        ("/g", GroupKind.GALLERY, 4, ""),
    ),
    "a folder for each staff number": (
        [face(f"/g/{1000 + p}/{n}.jpg") for p in range(40) for n in range(3)],
        ("/g", GroupKind.GALLERY, 40, ""),
    ),
    "the faces of Frigate, its training folder aside": (
        [
            face(f"/m/clips/faces/{name}/{n}.webp")
            for name in ("anna", "bo", "carl", "train")
            for n in range(3)
        ],
        ("/m/clips/faces", GroupKind.GALLERY, 3, "Frigate"),
    ),
    "files named after persons": (
        [face(f"/p/{n}.jpg", clues=PERSON) for n in range(12)],
        ("/p", GroupKind.GALLERY, 12, ""),
    ),
    "two pictures of each person in one folder": (
        [face(f"/p/{1000 + p}_{n}.jpg", clues=PERSON) for p in range(6) for n in (1, 2)],
        ("/p", GroupKind.GALLERY, 6, ""),
    ),
    "portraits of one size, named by number": (
        [face(f"/p/{9000 + n}.jpg") for n in range(12)],
        ("/p", GroupKind.GALLERY, 12, ""),
    ),
    "portraits with templates beside them": (
        [each for n in "abcdef" for each in (face(f"/p/{n}.jpg"), template(f"/p/{n}.bin"))],
        ("/p", GroupKind.GALLERY, 6, ""),
    ),
    "two photographs of a time clock": (
        [face(f"/z/biophoto/{n}.jpg", clues=IN_STORE) for n in (1, 2)],
        ("/z/biophoto", GroupKind.GALLERY, 2, "ZKTeco"),
    ),
    "one template in the backup of a time clock": (
        [cells("/templates/*/template", 1, path="/z/backup.json")],
        ("/z/backup.json#/templates/*", GroupKind.TEMPLATES, 1, "ZKTeco"),
    ),
    "the log of a time clock": (
        [cells(f"text/{kind}/Tmp", 9, path="/z/log.txt") for kind in ("FP", "BIODATA.9")],
        ("/z/log.txt", GroupKind.TEMPLATES, 9, "ZKTeco"),
    ),
    "snaps beside tokens": (
        [cells("/*/faceImage", 30, path="/s/faceDetectImageDatail.json", form=Form.SAMPLE, clues=IN_STORE)],
        ("/s/faceDetectImageDatail.json#/*", GroupKind.PERSON_PICTURES, 30, "Wangxiaobao"),
    ),
    "staff of a web site by identity number": (
        [face(f"/www/p/{n}.jpg", clues=PERSON) for n in range(12)],
        ("/www/p", GroupKind.GALLERY, 12, ""),
    ),
    "portraits with a few faces behind them": (
        [
            each
            for name in NAMES
            for n in range(5)
            for each in (
                face(f"/g/{name}/{n}.jpg", clues=IS_PORTRAIT),
                *(face(f"/g/{name}/{n}.jpg", box=200, look=("9", "160x160")) for _ in range(n % 2)),
            )
        ],
        ("/g", GroupKind.GALLERY, 4, ""),
    ),
    "a gallery inside an archive": (
        [face(f"d/{n}.jpg", clues=PERSON, outer=("/x.zip",)) for n in range(6)],
        ("/x.zip!/d", GroupKind.GALLERY, 6, ""),
    ),
    "a table with templates": (
        [cells("/main.t/v", 1000, clues=KEY)],
        ("/srv/crm.sqlite#/main.t", GroupKind.TEMPLATES, 1000, ""),
    ),
    "a table with templates from several sides of each face": (
        [cells(f"/main.t/{side}", 320) for side in ("up", "down", "left")],
        ("/srv/crm.sqlite#/main.t", GroupKind.TEMPLATES, 320, ""),
    ),
    "a table of CompreFace": (
        [cells("/public.embedding/embedding", 77, path="h/frs", scheme="postgresql")],
        ("postgresql://h/frs#/public.embedding", GroupKind.TEMPLATES, 77, "CompreFace"),
    ),
    "a store of deepface": (
        [cells("/embedding", 50, path="/db/ds_model_vggface_detector_opencv.pkl")],
        ("/db/ds_model_vggface_detector_opencv.pkl", GroupKind.TEMPLATES, 50, "deepface"),
    ),
    "a dataset of LanceDB": (
        [cells("/*/vector", 300, path="/db/people.lance/data/1.lance")],
        ("/db/people.lance/data/1.lance#/*", GroupKind.TEMPLATES, 300, "LanceDB"),
    ),
    "a table with pictures of persons": (
        [cells("/main.staff/photo", 300, form=Form.SAMPLE, clues=KEY)],
        ("/srv/crm.sqlite#/main.staff", GroupKind.PERSON_PICTURES, 300, ""),
    ),
    "a folder of template files": (
        [template(f"/t/{n}.fmr") for n in "abcd"],
        ("/t", GroupKind.TEMPLATES, 4, ""),
    ),
    "an archive of pictures of any kind": (
        [face(f"d{n}/a.jpg", look=SCENE, outer=("/x.zip",)) for n in range(12)],
        ("/x.zip", GroupKind.ARCHIVE, None, ""),
    ),
}


@pytest.mark.parametrize(("findings", "expected"), FOUND.values(), ids=FOUND)
def test_findings_that_are_one_thing_are_seen_as_one(findings, expected) -> None:
    """A place is called what the findings in it are together, with about how many people."""
    assert seen(findings) == [expected]
    assert groups(findings)[0].findings == len(findings)


NOT_FOUND = {
    "nothing": [],
    "one portrait": [face("/p/a.jpg")],
    "an album of an event": [
        face(f"/p/IMG_{n}.jpg", box=50 * b, look=SCENE) for n in range(30) for b in range(4)
    ],
    "frames of a film": [face(f"/p/{n:06d}.jpg", look=SCENE) for n in range(90)],
    "albums by date": [
        face(f"/p/2019-0{m}-01/IMG_{n}.jpg", look=SCENE) for m in range(1, 9) for n in range(6)
    ],
    "albums by place": [
        face(f"/p/{c}/IMG_{n}.jpg", look=SCENE) for c in ("rome", "oslo", "bern") for n in (1, 2)
    ],
    "pictures of products that show a face": [face(f"/shop/{n}.jpg", look=SCENE) for n in range(40)],
    "the folder of one person": [face(f"/p/Anna Berg/{n}.jpg", clues=OF_FOLDER) for n in range(9)],
    "a data set of numbered crops": [face(f"/p/{n:06d}.jpg") for n in range(1, 60)],
    "a part of a data set of numbered crops": [face(f"/p/{n:06d}.jpg") for n in range(1620, 1680)],
    "the staff of a web site": [face(f"/srv/www/img/{n} x.jpg", clues=BY_NAME) for n in NAMES * 4],
    "scenes in folders of products": [
        face(f"/p/{3000 + p}/{n}.jpg", look=SCENE) for p in range(9) for n in (1, 2)
    ],
    "scenes in folders of two words": [face(f"/p/{n}/1.jpg", look=SCENE) for n in NAMES],
    "portraits in folders of places": [
        face(f"/p/{n}/1.jpg") for n in ("New York", "San Marino", "Cape Town")
    ],
    "vectors of an unknown kind": [vector(f"/p/{n}.json") for n in range(40)],
    "one template": [cells("/main.t/v", 1)],
    "embeddings of an unknown kind": [cells("/main.docs/v", 9000, form=Form.FEATURES)],
    "pictures in a table without persons": [cells("/main.news/photo", 30, form=Form.SAMPLE)],
    "a few findings in an archive": [face(f"{n}.jpg", look=SCENE, outer=("/x.zip",)) for n in range(4)],
    "thumbnails inside one photo": [face("thumbnail", outer=("/p/a.jpg",)), face("/p/a.jpg", look=SCENE)],
}


@pytest.mark.parametrize("findings", NOT_FOUND.values(), ids=NOT_FOUND)
def test_what_is_no_store_of_persons_is_not_called_one(findings) -> None:
    """Albums, films, shops and unknown vectors are findings, and no gallery."""
    assert groups(findings) == ()


def test_a_thumbnail_counts_with_its_picture() -> None:
    """Parts of a picture lie in the folder of the picture."""
    pictures = [face(f"/p/{n}.jpg", clues=PERSON) for n in range(6)]
    (group,) = groups(
        [*pictures, *(face("thumbnail", outer=(f"/p/{n}.jpg",), clues=PERSON) for n in range(1))]
    )
    assert group.people == 6


def test_vectors_beside_portraits_are_templates_to_a_gallery() -> None:
    """Vectors of an unknown kind under the names of portraits make these a gallery."""
    (group,) = groups([each for n in "abcdef" for each in (face(f"/p/{n}.jpg"), vector(f"/p/{n}.json"))])
    assert (group.kind, group.people) == (GroupKind.GALLERY, 6)
    assert "templates_beside" in group.signs


def test_a_gallery_is_of_the_software_whose_templates_lie_in_it() -> None:
    """A folder of persons with a file of deepface beside the folders is its gallery."""
    pictures = [face(f"/db/{name}/{n}.jpg") for name in NAMES for n in range(3)]
    gallery, store = sorted(
        groups([*pictures, cells("/embedding", 12, path="/db/ds_model_vggface.pkl")]),
        key=lambda g: g.place.uri,
    )
    assert (gallery.system, store.system) == ("deepface", "deepface")
    assert "templates_beside" in gallery.signs


def test_order_of_arrival_does_not_matter() -> None:
    """The same findings give the same groups, those of the most people first."""
    findings = [finding for found, _ in FOUND.values() for finding in found]
    turned = random.Random(1).sample(findings, len(findings))
    assert groups(turned) == groups(findings)
    people = [group.people or 0 for group in groups(findings)]
    assert people == sorted(people, reverse=True)


def test_hostile_names_do_no_harm() -> None:
    """Names of any kind are places like others."""
    names = ("/", "//", "", "\udcc8.jpg", "a/../b.jpg", "x" * 5000 + ".jpg", "\x1b[2J/1.jpg")
    groups([face(name, clues=PERSON) for name in names])


def test_what_a_view_shows_is_no_store_of_its_own():
    """The same templates would count twice."""
    stored = cells("/public.faces/vector", 900, path="db:5432/shop", scheme="postgresql")
    view = Clue("view", "public.faces")
    shown = cells("/public.v/vector", 100, path="db:5432/shop", scheme="postgresql", clues=(view,))
    assert [g.people for g in groups([stored, shown])] == [900]
    assert not groups([shown])
