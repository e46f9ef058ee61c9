"""Measure whether a grey picture shows friction ridges: lines at one distance that turn slowly everywhere.

Each block of 32 pixels of what has contrast goes through a Fourier transform. In a print nearly all blocks hold
one wave (two lobes of the spectrum with most of its energy), of 4.5 to 13.5 pixels, whose direction agrees with
that of neighbours and takes many values over the whole, and whose length varies a little. Photos have few
such blocks, stripes one direction, and drawn rings one length.

Sources: Hong, Wan and Jain, "Fingerprint image enhancement" (1998), for the wave model; ridge distances of 5 to 13
pixels at 500 points an inch. The bounds are measured: `python bench/ridges.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FEWEST", "Ridges", "measure"]

FEWEST = 60
"""Blocks with one wave that make a print."""


_BLOCK_PX = 32
_STEP_PX = 16
_LONGEST_PX, _SHORTEST_PX = 14.0, 4.5
_CONTRAST = 14.0  # standard deviation of a block that shows anything
_ONE_WAVE = 0.5  # share of a block's energy in two lobes
_ENOUGH = 0.4
_ENERGY_FLOOR = 1e-9


@dataclass(frozen=True, slots=True)
class Ridges:
    """What the blocks of a picture are like.

    Attributes:
        blocks: How many show one wave.
        share: How many of those with contrast these are.
        smooth: Agreement of the directions of neighbours, -1 to 1.
        turning: 0 where all directions are one, 1 where all occur alike.
        length_px: Median distance of ridges.
        spread: Spread of the distance between the quartiles, as a share of it.
    """

    blocks: int
    share: float
    smooth: float
    turning: float
    length_px: float
    spread: float

    @property
    def is_print(self) -> bool:
        """Whether it is a print of friction ridges (prints: share 0.52 and more; photos 0.46 and less)."""
        return (
            self.blocks >= FEWEST
            and self.share >= 0.6
            and self.smooth >= 0.6
            and self.turning >= 0.3
            and _SHORTEST_PX <= self.length_px <= 13.5
            and 0.03 <= self.spread <= 0.3
        )


def measure(grey: NDArray[np.uint8]) -> Ridges | None:
    """Return what the blocks of a picture are like, or None where none shows one wave.

    Args:
        grey: Shape (height, width).
    """
    if min(grey.shape) < 2 * _BLOCK_PX:
        return None
    windows = np.lib.stride_tricks.sliding_window_view(grey, (_BLOCK_PX, _BLOCK_PX))[::_STEP_PX, ::_STEP_PX]
    if not _may_be(windows[::2, ::2]):
        return None
    shape = windows.shape[:2]
    blocks = windows.reshape(-1, _BLOCK_PX, _BLOCK_PX).astype(np.float32)
    inked = blocks.std(axis=(1, 2)) > _CONTRAST
    if not inked.any():
        return None
    share, y, x = _waves(blocks[inked])
    good = share > _ONE_WAVE
    if not good.any():
        return None
    lengths = 1 / np.hypot(y[good], x[good])
    # A line has no front: its direction counts twice.
    turns = np.zeros(blocks.shape[0], np.complex128)
    turns[np.flatnonzero(inked)[good]] = np.exp(2j * np.arctan2(y[good], x[good]))
    median = float(np.median(lengths))
    low, high = np.percentile(lengths, (25, 75))
    count = int(good.sum())
    turning = 1 - abs(complex(turns.sum())) / count
    agreement = _agreement(turns.reshape(shape))
    return Ridges(count, count / int(inked.sum()), agreement, turning, median, float(high - low) / median)


def _may_be(windows: NDArray[np.uint8]) -> bool:
    """Return whether a quarter of the blocks allows the rest to decide, which saves it for most pictures."""
    blocks = windows.reshape(-1, _BLOCK_PX, _BLOCK_PX).astype(np.float32)
    inked = blocks.std(axis=(1, 2)) > _CONTRAST
    return bool(inked.any()) and float(np.mean(_waves(blocks[inked])[0] > _ONE_WAVE)) >= _ENOUGH


def _waves(blocks: NDArray[np.float32]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return, for each block, the share of its strongest wave and the wave's frequency down and across."""
    window = np.hanning(_BLOCK_PX).astype(np.float32)
    centred = (blocks - blocks.mean(axis=(1, 2), keepdims=True)) * (window[:, None] * window)
    energy = np.abs(np.fft.fft2(centred)) ** 2
    steps = np.fft.fftfreq(_BLOCK_PX)
    radius = np.hypot(steps[:, None], steps)
    ring = (radius >= 1 / _LONGEST_PX) & (radius <= 1 / _SHORTEST_PX)
    rows, columns = np.divmod(np.where(ring, energy, 0).reshape(len(blocks), -1).argmax(axis=1), _BLOCK_PX)
    each = np.arange(len(blocks))
    lobe = down = across = np.zeros(len(blocks))
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            part = energy[each, (rows + dy) % _BLOCK_PX, (columns + dx) % _BLOCK_PX]
            lobe = lobe + part
            down = down + part * (steps[rows] + dy / _BLOCK_PX)
            across = across + part * (steps[columns] + dx / _BLOCK_PX)
    lobe = lobe + _ENERGY_FLOOR
    return 2 * lobe / (energy.sum(axis=(1, 2)) + _ENERGY_FLOOR), down / lobe, across / lobe


def _agreement(turns: NDArray[np.complex128]) -> float:
    """Return how well directions agree with those of the next blocks that do not overlap."""
    pairs = np.concatenate(
        [(turns[:-2] * turns[2:].conj()).ravel(), (turns[:, :-2] * turns[:, 2:].conj()).ravel()]
    )
    pairs = pairs[np.abs(pairs) > 0.5]
    return float(pairs.real.mean()) if pairs.size else 0.0
