"""Only the values that hold what was found go; what stands beside them stays."""

from __future__ import annotations

import base64
import io
import json
import random
import sqlite3
import zlib
from contextlib import closing

import numpy as np
import pytest
from PIL import Image

from efface.actions.due import Sieve, is_due, rest
from efface.actions.erase_cells import EraseCells
from efface.actions.erase_values import EraseValues
from efface.actions.rewrite_archive import erase
from efface.errors import RemovalError
from efface.examine import Examiner
from efface.model import (
    Characteristic,
    Clue,
    Finding,
    Form,
    Level,
    Limits,
    Locator,
    Mode,
    Part,
    Surroundings,
)
from efface.sources.payloads import BytesPayload
from efface.testing import records
from efface.testing.stores import face_vectors, text_vectors

LIMITS = Limits()
RNG = random.Random(12)
FINGER = records.finger_minutiae_record(1)
IRIS = records.iris_image_record(1)
VECTOR = face_vectors(1, 512)[0]
OTHER = text_vectors(1)[0]  # of 768 numbers
NUMBERS = json.dumps([float(number) for number in VECTOR])
CODED = RNG.randbytes(300)


def base(data: bytes) -> str:
    return base64.b64encode(data).decode()


def picture(kind: str = "PNG", shade: int = 90) -> bytes:
    target = io.BytesIO()
    Image.linear_gradient("L").point(lambda value: value ^ shade).save(target, kind)
    return target.getvalue()


def found(form: Form, characteristic=Characteristic.FACE, *clues: Clue, level=Level.ENROLLED) -> Finding:
    place = Locator("file", ("a.db",), "/main.t/v")
    return Finding("d@1", form, characteristic, place, 0.9, 1, level, clues)


RECORD = found(Form.TEMPLATE, Characteristic.FINGERPRINT, Clue("standard", "ISO/IEC 19794-2:2005", 1.0))
VECTORS = found(Form.TEMPLATE, Characteristic.FACE, Clue("dimension", "512"))
OPAQUE = found(Form.TEMPLATE, Characteristic.FACE, Clue("coding", "unknown"))
FACES = found(Form.SAMPLE, Characteristic.FACE, Clue("cells", "2"))
UNTOLD = found(Form.TEMPLATE, Characteristic.FINGERPRINT)

