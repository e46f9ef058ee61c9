"""What goes in and out of a network is read from its file, and weights are not."""

from __future__ import annotations

import pytest

from efface.detectors.signatures import Tells
from efface.detectors.system_network import face_size, kind_of_network
from efface.errors import FormatError
from efface.formats.network_shapes import Port, Shapes, shapes
from efface.testing import traces

FACE = [("input", (1, 3, 112, 112))]
PROTOTXT = (
    b'input: "data"\ninput_dim: 1\ninput_dim: 3\ninput_dim: %d\ninput_dim: %d\n# dim: 9\n'
    b'layer { type: "InnerProduct" inner_product_param { num_output: %d } }\n'
)
NCNN = b"7767517\n2 2\nInput data 0 1 data 0=112 1=112 2=3\n%s fc1 1 1 data fc1 0=%d 1=1\n"


@pytest.mark.parametrize(
    ("name", "data", "tells"),
    {
        "ONNX, 112 x 112 to 512": ("a.onnx", traces.onnx_network(FACE, [("o", (1, 512))]), Tells.RECOGNITION),
        "ONNX, any number of faces": ("a.onnx", traces.onnx_network([("i", (-1, 3, 112, 112))], [("o", (-1, 128))]), Tells.RECOGNITION),
        "ONNX, channels last": ("a.onnx", traces.onnx_network([("i", (1, 160, 160, 3))], [("o", (1, 512))]), Tells.RECOGNITION),
        "ONNX, a classifier of 1000 kinds": ("a.onnx", traces.onnx_network([("i", (1, 3, 224, 224))], [("o", (1, 1000))]), None),
        "ONNX, an embedding of any picture": ("a.onnx", traces.onnx_network([("i", (1, 3, 224, 224))], [("o", (1, 512))]), None),
        "ONNX, a face in and a map out": ("a.onnx", traces.onnx_network(FACE, [("o", (1, 512, 7, 7))]), None),
        "ONNX, a face in and age out": ("a.onnx", traces.onnx_network(FACE, [("o", (1, 3))]), None),
        "ONNX, two inputs": ("a.onnx", traces.onnx_network([*FACE, ("j", (1, 3, 112, 112))], [("o", (1, 512))]), None),
        "ONNX, YuNet's heads": (
            "a.onnx",
            traces.onnx_network([("input", (1, 3, 640, 640))], [(f"{head}_{s}", (1, 9, 1)) for head in ("cls", "obj", "bbox", "kps") for s in (8, 16, 32)]),
            Tells.DETECTION,
        ),
        "ONNX, RetinaFace's heads": (
            "a.onnx",
            traces.onnx_network([("i", (1, 3, 640, 640))], [("loc", (1, 16800, 4)), ("conf", (1, 16800, 2)), ("landms", (1, 16800, 10))]),
            Tells.DETECTION,
        ),
        "TensorFlow Lite, FaceNet": ("a.tflite", traces.tflite_network([(1, 160, 160, 3)], [(1, 512)]), Tells.RECOGNITION),
        "TensorFlow Lite, BlazeFace": ("a.tflite", traces.tflite_network([(1, 128, 128, 3)], [(1, 896, 16), (1, 896, 1)]), Tells.DETECTION),
        "TensorFlow Lite, a classifier": ("a.tflite", traces.tflite_network([(1, 224, 224, 3)], [(1, 1001)]), None),
        "Caffe text, SphereFace": ("a.prototxt", PROTOTXT % (112, 96, 512), Tells.RECOGNITION),
        "Caffe text, a classifier": ("a.prototxt", PROTOTXT % (227, 227, 1000), None),
        "ncnn, MobileFaceNet": ("a.param", NCNN % (b"InnerProduct", 128), Tells.RECOGNITION),
        "ncnn, something else": ("a.param", NCNN % (b"Softmax", 128), None),
        "dlib, metric": ("a.dat", traces.dlib_network("loss_metric", "input_rgb_image_sized"), Tells.RECOGNITION),
        "dlib, detector": ("a.dat", traces.dlib_network("loss_mmod", "input_rgb_image_pyramid"), Tells.DETECTION),
        "dlib, not of pictures": ("a.dat", traces.dlib_network("loss_metric", "input<matrix>"), None),
    }.values(),
    ids=lambda value: value if isinstance(value, str) and "." in value else "",
)  # fmt: skip
def test_a_graph_tells_what_a_network_does(name: str, data: bytes, tells: Tells | None) -> None:
    """Recognisers and detectors are told by what goes in and out, other networks are neither."""
    found = shapes(data, name)
    assert found is not None
    assert kind_of_network(found) == tells


@pytest.mark.parametrize("name", ["a.onnx", "a.caffemodel"])
def test_noise_under_the_name_of_a_network_is_refused(name: str) -> None:
    """A file that is no network by its content raises FormatError and nothing else."""
    with pytest.raises(FormatError):
        shapes(b"\xf1\xff\xff\xff" * 40, name)


@pytest.mark.parametrize("cut", [8, 20, 60, 100])
def test_a_cut_tensorflow_lite_file_is_refused(cut: int) -> None:
    """Offsets that lead out of the file raise FormatError."""
    with pytest.raises(FormatError):
        shapes(traces.tflite_network([(1, 160, 160, 3)], [(1, 512)])[:cut], "a.tflite")


def test_an_onnx_file_without_a_graph_is_refused() -> None:
    """A message without field 7 is no network."""
    with pytest.raises(FormatError):
        shapes(b"\x08\x08", "a.onnx")


def test_ncnn_without_an_input_is_refused() -> None:
    """The magic number alone makes no network."""
    with pytest.raises(FormatError):
        shapes(b"7767517\n1 1\nConv a 0 0\n", "a.param")


def test_other_bytes_are_no_network() -> None:
    """What bears neither name nor magic number is None, whatever it holds."""
    assert shapes(traces.onnx_network(FACE, [("o", (1, 512))]), "a.bin") is None
    assert shapes(b"\xff" * 90, "a.pb") is None


@pytest.mark.parametrize("sizes", [(112,), (1, 112, 112, 4), (999, 3, 112, 112), (1, 1, 3, 112, 112), ()])
def test_other_sizes_are_no_face(sizes: tuple[int, ...]) -> None:
    """Only three channels of a published size, alone or in a small batch, are a face."""
    assert face_size(Port("i", sizes)) is None


def test_weights_among_the_inputs_do_not_count() -> None:
    """A file that lists its weights as inputs is read like any other."""
    found = shapes(traces.onnx_network(FACE, [("o", (1, 512))]), "a.onnx")
    assert found == Shapes("ONNX", (Port("input", (1, 3, 112, 112)),), (Port("o", (1, 512)),))
