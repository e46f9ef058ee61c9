"""What one half of a removal leaves: a picture whose vector is gone, a vector whose picture is gone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
import pytest

from efface.model import Mode
from efface.runs.orphans import OrphanKind, orphans_of
from efface.runs.scan import ScanOptions, scan
from efface.runs.store import Store
from efface.testing.stores import face_vectors

if TYPE_CHECKING:
    from pathlib import Path

VECTORS = face_vectors(8)


def put(path: Path, data: bytes = b"") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data or b"\xff\xd8\xff\xe0 no picture")


def found(tmp_path: Path, target: Path) -> set[tuple[OrphanKind, str, int]]:
    with Store(str(tmp_path / "run.sqlite"), create=True) as store:
        scan(store, ScanOptions((str(target),), Mode.STANDARD, jobs=1))
        return {
            (each.kind, each.place.uri.removeprefix(f"file://{target}"), each.count)
            for each in orphans_of(store)
        }


@pytest.mark.parametrize(("pictures", "ending"), [("", ".npy"), ("photos", ".jpg.npy")])
def test_a_gallery_with_sidecars_tells_both_halves(tmp_path: Path, pictures: str, ending: str) -> None:
    """In one folder, or in two beside one another."""
    root = tmp_path / "shop"
    vectors = root if not pictures else root / "embeddings"
    for at, vector in enumerate(VECTORS):
        if at != 1:
            put(root / pictures / f"p{at}.jpg")
        if at != 2:
            vectors.mkdir(parents=True, exist_ok=True)
            np.save(vectors / f"p{at}{ending}", np.stack([vector] * 8))
    inner = f"/{pictures}" if pictures else ""
    base = "" if vectors == root else "/embeddings"
    assert found(tmp_path, root) == {
        (OrphanKind.VECTOR, f"{base}/p1{ending}", 1),
        (OrphanKind.PICTURE, f"{inner}/p2.jpg", 1),
    }


def test_pictures_that_have_nothing_to_do_with_vectors_are_no_orphans(tmp_path: Path) -> None:
    """A few equal names make no store."""
    root = tmp_path / "shop"
    for at in range(5):
        put(root / f"holiday{at}.jpg")
    for at in range(2):
        np.save(root / f"holiday{at}.npy", np.stack(VECTORS))
    assert found(tmp_path, root) == set()


def database(path: Path, names: list[str], empty: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "CREATE TABLE face (id INTEGER PRIMARY KEY, who TEXT, photo TEXT, face_feature BLOB)"
        )
        for at, name in enumerate(names):
            value = None if at == empty else VECTORS[at % 8].astype("<f4").tobytes()
            connection.execute("INSERT INTO face VALUES (?, ?, ?, ?)", (at, f"n{at}", name, value))
        connection.commit()


def test_a_table_with_paths_tells_both_halves(tmp_path: Path) -> None:
    """By paths as they stand beside the database; addresses of the web cannot be told."""
    root = tmp_path / "shop"
    names = [f"photos/p{at}.jpg" for at in range(8)] + ["https://cdn.invalid/p9.jpg"]
    for at in range(8):
        if at not in (1, 3):
            put(root / f"photos/p{at}.jpg")
    database(root / "a.db", names, empty=2)
    assert found(tmp_path, root / "a.db") == {
        (OrphanKind.VECTOR, "#/main.face/face_feature", 2),
        (OrphanKind.PICTURE, "#/main.face/face_feature", 1),
    }


@pytest.mark.parametrize(
    "names", [[f"/nowhere/p{at}.jpg" for at in range(8)], [f"word {at}" for at in range(8)]]
)
def test_a_table_whose_pictures_are_nowhere_tells_nothing(tmp_path: Path, names: list[str]) -> None:
    """That no picture is there may only mean that they are on another machine."""
    database(tmp_path / "shop/a.db", names, empty=2)
    assert found(tmp_path, tmp_path / "shop/a.db") == set()
