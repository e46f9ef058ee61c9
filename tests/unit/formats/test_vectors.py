from __future__ import annotations

import json
import zlib

import numpy as np
import pytest

from efface.formats import vectors
from efface.testing import stores


@pytest.mark.parametrize("dimension", [128, 160, 192, 256, 512, 1024])
@pytest.mark.parametrize("encoding", stores.ENCODINGS)
def test_every_encoding(encoding: str, dimension: int) -> None:
    """A vector is recognised in every encoding that real stores use, with its numbers."""
    (wanted,) = stores.face_vectors(1, dimension, seed=dimension)
    found = vectors.parse_vector(stores.ENCODINGS[encoding](wanted))
    assert found is not None
    assert found.dimension == dimension
    assert np.allclose(found.values, wanted, atol=1e-3)


@pytest.mark.parametrize("norm", [1.0, 1.395, 10.2, 22.6, 79.0])
def test_norms_of_known_networks(norm: float) -> None:
    """Vectors of the lengths that known networks give are recognised."""
    (vector,) = stores.face_vectors(1, 128)
    found = vectors.parse_vector((vector * norm).astype("<f4").tobytes())
    assert found is not None
    assert found.norm == pytest.approx(norm, rel=0.01)
    assert found.is_unit == (norm == 1.0)


def test_widened_numbers_are_told() -> None:
    """Numbers that were stored wider than the network gave them are told."""
    (vector,) = stores.face_vectors(1, 512)
    exact = vectors.parse_vector(vector.astype("<f8").tobytes())
    other = vectors.parse_vector(stores.ENCODINGS["a pgvector text"](vector))
    assert exact is not None
    assert other is not None
    assert (exact.float32_exact, other.float32_exact) == (True, False)


def test_encodings_are_named_from_the_outside() -> None:
    """The words for the encodings go from the outside in."""
    (vector,) = stores.face_vectors(1, 128)
    found = vectors.parse_vector(zlib.compress(vector.tobytes()).hex())
    assert found is not None
    assert found.how == ("hex", "zlib", "float32")


def test_numbers_are_not_shown() -> None:
    """The numbers of a vector are in no text that stands for it."""
    (vector,) = stores.face_vectors(1, 128)
    assert str(float(vector[0]))[:6] not in repr(vectors.parse_vector(vector.tobytes()))


_RANDOM = np.random.default_rng(5)
_UNIT = stores.text_vectors(1, 256)[0]
REFUSED = {
    "nothing": b"",
    "empty text": "",
    "random bytes": _RANDOM.bytes(2048),
    "random hex": _RANDOM.bytes(256).hex(),
    "a md5 digest": "d41d8cd98f00b204e9800998ecf8427e",
    "a sha512 digest": _RANDOM.bytes(64).hex(),
    "zeros": bytes(2048),
    "English text": b"the quick brown fox jumps over the lazy dog " * 40,
    "Chinese text": "未经同意使用人脸识别技术" * 40,
    "a sine wave": np.sin(np.arange(512) / 5).astype("<f4").tobytes(),
    "8-bit sound as floats": np.repeat(_RANDOM.standard_normal(64), 8).astype("<f4").tobytes(),
    "sorted numbers": np.sort(_RANDOM.standard_normal(512)).astype("<f4").tobytes(),
    "positive numbers": np.abs(_UNIT).tobytes(),
    "coordinates": json.dumps(_RANDOM.uniform(100, 120, 256).round(6).tolist()),
    "prices": json.dumps(_RANDOM.uniform(-9, 9, 256).round(2).tolist()),
    "whole numbers": json.dumps(list(range(-128, 128))),
    "numbers with a far one": json.dumps([*(_UNIT[:-1] * 0.1).tolist(), 0.9]),
    "one number many times": json.dumps([0.123456789, -0.123456789] * 64),
    "numbers that are too small": (_UNIT * 1e-9).tobytes(),
    "numbers that are too large": (_UNIT * 1e6).tobytes(),
    "numbers that are not finite": np.full(128, np.nan, "<f4").tobytes(),
    "infinite numbers in text": json.dumps([1e308 * x for x in _UNIT.tolist()]),
    "too few numbers": _UNIT[:32].tobytes(),
    "too many numbers": np.zeros(9000, "<f4").tobytes(),
    "numbers with a word": "[0.1, 0.2, x" + ", 0.123456" * 100 + "]",
    "a number without end": "1" * 500_000 + " x",
    "blanks without end": " " * 500_000 + "x",
    "numbers without an end": "1 " * 250_000 + "x",
    "a bomb": zlib.compress(bytes(1 << 24)),
    "a broken NumPy file": b"\x93NUMPY\1\0\xff\xff" + bytes(600),
    "a broken pickle": b"\x80\x04\x95" + bytes(600),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_vector(case: str) -> None:
    """What a network does not give is no vector."""
    assert vectors.parse_vector(REFUSED[case]) is None
