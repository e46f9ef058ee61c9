"""A program of its own that fills blocks of one JPEG with black and copies every other coefficient.

`jpeg_blocks` starts it once and gives it one picture after the other. Each picture is the work of a fork of its
own, because the error handling of libjpeg ends the process that it runs in: broken bytes then end that fork, which
has no pipe of this process but the one for its result. It imports as little as it can.

  standard input    for each picture one line of numbers: bytes of the JPEG, seconds of the processor, bytes of
                    memory, then left, top, right and bottom of each area in MCUs from the top left; then the JPEG
  standard output   for each picture one line: how its fork ended, and bytes of the result; then the result: the
                    JPEG with the blocks filled, without APPn markers; nothing when all of them were black

Before a fork gives a result back, it reads it again and compares every coefficient with what it meant to write.

A fork ends with 0; with 1 when libjpeg gave up, or wrote anything else than that; with 2 when memory ran out; with 3
at a colour model or a table that cannot be filled; with a signal's number below zero when a signal ended it. Another
library ends this program.

The structures are those of version 62 of libjpeg's binary interface, which libjpeg-turbo keeps. libjpeg itself
compares version and size of its two main structures with ours before it does anything else.
Source: libjpeg's `jpeglib.h` and `libjpeg.txt`; ITU-T T.81.
"""

from __future__ import annotations

import ctypes
import os
import resource
import struct
import sys
from ctypes import (
    POINTER,
    Structure,
    c_double,
    c_int,
    c_long,
    c_size_t,
    c_ubyte,
    c_uint,
    c_ulong,
    c_ushort,
    c_void_p,
    pointer,
)

TYPE_CHECKING = False  # importing `typing` takes as long as all of the rest
if TYPE_CHECKING:
    from collections.abc import Callable
    from ctypes import Array
    from typing import Any, NoReturn

    _Fields = list[tuple[str, Any]]

_VERSION = 62
_BLOCK_BYTES = 128
_HUFFMAN_BYTES = 17 + 256  # how many codes of each length there are, and what they stand for
_BLACK_SPAN, _WHITE_SPAN = -1024, 1016  # 8 times the sample's distance from the middle: what DC stands for
_COARSEST = 3072  # a coarser step would carry DC of black out of the range that decoders clamp
GAVE_UP, FAILED, UNFIT = 1, 2, 3
# Per component of libjpeg's colour spaces. Print colours are stored inverted: no ink is white, black is nothing.
_FILLS = {
    1: (_BLACK_SPAN,),  # grey
    2: (_BLACK_SPAN, _BLACK_SPAN, _BLACK_SPAN),  # RGB
    3: (_BLACK_SPAN, 0, 0),  # YCbCr
    4: (_WHITE_SPAN, _WHITE_SPAN, _WHITE_SPAN, _BLACK_SPAN),  # CMYK
    5: (_BLACK_SPAN, 0, 0, _BLACK_SPAN),  # YCCK
}
# A picture of one block, without a difference to the middle grey: tables of ones, and one code each.
_GREY_BLOCK = (
    b"\xff\xd8\xff\xdb\0\x43\0" + b"\1" * 64 + b"\xff\xc0\0\x0b\x08\0\x08\0\x08\1\1\x11\0"
    b"\xff\xc4\0\x14\0\1" + bytes(16) + b"\xff\xc4\0\x14\x10\1" + bytes(16) +
    b"\xff\xda\0\x08\1\1\0\0\x3f\0\x3f\xff\xd9"
)  # fmt: skip


class _Component(Structure):
    _fields_ = [
        ("component_id", c_int), ("component_index", c_int), ("h_samp_factor", c_int), ("v_samp_factor", c_int),
        ("quant_tbl_no", c_int), ("dc_tbl_no", c_int), ("ac_tbl_no", c_int), ("width_in_blocks", c_uint),
        ("height_in_blocks", c_uint), ("DCT_scaled_size", c_int), ("downsampled_width", c_uint),
        ("downsampled_height", c_uint), ("component_needed", c_int), ("MCU_width", c_int), ("MCU_height", c_int),
        ("MCU_blocks", c_int), ("MCU_sample_width", c_int), ("last_col_width", c_int), ("last_row_height", c_int),
        ("quant_table", c_void_p), ("dct_table", c_void_p),
    ]  # fmt: skip


