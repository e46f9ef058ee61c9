"""Faces in PDF files and mail are covered by the action for their kind, wherever they are kept in them."""

from __future__ import annotations

import base64
import io
import struct
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pikepdf
import pytest
from PIL import Image

from efface import registry
from efface.actions.redact_image import RedactImage
from efface.actions.redact_pdf import RedactPdf
from efface.actions.rewrite_archive import SIGNED, Warns, erase
from efface.actions.rewrite_mail import RewriteMail
from efface.engines.passwords import VARIABLE
from efface.errors import RemovalError
from efface.formats.mime_edit import NOTE
from efface.model import Box, Characteristic, Finding, Form, Limits, Locator
from efface.testing.documents import page_with, pdf, pdf_image, pdf_stream
from efface.testing.pictures import photoshop

if TYPE_CHECKING:
    from pathlib import Path

LIMITS = Limits()
BOX = Box(80, 48, 40, 48)
SIZE = (200, 160)


def face(*path: str, whole: bool = False) -> Finding:
    place = Locator("file", path)
    return Finding("a@1", Form.SAMPLE, Characteristic.FACE, place if whole else place.at_box(BOX), 0.9)


def picture(kind: str = "PNG", seed: int = 1) -> bytes:
    image = Image.linear_gradient("L").resize(SIZE).convert("RGB")
    noise = np.random.default_rng(seed).integers(0, 255, (48, 40, 3), dtype=np.uint8)
    image.paste(Image.fromarray(noise), (80, 48))
    target = io.BytesIO()
    image.save(target, kind)
    return target.getvalue()


def covered(data: bytes) -> bytes:
    result = RedactImage().remove(data, [face("x")], LIMITS)
    assert result is not None
    return result


