"""Hiding places inside documents, archives, mail, databases and files of values.

Source: ISO 32000-2 (revisions, thumbnails, inline images, attachments); ECMA-376, part 2 (thumbnails); OpenDocument
1.3, part 2; RFC 2045; SQLite's file format (free pages); the Python reference for pickle.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import pickle
import sqlite3
import tarfile
from contextlib import closing
from typing import TYPE_CHECKING

from efface.testing.documents import page_with, pdf, pdf_image, pdf_stream, updated_pdf
from efface.testing.leaks import Face, Kind
from efface.testing.leaks_metadata import packed, xmp

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CONTAINERS"]

_TEXT = b"BT (kept words) Tj ET"


def _image(face: Face) -> bytes:
    """Return an image object that shows the face."""
    return pdf_image(face.picture(quality=90), face.portrait.size, more="/Filter/DCTDecode")


def _copy(face: Face) -> bytes:
    return pdf_image(face.copy(), (160, 160), more="/Filter/DCTDecode")


def _shown(face: Face, **more: object) -> dict[int, bytes]:
    drawing = pdf_stream("", b"q 200 0 0 200 0 0 cm /I Do Q " + _TEXT)
    return page_with({"I": 4}, contents=5, **more) | {4: _image(face), 5: drawing}  # type: ignore[arg-type]


def _revision(face: Face) -> bytes:
    plain = pdf_image(bytes(3 * 64), (8, 8))
    first = pdf(_shown(face) | {6: _copy(face)})
    return updated_pdf(first, {6: plain})


def _inline(face: Face) -> bytes:
    copy = face.copy(side_px=128)
    inline = b"BI /W 128 /H 128 /CS /RGB /BPC 8 /F /DCT ID " + copy + b"\nEI\n"
    return pdf(page_with(contents=5) | {5: pdf_stream("", _TEXT + b" q 200 0 0 200 0 0 cm " + inline + b"Q")})


def _attached(face: Face) -> bytes:
    objects = page_with()
    objects[1] = b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles<</Names[(a.jpg) 6 0 R]>>>>>>"
    objects[6] = b"<</Type/Filespec/F(a.jpg)/UF(a.jpg)/EF<</F 7 0 R>>>>"
    return pdf(objects | {7: pdf_stream("/Type/EmbeddedFile/Subtype/image#2Fjpeg", face.copy(side_px=256))})


def _packet(face: Face) -> bytes:
    objects = _shown(face)
    objects[1] = b"<</Type/Catalog/Pages 2 0 R/Metadata 6 0 R>>"
    return pdf(objects | {6: pdf_stream("/Type/Metadata/Subtype/XML", xmp(face))})


_TYPES = b'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'


def _office(folder: str) -> Callable[[Face], bytes]:
    return lambda face: packed(
        ("[Content_Types].xml", _TYPES),
        (f"{folder}/document.xml", b"<?xml version='1.0'?><document>kept words</document>"),
        (f"{folder}/media/image1.jpeg", face.copy(side_px=256)),
        ("docProps/thumbnail.jpeg", face.copy()),
    )


def _open_document(face: Face) -> bytes:
    return packed(
        ("mimetype", b"application/vnd.oasis.opendocument.text"),
        ("content.xml", b"<?xml version='1.0'?><a>kept words</a>"),
        ("Pictures/1.png", face.copy("PNG", 256)),
        ("Thumbnails/thumbnail.png", face.copy("PNG")),
    )


def _tar(face: Face) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as archive:
        data = face.copy(side_px=256)
        member = tarfile.TarInfo("photos/a.jpg")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return target.getvalue()


def _letter(face: Face, inner: Callable[[Face], bytes], name: str, kind: str) -> bytes:
    head = "From: a@example.org\r\nTo: b@example.org\r\nSubject: kept words\r\nMIME-Version: 1.0\r\n"
    head += 'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    head += "--b\r\nContent-Type: text/plain\r\n\r\nkept words\r\n--b\r\n"
    head += f'Content-Type: {kind}; name="{name}"\r\nContent-Transfer-Encoding: base64\r\n'
    head += f'Content-Disposition: attachment; filename="{name}"\r\n\r\n'
    return head.encode() + base64.encodebytes(inner(face)).replace(b"\n", b"\r\n") + b"--b--\r\n"


def _photo(face: Face) -> bytes:
    return _letter(face, Face.copy, "a.jpg", "image/jpeg")


def _report(face: Face) -> bytes:
    def inner(one: Face) -> bytes:
        return packed(("a.docx", _office("word")(one)))

    return _letter(face, inner, "a.zip", "application/zip")


def _nested(face: Face) -> bytes:
    inner = packed(("a.jpg", face.copy(side_px=256)))
    return packed(("in.zip", inner), ("b.txt", b"kept words"))


def _mailbox(face: Face) -> bytes:
    letter = _photo(face).replace(b"\r\n", b"\n")
    return b"From a@example.org Mon Oct  5 10:00:00 2020\n" + letter + b"\n"


def _database(face: Face, *, deleted: bool = False) -> bytes:
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, note TEXT, photo BLOB)")
        rows = [(n, "kept words", face.copy(side_px=120 + n)) for n in range(4)]
        db.executemany("INSERT INTO people VALUES (?, ?, ?)", rows)
        db.commit()
        if deleted:
            db.execute("PRAGMA secure_delete = OFF")
            db.execute("DELETE FROM people WHERE id > 0")
            db.commit()
        return db.serialize()


def _rows(face: Face) -> list[dict[str, str]]:
    return [
        {"name": f"person {n}", "photo": base64.b64encode(face.copy(side_px=120 + n)).decode()}
        for n in range(3)
    ]


def _csv(face: Face) -> bytes:
    target = io.StringIO()
    writer = csv.DictWriter(target, ["name", "photo"])
    writer.writeheader()
    writer.writerows(_rows(face))
    return target.getvalue().encode()


_CREATE = "CREATE TABLE people (id integer, photo bytea);"


def _dump(face: Face) -> bytes:
    lines = (f"{n}\t\\\\x{face.copy(side_px=120 + n).hex()}" for n in range(3))
    return "\n".join((_CREATE, "COPY people (id, photo) FROM stdin;", *lines, "\\.", "")).encode()


def _parquet(face: Face) -> bytes:
    import pyarrow as pa  # noqa: PLC0415 - an optional extra
    from pyarrow import parquet  # noqa: PLC0415 - an optional extra

    target = io.BytesIO()
    table = pa.table({"name": ["a", "b"], "photo": [face.copy(side_px=120), face.copy(side_px=124)]})
    parquet.write_table(table, target, compression="none", use_dictionary=False)
    return target.getvalue()


CONTAINERS = (
    Kind("PDF: image of an earlier revision", "pdf", _revision),
    Kind("PDF: thumbnail of a page", "pdf", lambda face: pdf(_shown(face, more="/Thumb 6 0 R") | {6: _copy(face)})),
    Kind("PDF: object that nothing uses", "pdf", lambda face: pdf(_shown(face) | {6: _copy(face)})),
    Kind("PDF: inline image", "pdf", _inline),
    Kind("PDF: attachment", "pdf", _attached),
    Kind("PDF: XMP thumbnail", "pdf", _packet),
    Kind("PDF: behind the end", "pdf", lambda face: pdf(_shown(face)) + face.copy()),
    Kind("Word: media and thumbnail", "docx", _office("word")),
    Kind("Excel: media and thumbnail", "xlsx", _office("xl")),
    Kind("PowerPoint: media and thumbnail", "pptx", _office("ppt")),
    Kind("OpenDocument: picture and thumbnail", "odt", _open_document),
    Kind("ZIP in a ZIP", "zip", _nested),
    Kind("tar, packed", "tar.gz", _tar),
    Kind("mail: attachment", "eml", _photo),
    Kind("mail: thumbnail of a document in an archive", "eml", _report),
    Kind("mailbox", "mbox", _mailbox),
    Kind("SQLite: column", "sqlite", _database),
    Kind("SQLite: free pages", "sqlite", lambda face: _database(face, deleted=True)),
    Kind("JSON: base64", "json", lambda face: json.dumps(_rows(face)).encode()),
    Kind("CSV: base64", "csv", _csv),
    Kind("SQL dump: hexadecimal", "sql", _dump),
    Kind("Parquet: column", "parquet", _parquet),
    Kind("pickle: bytes in a dictionary", "pkl", lambda face: pickle.dumps({"name": "a", "photo": face.copy()})),
)  # fmt: skip
"""Hiding places in what holds pictures."""
