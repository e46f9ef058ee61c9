"""A program of its own that fills blocks of JPEG files with black and copies every other coefficient.

`jpeg_blocks` starts it once and gives it one picture after the other, each when the one before is answered. The work is
done in a fork, because the error handling of libjpeg ends the process that it runs in: broken bytes then end that fork,
and the next picture gets another. A picture in which libjpeg finds a flaw and goes on ends it, too, so that a fork has
seen nothing but sound data before. It imports as little as it can.

  standard input    for each picture one line of numbers: bytes of the JPEG, seconds of the processor, bytes of
                    memory, then left, top, right and bottom of each area in MCUs from the top left; then the JPEG
  standard output   for each picture one line: how it went, and bytes of the result; then the result: the
                    JPEG with the blocks filled, without APPn markers; nothing when all of them were black

Before a fork gives a result back, it reads it again and compares every coefficient with what it meant to write.

An answer begins with 0; with 1 when libjpeg gave up, or wrote anything else than that; with 2 when memory ran out; with
3 at a colour model or a table that cannot be filled; with the number of SIGXCPU below zero when the seconds were over.
Another library, or another signal that ends a fork, ends this program.

The structures are those of version 62 of libjpeg's binary interface, which libjpeg-turbo keeps. libjpeg itself
compares version and size of its two main structures with ours before it does anything else.
Source: libjpeg's `jpeglib.h` and `libjpeg.txt`; ITU-T T.81.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct
import sys
import time
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
    from typing import Any, NoReturn

    _Fields = list[tuple[str, Any]]

_VERSION = 62
_BLOCK_BYTES = 128
_HUFFMAN_BYTES = 17 + 256  # how many codes of each length there are, and what they stand for
_BLACK_SPAN, _WHITE_SPAN = -1024, 1016  # 8 times the sample's distance from the middle: what DC stands for
_COARSEST = 3072  # a coarser step would carry DC of black out of the range that decoders clamp
DONE, GAVE_UP, FAILED, UNFIT, ANEW = range(5)
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


class _Errors(Structure):
    _fields_ = [
        ("calls", c_void_p * 5), ("code", c_int), ("parameters", c_int * 20), ("trace_level", c_int),
        ("num_warnings", c_long), ("tables", c_void_p * 8),
    ]  # fmt: skip


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
    while True:
        child = os.fork()
        if not child:
            _serve(jpeg)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status == DONE or (status < 0 and status != -signal.SIGXCPU):
            return  # of an answer that a signal ended, a part may have been written
        if status != ANEW:
            os.write(1, b"%d 0\n" % status)


def _linked(library: str) -> Any:  # noqa: ANN401 - a library of C
    jpeg = ctypes.CDLL(library)
    for name in ("jpeg_std_error", "jpeg_read_coefficients"):
        getattr(jpeg, name).restype = c_void_p
    jpeg.memcmp.argtypes = (c_void_p, c_void_p, c_size_t)
    _filled(jpeg, _GREY_BLOCK, [(0, 0, 1, 1)])  # what first use loads, forks then have
    return jpeg


def _serve(jpeg: Any) -> NoReturn:  # noqa: ANN401 - a library of C
    """Fill one picture after the other, until something is wrong with one, and end this fork."""
    status = DONE  # also where an order or an answer is cut off: nothing can be said behind it
    try:
        while order := _order():
            status = FAILED
            result, is_flawed = _work(jpeg, *order)
            status = DONE
            sys.stdout.buffer.writelines((b"%d %d\n" % (DONE, len(result)), result))
            sys.stdout.buffer.flush()
            if is_flawed:
                sys.exit(ANEW)
    except SystemExit as end:
        status = int(end.code or DONE)
    finally:
        os._exit(status)


def _order() -> tuple[bytes, list[int]] | None:
    """Return the next JPEG and its numbers, None at the end of standard input."""
    line = sys.stdin.buffer.readline()
    if not line:
        return None
    size, *numbers = map(int, line.split())
    data = sys.stdin.buffer.read(size)
    return (data, numbers) if len(data) == size else None


def _work(jpeg: Any, data: bytes, numbers: list[int]) -> tuple[bytes | memoryview, bool]:  # noqa: ANN401
    seconds, memory_bytes, *edges = numbers
    _limit(resource.RLIMIT_CPU, int(time.process_time()) + 1 + seconds)
    _limit(resource.RLIMIT_DATA, memory_bytes)
    return _filled(jpeg, data, list(zip(*[iter(edges)] * 4, strict=True)))


def _limit(what: int, most: int) -> None:
    hard = resource.getrlimit(what)[1]
    bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (bound, hard))


def _filled(jpeg: Any, data: bytes, areas: list[tuple[int, ...]]) -> tuple[bytes | memoryview, bool]:  # noqa: ANN401
    """Return the JPEG with the blocks filled, or nothing, and whether libjpeg found a flaw in the data."""
    errors, source, target = _Errors(), _Decompress(), _Compress()
    source.err = target.err = jpeg.jpeg_std_error(pointer(errors))
    _open(jpeg, source, data, len(data))
    restart_interval = source.restart_interval
    arrays = _coefficients(jpeg, source)
    is_flawed = errors.num_warnings > 0  # writing counts anew
    jpeg.jpeg_CreateCompress(pointer(target), _VERSION, c_ulong(ctypes.sizeof(target)))
    space = (c_ubyte * (len(data) + 1))()  # most results need no more
    written, size = c_void_p(ctypes.addressof(space)), c_ulong(len(space))
    jpeg.jpeg_mem_dest(pointer(target), pointer(written), pointer(size))
    jpeg.jpeg_copy_critical_parameters(pointer(source), pointer(target))  # refuses tables that are not there
    result: bytes | memoryview = b""
    if _fill(source, arrays, areas):
        target.restart_interval = restart_interval
        _write(jpeg, source, target, arrays)
        _compare(jpeg, source, arrays, written, size.value)
        result = memoryview(space)[: size.value]
        if written.value != ctypes.addressof(space):
            result = ctypes.string_at(written.value or 0, size.value)
            jpeg.free(written)
    for codec in (source, target):
        jpeg.jpeg_destroy(pointer(codec))
    return result, is_flawed


def _write(jpeg: Any, source: _Decompress, target: _Compress, arrays: Any) -> None:  # noqa: ANN401
    target.arith_code = source.arith_code
    target.optimize_coding = not source.arith_code and not _has_usual_tables(source, target)
    target.jfif = target.adobe = 0
    if source.progressive_mode:
        jpeg.jpeg_simple_progression(pointer(target))
    jpeg.jpeg_write_coefficients(pointer(target), arrays)
    jpeg.jpeg_finish_compress(pointer(target))


def _compare(jpeg: Any, source: _Decompress, arrays: Any, written: c_void_p, size: int) -> None:  # noqa: ANN401
    """End this fork when what was written is not what was meant."""
    again = _Decompress()
    again.err = source.err
    _open(jpeg, again, written, size)
    if not _is_same(jpeg, (source, arrays), (again, _coefficients(jpeg, again))):
        sys.exit(GAVE_UP)
    jpeg.jpeg_destroy(pointer(again))


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
    if source.num_components != again.num_components:
        return False
    for index in range(source.num_components):
        shape = width, height, _ = _shape(source, index)
        if shape != _shape(again, index):
            return False
        row, row_again = _rows(*one, index), _rows(*other, index)
        if any(jpeg.memcmp(row(number), row_again(number), width * _BLOCK_BYTES) for number in range(height)):
            return False
    return True


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
