"""A message changes where a part of it was to change, and in no other byte."""

from __future__ import annotations

import base64
import binascii
import random

import pytest

from efface.errors import FormatError, LimitExceededError, UnsupportedError
from efface.formats import mime
from efface.formats.mime_edit import NOTE, edited
from efface.model import Limits

LIMITS = Limits(entries=50)
DATA = random.Random(5).randbytes(700)
NEW = b"something shorter"
HEAD = b"From: a@example.org\r\nSubject:  two  spaces \r\n\tfolded\r\nMIME-Version: 1.0\r\n"
NAMED = b'Content-Disposition: attachment; filename="a.bin"\r\nX-Other: kept\r\n'


def lines(data: bytes, long: int = 76) -> bytes:
    text = base64.b64encode(data)
    return b"\r\n".join(text[at : at + long] for at in range(0, len(text), long))


def leaf(data: bytes = DATA, fields: bytes = NAMED, long: int = 76) -> bytes:
    return fields + b"Content-Transfer-Encoding: base64\r\n\r\n" + lines(data, long)


def mixed(*parts: bytes, boundary: str = "b1", head: bytes = HEAD) -> bytes:
    mark = f"\r\n--{boundary}".encode()
    start = head + f'Content-Type: multipart/mixed;\r\n boundary="{boundary}"\r\n\r\npreamble'.encode()
    return start + b"".join(mark + b"  \r\n" + part for part in parts) + mark + b"--\r\nepilogue\r\n"


WORDS = b"Content-Type: text/plain\r\n\r\nhello\r\n\r\n--b1 is no boundary\r\n"
DEEP = b"Content-Type: message/rfc822\r\n\r\n" + mixed(WORDS, leaf(), boundary="b1x")
BROKEN_QP = binascii.b2a_qp(DATA, istext=False).replace(b"\n", b"\r\n")
HOLDERS = {
    "an attachment": (mixed(WORDS, leaf()), "attachment-a.bin"),
    "lines of 60": (mixed(WORDS, leaf(long=60)), "attachment-a.bin"),
    "one of two of one name": (mixed(leaf(DATA[::-1]), leaf()), "attachment-a;2.bin"),
    "a message in the message": (mixed(WORDS, DEEP, WORDS), "message-1/attachment-a.bin"),
    "multiparts in multiparts": (mixed(mixed(leaf(), boundary="b2", head=b""), WORDS), "attachment-a.bin"),
    "the whole message": (HEAD + leaf(), "attachment-a.bin"),
    "Unix lines": (mixed(WORDS, leaf()).replace(b"\r\n", b"\n"), "attachment-a.bin"),
    "no end": (mixed(WORDS, leaf()).partition(b"\r\n--b1--")[0], "attachment-a.bin"),
    "a part without a header": (mixed(b"\r\nwords", leaf()), "attachment-a.bin"),
    "an empty part": (mixed(b"", leaf(), b"\r\n"), "attachment-a.bin"),
    "a report of delivery beside it": (
        mixed(b"Content-Type: message/delivery-status\r\n\r\nA: b\r\n\r\nC: d\r\n", leaf()),
        "attachment-a.bin",
    ),
    "bytes as they are": (
        mixed(WORDS, NAMED + b"Content-Transfer-Encoding: 8bit\r\n\r\n" + DATA.replace(b"\r", b"").replace(b"\n", b"")),
        "attachment-a.bin",
    ),
    "quoted-printable": (mixed(NAMED + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + BROKEN_QP), "attachment-a.bin"),
}  # fmt: skip


def contents(data: bytes) -> dict[str, object]:
    return {part.name: part.data for part in mime.parts(data, LIMITS)}


def differing(one: bytes, other: bytes) -> tuple[bytes, bytes]:
    """Return what differs between two texts: what is left without their common start and end."""
    start = next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    one, other = one[start:], other[start:]
    end = next(
        (n for n, (a, b) in enumerate(zip(one[::-1], other[::-1], strict=False)) if a != b),
        min(len(one), len(other)),
    )
    return one[: len(one) - end], other[: len(other) - end]


@pytest.mark.parametrize("holder", HOLDERS)
def test_a_part_gets_its_new_content_and_no_other_byte_changes(holder: str) -> None:
    """Header fields with their spaces, boundaries, other parts, preamble and epilogue are the same bytes."""
    data, name = HOLDERS[holder]
    result = edited(data, {name: NEW}, LIMITS)
    assert contents(result) == contents(data) | {name: NEW}
    before, after = differing(data, result)
    assert len(after) <= len(NEW) * 3
    assert b":" not in before or "bytes" in holder or "quoted" in holder