DUE = {
    "a record as bytes": (FINGER, RECORD, True),
    "a record in base64": (base(FINGER), RECORD, True),
    "a record in hexadecimal": (FINGER.hex(), RECORD, True),
    "a record in a data address": (f"data:application/octet-stream;base64,{base(FINGER)}", RECORD, True),
    "a record, compressed": (zlib.compress(FINGER), RECORD, True),
    "a record in a JSON string": (json.dumps(base(FINGER)), RECORD, True),
    "a record with a short header before it": (b"v1:" + FINGER, RECORD, True),
    "a record of another characteristic": (IRIS, RECORD, False),
    "a record at the start of something larger": (FINGER + bytes(2 * len(FINGER)), RECORD, False),
    "a picture beside records": (picture(), RECORD, False),
    "a remark beside records": ("the finger was wet, please enrol again", RECORD, False),
    "a finding that says no more than its form": (FINGER, UNTOLD, True),
    "a vector as bytes": (VECTOR.tobytes(), VECTORS, True),
    "a vector as text": (NUMBERS, VECTORS, True),
    "a vector in base64": (base(VECTOR.tobytes()), VECTORS, True),
    "an address beside vectors": ("https://example.org/photos/1.jpg?size=200&token=1234", VECTORS, False),
    "a JSON text beside vectors": (json.dumps({"model": "arcface", "version": [1, 2, 3]}), VECTORS, False),
    "a record beside vectors": (FINGER, VECTORS, False),
    "bytes of unknown coding": (CODED, OPAQUE, True),
    "few bytes of unknown coding": (CODED[:20], OPAQUE, True),
    "base64 of unknown coding": (base(CODED), OPAQUE, True),
    "hexadecimal of unknown coding": (CODED.hex(), OPAQUE, True),
    "bytes that are a word": (b"not enrolled", OPAQUE, False),
    "a word beside unknown codings": ("notenrolledyet0000", OPAQUE, False),
    "a number of a template": ("550e8400-e29b-41d4-a716-446655440000", OPAQUE, False),
    "a digest": ("d41d8cd98f00b204e9800998ecf8427e" * 2, OPAQUE, False),
    "nothing": (b"", OPAQUE, False),
    "no text": ("", VECTORS, False),
    "a picture": (picture(), FACES, True),
    "a picture in base64": (base(picture("JPEG")), FACES, True),
    "a picture that cannot be opened": (b"\0\0\0\x18ftypheic" + bytes(80), FACES, True),
    "a drawing": (b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0 L 10 10 L 20 20"/></svg>', FACES, False),
    "the picture of a finger": (records.wsq_image(1), FACES, False),
    "a name of a picture": ("customers/2020/10/portrait-0001-of-the-first-visit-on-a-sunday.jpg", FACES, False),
}  # fmt: skip


@pytest.mark.parametrize("case", DUE)
def test_formats_decide_what_goes(case):
    """A value goes when it as a whole is of the kind, form and characteristic that was found."""
    value, finding, expected = DUE[case]
    assert is_due(value, [finding]) is expected
    assert is_due(value, []) is False


MIXED = {
    "a vector in JSON": (
        json.dumps({"name": "x", "v": json.loads(NUMBERS), "box": [1, 2]}),
        VECTORS,
        '{"name": "x", "v": [], "box": [1, 2]}',
    ),
    "a vector in a list of JSON objects": (
        json.dumps([{"id": 1, "descriptor": base(VECTOR.tobytes())}, {"id": 2}]),
        VECTORS,
        '[{"id": 1, "descriptor": ""}, {"id": 2}]',
    ),
    "a vector beside one of another length": (
        json.dumps({"face": json.loads(NUMBERS), "text": [float(number) for number in OTHER]}),
        VECTORS,
        json.dumps({"face": [], "text": [float(number) for number in OTHER]}),
    ),
    "a record in JSON": (
        json.dumps({"n": "Müller", "finger": base(FINGER)}),
        RECORD,
        json.dumps({"n": "Müller", "finger": ""}),
    ),
    "a record in JSON beside another": (
        json.dumps({"finger": base(FINGER), "iris": base(IRIS)}),
        RECORD,
        json.dumps({"finger": "", "iris": base(IRIS)}),
    ),
    "a record in a line of a log": (
        f"10:15 enrolled user 7 template={base(FINGER)} ok",
        RECORD,
        "10:15 enrolled user 7 template= ok",
    ),
    "a picture in JSON": (json.dumps({"id": 7, "photo": base(picture())}), FACES, '{"id": 7, "photo": ""}'),
    "an unknown coding in JSON": (
        json.dumps({"id": "550e8400-e29b-41d4-a716-446655440000", "data": base(CODED)}),
        OPAQUE,
        '{"id": "550e8400-e29b-41d4-a716-446655440000", "data": ""}',
    ),
    "JSON stored as bytes": (
        json.dumps({"n": "x", "finger": base(FINGER)}).encode(),
        RECORD,
        b'{"n": "x", "finger": ""}',
    ),
}


@pytest.mark.parametrize("case", MIXED)
def test_a_text_loses_only_what_it_contains(case):
    """A text that holds what was found among other things loses that part; twice is as once."""
    value, finding, expected = MIXED[case]
    assert not is_due(value, [finding])
    assert rest(value, [finding]) == expected
    assert rest(expected, [finding]) == expected


REFUSED = {
    "a record inside larger bytes": (bytes(9000) + FINGER + bytes(9000), RECORD),
    "a record in JSON that is compressed": (zlib.compress(json.dumps({"n": 1, "f": base(FINGER)}).encode()), RECORD),
    "a record in JSON inside JSON": (json.dumps({"inner": json.dumps({"n": 1, "f": base(FINGER)})}), RECORD),
    "a picture in JSON inside JSON": (json.dumps({"i": json.dumps({"n": 1, "p": base(picture())})}), FACES),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_told_apart_is_refused(case):
    """Where nothing tells the beginning and the end of what was found, nothing is removed."""
    value, finding = REFUSED[case]
    with pytest.raises(RemovalError, match="among other things") as caught:
        rest(value, [finding])
    assert base(FINGER)[:20] not in str(caught.value)


def made(values, kind="") -> bytes:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"CREATE TABLE visit (id INTEGER PRIMARY KEY, remark {kind}, name TEXT)")
        connection.executemany(
            "INSERT INTO visit (remark, name) VALUES (?, 'n')", [(value,) for value in values]
        )
        connection.commit()
        return connection.serialize()


def remarks(data: bytes) -> list[object]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(data)
        return [row[0] for row in connection.execute("SELECT remark FROM visit ORDER BY id")]


def seen(data: bytes, name: str) -> list[Finding]:
    part = Part(Locator("file", (name,)), BytesPayload(data), Surroundings((name,)))
    return [each for each in Examiner(Mode.STANDARD, LIMITS).examine(part) if isinstance(each, Finding)]


def test_one_record_among_remarks_is_all_that_goes():
    """A column of thousands of remarks with one record in base64 loses that record and nothing else."""
    before = [f"a remark of some length, number {number}" for number in range(3000)]
    before[1234] = base(FINGER)
    data = made(before, "TEXT")
    findings = seen(data, "a.db")
    assert [each.locator.fragment for each in findings] == ["/main.visit/remark"]
    result = EraseCells().remove(data, findings, LIMITS)
    after = remarks(result)
    assert after[1234] is None
    assert after[:1234] + after[1235:] == before[:1234] + before[1235:]
    assert seen(result, "a.db") == []
    assert EraseCells().remove(result, findings, LIMITS) == result


COLUMNS = {
    "addresses and JSON beside vectors": (
        [VECTOR.tobytes(), "https://example.org/1.jpg?token=1234", '{"model": "arcface", "v": 2}', None, 7, 2.5],
        VECTORS,
        [None, "https://example.org/1.jpg?token=1234", '{"model": "arcface", "v": 2}', None, 7, 2.5],
    ),
    "a vector in JSON": (
        [json.dumps({"n": 1, "v": json.loads(NUMBERS)}), "", b"", "x" * 99],
        VECTORS,
        ['{"n": 1, "v": []}', "", b"", "x" * 99],
    ),
    "the same record in two rows": ([FINGER, IRIS, FINGER], RECORD, [None, IRIS, None]),
    "words among unknown codings": ([CODED, "not enrolled", CODED[::-1]], OPAQUE, [None, "not enrolled", None]),
}  # fmt: skip


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16le"])
@pytest.mark.parametrize("case", COLUMNS)
def test_cells_that_are_not_due_keep_type_and_value(case, encoding):
    """Texts, numbers, NULL and empty values of the same column stay what they are, in any encoding."""
    before, finding, expected = COLUMNS[case]
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"PRAGMA encoding = '{encoding}'")
        connection.execute("CREATE TABLE t (v)")
        connection.execute("CREATE INDEX i ON t (v)")
        connection.executemany("INSERT INTO t VALUES (?)", [(value,) for value in before])
        connection.commit()
        data = connection.serialize()
    result = EraseCells().remove(data, [finding], LIMITS)
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(result)
        rows = connection.execute("SELECT v, typeof(v) FROM t ORDER BY rowid").fetchall()
    assert [value for value, _ in rows] == expected
    assert [kind for value, kind in rows if value == ""] == ["text"] * expected.count("")
    assert EraseCells().remove(result, [finding], LIMITS) == result


