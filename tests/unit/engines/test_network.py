"""Networks are the locked files or nothing."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import numpy as np
import onnxruntime
import pytest

from efface.engines import network
from efface.engines.onnx_graph import free_inputs
from efface.errors import EvidenceError, FormatError, UnsupportedError, UsageError

NAMES = ["yunet", "centerface"]


@pytest.mark.parametrize("name", NAMES)
def test_a_locked_network_loads_and_names_its_digest(name):
    """A loaded network carries the digest of the file that runs."""
    file = network.FOLDER / f"{name}.onnx"
    assert network.load(name).digest == "sha256:" + hashlib.sha256(file.read_bytes()).hexdigest()
    assert network.load(name).digest == network.digests()[name]


@pytest.mark.parametrize("name", NAMES)
def test_every_network_has_its_licence_text_beside_it(name):
    """The licence of a network is installed with it."""
    assert "Permission is hereby granted" in (network.FOLDER / f"{name}.LICENSE").read_text("utf-8")


def test_a_changed_network_is_refused_with_both_digests(tmp_path):
    """A network whose file was changed is refused; the error names the digest found and the one locked."""
    locked = network.digests()["yunet"].removeprefix("sha256:")
    changed = (network.FOLDER / "yunet.onnx").read_bytes() + b"\0"
    (tmp_path / "yunet.onnx").write_bytes(changed)
    with pytest.raises(EvidenceError) as refused:
        network.open_network("yunet", tmp_path / "yunet.onnx", locked)
    assert locked in str(refused.value)
    assert hashlib.sha256(changed).hexdigest() in str(refused.value)


def test_a_missing_network_says_how_to_get_it(tmp_path):
    """A network that is not installed is named, and so is the way to install it."""
    with pytest.raises(UnsupportedError) as refused:
        network.open_network("yunet", tmp_path / "yunet.onnx", "0" * 64)
    assert "yunet.onnx" in str(refused.value)
    assert "collect.py networks" in refused.value.diagnostics().to_do


def test_an_unknown_name_is_refused_with_the_known_ones():
    """Asking for a network that the lock does not name is the caller's mistake."""
    with pytest.raises(UsageError, match="yunet, centerface"):
        network.load("retina")


def test_the_runtime_is_loaded_only_when_a_network_is():
    """Reading the locked digests does not load the inference runtime."""
    code = (
        "import sys; from efface.engines import network; network.digests(); "
        "sys.exit('onnxruntime' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], env=os.environ, check=False).returncode == 0


@pytest.mark.parametrize(("name", "shape"), [("yunet", (1, 3, 640, 640)), ("centerface", (10, 3, 32, 32))])
def test_freeing_the_inputs_changes_no_output(name, shape):
    """The rewritten network gives the published file's outputs, up to the rounding of folded weights."""
    published = (network.FOLDER / f"{name}.onnx").read_bytes()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    before = onnxruntime.InferenceSession(published, options, providers=["CPUExecutionProvider"])
    tensor = np.random.default_rng(7).integers(0, 256, shape).astype(np.float32)
    expected = before.run(None, {before.get_inputs()[0].name: tensor})
    for one, other in zip(expected, network.load(name).run(tensor), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_a_freed_network_takes_any_size_and_has_one_input(name):
    """After freeing, the picture is the only input and its size is free."""
    loaded = network.load(name)
    assert len(loaded.session.get_inputs()) == 1
    assert loaded.run(np.zeros((1, 3, 64, 96), np.float32))


def test_freeing_twice_is_freeing_once():
    """Rewriting a rewritten network changes nothing."""
    once = free_inputs((network.FOLDER / "centerface.onnx").read_bytes())
    assert free_inputs(once) == once


@pytest.mark.parametrize(
    "data",
    [b"\x3a\x05ab", b"\xff" * 20, b"\x3b", b"\x3a", b"\x39\x00"],
    ids=["a length past the end", "an endless number", "a group", "a tag alone", "half a fixed64"],
)
def test_bytes_that_are_no_network_are_refused(data):
    """A graph rewrite of anything else is a format error, never an index error."""
    with pytest.raises(FormatError):
        free_inputs(data)
