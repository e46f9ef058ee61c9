"""Tell face recognisers and face detectors by their graph: what goes in, and what comes out.

A recogniser takes one aligned face of a size that few other networks take, and gives one vector of 128, 256 or 512
numbers. A detector gives boxes, scores and landmarks for every place of a grid. Both are facts of the graph and stay
when a file is renamed.

Sources: dlib, dnn_face_recognition_ex.cpp (150 x 150, 128); FaceNet, 3 (160 x 160, 128 or 512); OpenFace, nn4
(96 x 96, 128); SphereFace and CosFace (112 x 96, 512); ArcFace, 3.1 (112 x 112, 512); LightCNN (128 x 128 grey, 256);
SCRFD and YuNet (outputs for three strides); RetinaFace (boxes 4, scores 2, landmarks 10); BlazeFace (896
anchors of 16 numbers); CenterFace (outputs of 1, 2, 2 and 10).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from efface.detectors.signatures import Kind, Signature, Tells
from efface.detectors.system_traces import Trace, findings
from efface.formats import torch_weights
from efface.formats.network_shapes import shapes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.formats.network_shapes import Port, Shapes
    from efface.model import Artefact, Finding, Limits, Mode, Payload, Surroundings

__all__ = ["SystemNetwork", "face_size", "kind_of_network"]

_FACES = {(112, 112, 3), (160, 160, 3), (150, 150, 3), (112, 96, 3), (96, 96, 3), (128, 128, 1)}
"""Height, width and channels of aligned faces that published recognisers take."""
_VECTORS = frozenset({128, 256, 512})
_LANDMARKS, _BOXES, _SCORES = 10, 4, frozenset({1, 2})
_ANCHORS = 896
_HEADS = re.compile(r"(?:cls|obj|bbox|kps)_(?:8|16|32)")
_LOSSES = {"loss_metric": Tells.RECOGNITION, "loss_mmod": Tells.DETECTION}
_ENDINGS = (".onnx", ".tflite", ".caffemodel", ".prototxt", ".pb", ".param")
_EMBEDDINGS = re.compile(r"(?:.*/)?(?:embeddings?|fc1|l2_normalize|last_linear|bottleneck)")


def _signature(key: str, system: str, tells: Tells, confidence: float) -> Signature:
    return Signature(
        *(f"graph/{key}", Kind.MODEL, (), (), False, (), (), system, "", tells, confidence),
        *("the sources of detectors/system_network.py", ""),
    )


_RECOGNISER = _signature("face-recogniser", "a face recogniser (network)", Tells.RECOGNITION, 0.85)
_DETECTOR = _signature("face-detector", "a face detector (network)", Tells.DETECTION, 0.8)


class SystemNetwork:
    """Networks whose graph is that of a face recogniser or of a face detector.

    Formats: ONNX, TensorFlow Lite, Caffe (weights and text), TensorFlow graphs, ncnn's text; weights of PyTorch by the
    names and sizes of their last layers, out of the pickle, which is never loaded.

    Not promised: networks whose input has free sizes and whose output is unnamed; encrypted ones; recognisers of other
    sizes than those listed; what the vector is used for. A network for something else with the sizes of a face
    recogniser is taken for one.
    """

    name = "system-network"
    version = 1

    def accepts(self, media_type: str) -> bool:
        """Return whether bytes of such a kind may be a network: formats are told by names and magic numbers."""
        return not media_type.startswith(("image/", "video/", "audio/"))

    def detect(
        self, artefact: Artefact, payload: Payload, surroundings: Surroundings, mode: Mode, limits: Limits
    ) -> Iterator[Finding]:
        """Yield one finding for a network that recognises or finds faces.

        Raises:
            FormatError: It is a network by its name and not by its content.
        """
        del mode, limits
        name = surroundings.names[0].lower()
        trace = None
        if name.endswith(_ENDINGS) or payload.head(8)[4:8] in (b"TFL3", b"loss"):
            found = shapes(payload.read(), name)
            trace = found and _trace(found)
        elif artefact.media_type == "application/x-pickle":
            trace = _of_weights(payload.read()) if payload.size_bytes <= _MOST_PICKLE else None
        if trace is not None:
            yield from findings(f"{self.name}@{self.version}", artefact.locator, [trace])


def kind_of_network(found: Shapes) -> Tells | None:
    """Return what the graph of a network tells: RECOGNITION, DETECTION, or None."""
    if (
        found.format == "dlib"
    ):  # the loss says what a network is trained for; only those that take pictures count
        return _LOSSES.get(found.outputs[0].name) if found.inputs else None
    if _is_detector(found.outputs):
        return Tells.DETECTION
    faces = [port for port in found.inputs if face_size(port)]
    images = [port for port in found.inputs if len(port.sizes) >= 3]
    vectors = [port for port in found.outputs if _is_vector(port)]
    if len(faces) == 1 and len(images) == 1 and len(found.outputs) == 1 and vectors:
        return Tells.RECOGNITION
    if found.format == "TensorFlow" and images and any(map(_is_embedding, found.outputs)):
        return Tells.RECOGNITION
    return None


def face_size(port: Port) -> tuple[int, int, int] | None:
    """Return height, width and channels where an input is one aligned face, in either order of the axes."""
    sizes = port.sizes[-3:]
    if len(port.sizes) not in (3, 4) or (len(port.sizes) == 4 and port.sizes[0] > 64):
        return None
    orders = ((sizes[1], sizes[2], sizes[0]), tuple(sizes))
    return next((order for order in orders if order in _FACES), None)


def _is_vector(port: Port) -> bool:
    sizes = [size for size in port.sizes if size not in (1, -1)]
    return len(sizes) == 1 and sizes[0] in _VECTORS and port.sizes[-1] in (1, sizes[0])


def _is_embedding(port: Port) -> bool:
    return bool(_EMBEDDINGS.fullmatch(port.name.lower()))


def _is_detector(outputs: tuple[Port, ...]) -> bool:
    if sum(bool(_HEADS.fullmatch(port.name.lower())) for port in outputs) >= 6:
        return True
    axes = [port.sizes[-1] for port in outputs if port.sizes]
    anchors = [size for port in outputs for size in port.sizes if size == _ANCHORS]
    if len(anchors) >= 2 and 16 in axes:
        return True
    maps = [port.sizes[1] for port in outputs if len(port.sizes) == 4]
    for last in (axes, maps):
        if _LANDMARKS in last and (_BOXES in last or last.count(2) >= 2) and _SCORES & {*last}:
            return True
    return False


def _trace(found: Shapes) -> Trace | None:
    tells = kind_of_network(found)
    if tells is None:
        return None
    given = next((face_size(port) or port.sizes for port in found.inputs), ())
    said = [("network_format", found.format), ("input_px", " x ".join(map(str, given)) or "any")]
    if tells is Tells.RECOGNITION:
        sizes = [size for size in found.outputs[-1].sizes if size not in (1, -1)]
        said.append(("vector_numbers", str(sizes[0]) if sizes else "any"))
    return Trace(_RECOGNISER if tells is Tells.RECOGNITION else _DETECTOR, said=tuple(said))


# -- PyTorch -------------------------------------------------------------------------------------------

_MOST_PICKLE = 16 << 20
_LAST_LAYERS = frozenset((out, into) for out in _VECTORS for into in (25_088, 1_792))
"""Sizes of a last layer: of 512 maps of 7 x 7 (ArcFace's residual networks), of Inception-ResNet v1 (FaceNet)."""
_GLOBAL_DEPTHWISE = (512, 1, 7, 7)  # MobileFaceNet, 3.1: instead of pooling


def _of_weights(pickle: bytes) -> Trace | None:
    """Return the trace of weights whose last layers have the sizes of a face recogniser's."""
    found = set(torch_weights.sizes(pickle))
    last: tuple[int, ...] | None = next((sizes for sizes in sorted(found) if sizes in _LAST_LAYERS), None)
    if last is None and _GLOBAL_DEPTHWISE in found:
        last = next(
            (each for each in sorted(found) if each[0] in _VECTORS and each[1:] in ((512,), (512, 1, 1))),
            None,
        )
    if last is None:
        return None
    return Trace(_RECOGNISER, said=(("network_format", "PyTorch"), ("vector_numbers", str(last[0]))))
