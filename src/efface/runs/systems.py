"""Software whose stores of persons are known by the names of their files, tables and fields.

Sources: schemas and manuals as published: deepface (table `embeddings`, files `ds_model_*.pkl`), CompreFace
(tables `embedding`, `subject`, `img`), InsightFace (tables `face_samples`, `media_faces`), Frigate (folder
`clips/faces/<name>`), Nextcloud Recognize and Face Recognition (tables named for them), PhotoPrism (table
`markers`), digiKam (table `FaceMatrices`); GA/T 1400 (objects `FaceListObject`, `FeatureInfoObject`);
Hikvision ISAPI (fields `FDID`, `FPID`, `modelData`); ZKTeco PUSH (tables and records `FP`, `BIODATA`, `BIOPHOTO`),
pyzk (backup of `users` and `templates`); Wangxiaobao (collections `faceDetectCustomer`, `faceDetectImageDatail`).
"""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["system_of_folder", "system_of_store"]

_STORES = (
    ("deepface", r"(?:^|/)(?:ds_model_[^/]*|representations_[^/]*)\.pkl(?:[/#]|$)"),
    ("deepface", r"#/(?:\w+\.)?embeddings/(?:embedding|face)$"),
    ("CompreFace", r"#/(?:\w+\.)?embedding/embedding$|#/(?:\w+\.)?img/content$"),
    ("InsightFace", r"#/(?:\w+\.)?(?:face_samples|media_faces)/"),
    ("Nextcloud Recognize", r"#/(?:\w+\.)?oc_recognize_face_\w+/"),
    ("Nextcloud Face Recognition", r"#/(?:\w+\.)?oc_facerecog_\w+/"),
    ("PhotoPrism", r"#/(?:\w+\.)?(?:markers/embeddings_json|faces/embedding_json)$"),
    ("digiKam", r"#/(?:\w+\.)?facematrices/"),
    ("face_recognition", r"(?:^|/)(?:known_)?(?:face_)?encodings?\.(?:pickle|pkl|dat)(?:[/#]|$)"),
    ("Wangxiaobao", r"(?:^|[/#.])facedetect(?:customer|image)\w*(?:[./#]|$)"),
    ("GA/T 1400", r"/(?:subimagelist|facelistobject|faceobject|featureinfoobject)/"),
    ("Hikvision", r"#/(?:.*/)?(?:modeldata|picfeaturepoints|fdlib/.*)$|/fdlib/"),
    ("ZKTeco", r"#text/(?:fp|face|biodata[.\d]*|biophoto|userpic)(?:/|$)|#/templates/\*/template$"),
    ("ZKTeco", r"#/(?:\w+\.)?(?:biodata|biophoto|facetemplate|templatev10|fptemplate10)/"),
    ("Chroma", r"(?:^|/)chroma\.sqlite3#"),
    ("LanceDB", r"\.lance/(?:data/[^/#]+\.lance|_indices/[^/#]+/auxiliary\.idx)#"),
)
_PATTERNS = tuple((name, re.compile(pattern)) for name, pattern in _STORES)


@lru_cache(maxsize=4096)
def system_of_store(file: str, fragment: str) -> str:
    """Return the software that keeps templates in such a file under such a table or field, or "".

    Args:
        file: Path or name of the file or database.
        fragment: Place inside it, `/schema.table/column` or a JSON pointer, or "".
    """
    text = f"{file.replace(chr(92), '/')}#{fragment}".lower()
    return next((name for name, pattern in _PATTERNS if pattern.search(text)), "")


def system_of_folder(folder: str, children: frozenset[str]) -> str:
    """Return the software that keeps pictures of persons in such a folder, or "".

    Args:
        folder: Path of the folder that holds one folder for each person, or all pictures.
        children: Names of the folders in it.
    """
    parts = folder.replace("\\", "/").lower().rstrip("/").split("/")
    if parts[-2:] == ["clips", "faces"] or (parts[-1:] == ["faces"] and "train" in children):
        return "Frigate"
    if parts[-2:] in (["storage", "train"], [".storage", "train"]):
        return "Double Take"
    last = parts[-1] if parts else ""
    if last in {"known_faces", "known_people"}:
        return "face_recognition"
    if last == "biophoto":
        return "ZKTeco"
    if last == "fdlib":
        return "Hikvision"
    return ""
