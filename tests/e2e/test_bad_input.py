"""Hostile and broken files beside a good one: each is a gap or comes to its end, and everything else is looked at."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import random
import resource
import sqlite3
import struct
import tarfile
import zipfile
import zlib
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from efface.testing import stores
from efface.testing.documents import page_with, pdf
from efface.testing.lance import lance_file
from efface.testing.records import finger_minutiae_record

if TYPE_CHECKING:
    from tests.e2e.conftest import Run


def zipped(name: str, data: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return packed.getvalue()


def nested(levels: int) -> bytes:
    data = finger_minutiae_record()
    for level in range(levels):
        data = zipped(f"{level}.zip" if level else "record.fmr", data)
    return data


def png_head(width: int, height: int) -> bytes:
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    pixels = b"IDAT" + zlib.compress(bytes(100))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", len(pixels) - 4) + pixels + bytes(4)


def picture(kind: str) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((300, 300), 60).save(out, kind)
    return out.getvalue()


def endless_gif(frames: int = 30_000) -> bytes:
    """A picture whose frames never come to an end mark."""
    screen = b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff"
    frame = b"\x21\xf9\4\0\1\0\0\0\x2c\0\0\0\0\1\0\1\0\0\2\2\x44\1\0"
    return screen + b"\x21\xff\x0bNETSCAPE2.0\3\1\0\0\0" + frame * frames


def lying_tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo("../../outside.bin")
        member.size = 1 << 40
        archive.addfile(member)
    return out.getvalue()


def lying_npy() -> bytes:
    head = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776, 512), }"
    head += b" " * (-(len(head) + 11) % 64) + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(head)) + head + bytes(64)


def half_a_database(folder: Path) -> bytes:
    path = folder / "whole.db"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE t (a)")
        db.executemany("INSERT INTO t VALUES (?)", [(noise(500, seed),) for seed in range(200)])
    return path.read_bytes()[:50_000]


def noise(count: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(count)


def half_a_table() -> bytes:
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    out = io.BytesIO()
    parquet.write_table(
        pyarrow.table({"v": list(map(list, stores.face_vectors(50, 128).astype(float)))}), out
    )
    return out.getvalue()[:9_000]


CIRCLE = page_with() | {
    1: b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles 7 0 R>>>>",
    2: b"<</Type/Pages/Kids[2 0 R 3 0 R]/Count 2/Parent 2 0 R>>",
    7: b"<</Kids[7 0 R]>>",
}
BMP = struct.pack("<IHHIIiiHHIIiiII", 70, 0, 0, 54, 40, 1 << 30, 1 << 30, 1, 24, 0, 0, 0, 0, 0, 0)

GAPS = {
    "a bomb": ("bomb.zip", lambda: zipped("zeros", bytes(200 << 20)), "over-limit"),
    "a bomb in a bomb": ("bomb.gz", lambda: gzip.compress(gzip.compress(bytes(200 << 20))), "over-limit"),
    "thirty archives in one another": ("deep.zip", partial(nested, 30), "over-limit"),
    "a picture that claims 60,000 pixels a side": ("wide.png", partial(png_head, 60_000, 60_000), "over-limit"),
    "a bitmap that claims a billion pixels a side": ("wide.bmp", lambda: b"BM" + BMP + bytes(16), "over-limit"),
    "an endless animation": ("endless.gif", endless_gif, "over-limit"),
    "a document in circles": ("circle.pdf", partial(pdf, CIRCLE), "unreadable"),
    "half a photo": ("half.jpg", lambda: picture("JPEG")[:9_000], "unreadable"),
    "half a drawing": ("half.png", lambda: picture("PNG")[:9_000], "unreadable"),
    "half an archive": ("half.zip", lambda: zipped("a.bin", noise(90_000))[:50_000], "unreadable"),
    "half a document": ("half.pdf", lambda: pdf(page_with())[:200], "unreadable"),
    "half a dataset": ("half.lance", lambda: lance_file(stores.face_vectors(20, 128))[:5_000], "unreadable"),
    "half a table": ("half.parquet", half_a_table, "unreadable"),
    "a table that claims a footer of two gigabytes": (
        "lying.parquet", lambda: b"PAR1" + bytes(1_000) + struct.pack("<I", 1 << 31) + b"PAR1", "unreadable",
    ),
    "an HDF5 file of a head alone": ("half.h5", lambda: b"\x89HDF\r\n\x1a\n" + bytes(600), "unreadable"),
    "an array that claims a trillion rows": ("lying.npy", lying_npy, "unreadable"),
    "an archive that claims a member of a terabyte": ("lying.tar", lying_tar, "unreadable"),
    "noise under the name of a photo": ("noise.jpg", partial(noise, 5_000), "unreadable"),
}  # fmt: skip


class Runs:
    """What a pickle would do if it were loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[str, str]]:
        return open, (str(self.path), "w")


