"""Rewrite two things in an ONNX file's graph: what counts as an input, and the sizes it insists on.

A published network may list its weights among the graph's inputs; a runtime must then treat them as
replaceable and can fold nothing (for CenterFace 78 instead of 34 ms a photo). It may also insist on the
picture size it was exported with. Both are facts of the file's wrapping, not of the network: the weights and
the nodes are copied byte for byte.

Source: onnx.proto3, ModelProto.graph = 7; GraphProto.initializer = 5, .input = 11, .output = 12,
.value_info = 13; TensorProto.name = 8; ValueInfoProto.name = 1, .type = 2; TypeProto.tensor_type = 1;
TypeProto.Tensor.shape = 2; TensorShapeProto.dim = 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.formats.protobuf import fields, first, varint

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["free_inputs"]

_GRAPH = 7
_INITIALIZER, _INPUT, _OUTPUT, _VALUE_INFO = 5, 11, 12, 13
_TENSOR_NAME, _VALUE_NAME = 8, 1
_SHAPE_PATH = (2, 1, 2)  # ValueInfoProto.type, TypeProto.tensor_type, TypeProto.Tensor.shape
_BYTES = 2  # the wire type of everything with a length


def free_inputs(network: bytes) -> bytes:
    """Return the network with weights struck from its inputs and with free picture sizes.

    Args:
        network: An ONNX file.

    Raises:
        FormatError: The bytes are not a protocol buffer with the fields of an ONNX file.

    Not promised: the network was trained and exported for some size; another size may work badly.
    """
    return _rewrite(network, lambda field, body: _graph(body) if field == _GRAPH else body)


def _graph(graph: bytes) -> bytes:
    weights = {
        first(field.body or b"", _TENSOR_NAME) for field in fields(graph) if field.number == _INITIALIZER
    }

    def change(field: int, body: bytes) -> bytes | None:
        if field == _VALUE_INFO or (field == _INPUT and first(body, _VALUE_NAME) in weights):
            return None
        return _free(body, _SHAPE_PATH) if field in (_INPUT, _OUTPUT) else body

    return _rewrite(graph, change)


def _free(message: bytes, path: tuple[int, ...]) -> bytes:
    """Empty every dimension at the end of a path of field numbers: the rank stays, the sizes go."""
    if not path:
        return _rewrite(message, lambda _field, _body: b"")
    return _rewrite(message, lambda field, body: _free(body, path[1:]) if field == path[0] else body)


def _rewrite(message: bytes, change: Callable[[int, bytes], bytes | None]) -> bytes:
    """Copy a message; `change` gets each field with a length and returns its new body, or None to drop it."""
    parts = []
    for field in fields(message):
        new = field.body if field.body is None else change(field.number, field.body)
        if new is field.body:
            parts.append(field.whole)
        elif new is not None:
            parts += [varint(field.number << 3 | _BYTES), varint(len(new)), new]
    return b"".join(parts)
