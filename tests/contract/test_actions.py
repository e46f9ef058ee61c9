"""The law of the room of actions, for every registered action."""

from __future__ import annotations

import base64
import builtins
import hashlib
import io
import json
import os
import random
import socket
import sqlite3
import subprocess
import zipfile
from contextlib import closing

import numpy as np
import pytest
from PIL import Image

from efface import registry
from efface.errors import RemovalError
from efface.model import Action, Box, Characteristic, Clue, Finding, Form, Limits, Locator, Method
from efface.testing.documents import page_with, pdf, pdf_stream

try:
    import h5py
    import pyarrow as pa
    from bson import BSON
    from pyarrow import parquet
except ImportError:  # efface[files] is not installed
    h5py = pa = None
try:
    import av
except ImportError:  # efface[video] is not installed
    av = None

LIMITS = Limits()
BLOB = random.Random(8).randbytes(900)
NAMES = registry.names("action")


def _finding(*path: str, fragment: str | None = None) -> Finding:
    clues = (Clue("coding", "unknown"),)
    return Finding(
        "d@1", Form.TEMPLATE, Characteristic.FACE, Locator("file", path, fragment), 0.9, clues=clues
    )


def _picture() -> bytes:
    target = io.BytesIO()
    image = Image.new("L", (80, 64), 255)
    image.paste(Image.frombytes("L", (30, 20), BLOB[:600]), (20, 20))
    image.save(target, "BMP")
    return target.getvalue()


def _png() -> bytes:
    target = io.BytesIO()
    Image.open(io.BytesIO(_picture())).save(target, "PNG", compress_level=0)
    return target.getvalue()


def _database() -> bytes:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE t (n, v)")
        connection.execute("INSERT INTO t VALUES ('kept-name', ?)", (BLOB,))
        connection.commit()
        return connection.serialize()


def _array() -> bytes:
    target = io.BytesIO()
    np.save(target, np.frombuffer(BLOB[:512], np.uint8).reshape(1, 512))
    return target.getvalue()


def _table() -> bytes:
    target = io.BytesIO()
    if pa is not None:
        table = {"n": ["kept-name"], "v": [BLOB]}
        parquet.write_table(pa.table(table), target, compression="none", use_dictionary=False)
    return target.getvalue()


def _hdf5() -> bytes:
    target = io.BytesIO()
    if h5py is not None:
        with h5py.File(target, "w") as file:
            file["n"], file["v"] = np.bytes_(b"kept-name"), np.void(BLOB)
    return target.getvalue()


def _documents() -> bytes:
    return BSON.encode({"n": "kept-name", "v": BLOB}) if h5py is not None else b""


def _archive() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("kept-name", b"kept")
        archive.writestr("in.bmp", _picture())
    return target.getvalue()


def _document() -> bytes:
    dictionary = "/Subtype/Image/Width 80/Height 64/BitsPerComponent 8/ColorSpace/DeviceGray"
    image = Image.open(io.BytesIO(_picture())).tobytes()
    text = pdf_stream("", b"BT (kept-name) Tj ET")
    return pdf(page_with({"I": 4}, contents=5) | {4: pdf_stream(dictionary, image), 5: text})


def _letter() -> bytes:
    head = b"From: a@example.org\r\nSubject: kept-name\r\nContent-Type: image/bmp; name=in.bmp\r\n"
    return head + b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(_picture())


def _film() -> bytes:
    """Return a recording of one frame, white with noise in the middle."""
    if av is None:
        return b""
    target = io.BytesIO()
    with av.open(target, "w", format="avi") as container:
        container.metadata["title"] = "kept-name"
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 80, 64, "yuv420p"
        stream.codec_context.qmin = stream.codec_context.qmax = 2
        frame = np.full((64, 80, 3), 255, np.uint8)
        frame[16:48, 16:56] = np.random.default_rng(8).integers(0, 255, (32, 40, 3))
        container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))
    return target.getvalue()