@pytest.mark.parametrize("holder", HOLDERS)
def test_a_part_that_is_not_changed_is_the_same_bytes(holder: str) -> None:
    """The same content gives the same message, however it was coded."""
    data, name = HOLDERS[holder]
    assert edited(data, {name: contents(data)[name]}, LIMITS) == data  # type: ignore[dict-item]


@pytest.mark.parametrize("holder", [each for each in HOLDERS if "one of two" not in each])
def test_a_part_that_goes_leaves_a_note(holder: str) -> None:
    """Of a removed part fields that do not describe its content stay, and a note says what happened."""
    data, name = HOLDERS[holder]
    result = edited(data, {name: None}, LIMITS)
    found = contents(result)
    noted = [each for each in found if each.endswith("attachment-removed.txt")]
    assert [found[each].strip() for each in noted] == [NOTE.encode()]  # type: ignore[attr-defined]
    assert result.count(b"X-Other: kept") == data.count(b"X-Other: kept")
    assert {each: found[each] for each in found if each not in noted} == {
        each: content for each, content in contents(data).items() if each != name
    }


def test_lines_stay_as_long_as_they_were() -> None:
    """A program that wrote short lines gets short lines."""
    result = edited(mixed(leaf(long=60)), {"attachment-a.bin": DATA[::-1]}, LIMITS)
    assert lines(DATA[::-1], 60) in result


def test_a_text_goes_back_into_its_encoding() -> None:
    """Words come in UTF-8, and are written in the encoding that the header names."""
    text = "<p>人脸 AAAA</p>"
    part = (
        b"Content-Type: text/html; charset=gb2312\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        + text.encode("gbk")
    )
    result = edited(mixed(part), {"body.html": "<p>人脸</p>".encode()}, LIMITS)
    assert "<p>人脸</p>".encode("gbk") in result
    with pytest.raises(UnsupportedError, match="encoding"):
        edited(mixed(part.replace(b"gb2312", b"latin-1")), {"body.html": "人".encode()}, LIMITS)


def test_a_picture_in_the_header_goes_with_its_field() -> None:
    """The face of the sender is a field of the header, and other fields stay."""
    data = (
        HEAD
        + b"Face: "
        + base64.b64encode(DATA)[:400]
        + b"\r\n "
        + base64.b64encode(DATA)[400:]
        + b"\r\n\r\nhi\r\n"
    )
    assert edited(data, {"face-field.png": None}, LIMITS) == HEAD + b"\r\nhi\r\n"


def test_a_length_in_the_header_is_true_again() -> None:
    """Mailboxes that count bytes find the next message."""
    body = mixed(leaf(), head=b"").partition(b"\r\n\r\n")[2]
    head = HEAD + b'Content-Type: multipart/mixed; boundary="b1"\r\nContent-Length: %d\r\n\r\n'
    result = edited(head % len(body) + body, {"attachment-a.bin": NEW}, LIMITS)
    told = int(result.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
    assert told == len(result.partition(b"\r\n\r\n")[2])
    wrong = head % 7 + body
    assert b"Content-Length: 7\r\n" in edited(wrong, {"attachment-a.bin": NEW}, LIMITS)


UU = b"".join(binascii.b2a_uu(DATA[at : at + 45]) for at in range(0, len(DATA), 45))
REFUSED = {
    "a part that is not there": (mixed(WORDS), "attachment-a.bin", FormatError),
    "uuencoded in the words": (HEAD + b"\r\nsee\r\nbegin 644 a.bin\r\n" + UU + b"`\r\nend\r\n", "attachment-a.bin", UnsupportedError),
    "a coding that is not written": (
        mixed(NAMED + b"Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a.bin\r\n" + UU + b"`\r\nend\r\n"),
        "attachment-a.bin",
        UnsupportedError,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_changed_alone_is_refused(case: str) -> None:
    """Nothing is guessed about where a part begins and ends."""
    data, name, error = REFUSED[case]
    with pytest.raises(error):
        edited(data, {name: NEW}, LIMITS)


def test_a_content_that_its_coding_cannot_hold_is_refused() -> None:
    """A line that would end the part is not written."""
    part = NAMED + b"Content-Transfer-Encoding: 8bit\r\n\r\nwords"
    with pytest.raises(FormatError, match="stays as it is"):
        edited(mixed(part, WORDS), {"attachment-a.bin": b"x\r\n--b1\r\n\r\nmore"}, LIMITS)


def test_limits_hold() -> None:
    """A message of more parts than the limits allow is refused."""
    with pytest.raises(LimitExceededError):
        edited(mixed(*[leaf()] * 9), {"attachment-a.bin": NEW}, Limits(entries=5))
