"""What comes to a door is hostile: any bytes give fields, texts or a fault, and no other exception."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efface.engines.kafka import Record
from efface.errors import FormatError
from efface.guard import submission
from efface.guard.form_check import compared, record_ids
from efface.guard.http_message import Message
from efface.guard.plain import plain_record
from efface.guard.schema import is_heading, schema, schemas
from efface.model import Limits
from efface.server.kafka import _Head
from efface.testing.submissions import FORMATS, clean_record
from efface.testing.submissions import submission as made

SETTINGS = settings(max_examples=50, derandomize=True, deadline=None)
LIMITS = Limits(artefact_bytes=1 << 20, entries=100)
EDITS = st.lists(st.tuples(st.integers(0, 1 << 13), st.integers(0, 255)), max_size=8)
FORM = schema(min(schemas()))
RECORDS = [clean_record(FORM, number) for number in range(2)]
SEEDS = {name: made(FORM, name, RECORDS) for name in FORMATS}
MULTIPART = (
    b'--b1\r\nContent-Disposition: form-data; name="xdr"\r\n\r\nx\r\n--b1\r\nContent-Disposition: form-data; name="f"; '
    b'filename="a.xml"\r\nContent-Type: text/xml\r\n\r\n<r><a>b</a></r>\r\n--b1--\r\n'
)
WEB_FORM = b"xdr=%E7%94%B2&dfbm=999999&a%5B%5D=%00"
XML = (
    b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "b">]><r>&a;</r>',
    b'<?xml version="1.0" encoding="utf-16"?><r a="b"><c>d</c></r>',
    b"<r>" * 3000,
    b"<r " + b'a="b" ' * 3000 + b"/>",
    b"<r><![CDATA[" + b"]]>" * 1000,
)


def mutated(seed: bytes, edits: list[tuple[int, int]], cut: int) -> bytes:
    """Change single bytes of a valid file and cut it."""
    data = bytearray(seed)
    for place, byte in edits:
        data[place % len(data)] = byte
    return bytes(data[: cut % (len(data) + 1)] if cut else data)


def attempt(data: bytes, name: str) -> None:
    """Read the pieces, hold them against a form, and name their records."""
    with suppress(FormatError):
        for piece in submission.read(submission.as_message(data) or data, name, LIMITS, is_heading(FORM)):
            assert piece.fault == "" or piece.entries is None
            found = piece.entries or ()
            check = compared(found, FORM)
            assert len(check.unknown) <= 200
            assert len(check.warnings) <= 200
            assert all(len(each) <= 40 for each in record_ids(found, FORM).values())
    record = plain_record(data)
    assert record is None or isinstance(record, dict)


@SETTINGS
@given(data=st.binary(max_size=1500), name=st.sampled_from(sorted(FORMATS)))
def test_random_bytes_give_pieces_or_a_fault(data: bytes, name: str) -> None:
    """Under every name that a submission has, and as XML and as a body of several parts."""
    attempt(data, name)
    attempt(b'<?xml version="1.0"?><r>' + data, name)
    attempt(b"--b1\r\nContent-Type: text/xml\r\n\r\n" + data, name)


@SETTINGS
@given(name=st.sampled_from(sorted(FORMATS)), edits=EDITS, cut=st.integers(0, 1 << 14))
def test_damaged_submissions_give_pieces_or_a_fault(
    name: str, edits: list[tuple[int, int]], cut: int
) -> None:
    """Of every format in which they are handed in."""
    attempt(mutated(SEEDS[name], edits, cut), name)


@SETTINGS
@given(seed=st.sampled_from([MULTIPART, WEB_FORM, *XML]), edits=EDITS, cut=st.integers(0, 4000))
def test_damaged_forms_and_markup_give_pieces_or_a_fault(
    seed: bytes, edits: list[tuple[int, int]], cut: int
) -> None:
    """Forms of web pages, entities, elements without end."""
    attempt(mutated(seed, edits, cut), "x")


@pytest.mark.parametrize("seed", XML[:2])
def test_markup_that_hides_something_has_a_fault_or_no_entity(seed: bytes) -> None:
    """An entity is never put in."""
    pieces = list(submission.read(seed, "x.xml", LIMITS, is_heading(FORM)))
    assert all(
        each.fault or "b" not in {entry.text for entry in each.entries or ()}
        for each in pieces[:1]
        if b"ENTITY" in seed
    )


@SETTINGS
@given(
    key=st.none() | st.binary(max_size=300),
    headers=st.lists(st.tuples(st.text(max_size=300), st.none() | st.binary(max_size=300)), max_size=5),
)
def test_key_and_headers_of_any_record_are_texts(
    key: bytes | None, headers: list[tuple[str, bytes | None]]
) -> None:
    """What travels beside the value of a record is shown to the detectors as JSON, whatever its bytes."""
    said = _Head(Record("t", 0, 0, key, b"", tuple(headers))).long_texts
    assert not said or isinstance(json.loads(said), list)


@SETTINGS
@given(
    target=st.text(max_size=200),
    headers=st.lists(
        st.tuples(
            st.sampled_from(["content-type", "Content-Encoding", "content-range", "x"]),
            st.text(max_size=120) | st.just("multipart/form-data; boundary=b") | st.just("gzip"),
        ),
        max_size=5,
    ),
)
def test_any_head_of_a_message_says_whether_its_body_can_be_read(
    target: str, headers: list[tuple[str, str]]
) -> None:
    """Hosts that are none, types twice, texts that no header may hold."""
    message = Message.of(target, headers)
    assert isinstance(message.unreadable, str)
    assert b"\r\n\r\n" not in message.before[:-4]
    said = message.long_texts
    assert not said or isinstance(json.loads(said), list)
