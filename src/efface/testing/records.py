"""Make a valid synthetic biometric record of every known kind from a seed.

The structure of each record is whole; what it holds are pseudo-random numbers, and no picture in it needs to
decode. The same seed gives the same bytes on every machine.

Source: the standards named in `efface.formats`; vendors' forms as their modules there describe them.
"""

from __future__ import annotations

import base64
import json
import random
import struct
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = [
    "MAKERS",
    "SHORT_OF_PROOF",
    "an2k_transaction",
    "ansi_minutiae_record",
    "arcsoft_feature",
    "data_group_2",
    "data_group_3",
    "data_group_4",
    "digitalpersona_template",
    "face_image_record",
    "finger_image_record",
    "finger_minutiae_record",
    "griaule_template",
    "id_card_fingerprint",
    "id_card_photo",
    "id_card_record",
    "iris_image_record",
    "jpeg_like",
    "opencv_faces",
    "other_part_record",
    "sourceafis_template",
    "wsq_image",
    "zkteco_push_line",
    "zkteco_template",
]


def _noise(seed: int, count: int) -> bytes:
    """Return bytes without FF, so that no marker of a picture format appears by chance."""
    return random.Random(seed).randbytes(count).replace(b"\xff", b"\xfe")


def jpeg_like(seed: int = 0, size_bytes: int = 900) -> bytes:
    """Return bytes framed as a JPEG file; they do not decode."""
    head, tail = bytes.fromhex("ffd8ffe000104a46494600010100000100010000"), b"\xff\xd9"
    return head + _noise(seed, size_bytes - len(head) - len(tail)) + tail


def _minutiae(seed: int, count: int) -> bytes:
    numbers = random.Random(seed)
    return b"".join(
        struct.pack(
            ">HHBB",
            numbers.choice((0x4000, 0x8000)) | numbers.randrange(400),
            numbers.randrange(400),
            numbers.randrange(180),
            numbers.randrange(1, 101),
        )
        for _ in range(count)
    )


def finger_minutiae_record(seed: int = 0, *, views: int = 2, minutiae: int = 24, year: int = 2005) -> bytes:
    """Return a record of ISO/IEC 19794-2, edition 2005 or 2011."""
    bodies = [_minutiae(seed + index, minutiae) for index in range(views)]
    if year == 2005:
        body = b"".join(
            struct.pack(">BBBB", index + 1, 0, 80, minutiae) + data + b"\0\0"
            for index, data in enumerate(bodies)
        )
        head = struct.pack(">HHHHHBB", 0, 400, 500, 197, 197, views, 0)
        return b"FMR\0 20\0" + struct.pack(">I", 24 + len(body)) + head + body
    body = b""
    for index, data in enumerate(bodies):
        inner = _capture_2011() + struct.pack(
            ">BBHHBHHBB", index + 1, 0, 197, 197, 0, 400, 500, 0x60, minutiae
        )
        inner += data + b"\0\0"
        body += struct.pack(">I", 4 + len(inner)) + inner
    return b"FMR\x00030\0" + struct.pack(">IHB", 15 + len(body), views, 0) + body


def _capture_2011() -> bytes:
    return bytes.fromhex("07e601010a0b0c00000000000000015000000001")


def ansi_minutiae_record(seed: int = 0, *, version: bytes = b" 20", minutiae: int = 24) -> bytes:
    """Return a record of ANSI/INCITS 378: version ` 20` (2004), `030` (2009) or `035` (amendment 1)."""
    data = _minutiae(seed, minutiae)
    if version == b" 20":
        body = struct.pack(">BBBB", 2, 0, 80, minutiae) + data + b"\0\0"
        head = struct.pack(">HHHHHHHBB", 66, 17, 0, 400, 500, 197, 197, 1, 0)
        return b"FMR\0 20\0" + struct.pack(">H", 26 + len(body)) + head + body
    body = struct.pack(">BBBBHHHHHHB", 2, 0, 0, 80, 0, 0, 400, 500, 197, 197, minutiae) + data + b"\0\0"
    head = struct.pack(">IHHBHBB", 21 + len(body), 66, 17, 0, 0, 1, 0)
    return b"FMR\0" + version + b"\0" + head + body


