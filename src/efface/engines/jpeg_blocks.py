"""Fill blocks of a JPEG with black, and leave every other coefficient as it is.

The work is done by the libjpeg that Pillow is linked to, in a process of its own, with limits on memory and time for
each picture. `jpeg_blocks_program` does it in forks: broken bytes end the fork that they are in, and nothing else.

Kept: coefficients outside the areas, quantisation tables, sampling, component numbers, the colour transform,
progressive or sequential, Huffman or arithmetic coding, the restart interval; the usual Huffman tables (Annex K).
Not kept: other Huffman tables, which are made anew, the division into scans, and coefficients of blocks beyond the
right and the lower edge of the picture, which no decoder shows.
Source: ITU-T T.81 A.2 (MCU, blocks at the edges), A.3.4 (quantisation), Annexes F and G.
"""

from __future__ import annotations

import atexit
import io
import math
import os
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
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
_PIPE_BYTES = 1 << 16  # what a pipe takes at once: an order for a small picture is then one write
_HUGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}  # a large picture meets thousands of small ones


def fill_blocks(data: bytes, areas: Sequence[Region], limits: Limits) -> bytes | None:
    """Return a JPEG whose blocks in some areas are black in every component, None when they were before.

    It was read again and has the black and every other coefficient as it should.

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
    status, result = _HELPER.answer(numbers, data, limits)
    if status == -signal.SIGXCPU:
        raise _slow(limits)
    if status == jpeg_blocks_program.UNFIT:
        raise UnsupportedError("a JPEG whose colour model or depth has no known black")
    if status != 0:
        raise FormatError(
            "the coded data of the JPEG cannot be copied: broken, not of the DCT kind, or too large"
        )
    return result or None


class _Helper:
    """The process that makes the forks: started when it is first needed, and anew when it is gone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def answer(self, numbers: Sequence[int], data: bytes, limits: Limits) -> tuple[int, bytes]:
        """Return how it went, and what came back.

        Raises:
            LimitExceededError: It took too long.
            FormatError: The process went away with this picture.
        """
        order = b" ".join(b"%d" % number for number in (len(data), *numbers)) + b"\n"
        with self._lock:
            end = time.monotonic() + limits.artefact_seconds
            try:
                return self._received(self._sent(order, data), end, limits)
            except BaseException as error:
                self.stop()  # whatever it still says is of this picture
                if isinstance(error, OSError | ValueError):
                    raise FormatError("the process that fills blocks of a JPEG went away") from None
                raise

    def stop(self) -> None:
        """End the process and its fork."""
        process, self._process = self._process, None
        if process is None or self._owner != os.getpid():
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):
                pipe.close()  # type: ignore[union-attr]
        process.wait()

    def _sent(self, *pieces: bytes) -> subprocess.Popen[bytes]:
        for _ in range(2):  # a process that went away while it had nothing to do is no fault of this picture
            process = self._running()
            try:
                process.stdin.writelines(pieces)  # type: ignore[union-attr]
                process.stdin.flush()  # type: ignore[union-attr]
            except OSError:
                self.stop()
            else:
                return process
        raise BrokenPipeError

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._owner != os.getpid() or self._process.poll() is not None:
            self.stop()
            self._owner = os.getpid()
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", _PROGRAM, _LIBRARY],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=_PIPE_BYTES,
                env=_HUGE_PAGES | os.environ,
                stderr=subprocess.DEVNULL,  # decoders talk there
                start_new_session=True,
            )
        return self._process

    def _received(self, process: subprocess.Popen[bytes], end: float, limits: Limits) -> tuple[int, bytes]:
        pipe = process.stdout.fileno()  # type: ignore[union-attr]
        received = b""
        while b"\n" not in received:
            received += _piece(pipe, end, limits)
        head, _, first = received.partition(b"\n")
        status, size = map(int, head.split())
        pieces, missing = [first], size - len(first)
        while missing > 0:
            pieces.append(_piece(pipe, end, limits))
            missing -= len(pieces[-1])
        return status, b"".join(pieces)


def _piece(pipe: int, end: float, limits: Limits) -> bytes:
    """Return what comes next through a pipe, up to a moment of the monotonic clock."""
    left = end - time.monotonic()
    if left <= 0 or not select.select([pipe], [], [], left)[0]:
        raise _slow(limits)
    piece = os.read(pipe, 1 << 20)
    if not piece:
        raise BrokenPipeError
    return piece


_HELPER = _Helper()
atexit.register(_HELPER.stop)


def runtime() -> str:
    """Return name and version of the libjpeg that does the work, after it has filled one block."""
    target = io.BytesIO()
    Image.new("L", (8, 8), 255).save(target, "JPEG")
    fill_blocks(target.getvalue(), [Region(0, 0, 1, 1)], Limits())
    return f"libjpeg-turbo {features.version('libjpeg_turbo') or 'of unknown version'}"


def _slow(limits: Limits) -> LimitExceededError:
    return LimitExceededError(f"the JPEG takes more than {limits.artefact_seconds:g} s (artefact_seconds)")
