"""Biometric payloads hidden in submissions: what, in which codings, carried how. All generated, all by seed.

Nothing in it is anybody's: templates and vectors are generated, and the one face is the drawn or public-domain
picture that a caller gives.
"""

from __future__ import annotations

import base64
import binascii
import bz2
import gzip
import io
import json
import lzma
import random
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode
from xml.sax.saxutils import escape, quoteattr

from efface.testing import records, stores
from efface.testing.documents import pdf, pdf_stream
from efface.testing.submissions import workbook

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["CARRIERS", "CODINGS", "PACKINGS", "PAYLOADS", "Hidden", "hidden"]


@dataclass(frozen=True, slots=True)
class Hidden:
    """One payload with something in it.

    Attributes:
        name: Name of the submission.
        data: Its bytes.
        what: What is hidden.
        how: Packings and codings, from the inside out.
        where: What carries it.
    """

    name: str
    data: bytes = field(repr=False)
    what: str
    how: tuple[str, ...]
    where: str


def _vector_blob(seed: int) -> bytes:
    return bytes(stores.face_vectors(1, 512, seed=seed)[0].astype("<f4").tobytes())


PAYLOADS: dict[str, Callable[[int], bytes]] = {
    "finger minutiae, ISO": records.finger_minutiae_record,
    "finger minutiae, ANSI": records.ansi_minutiae_record,
    "ZKTeco template": records.zkteco_template,
    "identity card's portrait": records.id_card_photo,
    "identity card's fingerprint": records.id_card_fingerprint,
    "iris record": records.iris_image_record,
    "face record": records.face_image_record,
    "WSQ picture": records.wsq_image,
    "face vector": _vector_blob,
}


def _zipped(data: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.bin", data)
    return packed.getvalue()


def _attached(data: bytes) -> bytes:
    return pdf(
        {
            1: b"<< /Type /Catalog /Pages 2 0 R /Names << /EmbeddedFiles << /Names [(a.bin) 4 0 R] >> >> >>",
            2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] >>",
            4: b"<< /Type /Filespec /F (a.bin) /EF << /F 5 0 R >> >>",
            5: pdf_stream("/Type /EmbeddedFile", data),
        }
    )


PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "zlib": zlib.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zip": _zipped,
    "PDF attachment": _attached,
}


def _folded(text: str, width: int = 76) -> str:
    return "\n".join(text[at : at + width] for at in range(0, len(text), width))


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


CODINGS: dict[str, Callable[[bytes], str]] = {
    "base64": _b64,
    "base64 without padding": lambda data: _b64(data).rstrip("="),
    "base64url": lambda data: base64.urlsafe_b64encode(data).decode(),
    "base64 in lines": lambda data: _folded(_b64(data)),
    "base64 twice": lambda data: _b64(_b64(data).encode()),
    "base64, percent-encoded": lambda data: quote(_b64(data), safe=""),
    "base64 in JSON": lambda data: json.dumps({"v": {"t": _b64(data)}}),
    "base64 in a sentence": lambda data: f"详见附件：{_b64(data)}。当事人已签收",
    "base64 in groups of four": lambda data: " ".join(_folded(_b64(data), 4).split()),
    "base64 behind a letter": lambda data: "x" + _b64(data),
    "base64 behind a word": lambda data: "photo2" + base64.urlsafe_b64encode(data).decode(),
    "hex behind a word": lambda data: "faces" + data.hex(),
    "base64 backwards": lambda data: _b64(data)[::-1],
    "hex": bytes.hex,
    "hex, upper case": lambda data: data.hex().upper(),
    "hex behind 0x": lambda data: "0x" + data.hex(),
    "hex bytes": lambda data: data.hex(" "),
    "hex bytes with colons": lambda data: data.hex(":"),
    "hex escapes": lambda data: "".join(f"\\x{byte:02x}" for byte in data),
    "data URI": lambda data: "data:image/jpeg;base64," + _b64(data),
    "data URI of octets": lambda data: "data:application/octet-stream;base64," + _b64(data),
    "base32": lambda data: base64.b32encode(data).decode(),
    "ASCII85": lambda data: base64.a85encode(data).decode(),
    "base85": lambda data: base64.b85encode(data).decode(),
    "percent-encoded": lambda data: quote(data, safe=""),
    "quoted-printable": lambda data: binascii.b2a_qp(data, quotetabs=True, istext=False).decode(),
    "decimal bytes": lambda data: " ".join(map(str, data)),
    "list of bytes": lambda data: json.dumps(list(data)),
    "list of signed bytes": lambda data: json.dumps([byte - 256 if byte > 127 else byte for byte in data]),
    "character references": lambda data: "".join(f"&#{byte};" for byte in data),
    "characters of Latin-1": lambda data: data.decode("latin-1"),
}