BOX = Locator("file", ("x",)).at_box(Box(20, 20, 30, 20)).fragment
FILM = _film()
TEXT = json.dumps({"n": "kept-name", "v": base64.b64encode(BLOB).decode()}).encode()
# For each action: media type, an artefact, a finding in it, and a fragment of what must not come out.
CASES = {
    "redact-image": ("image/bmp", _picture(), _finding("a.bmp", fragment=BOX), BLOB[33:58]),
    "redact-video": (
        "video/x-msvideo",
        FILM,
        _finding("a.avi", fragment=f"t=0.00,0.10&{BOX}"),
        FILM[FILM.find(b"movi") + 400 :][:32],  # of the coded noise
    ),
    "erase-cells": (
        "application/vnd.sqlite3",
        _database(),
        _finding("a.db", fragment="/main.t/v"),
        BLOB[99:131],
    ),
    "erase-vectors": ("application/x-npy", _array(), _finding("a.npy"), BLOB[99:131]),
    "erase-columns": (
        "application/vnd.apache.parquet",
        _table(),
        _finding("a.parquet", fragment="/*/v"),
        BLOB[99:131],
    ),
    "erase-datasets": ("application/x-hdf5", _hdf5(), _finding("a.h5", fragment="/v"), BLOB[99:131]),
    "erase-records": ("application/bson", _documents(), _finding("a.bson", fragment="/*/v"), BLOB[99:131]),
    "erase-values": (
        "application/json",
        TEXT,
        _finding("a.json", fragment="/v"),
        base64.b64encode(BLOB)[:64],
    ),
    "rewrite-archive": (
        "application/zip",
        _archive(),
        _finding("a.zip", "in.bmp", fragment=BOX),
        BLOB[33:58],
    ),
    "redact-buried": (
        "application/octet-stream",
        b"kept-name" + _png() + b"kept-name",
        _finding("a.bin", "buried-1.png", fragment=BOX),
        BLOB[33:58],
    ),
    "redact-pdf": (
        "application/pdf",
        _document(),
        _finding("a.pdf", "page-1-image-1.pgm", fragment=BOX),
        BLOB[33:58],
    ),
    "rewrite-mail": (
        "message/rfc822",
        _letter(),
        _finding("a.eml", "attachment-in.bmp", fragment=BOX),
        base64.b64encode(_picture())[(1078 + 30 * 80 + 24) // 3 * 4 :][:28],
    ),
    "erase-file": ("application/octet-stream", BLOB, _finding("a.bin"), BLOB[99:131]),
}


def test_every_action_is_under_the_law():
    """A registered action without a case here is not under the law, and that is an error."""
    assert set(CASES) == set(NAMES)


@pytest.fixture(params=NAMES)
def case(request):
    if not CASES[request.param][1]:
        pytest.skip("efface[files] or efface[video] is not installed")
    return registry.load("action", request.param)(), *CASES[request.param]


def test_it_keeps_the_protocol(case):
    """An action has the registry's name, a version, a method, and accepts its findings."""
    action, media_type, _, finding, _ = case
    assert isinstance(action, Action)
    assert registry.load("action", action.name) is type(action)
    assert action.version >= 1
    assert isinstance(action.method, Method)
    assert action.accepts(media_type, finding)


def test_the_data_is_gone(case):
    """Nothing of what was found is in what comes out."""
    action, _, data, finding, fragment = case
    assert fragment in data or action.name == "rewrite-archive"
    result = action.remove(data, [finding], LIMITS)
    assert result is None or fragment not in result


def test_the_rest_is_there(case):
    """What was not found comes out: names, rows and members."""
    action, _, data, finding, _ = case
    result = action.remove(data, [finding], LIMITS)
    if b"kept-name" in data:
        assert b"kept-name" in result


def test_a_second_application_changes_nothing(case):
    """Applied to its own result, an action gives the same bytes."""
    action, _, data, finding, _ = case
    result = action.remove(data, [finding], LIMITS)
    if result is not None:
        assert action.remove(result, [finding], LIMITS) == result


def test_the_same_gives_the_same(case):
    """An action has no clock, no dice and no memory."""
    action, _, data, finding, _ = case
    first = action.remove(data, [finding], LIMITS)
    assert action.remove(data, [finding], LIMITS) == first
    assert type(action)().remove(data, [finding, finding], LIMITS) == first


def test_it_touches_no_place(case, monkeypatch, tmp_path):
    """An action opens no file for writing, starts no program and no connection."""
    action, _, data, finding, _ = case
    action.remove(data, [finding], LIMITS)  # whatever is loaded on first use is loaded now
    before = hashlib.sha256(data).digest()

    def forbidden(*arguments, **_):
        pytest.fail(f"an action reached outside: {arguments[:1]}")

    real = builtins.open

    def reading(file, mode="r", *arguments, **named):
        return real(file, mode, *arguments, **named) if set(mode) <= set("rbt") else forbidden(file)

    monkeypatch.setattr(builtins, "open", reading)
    for module, name in ((os, "unlink"), (os, "rename"), (os, "replace"), (os, "mkdir")):
        monkeypatch.setattr(module, name, forbidden)
    monkeypatch.setattr(socket, "socket", forbidden)
    monkeypatch.setattr(subprocess, "Popen", forbidden)
    monkeypatch.chdir(tmp_path)
    action.remove(data, [finding], LIMITS)
    assert hashlib.sha256(data).digest() == before
    assert not os.listdir(tmp_path)


def test_broken_bytes_are_refused_or_removed(case):
    """On any bytes an action gives a result or a RemovalError, which holds no content."""
    action, _, data, finding, fragment = case
    dice = random.Random(4)
    for _ in range(60):
        broken = bytearray(data[: dice.randrange(len(data))])
        for _ in range(min(3, len(broken))):
            broken[dice.randrange(len(broken))] = dice.randrange(256)
        told = ""
        try:
            action.remove(bytes(broken), [finding], LIMITS)
        except RemovalError as error:
            told = str(error)
        assert fragment not in told.encode("utf-8", "surrogateescape")
