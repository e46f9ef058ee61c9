"""Write dlib's face recogniser as an ONNX file from the weights that face-api.js publishes.

The network is dlib's residual network of 29 layers for faces, 150 x 150 pixels in, 128 numbers out. face-api.js
carries its weights in one byte each with a scale and a least value for every tensor; they are kept so (6 MB instead
of 22), and the runtime scales them once when it loads the file. Its affine layers become part of the convolutions.

Written without a library for ONNX, so that collecting needs the standard library only; the bytes depend on nothing
but the weights, and the lock file names their digest.

Source: dlib, dnn_face_recognition_ex.cpp (the layers); face-api.js, weights manifest (names and scales); onnx.proto3.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field

__all__ = ["onnx_file"]

_SIDE, _FLOAT, _UINT8 = 150, 1, 2
_MEAN_RGB = (122.782, 117.001, 104.298)
_SCALE = 1 / 256
_BLOCKS = (
    "conv32_1", "conv32_2", "conv32_3",
    "conv64_down", "conv64_1", "conv64_2", "conv64_3",
    "conv128_down", "conv128_1", "conv128_2",
    "conv256_down", "conv256_1", "conv256_2", "conv256_down_out",
)  # fmt: skip


def onnx_file(manifest: bytes, weights: bytes) -> bytes:
    """Return the ONNX file of a weights manifest and its weights.

    Its input "picture" is float32 of shape (n, 3, 150, 150): red, green, blue from 0 to 255; its output
    "template" is float32 of shape (n, 128).
    """
    graph = _Graph(_tensors(manifest, weights))
    at = graph.node("Sub", ["picture", graph.floats("mean", _MEAN_RGB, (3, 1, 1))])
    at = graph.node("Mul", [at, graph.floats("unit", (_SCALE,), (1,))])
    at = graph.layer("conv32_down", at, stride=2, padded=False)
    at = graph.node("MaxPool", [at], kernel_shape=(3, 3), strides=(2, 2))
    side = 35
    for name in _BLOCKS:
        at, side = graph.block(name, at, side)
    at = graph.node("GlobalAveragePool", [at])
    at = graph.node("Flatten", [at], axis=1)
    graph.node("MatMul", [at, graph.tensor("fc")], output="template")
    return graph.file()


@dataclass(frozen=True, slots=True)
class _Tensor:
    """Weights as they are published: bytes with a scale, or 32-bit floats."""

    shape: tuple[int, ...]
    data: bytes
    scale: tuple[float, float] | None


def _tensors(manifest: bytes, weights: bytes) -> dict[str, _Tensor]:
    found, at = {}, 0
    for row in json.loads(manifest)[0]["weights"]:
        shape = tuple(row["shape"])
        packing = row.get("quantization")
        count = 1
        for length in shape:
            count *= length
        size = count if packing else 4 * count
        scale = (packing["scale"], packing["min"]) if packing else None
        found[row["name"]] = _Tensor(shape, weights[at : at + size], scale)
        at += size
    if at != len(weights):
        raise ValueError(f"the manifest speaks of {at} bytes, there are {len(weights)}")
    return found


def _filters_first(tensor: _Tensor) -> _Tensor:
    """Turn filters from (height, width, in, out) to (out, in, height, width)."""
    height, width, inner, outer = tensor.shape
    step = 1 if tensor.scale else 4
    cells = [tensor.data[at : at + step] for at in range(0, len(tensor.data), step)]
    turned = b"".join(
        cells[(place * inner + channel) * outer + filter_]
        for filter_ in range(outer)
        for channel in range(inner)
        for place in range(height * width)
    )
    return _Tensor((outer, inner, height, width), turned, tensor.scale)


@dataclass(slots=True)
class _Graph:
    """Nodes and constants of an ONNX graph, in the order in which they were added."""

    tensors: dict[str, _Tensor]
    nodes: list[bytes] = field(default_factory=list)
    constants: list[bytes] = field(default_factory=list)

    def node(
        self, kind: str, inputs: list[str], output: str = "", **attributes: int | tuple[int, ...]
    ) -> str:
        """Add a node and return the name of its output."""
        output = output or f"{kind.lower()}_{len(self.nodes)}"
        body = b"".join(_text(1, name) for name in inputs) + _text(2, output) + _text(4, kind)
        body += b"".join(_message(5, _attribute(name, value)) for name, value in sorted(attributes.items()))
        self.nodes.append(_message(1, body))
        return output

    def floats(self, name: str, values: tuple[float, ...], shape: tuple[int, ...]) -> str:
        """Add a constant of 32-bit floats."""
        return self._constant(name, shape, _FLOAT, struct.pack(f"<{len(values)}f", *values))

    def tensor(self, name: str, shape: tuple[int, ...] | None = None) -> str:
        """Add published weights, scaled to what they stand for."""
        return self._scaled(name, self.tensors[name], shape)

    def _scaled(self, name: str, tensor: _Tensor, shape: tuple[int, ...] | None = None) -> str:
        shape = shape or tensor.shape
        if tensor.scale is None:
            return self._constant(name, shape, _FLOAT, tensor.data)
        scale, least = tensor.scale
        at = self.node("Cast", [self._constant(name, shape, _UINT8, tensor.data)], to=_FLOAT)
        at = self.node("Mul", [at, self.floats(f"{name}/scale", (scale,), (1,))])
        return self.node("Add", [at, self.floats(f"{name}/least", (least,), (1,))])

    def layer(self, name: str, at: str, *, stride: int, padded: bool) -> str:
        """Add a convolution with its affine layer, and keep what is positive."""
        return self.node("Relu", [self.plain_layer(name, at, stride=stride, padded=padded)])

    def plain_layer(self, name: str, at: str, *, stride: int, padded: bool) -> str:
        """Add a convolution with its affine layer: (w x + b) s + t as one convolution with (w s) and (b s + t)."""
        filters = _filters_first(self.tensors[f"{name}/conv/filters"])
        outer = filters.shape[0]
        factor = self.tensor(f"{name}/scale/weights")
        tall = self.node("Reshape", [factor, self._longs(f"{name}/tall", (outer, 1, 1, 1))])
        weights = self.node("Mul", [self._scaled(f"{name}/conv/filters", filters), tall])
        bias = self.node("Mul", [self.tensor(f"{name}/conv/bias"), factor])
        bias = self.node("Add", [bias, self.tensor(f"{name}/scale/biases")])
        rim = filters.shape[2] // 2 if padded else 0
        return self.node("Conv", [at, weights, bias], pads=(rim,) * 4, strides=(stride, stride))

    def block(self, name: str, at: str, side: int) -> tuple[str, int]:
        """Add a residual block for planes of a side; where it halves them, the smaller part of its sum gets zeros."""
        halves = "_down" in name
        out = self.layer(f"{name}/conv1", at, stride=2 if halves else 1, padded=not halves)
        out = self.plain_layer(f"{name}/conv2", out, stride=1, padded=True)
        if halves:
            at = self.node("AveragePool", [at], kernel_shape=(2, 2), strides=(2, 2))
            inner = self.tensors[f"{name}/conv1/conv/filters"].shape[2]
            outer = self.tensors[f"{name}/conv2/conv/filters"].shape[3]
            if outer > inner:
                at = self._padded(f"{name}/channels", at, (0, outer - inner, 0, 0))
            rim = (
                side // 2 - (side - 1) // 2
            )  # the pooled side less that of a 3 x 3 convolution in steps of two
            if rim:
                out = self._padded(f"{name}/rim", out, (0, 0, rim, rim))
            side //= 2
        return self.node("Relu", [self.node("Add", [out, at])]), side

    def _padded(self, name: str, at: str, behind: tuple[int, ...]) -> str:
        return self.node("Pad", [at, self._longs(name, (0, 0, 0, 0, *behind))])

    def _longs(self, name: str, values: tuple[int, ...]) -> str:
        return self._constant(name, (len(values),), 7, struct.pack(f"<{len(values)}q", *values))

    def _constant(self, name: str, shape: tuple[int, ...], kind: int, data: bytes) -> str:
        name = f"{name}#{len(self.constants)}"
        body = b"".join(_number(1, length) for length in shape) + _number(2, kind)
        self.constants.append(_message(5, body + _text(8, name) + _message(9, data)))
        return name

    def file(self) -> bytes:
        """Return the file: IR version 8, operators of version 13."""
        graph = b"".join(self.nodes) + _text(2, "dlib_resnet") + b"".join(self.constants)
        graph += _message(11, _value("picture", ("n", 3, _SIDE, _SIDE)))
        graph += _message(12, _value("template", ("n", 128)))
        return _number(1, 8) + _text(2, "efface") + _message(7, graph) + _message(8, _number(2, 13))


def _value(name: str, shape: tuple[int | str, ...]) -> bytes:
    sizes = b"".join(
        _message(1, _text(2, length) if isinstance(length, str) else _number(1, length)) for length in shape
    )
    return _text(1, name) + _message(2, _message(1, _number(1, _FLOAT) + _message(2, sizes)))


def _attribute(name: str, value: int | tuple[int, ...]) -> bytes:
    if isinstance(value, int):
        return _text(1, name) + _number(3, value) + _number(20, 2)
    return _text(1, name) + b"".join(_number(8, number) for number in value) + _number(20, 7)


def _number(at: int, value: int) -> bytes:
    return _varint(at << 3) + _varint(value)


def _text(at: int, value: str) -> bytes:
    return _message(at, value.encode())


def _message(at: int, body: bytes) -> bytes:
    return _varint(at << 3 | 2) + _varint(len(body)) + body


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
