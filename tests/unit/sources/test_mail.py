"""Whatever carries a picture in mail, it comes out, or a gap says why not."""

from __future__ import annotations

import base64
import binascii
import io
import struct

import pytest

from efface.errors import EncryptedError, FormatError, LimitExceededError, UnsupportedError
from efface.formats import pkcs7, sniff, tnef
from efface.formats.mail_type import mail_type
from efface.model import Gap, GapReason, Limits, Locator, Part, Surroundings
from efface.sources.mail import Mail
from efface.sources.payloads import BytesPayload

LIMITS = Limits(artefact_bytes=4 << 20, entries=500)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 2
HEAD = b"From: a@example.org\r\nSubject: visitors\r\nMIME-Version: 1.0\r\n"


def base64_lines(data: bytes) -> bytes:
    return base64.encodebytes(data).replace(b"\n", b"\r\n")


def leaf(fields: str, data: bytes = PNG, coding: str = "base64") -> bytes:
    """Return a part: its fields, and its content in base64."""
    body = base64_lines(data) if coding == "base64" else data
    return f"{fields}\r\nContent-Transfer-Encoding: {coding}\r\n\r\n".encode() + body


def mixed(*parts: bytes, kind: str = "mixed", head: bytes = HEAD, boundary: str = "b1") -> bytes:
    start = head + f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'.encode()
    mark = f"\r\n--{boundary}".encode()
    return start + b"".join(mark + b"\r\n" + part for part in parts) + mark + b"--\r\n"


def parts_of(data: bytes, media_type: str = "", limits: Limits = LIMITS) -> list[Part | Gap]:
    part = Part(Locator.of_file("/m/a.eml"), BytesPayload(data), Surroundings(("a.eml",)))
    return list(Mail().parts(part, media_type or sniff.media_type(data, "a.eml"), limits))


def contents(data: bytes, media_type: str = "") -> dict[str, bytes]:
    found = parts_of(data, media_type)
    assert not [inner for inner in found if isinstance(inner, Gap)]
    return {inner.locator.path[-1]: inner.payload.read() for inner in found if isinstance(inner, Part)}


NAMES = {
    "a plain name": 'Content-Disposition: attachment; filename="a.png"',
    "a name of the type": 'Content-Type: image/png; name="a.png"',
    "a path": 'Content-Disposition: attachment; filename="C:\\\\in\\\\a.png"',
}
CHINESE = {
    "RFC 2231": "Content-Disposition: attachment; filename*=UTF-8''%E5%90%8D%E5%8D%95.png",
    "RFC 2231 in GBK": "Content-Disposition: attachment; filename*=GBK''%C3%FB%B5%A5.png",
    "RFC 2231 in pieces": "Content-Disposition: attachment;\r\n filename*0*=UTF-8''%E5%90%8D;\r\n filename*1*=%E5%8D%95.png",
    "RFC 2047 in base64": 'Content-Disposition: attachment; filename="=?gb2312?B?w/u1pS5wbmc=?="',
    "RFC 2047 in the type": 'Content-Type: image/png; name="=?utf-8?Q?=E5=90=8D=E5=8D=95.png?="',
    "bare UTF-8": 'Content-Disposition: attachment; filename="名单.png"',
}


@pytest.mark.parametrize("case", NAMES)
def test_an_attachment_keeps_its_name(case: str) -> None:
    """The last step of a name is that of the part, and the content comes decoded."""
    assert contents(mixed(leaf(NAMES[case]))) == {"attachment-a.png": PNG}


@pytest.mark.parametrize("case", CHINESE)
def test_a_chinese_name_is_read(case: str) -> None:
    """Names come out whichever way a mail program wrote them."""
    assert list(contents(mixed(leaf(CHINESE[case])))) == ["attachment-名单.png"]


def test_a_name_in_bare_gbk_is_read() -> None:
    """Old programs write names as bytes of their own encoding."""
    part = leaf('Content-Disposition: attachment; filename="XX.png"').replace(b"XX", "名单".encode("gbk"))
    assert list(contents(mixed(part))) == ["attachment-名单.png"]


