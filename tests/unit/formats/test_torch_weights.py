"""Sizes of weights are read from a pickle of PyTorch, which is never loaded."""

from __future__ import annotations

import pickle

import pytest

from efface.errors import FormatError
from efface.formats.torch_weights import sizes
from efface.testing.traces import torch_weights


def test_each_tensor_gives_its_sizes() -> None:
    """Every tensor that would be rebuilt is there, in order."""
    assert list(sizes(torch_weights({"a": (64, 3, 3, 3), "b": (512,)}))) == [(64, 3, 3, 3), (512,)]


def test_a_pickle_of_something_else_has_none() -> None:
    """Numbers and texts are no weights."""
    assert list(sizes(pickle.dumps({"torch": [1, 2], "b": "x"}))) == []
    assert list(sizes(pickle.dumps([1] * 50))) == []


def test_a_cut_pickle_is_refused() -> None:
    """What ends in the middle is no pickle."""
    with pytest.raises(FormatError):
        list(sizes(torch_weights({"a": (64, 3, 3, 3)})[:60]))


def test_nothing_is_called() -> None:
    """A pickle that would run a program is read, and nothing happens."""
    hostile = b"\x80\x02cos\nsystem\nX\x0b\x00\x00\x00touch torch\x85R."
    assert list(sizes(hostile)) == []
