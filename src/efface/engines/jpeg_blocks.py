"""Fill blocks of a JPEG with black, and leave every other coefficient as it is.

The work is done by the libjpeg that Pillow is linked to, in a process of its own with limits on memory and
time: broken bytes end that process and nothing else.

Kept: coefficients outside the areas, quantisation tables, sampling, component numbers, the colour transform,
progressive or sequential, Huffman or arithmetic coding, the restart interval.
Not kept: Huffman tables and the division into scans, and coefficients of blocks beyond the right and the lower
edge of the picture, which no decoder shows.
Source: ITU-T T.81 A.2 (MCU, blocks at the edges), A.3.4 (quantisation), Annexes F and G.
"""

from __future__ import annotations

import io
import math
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from PIL import Image, _imaging, features

from efface.engines import jpeg_blocks_program
from efface.engines.repaint_region import Region
from efface.errors import FormatError, LimitExceededError, UnsupportedError
from efface.model.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["fill_blocks", "runtime"]

_PROGRAM = str(jpeg_blocks_program.__file__)
_LIBRARY = str(_imaging.__file__)  # linked to the libjpeg whose symbols are wanted


def fill_blocks(data: bytes, areas: Sequence[Region], limits: Limits) -> bytes | None:
    """Return a JPEG whose blocks in some areas are black in every component, None when they were before.

    Args:
        data: One JPEG image.
        areas: In MCUs, not pixels, from the top left: left, top, right, bottom. An area may reach over the edge.
        limits: Budgets; `artefact_seconds` and `memory_bytes` bound the process.

    Returns:
        The JPEG without any APPn segment; whoever gave some that tell its colours must give them again.

    Raises:
        UnsupportedError: 12 bits a sample, a colour model that is none of grey, RGB, YCbCr, CMYK and YCCK, or
            quantisation too coarse for black.
        FormatError: libjpeg cannot read or write it: broken, lossless, hierarchical, or too large.
        LimitExceededError: It took too long.
    """
    numbers = [
        math.ceil(limits.artefact_seconds),
        limits.memory_bytes,
        *(edge for area in areas for edge in area),
    ]
    order = " ".join(map(str, numbers)).encode() + b"\n"
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", _PROGRAM, _LIBRARY],
            input=order + data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # decoders talk there
            timeout=limits.artefact_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _slow(limits) from None
    if done.returncode == -signal.SIGXCPU:
        raise _slow(limits)
    if done.returncode == jpeg_blocks_program.UNFIT:
        raise UnsupportedError("a JPEG whose colour model or depth has no known black")
    if done.returncode != 0:
        raise FormatError(
            "the coded data of the JPEG cannot be copied: broken, not of the DCT kind, or too large"
        )
    return done.stdout or None


def runtime() -> str:
    """Return name and version of the libjpeg that does the work, after it has filled one block."""
    target = io.BytesIO()
    Image.new("L", (8, 8), 255).save(target, "JPEG")
    fill_blocks(target.getvalue(), [Region(0, 0, 1, 1)], Limits())
    return f"libjpeg-turbo {features.version('libjpeg_turbo') or 'of unknown version'}"


def _slow(limits: Limits) -> LimitExceededError:
    return LimitExceededError(f"the JPEG takes more than {limits.artefact_seconds:g} s (artefact_seconds)")
