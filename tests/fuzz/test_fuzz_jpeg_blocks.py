"""Broken coded data ends the process that fills blocks as it should, and never by a crash."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efface.engines import jpeg_blocks
from efface.testing import jpegs

ORDER = b"%d 20 2000000000 1 1 3 3 4 4 900 900\n"  # the second area reaches out of every picture
SEEDS = {kind: jpegs.jpeg(kind, jpegs.noise(75, 61)) for kind in jpegs.KINDS} | {
    "arithmetic": jpegs.ARITHMETIC,
    "12 bits": jpegs.twelve_bits(jpegs.jpeg("grey", jpegs.noise(40, 40))),
}


@pytest.mark.parametrize("kind", SEEDS)
@settings(max_examples=12, deadline=None, derandomize=True, database=None)
@given(data=st.data())
def test_broken_bytes_end_the_process_with_a_status(kind, data):
    """Whatever bytes it gets, the fork ends with a known status, libjpeg, not Python, gave up, and the program goes on."""
    picture = bytearray(SEEDS[kind])
    scan = picture.index(b"\xff\xda")
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.one_of(st.integers(2, scan + 13), st.integers(2, len(picture) - 1)))
        picture[at] = data.draw(st.integers(0, 255))
    end = data.draw(st.one_of(st.just(len(picture)), st.integers(0, len(picture))))
    done = subprocess.run(
        [sys.executable, "-I", "-S", jpeg_blocks._PROGRAM, jpeg_blocks._LIBRARY],
        input=ORDER % len(picture[:end]) + picture[:end],
        capture_output=True,
    )
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
    head, _, result = done.stdout.partition(b"\n")
    status, size = map(int, head.split())
    assert status in (0, 1, 3)
    assert len(result) == size
    assert status == 0 or not result
