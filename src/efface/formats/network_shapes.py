"""Read from the file of a neural network what goes in and what comes out: names and sizes, never weights.

Sources: onnx.proto3 (ModelProto.graph = 7; GraphProto.node = 1, .initializer = 5, .input = 11, .output = 12); the
FlatBuffers encoding and TensorFlow Lite's schema.fbs (Model.subgraphs, SubGraph.tensors, .inputs, .outputs,
Tensor.shape, .name); caffe.proto (NetParameter, LayerParameter) and its text form; TensorFlow graph.proto,
node_def.proto and attr_value.proto; ncnn, "param and model file structure" (magic 7767517); dlib, `serialize` of its
layers (dlib/dnn/loss.h and input.h: each writes its name).
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, NamedTuple, cast

from efface.errors import FormatError
from efface.formats.protobuf import fields

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Port", "Shapes", "shapes"]

_FREE = -1
_MOST_PORTS = 64
_NCNN = b"7767517"
_DLIB = re.compile(rb"[\x01-\x08\x00]{3}.(loss_[a-z]+)_", re.DOTALL)
_DLIB_INPUT = b"input_rgb_image"
_LAST_OUTPUT = re.compile(rb"^InnerProduct\s[^\n]*?\s0=(\d{2,5})\b", re.MULTILINE)
_NCNN_INPUT = re.compile(rb"^Input\s[^\n]*?\s0=(\d+)\s1=(\d+)\s2=(\d+)", re.MULTILINE)
_NCNN_OUTPUT = re.compile(rb"^\w+\s+(\S+)", re.MULTILINE)
_PROTOTXT_DIM = re.compile(rb"\b(?:input_dim|dim):\s*(\d{1,6})")
_PROTOTXT_LAST = re.compile(rb"\bnum_output:\s*(\d{1,6})")
_PROTOTXT_TYPE = re.compile(rb'\btype:\s*"?(\w+)')


class Port(NamedTuple):
    """One input or output: its name, and its sizes, -1 where any size does."""

    name: str
    sizes: tuple[int, ...]


class Shapes(NamedTuple):
    """What goes in and what comes out of a network, and the format of its file."""

    format: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


def shapes(data: bytes | memoryview, name: str) -> Shapes | None:
    """Return what goes in and out of a network, or None where the bytes are no network of a known format.

    Args:
        data: The whole file.
        name: File name: it decides between formats that have no magic number.

    Raises:
        FormatError: It is a network by its magic number or name, and its structure does not hold.
    """
    head, low = bytes(data[:4096]), name.lower()
    if head[4:8] == b"TFL3":
        return _tflite(data)
    if _DLIB.match(head):
        return _dlib(bytes(data), head)
    if head.lstrip()[:7] == _NCNN:
        return _ncnn(bytes(data))
    reader = _BY_ENDING.get(low[low.rfind(".") :])
    return reader(data) if reader else None


# -- ONNX ----------------------------------------------------------------------------------------------


def _walk(message: bytes | memoryview) -> Iterator[tuple[int, bytes, int]]:
    """Yield number, body and value of each field; a view is walked without copying what lies in it."""
    for field in fields(cast("bytes", message)):
        yield field.number, field.body if field.body is not None else b"", field.value


def _word(body: bytes | memoryview) -> str:
    return bytes(body[:200]).decode("utf-8", "replace")


def _onnx(data: bytes | memoryview) -> Shapes:
    graph = next((body for number, body, _ in _walk(memoryview(data)) if number == 7), None)
    if graph is None:
        raise FormatError("an ONNX file without a graph")
    inputs, outputs, weights = [], [], set()
    for number, body, _ in _walk(graph):
        if number == 5:
            weights.add(next((_word(inner) for at, inner, _ in _walk(body) if at == 8), ""))
        elif number == 11:
            inputs.append(_onnx_port(body))
        elif number == 12:
            outputs.append(_onnx_port(body))
    free = [port for port in inputs if port.name not in weights]
    return Shapes("ONNX", tuple(free[:_MOST_PORTS]), tuple(outputs[:_MOST_PORTS]))


def _onnx_port(value: bytes) -> Port:
    name, sizes = "", []
    for number, body, _ in _walk(value):
        if number == 1:
            name = _word(body)
        elif number == 2:
            dims = _each(body, 1, 2, 1)
            sizes += [next((size for at, _, size in _walk(dim) if at == 1), _FREE) for dim in dims]
    return Port(name, tuple(sizes))


def _each(message: bytes, *path: int) -> Iterator[bytes]:
    """Yield the bodies at a path of field numbers."""
    for number, body, _ in _walk(message):
        if number == path[0]:
            if len(path) == 1:
                yield body
            else:
                yield from _each(body, *path[1:])


# -- TensorFlow Lite -----------------------------------------------------------------------------------


class _Flat:
    """Tables of a FlatBuffers file, read with every offset checked."""

    def __init__(self, data: bytes | memoryview) -> None:
        self._data = data

    def _unpack(self, form: str, at: int) -> int:
        try:
            return int(struct.unpack_from(form, self._data, at)[0])
        except struct.error:
            raise FormatError("a TensorFlow Lite file whose offsets lead out of it") from None

    def u32(self, at: int) -> int:
        return self._unpack("<I", at)

    def follow(self, at: int) -> int:
        """Return where an offset that stands at a place leads to."""
        return at + self.u32(at)

    def field(self, table: int, number: int) -> int | None:
        """Return where a field of a table stands, or None where the table has none."""
        vtable = table - self._unpack("<i", table)
        if vtable < 0 or 4 + 2 * number >= self._unpack("<H", vtable):
            return None
        offset = self._unpack("<H", vtable + 4 + 2 * number)
        return table + offset if offset else None

    def vector(self, table: int, number: int) -> list[int]:
        """Return where the elements, of four bytes, of a vector stand."""
        at = self.field(table, number)
        if at is None:
            return []
        start = self.follow(at)
        return [start + 4 + 4 * index for index in range(min(self.u32(start), 1 << 16))]

    def text(self, table: int, number: int) -> str:
        at = self.field(table, number)
        if at is None:
            return ""
        start = self.follow(at)
        return _word(self._data[start + 4 : start + 4 + min(self.u32(start), 200)])


def _tflite(data: bytes | memoryview) -> Shapes:
    flat = _Flat(data)
    graphs = flat.vector(flat.follow(0), 2)
    if not graphs:
        raise FormatError("a TensorFlow Lite file without a graph")
    graph = flat.follow(graphs[0])
    tensors = flat.vector(graph, 0)

    def ports(number: int) -> tuple[Port, ...]:
        found = []
        for at in flat.vector(graph, number)[:_MOST_PORTS]:
            index = flat.u32(at)
            if index >= len(tensors):
                raise FormatError("a TensorFlow Lite file whose graph names a tensor that it does not have")
            tensor = flat.follow(tensors[index])
            sizes = tuple(flat.u32(each) for each in flat.vector(tensor, 0)[:8])
            found.append(Port(flat.text(tensor, 3), sizes))
        return tuple(found)

    return Shapes("TensorFlow Lite", ports(1), ports(2))


# -- dlib, ncnn, Caffe ---------------------------------------------------------------------------------


def _dlib(data: bytes, head: bytes) -> Shapes:
    """Read what a serialised network of dlib is trained for, its first word, and that it takes pictures, its last."""
    match = _DLIB.match(head)
    loss = match.group(1).decode("ascii") if match else ""
    at = data.rfind(_DLIB_INPUT)
    given = (Port(_word(data[at : at + 32]).partition("\0")[0], ()),) if at >= 0 else ()
    return Shapes("dlib", given, (Port(loss, ()),))


def _ncnn(data: bytes) -> Shapes:
    given = [Port("", (int(c), int(h), int(w))) for w, h, c in _NCNN_INPUT.findall(data[: 1 << 20])]
    lines = [line for line in data[: 4 << 20].splitlines()[2:] if line.strip()]
    last = lines[-1] if lines else b""
    if not given and not any(line.startswith(b"Input") for line in lines[:4]):
        raise FormatError("an ncnn file without an input")
    match = _LAST_OUTPUT.match(last) or (_LAST_OUTPUT.match(lines[-2]) if len(lines) > 1 else None)
    outputs = [Port("", (int(match.group(1)),))] if match else []
    return Shapes("ncnn", tuple(given), tuple(outputs))


def _prototxt(data: bytes | memoryview) -> Shapes:
    text = re.sub(rb"#[^\n]*", b"", bytes(data[: 4 << 20]))
    dims = [int(size) for size in _PROTOTXT_DIM.findall(text)[:4]]
    outputs = _PROTOTXT_LAST.findall(text)
    kinds = _PROTOTXT_TYPE.findall(text)
    ends = any(kind in (b"InnerProduct", b"INNER_PRODUCT") for kind in kinds[-4:])
    return Shapes(
        "Caffe",
        (Port("", tuple(dims)),) if dims else (),
        (Port("", (int(outputs[-1]),)),) if outputs and ends else (),
    )


def _caffemodel(data: bytes | memoryview) -> Shapes:
    sizes: list[int] = []
    last: tuple[str, int] | None = None
    for number, body, value in _walk(memoryview(data)):
        if number == 4:
            sizes.append(value)
        elif number == 8:
            sizes += [dim for at, _, dim in _walk(body) if at == 1]
        elif number == 100:
            last = _caffe_layer(body) or last
            sizes = sizes or _caffe_input(body)
    return Shapes(
        "Caffe",
        (Port("", tuple(sizes[:4])),) if sizes else (),
        (Port(last[0], (last[1],)),) if last else (),
    )


def _caffe_layer(layer: bytes) -> tuple[str, int] | None:
    name = next((_word(body) for at, body, _ in _walk(layer) if at == 1), "")
    for inner in _each(layer, 117):
        count = next((value for at, _, value in _walk(inner) if at == 1), 0)
        if count:
            return name, count
    return None


def _caffe_input(layer: bytes) -> list[int]:
    shape = next(_each(layer, 143, 1), b"")
    return [value for at, _, value in _walk(shape) if at == 1]


# -- TensorFlow ----------------------------------------------------------------------------------------


def _tensorflow(data: bytes | memoryview) -> Shapes | None:
    """Read a graph definition, or return None: the ending is that of any message of Protocol Buffers."""
    try:
        return _graph_def(data)
    except FormatError:
        return None


def _graph_def(data: bytes | memoryview) -> Shapes:
    """Read the nodes that take from outside, and the nodes that nothing takes from."""
    inputs: list[Port] = []
    nodes: list[str] = []
    taken: set[str] = set()
    view = memoryview(data)
    graphs = [*_each_or_none(view, 2, 2)]  # SavedModel.meta_graphs = 2, MetaGraphDef.graph_def = 2
    for graph in graphs or [cast("bytes", view)]:
        for node in _each(graph, 1):
            parts = list(_walk(node))
            name = next((_word(body) for at, body, _ in parts if at == 1), "")
            kind = next((_word(body) for at, body, _ in parts if at == 2), "")
            taken.update(_word(body).lstrip("^").partition(":")[0] for at, body, _ in parts if at == 3)
            if kind == "Placeholder":
                inputs.append(Port(name, _placeholder(parts)))
            elif name:
                nodes.append(name)
    outputs = [Port(name, ()) for name in nodes if name not in taken]
    return Shapes("TensorFlow", tuple(inputs[:_MOST_PORTS]), tuple(outputs[-_MOST_PORTS:]))


def _each_or_none(view: memoryview, *path: int) -> Iterator[bytes]:
    try:
        yield from _each(cast("bytes", view), *path)
    except FormatError:
        return  # a GraphDef: its second field is a message of another kind


def _placeholder(parts: list[tuple[int, bytes, int]]) -> tuple[int, ...]:
    for number, body, _ in parts:
        if number == 5 and next((_word(key) for at, key, _ in _walk(body) if at == 1), "") == "shape":
            dims = _each(body, 2, 7, 2)
            return tuple(next((size for at, _, size in _walk(dim) if at == 1), _FREE) for dim in dims)
    return ()


_BY_ENDING: dict[str, Callable[[bytes | memoryview], Shapes | None]] = {
    ".onnx": _onnx,
    ".prototxt": _prototxt,
    ".caffemodel": _caffemodel,
    ".pb": _tensorflow,
}
