"""Make synthetic stores of face templates in the encodings that real software uses; nobody's data.

The vectors come from a seeded generator: directions around a centre for each invented person, in a space of
low effective dimension, as face networks give them. No network and no photo is involved.
"""

from __future__ import annotations

import base64
import io
import json
import pickle
import sqlite3
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = [
    "ENCODINGS",
    "csv_store",
    "face_vectors",
    "json_store",
    "npz_store",
    "pickle_store",
    "sql_dump",
    "sqlite_store",
    "text_vectors",
]

_EFFECTIVE_DIMENSION = 42  # of FaceNet's vectors, from the spread of their cosines
_WITHIN = 0.55  # spread of one person's vectors around their centre, centre of length 1
_PEOPLE = 4
_DIMENSION = 512


def face_vectors(
    count: int = 12, dimension: int = _DIMENSION, seed: int = 0, people: int = _PEOPLE
) -> NDArray[np.float32]:
    """Return unit vectors like a face network's: float32, shape (count, dimension), clustered by person.

    Args:
        count: How many vectors.
        dimension: Numbers of each.
        seed: Equal seeds give equal vectors.
        people: Invented people, in turn.
    """
    generator = np.random.default_rng(seed)
    latent = min(_EFFECTIVE_DIMENSION, dimension)
    basis = np.linalg.qr(generator.standard_normal((dimension, latent)))[0]
    centres = generator.standard_normal((people, latent))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    noise = generator.standard_normal((count, latent)) * _WITHIN / np.sqrt(latent)
    rest = generator.standard_normal((count, dimension)) * 0.1 / np.sqrt(dimension)
    vectors = (centres[np.arange(count) % people] + noise) @ basis.T + rest
    return _normalised(vectors)


def text_vectors(count: int = 12, dimension: int = 768, seed: int = 0) -> NDArray[np.float32]:
    """Return unit vectors in all directions alike, as some text networks give."""
    vectors = np.random.default_rng(seed).standard_normal((count, dimension))
    return _normalised(vectors)


def _normalised(vectors: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def _floats(vector: NDArray[np.float32]) -> list[float]:
    return [float(number) for number in vector]


def _npy(vector: NDArray[np.float32]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, vector)
    return stream.getvalue()


ENCODINGS: dict[str, Callable[[NDArray[np.float32]], bytes | str]] = {
    "a blob of float32": lambda v: v.astype("<f4").tobytes(),
    "a blob of float64": lambda v: v.astype("<f8").tobytes(),
    "a blob of big-endian float32": lambda v: v.astype(">f4").tobytes(),
    "a blob of float16": lambda v: v.astype("<f2").tobytes(),
    "a JSON array": lambda v: json.dumps(_floats(v)),
    "a JSON array of strings": lambda v: json.dumps([str(x) for x in _floats(v)]),
    "a Python list": lambda v: repr(_floats(v)),
    "a NumPy repr": lambda v: f"array({_floats(v)}, dtype=float32)",
    "a PostgreSQL array": lambda v: "{" + ",".join(map(str, _floats(v))) + "}",
    "a pgvector text": lambda v: "[" + ",".join(f"{x:.8g}" for x in _floats(v)) + "]",
    "numbers between commas": lambda v: ",".join(map(str, _floats(v))),
    "numbers between blanks": lambda v: " ".join(map(str, _floats(v))),
    "base64 of float32": lambda v: base64.b64encode(v.astype("<f4").tobytes()).decode(),
    "base64url of float32": lambda v: (
        base64.urlsafe_b64encode(v.astype("<f4").tobytes()).decode().rstrip("=")
    ),
    "hex of float64": lambda v: v.astype("<f8").tobytes().hex(),
    "zlib of float32": lambda v: zlib.compress(v.astype("<f4").tobytes()),
    "a NumPy file": _npy,
    "a pickled array": pickle.dumps,
}
"""Ways in which one vector is written in a cell: name -> function of the vector."""


def npz_store(path: Path, vectors: NDArray[np.float32]) -> None:
    """Write vectors as `encodings` of a NumPy archive."""
    np.savez(path, encodings=vectors)


def pickle_store(path: Path, vectors: NDArray[np.float32], *, protocol: int = 4) -> None:
    """Write vectors as face_recognition's examples keep them: a dictionary of encodings and names."""
    names = [f"person {number % _PEOPLE}" for number in range(len(vectors))]
    content = {"encodings": list(vectors.astype(np.float64)), "names": names}
    Path(path).write_bytes(pickle.dumps(content, protocol=protocol))


def sqlite_store(path: Path, vectors: NDArray[np.float32], encoding: str = "a blob of float32") -> None:
    """Write vectors as table `employee` with names and a column `face_feature`."""
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(
            "CREATE TABLE employee (id INTEGER PRIMARY KEY, name TEXT, mobile TEXT, face_feature BLOB)"
        )
        rows = [(f"person {at}", f"1000000{at:04d}", ENCODINGS[encoding](v)) for at, v in enumerate(vectors)]
        connection.executemany("INSERT INTO employee (name, mobile, face_feature) VALUES (?, ?, ?)", rows)
    connection.close()


def sql_dump(vectors: NDArray[np.float32]) -> str:
    """Return a dump of table `member_face` with a column of PostgreSQL arrays."""
    write = ENCODINGS["a PostgreSQL array"]
    columns = "INSERT INTO member_face (id, name, feature) VALUES"
    return "".join(f"{columns} ({at}, 'person {at}', '{write(v)!s}');\n" for at, v in enumerate(vectors))


def json_store(vectors: NDArray[np.float32], key: str = "faceFeature") -> str:
    """Return JSON Lines of people with a vector each."""
    return "\n".join(
        json.dumps({"name": f"person {at}", "mobile": f"1000000{at:04d}", key: _floats(v)})
        for at, v in enumerate(vectors)
    )


def csv_store(vectors: NDArray[np.float32]) -> str:
    """Return CSV with one column for each number of the vectors."""
    head = ",".join(("name", *(f"face_vector_{at}" for at in range(vectors.shape[1]))))
    rows = (",".join((f"person {at}", *map(str, _floats(v)))) for at, v in enumerate(vectors))
    return "\n".join((head, *rows)) + "\n"