def finger_image_record(seed: int = 0, *, year: int = 2005, ansi: bool = False) -> bytes:
    """Return a record of ISO/IEC 19794-4, edition 2005 or 2011, or of ANSI/INCITS 381-2004."""
    if year == 2005:
        picture = _noise(seed, 40 * 50)
        view = struct.pack(">IBBBBBHHB", 14 + len(picture), 1, 1, 1, 80, 0, 40, 50, 0) + picture
        head = struct.pack(">HHBBHHHHBBH", 0, 31, 1, 1, 500, 500, 500, 500, 8, 0, 0)
        product = b"\0\0\0\1" if ansi else b""
        length = 32 + len(product) + len(view)
        return b"FIR\x00010\0" + length.to_bytes(6, "big") + product + head + view
    picture = wsq_image(seed)
    inner = _capture_2011()
    inner += struct.pack(">BBBHHHHBBBHH", 1, 0, 1, 500, 500, 500, 500, 8, 2, 0, 40, 50)
    inner += struct.pack(">I", len(picture)) + picture
    body = struct.pack(">I", 4 + len(inner)) + inner
    return b"FIR\x00020\0" + struct.pack(">IHBB", 16 + len(body), 1, 0, 1) + body


def face_image_record(seed: int = 0, *, faces: int = 1, year: int = 2005) -> bytes:
    """Return a record of ISO/IEC 19794-5, edition 2005 or 2011."""
    body = b""
    for index in range(faces):
        picture = jpeg_like(seed + index)
        if year == 2005:
            inner = struct.pack(">H", 1) + bytes(14) + bytes(8)
            inner += struct.pack(">BBHHBBHH", 1, 0, 240, 320, 1, 2, 0, 0) + picture
        else:
            inner = _capture_2011() + struct.pack(">H", 1) + bytes(15) + bytes(8)
            inner += struct.pack(">BBHHBHBB", 1, 0, 240, 320, 0, 0, 0, 1)
            inner += struct.pack(">I", len(picture)) + picture
        body += struct.pack(">I", 4 + len(inner)) + inner
    if year == 2005:
        return b"FAC\x00010\0" + struct.pack(">IH", 14 + len(body), faces) + body
    return b"FAC\x00030\0" + struct.pack(">IHBH", 17 + len(body), faces, 0, 0) + body


def iris_image_record(seed: int = 0, *, year: int = 2005) -> bytes:
    """Return a record of ISO/IEC 19794-6, edition 2005 or 2011."""
    picture = jpeg_like(seed)
    if year == 2005:
        eye = struct.pack(">BH", 1, 1) + struct.pack(">HBHHI", 1, 80, 0, 0, len(picture)) + picture
        head = struct.pack(">HBHHHHHHBB", 0, 1, 45, 0, 0, 2, 640, 480, 8, 0) + bytes(16)
        return b"IIR\x00010\0" + struct.pack(">I", 45 + len(eye)) + head + eye
    inner = _capture_2011() + struct.pack(">HBBBBHHB", 1, 1, 1, 2, 0, 640, 480, 8) + bytes(18)
    inner += struct.pack(">I", len(picture)) + picture
    body = struct.pack(">I", 4 + len(inner)) + inner
    return b"IIR\x00020\0" + struct.pack(">IHBB", 16 + len(body), 1, 0, 1) + body


def other_part_record(seed: int = 0, *, identifier: bytes = b"VIR") -> bytes:
    """Return a record of a part of ISO/IEC 19794 that has no reader of its own, such as VIR, VDI or DNA."""
    body = _noise(seed, 300)
    return identifier + b"\x00010\0" + struct.pack(">I", 12 + len(body)) + body


def wsq_image(seed: int = 0, *, width: int = 64, height: int = 48) -> bytes:
    """Return bytes framed as WSQ: tables, frame, one block, end marker; the coefficients do not decode."""
    tables = b"".join(
        struct.pack(">HH", marker, 2 + length) + _noise(seed + marker, length)
        for marker, length in ((0xFFA4, 56), (0xFFA5, 387))
    )
    frame = struct.pack(">HHBBHHBHBHBH", 0xFFA2, 17, 0, 255, height, width, 1, 1, 1, 1, 0, 0)
    huffman = struct.pack(">HH", 0xFFA6, 42) + _noise(seed, 40)
    block = struct.pack(">HHB", 0xFFA3, 3, 0) + _noise(seed + 1, 600)
    return b"\xff\xa0" + tables + frame + huffman + block + b"\xff\xa1"


