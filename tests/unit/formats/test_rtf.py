"""Pictures and objects of RTF come out, however they are written."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image

from efface.formats.rtf import parts
from efface.model import Limits, Locator, Part, Surroundings
from efface.sources.markup import Rtf
from efface.sources.payloads import BytesPayload
from efface.testing.compound import compound, native


def picture(kind: str) -> bytes:
    out = io.BytesIO()
    Image.radial_gradient("L").resize((16, 16)).save(out, kind)
    return out.getvalue()


PNG, JPEG, BMP = picture("PNG"), picture("JPEG"), picture("BMP")


def rtf(body: bytes) -> bytes:
    return b"{\\rtf1\\ansi words " + body + b" more}"


def lines(data: bytes, width: int = 128) -> bytes:
    text = data.hex()
    return "\r\n".join(text[at : at + width] for at in range(0, len(text), width)).encode()


def ole1(name: bytes, data: bytes) -> bytes:
    words = [struct.pack("<I", len(each)) + each for each in (name + b"\0", b"", b"")]
    return struct.pack("<II", 0x501, 2) + b"".join(words) + data


INNER = compound({"Data": bytes(90)})
CASES = {
    "a PNG in lines": (b"{\\pict\\picw9\\pngblip\\picwgoal9 " + lines(PNG) + b"}", "picture-1.png", PNG),
    "a JPEG in one line": (b"{\\pict\\jpegblip " + JPEG.hex().encode() + b"}", "picture-1.jpg", JPEG),
    "upper case": (b"{\\pict\\jpegblip " + JPEG.hex().upper().encode() + b"}", "picture-1.jpg", JPEG),
    "binary": (b"{\\pict\\pngblip\\bin%d " % len(PNG) + PNG + b"}", "picture-1.png", PNG),
    "a bitmap": (b"{\\pict\\dibitmap0 " + lines(BMP[14:]) + b"}", "picture-1.bmp", BMP),
    "names between": (
        b"{\\*\\shppict{\\pict{\\*\\picprop{\\sp{\\sn a}{\\sv ff}}}\\pngblip{\\*\\blipuid 00ff}" + lines(PNG) + b"}}",
        "picture-1.png", PNG,
    ),
    "the second": (b"{\\pict\\jpegblip ffd8}{\\pict\\pngblip " + lines(PNG) + b"}", "picture-2.png", PNG),
    "an object": (b"{\\object{\\*\\objdata " + lines(ole1(b"Word.8", struct.pack("<I", len(INNER)) + INNER)) + b"}}", "object-1", INNER),
    "a packaged file": (b"{\\object{\\*\\objdata " + lines(ole1(b"Package", native("a.jpg", JPEG))) + b"}}", "object-1-a.jpg", JPEG),
    "no end": (b"{\\pict\\pngblip " + lines(PNG), "picture-1.png", PNG),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_it_comes_out(case: str) -> None:
    """Each way of writing gives the same bytes."""
    body, name, content = CASES[case]
    data = rtf(body) if case != "no end" else b"{\\rtf1 " + body
    assert {found[0]: found[2] for found in parts(data)}.get(name) == content


QUIET = {
    "words": b"\\b bold\\b0 {\\picture 00ff}",
    "an empty picture": b"{\\pict\\pngblip }",
    "a linked object": b"{\\object{\\*\\objdata 0105000001000000}}",
    "a bitmap that is none": b"{\\pict\\dibitmap0 00ff00ff}",
    "nothing behind the word": b"{\\pict",
}


@pytest.mark.parametrize("case", QUIET)
def test_nothing_comes_out_of_nothing(case: str) -> None:
    """Words, links and empty places give no parts, and raise nothing."""
    assert list(parts(rtf(QUIET[case]))) == []


def test_a_packaged_file_keeps_its_name() -> None:
    """The name of a file that was put into a document is that of the part."""
    data = rtf(CASES["a packaged file"][0])
    part = Part(Locator.of_file("/d/a.rtf"), BytesPayload(data), Surroundings(("a.rtf",)))
    (inner,) = Rtf().parts(part, "application/rtf", Limits())
    assert isinstance(inner, Part)
    assert inner.surroundings.names == ("a.jpg", "a.rtf")
