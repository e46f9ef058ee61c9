"""Lay out pictures of people as software and people keep them: galleries, exports, and what only looks so.

The pictures are given; names and numbers are invented, and vectors come from a generator.

Source: the layouts of face_recognition, deepface, Frigate, Double Take, CompreFace, InsightFace, Hikvision
ISAPI (FDLib), ZKTeco PUSH and GA/T 1400.4 as published.
"""

from __future__ import annotations

import base64
import io
import json
import pickle
import random
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from efface.model import Level
from efface.report.marks import GroupKind
from efface.testing import stores
from efface.testing.office import identity_number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from PIL import Image

    People = Sequence[Sequence[Image.Image]]
    """Pictures of each person, the first of them the best."""

__all__ = ["LAYOUTS", "NAMES", "Layout", "jpeg"]

NAMES = (
    *(
        "Anna Berg",
        "Bao Lindt",
        "Carl Diaz",
        "Dana Eder",
        "Emil Fuchs",
        "Fara Gold",
        "Gina Hahn",
        "Hugo Ilic",
    ),
    *(
        "Ines Jung",
        "Jana Kern",
        "Kilo Lang",
        "Lara Mohn",
        "Mina Nagy",
        "Nora Otto",
        "Olaf Pohl",
        "Paul Quast",
    ),
    *("Rita Sand", "Saul Thum", "Tina Ulm", "Ugo Vogt"),
)
CHINESE = tuple(f"{last}{first}" for last in "王李张刘陈" for first in ("某甲", "某乙", "某丙", "某丁"))


@dataclass(frozen=True, slots=True)
class Layout:
    """A way to keep pictures, and what it is.

    Attributes:
        write: Writes it into an empty folder.
        kind: What the findings are together, or None for nothing.
        level: Of nearly every finding in it, or None where it may hold none.
        system: The software whose store it is, or "".
        templates: How many findings of templates stand beside the pictures, at least.
    """

    write: Callable[[Path, People], None]
    kind: GroupKind | None
    level: Level | None
    system: str = ""
    templates: int = 0


def jpeg(picture: Image.Image, size: tuple[int, int] | None = None) -> bytes:
    """Return a picture as a JPEG, in a size in pixels if one is given."""
    out = io.BytesIO()
    shown = picture.resize(size) if size else picture
    shown.convert("RGB").save(out, "JPEG", quality=92)
    return out.getvalue()


def _number(at: int) -> str:
    return identity_number(random.Random(at))


def _put(path: Path, data: bytes | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())


def _folders(root: str, names: Sequence[str], file: str = "{n}.jpg") -> Callable[[Path, People], None]:
    def write(folder: Path, people: People) -> None:
        for name, pictures in zip(names, people, strict=False):
            for n, picture in enumerate(pictures, start=1):
                _put(folder / root / name / file.format(n=n, name=name), jpeg(picture))

    return write


def _flat(
    root: str, name: Callable[[int], str], size: tuple[int, int] | None = None, sidecar: str = ""
) -> Callable[[Path, People], None]:
    def write(folder: Path, people: People) -> None:
        for at, pictures in enumerate(people):
            _put(folder / root / f"{name(at)}.jpg", jpeg(pictures[0], size))
            if sidecar:
                vector = stores.face_vectors(1, 512, seed=at)[0]
                _put(folder / root / f"{name(at)}{sidecar}", stores.ENCODINGS[_SIDECARS[sidecar]](vector))

    return write


_SIDECARS = {
    ".npy": "a NumPy file",
    ".bin": "a blob of float32",
    ".feature": "a blob of float32",
    ".json": "a JSON array",
}


def _both(*writers: Callable[[Path, People], None]) -> Callable[[Path, People], None]:
    def write(folder: Path, people: People) -> None:
        for writer in writers:
            writer(folder, people)

    return write


def _encodings(file: str, keys: tuple[str, str] = ("encodings", "names")) -> Callable[[Path, People], None]:
    def write(folder: Path, people: People) -> None:
        count = sum(map(len, people))
        vectors = stores.face_vectors(count, 128, people=len(people)).astype("<f8")
        content = {keys[0]: list(vectors), keys[1]: [NAMES[at % len(people)] for at in range(count)]}
        _put(folder / file, pickle.dumps(content))

    return write


def _table(
    file: str, ddl: str, row: Callable[[int, Image.Image], tuple[object, ...]]
) -> Callable[[Path, People], None]:
    def write(folder: Path, people: People) -> None:
        rows = [row(at, pictures[0]) for at, pictures in enumerate(people)]
        table = ddl.split()[2]
        connection = sqlite3.connect(folder / file)
        with connection:
            connection.execute(ddl)
            connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)  # noqa: S608 - names of this module
        connection.close()

    return write


def _vector(at: int) -> bytes:
    return bytes(stores.face_vectors(1, 512, seed=at)[0].tobytes())