def test_a_cell_that_must_hold_something_is_emptied_alone():
    """Where NULL is forbidden only the due cells become empty values of their own type."""
    data = made([FINGER, "a remark of some length", base(FINGER)], "NOT NULL")
    result = EraseCells().remove(data, [_at("/main.visit/remark", RECORD)], LIMITS)
    assert remarks(result) == [b"", "a remark of some length", ""]


def _at(fragment: str, finding: Finding, name: str = "a.db") -> Finding:
    return Finding(
        finding.detector, finding.form, finding.characteristic, Locator("file", (name,), fragment),
        finding.confidence, 1, finding.level, finding.clues,
    )  # fmt: skip


def test_a_database_with_a_value_that_cannot_be_told_apart_stays():
    """One value that cannot be rewritten refuses the removal, with words for what to do."""
    data = made([FINGER, bytes(9000) + FINGER + bytes(9000)])
    with pytest.raises(RemovalError, match="remove the row"):
        EraseCells().remove(data, [_at("/main.visit/remark", RECORD)], LIMITS)


TEXTS = {
    "JSON": (
        "a.json",
        "/*/remark",
        json.dumps([{"id": 1, "remark": base(FINGER)}, {"id": 2, "remark": "late"}, {"remark": base(IRIS)}]),
        json.dumps([{"id": 1, "remark": ""}, {"id": 2, "remark": "late"}, {"remark": base(IRIS)}]),
    ),
    "lines of JSON": (
        "a.jsonl",
        "/*/remark",
        f'{{"remark": "{base(FINGER)}"}}\n{{"remark": "late"}}\n',
        '{"remark": ""}\n{"remark": "late"}\n',
    ),
    "CSV": ("a.csv", "/*/remark", f"id,remark\n1,{base(FINGER)}\n2,late\n", "id,remark\n1,\n2,late\n"),
    "XML": (
        "a.xml",
        "/r/e",
        f"<?xml version='1.0'?><r><e>{base(FINGER)}</e><e>late</e><e>a<b/>b</e></r>",
        "<?xml version='1.0'?><r><e></e><e>late</e><e>a<b/>b</e></r>",
    ),
    "attributes of XML": (
        "a.xml",
        "/r/e/@t",
        f"<?xml version='1.0'?><r><e t='{base(FINGER)}'/><e t='late'/></r>",
        "<?xml version='1.0'?><r><e t=''/><e t='late'/></r>",
    ),
    "an SQL dump": (
        "a.sql",
        "/visit/remark",
        f"INSERT INTO visit (id, remark) VALUES (1, '{base(FINGER)}'), (2, 'late');\n",
        "INSERT INTO visit (id, remark) VALUES (1, ''), (2, 'late');\n",
    ),
    "a COPY block": (
        "a.sql",
        "/visit/remark",
        f"COPY public.visit (id, remark) FROM stdin;\n1\t{base(FINGER)}\n2\tlate\n\\.\n",
        "COPY public.visit (id, remark) FROM stdin;\n1\t\\N\n2\tlate\n\\.\n",
    ),
    "a log": (
        "a.log",
        "text/TMP",
        f"user 1\nTMP={base(FINGER)}\nTMP={base(CODED)}\nend\n",
        f"user 1\nTMP=\nTMP={base(CODED)}\nend\n",
    ),
}