uu_lines = b"".join(binascii.b2a_uu(PNG[at : at + 45]) for at in range(0, len(PNG), 45))
YENC = bytes((byte + 42) % 256 for byte in PNG)
for special in b"=\0\r\n":  # the equals sign first, as it marks the others
    YENC = YENC.replace(bytes([special]), b"=" + bytes([(special + 64) % 256]))

PLACES = {
    "a picture in the words": (mixed(leaf("Content-Type: image/png\r\nContent-ID: <a>"), kind="related"), "image.png"),
    "quoted-printable": (
        mixed(leaf("Content-Type: image/png; name=a.png", binascii.b2a_qp(PNG, istext=False), "quoted-printable")),
        "attachment-a.png",
    ),
    "the whole message": (HEAD + leaf("Content-Type: image/png"), "image.png"),
    "uuencoded in the words": (HEAD + b"\r\nsee\r\nbegin 644 a.png\r\n" + uu_lines + b"`\r\nend\r\n", "attachment-a.png"),
    "yEnc in the words": (
        HEAD + b"\r\n=ybegin line=128 size=520 name=a.png\r\n" + YENC + b"\r\n=yend size=520\r\n",
        "attachment-a.png",
    ),
    "a message in the message": (
        mixed(b"Content-Type: message/rfc822\r\n\r\n" + mixed(leaf(NAMES["a plain name"]), boundary="b2")),
        "message-1/attachment-a.png",
    ),
    "multiparts in multiparts": (
        mixed(mixed(leaf(NAMES["a plain name"]), kind="related", head=b"", boundary="b2")),
        "attachment-a.png",
    ),
    "the face of the sender": (HEAD + b"Face: " + base64.b64encode(PNG).replace(b"A", b"A\r\n ", 2) + b"\r\n\r\nhi\r\n", "face-field.png"),
    "an end that is missing": (mixed(leaf(NAMES["a plain name"]))[:-8], "attachment-a.png"),
    "a boundary that is missing": (
        mixed(leaf("Content-Type: image/png; name=a.png")).replace(b'; boundary="b1"', b""), None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_a_picture_comes_out_of_every_place(place: str) -> None:
    """Wherever a message has it, the picture is a part with its own bytes."""
    data, name = PLACES[place]
    found = contents(data, "message/rfc822")
    if name is None:
        assert base64_lines(PNG)[:70] in b"".join(found.values())  # as words, in which values are looked for
    else:
        assert found[name] == PNG


def test_bodies_come_in_utf8() -> None:
    """Words come in one encoding, so that values in them are found whatever the program's was."""
    body = leaf("Content-Type: text/html; charset=gb2312", "<p>人脸</p>".encode("gbk"), "8bit")
    assert contents(mixed(body)) == {"body.html": "<p>人脸</p>".encode()}


def test_two_attachments_of_one_name_are_told_apart() -> None:
    """No two parts of a message have one place."""
    found = contents(mixed(leaf(NAMES["a plain name"]), leaf(NAMES["a plain name"], PNG + b"2")))
    assert list(found) == ["attachment-a.png", "attachment-a;2.png"]


def test_an_encrypted_message_is_a_gap() -> None:
    """What only the receiver can read is said (RFC 1847)."""
    (gap,) = parts_of(mixed(leaf("Content-Type: application/octet-stream"), kind="encrypted"))
    assert isinstance(gap, Gap)
    assert gap.reason is GapReason.ENCRYPTED


def test_multiparts_without_end_are_over_the_limits() -> None:
    """A message that is built to be taken apart forever is refused."""
    data = b"\r\nx"
    for depth in range(60):
        data = mixed(data, head=HEAD if depth == 59 else b"", boundary=f"b{depth:03}x")
    with pytest.raises(LimitExceededError):
        parts_of(data)


def test_more_parts_than_entries_are_over_the_limits() -> None:
    """The number of parts counts against the entries of a container."""
    with pytest.raises(LimitExceededError):
        parts_of(mixed(*[leaf(NAMES["a plain name"], b"x")] * 30), limits=Limits(entries=20))


def mailbox(count: int, size: int = 100) -> bytes:
    mark = b"From a@example.org Mon Nov 23 10:00:00 2020\n"
    return b"".join(
        mark + b"From: a\nSubject: %d\n\n%s\n\n" % (number, b"x" * size) for number in range(count)
    )


@pytest.mark.parametrize("size", [10, 300_000, 1_048_400], ids=["small", "large", "as large as a piece"])
def test_a_mailbox_gives_its_messages(size: int) -> None:
    """A mailbox is cut at its postmarks, wherever they fall."""
    found = contents(mailbox(5, size))
    assert list(found) == [f"message-{number}.eml" for number in range(1, 6)]
    assert [data.split(b"\n")[1] for data in found.values()] == [b"Subject: %d" % n for n in range(5)]
    assert all(data.count(b"x") == size for data in found.values())


def test_a_line_that_begins_with_from_is_no_postmark() -> None:
    """Words that begin a paragraph with "From" do not cut a message."""
    data = mailbox(1).replace(b"xxx", b"x\n\nFrom my window I see\n", 1)
    assert len(contents(data)) == 1


def test_a_message_over_the_limits_is_a_gap_in_its_mailbox() -> None:
    """One message that is too large does not hide the others."""
    data = mailbox(1) + mailbox(1, 9_000) + mailbox(1)
    found = parts_of(data, limits=Limits(artefact_bytes=5_000))
    assert [isinstance(inner, Gap) for inner in found] == [False, True, False]


def test_a_mailbox_of_more_messages_than_entries_says_so() -> None:
    """The rest of a mailbox is a gap."""
    *first, last = parts_of(mailbox(5), limits=Limits(entries=3))
    assert len(first) == 3
    assert isinstance(last, Gap)


def test_a_message_of_apple_mail_is_read() -> None:
    """The length before and the properties behind are no part of the message."""
    message = mixed(leaf(NAMES["a plain name"]))
    data = b"%d\n" % len(message) + message + b"<?xml version='1.0'?><plist/>"
    assert contents(data) == {"attachment-a.png": PNG}


TYPES = {
    "a message": (HEAD + b"\r\nwords", "message/rfc822"),
    "a message that was only received": (
        b"Received: by x\r\n\tfor y\r\nReturn-Path: <a>\r\n\r\n",
        "message/rfc822",
    ),
    "a saved page": (
        b"From: <Saved by Blink>\r\nSnapshot-Content-Location: x\r\nDate: y\r\n\r\n",
        "message/rfc822",
    ),
    "a mailbox": (mailbox(2), "application/mbox"),
    "a message of Apple's": (b"1234      \n" + HEAD, "application/vnd.apple.emlx"),
    "a header that is cut off": (HEAD + b"X-Long", "message/rfc822"),
    "settings": (b"name: a\nfrom: b\nto: c\n", None),
    "a note": (b"Subject: lunch\n\nsee you", None),
    "a poem": (b"From my window I see\nthe sea\n", None),
    "a header of something else": (b"HTTP/1.1 200 OK\r\nDate: x\r\nFrom: y\r\n", None),
    "a script": (b"From: a\nSubject: b\nprint(1)\n", None),
    "nothing": (b"", None),
}


@pytest.mark.parametrize("case", TYPES)
def test_mail_is_told_from_other_text(case: str) -> None:
    """Mail is told by its fields, not by its name."""
    data, kind = TYPES[case]
    assert mail_type(data) == kind


def attribute(kind: int, data: bytes) -> bytes:
    return b"\2" + struct.pack("<II", kind, len(data)) + data + b"\0\0"


def properties(*each: tuple[int, int, bytes]) -> bytes:
    out = struct.pack("<I", len(each))
    for kind, number, data in each:
        padded = data + bytes(-len(data) % 4)
        body = struct.pack("<II", 1, len(data)) + padded if kind in {0x1E, 0x1F, 0x0D, 0x102} else padded
        out += struct.pack("<HH", kind, number) + body
    return out


LONG = (0x1F, 0x3707, "名单.png".encode("utf-16-le"))
WINMAIL = {
    "a short name": (attribute(0x18010, b"a.png\0") + attribute(0x6800F, PNG), {"a.png": PNG}),
    "a long name": (
        attribute(0x18010, b"A~1.PNG\0") + attribute(0x6800F, PNG) + attribute(0x69005, properties((3, 0x3705, bytes(4)), LONG)),
        {"名单.png": PNG},
    ),
    "a content among the properties": (
        attribute(0x69005, properties(LONG, (0x102, 0x3701, PNG))), {"名单.png": PNG},
    ),
    "no name": (attribute(0x6800F, PNG), {"": PNG}),
    "a named property before": (
        attribute(0x69005, struct.pack("<IHH", 2, 3, 0x8001) + bytes(16) + struct.pack("<III", 1, 6, 0x610062)
                  + b"c\0\0\0" + bytes(4) + properties((0x102, 0x3701, PNG))[4:]),
        {"": PNG},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WINMAIL)
def test_an_attachment_of_outlook_comes_out(case: str) -> None:
    """What Outlook wraps in `winmail.dat` is unwrapped."""
    body, expected = WINMAIL[case]
    data = tnef.MAGIC + b"\1\0" + attribute(0x69002, bytes(14)) + body
    assert dict(tnef.parts(data)) == expected
    assert contents(data) == {f"attachment-{name}": content for name, content in expected.items()}


def test_the_body_of_an_outlook_message_comes_out() -> None:
    """The words are a part as well, as pictures may stand in them."""
    data = tnef.MAGIC + b"\1\0" + attribute(0x69003, properties((0x102, 0x1013, b"<html>words")))
    assert contents(data) == {"body.html": b"<html>words"}


def test_no_winmail_is_refused() -> None:
    """Other bytes raise, and nothing else is raised."""
    with pytest.raises(FormatError):
        list(tnef.parts(b"words"))


def der(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + content


def oid(last: int) -> bytes:
    return der(6, b"\x2a\x86\x48\x86\xf7\x0d\x01\x07" + bytes([last]))


def signed(content: bytes) -> bytes:
    inner = der(0x30, oid(1) + (der(0xA0, content) if content else b""))
    return der(0x30, oid(2) + der(0xA0, der(0x30, b"\2\1\1" + der(0x31, b"") + inner)))


MESSAGE = mixed(leaf(NAMES["a plain name"]))


@pytest.mark.parametrize("pieces", [1, 3], ids=["in one piece", "in pieces"])
def test_a_signed_message_is_opened(pieces: int) -> None:
    """A signature hides nothing: the content stands inside in clear."""
    step = -(-len(MESSAGE) // pieces)
    octets = b"".join(der(4, MESSAGE[at : at + step]) for at in range(0, len(MESSAGE), step))
    data = signed(octets if pieces == 1 else der(0x24, octets))
    assert sniff.media_type(data) == "application/pkcs7-mime"
    assert contents(data) == {"signed.eml": MESSAGE}


def test_a_signature_that_stands_apart_holds_nothing() -> None:
    """A detached signature is no message."""
    assert contents(signed(b""), "application/pkcs7-mime") == {}


SEALED = {
    "enveloped": (der(0x30, oid(3) + der(0xA0, bytes(40))), EncryptedError),
    "encrypted": (der(0x30, oid(6) + der(0xA0, bytes(40))), EncryptedError),
    "digested": (der(0x30, oid(5) + der(0xA0, bytes(40))), UnsupportedError),
    "signed and broken": (der(0x30, oid(2) + der(0xA0, bytes(40))), FormatError),
}


@pytest.mark.parametrize("case", SEALED)
def test_what_is_sealed_is_refused(case: str) -> None:
    """What cannot be opened is refused with the reason."""
    data, error = SEALED[case]
    with pytest.raises(error):
        pkcs7.content(data)


def test_a_mailbox_is_read_from_a_stream() -> None:
    """A mailbox that no memory holds is read piece by piece: only readers are asked for, never the whole."""

    class Streamed(BytesPayload):
        def read(self) -> bytes:
            raise AssertionError

        def open(self) -> io.BytesIO:
            return io.BytesIO(mailbox(3))

    part = Part(Locator.of_file("/m/all.mbox"), Streamed(b""), Surroundings(("all.mbox",)))
    assert len(list(Mail().parts(part, "application/mbox", LIMITS))) == 3