def _gat_1400(*, kind: str, with_feature: bool) -> Callable[[Path, People], None]:
    """FaceListObject of GA/T 1400.4: images of type 11 (face) or 14 (scene)."""

    def write(folder: Path, people: People) -> None:
        faces = []
        for at, pictures in enumerate(people):
            image: dict[str, object] = {"ImageID": f"{at:041d}", "Type": kind, "FileFormat": "Jpeg"}
            if with_feature:
                feature = {"Vendor": "V", "AlgorithmVersion": "1", "FeatureData": _text(_vector(at))}
                image["FeatureInfoObject"] = feature
            image["Data"] = _text(jpeg(pictures[0]))
            face = {"FaceID": f"{at:048d}", "InfoKind": 1, "SubImageList": {"SubImageInfoObject": [image]}}
            faces.append(face | ({"TabID": "1", "IDNumber": _number(at)} if with_feature else {}))
        _put(folder / "faces.json", json.dumps({"FaceListObject": {"FaceObject": faces}}))

    return write


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _fdlib(folder: Path, people: People) -> None:
    """A list of Hikvision's library: FPID is the number of the employee."""
    records = []
    for at, pictures in enumerate(people):
        _put(folder / "FDLib" / f"{1001 + at}.jpg", jpeg(pictures[0]))
        noise = random.Random(at).randbytes(512)
        records.append(
            {
                "faceLibType": "blackFD",
                "FDID": "1",
                "FPID": str(1001 + at),
                "name": NAMES[at],
                "modelData": _text(noise),
            }
        )
    _put(folder / "FDLib" / "records.json", json.dumps({"FaceDataRecord": records}))


def _push_log(folder: Path, people: People) -> None:
    """What time clocks of ZKTeco push: photographs and face templates by PIN."""
    lines = []
    for at, pictures in enumerate(people):
        photo, noise = _text(jpeg(pictures[0])), _text(random.Random(at).randbytes(600))
        lines.append(f"BIOPHOTO PIN={at}\tFileName={at}.jpg\tType=9\tSize={len(photo)}\tContent={photo}")
        lines.append(f"BIODATA Pin={at}\tNo=0\tIndex=0\tValid=1\tType=9\tMajorVer=35\tTmp={noise}")
    _put(folder / "operlog.txt", "\n".join(lines))


def _page(folder: Path, people: People) -> None:
    """A page of the staff on a web site."""
    shown = []
    for name, pictures in zip(NAMES, people, strict=False):
        _put(folder / "www/img/team" / f"{name}.jpg", jpeg(pictures[0], (240, 240)))
        shown.append(f'<figure><img src="img/team/{name}.jpg"><figcaption>{name}</figcaption></figure>')
    _put(folder / "www/team.html", f"<!DOCTYPE html><html><body>{''.join(shown)}</body></html>")


_KNOWN = _folders("known_faces", NAMES)
_STAFF = "CREATE TABLE {} (id INTEGER PRIMARY KEY, name TEXT, id_card TEXT, {})"


def _hash(at: int) -> str:
    return random.Random(at).randbytes(12).hex()


