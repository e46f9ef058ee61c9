"""What each action takes on, and what it leaves of an artefact."""

from __future__ import annotations

import base64
import gzip
import io
import json
import pickle
import random
import sqlite3
import tarfile
import zipfile
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from efface import registry
from efface.actions.erase_cells import EraseCells
from efface.actions.erase_file import EraseFile
from efface.actions.erase_values import EraseValues
from efface.actions.erase_vectors import EraseVectors
from efface.actions.redact_image import RedactImage, why_not
from efface.actions.rewrite_archive import RewriteArchive, erase
from efface.engines.embedded_pictures import thumbnails
from efface.errors import RemovalError
from efface.model import Box, Characteristic, Clue, Finding, Form, Limits, Locator, Method
from efface.report import texts

LIMITS = Limits()
RNG = random.Random(3)
BLOB = RNG.randbytes(512)
WORD = base64.b64encode(BLOB).decode()
BOX = Box(80, 48, 40, 48)


def found(*path: str, fragment: str | None = None, form: Form = Form.TEMPLATE) -> Finding:
    clues = (Clue("coding", "unknown"),)
    return Finding("a@1", form, Characteristic.FACE, Locator("file", path, fragment), 0.9, clues=clues)


def system(signature: str) -> Finding:
    return replace(found("a.so", form=Form.SYSTEM), clues=(Clue("signature", signature),))


def face(*path: str, page: int | None = None) -> Finding:
    locator = Locator("file", path).at_box(BOX, page=page)
    return Finding("face-image@1", Form.SAMPLE, Characteristic.FACE, locator, 0.9)


def picture(kind="PNG", **settings) -> bytes:
    image = Image.linear_gradient("L").resize((200, 160)).convert("RGB")
    noise = np.random.default_rng(1).integers(0, 255, (48, 40, 3), dtype=np.uint8)
    image.paste(Image.fromarray(noise), (80, 48))
    target = io.BytesIO()
    image.save(target, kind, **settings)
    return target.getvalue()


def array(values, **settings) -> bytes:
    target = io.BytesIO()
    np.save(target, values, **settings)
    return target.getvalue()


def database() -> bytes:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute('CREATE TABLE "a.b/c" (name TEXT, vector BLOB)')
        connection.executemany('INSERT INTO "a.b/c" VALUES (?, ?)', [("x", BLOB), ("y", BLOB[::-1])])
        connection.commit()
        return connection.serialize()