def an2k_transaction(seed: int = 0, *, record_types: tuple[int, ...] = (2, 14, 14, 10)) -> bytes:
    """Return an ANSI/NIST-ITL transaction of the given logical records after its Type-1 record."""
    listed = "\x1e".join(f"{number}\x1f{index:02d}" for index, number in enumerate(record_types))
    fields = ["1.002:0500", f"1.003:1\x1f{len(record_types)}\x1e{listed}", "1.004:TST", "1.005:20240101"]
    parts = [_tagged(1, "\x1d".join(fields).encode() + b"\x1c")]
    for index, number in enumerate(record_types):
        if 3 <= number <= 8:
            body = bytes([index]) + bytes(13) + wsq_image(seed + index)
            parts.append(struct.pack(">I", 4 + len(body)) + body)
        elif number == 2:
            parts.append(_tagged(2, b"2.002:00\x1c"))
        else:
            picture = wsq_image(seed + index) if number in {13, 14, 15} else jpeg_like(seed + index)
            parts.append(_tagged(number, b"%d.002:%02d\x1d%d.999:%b\x1c" % (number, index, number, picture)))
    return b"".join(parts)


def _tagged(number: int, rest: bytes) -> bytes:
    for digits in range(1, 9):
        length = len(f"{number}.001:") + digits + 1 + len(rest)
        if len(str(length)) == digits:
            return f"{number}.001:{length}\x1d".encode() + rest
    raise AssertionError("a logical record of a test never needs more than eight digits")


def _element(tag: int, value: bytes) -> bytes:
    name = tag.to_bytes(2 if tag > 0xFF else 1, "big")
    if len(value) < 0x80:
        return name + bytes([len(value)]) + value
    size = (len(value).bit_length() + 7) // 8
    return name + bytes([0x80 | size]) + len(value).to_bytes(size, "big") + value


def _data_group(tag: int, biometric_type: int, format_type: int, records: tuple[bytes, ...]) -> bytes:
    header = _element(0x81, bytes([biometric_type])) + bytes.fromhex("820100870201018802")
    header = _element(0xA1, header + format_type.to_bytes(2, "big"))
    templates = b"".join(_element(0x7F60, header + _element(0x5F2E, record)) for record in records)
    return _element(tag, _element(0x7F61, b"\x02\x01" + bytes([len(records)]) + templates))


def data_group_2(seed: int = 0) -> bytes:
    """Return a data group 2 of a travel document with one face record."""
    return _data_group(0x75, 2, 8, (face_image_record(seed),))


def data_group_3(seed: int = 0) -> bytes:
    """Return a data group 3 of a travel document with two finger image records."""
    return _data_group(0x63, 8, 7, (finger_image_record(seed), finger_image_record(seed + 1)))


def data_group_4(seed: int = 0) -> bytes:
    """Return a data group 4 of a travel document with one iris record."""
    return _data_group(0x76, 0x10, 9, (iris_image_record(seed),))


def id_card_photo(seed: int = 0) -> bytes:
    """Return the 1,024 bytes of a photograph as an identity card's chip holds it."""
    return bytes.fromhex("574c66007e00320000ff85") + _noise(seed, 1_013)


def id_card_fingerprint(seed: int = 0) -> bytes:
    """Return the 512 bytes of a fingerprint as an identity card's chip holds it."""
    return bytes.fromhex("43018812010b50") + _noise(seed, 505)


def id_card_record(seed: int = 0) -> bytes:
    """Return text, photograph and two fingerprints in the chip's own order; the text names nobody."""
    text = ("测试人" + " " * 12 + "101" + "00000000" + "测试地址" + "000000000000000000").ljust(128)
    prints = id_card_fingerprint(seed + 1) + id_card_fingerprint(seed + 2)
    return text.encode("utf-16-le") + id_card_photo(seed) + prints


