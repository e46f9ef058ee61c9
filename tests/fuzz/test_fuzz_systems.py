"""What an inspection reads is hostile: networks, manifests, programs and settings give values or a refusal, no more."""

from __future__ import annotations

import json
import pickle
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efface.detectors.signatures import BY_PACKAGE, BY_TEXT, Kind, signatures
from efface.detectors.system_content import kinds_in
from efface.detectors.system_network import kind_of_network
from efface.errors import FormatError
from efface.formats.named_places import KINDS, named_places
from efface.formats.network_shapes import shapes
from efface.formats.package_manifests import BUILD_INFO, packages
from efface.formats.torch_weights import sizes
from efface.testing import traces

SETTINGS = settings(max_examples=50, derandomize=True, deadline=None)
EDITS = st.lists(st.tuples(st.integers(0, 1 << 12), st.integers(0, 255)), max_size=8)
CAFFE = b'input: "data"\ninput_dim: 1\ninput_dim: 3\ninput_dim: 112\ninput_dim: 96\nlayer { type: "InnerProduct" num_output: 512 }'
NCNN = b"7767517\n2 2\nInput data 0 1 data 0=112 1=112 2=3\nInnerProduct fc1 1 1 data fc1 0=512 1=1\n"
NETWORKS = (
    traces.onnx_network([("data", (1, 3, 112, 112))], [("fc1", (1, 512))]),
    traces.tflite_network([(1, 160, 160, 3)], [(1, 512)]),
    traces.dlib_network("loss_metric", "input_rgb_image"),
    CAFFE,
    NCNN,
)
ENDINGS = (".onnx", ".tflite", ".caffemodel", ".prototxt", ".pb", ".param", ".dat", "")
MANIFESTS = tuple(
    (sample.name, sample.data)
    for kind in BY_PACKAGE
    for sample in (
        traces.trace(kind, next(each.positive for each in signatures().values() if each.kind is kind)),
    )
)
PATHS = (
    *(name for name, _ in MANIFESTS),
    *(
        "package.json",
        "package-lock.json",
        "x.deps.json",
        "composer.lock",
        "pipfile.lock",
        "yarn.lock",
        "pnpm-lock.yaml",
    ),
    *(
        "pom.xml",
        "pom.properties",
        "a.gradle",
        "a.csproj",
        "a.nuspec",
        "go.mod",
        "dpkg/status",
        "apk/db/installed",
    ),
    *("requirements.txt", "uv.lock", "a.dist-info/METADATA", "program"),
)
TEXTS = (
    b"image: exadel/compreface-api\n- POSTGRES_URL=jdbc:postgresql://u:p@db:5432/frs\n- ./faces:/data\n",
    b"rtsp://admin:secret@192.0.2.20:554/ch1\nDB_HOST=h\nDB_NAME=n\nsqlite:////srv/f.db\ns3://bucket/x\n",
)
ANDROID = b"\x03\0\x08\0" + bytes(60) + "com.arcsoft.face.FaceEngine".encode("utf-16-le")


def mutated(seed: bytes, edits: list[tuple[int, int]], cut: int) -> bytes:
    """Change single bytes of a valid file and cut it."""
    data = bytearray(seed)
    for place, byte in edits:
        data[place % len(data)] = byte
    return bytes(data[: cut % (len(data) + 1)] if cut else data)


def attempt_network(data: bytes) -> None:
    for ending in ENDINGS:
        with suppress(FormatError):
            found = shapes(data, f"x{ending}")
            if found is not None:
                assert len(found.inputs) <= 64
                assert len(found.outputs) <= 64
                kind_of_network(found)


def attempt_manifest(path: str, data: bytes) -> None:
    with suppress(FormatError):
        for package in packages(path, data):
            assert Kind(package.registry)
            assert isinstance(package.name, str)
            assert isinstance(package.version, str)


def attempt_places(data: bytes) -> None:
    for named in named_places(data):
        assert named.kind in KINDS
        assert len(named.value) <= 80
        assert "@" not in named.value


@SETTINGS
@given(data=st.binary(max_size=2000))
def test_random_bytes_are_no_network_or_a_refusal(data: bytes) -> None:
    """Under every name that a network may have, and behind every magic number."""
    attempt_network(data)
    attempt_network(b"\0\0\0\0TFL3" + data)
    attempt_network(b"7767517\n" + data)
    attempt_network(b"\x01\0\0\0\x0closs_metric_" + data)


@SETTINGS
@given(seed=st.sampled_from(NETWORKS), edits=EDITS, cut=st.integers(0, 3000))
def test_damaged_networks_are_read_or_refused(seed: bytes, edits: list[tuple[int, int]], cut: int) -> None:
    """Offsets that lead out, sizes that are none, messages cut short."""
    attempt_network(mutated(seed, edits, cut))


