"""A face in a contract and in a letter about it: found, removed in every copy, looked for again, certified."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from PIL import Image

from efface.formats import mime
from efface.model import Limits
from efface.testing.documents import page_with, pdf, pdf_image, pdf_stream, updated_pdf

TEXT = b"q BT /F 12 Tf (the words of the contract) Tj ET\n%s\nQ /I Do /J Do"


def _saved(image: Image.Image, kind: str) -> bytes:
    target = io.BytesIO()
    image.save(target, kind)
    return target.getvalue()


def _inline(image: Image.Image) -> bytes:
    head = b"BI /W %d /H %d /BPC 8 /CS /RGB /F /A85 ID " % image.size
    return head + base64.a85encode(image.tobytes()) + b"~>\nEI"


def contract(portrait: Image.Image) -> bytes:
    """Return a PDF with the portrait as JPEG, as samples, in instructions, as thumbnail, attached, and in a revision."""
    sizes = [(256, 256), (240, 240), (220, 220), (200, 200)]
    jpeg, samples, inline, thumb = (portrait.resize(size) for size in sizes)
    mirrored = _saved(jpeg.transpose(Image.Transpose.FLIP_LEFT_RIGHT), "JPEG")
    as_jpeg = "/Filter/DCTDecode"
    objects = page_with({"I": 4, "J": 5}, contents=6, more="/Thumb 7 0 R") | {
        1: b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles<</Names[(a)8 0 R]>>>>>>",
        4: pdf_image(mirrored, jpeg.size, more=as_jpeg),
        5: pdf_image(samples.tobytes(), samples.size),
        6: pdf_stream("", TEXT % _inline(inline)),
        7: pdf_stream("/Width 200/Height 200/BitsPerComponent 8/ColorSpace/DeviceRGB", thumb.tobytes()),
        8: b"<</Type/Filespec/F(face.png)/EF<</F 9 0 R>>>>",
        9: pdf_stream("/Type/EmbeddedFile", _saved(portrait.resize((250, 250)), "PNG")),
    }
    return updated_pdf(pdf(objects), {4: pdf_image(_saved(jpeg, "JPEG"), jpeg.size, more=as_jpeg)})


def _leaf(name: str, data: bytes) -> bytes:
    head = f'Content-Disposition: attachment; filename="{name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    return head.encode() + base64.encodebytes(data).replace(b"\n", b"\r\n")


def _mixed(*parts: bytes, boundary: str) -> bytes:
    head = b"From: a@example.org\r\nSubject: visitors\r\nDate: Tue, 1 Dec 2020 09:00:00 +0800\r\n"
    mark = f"\r\n--{boundary}".encode()
    start = head + f'Content-Type: multipart/mixed; boundary="{boundary}"\r\n'.encode()
    return start + b"".join(mark + b"\r\n" + part for part in parts) + mark + b"--\r\n"


def letter(portrait: Image.Image) -> bytes:
    """Return a message with the portrait attached, in an archive, and in a message that it forwards."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("list.txt", "the list")
        opened.writestr("face.png", _saved(portrait.resize((240, 240)), "PNG"))
    forwarded = _mixed(_leaf("front.jpg", _saved(portrait.resize((230, 230)), "JPEG")), boundary="b2")
    return _mixed(
        b"Content-Type: text/plain\r\n\r\nthe words of the letter\r\n",
        _leaf("face.jpg", _saved(portrait.resize((256, 256)), "JPEG")),
        _leaf("faces.zip", archive.getvalue()),
        b"Content-Type: message/rfc822\r\n\r\n" + forwarded,
        boundary="b1",
    )