def zkteco_template(seed: int = 0, *, version: int = 10) -> bytes:
    """Return a ZKFinger template of version 9, 10 or 12."""
    size = 600 + seed % 300
    if version == 9:
        return b"\xa1\xca\x10" + _noise(seed, size)
    if version == 12:
        return b"\x6a\x95\x01\x10" + _noise(seed, size)
    masked = bytes([0x49 ^ size >> 8, 0x43 ^ size & 0xFF])
    head = masked + b"SS21\0\0" + struct.pack(">H", size) + b"\x84" + bytes.fromhex("0408050709ced00000")
    return head + _noise(seed, size - len(head))


def zkteco_push_line(seed: int = 0, *, table: str = "FP") -> bytes:
    """Return a line of the PUSH protocol that uploads a template or a photograph."""
    if table == "FP":
        payload = base64.b64encode(zkteco_template(seed)).decode()
        return f"FP PIN={seed % 999 + 1}\tFID=6\tSize={len(payload)}\tValid=1\tTMP={payload}\n".encode()
    if table == "BIODATA":
        payload = base64.b64encode(_noise(seed, 500)).decode()
        keys = "No=0\tIndex=0\tValid=1\tDuress=0\tType=9\tMajorVer=5\tMinorVer=8\tFormat=0"
        return f"BIODATA Pin={seed % 999 + 1}\t{keys}\tTmp={payload}\n".encode()
    payload = base64.b64encode(jpeg_like(seed)).decode()
    keys = f"FileName={seed}.jpg\tType=9\tSize={len(payload)}"
    return f"{table} PIN={seed % 999 + 1}\t{keys}\tContent={payload}\n".encode()


def arcsoft_feature(seed: int = 0) -> bytes:
    """Return the 1,032 bytes of an ArcSoft face feature."""
    numbers = random.Random(seed)
    return struct.pack("<258f", 2004.0, 20.0, *(numbers.gauss(0.0, 0.065) for _ in range(256)))


def digitalpersona_template(seed: int = 0) -> bytes:
    """Return a DigitalPersona template of 600 bytes."""
    return bytes.fromhex("00f82001c80be3735cc0413709ab71") + _noise(seed, 585)