class _QuantTable(Structure):
    _fields_ = [("quantval", c_ushort * 64), ("sent_table", c_int)]


_ACCESS = ctypes.CFUNCTYPE(POINTER(c_void_p), c_void_p, c_void_p, c_uint, c_uint, c_int)


class _Memory(Structure):
    _fields_ = [
        ("alloc", c_void_p * 8),
        ("access_virt_barray", _ACCESS),
        ("free_pool", c_void_p), ("self_destruct", c_void_p), ("limits", c_long * 2),
    ]  # fmt: skip


_COMMON: _Fields = [
    ("err", c_void_p), ("mem", POINTER(_Memory)), ("progress", c_void_p), ("client_data", c_void_p),
    ("is_decompressor", c_int), ("global_state", c_int),
]  # fmt: skip
_TABLES: _Fields = [
    ("quant_tbl_ptrs", POINTER(_QuantTable) * 4), ("huff_tbl_ptrs", c_void_p * 8),
]  # fmt: skip
_ARITHMETIC: _Fields = [
    ("arith_dc_L", c_ubyte * 16),
    ("arith_dc_U", c_ubyte * 16),
    ("arith_ac_K", c_ubyte * 16),
]
_JFIF: _Fields = [
    ("jfif", c_int), ("jfif_version", c_ubyte * 2), ("density_unit", c_ubyte), ("density", c_ushort * 2),
    ("adobe", c_int),
]  # fmt: skip
_SCAN: _Fields = [
    ("comps_in_scan", c_int), ("cur_comp_info", c_void_p * 4), ("MCUs_per_row", c_uint), ("MCU_rows_in_scan", c_uint),
    ("blocks_in_MCU", c_int), ("MCU_membership", c_int * 10), ("band", c_int * 4),
]  # fmt: skip


class _Decompress(Structure):
    _fields_ = [
        *_COMMON,
        ("src", c_void_p), ("image_width", c_uint), ("image_height", c_uint), ("num_components", c_int),
        ("jpeg_color_space", c_int), ("out_color_space", c_int), ("scale_num", c_uint), ("scale_denom", c_uint),
        ("output_gamma", c_double), ("choices", c_int * 11), ("output_width", c_uint), ("output_height", c_uint),
        ("output_counts", c_int * 4), ("colormap", c_void_p), ("progress_counts", c_int * 5), ("coef_bits", c_void_p),
        *_TABLES,
        ("data_precision", c_int), ("comp_info", POINTER(_Component)),
        ("progressive_mode", c_int), ("arith_code", c_int),
        *_ARITHMETIC,
        ("restart_interval", c_uint),
        *_JFIF,
        ("Adobe_transform", c_ubyte), ("CCIR601_sampling", c_int), ("marker_list", c_void_p),
        ("max_h_samp_factor", c_int), ("max_v_samp_factor", c_int), ("min_DCT_scaled_size", c_int),
        ("total_iMCU_rows", c_uint), ("sample_range_limit", c_void_p),
        *_SCAN,
        ("unread_marker", c_int), ("modules", c_void_p * 11),
    ]  # fmt: skip


class _Compress(Structure):
    _fields_ = [
        *_COMMON,
        ("dest", c_void_p), ("image_width", c_uint), ("image_height", c_uint), ("input_components", c_int),
        ("in_color_space", c_int), ("input_gamma", c_double), ("data_precision", c_int), ("num_components", c_int),
        ("jpeg_color_space", c_int), ("comp_info", POINTER(_Component)),
        *_TABLES,
        *_ARITHMETIC,
        ("num_scans", c_int), ("scan_info", c_void_p), ("raw_data_in", c_int), ("arith_code", c_int),
        ("optimize_coding", c_int), ("CCIR601_sampling", c_int), ("smoothing_factor", c_int), ("dct_method", c_int),
        ("restart_interval", c_uint), ("restart_in_rows", c_int),
        *_JFIF,
        ("next_scanline", c_uint), ("progressive_mode", c_int), ("max_h_samp_factor", c_int),
        ("max_v_samp_factor", c_int), ("total_iMCU_rows", c_uint),
        *_SCAN,
        ("modules", c_void_p * 9), ("script_space", c_void_p), ("script_space_size", c_int),
    ]  # fmt: skip


