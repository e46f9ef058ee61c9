"""Leave out the cells of a column that are vectors and nothing else, which the column's detectors judge together."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from efface.detectors import vector_cells
from efface.formats.vector_rows import MIN_DIMENSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["not_vectors"]

_ASIDE = 64
_NUMBER = frozenset("-.0123456789 ")


def not_vectors(cells: Iterable[bytes | str]) -> Iterator[bytes | str]:
    """Yield what may hold something beside a vector, in about its order; most columns of vectors give nothing.

    A JSON text may hold a vector and a picture, and is always given.
    """
    aside: deque[bytes | str] = deque()

    def plain() -> Iterator[bytes | str]:
        for cell in cells:
            if _may_hold_more(cell):
                aside.append(cell)
                if len(aside) >= _ASIDE:
                    yield b""  # so that what lies aside is given before it grows
            else:
                yield cell

    for group in vector_cells.read(plain()):
        while aside:
            yield aside.popleft()
        if group.rows is None and group.cell:
            yield group.cell
    yield from aside


def _may_hold_more(cell: bytes | str) -> bool:
    if len(cell) < MIN_DIMENSION:  # shorter than any vector
        return True
    if isinstance(cell, bytes):
        return cell[:1] in {b"{", b"["}
    start = cell.lstrip()[:2]
    return start[:1] == "{" or (start[:1] == "[" and start[1:] not in _NUMBER)
