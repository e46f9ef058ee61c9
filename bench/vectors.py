"""Say how many vectors of 512 numbers one core judges in a second: in blocks, and cell by cell in every encoding.

OPENBLAS_NUM_THREADS=1 python bench/vectors.py [--rows 100000]
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

import numpy as np

from efface.detectors.face_template import FaceTemplate
from efface.model import Block, Column, Finding, Limits, Locator, Mode, Surroundings
from efface.testing import stores

if TYPE_CHECKING:
    from collections.abc import Sequence

_DIMENSION = 512
_BLOCK_ROWS = 4_096
_CELLS = 2_000


def _show(
    name: str, mode: Mode, rows: int, blocks: Sequence[Block] = (), cells: Sequence[bytes | str] = ()
) -> None:
    around = Surroundings(("face_feature", "employee"), ("name",))
    column = Column(
        Locator("file", ("/x.db",), "/t/v"), around, lambda: iter(cells), rows, lambda: iter(blocks)
    )
    start = time.perf_counter()
    steps = list(FaceTemplate().detect_column(column, mode, Limits(cells=rows)))
    seconds = time.perf_counter() - start
    counted = sum(step.references for step in steps if isinstance(step, Finding))
    print(f"| {name} | {mode} | {rows / seconds:,.0f} | {counted} of {rows} |")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="vectors a second")
    parser.add_argument("--rows", type=int, default=100_000)
    rows = parser.parse_args().rows
    vectors = stores.text_vectors(rows, _DIMENSION)
    print("| form | mode | vectors a second | found |\n|---|---|---|---|")
    for dtype in ("<f4", ">f4", "<f8", "<f2", "|i1"):
        stored = (
            np.round(vectors * 800).clip(-127, 127).astype("i1") if dtype == "|i1" else vectors.astype(dtype)
        )
        parts = (stored[at : at + _BLOCK_ROWS].tobytes() for at in range(0, rows, _BLOCK_ROWS))
        blocks = [Block(part, _DIMENSION, dtype, ()) for part in parts]
        for mode in (Mode.STANDARD, Mode.THOROUGH):
            _show(f"blocks of {dtype}", mode, rows, blocks)
    for name, write in stores.ENCODINGS.items():
        _show(f"cells: {name}", Mode.STANDARD, _CELLS, (), [write(vector) for vector in vectors[:_CELLS]])


if __name__ == "__main__":
    main()
