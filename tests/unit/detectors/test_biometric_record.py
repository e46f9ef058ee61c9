from __future__ import annotations

import base64
import io
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from efface.detectors.biometric_record import BiometricRecord
from efface.errors import LimitExceededError
from efface.model import (
    Artefact,
    Characteristic,
    Column,
    Finding,
    Form,
    Gap,
    Level,
    Limits,
    Locator,
    Mode,
    Surroundings,
)
from efface.sources.payloads import BytesPayload
from efface.testing import records as made

if TYPE_CHECKING:
    from collections.abc import Sequence

NOISE = np.random.default_rng(3).bytes(4000).replace(b"\xff", b"\xfe")


def in_file(data: bytes, *names: str) -> list[Finding | Gap]:
    place = Locator("file", ("/data/x.bin",))
    artefact = Artefact(place, "application/octet-stream", len(data))
    around = Surroundings(names or ("x.bin",))
    return list(BiometricRecord().detect(artefact, BytesPayload(data), around, Mode.STANDARD, Limits()))


def in_column(
    cells: Sequence[bytes | str], *names: str, siblings: tuple[str, ...] = ()
) -> list[Finding | Gap]:
    place = Locator("file", ("/data/x.db",), "/t/c")
    column = Column(place, Surroundings(names or ("c", "t"), siblings), lambda: iter(cells), len(cells))
    return list(BiometricRecord().detect_column(column, Mode.STANDARD, Limits()))


RECORDS = {
    "finger minutiae": (made.finger_minutiae_record(1), Form.TEMPLATE, Characteristic.FINGERPRINT),
    "a finger image": (made.finger_image_record(1), Form.SAMPLE, Characteristic.FINGERPRINT),
    "a face image": (made.face_image_record(1), Form.SAMPLE, Characteristic.FACE),
    "an iris image": (made.iris_image_record(1), Form.SAMPLE, Characteristic.IRIS),
    "a WSQ fingerprint": (made.wsq_image(1), Form.SAMPLE, Characteristic.FINGERPRINT),
    "the photo of an identity card": (made.id_card_photo(1), Form.SAMPLE, Characteristic.FACE),
    "a passport's face": (made.data_group_2(1), Form.SAMPLE, Characteristic.FACE),
}


@pytest.mark.parametrize("case", RECORDS)
def test_file_that_is_a_record(case: str) -> None:
    """A file that is a record is a finding of its form and characteristic, at the file itself."""
    data, form, characteristic = RECORDS[case]
    (found,) = in_file(data)
    assert (found.form, found.characteristic) == (form, characteristic)
    assert found.locator.fragment is None


@pytest.mark.parametrize("case", RECORDS)
def test_record_in_a_cell(case: str) -> None:
    """Records in the cells of a column are one finding with a count, in bytes, base64, hex and JSON."""
    data, form, characteristic = RECORDS[case]
    text = base64.b64encode(data).decode()
    cells = [
        data,
        text,
        data.hex(),
        json.dumps({"tmp": text}),
        f"data:application/octet-stream;base64,{text}",
    ]
    (found,) = in_column(cells)
    assert (found.form, found.characteristic, found.references) == (form, characteristic, 5)


def test_record_inside_a_file() -> None:
    """A record inside other data is told with its offset."""
    (found,) = in_file(NOISE + made.finger_minutiae_record(1) + NOISE)
    assert found.locator.fragment == f"offset={len(NOISE)}"


def test_several_records_of_a_file() -> None:
    """Every record of a file is a finding of its own."""
    found = in_file(made.finger_minutiae_record(1) + NOISE + made.face_image_record(2))
    assert {item.characteristic for item in found} == {Characteristic.FINGERPRINT, Characteristic.FACE}


def test_record_inside_a_longer_text_of_a_cell() -> None:
    """A record in a longer text of a cell is found."""
    (found,) = in_column([made.zkteco_push_line(1).decode()], "log", "oplog")
    assert found.form is Form.TEMPLATE


def test_two_characteristics_in_a_column() -> None:
    """A column with records of two characteristics gives a finding of each."""
    found = in_column([made.finger_minutiae_record(1), made.face_image_record(1)])
    assert {item.characteristic for item in found} == {Characteristic.FINGERPRINT, Characteristic.FACE}


def test_template_is_enrolled() -> None:
    """A template is of level 3 by itself."""
    (found,) = in_file(made.finger_minutiae_record(1))
    assert found.level is Level.ENROLLED


def test_sample_beside_a_person_is_linked() -> None:
    """A sample beside the name of a person is of level 2."""
    (found,) = in_column([made.face_image_record(1)], "photo", "staff", siblings=("name", "id"))
    assert found.level is Level.LINKED


NOTHING = {
    "noise": NOISE,
    "no bytes": b"",
    "a picture": made.jpeg_like(1),
    "a magic alone": b"FMR\0 20\0",
    "a magic before noise": b"FMR\0 20\0" + NOISE[:500],
    "a text about records": "FMR records hold minutiae; 指纹模板".encode() * 30,
}


@pytest.mark.parametrize("case", NOTHING)
def test_no_finding(case: str) -> None:
    """What only begins like a record, or speaks of one, is no sure finding."""
    found = [*in_file(NOTHING[case]), *in_column([NOTHING[case]])]
    assert [item for item in found if item.confidence >= 0.9] == []


def test_digests_are_no_records() -> None:
    """Digests in a field named fingerprint are no finding."""
    assert (
        in_column([NOISE[at : at + 32].hex() for at in range(0, 900, 32)], "fingerprint", "documents") == []
    )


OPENED_ELSEWHERE = [
    "application/zip",
    "application/x-tar",
    "application/vnd.sqlite3",
    "text/plain",
    "application/json",
]


@pytest.mark.parametrize("media_type", OPENED_ELSEWHERE)
def test_parts_are_looked_at_one_by_one(media_type: str) -> None:
    """Archives, databases and texts are left to what opens them, so that nothing is found twice."""
    assert not BiometricRecord().accepts(media_type)


@pytest.mark.parametrize(
    "media_type", ["application/octet-stream", "image/x-wsq", "application/pdf", "image/jpeg"]
)
def test_other_types_are_looked_at(media_type: str) -> None:
    """Everything else is looked at as bytes."""
    assert BiometricRecord().accepts(media_type)


def test_imitations_are_a_gap() -> None:
    """A value that imitates records without end is a gap, not silence."""
    found = in_column([b"FMR\0 20\0\0\0\0\x20" * 5000])
    assert any(isinstance(item, Gap) for item in found) or found


def test_content_is_in_no_finding() -> None:
    """Nothing of a record's content is in a finding."""
    data = made.zkteco_template(1)
    (found,) = in_column([data.hex()])
    assert data[40:60].hex() not in repr(found)


def test_an_array_of_floats_is_not_read_for_records() -> None:
    """An array of floats holds no record, so one that is larger than what is read as a whole is no gap."""
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(64, "<f4"))

    class HeadOnly(BytesPayload):
        def read(self) -> bytes:
            raise LimitExceededError("more than artefact_bytes")

    data = buffer.getvalue()
    artefact = Artefact(Locator("file", ("/data/a.npy",)), "application/x-npy", len(data))
    looked = BiometricRecord().detect(
        artefact, HeadOnly(data), Surroundings(("a.npy",)), Mode.STANDARD, Limits()
    )
    assert list(looked) == []
