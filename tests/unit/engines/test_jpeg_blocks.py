"""Filling blocks of a JPEG: what is black, what is copied, what is refused."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from efface.engines import jpeg_blocks
from efface.engines.jpeg_blocks import fill_blocks
from efface.engines.repaint import PageBox, repaint
from efface.engines.repaint_region import Region
from efface.errors import FormatError, LimitExceededError, UnsupportedError
from efface.model import Limits
from efface.testing import jpegs
from efface.testing.jpeg_coefficients import read_coefficients

LIMITS = Limits()
BOX = PageBox(None, 60, 48, 24, 32)  # enlarged to [44, 100) by [32, 96)
ENLARGED = Region(44, 32, 100, 96)
AREA = Region(1, 1, 3, 2)


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def assert_filled(before: bytes, after: bytes, region: Region) -> None:
    """Assert that all MCUs under a region are black, and that every other coefficient is the same number."""
    old, new = read_coefficients(before), read_coefficients(after)
    assert new.size == old.size
    assert new.tables == old.tables
    across, down = max(each.across for each in old.components), max(each.down for each in old.components)
    units = region.aligned(8 * across, 8 * down)
    for one, other in zip(old.components, new.components, strict=True):
        assert (other.number, other.across, other.down, other.table) == (
            one.number,
            one.across,
            one.down,
            one.table,
        )
        inside = np.zeros(one.blocks.shape[:2], bool)
        rows = slice(units.top // (8 * down) * one.down, units.bottom // (8 * down) * one.down)
        inside[rows, units.left // (8 * across) * one.across : units.right // (8 * across) * one.across] = (
            True
        )
        assert np.array_equal(one.blocks[~inside], other.blocks[~inside])
        filled = other.blocks[inside]
        assert not filled[:, 1:].any(), "nothing but one level is left"
        assert len(np.unique(filled[:, 0])) == 1
    shown = opened(after)
    inner = units.inset(2, *shown.size)
    assert max(high for _, high in np.atleast_2d(shown.crop(inner).convert("RGB").getextrema())) == 0


@pytest.mark.parametrize("kind", jpegs.KINDS)
@pytest.mark.parametrize("size", [(160, 128), (157, 121)])
def test_every_coefficient_outside_is_the_same(kind, size):
    """In every coding only the MCUs under the box change, tables and sampling stay, and a second run is idle."""
    data = jpegs.jpeg(kind, jpegs.noise(*size))
    painted = repaint(data, [BOX], LIMITS)
    assert_filled(data, painted, ENLARGED)
    assert repaint(painted, [BOX], LIMITS) == painted


@pytest.mark.parametrize("kind", jpegs.KINDS)
def test_pixels_outside_are_the_same(kind):
    """A viewer shows the same pixels, but for two beside the fill where it mixes halved chroma."""
    data = jpegs.jpeg(kind, jpegs.noise(157, 121))
    old, new = np.asarray(opened(data)), np.asarray(opened(repaint(data, [BOX], LIMITS)))
    sampling = [(each.across, each.down) for each in read_coefficients(data).components]
    rim = 0 if len(set(sampling)) == 1 else 2
    units = ENLARGED.aligned(*(8 * max(factors) for factors in zip(*sampling, strict=True)))
    outside = np.ones(old.shape[:2], bool)
    outside[max(units.top - rim, 0) : units.bottom + rim, max(units.left - rim, 0) : units.right + rim] = (
        False
    )
    assert outside.sum() > 2_000
    assert np.array_equal(old[outside], new[outside])


@pytest.mark.parametrize("kind", ["4:2:0", "restarts", "progressive", "progressive, restarts"])
def test_the_coding_stays(kind):
    """Progressive stays progressive, sequential stays sequential, and restarts come as often as before."""
    data = jpegs.jpeg(kind, jpegs.noise(160, 128))
    old, new = read_coefficients(data), read_coefficients(repaint(data, [BOX], LIMITS))
    assert (new.kind, new.restart_interval) == (old.kind, old.restart_interval)


def _huffman_tables(data: bytes) -> set[bytes]:
    return {
        data[at + 4 : at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")]
        for at in (match.start() for match in re.finditer(b"\xff\xc4", data[: data.index(b"\xff\xda")]))
    }


@pytest.mark.parametrize("kind", ["4:2:0", "grey"])
def test_the_usual_huffman_tables_stay(kind):
    """Tables that have a code for everything are those of the result, too."""
    data = jpegs.jpeg(kind, jpegs.noise(160, 128))
    assert _huffman_tables(repaint(data, [BOX], LIMITS)) >= _huffman_tables(data)


def test_huffman_tables_without_a_code_for_black_are_made_anew():
    """A picture whose tables have codes for what it holds and nothing else is filled nonetheless."""
    target = io.BytesIO()
    Image.new("RGB", (160, 128), (90, 120, 150)).save(target, "JPEG", optimize=True)
    painted = repaint(target.getvalue(), [BOX], LIMITS)
    assert _huffman_tables(painted) != _huffman_tables(target.getvalue())
    assert_filled(target.getvalue(), painted, ENLARGED)


def test_arithmetic_coding_stays():
    """A picture coded arithmetically comes out so, black where it was covered and the same elsewhere."""
    painted = repaint(jpegs.ARITHMETIC, [PageBox(None, 26, 26, 4, 4)], LIMITS)
    assert b"\xff\xc9" in painted
    old, new = np.asarray(opened(jpegs.ARITHMETIC)).copy(), np.asarray(opened(painted)).copy()
    assert not new[24:32, 24:32].any()
    old[24:32, 24:32] = new[24:32, 24:32] = 0
    assert np.array_equal(old, new)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_picture_is_filled_where_the_box_is_shown(orientation):
    """An orientation tag moves the box, and the coefficients elsewhere stay the same."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    target = io.BytesIO()
    jpegs.noise(160, 128).save(target, "JPEG", exif=exif)
    painted = repaint(
        target.getvalue(), [PageBox(None, 16, 32, 16, 16)], LIMITS
    )  # shown: [8, 40) by [24, 56)
    width, height = (128, 160) if orientation >= 5 else (160, 128)
    left = width - 40 if orientation in (2, 3) else 8
    top = height - 56 if orientation in (3, 4) else 24
    stored = Region(left, top, left + 32, top + 32)
    if orientation >= 5:
        shown_left, shown_top = 8, 24
        left = shown_top if orientation in (5, 6) else height - 56
        top = shown_left if orientation in (5, 8) else width - 40
        stored = Region(left, top, left + 32, top + 32)
    assert_filled(target.getvalue(), painted, stored)


