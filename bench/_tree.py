"""Make a tree of many small mixed files from a seed, as a folder of office work and software holds them."""

from __future__ import annotations

import io
import json
import random
import sqlite3
import zipfile
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from efface.testing import records, stores

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["make_tree"]

_ENGLISH = (
    "the meter in hall four was read again after the valve had been changed and its number written down"
)
_CHINESE = "项目 进度 会议 记录 合同 附件 设备 编号 数量 价格"
_WORDS = (*_ENGLISH.split(), *_CHINESE.split())
_PER_FOLDER = 50


def make_tree(folder: Path, files: int, seed: int = 2020) -> Counter[str]:
    """Write a tree; return how many files of each kind it has. Equal seeds give equal trees."""
    numbers = random.Random(seed)
    kinds = list(KINDS)
    weights = [KINDS[kind][0] for kind in kinds]
    count: Counter[str] = Counter()
    for number in range(files):
        kind = numbers.choices(kinds, weights)[0]
        place = folder / f"{number // _PER_FOLDER // 20:03}" / f"{number // _PER_FOLDER % 20:02}"
        if number % _PER_FOLDER == 0:
            place.mkdir(parents=True, exist_ok=True)
        (place / f"{number:06}{KINDS[kind][1]}").write_bytes(KINDS[kind][2](numbers))
        count[kind] += 1
    return count


def _text(numbers: random.Random, words: int = 0) -> str:
    wanted = words or numbers.randint(20, 1_500)
    chosen = numbers.choices(_WORDS, k=wanted)
    return "\n".join(" ".join(chosen[at : at + 14]) for at in range(0, wanted, 14))


def _python(numbers: random.Random) -> bytes:
    functions = (
        f'def f{n}(a, b={numbers.randint(0, 99)}):\n    """{_text(numbers, 9)}."""\n    return a * b + {n}\n'
        for n in range(numbers.randint(3, 40))
    )
    return "\n\n".join(functions).encode()


def _json(numbers: random.Random) -> bytes:
    rows = [
        {
            "id": n,
            "name": _text(numbers, 2),
            "price": numbers.random() * 100,
            "tags": numbers.choices(_WORDS, k=3),
        }
        for n in range(numbers.randint(2, 60))
    ]
    return json.dumps({"rows": rows, "count": len(rows)}, ensure_ascii=False, indent=1).encode()


def _csv(numbers: random.Random) -> bytes:
    rows = (
        f"{n},{numbers.choice(_WORDS)},{numbers.random():.4f},2020-{numbers.randint(1, 12):02}-01"
        for n in range(numbers.randint(5, 200))
    )
    return "\n".join(("id,name,value,day", *rows)).encode()


def _html(numbers: random.Random) -> bytes:
    body = "".join(f"<p class='c{n}'>{_text(numbers, 40)}</p>\n" for n in range(numbers.randint(2, 20)))
    return f"<!DOCTYPE html><html><head><title>{_text(numbers, 3)}</title></head><body>{body}</body></html>".encode()


def _drawn(numbers: random.Random, side_px: int) -> Image.Image:
    """A drawing of rectangles and lines over soft noise; no face in it."""
    noise = np.frombuffer(numbers.randbytes(16 * 16 * 3), np.uint8).reshape(16, 16, 3)
    picture = Image.fromarray(noise // 2 + 64).resize((side_px, side_px * 3 // 4), Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(picture)
    for _ in range(6):
        colour = tuple(numbers.randbytes(3))
        x, y = numbers.randrange(side_px), numbers.randrange(side_px)
        pen.rectangle((x, y, x + side_px // 5, y + side_px // 7), fill=colour)
        pen.line((x, y, numbers.randrange(side_px), numbers.randrange(side_px)), fill=colour, width=2)
    return picture


def _saved(picture: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind)
    return buffer.getvalue()


def _zip(numbers: random.Random) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(numbers.randint(1, 6)):
            archive.writestr(f"part-{n}.txt", _text(numbers))
    return buffer.getvalue()


def _npy(numbers: random.Random) -> bytes:
    buffer = io.BytesIO()
    values = np.frombuffer(numbers.randbytes(4 * numbers.randint(16, 2_000)), np.uint32)
    np.save(buffer, values.astype(np.float32))
    return buffer.getvalue()


def _sqlite(numbers: random.Random) -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, note TEXT)")
    rows = [(_text(numbers, 2), _text(numbers, 12)) for _ in range(numbers.randint(5, 80))]
    connection.executemany("INSERT INTO item (name, note) VALUES (?, ?)", rows)
    connection.commit()
    data = connection.serialize()
    connection.close()
    return data


def _noise(numbers: random.Random) -> bytes:
    return numbers.randbytes(numbers.randint(100, 40_000))


def _biometric(numbers: random.Random) -> bytes:
    seed = numbers.randrange(1_000)
    made: list[Callable[[], bytes | str]] = [
        lambda: records.finger_minutiae_record(seed),
        lambda: records.face_image_record(seed),
        lambda: records.iris_image_record(seed),
        lambda: stores.json_store(stores.face_vectors(3, 128, seed)),
    ]
    data = numbers.choice(made)()
    return data.encode() if isinstance(data, str) else data


KINDS: dict[str, tuple[int, str, Callable[[random.Random], bytes]]] = {
    "text": (200, ".txt", lambda numbers: _text(numbers).encode()),
    "Python source": (200, ".py", _python),
    "JSON": (150, ".json", _json),
    "HTML": (100, ".html", _html),
    "CSV": (80, ".csv", _csv),
    "PNG icon": (80, ".png", lambda numbers: _saved(_drawn(numbers, numbers.choice((16, 32, 64))), "PNG")),
    "JPEG picture": (60, ".jpg", lambda numbers: _saved(_drawn(numbers, 320), "JPEG")),
    "binary noise": (45, ".bin", _noise),
    "zip": (30, ".zip", _zip),
    "GIF icon": (20, ".gif", lambda numbers: _saved(_drawn(numbers, 32).convert("P"), "GIF")),
    "NumPy array": (20, ".npy", _npy),
    "SQLite": (10, ".sqlite", _sqlite),
    "biometric": (5, ".dat", _biometric),
}
"""Kind to its weight, suffix and maker."""
