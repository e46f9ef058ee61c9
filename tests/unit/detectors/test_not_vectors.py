"""Cells that are vectors and nothing else are left out; whatever may hold more is given."""

from __future__ import annotations

import json

import pytest

from efface.detectors.not_vectors import not_vectors
from efface.testing import records, stores

VECTORS = stores.face_vectors(8, 128)
BLOBS = [vector.astype("<f4").tobytes() for vector in VECTORS]
LISTS = ["[" + ",".join(f"{number:.6f}" for number in vector) + "]" for vector in VECTORS]
MIXED = [json.dumps({"vector": vector.tolist(), "photo": "QUJD" * 40}) for vector in VECTORS]
RECORDS = [records.finger_minutiae_record(seed) for seed in range(4)]


@pytest.mark.parametrize(
    "cells", [BLOBS, LISTS, [*BLOBS, *LISTS], []], ids=["blobs", "lists of numbers", "both", "no cell"]
)
def test_vectors_alone_are_left_out(cells: list[bytes | str]) -> None:
    """A column of vectors costs the detectors of single values nothing."""
    assert list(not_vectors(cells)) == []


@pytest.mark.parametrize(
    "cells",
    [
        MIXED,
        RECORDS,
        [records.arcsoft_feature(seed) for seed in range(4)],
        [records.zkteco_template(seed) for seed in range(4)],
        [bytes(512)] * 4,
        ["a text that says nothing"] * 200,
        MIXED * 40,
    ],
    ids=[
        "a vector beside a picture",
        "records",
        "features",
        "templates",
        "zeros",
        "texts",
        "many texts of JSON",
    ],
)
def test_what_may_hold_more_is_given(cells: list[bytes | str]) -> None:
    """Everything else comes, each once."""
    given = list(not_vectors(cells))
    assert sorted(map(repr, given)) == sorted(map(repr, cells))


def test_a_record_among_vectors_is_given() -> None:
    """One record between many vectors is not lost with them."""
    cells: list[bytes | str] = [*BLOBS, RECORDS[0], *LISTS, MIXED[0]]
    assert set(not_vectors(cells)) == {RECORDS[0], MIXED[0]}


def test_cells_are_taken_as_they_are_needed() -> None:
    """A column without an end is not gathered before the first cell is given."""
    endless = iter(lambda: MIXED[0], object())
    first = [cell for _, cell in zip(range(3), not_vectors(endless), strict=False)]
    assert first == [MIXED[0]] * 3