def main(library: str) -> None:
    """Do what standard input says with the libjpeg that a shared object is linked to, until it ends."""
    jpeg = _linked(library)
    _limit(resource.RLIMIT_CORE, 0)  # a core file would hold the picture
    while line := sys.stdin.buffer.readline():
        size, *numbers = map(int, line.split())
        data = sys.stdin.buffer.read(size)
        if len(data) < size:
            return
        status, pieces = _apart(jpeg, data, numbers)
        answer = b"".join((b"%d %d\n" % (status, sum(map(len, pieces))), *pieces))
        sys.stdout.buffer.write(answer)
        sys.stdout.buffer.flush()
        del data, pieces, answer  # the next fork would have them


def _linked(library: str) -> Any:  # noqa: ANN401 - a library of C
    jpeg = ctypes.CDLL(library)
    for name in ("jpeg_std_error", "jpeg_read_coefficients"):
        getattr(jpeg, name).restype = c_void_p
    jpeg.memcmp.argtypes = (c_void_p, c_void_p, c_size_t)
    _filled(jpeg, _GREY_BLOCK, [(0, 0, 1, 1)], (c_ubyte * 1024)())  # what first use loads, forks then have
    return jpeg


def _apart(jpeg: Any, data: bytes, numbers: list[int]) -> tuple[int, list[bytes]]:  # noqa: ANN401 - a library of C
    """Return how a fork that fills one picture ended, and what it wrote."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        status = FAILED
        try:
            for inherited in (0, 1, reader):
                os.close(inherited)
            _work(jpeg, data, numbers, writer)
            status = 0
        except SystemExit as end:
            status = int(end.code or 0)
        except BaseException:  # noqa: BLE001 - whatever it is, this fork ends here
            status = FAILED
        finally:
            os._exit(status)
    os.close(writer)
    pieces = []
    while piece := os.read(reader, 1 << 20):
        pieces.append(piece)
    os.close(reader)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return status, [] if status else pieces


def _work(jpeg: Any, data: bytes, numbers: list[int], writer: int) -> None:  # noqa: ANN401 - a library of C
    seconds, memory_bytes, *edges = numbers
    _limit(resource.RLIMIT_CPU, seconds)
    _limit(resource.RLIMIT_DATA, memory_bytes)
    space = (c_ubyte * (len(data) + 1))()  # most results need no more
    result = memoryview(_filled(jpeg, data, list(zip(*[iter(edges)] * 4, strict=True)), space))
    while result:
        result = result[os.write(writer, result) :]


def _limit(what: int, most: int) -> None:
    hard = resource.getrlimit(what)[1]
    bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (bound, hard))


def _filled(jpeg: Any, data: bytes, areas: list[tuple[int, ...]], space: Array[c_ubyte]) -> Array[c_ubyte]:  # noqa: ANN401
    """Return the JPEG with the blocks filled, read again and found the same; it lies in `space` if there is enough."""
    errors = (c_ubyte * 1024)()  # a jpeg_error_mgr, with room to spare
    source, target, again = _Decompress(), _Compress(), _Decompress()
    source.err = target.err = again.err = jpeg.jpeg_std_error(errors)
    _open(jpeg, source, data, len(data))
    restart_interval = source.restart_interval
    arrays = _coefficients(jpeg, source)
    jpeg.jpeg_CreateCompress(pointer(target), _VERSION, c_ulong(ctypes.sizeof(target)))
    written, size = c_void_p(ctypes.addressof(space)), c_ulong(len(space))
    jpeg.jpeg_mem_dest(pointer(target), pointer(written), pointer(size))
    jpeg.jpeg_copy_critical_parameters(pointer(source), pointer(target))  # refuses tables that are not there
    if not _fill(source, arrays, areas):
        return (c_ubyte * 0)()
    target.restart_interval = restart_interval
    target.arith_code = source.arith_code
    target.optimize_coding = not source.arith_code and not _has_usual_tables(source, target)
    target.jfif = target.adobe = 0
    if source.progressive_mode:
        jpeg.jpeg_simple_progression(pointer(target))
    jpeg.jpeg_write_coefficients(pointer(target), arrays)
    jpeg.jpeg_finish_compress(pointer(target))
    _open(jpeg, again, written, size.value)
    if not _is_same(jpeg, (source, arrays), (again, _coefficients(jpeg, again))):
        sys.exit(GAVE_UP)
    return (c_ubyte * size.value).from_address(written.value or 0)


def _open(jpeg: Any, source: _Decompress, data: bytes | c_void_p, size: int) -> None:  # noqa: ANN401
    jpeg.jpeg_CreateDecompress(pointer(source), _VERSION, c_ulong(ctypes.sizeof(source)))
    jpeg.jpeg_mem_src(pointer(source), data, c_ulong(size))
    jpeg.jpeg_read_header(pointer(source), 1)


def _coefficients(jpeg: Any, source: _Decompress) -> Any:  # noqa: ANN401 - a library of C, and a pointer
    return ctypes.cast(jpeg.jpeg_read_coefficients(pointer(source)), POINTER(c_void_p))


def _has_usual_tables(source: _Decompress, target: _Compress) -> bool:
    """Return whether all Huffman tables are those that libjpeg starts with: they have a code for everything."""
    return all(
        not used
        or (usual and ctypes.string_at(used, _HUFFMAN_BYTES) == ctypes.string_at(usual, _HUFFMAN_BYTES))
        for used, usual in zip(source.huff_tbl_ptrs, target.huff_tbl_ptrs, strict=True)
    )


def _is_same(jpeg: Any, one: tuple[_Decompress, Any], other: tuple[_Decompress, Any]) -> bool:  # noqa: ANN401
    """Return whether two pictures have the same size, the same steps and the same numbers everywhere."""
    source, again = one[0], other[0]
    for index in range(source.num_components):
        (width, height, steps), shape_again = _shape(source, index), _shape(again, index)
        if (width, height, steps) != shape_again:
            return False
        row, row_again = _rows(*one, index), _rows(*other, index)
        if any(jpeg.memcmp(row(number), row_again(number), width * _BLOCK_BYTES) for number in range(height)):
            return False
    return bool(source.num_components == again.num_components)


def _shape(source: _Decompress, index: int) -> tuple[int, int, bytes]:
    """Return width and height of a component in blocks, and its quantisation table."""
    component = source.comp_info[index]
    table = source.quant_tbl_ptrs[component.quant_tbl_no].contents.quantval
    return component.width_in_blocks, component.height_in_blocks, bytes(table)


def _rows(source: _Decompress, arrays: Any, index: int) -> Callable[[int], int]:  # noqa: ANN401 - a pointer
    """Return what gives the address of a row of blocks of a component."""
    access, whole, array = source.mem.contents.access_virt_barray, ctypes.addressof(source), arrays[index]
    return lambda number: access(whole, array, number, 1, 1)[0] or 0


def _fill(source: _Decompress, arrays: Any, areas: list[tuple[int, ...]]) -> bool:  # noqa: ANN401 - a pointer
    """Fill the blocks of all components, and return whether one of them was not black before."""
    spans = _FILLS.get(source.jpeg_color_space, ())
    if len(spans) != source.num_components or source.data_precision != 8:
        _refuse()
    changed = False
    for index, span in enumerate(spans):
        component = source.comp_info[index]
        step = source.quant_tbl_ptrs[component.quant_tbl_no].contents.quantval[0]
        if not 0 < step <= _COARSEST:
            _refuse()
        block = struct.pack("=h126x", -(-abs(span) // step) * (1 if span > 0 else -1))
        across, down = component.h_samp_factor, component.v_samp_factor
        row_at = _rows(source, arrays, index)
        for left, top, right, bottom in areas:
            columns = range(left * across, min(right * across, component.width_in_blocks))
            row_blocks = block * len(columns)
            for row in range(top * down, min(bottom * down, component.height_in_blocks)):
                at = row_at(row) + columns.start * _BLOCK_BYTES
                if ctypes.string_at(at, len(row_blocks)) != row_blocks:
                    changed = True
                    ctypes.memmove(at, row_blocks, len(row_blocks))
    return changed


def _refuse() -> NoReturn:
    sys.exit(UNFIT)


if __name__ == "__main__":
    main(sys.argv[1])