def zipped(**members: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", "."), content)
    return target.getvalue()


def document(attachment: bytes = b"", name: str = "a.zip") -> bytes:
    objects = page_with({"I": 4}) | {
        1: b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles<</Names[(a)8 0 R]>>>>>>",
        4: pdf_image(picture("JPEG"), SIZE, more="/Filter/DCTDecode"),
        8: f"<</Type/Filespec/F({name})/EF<</F 9 0 R>>>>".encode(),
        9: pdf_stream("/Type/EmbeddedFile", attachment),
    }
    return pdf(objects)


def leaf(name: str, data: bytes) -> bytes:
    head = f'Content-Disposition: attachment; filename="{name}"\nContent-Transfer-Encoding: base64\n\n'
    return head.encode() + base64.encodebytes(data)


def letter(*parts: bytes, boundary: str = "b1") -> bytes:
    head = f'From: a@example.org\nSubject: s\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="{boundary}"\n'
    mark = f"\n--{boundary}".encode()
    return head.encode() + b"".join(mark + b"\n" + part for part in parts) + mark + b"--\n"


def test_a_jpeg_in_a_pdf_is_what_the_action_for_pictures_makes_of_it() -> None:
    """There is one way to cover a JPEG, wherever it lies."""
    outcome = erase(document(), "a.pdf", [face("a.pdf", "page-1-image-1.jpg")], LIMITS)
    assert [action.name for action in outcome.actions] == ["redact-image", "redact-pdf"]
    assert outcome.data is not None
    with pikepdf.open(io.BytesIO(outcome.data)) as opened:
        assert opened.pages[0].obj.Resources.XObject.I.read_raw_bytes() == covered(picture("JPEG"))


def test_an_attachment_is_changed_by_the_action_for_its_kind() -> None:
    """A face in a picture in an archive that is attached to a PDF is covered, and other members stay."""
    data = document(zipped(keep_txt=b"kept", face_png=picture()))
    outcome = erase(data, "a.pdf", [face("a.pdf", "attachment-a.zip", "face.png")], LIMITS)
    assert [action.name for action in outcome.actions] == ["redact-image", "rewrite-archive", "redact-pdf"]
    assert outcome.data is not None
    with pikepdf.open(io.BytesIO(outcome.data)) as opened:
        inner = next(iter(opened.attachments.values())).get_file().read_bytes()
        assert opened.pages[0].obj.Resources.XObject.I.read_raw_bytes() == picture("JPEG")
    archive = zipfile.ZipFile(io.BytesIO(inner))
    assert (archive.read("keep.txt"), archive.read("face.png")) == (b"kept", covered(picture()))


@pytest.mark.parametrize("kind", ["JPEG", "PPM"])
def test_an_image_that_is_a_finding_as_a_whole_goes_whole(kind: str) -> None:
    """A picture of a finger has no box: nothing of it stays, on a page of the same look."""
    more = {"more": "/Filter/DCTDecode"} if kind == "JPEG" else {}
    content = picture("JPEG") if kind == "JPEG" else Image.open(io.BytesIO(picture())).tobytes()
    data = pdf(page_with({"I": 4}) | {4: pdf_image(content, SIZE, **more)})
    name = "page-1-image-1.jpg" if kind == "JPEG" else "page-1-image-1.ppm"
    result = RedactPdf().remove(data, [face("a.pdf", name, whole=True)], LIMITS)
    assert result is not None
    with pikepdf.open(io.BytesIO(result)) as opened:
        assert not any(opened.pages[0].obj.Resources.XObject.I.read_bytes())


def test_a_password_of_the_list_opens_a_pdf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a scan could open can be changed; with no password the removal is refused, and says why."""
    target = io.BytesIO()
    with pikepdf.open(io.BytesIO(document())) as opened:
        opened.save(target, encryption=pikepdf.Encryption(owner="own", user="use"))
    findings = [face("a.pdf", "page-1-image-1.jpg")]
    with pytest.raises(RemovalError, match="encrypted"):
        RedactPdf().remove(target.getvalue(), findings, LIMITS)
    (tmp_path / "list").write_text("use\n")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "list"))
    result = RedactPdf().remove(target.getvalue(), findings, LIMITS)
    assert result is not None
    with pikepdf.open(io.BytesIO(result), password="own") as opened:
        assert opened.pages[0].obj.Resources.XObject.I.read_raw_bytes() == covered(picture("JPEG"))
    monkeypatch.setenv(VARIABLE, str(tmp_path / "away"))
    with pytest.raises(RemovalError, match="cannot be read"):
        RedactPdf().remove(target.getvalue(), findings, LIMITS)


HOLDERS = {
    "an attachment": (letter(leaf("a.png", picture())), ("attachment-a.png",)),
    "an archive": (letter(leaf("a.zip", zipped(face_png=picture(), keep_txt=b"kept"))), ("attachment-a.zip", "face.png")),
    "a forwarded message": (
        letter(b"Content-Type: message/rfc822\n\n" + letter(leaf("a.png", picture()), boundary="b2")),
        ("message-1/attachment-a.png",),
    ),
    "a message that is attached as a file": (
        letter(leaf("a.eml", letter(leaf("a.png", picture()), boundary="b2"))),
        ("attachment-a.eml", "attachment-a.png"),
    ),
    "a PDF": (letter(leaf("a.pdf", document())), ("attachment-a.pdf", "page-1-image-1.jpg")),
}  # fmt: skip


def mailbox(message: bytes) -> bytes:
    mark = b"From a@example.org Thu Jan  1 00:00:00 1970\n"
    other = b"From: b@example.org\nSubject: other\n\nkept\n>From here\n"
    return mark + other + b"\n" + mark + message + b"\n" + mark + other


def apple(message: bytes) -> bytes:
    return b"%-9d\n" % len(message) + message + b"<?xml version='1.0'?><plist><dict/></plist>"


STORES = {
    "a.eml": (lambda message: message, ()),
    "a.mbox": (mailbox, ("message-2.eml",)),
    "a.emlx": (apple, ()),
}


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("holder", HOLDERS)
def test_a_part_of_mail_is_changed_by_the_action_for_its_kind(store: str, holder: str) -> None:
    """A face is covered, and all lines outside the part are the same, in messages and mailboxes alike."""
    wrap, outer = STORES[store]
    message, place = HOLDERS[holder]
    data = wrap(message)
    outcome = erase(data, store, [face(store, *outer, *place)], LIMITS)
    assert outcome.data is not None
    assert outcome.actions[-1].name == "rewrite-mail"
    told = [line for line in data.splitlines() if len(line) < 60 or b":" in line]
    lost = set(told) - set(outcome.data.splitlines())
    assert all(line.strip().isdigit() or b":" not in line for line in lost)
    again = erase(outcome.data, store, [face(store, *outer, *place)], LIMITS)
    assert again.data == outcome.data
    if store == "a.emlx":
        head, _, rest = outcome.data.partition(b"\n")
        assert rest[int(head) :].startswith(b"<?xml")


def test_a_picture_that_no_action_covers_goes_with_a_note() -> None:
    """A picture in a coding that cannot be covered is not kept for its frame; the words of the message stay."""
    data = letter(
        b"Content-Type: text/plain\n\nwords\n",
        leaf("a.psd", photoshop(Image.open(io.BytesIO(picture("PNG"))))),
    )
    result = RewriteMail().remove(data, [face("a.eml", "attachment-a.psd")], LIMITS)
    assert result is not None
    assert NOTE.encode() in result
    assert b"\nwords\n" in result
    assert b"a.jp2" not in result


def tnef(data: bytes) -> bytes:
    """Return `winmail.dat` with one attachment."""

    def attribute(level: int, tag: int, content: bytes) -> bytes:
        return (
            struct.pack("<BII", level, tag, len(content)) + content + struct.pack("<H", sum(content) % 65536)
        )

    start = struct.pack("<IH", 0x223E9F78, 1)
    return (
        start
        + attribute(2, 0x00069002, bytes(14))
        + attribute(2, 0x00018010, b"a.png\0")
        + attribute(2, 0x0006800F, data)
    )


REFUSED = {
    "Outlook's envelope": (letter(leaf("winmail.dat", tnef(picture()))), ("a.eml", "attachment-winmail.dat", "attachment-a.png"), "no action"),
    "a part that is gone": (letter(leaf("a.png", picture())), ("a.eml", "attachment-b.png"), "has changed"),
    "a message that is gone": (mailbox(letter(leaf("a.png", picture()))), ("a.mbox", "message-9.eml", "attachment-a.png"), "has changed"),
    "a picture that a page puts together": (document(), ("a.pdf", "page-1-mosaic-1.ppm"), "has changed"),
    "an image that is gone": (document(), ("a.pdf", "page-7-image-1.jpg"), "has changed"),
    "a text in which a picture is written": (
        letter(b'Content-Type: text/html\n\n<img src="data:image/png;base64,%s">\n' % base64.encodebytes(picture())),
        ("a.eml", "body.html", "data-uri-1.png"),
        "no action",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_removed_is_refused_with_the_reason(case: str) -> None:
    """Nothing is guessed, and what no action changes is said."""
    data, path, reason = REFUSED[case]
    with pytest.raises(RemovalError, match=reason):
        erase(data, path[0], [face(*path)], LIMITS)


LIMITED = {
    "a PDF": (RedactPdf, document(), ("a.pdf", "page-1-image-1.jpg"), Limits(artefact_bytes=9)),
    "an image in a PDF": (RedactPdf, document(), ("a.pdf", "page-1-image-1.jpg"), Limits(picture_pixels=9)),
    "a message": (RewriteMail, HOLDERS["an attachment"][0], ("a.eml", "attachment-a.png"), Limits(artefact_bytes=9)),
    "parts of a message": (RewriteMail, HOLDERS["an attachment"][0], ("a.eml", "attachment-a.png"), Limits(entries=1)),
    "things inside one another": (
        RewriteMail,
        HOLDERS["a PDF"][0],
        ("a.eml", "attachment-a.pdf", "page-1-image-1.jpg"),
        Limits(depth=1),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", LIMITED)
def test_limits_hold(case: str) -> None:
    """What is larger than the limits is refused."""
    action, data, path, limits = LIMITED[case]
    with pytest.raises(RemovalError):
        action().remove(data, [face(*path)], limits)


SIGNATURES = {
    "a signed PDF": ("redact-pdf", b"%PDF-1.7" + bytes(1 << 20) + b"/ByteRange [0 1 2 3]", SIGNED),
    "a PDF without a signature": ("redact-pdf", document(), ""),
    "a signed message": ("rewrite-mail", b"From: a\nContent-Type: multipart/signed; boundary=b\n\n", SIGNED),
    "a message that its sender's server signed": (
        "rewrite-mail",
        b"From: a\nDKIM-Signature: v=1\n\n",
        SIGNED,
    ),
    "a message without a signature": ("rewrite-mail", letter(), ""),
}


@pytest.mark.parametrize("case", SIGNATURES)
def test_a_signature_is_told_of_before_it_is_broken(case: str) -> None:
    """A person hears before a removal that a signature will not hold afterwards."""
    name, data, warning = SIGNATURES[case]
    action = registry.load("action", name)()
    assert isinstance(action, Warns)
    assert action.warning(io.BytesIO(data)) == warning