def zipped(**members: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", "."), content)
    return target.getvalue()


def test_a_box_is_covered():
    """A face is covered by one colour, at least twice as wide and high as the box."""
    painted = RedactImage().remove(picture(), [face("a.png")], LIMITS)
    after = np.asarray(Image.open(io.BytesIO(painted)))
    assert after[24:120, 56:144].max() == 0
    assert after[:24].any()


def test_a_finding_in_a_thumbnail_costs_the_thumbnail():
    """A copy inside the picture goes whole; with a box for the picture itself both are done."""
    data = picture("JPEG") + picture("JPEG")
    assert [copy.name for copy in thumbnails(data)] == ["trailer"]
    findings = [face("a.jpg"), face("a.jpg", "trailer")]
    assert all(RedactImage().accepts("image/jpeg", finding) for finding in findings)
    painted = RedactImage().remove(data, findings, LIMITS)
    assert painted.count(b"\xff\xd8\xff") == 1


def test_a_finding_in_a_thumbnail_alone_leaves_the_picture():
    """Where only a copy inside shows a face, the copy goes and the picture's pixels stay."""
    data = picture("JPEG") + picture("JPEG")
    cleaned = RedactImage().remove(data, [face("a.jpg", "trailer")], LIMITS)
    assert cleaned == picture("JPEG")


def test_arrays_keep_type_and_length_of_their_vectors():
    """An array of templates becomes an array of the same kind without rows, which still opens."""
    for values in (
        np.ones((7, 512), np.float32),
        np.ones((7, 128), ">f8"),
        np.asfortranarray(np.ones((7, 128))),
        np.ones(512, np.float32),
        np.ones((2, 3, 4), np.int8),
    ):
        after = np.load(io.BytesIO(EraseVectors().remove(array(values), [found("a.npy")], LIMITS)))
        assert (after.dtype, after.shape) == (values.dtype, (0, *values.shape[1:]))


def test_an_array_of_objects_goes_whole():
    """What was found in a pickle inside an array and is no vector cannot be taken out of it."""
    data = array(np.array([{"a": 1}], object), allow_pickle=True)
    assert EraseVectors().remove(data, [found("a.npy")], LIMITS) is None


def test_a_column_is_emptied_whatever_its_name():
    """The schema decides what a place means, so that dots and slashes in names do no harm."""
    finding = found("a.db", fragment="/main.a.b/c/vector")
    result = EraseCells().remove(database(), [finding, finding], LIMITS)
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(result)
        assert connection.execute('SELECT * FROM "a.b/c"').fetchall() == [("x", None), ("y", None)]


def test_values_of_a_text_are_emptied():
    """A value in a text becomes empty; the name of the file decides where the content leaves it open."""
    data = json.dumps([{"n": "x", "t": WORD}]).encode()
    assert EraseValues().remove(data, [found("a.json", fragment="/*/t")], LIMITS) == b'[{"n": "x", "t": ""}]'
    data = f"id,t\n1,{WORD}\n".encode()
    assert EraseValues().remove(data, [found("a.csv", fragment="/*/t")], LIMITS) == b"id,t\n1,\n"


def test_whole_artefacts_go():
    """A template, a record or a pickle is to go whole."""
    assert EraseFile().remove(BLOB, [found("a.bin")], LIMITS) is None


def record(size: int, offset: int = 0) -> Finding:
    return replace(
        found("a.bin", fragment=f"offset={offset}" if offset else None), clues=(Clue("bytes", str(size)),)
    )


RECORDS = {
    "a record that is the file": ([record(512)], True),
    "a record with a few bytes around it": ([record(500, 9)], True),
    "records that are half of the file": ([record(200), record(56, 300)], True),
    "one record told for two characteristics": ([record(200), record(200)], False),
    "records that overlap": ([record(150), record(150, 50)], False),
    "a record at the start of something larger": ([record(255)], False),
    "a record inside something larger": ([record(100, 400)], False),
    "a record of unknown size": ([found("a.bin", fragment="offset=9")], False),
    "a record that is said to reach beyond the end": ([record(9999, 300)], False),
    "a record in what is itself a finding": ([record(20, 400), found("a.bin")], True),
}


@pytest.mark.parametrize("case", RECORDS)
def test_a_file_goes_with_its_records_when_they_are_half_of_it(case):
    """What surrounds a record does not go with it, unless the records are at least half of the bytes."""
    findings, goes = RECORDS[case]
    if goes:
        assert EraseFile().remove(BLOB, findings, LIMITS) is None
    else:
        with pytest.raises(RemovalError, match=r"\d+ of 512 bytes"):
            EraseFile().remove(BLOB, findings, LIMITS)


NESTED = {
    "zip": lambda data: zipped(keep_txt=b"kept", face_png=data),
    "zip in zip": lambda data: zipped(keep_txt=b"kept", in_zip=zipped(other_txt=b"kept too", face_png=data)),
}


@pytest.mark.parametrize("case", NESTED)
def test_members_are_changed_through_all_archives(case):
    """A face in a picture in an archive in an archive is covered, and all other members stay."""
    data = NESTED[case](picture())
    path = ("a.zip", "in.zip", "face.png") if case == "zip in zip" else ("a.zip", "face.png")
    outcome = erase(data, "a.zip", [face(*path)], LIMITS)
    assert [action.name for action in outcome.actions] == ["redact-image", "rewrite-archive"]
    archive = zipfile.ZipFile(io.BytesIO(outcome.data))
    assert archive.read("keep.txt") == b"kept"
    if case == "zip in zip":
        archive = zipfile.ZipFile(io.BytesIO(archive.read("in.zip")))
        assert archive.read("other.txt") == b"kept too"
    assert archive.read("face.png") == RedactImage().remove(picture(), [face("face.png")], LIMITS)


def test_a_member_of_which_nothing_stays_is_left_out():
    """A template in an archive goes; the archive stays without it."""
    data = zipped(keep_txt=b"kept", t_bin=BLOB)
    result = RewriteArchive().remove(data, [found("a.zip", "t.bin")], LIMITS)
    assert zipfile.ZipFile(io.BytesIO(result)).namelist() == ["keep.txt"]


def test_arrays_in_an_npz_file_are_emptied_by_name():
    """Of an .npz file the named array loses its rows, and the names stay."""
    target = io.BytesIO()
    np.savez(target, names=np.array(["x", "y"]), vectors=np.ones((2, 128), np.float32))
    result = erase(target.getvalue(), "a.npz", [found("a.npz", "vectors.npy")], LIMITS).data
    after = np.load(io.BytesIO(result))
    assert after["vectors"].shape == (0, 128)
    assert list(after["names"]) == ["x", "y"]


def test_a_compressed_file_goes_with_its_content():
    """A compressed template goes whole; a compressed text loses its value and stays compressed."""
    assert RewriteArchive().remove(gzip.compress(BLOB), [found("a.gz", "content")], LIMITS) is None
    text = json.dumps([{"t": WORD}]).encode()
    finding = found("a.json.gz", "content", fragment="/*/t")
    assert gzip.decompress(RewriteArchive().remove(gzip.compress(text), [finding], LIMITS)) == b'[{"t": ""}]'


def test_a_tar_in_a_gzip_file_is_rewritten():
    """A compressed tar archive is a stream with an archive in it, and both are written again."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as archive:
        for name, content in (("keep.txt", b"kept"), ("t.bin", BLOB)):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    result = RewriteArchive().remove(target.getvalue(), [found("a.tgz", "content", "t.bin")], LIMITS)
    with tarfile.open(fileobj=io.BytesIO(result), mode="r:gz") as archive:
        assert archive.getnames() == ["keep.txt"]


WHO = {
    "a face in a JPEG": ("image/jpeg", face("a.jpg"), "redact-image"),
    "a face in an Exif thumbnail": ("image/jpeg", face("a.jpg", "exif-thumbnail"), "redact-image"),
    "a face in a HEIC picture": ("image/heic", face("a.heic"), None),
    "a column": ("application/vnd.sqlite3", found("a.db", fragment="/main.t/v"), "erase-cells"),
    "an array": ("application/x-npy", found("a.npy"), "erase-vectors"),
    "a pickle": ("application/x-pickle", found("a.pkl"), "erase-file"),
    "a vector in a pickle": ("application/x-pickle", found("a.pkl", fragment="/encodings"), "erase-file"),
    "a value in JSON": ("application/json", found("a.json", fragment="/*/v"), "erase-values"),
    "a run in plain text": ("text/plain", found("a.log", fragment="text/TMP"), "erase-values"),
    "a member of an archive": ("application/zip", found("a.zip", "b.bin"), "rewrite-archive"),
    "a member of a rar archive": ("application/vnd.rar", found("a.rar", "b.bin"), None),
    "a program that nothing tells of": ("application/x-elf", found("a.so", form=Form.SYSTEM), None),
    "a library of a system": ("application/x-elf", system("library/a"), "erase-file"),
    "a program with calls in it": ("application/x-elf", system("code/a"), None),
    "a record": ("application/vnd.efface.biometric-record", found("a.fmr"), "erase-file"),
    "a record inside a program": ("application/x-elf", found("a.so", fragment="offset=99"), None),
    "a record inside unknown bytes": (
        "application/octet-stream",
        found("a", fragment="offset=9"),
        "erase-file",
    ),
    "an image in a PDF": ("application/pdf", face("a.pdf", "page-1-image-1.jpg"), "redact-pdf"),
    "something in a file attached to a PDF": (
        "application/pdf",
        found("a.pdf", "attachment-b.zip", "c.npy"),
        "redact-pdf",
    ),
    "an attachment of a message": ("message/rfc822", face("a.eml", "attachment-a.png"), "rewrite-mail"),
    "a message in a mailbox": (
        "application/mbox",
        face("a.mbox", "message-3.eml", "image.png"),
        "rewrite-mail",
    ),
    "a message of Apple's program": (
        "application/vnd.apple.emlx",
        face("a.emlx", "image.png"),
        "rewrite-mail",
    ),
    "Outlook's envelope": ("application/ms-tnef", face("winmail.dat", "attachment-a.png"), None),
    "signed S/MIME in one block": ("application/pkcs7-mime", face("a.p7m", "signed.eml", "image.png"), None),
    "a part of something unknown": ("application/pdf", found("a.pdf", fragment="page=1"), None),
}


@pytest.mark.parametrize("case", WHO)
def test_each_finding_has_its_action(case):
    """The first action that accepts a finding is the one for its kind; some findings have none."""
    media_type, finding, expected = WHO[case]
    actions = [registry.load("action", name)() for name in registry.names("action")]
    assert next((each.name for each in actions if each.accepts(media_type, finding)), None) == expected


REFUSALS = {
    "a broken picture": (RedactImage, picture()[:300], [face("a.png")]),
    "a picture without the box": (RedactImage, picture("GIF")[:200], [face("a.gif")]),
    "no database": (EraseCells, b"hello", [found("a.db", fragment="/main.t/v")]),
    "a column that is gone": (EraseCells, database(), [found("a.db", fragment="/main.t/v")]),
    "a broken array": (EraseVectors, b"\x93NUMPY\x01\x00\xff\xff", [found("a.npy")]),
    "no text": (EraseValues, bytes(range(32)) * 9, [found("a.txt", fragment="text")]),
    "a member that is gone": (RewriteArchive, zipped(a_txt=b"x"), [found("a.zip", "b.bin")]),
    "an archive that is broken": (RewriteArchive, zipped(a_txt=b"x")[:20], [found("a.zip", "a.txt")]),
    "a member that no action changes": (
        RewriteArchive,
        zipped(a_pdf=b"%PDF-1.7 ..."),
        [found("a.zip", "a.pdf", fragment="page=1")],
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_cannot_be_removed_is_refused(case):
    """What an action cannot do is a RemovalError, with no content in its words."""
    action, data, findings = REFUSALS[case]
    with pytest.raises(RemovalError) as caught:
        action().remove(data, findings, LIMITS)
    assert WORD[:20] not in str(caught.value)


LIMITED = {
    "a picture": (RedactImage, picture(), [face("a.png")], Limits(picture_pixels=100)),
    "a database": (
        EraseCells,
        database(),
        [found("a", fragment="/main.a.b/c/vector")],
        Limits(artefact_bytes=9),
    ),
    "a text": (EraseValues, b"x" * 99, [found("a", fragment="text")], Limits(artefact_bytes=9)),
    "an archive": (RewriteArchive, zipped(a=b"1", b=b"2"), [found("a.zip", "b")], Limits(entries=1)),
    "archives inside one another": (
        RewriteArchive,
        zipped(in_zip=zipped(t_bin=BLOB)),
        [found("a.zip", "in.zip", "t.bin")],
        Limits(depth=1),
    ),
}


@pytest.mark.parametrize("case", LIMITED)
def test_limits_hold(case):
    """What is larger than the limits is refused."""
    action, data, findings, limits = LIMITED[case]
    with pytest.raises(RemovalError):
        action().remove(data, findings, limits)


def test_a_pickle_is_never_run():
    """A pickle that would run a program is removed without being opened."""

    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("the pickle was run",))

    data = pickle.dumps(Bomb())
    assert erase(data, "a.pkl", [found("a.pkl")], LIMITS).data is None


def test_outcomes_show_no_content():
    """What is printed of an outcome are the names of actions."""
    assert "kept" not in repr(erase(zipped(a=b"kept", t=BLOB), "a.zip", [found("a.zip", "t")], LIMITS))


def test_words_of_the_methods():
    """Covering a part is `redact`; making data unreadable where it stands is `clear`."""
    assert RedactImage.method is Method.REDACT
    assert {EraseCells.method, EraseFile.method, EraseValues.method, EraseVectors.method} == {Method.CLEAR}


@pytest.mark.parametrize(
    "kind",
    [
        "image/heic",
        "image/heif",
        "image/vnd.adobe.photoshop",
        "image/x-adobe-dng",
        "application/dicom",
        "image/wmf",
    ],
)
def test_what_is_found_and_not_covered_has_a_reason_in_both_languages(kind):
    """A kind in which faces are found and no action covers them says why, in words that the reports translate."""
    assert not RedactImage().accepts(kind, face("a.bin"))
    assert texts.has(f"detail.{why_not(kind)}")


def test_kinds_that_are_covered_need_no_reason():
    """No reason is given for a kind that is covered, or of which nothing is known."""
    assert [why_not(kind) for kind in ("image/jpeg", "image/avif", "text/plain", "")] == [""] * 4
