"""Files such as software that recognises people leaves: built from what a signature names, and no software in them."""

from __future__ import annotations

import json
import random
import struct
from typing import TYPE_CHECKING

from efface.detectors.signatures import Kind
from efface.formats.protobuf import varint
from efface.testing.contracts.base import Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = [
    "dlib_network",
    "elf",
    "onnx_network",
    "ordinary",
    "pe",
    "tflite_network",
    "torch_weights",
    "trace",
]

_FILL = b"\x00" * 64


def elf(*texts: str) -> bytes:
    """Return what begins as a 64-bit ELF library and holds some strings, as a string table does."""
    head = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHI", 3, 62, 1) + bytes(40)
    return head + _FILL + b"\0" + b"\0".join(text.encode() for text in texts) + b"\0" + _FILL


def pe(*texts: str) -> bytes:
    """Return what begins as a program for Windows and holds some strings in two bytes a character."""
    head = b"MZ" + bytes(58) + struct.pack("<I", 128) + bytes(64) + b"PE\0\0" + bytes(20)
    return head + _FILL + b"\0\0".join(text.encode("utf-16-le") for text in texts) + _FILL


def _dex(*texts: str) -> bytes:
    return b"dex\n035\0" + _FILL + b"\0".join(text.encode() for text in texts) + b"\0" + _FILL


def _field(number: int, body: bytes | int) -> bytes:
    if isinstance(body, int):
        return varint(number << 3) + varint(body)
    return varint(number << 3 | 2) + varint(len(body)) + body


def onnx_network(
    inputs: Sequence[tuple[str, Sequence[int]]], outputs: Sequence[tuple[str, Sequence[int]]]
) -> bytes:
    """Return an ONNX file with inputs and outputs of given names and sizes (-1 for any), one node and one weight."""

    def port(name: str, sizes: Sequence[int]) -> bytes:
        dims = b"".join(_field(1, _field(1, size) if size >= 0 else _field(2, b"n")) for size in sizes)
        return _field(1, name.encode()) + _field(2, _field(1, _field(1, 1) + _field(2, dims)))

    graph = _field(1, _field(4, b"Conv")) + _field(5, _field(8, b"weight") + _field(9, bytes(16)))
    graph += b"".join(_field(11, port(*each)) for each in (*inputs, ("weight", (4,))))
    graph += b"".join(_field(12, port(*each)) for each in outputs)
    return _field(1, 8) + _field(7, graph)


def tflite_network(inputs: Sequence[Sequence[int]], outputs: Sequence[Sequence[int]]) -> bytes:
    """Return a TensorFlow Lite file of one graph with inputs and outputs of given sizes, and no operator."""
    out = bytearray(b"\0\0\0\0TFL3")

    def table(fields: dict[int, int]) -> int:
        """Write a table whose fields are offsets to be filled in; return where it stands."""
        count = max(fields, default=-1) + 1
        size = 4 + 2 * count
        vtable = len(out)
        slots = [4 + 4 * sorted(fields).index(number) if number in fields else 0 for number in range(count)]
        out.extend(struct.pack(f"<HH{count}H", size, 4 + 4 * len(fields), *slots))
        at = len(out)
        out.extend(struct.pack("<i", at - vtable) + bytes(4 * len(fields)))
        return at

    def fill(at: int, place: int, target: int) -> None:
        where = at + 4 + 4 * place
        struct.pack_into("<I", out, where, target - where)

    def vector(values: Sequence[int]) -> int:
        at = len(out)
        out.extend(struct.pack(f"<I{len(values)}I", len(values), *values))
        return at

    model = table({1: 0, 2: 0})
    struct.pack_into("<I", out, 0, model)
    graphs = vector([0])
    fill(model, 1, graphs)
    fill(model, 0, vector([]))
    graph = table({0: 0, 1: 0, 2: 0})
    struct.pack_into("<I", out, graphs + 4, graph - graphs - 4)
    ports = [*inputs, *outputs]
    tensors = vector([0] * len(ports))
    fill(graph, 0, tensors)
    fill(graph, 1, vector(range(len(inputs))))
    fill(graph, 2, vector(range(len(inputs), len(ports))))
    for index, sizes in enumerate(ports):
        tensor = table({0: 0})
        fill(tensor, 0, vector(list(sizes)))
        slot = tensors + 4 + 4 * index
        struct.pack_into("<I", out, slot, tensor - slot)
    return bytes(out)