@SETTINGS
@given(edits=EDITS, cut=st.integers(0, 3000), protocol=st.integers(0, 4))
def test_damaged_weights_are_read_or_refused(edits: list[tuple[int, int]], cut: int, protocol: int) -> None:
    """A pickle is played, never loaded, whatever stands in it."""
    torch = traces.torch_weights({"fc.weight": (512, 25088)})
    plain = pickle.dumps({"torch": [(1, 2), {"x": ()}]}, protocol=protocol)
    for seed in (torch, plain):
        data = mutated(seed, edits, cut)
        with suppress(FormatError):
            assert all(isinstance(each, tuple) for each in sizes(data + b"torch"))


@SETTINGS
@given(path=st.sampled_from(PATHS), data=st.binary(max_size=1000) | st.text(max_size=500).map(str.encode))
def test_any_bytes_are_a_manifest_or_a_refusal(path: str, data: bytes) -> None:
    """Whatever its name promises."""
    attempt_manifest(path, data)
    attempt_manifest(path, BUILD_INFO + b"\ndep\t" + data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["name", "version", "packages", "dependencies", "libraries", "default", "require"]) | st.text(max_size=4),
        inner,
        max_size=4,
    ),
    max_leaves=20,
)  # fmt: skip


@SETTINGS
@given(path=st.sampled_from([path for path in PATHS if path.endswith((".json", ".lock"))]), tree=JSON)
def test_json_of_any_shape_is_a_manifest_without_packages(path: str, tree: object) -> None:
    """Lists where objects are due, numbers where names are."""
    attempt_manifest(path, json.dumps(tree).encode())


@SETTINGS
@given(seed=st.sampled_from(MANIFESTS), edits=EDITS, cut=st.integers(0, 3000))
def test_damaged_manifests_are_read_or_refused(
    seed: tuple[str, bytes], edits: list[tuple[int, int]], cut: int
) -> None:
    """Those of every package manager, and programs that Go built."""
    attempt_manifest(seed[0], mutated(seed[1], edits, cut))


@SETTINGS
@given(
    data=st.binary(max_size=500) | st.text(max_size=300).map(str.encode), edits=EDITS, cut=st.integers(0, 500)
)
def test_settings_give_places_or_nothing(data: bytes, edits: list[tuple[int, int]], cut: int) -> None:
    """And what stands before an @ is in none of them."""
    attempt_places(data)
    for seed in TEXTS:
        attempt_places(mutated(seed, edits, cut) + data)


@SETTINGS
@given(names=st.lists(st.text(max_size=12), min_size=1, max_size=3), head=st.binary(max_size=8))
def test_any_name_has_kinds_of_traces_or_none(names: list[str], head: bytes) -> None:
    """Binary XML and DEX of Android among them."""
    for media_type in ("text/plain", "application/octet-stream", "application/zip"):
        assert kinds_in(tuple(names), media_type, head) <= set(BY_TEXT)
        assert Kind.ANDROID in kinds_in(tuple(names[:1]), media_type, ANDROID[:8]) or names[0] == "process"


@pytest.mark.parametrize(
    ("name", "data"),
    {
        "messages in each other": ("x.onnx", b"\x3a\xff\xff\x03" * 10_000),
        "empty messages": ("x.onnx", b"\x3a\x00" * 40_000),
        "layers without end": ("x.caffemodel", b"\xa2\x06\x00" * 40_000),
        "a vector without end": ("x.tflite", b"\x10\0\0\0TFL3" + b"\xff" * 64),
        "inputs without end": ("x.param", b"7767517\n" + b"Input a 0 1 a 0=1 1=1 2=1\n" * 10_000),
        "dimensions without end": ("x.prototxt", b"dim: 1 " * 40_000),
        "requirements without end": ("requirements.txt", b"a==" * 40_000),
        "a pom without end": ("pom.xml", b"<groupId>a</groupId><artifactId>" * 10_000),
        "packages without end": ("a.csproj", b"<package " * 10_000),
        "yarn without end": ("yarn.lock", b"a@b:\n " * 10_000),
        "empty lines": ("pnpm-lock.yaml", b"\n" * 100_000),
        "blanks behind a setting": (".env", (b"db_host=a" + b" " * 4000 + b"x\n") * 120),
        "the beginning of a login": (".env", b"postgresql://" * 80_000),
    }.values(),
)
def test_data_made_to_waste_time_ends(name: str, data: bytes) -> None:
    """Hostile repetition ends, with values or a refusal."""
    with suppress(FormatError):
        shapes(data, name)
    with suppress(FormatError):
        sum(1 for _ in packages(name, data))
    named_places(data)