def test_several_boxes_and_the_edges():
    """Every box is filled, up to the last block of rows and columns that the picture shows in part."""
    data = jpegs.jpeg("4:2:0", jpegs.noise(157, 121))
    painted = repaint(data, [PageBox(None, 150, 110, 20, 20), PageBox(None, 0, 0, 8, 8)], LIMITS)
    new = read_coefficients(painted).components[0].blocks
    assert not new[12:, 18:, 1:].any()
    assert not new[:2, :2, 1:].any()
    assert np.array_equal(new[2:12], read_coefficients(data).components[0].blocks[2:12])


def test_what_is_hidden_under_black_goes():
    """A region that looks black but still has coefficients is filled: brightening would show them."""
    dark = jpegs.noise(160, 128).point(lambda level: level // 24)
    data = jpegs.jpeg("4:4:4", dark, quality=95)
    assert read_coefficients(data).components[0].blocks[5:11, 6:12, 1:].any()
    assert_filled(data, repaint(data, [BOX], LIMITS), ENLARGED)


def test_nothing_of_the_picture_is_left_beyond_its_edge():
    """Blocks that complete the last MCU, and that no viewer shows, are not copied."""
    data = jpegs.jpeg("4:2:0", jpegs.noise(160, 128))
    assert read_coefficients(data).components[0].blocks[15, 19, 1:].any()
    at = data.index(b"\xff\xc0") + 5
    narrow = data[:at] + b"\0\x78\0\x98" + data[at + 4 :]  # 152 by 120: half of the last MCUs is hidden
    painted = repaint(narrow, [PageBox(None, 8, 8, 8, 8)], LIMITS)
    wide = (
        painted[: painted.index(b"\xff\xc0") + 5]
        + b"\0\x80\0\xa0"
        + painted[painted.index(b"\xff\xc0") + 9 :]
    )
    hidden = read_coefficients(wide).components[0].blocks
    assert not hidden[:, 19, 1:].any()
    assert not hidden[15, :, 1:].any()


def test_a_damaged_scan_is_copied_as_it_is_shown():
    """Where the coded data is damaged, what libjpeg makes of it is kept: the same pixels outside the fill."""
    data = bytearray(jpegs.jpeg("grey", jpegs.noise(160, 128)))
    data[-900:-896] = b"\x12\x34\x56\x78"
    old, new = np.asarray(opened(bytes(data))), np.asarray(opened(repaint(bytes(data), [BOX], LIMITS)))
    assert np.array_equal(old[96:], new[96:])
    assert np.array_equal(old[:32], new[:32])


def test_black_already_is_told_apart():
    """Blocks that are black in every component need no new file."""
    data = jpegs.jpeg("4:2:0", jpegs.noise(64, 64))
    filled = fill_blocks(data, [AREA], LIMITS)
    assert filled is not None
    assert fill_blocks(filled, [AREA], LIMITS) is None
    assert fill_blocks(filled, [Region(1, 1, 4, 2)], LIMITS) is not None
    assert fill_blocks(data, [Region(90, 90, 99, 99)], LIMITS) is None


def _with_steps(data: bytes, step: int) -> bytes:
    """Return a grey JPEG with a quantisation table of 16-bit steps."""
    at = data.index(b"\xff\xdb")
    size = int.from_bytes(data[at + 2 : at + 4], "big")
    table = b"\xff\xdb\0\x83\x10" + step.to_bytes(2, "big") * 64
    return (data[:at] + table + data[at + 2 + size :]).replace(b"\xff\xc0", b"\xff\xc1", 1)


def _two_components(data: bytes) -> bytes:
    """Return a grey JPEG with a second component, which no colour model knows."""
    at = data.index(b"\xff\xc0")
    frame = b"\xff\xc0\0\x0e" + data[at + 4 : at + 9] + b"\2\1\x11\0\2\x11\0"
    return data[:at] + frame + data[at + 13 :]


def _too_finely_sampled() -> bytes:
    """Return a JPEG in separate scans whose MCU would have eighteen blocks, more than one scan may hold."""
    large, small = (jpegs.in_separate_scans(jpegs.noise(side, side)) for side in (128, 32))
    second = large.index(b"\xff\xda\0\x08\1\2")
    data = large[:second] + small[small.index(b"\xff\xda\0\x08\1\2") :]
    return data.replace(b"\1\x11\0\2\x11\0", b"\1\x44\0\2\x11\0", 1)


GREY = jpegs.jpeg("grey", jpegs.noise(64, 64))
REFUSED = {
    "12 bits a sample": (jpegs.twelve_bits(GREY), FormatError),
    "a lossless frame": (GREY.replace(b"\xff\xc0", b"\xff\xc3"), FormatError),
    "a hierarchical frame": (GREY.replace(b"\xff\xc0", b"\xff\xc5"), FormatError),
    "a step too coarse for black": (_with_steps(GREY, 3073), UnsupportedError),
    "no quantisation table": (GREY.replace(b"\xff\xdb\0C\0", b"\xff\xdb\0C\3", 1), FormatError),
    "two components": (_two_components(GREY), UnsupportedError),
    "more blocks in an MCU than a scan may hold": (_too_finely_sampled(), FormatError),
    "no scan": (GREY[: GREY.index(b"\xff\xda")] + b"\xff\xd9", FormatError),
    "nothing": (b"", FormatError),
    "no JPEG": (b"\x89PNG\r\n\x1a\n" + bytes(60), FormatError),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_copied_is_refused(case):
    """What libjpeg gives up on, and what has no known black, is an error of this project; nothing comes out."""
    data, error = REFUSED[case]
    with pytest.raises(error):
        fill_blocks(data, [AREA], LIMITS)


def test_a_coarse_step_that_still_gives_black_is_taken():
    """The coarsest steps that decoders clamp to black are filled and shown black."""
    filled = fill_blocks(_with_steps(GREY, 3072), [AREA], LIMITS)
    assert filled is not None
    assert not np.asarray(opened(filled))[8:16, 8:24].any()


def test_a_result_with_another_coefficient_is_refused():
    """Where a coefficient is so far from black that no code tells it, nothing comes out instead of another picture."""
    bits = "111111110" + f"{2000:011b}" + "1010" + "00" + "1010"  # two blocks of DC 2000, and no AC
    scan = int(bits.ljust(32, "1"), 2).to_bytes(4, "big").replace(b"\xff", b"\xff\0")
    data = jpegs.jpeg("grey", Image.new("L", (16, 8)), 100)
    start = data.index(b"\xff\xda") + 10
    data = data[:start] + scan + b"\xff\xd9"
    assert read_coefficients(data).components[0].blocks[0, :, 0].tolist() == [2000, 2000]
    assert fill_blocks(data, [Region(0, 0, 2, 1)], LIMITS) is not None
    with pytest.raises(FormatError):
        fill_blocks(data, [Region(0, 0, 1, 1)], LIMITS)


@pytest.mark.parametrize("kind", ["4:2:0", "progressive"])
@pytest.mark.parametrize("part", [0.2, 0.5, 0.9])
def test_a_file_that_is_cut_off_is_refused(kind, part):
    """A JPEG without its end is refused before anything is filled."""
    data = jpegs.jpeg(kind, jpegs.noise(160, 128))
    with pytest.raises(FormatError):
        repaint(data[: int(len(data) * part)], [BOX], LIMITS)


def test_too_little_memory_is_a_refusal():
    """A picture whose coefficients need more than memory_bytes is refused by its own process alone."""
    data = jpegs.jpeg("grey", jpegs.noise(64, 64))
    at = data.index(b"\xff\xc0") + 5
    huge = data[:at] + b"\x40\0\x40\0" + data[at + 4 :]  # 16,384 square: 512 MiB of coefficients
    with pytest.raises(FormatError):
        fill_blocks(huge, [AREA], Limits(memory_bytes=256 << 20))


def test_too_little_time_is_a_refusal():
    """A picture that takes longer than artefact_seconds names that limit."""
    data = jpegs.jpeg("grey", jpegs.noise(64, 64))
    with pytest.raises(LimitExceededError, match="artefact_seconds"):
        fill_blocks(data, [AREA], Limits(artefact_seconds=1e-9))


def test_another_libjpeg_is_refused(monkeypatch):
    """A library without these functions, or of another binary interface, ends the process and nothing else."""
    from simplejpeg import _jpeg

    monkeypatch.setattr(jpeg_blocks, "_LIBRARY", _jpeg.__file__)
    monkeypatch.setattr(jpeg_blocks, "_HELPER", helper := jpeg_blocks._Helper())
    with pytest.raises(FormatError):
        fill_blocks(GREY, [AREA], LIMITS)
    helper.stop()


def test_one_process_fills_one_picture_after_the_other():
    """Pictures share the process that makes the forks, and one that is refused does not disturb the next."""
    assert fill_blocks(GREY, [AREA], LIMITS)
    first = jpeg_blocks._HELPER._process.pid
    with pytest.raises(FormatError):
        fill_blocks(GREY.replace(b"\xff\xc0", b"\xff\xc3"), [AREA], LIMITS)
    assert fill_blocks(GREY, [AREA], LIMITS)
    assert jpeg_blocks._HELPER._process.pid == first


def test_a_process_that_went_away_is_started_anew():
    """Whatever ended the process between two pictures, the next picture gets a new one."""
    assert fill_blocks(GREY, [AREA], LIMITS)
    gone = jpeg_blocks._HELPER._process
    gone.kill()
    gone.wait()
    assert fill_blocks(GREY, [AREA], LIMITS)
    assert jpeg_blocks._HELPER._process.pid != gone.pid


def _fork() -> int:
    """Return the number of the process that does the work."""
    process = jpeg_blocks._HELPER._process.pid
    while not (found := Path(f"/proc/{process}/task/{process}/children").read_text("ascii").split()):
        pass
    return int(found[0])


def _damaged(data: bytes) -> bytes:
    return data[:-200] + b"\xff\xd9"


def test_sound_pictures_share_a_fork():
    """A fork goes on to the next picture, whether there was something to fill or not."""
    filled = fill_blocks(GREY, [AREA], LIMITS)
    first = _fork()
    assert fill_blocks(filled, [AREA], LIMITS) is None
    assert fill_blocks(GREY, [AREA], LIMITS) == filled
    assert _fork() == first


@pytest.mark.parametrize("flawed", [_damaged(GREY), _with_steps(GREY, 3073), GREY[:40]])
def test_a_flawed_picture_shares_its_fork_with_none_behind_it(flawed):
    """A picture that is refused, or in which libjpeg goes on over a flaw, leaves the next one a new fork."""
    filled = fill_blocks(GREY, [AREA], LIMITS)
    first = _fork()
    with suppress(FormatError, UnsupportedError):
        fill_blocks(flawed, [AREA], LIMITS)
    assert fill_blocks(GREY, [AREA], LIMITS) == filled
    assert _fork() != first


def test_a_fork_that_a_signal_ends_takes_its_process_along():
    """Nobody reads on behind half an answer: the process ends as well, and the next picture gets a new one."""
    assert fill_blocks(GREY, [AREA], LIMITS)
    gone = jpeg_blocks._HELPER._process
    os.kill(_fork(), signal.SIGKILL)
    assert gone.wait(60) == 0
    assert fill_blocks(GREY, [AREA], LIMITS)
    assert jpeg_blocks._HELPER._process.pid != gone.pid


@pytest.mark.parametrize("said", [b"", b"0 900\nshort", b"no numbers\n", b"\n"])
def test_a_process_that_goes_away_with_a_picture_is_a_refusal(tmp_path, monkeypatch, said):
    """A process that ends, or talks nonsense, instead of giving a picture back refuses that picture alone."""
    program = tmp_path / "program.py"
    program.write_text(f"import os, sys\nsys.stdin.buffer.readline()\nos.write(1, {said!r})\n")
    monkeypatch.setattr(jpeg_blocks, "_PROGRAM", str(program))
    monkeypatch.setattr(jpeg_blocks, "_HELPER", helper := jpeg_blocks._Helper())
    with pytest.raises(FormatError):
        fill_blocks(GREY, [AREA], LIMITS)
    monkeypatch.undo()
    assert helper._process is None
    assert fill_blocks(GREY, [AREA], LIMITS)


def test_a_process_that_says_nothing_is_stopped(tmp_path, monkeypatch):
    """A process that keeps a picture for longer than artefact_seconds is ended."""
    program = tmp_path / "program.py"
    program.write_text("import sys, time\nsys.stdin.buffer.readline()\ntime.sleep(60)\n")
    monkeypatch.setattr(jpeg_blocks, "_PROGRAM", str(program))
    monkeypatch.setattr(jpeg_blocks, "_HELPER", helper := jpeg_blocks._Helper())
    with pytest.raises(LimitExceededError, match="artefact_seconds"):
        fill_blocks(GREY, [AREA], Limits(artefact_seconds=0.5))
    assert helper._process is None


def test_the_program_says_nothing_of_the_picture():
    """What ends the process says on its channels what libjpeg says, and holds no byte of the picture."""
    mark = b"the-hidden-copy-0123456789"
    done = subprocess.run(
        [sys.executable, "-I", "-S", jpeg_blocks._PROGRAM, jpeg_blocks._LIBRARY],
        input=b"84 9 1000000000 0 0 1 1\n\xff\xd8\xff\xfe\0\x40" + mark * 3,
        capture_output=True,
    )
    assert done.stdout == b"1 0\n"
    assert mark not in done.stderr
