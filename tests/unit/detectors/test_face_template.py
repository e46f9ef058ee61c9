from __future__ import annotations

import base64
import io
import json
import pickle
import tomllib
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np
import pytest

from efface.detectors import vector_maker
from efface.detectors.face_template import FaceTemplate
from efface.errors import FormatError
from efface.model import (
    Artefact,
    Block,
    Characteristic,
    Column,
    Finding,
    Form,
    Level,
    Limits,
    Locator,
    Mode,
    Sampling,
    Surroundings,
)
from efface.sources.payloads import BytesPayload
from efface.testing import stores

if TYPE_CHECKING:
    from collections.abc import Sequence

FACES = stores.face_vectors(12, 512)
RANDOM = np.random.default_rng(7)
BLOB, JSON = stores.ENCODINGS["a blob of float32"], stores.ENCODINGS["a JSON array"]


def column(
    names: Sequence[str], siblings: Sequence[str], cells: Sequence[bytes | str], rows: int | None = None
) -> Column:
    place = Locator("file", ("/data/x.db",), "/" + "/".join(reversed(names[:2])))
    return Column(place, Surroundings(tuple(names), tuple(siblings)), lambda: iter(cells), rows)


def judged(
    names: Sequence[str], siblings: Sequence[str], cells: Sequence[bytes | str], **options: object
) -> list[Finding]:
    return list(
        FaceTemplate().detect_column(column(names, siblings, cells), Mode.STANDARD, Limits(), **options)
    )


def in_file(data: bytes, media_type: str, *names: str) -> list[Finding]:
    place = Locator("file", ("/data/" + names[0],))
    artefact = Artefact(place, media_type, len(data))
    return list(
        FaceTemplate().detect(artefact, BytesPayload(data), Surroundings(names), Mode.STANDARD, Limits())
    )


def many(vectors: np.ndarray, encoding: str = "a blob of float32") -> list[bytes | str]:
    return [stores.ENCODINGS[encoding](vector) for vector in vectors]


def _npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


FACE_COLUMNS = {
    "a field named for it": (["face_feature", "employee", "db"], ["name"]),
    "a field named for it in camel case": (["faceFeature", "employee"], []),
    "a field named for it in Chinese": (["人脸特征值", "员工"], []),
    "a field named for it in pinyin": (["rltz", "yg"], []),
    "a generic field of a table named for it": (["feature", "member_face"], ["phone"]),
    "CompreFace's table": (["embedding", "embedding", "compreface"], ["subject_id", "calculator"]),
    "deepface's table": (
        ["embedding", "embeddings"],
        ["model_name", "detector_backend", "face_hash", "face_shape"],
    ),
    "digiKam's table": (["embedding", "FaceMatrices", "recognition.db"], ["identity", "removeHash"]),
    "Nextcloud's table": (["descriptor", "oc_facerecog_faces"], ["landmarks", "person"]),
    "a log that keeps the vector": (["embedding", "face_record"], ["user_id", "similarity"]),
}


@pytest.mark.parametrize(
    "encoding", ["a blob of float32", "a PostgreSQL array", "base64 of float32", "hex of float64"]
)
@pytest.mark.parametrize("case", FACE_COLUMNS)
def test_columns_of_face_templates(case: str, encoding: str) -> None:
    """A column of vectors with telling names is one finding of face templates, of level 3."""
    (found,) = judged(*FACE_COLUMNS[case], many(FACES, encoding))
    assert (found.form, found.characteristic) == (Form.TEMPLATE, Characteristic.FACE)
    assert (found.level, found.references) == (Level.ENROLLED, 12)
    assert found.confidence >= 0.75


OTHERS = {
    "voice": (["voiceprint", "user"], Characteristic.VOICE),
    "voice by a table": (["feature_vector", "speaker_recognition"], Characteristic.VOICE),
    "iris": (["iris_code", "person"], Characteristic.IRIS),
    "palm vein": (["palm_vein", "member"], Characteristic.VEIN),
    "gait": (["gait_feature", "person"], Characteristic.GAIT),
    "an unnamed characteristic": (["biometric_template", "user"], Characteristic.OTHER),
}


