"""Every registered container under the law of its room."""

from __future__ import annotations

import base64
import gzip
import io
import os
import sqlite3
import tarfile
import zipfile
import zlib
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from efface import registry
from efface.testing import compound, documents, dumps, indexes, pictures, stores
from efface.testing.contracts import ContainerContract, Sample
from efface.testing.lance import lance_file
from efface.testing.pictures_heif import HeifItem, heif
from efface.testing.videos import moving, recording

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from efface.sources.archive import Archive
    from efface.sources.buried_files import BuriedFiles
    from efface.sources.git_pack import GitPack
    from efface.sources.hdf5 import Hdf5
    from efface.sources.lance import Lance
    from efface.sources.mail import Mail
    from efface.sources.markup import DataUris, Rtf
    from efface.sources.ole import Ole
    from efface.sources.pdf import Pdf
    from efface.sources.pg_archive import PgArchive
    from efface.sources.picture_parts import PictureParts
    from efface.sources.records import Records
    from efface.sources.sqlite import Sqlite
    from efface.sources.tables import Tables
    from efface.sources.tensors import Tensors
    from efface.sources.thumbnail_cache import ThumbnailCache
    from efface.sources.values import Values
    from efface.sources.vector_index import VectorIndex
    from efface.sources.video_parts import VideoParts
    from efface.sources.zlib_stream import ZlibStream


class TestArchive(ContainerContract):
    """Archives with two members, and one compressed stream."""

    def plugin(self) -> Archive:
        return registry.load("container", "archive")()

    def samples(self) -> Sequence[Sample]:
        zipped, tarred = io.BytesIO(), io.BytesIO()
        with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("folder/a.txt", "one " * 50)
            archive.writestr("b.txt", "two")
        with tarfile.open(fileobj=tarred, mode="w") as tar:
            for name, data in (("a.txt", b"one"), ("folder/b.txt", b"two " * 50)):
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
        return [
            Sample("in/a.zip", zipped.getvalue()),
            Sample("in/a.tar", tarred.getvalue()),
            Sample("in/a.txt.gz", gzip.compress(b"hello" * 20)),
        ]


class TestSqlite(ContainerContract):
    """A database with text and binary columns, and names that need quoting."""

    def plugin(self) -> Sqlite:
        return registry.load("container", "sqlite")()

    def samples(self) -> Sequence[Sample]:
        connection = sqlite3.connect(":memory:")
        connection.execute('CREATE TABLE "a ""b" (id INTEGER PRIMARY KEY, "名 称" TEXT, data BLOB)')
        connection.executemany(
            'INSERT INTO "a ""b" VALUES (?, ?, ?)', [(n, f"n{n}", bytes(40)) for n in range(9)]
        )
        connection.execute("CREATE TABLE empty (x TEXT)")
        connection.commit()
        data = connection.serialize()
        connection.close()
        return [Sample("db/crm.sqlite", data)]


class TestPictureParts(ContainerContract):
    """Pictures of many kinds that carry smaller ones, and a film."""

    def plugin(self) -> PictureParts:
        return registry.load("container", "picture-parts")()

    def samples(self) -> Sequence[Sample]:
        gradient = Image.radial_gradient("L").resize((32, 24)).convert("RGB")
        photo = pictures.jpeg(gradient)
        resources = pictures.resource(1036, bytes(28) + photo)
        return [
            Sample("photos/two.jpg", self._jpeg(64) + self._jpeg(16)),
            Sample("photos/motion.jpg", self._jpeg(64) + pictures.film()),
            Sample("photos/a.psd", pictures.photoshop(gradient, resources=resources)),
            Sample("photos/a.dng", pictures.raw_tiff(gradient, photo, sensor_px=(400, 300))),
            Sample("photos/a.heic", heif({1: HeifItem(b"hvc1", b"coded"), 2: HeifItem(b"jpeg", photo)})),
            Sample("photos/a.emf", pictures.emf(gradient)),
            Sample("photos/a.wmf", pictures.wmf(gradient)),
            Sample(
                "scans/a.dcm",
                pictures.dicom([np.asarray(gradient)], icon=np.asarray(gradient)[:, :, 0].copy()),
            ),
        ]

    @staticmethod
    def _jpeg(side_px: int) -> bytes:
        buffer = io.BytesIO()
        Image.radial_gradient("L").resize((side_px, side_px)).save(buffer, "JPEG")
        return buffer.getvalue()


class TestVideoParts(ContainerContract):
    """A recording with a cover, and one with an attached file."""

    def plugin(self) -> VideoParts:
        return registry.load("container", "video-parts")()

    def samples(self) -> Sequence[Sample]:
        frames, cover = moving(np.zeros((60, 48, 3), np.uint8), 4), TestPictureParts._jpeg(64)
        return [
            Sample("films/a.mp4", recording(frames, cover=cover)),
            Sample("films/a.mkv", recording(frames, form="matroska", attachment=cover)),
        ]