def opencv_faces(seed: int = 0, *, layout: str = "yaml", people: int = 3) -> bytes:
    """Return a trained LBPH recogniser of OpenCV with two pictures of each of some people, as YAML, XML or JSON."""
    rng = random.Random(seed)
    labels = [number // 2 for number in range(2 * people)]
    rows = [[round(rng.random(), 6) for _ in range(256)] for _ in labels]
    if layout == "json":
        matrix = {"type_id": "opencv-matrix", "rows": 1, "cols": 256, "dt": "f"}
        told = {"type_id": "opencv-matrix", "rows": len(labels), "cols": 1, "dt": "i", "data": labels}
        model = {"radius": 1, "histograms": [matrix | {"data": row} for row in rows], "labels": told}
        return json.dumps({"opencv_lbphfaces": model | {"labelsInfo": []}}, indent=4).encode()
    if layout == "xml":
        made = "".join(
            f'<_ type_id="opencv-matrix"><rows>1</rows><cols>256</cols><dt>f</dt><data>{_spaced(row)}</data></_>'
            for row in rows
        )
        told_xml = f"<rows>{len(labels)}</rows><cols>1</cols><dt>i</dt><data>{_spaced(labels)}</data>"
        return (
            '<?xml version="1.0"?>\n<opencv_storage>\n<opencv_lbphfaces>\n<radius>1</radius>'
            f'<histograms>{made}</histograms>\n<labels type_id="opencv-matrix">{told_xml}</labels>'
            "<labelsInfo></labelsInfo></opencv_lbphfaces></opencv_storage>"
        ).encode()
    made = "".join(
        f"      - !!opencv-matrix\n         rows: 1\n         cols: 256\n         dt: f\n         data: {row}\n"
        for row in rows
    )
    head = "%YAML:1.0\n---\nopencv_lbphfaces:\n   threshold: 1.0e+308\n   radius: 1\n   histograms:\n"
    tail = f"   labels: !!opencv-matrix\n      rows: {len(labels)}\n      cols: 1\n      dt: i\n      data: {labels}\n"
    return (head + made + tail + "   labelsInfo:\n      []\n").encode()


def _spaced(numbers: Sequence[float]) -> str:
    return " ".join(map(str, numbers))


def griaule_template(seed: int = 0) -> bytes:
    """Return a Griaule template of 400 bytes."""
    return b"\xa7\xff\x01" + _noise(seed, 397)


def sourceafis_template(seed: int = 0, *, minutiae: int = 30) -> bytes:
    """Return a SourceAFIS template: a CBOR map with seven keys."""
    numbers = random.Random(seed)
    fields = {
        "version": _cbor_text("3.18.1-java"),
        "width": _cbor_head(0, 400),
        "height": _cbor_head(0, 500),
        "positionsX": _cbor_list([_cbor_head(0, numbers.randrange(400)) for _ in range(minutiae)]),
        "positionsY": _cbor_list([_cbor_head(0, numbers.randrange(500)) for _ in range(minutiae)]),
        "directions": _cbor_list([b"\xfb" + struct.pack(">d", numbers.random()) for _ in range(minutiae)]),
        "types": _cbor_text("".join(numbers.choice("BE") for _ in range(minutiae))),
    }
    return b"\xbf" + b"".join(_cbor_text(key) + value for key, value in fields.items()) + b"\xff"


def _cbor_head(major: int, argument: int) -> bytes:
    if argument < 24:
        return bytes([major << 5 | argument])
    size, code = (1, 24) if argument < 256 else (2, 25)
    return bytes([major << 5 | code]) + argument.to_bytes(size, "big")


def _cbor_text(text: str) -> bytes:
    return _cbor_head(3, len(text)) + text.encode("ascii")


def _cbor_list(values: list[bytes]) -> bytes:
    return _cbor_head(4, len(values)) + b"".join(values)


MAKERS: Mapping[str, Callable[[int], bytes]] = MappingProxyType(
    {
        "finger minutiae, ISO 2005": finger_minutiae_record,
        "finger minutiae, ISO 2011": lambda seed: finger_minutiae_record(seed, year=2011),
        "finger minutiae, ANSI 2004": ansi_minutiae_record,
        "finger minutiae, ANSI 2009": lambda seed: ansi_minutiae_record(seed, version=b"030"),
        "finger minutiae, ANSI 2009 amendment 1": lambda seed: ansi_minutiae_record(seed, version=b"035"),
        "finger image, ISO 2005": finger_image_record,
        "finger image, ANSI 2004": lambda seed: finger_image_record(seed, ansi=True),
        "finger image, ISO 2011": lambda seed: finger_image_record(seed, year=2011),
        "face image, ISO 2005": face_image_record,
        "face image, ISO 2011": lambda seed: face_image_record(seed, year=2011),
        "iris image, ISO 2005": iris_image_record,
        "iris image, ISO 2011": lambda seed: iris_image_record(seed, year=2011),
        "vascular image, ISO": other_part_record,
        "voice, ISO": lambda seed: other_part_record(seed, identifier=b"VDI"),
        "DNA, ISO": lambda seed: other_part_record(seed, identifier=b"DNA"),
        "WSQ": wsq_image,
        "ANSI/NIST-ITL transaction": an2k_transaction,
        "ICAO data group 2": data_group_2,
        "ICAO data group 3": data_group_3,
        "ICAO data group 4": data_group_4,
        "PRC ID card photograph": id_card_photo,
        "PRC ID card fingerprint": id_card_fingerprint,
        "PRC ID card chip": id_card_record,
        "ZKTeco 10": zkteco_template,
        "ZKTeco 9": lambda seed: zkteco_template(seed, version=9),
        "ZKTeco 12": lambda seed: zkteco_template(seed, version=12),
        "ZKTeco PUSH fingerprint": zkteco_push_line,
        "ZKTeco PUSH biodata": lambda seed: zkteco_push_line(seed, table="BIODATA"),
        "ZKTeco PUSH photograph": lambda seed: zkteco_push_line(seed, table="BIOPHOTO"),
        "ArcSoft": arcsoft_feature,
        "DigitalPersona": digitalpersona_template,
        "Griaule": griaule_template,
        "SourceAFIS": sourceafis_template,
    }
)

SHORT_OF_PROOF = frozenset({"ZKTeco 9", "ZKTeco 12", "Griaule"})
"""Names of MAKERS whose records are only found as a whole blob, never inside other data."""