@pytest.mark.parametrize("case", OTHERS)
def test_templates_of_other_characteristics(case: str) -> None:
    """Vectors named for another characteristic are templates of that one."""
    names, characteristic = OTHERS[case]
    (found,) = judged(names, ["name"], many(stores.face_vectors(9, 192)))
    assert (found.form, found.characteristic) == (Form.TEMPLATE, characteristic)


UNKNOWN = {
    "a lone vector": (["x.txt"], many(stores.text_vectors(1, 128), "a JSON array"), 0.5),
    "several vectors": (["v", "t"], many(stores.text_vectors(5, 512)), 0.7),
    "many vectors": (["v", "t"], many(stores.text_vectors(30, 512)), 0.8),
    "many named vectors": (["image_embedding", "photos"], many(stores.text_vectors(30, 512)), 0.9),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_unknown_embeddings(case: str) -> None:
    """Vectors without telling names are an embedding of unknown characteristic, never a face."""
    names, cells, confidence = UNKNOWN[case]
    (found,) = judged(names, ["id"], cells)
    assert (found.form, found.characteristic, found.level) == (Form.FEATURES, Characteristic.UNKNOWN, None)
    assert found.confidence == confidence
    assert not found.is_biometric


TEXT = stores.text_vectors(30, 768)
NOTHING = {
    "a column of text chunks": (["chunk_embedding", "chunks", "rag.db"], ["id"], many(TEXT)),
    "a column beside documents": (["embedding", "langchain_pg_embedding"], ["document"], many(TEXT)),
    "a column named for OpenAI": (["openai_embedding", "posts"], [], many(TEXT)),
    "a Chinese knowledge base": (["向量", "知识库"], ["文档"], many(TEXT)),
    "parameters of a network": (["weight", "conv1"], ["bias"], many(TEXT)),
    "MD5 digests named fingerprint": (
        ["fingerprint", "docs"],
        [],
        [RANDOM.bytes(16).hex() for _ in range(9)],
    ),
    "MD5 digests in a penalty table": (["finger_print", "cf"], ["cf_xdr_mc"], [RANDOM.bytes(16).hex()] * 9),
    "SHA-512 digests": (["face_hash", "faces"], [], [RANDOM.bytes(64).hex() for _ in range(9)]),
    "tokens of a cloud": (
        ["face_token", "user"],
        ["name"],
        [base64.b64encode(RANDOM.bytes(300)).decode()] * 3,
    ),
    "a text about recognition": (["cf_sy", "xzcf"], [], ["未经同意使用人脸识别技术采集人脸特征" * 30]),
    "a text in a field for templates": (
        ["face_feature", "manual"],
        [],
        ["The face feature is stored. " * 30],
    ),
    "a picture in a field for templates": (
        ["face_data", "user"],
        [],
        [b"\xff\xd8\xff\xe0" + RANDOM.bytes(900)],
    ),
    "coordinates": (["geom", "roads"], [], [json.dumps(RANDOM.uniform(100, 120, 256).tolist())]),
    "sound": (["wave", "recordings"], [], [np.sin(np.arange(512) / 5).astype("<f4").tobytes()]),
    "nothing at all": (["face_feature", "employee"], [], []),
    "a typeface": (["typeface", "fonts"], [], ["Helvetica" * 20]),
}


@pytest.mark.parametrize("case", NOTHING)
def test_no_finding(case: str) -> None:
    """What is no template is no finding, whatever it is called."""
    assert judged(*NOTHING[case]) == []


OPAQUE = {
    "an encrypted feature": (["feature_data", "face_info"], Characteristic.FACE, 0.6),
    "a blob of a vendor": (["人脸特征", "user_face_info"], Characteristic.FACE, 0.7),
    "a generic field of attendance software": (["TEMPLATE", "FaceTemp"], Characteristic.FACE, 0.6),
    "a type of the PUSH protocol": (["Tmp", "BIODATA.9"], Characteristic.FACE, 0.6),
    "a voiceprint of a vendor": (["voiceprint", "user"], Characteristic.VOICE, 0.7),
}


@pytest.mark.parametrize("case", OPAQUE)
def test_unpublished_codings(case: str) -> None:
    """Long binary values of no known kind in a field named for templates are templates, less surely."""
    names, characteristic, confidence = OPAQUE[case]
    cells = [base64.b64encode(RANDOM.bytes(1500)).decode() for _ in range(3)]
    (found,) = judged(names, ["owner_id"], cells)
    assert (found.characteristic, found.confidence, found.references) == (characteristic, confidence, 3)


def test_json_in_cells() -> None:
    """A vector in JSON that stands in a cell is found under its key."""
    cell = json.dumps({"embeddings": [str(float(x)) for x in FACES[0]], "calculatorVersion": "Facenet2018"})
    (found,) = judged(["embeddings", "face"], ["face_name"], [cell])
    assert found.characteristic is Characteristic.FACE


def of_dlib(count: int = 40) -> np.ndarray:
    """Vectors as dlib's network gives them, of nobody: its mean direction, and chance around it."""
    maker = vector_maker.makers()["dlib-resnet-128"]
    vectors = maker.mean + RANDOM.standard_normal((count, 128)) * 0.41 / np.sqrt(128)
    return (vectors * 1.395 / np.linalg.norm(vectors, axis=1, keepdims=True)).astype("<f4")


def network_of(found: Finding) -> list[str]:
    return [clue.value for clue in found.clues if clue.name == "network"]


COPIES = {
    "as the network gives them": lambda v: [row.tobytes() for row in v],
    "one alone": lambda v: [v[0].tobytes()],
    "cut to length 1": lambda v: [(row / np.linalg.norm(row)).astype("<f4").tobytes() for row in v],
    "in float16": lambda v: [(row / np.linalg.norm(row)).astype("<f2").tobytes() for row in v],
    "with four digits": lambda v: [json.dumps([round(x, 4) or 1e-5 for x in row.tolist()]) for row in v],
}


@pytest.mark.parametrize("case", COPIES)
def test_the_network_is_named_by_the_direction(case: str) -> None:
    """A column without names is attributed to the network that made it, however it is stored."""
    (found,) = judged(["v", "t"], ["id"], COPIES[case](of_dlib()))
    assert (found.form, found.characteristic) == (Form.TEMPLATE, Characteristic.FACE)
    assert network_of(found) == ["dlib-resnet-128"]


def test_the_network_is_named_in_bytes() -> None:
    """A copy that was scaled to a byte a number is attributed."""
    scaled = np.round(of_dlib() * 127 / 0.6).clip(-127, 127).astype("i1")
    (found,) = in_blocks(scaled.tobytes(), 128, "|i1", names=("v", "t"))
    assert network_of(found) == ["dlib-resnet-128"]


def test_no_name_speaks_against_the_network() -> None:
    """Vectors of a face network in a column named for texts are templates of faces."""
    (found,) = judged(["chunk_embedding", "documents"], [], [row.tobytes() for row in of_dlib()])
    assert found.characteristic is Characteristic.FACE


def test_templates_among_other_vectors_are_named() -> None:
    """A third of a column is enough for its network to be named."""
    mixed = [*of_dlib(10), *(stores.text_vectors(20, 128) * 1.4)]
    (found,) = judged(["v", "t"], ["id"], [row.astype("<f4").tobytes() for row in mixed])
    assert network_of(found) == ["dlib-resnet-128"]


def _turned(vectors: np.ndarray) -> np.ndarray:
    return vectors @ np.linalg.qr(RANDOM.standard_normal((128, 128)))[0]


UNNAMED = {
    "random directions of the same length": lambda: stores.text_vectors(40, 128) * 1.395,
    "a cone around another mean": lambda: _turned(of_dlib()),
    "numbers in another order": lambda: of_dlib()[:, RANDOM.permutation(128)],
    "the opposite direction": lambda: -of_dlib(),
    "another dimension": lambda: np.concatenate([of_dlib(), of_dlib()], axis=1),
}


@pytest.mark.parametrize("case", UNNAMED)
def test_no_network_is_named_by_chance(case: str) -> None:
    """Vectors of the same length and form, but of another direction, are attributed to nobody."""
    vectors = UNNAMED[case]()
    found = judged(["embedding", "t"], ["id"], [row.astype("<f4").tobytes() for row in vectors])
    assert [(item.characteristic, network_of(item)) for item in found] == [(Characteristic.UNKNOWN, [])]


def test_vectors_that_the_network_refuses_are_less_sure() -> None:
    """Vectors of the dimension and length of a network that did not make them lower the confidence."""
    names, others = ["face_encoding", "t"], _turned(of_dlib())
    (made,) = judged(names, [], [row.tobytes() for row in of_dlib()])
    (refused,) = judged(names, [], [row.astype("<f4").tobytes() for row in others])
    assert made.confidence > refused.confidence
    assert "network_refused" in [clue.name for clue in refused.clues]


def test_the_network_is_named_by_real_statistics(shared_data) -> None:
    """Vectors drawn from the statistics of dlib's network over 728 people are attributed to it."""
    known = np.load(shared_data / "template_reference" / "dlib_resnet_128.npz")
    drawn = RANDOM.multivariate_normal(known["mean"].astype(float), known["covariance"].astype(float), 50)
    drawn *= float(known["raw_norm_mean"]) / np.linalg.norm(drawn, axis=1, keepdims=True)
    (found,) = judged(["v", "t"], ["id"], [v.astype("<f4").tobytes() for v in drawn])
    assert network_of(found) == ["dlib-resnet-128"]


def test_the_reference_is_no_vector_of_its_network() -> None:
    """The reference that is shipped is no template, and is not found as one."""
    text = resources.files("efface.detectors").joinpath("data/makers.toml").read_text("utf-8")
    stored = tomllib.loads(text)["network"][0]["mean"]
    assert judged(["mean", "network"], [], [stored]) == []


RECTIFIED = {"VGG-Face": 4096, "VGG-Face as it was": 2622, "FaceRes": 1024}


@pytest.mark.parametrize("case", RECTIFIED)
def test_outputs_of_rectified_layers(case: str) -> None:
    """Networks that give no number below 0, and many that are 0, are known by a telling name alone."""
    vectors = np.maximum(RANDOM.standard_normal((9, RECTIFIED[case])) - 0.7, 0)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cells = [json.dumps(row.tolist()) for row in vectors]
    (found,) = judged(["embedding", "embeddings"], ["face_hash", "detector_backend"], cells)
    assert found.characteristic is Characteristic.FACE
    assert judged(["v", "t"], ["id"], cells) == []


def test_json_in_strings_of_json() -> None:
    """A vector in JSON that stands in a string of JSON is found under the keys of both."""
    inner = json.dumps({"result": [{"face_embedding": FACES[0].astype(float).tolist()}]})
    (found,) = judged(["body", "log"], [], [json.dumps({"response": inner})])
    assert found.characteristic is Characteristic.FACE


def test_vectors_beside_a_person_are_reported() -> None:
    """Vectors of any length under a meaningless name are unknown embeddings beside a name, nothing without."""
    cells = [(vector * 23).tobytes() for vector in FACES]
    (found,) = judged(["v", "t"], ["id", "user_name"], cells)
    assert (found.form, found.characteristic) == (Form.FEATURES, Characteristic.UNKNOWN)
    assert judged(["v", "t"], ["id", "note"], cells) == []


def test_references_are_the_rows() -> None:
    """A column longer than what is tested concerns as many people as it has rows."""
    cells = many(FACES)
    found = FaceTemplate().detect_column(
        column(["face_feature", "employee"], [], cells, rows=5000), Mode.STANDARD, Limits(cells=10)
    )
    assert [item.references for item in found] == [5000]


FILES = {
    "a NumPy file": ("application/x-npy", _npy(FACES), ("face_embeddings.npy", "facedb"), None),
    "a NumPy file of batches of one": (
        "application/x-npy",
        _npy(FACES[:, None, :]),
        ("face_embeddings.npy", "facedb"),
        None,
    ),
    "a NumPy file of one batch": ("application/x-npy", _npy(FACES[None]), ("face_embeddings.npy",), None),
    "a NumPy file of objects": (
        "application/x-npy",
        _npy(np.array({"face_encodings": FACES}, dtype=object)),
        ("x.npy",),
        "/face_encodings",
    ),
    "a pickle of encodings": (
        "application/x-pickle",
        pickle.dumps({"encodings": list(FACES), "names": ["a"]}),
        ("encodings.pickle",),
        "/encodings",
    ),
    "a file of one vector": (
        "application/octet-stream",
        FACES[0].tobytes(),
        ("9001.feature", "face_features"),
        None,
    ),
}


@pytest.mark.parametrize("case", FILES)
def test_files(case: str) -> None:
    """An array in a file is one finding, with the key that leads to it."""
    media_type, data, names, fragment = FILES[case]
    (found,) = in_file(data, media_type, *names)
    assert (found.form, found.characteristic) == (Form.TEMPLATE, Characteristic.FACE)
    assert found.locator.fragment == fragment


QUIET = {
    "weights of a network": ("application/x-pickle", pickle.dumps({"conv1.weight": FACES})),
    "noise in a file": ("application/octet-stream", RANDOM.bytes(2048)),
    "whole numbers": ("application/x-npy", _npy(np.arange(512))),
    "noise of unknown use": ("application/x-npy", _npy(RANDOM.standard_normal((20, 512)))),
    "three axes": ("application/x-npy", _npy(RANDOM.standard_normal((3, 4, 128)))),
    "a large file of unknown kind": ("application/octet-stream", bytes(1 << 20)),
}


@pytest.mark.parametrize("case", QUIET)
def test_files_without_templates(case: str) -> None:
    """Arrays of other things are no finding."""
    media_type, data = QUIET[case]
    assert in_file(data, media_type, "x.bin") == []


@pytest.mark.parametrize("media_type", ["application/x-npy", "application/x-pickle"])
def test_broken_files(media_type: str) -> None:
    """A broken file is a FormatError, which becomes a gap."""
    with pytest.raises(FormatError):
        in_file(b"\x93NUMPY\x01\x00\xff\xff", media_type, "x.npy")


def test_content_is_in_no_finding() -> None:
    """No number of a vector is in a finding."""
    vector = FACES[0]
    (found,) = judged(["face_feature", "employee"], ["name"], [JSON(vector)])
    assert not any(f"{float(x):.6f}"[:8] in repr(found) for x in vector)


def test_a_grid_of_vectors_is_read_row_by_row() -> None:
    """People x pictures x 512 under a telling name is a store of templates, however many axes it has."""
    grid = stores.face_vectors(40, 512, seed=9).astype("<f4").reshape(10, 4, 512)
    buffer = io.BytesIO()
    np.save(buffer, grid)
    found = in_file(buffer.getvalue(), "application/x-npy", "face_embeddings.npy")
    assert [(each.form, each.characteristic) for each in found] == [(Form.TEMPLATE, Characteristic.FACE)]


def in_blocks(
    data: bytes,
    dimension: int,
    dtype: str,
    mode: Mode = Mode.STANDARD,
    names: tuple[str, ...] = ("face_feature", "t"),
) -> list[Finding]:
    place = Locator("file", ("/data/x.parquet",), "/*/v")
    size = 50 * dimension * np.dtype(dtype).itemsize
    blocks = [Block(data[at : at + size], dimension, dtype, ("list",)) for at in range(0, len(data), size)]
    whole = Column(place, Surroundings(names, ()), lambda: iter(()), None, lambda: iter(blocks))
    return list(FaceTemplate().detect_column(whole, mode, Limits()))


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", "<f2"])
def test_blocks_are_judged_as_cells_are(dtype: str, mode: Mode) -> None:
    """Vectors that come many in one buffer are found as those that come one by one."""
    (found,) = in_blocks(stores.face_vectors(120, 128).astype(dtype).tobytes(), 128, dtype, mode)
    assert (found.form, found.characteristic, found.references) == (Form.TEMPLATE, Characteristic.FACE, 120)


def test_blocks_of_signed_bytes() -> None:
    """Vectors that were scaled to a byte each are found under a telling name."""
    scaled = np.round(stores.face_vectors(60, 128) * 127 / 0.4).clip(-127, 127).astype("i1")
    (found,) = in_blocks(scaled.tobytes(), 128, "|i1")
    assert (found.characteristic, found.references) == (Characteristic.FACE, 60)


@pytest.mark.parametrize("mode", Mode)
def test_only_vectors_of_a_block_are_counted(mode: Mode) -> None:
    """Rows that are no vectors do not pass with their neighbours."""
    rows = stores.face_vectors(50, 128)
    rows[8] = 0
    rows[16] = np.sign(rows[16]) / np.sqrt(128)
    rows[23] = np.nan
    (found,) = in_blocks(rows.tobytes(), 128, "<f4", mode)
    assert found.references == 47


NO_BLOCKS = {
    "whole numbers": (np.arange(6400, dtype="<i4").tobytes(), 64, "<i4"),
    "short rows": (np.zeros(6400, "<f4").tobytes(), 32, "<f4"),
    "zeros": (bytes(4 * 6400), 64, "<f4"),
    "numbers without order that are all positive": (
        RANDOM.uniform(0, 1, 6400).astype("<f4").tobytes(),
        64,
        "<f4",
    ),
    "flags": (RANDOM.choice([-5, 5], 6400).astype("|i1").tobytes(), 64, "|i1"),
    "numbers that are not finite": (np.full(6400, np.nan, "<f4").tobytes(), 64, "<f4"),
}


@pytest.mark.parametrize("case", NO_BLOCKS)
def test_blocks_without_vectors(case: str) -> None:
    """Buffers of other numbers are no finding, whatever they are called."""
    assert in_blocks(*NO_BLOCKS[case]) == []


def test_a_sample_concerns_all_rows() -> None:
    """Where rows were drawn at random, the finding concerns as many people as there are rows."""
    sample = Column(
        Locator("file", ("/data/x.db",), "/t/v"),
        Surroundings(("face_feature", "t"), ()),
        lambda: iter(many(FACES)),
        70_000,
        drawn=12,
    )
    assert [found.references for found in FaceTemplate().detect_column(sample, Mode.STANDARD, Limits())] == [
        70_000
    ]


def test_a_fast_look_at_a_long_array_says_how_much_it_looked_at() -> None:
    """Fast mode looks at the first rows of an array, and says so."""
    data = _npy(stores.face_vectors(40_000, 64))
    place = Locator("file", ("/data/face_embeddings.npy",))
    artefact = Artefact(place, "application/x-npy", len(data))
    looked = FaceTemplate().detect(
        artefact, BytesPayload(data), Surroundings(("face_embeddings.npy",)), Mode.FAST, Limits()
    )
    said = [item for item in looked if isinstance(item, Sampling)]
    assert [(item.unit, item.is_random) for item in said] == [("rows", False)]
    assert said[0].looked_at < 40_000
