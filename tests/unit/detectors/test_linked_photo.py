"""Vectors beside the photos that they were made from are shown to be theirs, and nothing is found for it or not."""

from __future__ import annotations

import base64
import io
import json
import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from efface.detectors import vector_maker
from efface.detectors.linked_photo import KIND
from efface.engines import face_recogniser
from efface.engines.face_finder import FaceFinder
from efface.examine import Examiner
from efface.model import Finding, Form, Limits, Locator, Mode, Part, Surroundings
from efface.sources.payloads import BytesPayload

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Vector = NDArray[np.float32]


@pytest.fixture(scope="module")
def photo(samples: Path) -> bytes:
    """A photo as an office keeps it: a JPEG file."""
    if not face_recogniser.available():
        say = pytest.fail if os.environ.get("CI") else pytest.skip
        say("the recogniser is not collected; run `python tools/collect.py recognisers` (it needs npm)")
    buffer = io.BytesIO()
    with Image.open(samples / "portrait.png") as picture:
        picture.convert("RGB").save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def vector(photo: bytes, samples: Path) -> Vector:
    """What the network gives for the same person's picture before it was made a JPEG file."""
    with Image.open(samples / "portrait.png") as picture:
        pixels = np.asarray(picture.convert("RGB"))
    (face,) = FaceFinder("standard").find(pixels)[:1]
    assert face.landmarks is not None
    return face_recogniser.templates([face_recogniser.aligned(pixels, face.landmarks)])[0]


@pytest.fixture(scope="module")
def others() -> Vector:
    """Vectors in the network's direction, of nobody."""
    mean = vector_maker.makers()["dlib-resnet-128"].mean
    noise = np.random.default_rng(3).standard_normal((5, 128)) * 0.03
    return np.asarray(1.4 * (mean + noise) / np.linalg.norm(mean + noise, axis=1, keepdims=True), np.float32)


def examined(
    name: str, data: bytes, mode: Mode = Mode.STANDARD, limits: Limits | None = None
) -> list[Finding]:
    part = Part(Locator("file", (f"/{name}",)), BytesPayload(data), Surroundings((name,)))
    results = Examiner(mode, limits or Limits()).examine(part)
    return [each for each in results if isinstance(each, Finding) and each.form is Form.TEMPLATE]


def told(findings: list[Finding]) -> list[str]:
    return [clue.value for finding in findings for clue in finding.clues if clue.name == KIND]


def records(photo: bytes, vectors: list[Any]) -> bytes:
    text = base64.b64encode(photo).decode()
    return json.dumps(
        [{"no": at, "pic": text, "v1": [float(number) for number in each]} for at, each in enumerate(vectors)]
    ).encode()


def test_a_vector_beside_its_photo_is_made_again(photo: bytes, vector: Vector, others: Vector) -> None:
    """In records, each photo whose face gives a stored vector counts."""
    assert told(examined("people.json", records(photo, [vector, *others]))) == ["6 of 6"]


@pytest.mark.parametrize("form", ["cut to length 1", "float16"])
def test_copies_in_another_form_are_known_again(photo: bytes, vector: Vector, form: str) -> None:
    """Normalised and shortened copies keep the direction, by which they are compared."""
    copy = {
        "cut to length 1": vector / np.linalg.norm(vector),
        "float16": vector.astype(np.float16),
    }[form]
    assert told(examined("people.json", records(photo, [copy] * 6))) == ["6 of 6"]


def test_vectors_of_others_are_not_said_to_be_of_the_photos(photo: bytes, others: Vector) -> None:
    """Vectors of the same network that were made from something else are told so."""
    assert told(examined("people.json", records(photo, list(others)))) == ["0 of 5"]


def test_a_table_is_read_beside(photo: bytes, vector: Vector, others: Vector) -> None:
    """In a table the photos of the same rows are looked at."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE t7 (no INTEGER, pic BLOB, v1 BLOB)")
        rows = [(at, photo if at else None, each.tobytes()) for at, each in enumerate([vector, *others])]
        connection.executemany("INSERT INTO t7 VALUES (?, ?, ?)", rows)
        data = connection.serialize()
    assert told(examined("a.db", data)) == ["5 of 5"]


def test_nothing_is_tried_without_photos_or_in_a_hurry(photo: bytes, vector: Vector, others: Vector) -> None:
    """Without a photo beside there is no clue, nor in `fast`."""
    assert told(examined("people.json", records(b"none", [vector, *others]))) == []
    assert told(examined("people.json", records(photo, [vector, *others]), Mode.FAST)) == []


def test_samples_of_records_are_not_compared(photo: bytes, vector: Vector, others: Vector) -> None:
    """Where values were left out, photos and vectors are of different records: nothing is told of them."""
    data = records(photo, [vector, *others])
    assert told(examined("people.json", data, limits=Limits(cells=4))) == []
    assert told(examined("people.json", data, limits=Limits(cells=6))) == ["6 of 6"]


def test_a_broken_photo_is_passed_over(photo: bytes, vector: Vector) -> None:
    """A photo that cannot be looked at proves nothing, and stops nothing."""
    data = json.loads(records(photo, [vector] * 3))
    data[1]["pic"] = base64.b64encode(photo[: len(photo) // 2]).decode()
    findings = examined("people.json", json.dumps(data).encode())
    assert told(findings) in (["2 of 2"], ["3 of 3"]), (
        "a decoder may give the upper half, with the face in it"
    )


def test_what_is_found_does_not_depend_on_a_recogniser(
    photo: bytes, vector: Vector, others: Vector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the recogniser the same is found, as sure, and only this clue is missing."""
    data = records(photo, [vector, *others])
    with_it = examined("people.json", data)
    monkeypatch.setattr(face_recogniser, "available", lambda: False)
    without = examined("people.json", data)
    assert told(without) == []
    assert [(each.id, each.confidence, each.characteristic) for each in without] == [
        (each.id, each.confidence, each.characteristic) for each in with_it
    ]
