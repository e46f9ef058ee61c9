"""Whatever bytes come, mail and RTF give parts, gaps or a refusal, and nothing else."""

from __future__ import annotations

import base64
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efface.errors import FormatError
from efface.formats import mime, mime_edit, pkcs7, rtf, tnef
from efface.formats.mail_type import mail_type
from efface.model import Limits

LIMITS = Limits(artefact_bytes=1 << 20, entries=200)
SETTINGS = settings(max_examples=200, derandomize=True, deadline=None)
EDITS = st.lists(st.tuples(st.integers(0, 1 << 12), st.integers(0, 255)), max_size=8)
MESSAGE = (
    b"From: a\r\nSubject: b\r\nFace: AAAA\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b1\r\n\r\n"
    b"--b1\r\nContent-Type: text/plain; charset=gb2312\r\n\r\nwords\r\nbegin 644 a.txt\r\n#0V%T\r\n`\r\nend\r\n"
    b"=ybegin line=9 size=3 name=b.txt\r\nabc=}d\r\n=yend\r\n--b1\r\nContent-Type: message/rfc822\r\n\r\nFrom: c\r\n\r\nwords"
    b"\r\n--b1\r\nContent-Type: image/png\r\nContent-Disposition: attachment; filename*0*=GBK''%C3%FB; filename*1=x.png\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(bytes(200)) + b"--b1--\r\n"
)
RTF = (
    b"{\\rtf1{\\pict{\\*\\x 00}\\pngblip\\bin3 abc 00ff}{\\object{\\*\\objdata 01050000020000000100000000}}}"
)
SEEDS = {"a message": MESSAGE, "rich text": RTF}


def attempt(data: bytes) -> None:
    mail_type(data)
    list(rtf.parts(data))
    names = []
    try:
        for part in mime.parts(data, LIMITS):
            assert isinstance(part.data, bytes | FormatError)
            names.append(part.name)
    except FormatError:
        return
    for name, new in zip(names[-3:], (b"new", None, b"--b1"), strict=False):
        with suppress(FormatError):
            mime_edit.edited(data, {name: new}, LIMITS)


@pytest.mark.parametrize("kind", SEEDS)
@SETTINGS
@given(edits=EDITS, cut=st.integers(0, 2_000))
def test_mutated_messages(kind: str, edits: list[tuple[int, int]], cut: int) -> None:
    """Valid bytes that were changed, and cut, are read as far as they go, or refused."""
    data = bytearray(SEEDS[kind])
    for place, byte in edits:
        data[place % len(data)] = byte
    attempt(bytes(data[: cut % (len(data) + 1)] if cut % 2 else data))


FIELDS = [b"Content-Type", b"Content-Disposition", b"Content-Transfer-Encoding", b"Face"]
VALUES = [
    b"multipart/mixed", b'multipart/mixed; boundary=""', b"attachment; filename*=x''%", b"attachment; filename*0*=''",
    b"=?utf-8?B?A?=", b"=?x?Q?=ZZ?=", b"text/plain; charset=\xff", b"text/html; charset=undefined",
    b"message/rfc822", b"message/delivery-status", b"uuencode", b"base64", b"quoted-printable", b"\0", b"; ; =", b"",
    b"text/plain; charset=idna", b"text/plain; charset=rot13", b"text/plain; charset=utf-16", b"image/" + b"\xe4" * 9,
]  # fmt: skip


@SETTINGS
@given(
    st.lists(st.tuples(st.sampled_from(FIELDS), st.sampled_from(VALUES)), max_size=5), st.binary(max_size=60)
)
def test_odd_fields(fields: list[tuple[bytes, bytes]], body: bytes) -> None:
    """Fields that no program writes are read or refused."""
    attempt(
        b"From: a\r\n" + b"".join(name + b": " + value + b"\r\n" for name, value in fields) + b"\r\n" + body
    )


@SETTINGS
@given(st.binary(max_size=200))
def test_random_envelopes(data: bytes) -> None:
    """TNEF and S/MIME are read or refused."""
    for read in (
        lambda: list(tnef.parts(tnef.MAGIC + b"\1\0\2\5\x90\6\0" + data)),
        lambda: pkcs7.content(
            b"0\x80\6\x09*\x86H\x86\xf7\r\1\7\2" + data + b"\6\x09*\x86H\x86\xf7\r\1\7\1\xa0" + data
        ),
    ):
        try:
            read()
        except FormatError:
            continue