@pytest.mark.parametrize("case", TEXTS)
def test_other_values_at_the_same_place_of_a_text_stay(case):
    """Of the values at one place of a text only those go that hold what was found."""
    name, place, before, expected = TEXTS[case]
    finding = Finding(
        "d@1", Form.TEMPLATE, Characteristic.FINGERPRINT, Locator("file", (name,), place), 0.9, clues=RECORD.clues
    )  # fmt: skip
    result = EraseValues().remove(before.encode(), [finding], LIMITS)
    assert result == expected.encode()
    assert EraseValues().remove(result, [finding], LIMITS) == result


def test_a_text_inside_a_field_is_not_rewritten():
    """A JSON text in a CSV field that holds a record among other things is refused."""
    inner = json.dumps({"n": 1, "f": base(FINGER)}).replace('"', '""')
    data = f'id,remark\n1,"{inner}"\n'.encode()
    with pytest.raises(RemovalError, match="itself a text"):
        EraseValues().remove(data, [_at("/*/remark", RECORD, "a.csv")], LIMITS)


def _photos(level: Level, cells: int) -> Finding:
    return found(Form.SAMPLE, Characteristic.FACE, Clue("cells", str(cells)), level=level)


PICTURES = [picture(shade=shade) for shade in (1, 2, 2, 4)]  # two rows hold the same