def _json(**fields: object) -> bytes:
    return json.dumps(
        {"cf_wsh": "津市监罚〔2025〕7号", "cf_jdrq": "2025-03-01", **fields}, ensure_ascii=False
    ).encode()


def _xml(inside: str) -> bytes:
    # Characters that XML cannot hold are left out: nobody could send them either.
    clean = "".join(mark for mark in inside if mark in "\t\n\r" or mark >= " ")
    body = f"<ExchangeMessage><Body><fields><CF_WSH>7号</CF_WSH>{clean}</fields></Body></ExchangeMessage>"
    return f'<?xml version="1.0"?>{body}'.encode()


def _csv(text: str) -> bytes:
    doubled = text.replace('"', '""')
    return f'cf_wsh,cf_jdrq,bz\n7号,2025-03-01,/\n8号,2025-03-02,"{doubled}"\n'.encode()


def _multipart(text: str, *, file: bool) -> bytes:
    head = 'name="f"; filename="a.txt"' if file else 'name="bz"'
    return f"--xYz\r\nContent-Disposition: form-data; {head}\r\n\r\n{text}\r\n--xYz--\r\n".encode(
        "utf-8", "replace"
    )


def _halves(text: str) -> bytes:
    middle = len(text) // 2
    return _json(bz=text[:middle], cf_nr=text[middle:])


def _in_xml(text: str) -> str:
    return "".join(mark for mark in text if mark in "\t\n\r" or mark >= " ")


def _zipped_text(text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("record.json", _json(bz=text))
    return packed.getvalue()


CARRIERS: dict[str, tuple[str, Callable[[str], bytes]]] = {
    "JSON field": ("a.json", lambda text: _json(bz=text)),
    "JSON list": ("a.json", lambda text: _json(bz=["/", text])),
    "JSON, deep": ("a.json", lambda text: _json(a={"b": [{"c": text}]})),
    "JSON Lines": ("a.jsonl", lambda text: _json(bz="/") + b"\n" + _json(bz=text)),
    "name in JSON": ("a.json", lambda text: _json(**{text: "1"})),
    "two JSON fields": ("a.json", _halves),
    "XML element": ("a.xml", lambda text: _xml(f"<BZ>{escape(text)}</BZ>")),
    "XML attribute": ("a.xml", lambda text: _xml(f"<BZ v={quoteattr(text)}/>")),
    "XML comment": ("a.xml", lambda text: _xml(f"<!--{text.replace('--', '- -')}-->")),
    "XML CDATA": ("a.xml", lambda text: _xml(f"<BZ><![CDATA[{text.replace(']]>', '')}]]></BZ>")),
    "CSV field": ("a.csv", _csv),
    "Excel cell": ("a.xlsx", lambda text: workbook([["cf_wsh", "bz"], ["7号", _in_xml(text)]])),
    "Excel cell of its own": (
        "a.xlsx",
        lambda text: workbook([["cf_wsh", "bz"], ["7号", _in_xml(text)]], shared=False),
    ),
    "multipart field": ("body", lambda text: _multipart(text, file=False)),
    "multipart file": ("body", lambda text: _multipart(text, file=True)),
    "form of a web page": ("body", lambda text: urlencode({"cf_wsh": "7", "bz": text}).encode()),
    "text in a zip": ("a.zip", _zipped_text),
}


def hidden(seed: int, more: Sequence[tuple[str, bytes]] = ()) -> Hidden:
    """Return one hidden payload; equal seeds give equal ones.

    Args:
        seed: Chooses what, how and where: half of the time without a packing, else with one or two.
        more: Further payloads with their names, such as pictures with a face.
    """
    chance = random.Random(seed)
    named = chance.choice([*PAYLOADS, *(name for name, _ in more)])
    data = dict(more)[named] if named not in PAYLOADS else PAYLOADS[named](chance.randrange(1_000))
    packings = chance.sample(sorted(PACKINGS), chance.choice((0, 0, 1, 2)))
    coding, where = chance.choice(sorted(CODINGS)), chance.choice(sorted(CARRIERS))
    for packing in packings:
        data = PACKINGS[packing](data)
    if coding == "characters of Latin-1" and where.startswith(("XML", "Excel")):
        where = "JSON field"  # XML holds no controls: what is hidden would not arrive
    name, carry = CARRIERS[where]
    return Hidden(name, carry(CODINGS[coding](data)), named, (*packings, coding), where)