def torch_weights(layers: Mapping[str, Sequence[int]]) -> bytes:
    """Return the pickle of weights of PyTorch, written opcode by opcode: names and sizes, and no numbers."""
    out = bytearray(b"\x80\x02ccollections\nOrderedDict\n)R(")
    for number, (name, sizes) in enumerate(layers.items()):
        out += b"X" + struct.pack("<I", len(name)) + name.encode()
        out += b"ctorch._utils\n_rebuild_tensor_v2\n(("
        for text in ("storage", str(number), "cpu"):
            out += b"X" + struct.pack("<I", len(text)) + text.encode()
        out += b"tQK\x00"
        out += b"(" + b"".join(b"J" + struct.pack("<i", size) for size in sizes) + b"t"
        out += b"(" + b"K\x01" * len(sizes) + b"t\x89" + b"ccollections\nOrderedDict\n)RtR"
    return bytes(out + b"u.")


def dlib_network(loss: str, given: str) -> bytes:
    """Return what begins and ends as a network that dlib wrote."""
    name = f"{loss}_2".encode()
    tail = given.encode()
    return (
        b"\x01\x01\x01"
        + bytes([len(name)])
        + name
        + bytes(200)
        + b"\x01"
        + bytes([len(tail)])
        + tail
        + bytes(30)
    )


def _manifest(kind: Kind, name: str) -> Sample:
    group, _, artefact = name.partition(":")
    folder = f"{name.replace('-', '_')}-1.2.3.dist-info"
    dependency = f"<groupId>{group}</groupId>\n<artifactId>{artefact}</artifactId>\n<version>1.2.3</version>"
    places: dict[Kind, tuple[str, str]] = {
        Kind.PIP: (
            f"srv/venv/lib/python3.11/site-packages/{folder}/METADATA",
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2.3\n\nText.\n",
        ),
        Kind.NPM: (
            f"srv/web/node_modules/{name}/package.json",
            json.dumps({"name": name, "version": "1.2.3"}),
        ),
        Kind.MAVEN: ("srv/app/pom.xml", f"<project><dependency>\n{dependency}\n</dependency></project>\n"),
        Kind.NUGET: ("srv/app/App.deps.json", json.dumps({"libraries": {f"{name}/1.2.3": {}}})),
        Kind.GO: ("srv/gate/go.mod", f"module example.org/gate\n\nrequire (\n\t{name} v1.2.3\n)\n"),
        Kind.APT: (
            "var/lib/dpkg/status",
            f"Package: base-files\nVersion: 13\n\nPackage: {name}\nStatus: install ok installed\nVersion: 1.2.3\n",
        ),
        Kind.COMPOSER: (
            "srv/php/composer.lock",
            json.dumps({"packages": [{"name": name, "version": "1.2.3"}]}),
        ),
    }
    place, data = places[kind]
    return Sample(place, data.encode())


def _named(kind: Kind, name: str) -> Sample:
    noise = random.Random(name).randbytes(600)
    if kind is Kind.LIBRARY:
        data = elf("main") if not name.lower().endswith(".dll") else pe("main")
        return Sample(f"opt/gate/lib/{name}", data)
    folder = {Kind.MODEL: "opt/gate/models", Kind.LICENCE: "opt/gate", Kind.GALLERY: "srv/gate/db"}[kind]
    return Sample(f"{folder}/{name}", b"\xf1" + noise)


