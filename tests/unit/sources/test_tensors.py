"""Tensors of safetensors files: vectors by their names, weights of networks as such."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest

from efface.errors import FormatError
from efface.examine import Examiner
from efface.formats import sniff
from efface.model import Artefact, Column, Finding, Form, Limits, Locator, Mode, Part, Surroundings
from efface.sources.payloads import BytesPayload
from efface.sources.tensors import Tensors
from efface.testing import stores
from efface.testing.dumps import safetensors

VECTORS = stores.face_vectors(30, 128)


def columns(data: bytes) -> dict[str | None, Column]:
    part = Part(Locator.of_file("/t/a.safetensors"), BytesPayload(data), Surroundings(("a.safetensors",)))
    assert Tensors().accepts(sniff.media_type(data[:4096]))
    found = Tensors().parts(part, "application/x-safetensors", Limits())
    return {each.locator.fragment: each for each in found if isinstance(each, Column)}


def found_in(data: bytes, name: str) -> list[Finding]:
    part = Part(Locator.of_file(f"/t/{name}"), BytesPayload(data), Surroundings((name,)))
    results = list(Examiner(Mode.STANDARD, Limits()).examine(part))
    assert all(isinstance(each, Artefact | Finding) for each in results)
    return [each for each in results if isinstance(each, Finding)]


@pytest.mark.parametrize("dtype", ["<f8", "<f4", "<f2"])
def test_rows_of_tensors_are_vectors(dtype: str) -> None:
    """Each tensor gives its rows in its own type; integers and short rows are left out."""
    tensors: dict[str, Any] = {
        "v": VECTORS.astype(dtype),
        "ids": np.arange(128),
        "boxes": np.zeros((9, 4), "f4"),
    }
    (column,) = columns(safetensors(tensors)).values()
    assert column.blocks is not None
    (block,) = column.blocks()
    assert (block.dtype, block.dimension, column.rows) == (dtype, 128, 30)
    assert np.allclose(np.frombuffer(block.data, dtype).reshape(-1, 128), VECTORS, atol=1e-3)


def test_half_precision_of_networks_is_widened() -> None:
    """Numbers of 16 bits with the range of float32 have no type in NumPy; they come as float32."""
    upper = VECTORS.view("<u2")[:, 1::2].copy().view("<f2")
    data = safetensors({"v": upper}).replace(b'"F16"', b'"BF16"')
    size = struct.unpack("<Q", data[:8])[0] + 1
    (column,) = columns(struct.pack("<Q", size) + data[8:]).values()
    assert column.blocks is not None
    (block,) = column.blocks()
    assert np.allclose(np.frombuffer(block.data, block.dtype).reshape(-1, 128), VECTORS, atol=1e-2)


def test_a_gallery_is_found_and_a_network_is_not() -> None:
    """The same numbers are templates under a face's name, and nothing among the weights of a network."""
    (found,) = found_in(safetensors({"face_embeddings": VECTORS}), "gallery.safetensors")
    assert found.form is Form.TEMPLATE
    weights = {
        "model.embed_tokens.weight": VECTORS,
        "model.layers.0.q_proj": VECTORS,
        "lm_head.weight": VECTORS,
    }
    assert found_in(safetensors(weights), "model.safetensors") == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"data_offsets": [0, 15360]', b'"data_offsets": [0, 99999]'),
        (b'"data_offsets": [0, 15360]', b'"data_offsets": [9, 15360]'),
        (b'"shape": [30, 128]', b'"shape": [99, 999]'),
        (b'"shape": [30, 128]', b'"shape": [-3, "x"]'),
        (b'"dtype": "F32"', b'"dtypo": "F32"'),
        (b"{", b"["),
    ],
)
def test_a_header_that_does_not_fit_is_refused(old: bytes, new: bytes) -> None:
    """Offsets outside the file, sizes that do not fit the shape, and broken JSON are errors."""
    data = safetensors({"v": VECTORS})
    size = struct.unpack("<Q", data[:8])[0]
    head = data[8 : 8 + size].replace(old, new, 1)
    part = Part(
        Locator.of_file("/t/a"),
        BytesPayload(struct.pack("<Q", len(head)) + head + data[8 + size :]),
        Surroundings(("a",)),
    )
    with pytest.raises(FormatError):
        list(Tensors().parts(part, "application/x-safetensors", Limits()))