class TestPdf(ContainerContract):
    """Documents with an image, an attachment, a replaced image, and one in instructions."""

    def plugin(self) -> Pdf:
        return registry.load("container", "pdf")()

    def samples(self) -> Sequence[Sample]:
        image = documents.pdf_image(bytes(range(256)) * 12, (32, 32))
        shown = documents.pdf(documents.page_with({"I": 4}) | {4: image})
        inline = b"q BI /W 16 /H 16 /BPC 8 /CS /G ID " + bytes(range(256)) + b" EI Q"
        attached = documents.pdf_stream("/Type/EmbeddedFile", b"words " * 20)
        parts = {5: documents.pdf_stream("", inline), 6: attached}
        return [
            Sample("letters/shown.pdf", shown),
            Sample("letters/updated.pdf", documents.updated_pdf(shown, {4: attached})),
            Sample("letters/parts.pdf", documents.pdf(documents.page_with(contents=5) | parts)),
        ]


class TestTables(ContainerContract):
    """Table files with texts, bytes and vectors, nested ones too."""

    def plugin(self) -> Tables:
        return registry.load("container", "tables")()

    def samples(self) -> Sequence[Sample]:
        pyarrow = pytest.importorskip("pyarrow", reason="efface[files] is not installed")
        from pyarrow import ipc, orc, parquet

        rows = [
            {"name": f"person number {n:04}", "photo": bytes(40), "face": {"vector": vector.tolist()}}
            for n, vector in enumerate(stores.face_vectors(8, 128))
        ]
        table = pyarrow.Table.from_pylist(rows)
        written = [io.BytesIO() for _ in range(4)]
        parquet.write_table(table, written[0], row_group_size=3)
        orc.write_table(table, written[1])
        for buffer, new in ((written[2], ipc.new_file), (written[3], ipc.new_stream)):
            with new(buffer, table.schema) as writer:
                writer.write_table(table)
        names = ("a.parquet", "a.orc", "a.arrow", "a.arrows")
        return [Sample(f"export/{name}", data.getvalue()) for name, data in zip(names, written, strict=True)]


class TestRecords(ContainerContract):
    """Avro and BSON files of the same records."""

    def plugin(self) -> Records:
        return registry.load("container", "records")()

    def samples(self) -> Sequence[Sample]:
        bson = pytest.importorskip("bson", reason="efface[files] is not installed")
        fastavro = pytest.importorskip("fastavro", reason="efface[files] is not installed")
        rows = [{"photo": bytes(40), "vector": vector.tolist()} for vector in stores.face_vectors(4, 64)]
        numbers = {"type": "array", "items": "float"}
        fields = [{"name": "photo", "type": "bytes"}, {"name": "vector", "type": numbers}]
        avro = io.BytesIO()
        fastavro.writer(avro, {"type": "record", "name": "r", "fields": fields}, rows, codec="deflate")
        return [
            Sample("faces/people.avro", avro.getvalue()),
            Sample("dump/people.bson", b"".join(map(bson.encode, rows))),
        ]


class TestHdf5(ContainerContract):
    """A file with groups, packed vectors, pictures, records and attributes."""

    def plugin(self) -> Hdf5:
        return registry.load("container", "hdf5")()

    def samples(self) -> Sequence[Sample]:
        h5py = pytest.importorskip("h5py", reason="efface[files] is not installed")
        vectors = stores.face_vectors(9, 64)
        buffer = io.BytesIO()
        with h5py.File(buffer, "w") as file:
            file.attrs["note"] = "a note of some length"
            file.create_dataset("people/vectors", data=vectors, chunks=(4, 64), compression="gzip")
            file["people/photos"] = np.zeros((9, 32, 32, 3), np.uint8)
            file["people/names"] = [f"person number {number:04}" for number in range(9)]
            kind = [("tag", "S24"), ("vector", "f4", (64,))]
            file["table"] = np.array([(b"a tag of some length", vector) for vector in vectors], kind)
        return [Sample("faces/people.h5", buffer.getvalue())]

    def test_bad_bytes_raise_the_known_errors_only(self) -> None:
        """The library may end its process on damaged files, which a worker's supervisor makes a gap."""
        child = os.fork()
        if not child:
            try:
                super().test_bad_bytes_raise_the_known_errors_only()
            except BaseException:  # noqa: BLE001 - told to the parent by the code alone
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0