def quiet(folder: Path) -> dict[str, bytes]:
    """Return files that come to their end and hold nothing."""
    entities = b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12))
    aliases = b"".join(b"b%d: &b%d [*b%d,*b%d]\n" % (n, n, n - 1, n - 1) for n in range(1, 60))
    return {
        "laughs.xml": b'<!DOCTYPE l [<!ENTITY a0 "ha">' + entities + b"]><l>&a11;</l>",
        "aliases.yaml": b"b0: &b0 [x,x]\n" + aliases,
        "deep.json": b"[" * 200_000 + b"]" * 200_000,
        "runs.pkl": pickle.dumps(Runs(folder / "ran")),
        "empty.jpg": b"",
    }


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, efface: Run) -> dict[str, Any]:
    """What a scan of everything hostile, with one good file behind it, says."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "t").mkdir()
    for name, make, _ in GAPS.values():
        (folder / "t" / name).write_bytes(make())
    for name, data in quiet(folder).items():
        (folder / "t" / name).write_bytes(data)
    (folder / "t" / "half.db").write_bytes(half_a_database(folder))
    (folder / "t" / "z.fmr").write_bytes(finger_minutiae_record())
    done = efface("scan", folder / "t", "--run", folder / "run.sqlite", "--json", "-", expect=1)
    assert not (folder / "ran").exists()
    assert not (folder.parent / "outside.bin").exists()
    assert not (folder / "outside.bin").exists()
    return dict(json.loads(done.stdout))


def reasons(told: dict[str, Any], name: str) -> set[str]:
    return {gap["reason"] for gap in told["gaps"] if Path(gap["locator"]["path"][0]).name == name}


@pytest.mark.parametrize("case", GAPS)
def test_a_hostile_file_is_a_gap_with_its_reason(told: dict[str, Any], case: str) -> None:
    """It says why it was not looked at, and no process had to be ended for it."""
    name, _, reason = GAPS[case]
    assert reasons(told, name) == {reason}


def test_half_a_database_is_a_gap(told: dict[str, Any]) -> None:
    """Tables beyond the cut are told, not passed over."""
    assert reasons(told, "half.db") == {"unreadable"}


def test_everything_beside_them_is_looked_at(told: dict[str, Any]) -> None:
    """The good file is found, as if it lay alone, and the run is finished."""
    assert [Path(found["locator"]["path"][0]).name for found in told["findings"]] == ["z.fmr"]
    assert told["run"]["finished_at"]


def test_what_only_looks_endless_comes_to_its_end(told: dict[str, Any], tmp_path: Path) -> None:
    """Entities and aliases are not expanded, deep lists are walked, and a pickle is read and never run."""
    for name in quiet(tmp_path):
        assert reasons(told, name) == set()


def test_without_a_finding_the_gaps_decide(tmp_path: Path, efface: Run) -> None:
    """A place of bad files alone is never called clean."""
    for name, make, _ in list(GAPS.values())[3:8]:
        (tmp_path / name).write_bytes(make())
    efface("scan", tmp_path, "--run", tmp_path / "run.sqlite", "--quiet", expect=3)


def test_a_disk_that_fills_keeps_what_was_done(tmp_path: Path, efface: Run) -> None:
    """The command says what to do, with exit code 2; the same command goes on where the disk was full."""
    tree, run = tmp_path / "tree", tmp_path / "run.sqlite"
    tree.mkdir()
    for number in range(3_000):
        (tree / f"{number:04}.txt").write_text(f"nothing of interest {number}\n")
    (tree / "z.fmr").write_bytes(finger_minutiae_record())
    room = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
    done = efface("scan", tree, "--run", run, "--quiet", "--jobs", "1", expect=2, preexec_fn=room)
    assert "Make room, and run the same command again" in done.stderr
    assert "Traceback" not in done.stderr
    with closing(sqlite3.connect(run)) as db:
        (kept,) = db.execute("SELECT count(*) FROM unit WHERE configuration IS NOT NULL").fetchone()
    assert kept < 3_001
    again = efface("scan", tree, "--run", run, "--json", "-", expect=1)
    coverage = json.loads(again.stdout)["coverage"]
    assert (coverage["seen"], coverage["reused"]) == (3_001, kept)
