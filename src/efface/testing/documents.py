"""Documents for tests, written byte by byte so that every place where a picture can hide is at hand.

Source: ISO 32000-2, 7.5 (file structure of PDF).
"""

from __future__ import annotations

import re
import zlib

__all__ = ["page_with", "pdf", "pdf_image", "pdf_stream", "updated_pdf"]


def pdf_stream(words: str, data: bytes) -> bytes:
    """Return a stream object's body: a dictionary with these words and the length, and the data."""
    return b"<<%s/Length %d>>\nstream\n%s\nendstream" % (words.encode(), len(data), data)


def pdf_image(
    data: bytes, size: tuple[int, int], space: str = "/DeviceRGB", bits: int = 8, more: str = ""
) -> bytes:
    """Return an image object's body; the data are deflated unless `more` names a filter."""
    if "/Filter" not in more:
        data, more = zlib.compress(data), more + "/Filter/FlateDecode"
    colours = f"/ColorSpace{space if space[:1] in '/[' else ' ' + space}" if space else ""
    words = f"/Type/XObject/Subtype/Image/Width {size[0]}/Height {size[1]}/BitsPerComponent {bits}"
    return pdf_stream(words + colours + more, data)


def page_with(
    images: dict[str, int] | None = None, *, contents: int | None = None, more: str = ""
) -> dict[int, bytes]:
    """Return the catalogue (object 1), page tree (2) and one page (3) that uses image objects by number."""
    used = "".join(f"/{name} {number} 0 R" for name, number in (images or {}).items())
    content = f"/Contents {contents} 0 R" if contents else ""
    page = f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Resources<</XObject<<{used}>>>>{content}{more}>>"
    return {
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        3: page.encode(),
    }


def pdf(objects: dict[int, bytes], *, trailer: str = "") -> bytes:
    """Return a PDF file of these objects; object 1 is the catalogue."""
    return _section(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", objects, (), trailer)


def updated_pdf(data: bytes, objects: dict[int, bytes], freed: tuple[int, ...] = ()) -> bytes:
    """Return a PDF file with an incremental update behind it that replaces and frees objects."""
    before = [int(found) for found in re.findall(rb"startxref\s+(\d+)", data)]
    return _section(data, objects, freed, f"/Prev {before[-1]}")


def _section(head: bytes, objects: dict[int, bytes], freed: tuple[int, ...], trailer: str) -> bytes:
    out = bytearray(head)
    rows = {0: b"0000000000 65535 f \n"} | dict.fromkeys(freed, b"0000000000 00001 f \n")
    for number, body in objects.items():
        rows[number] = b"%010d 00000 n \n" % len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n"
    for number in sorted(rows):
        out += b"%d 1\n%s" % (number, rows[number])
    size = max([*rows, *(int(found) for found in re.findall(rb"(\d+) 0 obj", head))]) + 1
    out += f"trailer\n<</Size {size}/Root 1 0 R{trailer}>>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)
