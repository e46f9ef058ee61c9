"""Vectors and bytes in YAML, as the usual writers lay them out."""

from __future__ import annotations

import base64
import json
import random

import pytest

from efface.formats.text_values import values

RNG = random.Random(5)
VECTORS = [[round(RNG.uniform(-1, 1), 6) for _ in range(128)] for _ in range(2)]
BYTES = RNG.randbytes(512)
BLOCK = base64.encodebytes(BYTES).decode().splitlines()


def lines(vector: list[float], indent: str, newline: str = "\n") -> str:
    return "".join(f"{indent}- {number}{newline}" for number in vector)


def listed(text: str) -> list[tuple[str, list[float]]]:
    return [(place, json.loads(value)) for place, value in values(text.encode(), "text/plain")]


LAYOUTS = {
    "a number a line": "".join(f"- name: p\n  face_embedding:\n{lines(v, '  ')}" for v in VECTORS),
    "deeper than its key": "".join(f"- name: p\n  face_embedding:\n{lines(v, '      ')}" for v in VECTORS),
    "lines that end with CR LF": "".join(
        f"- face_embedding:\r\n{lines(v, '  ', chr(13) + chr(10))}" for v in VECTORS
    ),
    "with an anchor": "".join(f"- face_embedding: &id00{n}\n{lines(v, '  ')}" for n, v in enumerate(VECTORS)),
    "lists in a list": "face_embedding:\n" + "".join("- " + lines(v, "  ")[2:] for v in VECTORS),
    "in brackets": "".join(f"- face_embedding: {v}\n" for v in VECTORS),
    "in brackets over lines": "".join(
        "- face_embedding: [" + ",\n    ".join(map(str, v)) + "]\n" for v in VECTORS
    ),
}


@pytest.mark.parametrize("text", LAYOUTS.values(), ids=LAYOUTS)
def test_each_vector_is_one_value_under_its_key(text: str) -> None:
    """However a list is laid out, its numbers come together, each list by itself."""
    assert listed(text) == [("text/face_embedding", vector) for vector in VECTORS]


@pytest.mark.parametrize("mark", ["!!binary |", "|", "|-", ">", "&id001 !!binary |"])
def test_a_block_of_base64_is_one_value_under_its_key(mark: str) -> None:
    """Bytes stand in lines under a mark."""
    text = f"- name: p\n  photo: {mark}\n" + "".join(f"    {line}\n" for line in BLOCK) + "  age: 3\n"
    (found,) = {value for value in values(text.encode(), "text/plain") if value[0] == "text/photo"}
    assert base64.b64decode(found[1]) == BYTES


@pytest.mark.parametrize(
    "text",
    [
        "prices:\n" + lines(VECTORS[0][:63], "  "),
        "names:\n" + "".join(f"  - p{number}\n" for number in range(200)),
        "dates:\n" + "".join(f"  - 2026-01-{number % 28 + 1:02}\n" for number in range(200)),
    ],
    ids=["too few numbers", "words", "dates"],
)
def test_other_lists_are_left_alone(text: str) -> None:
    """What is no list of 64 numbers gives no value that reads as one."""
    assert not [value for _, value in values(text.encode(), "text/plain") if _is_vector(value)]


def _is_vector(value: str | bytes) -> bool:
    try:
        return isinstance(json.loads(value), list)
    except ValueError:
        return False