class TestTensors(ContainerContract):
    """A gallery of vectors as safetensors."""

    def plugin(self) -> Tensors:
        return registry.load("container", "tensors")()

    def samples(self) -> Sequence[Sample]:
        data = dumps.safetensors({"face_embeddings": stores.face_vectors(9, 64), "ids": np.arange(9)})
        return [Sample("faces/gallery.safetensors", data)]


class TestPgArchive(ContainerContract):
    """Two tables and a large object, packed and plain."""

    def plugin(self) -> PgArchive:
        return registry.load("container", "pg-archive")()

    def samples(self) -> Sequence[Sample]:
        tables = {
            "COPY public.people (name, photo) FROM stdin;\n": "person number 1\t\\\\x" + "ab" * 40 + "\n"
        }
        return [
            Sample("dump/packed.dump", dumps.pg_archive(tables, (bytes(99),))),
            Sample("dump/plain.dump", dumps.pg_archive(tables, version=16, is_packed=False)),
        ]


class TestZlibStream(ContainerContract):
    """A compressed file without any other wrapping."""

    def plugin(self) -> ZlibStream:
        return registry.load("container", "zlib-stream")()

    def samples(self) -> Sequence[Sample]:
        return [Sample("cache/a.z", zlib.compress(bytes(range(256)) * 9))]


class TestVectorIndex(ContainerContract):
    """Indexes of every kind that is decoded."""

    def plugin(self) -> VectorIndex:
        return registry.load("container", "vector-index")()

    def samples(self) -> Sequence[Sample]:
        vectors = stores.face_vectors(9, 64)
        made = {
            "flat.index": indexes.faiss_flat(vectors),
            "ids.index": indexes.faiss_idmap(vectors),
            "lists.index": indexes.faiss_ivf(vectors),
            "bytes.index": indexes.faiss_sq8(vectors),
            "index.bin": indexes.hnswlib_index(vectors),
            "data_level0.bin": indexes.level0(vectors),
        }
        return [Sample(f"faces/{name}", data) for name, data in made.items()]


class TestLance(ContainerContract):
    """Files of a dataset in both layouts."""

    def plugin(self) -> Lance:
        return registry.load("container", "lance")()

    def samples(self) -> Sequence[Sample]:
        vectors = stores.face_vectors(9, 64)
        return [
            Sample("faces.lance/data/0.lance", lance_file(vectors, version="0.2")),
            Sample("faces.lance/data/1.lance", lance_file(vectors, version="2.0")),
            Sample("faces.lance/data/2.lance", lance_file(vectors, nulls=(1,))),
        ]


class TestOle(ContainerContract):
    """Compound files of a program, of a message and of a folder."""

    def plugin(self) -> Ole:
        return registry.load("container", "ole")()

    def samples(self) -> Sequence[Sample]:
        picture = TestPictureParts._jpeg(32)
        attachment = {
            "__substg1.0_3707001F": "a.txt".encode("utf-16-le"),
            "__substg1.0_37010102": b"words " * 20,
        }
        body = {"__substg1.0_10130102": b"<html>" + b"words " * 20}
        return [
            Sample("old/slides.ppt", compound.compound({"Pictures": compound.blip(0xF01D, 0x46A, picture)})),
            Sample("old/a.msg", compound.compound(body | {"__attach_version1.0_#00000000": attachment})),
            Sample("old/Thumbs.db", compound.compound({"256_1f": bytes(24) + picture})),
        ]


class TestMail(ContainerContract):
    """A message with an attachment, and a mailbox of two."""

    def plugin(self) -> Mail:
        return registry.load("container", "mail")()

    def samples(self) -> Sequence[Sample]:
        head = b"From: a@example.org\nSubject: b\nMIME-Version: 1.0\n"
        attached = b"Content-Disposition: attachment; filename=a.txt\n\n" + b"words " * 9
        message = head + b"Content-Type: multipart/mixed; boundary=x\n\n--x\n" + attached + b"\n--x--\n"
        mark = b"From a@example.org Mon Nov 23 10:00:00 2020\n"
        mailbox = (mark + head + b"\nwords\n\n") * 2
        return [Sample("mail/a.eml", message), Sample("mail/all.mbox", mailbox)]


class TestRtf(ContainerContract):
    """A document with a picture."""

    def plugin(self) -> Rtf:
        return registry.load("container", "rtf")()

    def samples(self) -> Sequence[Sample]:
        picture = TestPictureParts._jpeg(32).hex().encode()
        return [Sample("old/a.rtf", b"{\\rtf1\\ansi{\\pict\\jpegblip " + picture + b"}}")]


