"""Stores of vectors from finding to removal, through the command line: every copy of a vector goes, nothing else."""

from __future__ import annotations

import io
import json
import math
import pickle
import shutil
import sqlite3
import zlib
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from efface.formats import pickle_scan
from efface.formats.store_head import HNSW_HEADER
from efface.testing import indexes, stores

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pa = pytest.importorskip("pyarrow", reason="efface[files] is not installed")
bson = pytest.importorskip("bson", reason="efface[files] is not installed")
h5py = pytest.importorskip("h5py", reason="efface[files] is not installed")
fastavro = pytest.importorskip("fastavro", reason="efface[files] is not installed")
from pyarrow import feather, parquet  # noqa: E402 - only where it is installed

VECTORS = stores.face_vectors(24, 128)
NAMES = [f"person {at}" for at in range(24)]


def fragments(vectors: np.ndarray[Any, Any]) -> list[bytes]:
    """Return what must not be found: 16 bytes from three places of each vector, in four codings of numbers."""
    codings = ("<f4", "<f8", ">f4", ">f8")
    rows = [row.astype(coding).tobytes() for row in vectors for coding in codings]
    return [row[at : at + 16] for row in rows for at in (0, len(row) // 2, len(row) - 16)]


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every file, and what a reader sees of those that are compressed."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            yield path.name, data
            if path.suffix == ".npz":
                with np.load(path) as archive:
                    yield from ((f"{path.name}/{name}", archive[name].tobytes()) for name in archive)


def removed(folder: Path, efface: Any) -> dict[str, str]:
    """Scan, remove everything, and return the state of each place."""
    run = folder.parent / "run.sqlite"
    efface("scan", folder, "--run", run, expect=1)
    plan = efface("remove", run, "--only", "all", expect=0)
    assert "unsupported 0" in plan.stdout
    applied = efface("remove", run, "--only", "all", "--apply", expect=0)
    assert "failed 0" in applied.stdout
    return {"plan": plan.stdout, "applied": applied.stdout}


def found(folder: Path, efface: Any) -> list[dict[str, Any]]:
    run = folder.parent / "later.sqlite"
    run.unlink(missing_ok=True)
    result = json.loads(efface("scan", folder, "--run", run, "--json", "-").stdout)
    assert not result["gaps"]
    findings: list[dict[str, Any]] = result["findings"]
    return findings


def avro(path: Path) -> None:
    kinds = {"name": "string", "face_embedding": {"type": "array", "items": "float"}}
    schema = {"type": "record", "name": "P", "fields": [{"name": n, "type": t} for n, t in kinds.items()]}
    rows = [{"name": n, "face_embedding": v.tolist()} for n, v in zip(NAMES, VECTORS, strict=True)]
    with path.open("wb") as file:
        fastavro.writer(file, schema, rows)


def safetensors(path: Path) -> None:
    entry = {"dtype": "F32", "shape": list(VECTORS.shape), "data_offsets": [0, VECTORS.nbytes]}
    head = json.dumps({"face_embeddings": entry}).encode()
    path.write_bytes(len(head).to_bytes(8, "little") + head + VECTORS.tobytes())


def chroma(folder: Path) -> None:
    """The two places of Chroma: its queue in SQLite, and the elements of the index in a folder."""
    inner = folder / "0b5a"
    inner.mkdir(parents=True)
    (inner / "data_level0.bin").write_bytes(indexes.level0(VECTORS))
    count, links = len(VECTORS), 16
    offset = 8 * links + 4
    label = offset + 4 * VECTORS.shape[1]
    head = HNSW_HEADER.pack(
        0, count, count, label + 8, label, offset, 0, 0, links, 32, links, 1 / math.log(links), 100
    )
    (inner / "header.bin").write_bytes(bytes(4) + head)
    with closing(sqlite3.connect(folder / "chroma.sqlite3")) as database, database:
        database.execute("CREATE TABLE embeddings_queue (seq_id INTEGER PRIMARY KEY, id TEXT, vector BLOB)")
        rows = [(f"face-{at}", vector.tobytes()) for at, vector in enumerate(VECTORS)]
        database.executemany("INSERT INTO embeddings_queue (id, vector) VALUES (?, ?)", rows)


def fill(folder: Path) -> None:
    """Put the same vectors into a store of every kind."""
    folder.mkdir()
    table = pa.table({"name": NAMES, "face_embedding": [vector.tolist() for vector in VECTORS]})
    parquet.write_table(table, folder / "faces.parquet")
    feather.write_feather(table, folder / "faces.feather", compression="lz4")
    (folder / "faces.index").write_bytes(indexes.faiss_idmap(VECTORS))
    (folder / "faces.hnsw").write_bytes(indexes.hnswlib_index(VECTORS))
    (folder / "faces.bson").write_bytes(
        b"".join(bson.encode({"name": n, "face": v.tolist()}) for n, v in zip(NAMES, VECTORS, strict=True))
    )
    with h5py.File(folder / "faces.h5", "w") as file:
        file["name"], file["face_embedding"] = NAMES, VECTORS
    stores.npz_store(folder / "face_encodings.npz", VECTORS)
    content = {"face_encodings": list(VECTORS), "names": NAMES}
    (folder / "known_faces.pickle").write_bytes(pickle.dumps(content))
    avro(folder / "faces.avro")
    safetensors(folder / "faces.safetensors")
    chroma(folder / "chroma_faces")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, efface: Any) -> Path:
    """Stores of every kind, after a removal of everything."""
    folder = tmp_path_factory.mktemp("stores") / "faces"
    fill(folder)
    assert {name for name, data in contents(folder) if any(each in data for each in fragments(VECTORS))} >= {
        "faces.index",
        "faces.hnsw",
        "faces.h5",
        "faces.safetensors",
        "known_faces.pickle",
        "data_level0.bin",
        "chroma.sqlite3",
    }
    removed(folder, efface)
    return folder


def test_no_store_is_left_with_a_vector(folder: Path, efface: Any) -> None:
    """After a removal no store has a finding or a new gap, and no byte of a vector stands in any file."""
    assert not found(folder, efface)
    gone = fragments(VECTORS)
    assert not [name for name, data in contents(folder) if any(each in data for each in gone)]


def test_the_same_vector_in_every_store_goes_from_every_store(folder: Path) -> None:
    """An index beside a table, a queue beside an index: second copies go with the first."""
    with closing(sqlite3.connect(folder / "chroma_faces" / "chroma.sqlite3")) as database:
        rows = database.execute("SELECT id, vector FROM embeddings_queue").fetchall()
    assert rows == [(f"face-{at}", None) for at in range(24)]
    assert len((folder / "faces.index").read_bytes()) < 200


def test_names_beside_vectors_stay(folder: Path) -> None:
    """What stands beside a vector is as it was, in the same order."""
    for table in (parquet.read_table(folder / "faces.parquet"), feather.read_table(folder / "faces.feather")):
        assert table.column("name").to_pylist() == NAMES
        assert table.column("face_embedding").null_count == 24
    with h5py.File(folder / "faces.h5") as file:
        assert list(file["name"].asstr()) == NAMES
        assert file["face_embedding"].shape == (0, 128)
    with (folder / "faces.avro").open("rb") as file:
        assert [record["name"] for record in fastavro.reader(file)] == NAMES
    assert [each["name"] for each in bson.decode_all((folder / "faces.bson").read_bytes())] == NAMES
    content = pickle.loads((folder / "known_faces.pickle").read_bytes())  # noqa: S301 - this test wrote it
    assert content["names"] == NAMES


def trapped(path: Path) -> None:
    """A database in which a vector outlives its deletion in every way that is known."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA secure_delete = OFF")
        database.execute(
            "CREATE TABLE face (id INTEGER PRIMARY KEY, name TEXT, face_feature BLOB, is_deleted INTEGER)"
        )
        database.execute("CREATE TABLE recognition_log (id INTEGER PRIMARY KEY, at TEXT, result TEXT)")
        database.execute("CREATE TABLE cloud_face (id INTEGER PRIMARY KEY, name TEXT, face_token TEXT)")
        rows = [(n, v.tobytes(), at % 2) for at, (n, v) in enumerate(zip(NAMES, VECTORS, strict=True))]
        database.executemany("INSERT INTO face (name, face_feature, is_deleted) VALUES (?, ?, ?)", rows)
        log = [(f"2026-01-{at + 1:02d}", json.dumps({"score": 0.9, "face_embedding": v.tolist()}))
               for at, v in enumerate(VECTORS)]  # fmt: skip
        database.executemany("INSERT INTO recognition_log (at, result) VALUES (?, ?)", log)
        tokens = [(name, f"{zlib.crc32(name.encode()):032x}") for name in NAMES]
        database.executemany("INSERT INTO cloud_face (name, face_token) VALUES (?, ?)", tokens)
        database.commit()
        database.execute("DELETE FROM face WHERE id > 20")  # their pages are free, and hold the bytes
        database.commit()


def test_every_way_to_outlive_a_deletion_ends(tmp_path: Path, efface: Any) -> None:
    """Soft deletes, logs that keep vectors, deleted rows and free pages hold nothing; tokens and scores stay."""
    folder = tmp_path / "office"
    folder.mkdir()
    path = folder / "faces.db"
    trapped(path)
    assert VECTORS[22].tobytes()[:16] in path.read_bytes()
    removed(folder, efface)
    data = path.read_bytes()
    assert not [each for each in fragments(VECTORS) if each in data]
    assert not [vector for vector in VECTORS if str(vector.tolist()[5]).encode() in data]
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT name, face_feature, is_deleted FROM face").fetchall()
        assert rows == [(name, None, at % 2) for at, name in enumerate(NAMES[:20])]
        left = [json.loads(text) for (text,) in database.execute("SELECT result FROM recognition_log")]
        assert [each["score"] for each in left] == [0.9] * 24
        tokens = database.execute("SELECT face_token FROM cloud_face").fetchall()
        assert tokens == [(f"{zlib.crc32(name.encode()):032x}",) for name in NAMES]


def test_a_vector_in_the_log_of_a_database_goes(tmp_path: Path, efface: Any) -> None:
    """What stands only in the write-ahead log is removed with the rest, and the log does not bring it back."""
    folder = tmp_path / "office"
    folder.mkdir()
    live = tmp_path / "live.db"
    with closing(sqlite3.connect(live)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE face (id INTEGER PRIMARY KEY, name TEXT, face_feature BLOB)")
        rows = [(n, v.tobytes()) for n, v in zip(NAMES, VECTORS, strict=True)]
        database.executemany("INSERT INTO face (name, face_feature) VALUES (?, ?)", rows)
        database.commit()
        for name in ("live.db", "live.db-wal"):
            shutil.copy(tmp_path / name, folder / name)
    assert VECTORS[3].tobytes() in (folder / "live.db-wal").read_bytes()
    removed(folder, efface)
    gone = fragments(VECTORS)
    assert not [name for name, data in contents(folder) if any(each in data for each in gone)]
    with closing(sqlite3.connect(folder / "live.db")) as database:
        assert database.execute("SELECT name, face_feature FROM face").fetchall() == [
            (n, None) for n in NAMES
        ]


def known(folder: Path) -> list[bytes]:
    """Return fragments of every binary vector in the stores as they were generated."""
    found: list[bytes] = []
    for path in folder.glob("*"):
        if path.suffix in {".pkl", ".pickle"}:
            for each in pickle_scan.scan(path.read_bytes()):
                found += fragments(np.atleast_2d(each.numbers)) if each.numbers.size >= 64 else []
        elif path.suffix == ".npz":
            with np.load(io.BytesIO(path.read_bytes())) as archive:
                found += [each for name in archive for each in fragments(archive[name])]
    return found


def test_the_stores_of_real_software_are_left_without_vectors(
    tmp_path: Path, shared_data: Path, efface: Any
) -> None:
    """Generated stores in the layouts of real software: all is removed, found again is nothing, and files open."""
    folder = tmp_path / "stores"
    shutil.copytree(shared_data / "stores" / "generated", folder)
    for path in folder.iterdir():
        path.chmod(0o600)
    gone = known(folder)
    assert gone
    before = found(folder, efface)
    assert before
    removed(folder, efface)
    assert not found(folder, efface)
    assert not [name for name, content in contents(folder) if any(each in content for each in gone)]
    assert {path.name for path in folder.iterdir()} == {
        path.name for path in (shared_data / "stores" / "generated").iterdir()
    }