_CODE_NAMES: tuple[tuple[str, str], ...] = (
    ("import com.", "Face.java"), ("using ", "Face.cs"), ("#include", "face.cpp"), ("github.com/", "face.go"),
    ("use Aws", "face.php"), ("await ", "face.js"), ("const ", "face.js"), ("import Human", "face.js"),
    ("let ", "Face.swift"), ("FSDK_", "face.c"), ("NET_DVR", "face.cpp"), ("HFFace", "face.c"), ("var ", "Face.cs"),
)  # fmt: skip


def _text(kind: Kind, value: str) -> Sample:
    match kind:
        case Kind.CODE:
            name = next((name for start, name in _CODE_NAMES if start in value), "face.py")
            return Sample(f"srv/app/src/{name}", f"first\nsecond\n{value}\n".encode())
        case Kind.ENDPOINT:
            return Sample(
                "srv/app/conf/application.properties",
                f"a=1\nb=2\nurl={value}\nkey=K3yCanary0123456789\n".encode(),
            )
        case Kind.CONFIG:
            return Sample("srv/app/conf/app.yml", f"a: 1\n{value}\n".encode())
        case Kind.IMAGE:
            return Sample("srv/compose/docker-compose.yml", f"services:\n  one:\n    {value}\n".encode())
        case Kind.SERVICE:
            data = f"[Unit]\nDescription=gate\n[Service]\n{value}\n[Install]\nWantedBy=multi-user.target\n"
            return Sample("etc/systemd/system/gate.service", data.encode())
        case _:
            return Sample("var/log/gate/gate.log", f"2020-11-01 08:00:00 start\n{value}\n".encode())


def trace(kind: Kind, value: str) -> Sample:
    """Return a file of a kind of trace that holds a value: a name of a package or file, or a piece of content."""
    if kind in (Kind.PIP, Kind.NPM, Kind.MAVEN, Kind.NUGET, Kind.GO, Kind.APT, Kind.COMPOSER):
        return _manifest(kind, value)
    if kind in (Kind.LIBRARY, Kind.MODEL, Kind.LICENCE, Kind.GALLERY):
        return _named(kind, value)
    binaries: dict[Kind, tuple[str, Callable[..., bytes]]] = {
        Kind.SYMBOL: ("opt/gate/lib/libgate.so", elf),
        Kind.ANDROID: ("apps/gate/classes.dex", _dex),
        Kind.INSTALLER: ("Program Files/Gate/gate.exe", pe),
    }
    if kind in binaries:
        name, build = binaries[kind]
        return Sample(name, build("main", value, "end"))
    return _text(kind, value)


_WORDS = (
    *("surface", "interface", "typeface", "facet", "preface", "network", "camera", "image"),
    *("vector", "embedding", "model", "upload", "gallery", "person"),
)


def ordinary(number: int, seed: int = 0) -> Sample:
    """Return one of many ordinary files, with words that sound like recognition and mean something else."""
    numbers = random.Random(f"{seed}-{number}")
    words, one = " ".join(numbers.choices(_WORDS, k=40)), numbers.choice(_WORDS)
    package = json.dumps({"name": f"{one}-{number}", "version": "1.0.0"})
    kinds: tuple[tuple[str, bytes], ...] = (
        (f"module{number}.py", f"import os\n\n\ndef {one}():\n    return '{words}'\n".encode()),
        (f"part{number}.js", f"const text = '{words}';\nexport default text;\n".encode()),
        (f"app{number}.yml", f"name: {words}\nimage: registry/{one}:1\n".encode()),
        (f"node_modules/p{number}/package.json", package.encode()),
        (f"lib{one}{number}.so", elf(*numbers.choices(_WORDS, k=9))),
        (f"run{number}.log", f"2020-11-01 INFO {words}\n".encode() * 4),
        (f"notes{number}.txt", f"{words}\n".encode() * 9),
        (f"blob{number}.bin", numbers.randbytes(2_000)),
    )
    name, data = kinds[number % len(kinds)]
    return Sample(f"srv/data/{number % 97}/{number % 13}/{name}", data)