class TestDataUris(ContainerContract):
    """A page with a folded picture and a drawing."""

    def plugin(self) -> DataUris:
        return registry.load("container", "data-uris")()

    def samples(self) -> Sequence[Sample]:
        folded = base64.encodebytes(TestPictureParts._jpeg(32)).decode()
        page = f"<html><img src='data:image/jpeg;base64,{folded}'><i src='data:image/svg+xml,{'%20' * 99}'></html>"
        return [Sample("pages/a.html", page.encode())]


class TestThumbnailCache(ContainerContract):
    """A cache with two thumbnails."""

    def plugin(self) -> ThumbnailCache:
        return registry.load("container", "thumbnail-cache")()

    def samples(self) -> Sequence[Sample]:
        pictures = [TestPictureParts._jpeg(32), b"", TestPictureParts._jpeg(48)]
        return [Sample("Explorer/thumbcache_96.db", compound.thumbcache(pictures))]


class TestValues(ContainerContract):
    """Texts of every kind that holds values."""

    def plugin(self) -> Values:
        return registry.load("container", "values")()

    def samples(self) -> Sequence[Sample]:
        vectors = stores.face_vectors(4, 128)
        texts = {
            "a.json": '{"people": [{"name": "n", "faceImage": "' + "QUJD" * 30 + '"}, {"name": "m"}]}',
            "a.jsonl": stores.json_store(vectors),
            "a.csv": stores.csv_store(vectors),
            "a.sql": stores.sql_dump(vectors),
            "a.xml": "<people><p name='n'><photo>" + "QUJD" * 30 + "</photo></p><p name='m'/></people>",
            "a.txt": "data:image/png;base64," + "QUJD" * 30,
        }
        return [Sample(f"exports/{name}", text.encode()) for name, text in texts.items()]


def test_every_container_is_under_contract() -> None:
    """A container in the table without a contract test is a fault."""
    contracts = [
        each for each in globals().values() if isinstance(each, type) and each.__name__.startswith("Test")
    ]
    assert {each().plugin().name for each in contracts} == set(registry.names("container"))


@pytest.mark.parametrize("name", registry.names("container"))
def test_the_table_and_the_container_agree_on_its_name(name: str) -> None:
    """A container is called what the table calls it."""
    assert registry.load("container", name).name == name


def test_a_log_beside_a_database_is_left_alone(tmp_path: Path) -> None:
    """Reading a database with pending writes neither applies nor removes them."""
    writer = sqlite3.connect(tmp_path / "a.sqlite", isolation_level=None)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("CREATE TABLE t (x TEXT)")
    writer.execute("INSERT INTO t VALUES ('in the log')")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    contract = TestSqlite()
    from efface.model import Column, Limits, Locator, Part, Surroundings
    from efface.sources.payloads import FilePayload

    path = tmp_path / "a.sqlite"
    part = Part(Locator.of_file(str(path)), FilePayload(str(path), 1 << 20), Surroundings((path.name,)))
    (column,) = contract.plugin().parts(part, "application/vnd.sqlite3", Limits())
    assert isinstance(column, Column)
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    writer.close()
    assert after == before


class TestBuriedFiles(ContainerContract):
    """A photo behind a header of its own, one behind a text, one behind an archive."""

    def plugin(self) -> BuriedFiles:
        return registry.load("container", "buried-files")()

    def samples(self) -> Sequence[Sample]:
        out, zipped = io.BytesIO(), io.BytesIO()
        Image.new("RGB", (32, 32), "red").save(out, "JPEG")
        with zipfile.ZipFile(zipped, "w") as archive:
            archive.writestr("a.txt", "one " * 50)
        return [
            Sample("in/cache.bin", bytes(37) + out.getvalue() + bytes(40)),
            Sample("in/a.txt", b"words " * 900 + out.getvalue()),
            Sample("in/a.zip", zipped.getvalue() + out.getvalue()),
        ]


class TestGitPack(ContainerContract):
    """A pack of two files and a folder, and a bundle of it."""

    def plugin(self) -> GitPack:
        return registry.load("container", "git-pack")()

    def samples(self) -> Sequence[Sample]:
        def stored(kind: int, content: bytes) -> bytes:
            size = len(content)
            return bytes([0x80 | kind << 4 | size & 15, size >> 4]) + zlib.compress(content)

        objects = [stored(3, b"one " * 20), stored(2, b"100644 a\0" + bytes(20)), stored(3, b"two " * 30)]
        pack = (
            b"PACK" + (2).to_bytes(4, "big") + len(objects).to_bytes(4, "big") + b"".join(objects) + bytes(20)
        )
        return [
            Sample("in/pack-1.pack", pack),
            Sample("in/a.bundle", b"# v2 git bundle\n" + b"0" * 40 + b" refs/heads/main\n\n" + pack),
        ]
