"""Whatever bytes come, a PDF gives parts, gaps or a refusal, and nothing else."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efface.engines.pdf import parts
from efface.engines.pdf_rewrite import Change, rewrite
from efface.engines.repaint_region import PageBox
from efface.errors import FormatError
from efface.model import Limits
from efface.testing.documents import page_with, pdf, pdf_image, pdf_stream, updated_pdf

LIMITS = Limits(artefact_bytes=1 << 20, unpacked_bytes=4 << 20, picture_pixels=1 << 16, entries=500)
SETTINGS = settings(max_examples=120, derandomize=True, deadline=None)
EDITS = st.lists(st.tuples(st.integers(0, 1 << 13), st.integers(0, 255)), max_size=8)

INLINE = b"q BI /W 9 /H 9 /BPC 8 /CS [/I /RGB 1 <000000ffffff>] ID " + bytes(81) + b" EI Q"
PLAIN = pdf(
    page_with({"I": 4, "J": 5, "K": 6}, contents=7, more="/Thumb 4 0 R")
    | {
        4: pdf_image(bytes(768), (16, 16)),
        5: pdf_image(bytes(64), (16, 16), "[/Indexed/DeviceRGB 3 <000000111111222222333333>]", 2),
        6: pdf_image(zlib.compress(bytes(170)), (10, 16), "/DeviceGray", 8,
                     "/Filter/FlateDecode/DecodeParms<</Predictor 12/Columns 10>>/SMask 4 0 R"),
        7: pdf_stream("", INLINE),
        8: pdf_stream("/Type/EmbeddedFile", b"words"),
        9: b"<</Type/Filespec/F(a.txt)/EF<</F 8 0 R>>>>",
    }
)  # fmt: skip
SEEDS = {"plain": PLAIN, "updated": updated_pdf(PLAIN, {4: pdf_image(b"\1" * 768, (16, 16))}, freed=(8,))}


def attempt(data: bytes) -> None:
    total, names = 0, []
    try:
        for part in parts(data, LIMITS):
            total += len(part.data) if isinstance(part.data, bytes) else 0
            assert isinstance(part.data, bytes | FormatError)
            names.append(part.name)
    except FormatError:
        pass
    assert total <= LIMITS.unpacked_bytes
    for name in names[:2]:
        change(data, name)


def change(data: bytes, name: str) -> None:
    """Cover a part of a document, or replace it; what comes out is a document or a refusal."""
    try:
        result = rewrite(data, {name}, lambda _: Change(boxes=(PageBox(None, 2, 2, 3, 3),)), LIMITS)
        list(parts(result, LIMITS))
    except FormatError:
        return


@pytest.mark.parametrize("kind", SEEDS)
@SETTINGS
@given(edits=EDITS, cut=st.integers(0, 8_000))
def test_mutated_documents(kind: str, edits: list[tuple[int, int]], cut: int) -> None:
    """A valid document with changed bytes, and cut, is read as far as it goes, or refused."""
    data = bytearray(SEEDS[kind])
    for place, byte in edits:
        data[place % len(data)] = byte
    attempt(bytes(data[: cut % (len(data) + 1)] if cut % 2 else data))


WORDS = [b"/Width", b"/Height", b"/ColorSpace", b"/Filter", b"/Kids", b"/XObject", b"/Length", b"/Decode"]
VALUES = [
    b" -1",
    b" 99999999999999999999",
    b"[]",
    b" 4 0 R",
    b" null",
    b"<<>>",
    b"(x)",
    b"/DCTDecode",
    b" 1.5",
    b" true",
]


@SETTINGS
@given(
    st.lists(
        st.tuples(st.sampled_from(WORDS), st.sampled_from(VALUES), st.integers(0, 9)), min_size=1, max_size=5
    )
)
def test_values_of_the_wrong_type(changes: list[tuple[bytes, bytes, int]]) -> None:
    """A key with a value of another type than it should have is refused, or read as if it were not there."""
    data = SEEDS["updated"]
    for word, value, number in changes:
        pieces = data.split(word)
        at = number % len(pieces)
        data = (
            word.join(pieces[: at + 1])
            + (word + value + word if at + 1 < len(pieces) else b"")
            + word.join(pieces[at + 1 :])
        )
    attempt(data)


@SETTINGS
@given(st.binary(max_size=400))
def test_random_bytes_behind_the_magic(data: bytes) -> None:
    """Bytes that only begin like a document are refused."""
    attempt(b"%PDF-1.4\n1 0 obj\n" + data)