@pytest.mark.parametrize("level", [Level.LINKED, Level.ENROLLED])
def test_every_picture_beside_a_person_goes(level):
    """At levels 2 and 3 a picture in which no face was seen is that person's all the same."""
    data = made([*PICTURES, "no photo was taken on this day"])
    result = EraseCells().remove(data, [_at("/main.visit/remark", _photos(level, 3))], LIMITS)
    assert remarks(result) == [None] * 4 + ["no photo was taken on this day"]


def test_pictures_of_anything_stay_when_only_some_show_a_face():
    """At level 1 pictures go only when all of the column show a face; the refusal tells both numbers."""
    data = made([*PICTURES, None, "a word"])
    with pytest.raises(RemovalError, match="only 3 of 4 pictures"):
        EraseCells().remove(data, [_at("/main.visit/remark", _photos(Level.VISIBLE, 3))], LIMITS)
    result = EraseCells().remove(data, [_at("/main.visit/remark", _photos(Level.VISIBLE, 4))], LIMITS)
    assert remarks(result) == [None] * 5 + ["a word"]
    text = json.dumps([{"p": base(each)} for each in PICTURES]).encode()
    with pytest.raises(RemovalError, match="only 3 of 4 pictures"):
        EraseValues().remove(text, [_at("/*/p", _photos(Level.VISIBLE, 3))], LIMITS)
    assert b'""' in EraseValues().remove(text, [_at("/*/p", _photos(Level.VISIBLE, 4))], LIMITS)


def test_a_second_removal_finds_no_pictures_and_is_content():
    """Where the pictures are gone there is nothing to refuse."""
    sieve = Sieve([_photos(Level.VISIBLE, 2)])
    for value in (b"", "a word", b"\x01\x02"):
        sieve.count(value)
        assert sieve.rest(value) == value
    sieve.check()


@pytest.mark.parametrize("seed", range(40))
def test_no_value_is_too_odd(seed):
    """Any value is kept, taken or refused, and a value without a find comes back as it was."""
    dice = random.Random(seed)
    data = bytearray(
        dice.choice([FINGER, VECTOR.tobytes(), picture(), NUMBERS.encode(), base(FINGER).encode()])
    )
    for _ in range(dice.randrange(9)):
        data[dice.randrange(len(data))] = dice.randrange(256)
    for value in (bytes(data), bytes(data).decode("latin-1"), bytes(data)[: dice.randrange(len(data))]):
        for finding in (RECORD, VECTORS, OPAQUE, FACES, UNTOLD):
            try:
                left = rest(value, [finding])
            except RemovalError:
                continue
            assert left is None or rest(left, [finding]) == left


def test_vectors_of_float64_are_told():
    """A vector that a program stored wider is one all the same."""
    assert is_due(VECTOR.astype(np.float64).tobytes(), [VECTORS])


STORES = (
    "generated/nextcloud.db",
    "generated/recognition.db",
    "generated/compreface_dump.sql",
    "generated/pyzk_backup.json",
    "generated/zk_push_operlog.txt",
    "sales_office/faceDetectCustomerDetail.json",
)


@pytest.mark.parametrize("name", STORES)
def test_real_stores_are_clean_afterwards(name, shared_data):
    """In the layouts of real software nothing of what was found is found again."""
    data = (shared_data / "stores" / name).read_bytes()
    findings = seen(data, name)
    assert findings
    result = erase(data, name, findings, LIMITS).data
    assert seen(result, name) == []
    assert erase(result, name, findings, LIMITS).data == result