LAYOUTS: dict[str, Layout] = {
    "a folder for each person": Layout(_folders("portraits", NAMES), GroupKind.GALLERY, Level.LINKED),
    "a folder for each person, in Chinese": Layout(
        _folders("照片", CHINESE), GroupKind.GALLERY, Level.LINKED
    ),
    "a folder for each staff number": Layout(
        _folders("employees", [str(100_200 + 7 * at) for at in range(20)]), GroupKind.GALLERY, Level.LINKED
    ),
    "known faces": Layout(_KNOWN, GroupKind.GALLERY, Level.ENROLLED, "face_recognition"),
    "known faces with encodings": Layout(
        _both(_KNOWN, _encodings("encodings.pickle")),
        GroupKind.GALLERY,
        Level.ENROLLED,
        "face_recognition",
        1,
    ),
    "files named by identity number": Layout(
        _flat("照片", _number, (358, 441)), GroupKind.GALLERY, Level.LINKED
    ),
    "files named by name and identity number": Layout(
        _flat("photos", lambda at: f"{CHINESE[at]}_{_number(at)}"), GroupKind.GALLERY, Level.LINKED
    ),
    "files named by mobile number": Layout(
        _flat("upload", lambda at: f"1310000{at:04d}"), GroupKind.GALLERY, Level.LINKED
    ),
    "files named by employee number in a folder of staff": Layout(
        _flat("staff", lambda at: f"E{2000 + 3 * at}", (295, 413)), GroupKind.GALLERY, Level.LINKED
    ),
    "files named by number in a folder of anything": Layout(
        _flat("export", lambda at: str(2000 + 3 * at), (295, 413)), GroupKind.GALLERY, Level.VISIBLE
    ),
    "photographs of a time clock": Layout(
        _flat("biophoto", lambda at: str(at + 1), (480, 640)), GroupKind.GALLERY, Level.ENROLLED, "ZKTeco"
    ),
    "aligned crops of named people": Layout(
        _flat("crops_112", lambda at: CHINESE[at], (112, 112)), GroupKind.GALLERY, Level.ENROLLED
    ),
    **{
        f"photographs with vectors in {suffix} beside them": Layout(
            _flat("db", lambda at: f"p{at:03d}", None, suffix), GroupKind.GALLERY, Level.ENROLLED
        )
        for suffix in _SIDECARS
    },
    "the faces of Frigate": Layout(
        _both(
            _folders(
                "media/frigate/clips/faces",
                [name.split()[0].lower() for name in NAMES],
                "{name}-{n}.webp.jpg",
            ),
            _folders("media/frigate/clips/faces", ["train"], "16-{n}-unknown.jpg"),
        ),
        GroupKind.GALLERY,
        Level.ENROLLED,
        "Frigate",
    ),
    "the pictures of Double Take": Layout(
        _folders(".storage/train", [name.split()[0].lower() for name in NAMES]),
        GroupKind.GALLERY,
        Level.ENROLLED,
        "Double Take",
    ),
    "the folder of deepface": Layout(
        _both(
            _flat("db", lambda at: NAMES[at].split()[0].lower()),
            _encodings("db/ds_model_vggface_detector_opencv_aligned.pkl", ("embedding", "identity")),
        ),
        GroupKind.GALLERY,
        Level.ENROLLED,
        "deepface",
        1,
    ),
    "a list of Hikvision": Layout(_fdlib, GroupKind.GALLERY, Level.ENROLLED, "Hikvision", 1),
    "faces of GA/T 1400 with features": Layout(
        _gat_1400(kind="11", with_feature=True), GroupKind.PERSON_PICTURES, Level.ENROLLED, "GA/T 1400"
    ),
    "faces of GA/T 1400": Layout(
        _gat_1400(kind="11", with_feature=False), GroupKind.PERSON_PICTURES, Level.LINKED, "GA/T 1400"
    ),
    "the log of a time clock": Layout(_push_log, GroupKind.TEMPLATES, Level.ENROLLED, "ZKTeco", 1),
    "a table of staff with photographs": Layout(
        _table(
            "staff.sqlite",
            _STAFF.format("staff", "photo BLOB"),
            lambda at, picture: (at, NAMES[at], _number(at), jpeg(picture)),
        ),
        GroupKind.PERSON_PICTURES,
        Level.LINKED,
    ),
    "a table of staff with photographs in base64": Layout(
        _table(
            "staff.sqlite",
            _STAFF.format("staff", "photo TEXT"),
            lambda at, picture: (at, NAMES[at], _number(at), _text(jpeg(picture))),
        ),
        GroupKind.PERSON_PICTURES,
        Level.LINKED,
    ),
    "a table of members of a face system": Layout(
        _table(
            "gate.sqlite",
            _STAFF.format("member_face", "photo BLOB"),
            lambda at, picture: (at, NAMES[at], _number(at), jpeg(picture)),
        ),
        GroupKind.PERSON_PICTURES,
        Level.ENROLLED,
    ),
    "a table with photographs and features": Layout(
        _table(
            "gate.sqlite",
            _STAFF.format("employee", "photo BLOB, face_feature BLOB"),
            lambda at, picture: (at, NAMES[at], _number(at), jpeg(picture), _vector(at)),
        ),
        GroupKind.TEMPLATES,
        Level.ENROLLED,
        "",
        1,
    ),
    "the tables of InsightFace": Layout(
        _table(
            "faces.sqlite",
            "CREATE TABLE face_samples (id INTEGER PRIMARY KEY, person_id INTEGER, crop BLOB, normed_embedding BLOB)",
            lambda at, picture: (at, at, jpeg(picture, (112, 112)), _vector(at)),
        ),
        GroupKind.TEMPLATES,
        Level.ENROLLED,
        "InsightFace",
        1,
    ),
    "the pictures of CompreFace": Layout(
        _table(
            "frs.sqlite",
            "CREATE TABLE img (id TEXT, content BLOB)",
            lambda at, picture: (_hash(at), jpeg(picture)),
        ),
        GroupKind.PERSON_PICTURES,
        None,
        "CompreFace",
    ),
    # What is no gallery.
    "a page of the staff": Layout(_page, None, None),
    "avatars of a forum": Layout(_flat("uploads/avatars", _hash, (64, 64)), None, Level.VISIBLE),
    "a data set of crops without names": Layout(
        _flat("img_align", lambda at: f"{at + 1:06d}", (178, 218)), None, Level.VISIBLE
    ),
    "portraits of a studio": Layout(_flat("DCIM", lambda at: f"IMG_{3000 + at}"), None, Level.VISIBLE),
}
"""Names to layouts of portraits, those that are no galleries last; bench/galleries.py adds scenes."""