class Story:
    """What happened, step by step."""

    def __init__(self, folder: Path, samples: Path, efface: Any) -> None:
        portrait = Image.open(samples / "portrait.png").convert("RGB")
        self.place = folder / "office"
        self.place.mkdir()
        mark = b"From a@example.org Tue Dec  1 09:00:00 2020\n"
        message = letter(portrait)
        self.before = {
            "contract.pdf": contract(portrait),
            "letter.eml": message,
            "inbox.mbox": mark
            + message.replace(b"\r\n", b"\n")
            + b"\n"
            + mark
            + b"From: b\nSubject: c\n\nd\n",
        }
        for name, data in self.before.items():
            (self.place / name).write_bytes(data)
        run = folder / "run.sqlite"
        scan = efface("scan", self.place, "--run", run, "--mode", "thorough", "--json", "-")
        self.found = json.loads(scan.stdout)
        self.plan = efface("remove", run, "--only", "all", expect=0)
        self.untouched = {name: (self.place / name).read_bytes() for name in self.before}
        self.apply = efface("remove", run, "--only", "all", "--apply", expect=0)
        self.after = {name: (self.place / name).read_bytes() for name in self.before}
        again = efface(
            "scan", self.place, "--run", folder / "again", "--mode", "thorough", "--json", "-", expect=0
        )
        self.left = json.loads(again.stdout)
        key, self.certificate = folder / "key.pem", folder / "certificate.json"
        efface("keys", "new", key, expect=0)
        efface("certify", run, "-o", self.certificate, "--key", key, expect=0)
        efface("check", self.certificate, "--trust", key.with_suffix(".pub"), expect=0)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, samples: Path, efface: Any) -> Story:
    """The whole day, told once for all the tests of this file."""
    return Story(tmp_path_factory.mktemp("documents"), samples, efface)


PLACES = {
    "contract.pdf": {
        "page-1-image-1.jpg", "page-1-image-2.ppm", "page-1-inline-1.ppm", "page-1-thumbnail.ppm", "attachment-face.png",
        "revision-1/page-1-image-1.jpg",
    },
    "letter.eml": {"attachment-face.jpg", "attachment-faces.zip", "message-1/attachment-front.jpg"},
    "inbox.mbox": {"message-1.eml"},
}  # fmt: skip


def test_every_copy_is_found(story: Story) -> None:
    """Each place in which a document or a letter keeps the portrait is one finding."""
    found: dict[str, set[str]] = {}
    for finding in story.found["findings"]:
        path = finding["locator"]["path"]
        found.setdefault(Path(path[0]).name, set()).add(path[1])
    assert found == PLACES


def test_a_plan_changes_nothing(story: Story) -> None:
    """Before it is applied, a removal is a sentence."""
    assert story.untouched == story.before


def test_nothing_is_left_and_nothing_is_unseen(story: Story) -> None:
    """After the removal the same eyes find nothing, and look at everything."""
    assert (story.left["findings"], story.left["gaps"]) == ([], [])


def test_the_contract_keeps_its_words_and_pages(story: Story) -> None:
    """What the document says, and how it is built, is as before; nothing of an earlier revision is in it."""
    data = story.after["contract.pdf"]
    assert data.count(b"%%EOF") == 1
    with pikepdf.open(io.BytesIO(data)) as opened:
        content = opened.pages[0].obj.Contents.read_bytes()
        before, _, after = TEXT.partition(b"%s")
        assert content.startswith(before)
        assert content.endswith(after)
        assert list(opened.attachments) == ["a"]
        assert "/Thumb" not in opened.pages[0].obj


@pytest.mark.parametrize("name", ["letter.eml", "inbox.mbox"])
def test_the_letter_keeps_its_header_and_words(story: Story, name: str) -> None:
    """Every field, boundary and word of a letter is the same bytes; what is beside a face in an archive stays."""
    short = [
        line
        for line in story.before[name].splitlines()
        if b":" in line or line[:2] == b"--" or b"words" in line
    ]
    kept = story.after[name].splitlines()
    assert [line for line in kept if line in set(short)] == short
    if name == "letter.eml":
        parts = {part.name: part.data for part in mime.parts(story.after[name], Limits())}
        archive = parts["attachment-faces.zip"]
        assert isinstance(archive, bytes)
        assert zipfile.ZipFile(io.BytesIO(archive)).read("list.txt") == b"the list"
