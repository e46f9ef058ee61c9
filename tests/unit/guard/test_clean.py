"""Cleaned copies: what is refused is out, everything else is as it was."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from typing import TYPE_CHECKING

import pytest

from efface.errors import RemovalError
from efface.guard import DOOR_LIMITS, Door, Guard, cleaned, schema
from efface.testing import records, stores
from efface.testing.submissions import FORMATS, clean_record, submission, workbook

if TYPE_CHECKING:
    from pathlib import Path

PENALTY = schema("cn-penalty")
ZK = base64.b64encode(records.zkteco_template(3)).decode()
CLEAN = {**clean_record(PENALTY, 2), "bz": "/"}
EVIL = {**CLEAN, "bz": ZK}


def values(data: bytes) -> str:
    """Return all text of a submission, unpacked."""
    if data[:2] != b"PK":
        return data.decode("utf-8", "replace")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return "\n".join(values(archive.read(name)) for name in archive.namelist())


@pytest.mark.parametrize("name", FORMATS)
def test_a_value_goes_and_the_rest_stays(credit: Guard, name: str) -> None:
    """In every format: the copy passes, lacks the value, and is what it would be with the value empty."""
    data = submission(PENALTY, name, [clean_record(PENALTY, 1), EVIL])
    copy = cleaned(credit, data, name, DOOR_LIMITS, PENALTY)
    assert copy.decision.door is Door.ALLOW
    assert copy.removed
    assert ZK not in values(copy.data)
    if data[:2] != b"PK":
        assert copy.data == data.replace(ZK.encode(), b"")


def test_a_clean_submission_comes_back_as_it_is(credit: Guard) -> None:
    """Nothing is rewritten where nothing is refused."""
    data = submission(PENALTY, "template.xlsx", [CLEAN])
    copy = cleaned(credit, data, "template.xlsx", DOOR_LIMITS, PENALTY)
    assert (copy.data, copy.removed) == (data, ())


def test_a_cell_goes_and_its_twin_in_another_column_stays(credit: Guard) -> None:
    """Excel keeps one text for both: the cell of religion is emptied, the name of a shop stays."""
    data = workbook([["cf_wsh", "宗教信仰", "cf_xdr_mc"], ["7号", "某教", "某教"], ["8号", "他教", "乙"]])
    copy = cleaned(credit, data, "a.xlsx", DOOR_LIMITS)
    assert copy.decision.door is Door.ALLOW
    text = values(copy.data)
    assert "某教" in text
    assert "他教" not in text
    assert [place.where for place in copy.removed] == ["Sheet1!B2", "Sheet1!B3"]


def test_parts_of_a_workbook_that_nothing_is_found_in_stay_byte_for_byte(credit: Guard) -> None:
    """Only what is changed is written anew."""
    data = workbook([["cf_wsh", "bz"], ["7号", ZK]], {"docProps/app.xml": b"<a/>"})
    copy = cleaned(credit, data, "a.xlsx", DOOR_LIMITS)
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(io.BytesIO(copy.data)) as after:
        assert before.namelist() == after.namelist()
        for name in ("docProps/app.xml", "xl/workbook.xml", "[Content_Types].xml"):
            assert before.read(name) == after.read(name)


def test_a_face_in_a_workbooks_picture_is_covered(samples: Path) -> None:
    """By the action that covers faces; without a case every face is refused."""
    picture = (samples / "portrait.png").read_bytes()
    data = workbook([["cf_wsh"], ["7号"]], {"xl/media/image1.png": picture})
    copy = cleaned(Guard(), data, "a.xlsx", DOOR_LIMITS)
    assert copy.decision.door is Door.ALLOW
    with zipfile.ZipFile(io.BytesIO(copy.data)) as after:
        assert after.read("xl/media/image1.png") != picture


CANNOT = {
    "a template in a comment of XML": (f"<a><CF_WSH>1</CF_WSH><!--{ZK}--></a>".encode(), "a.xml"),
    "a template as a name": (json.dumps({ZK: "1"}).encode(), "a.json"),
    "a template over two fields": (json.dumps({"a": ZK[:200], "b": ZK[200:]}).encode(), "a.json"),
    "a form of a web page": (f"cf_wsh=1&bz={ZK.replace('+', '%2B')}".encode(), "body"),
    "a template alone": (records.zkteco_template(3), "a.bin"),
}


@pytest.mark.parametrize(("data", "name"), CANNOT.values(), ids=CANNOT.keys())
def test_what_cannot_be_taken_out_alone_is_said(credit: Guard, data: bytes, name: str) -> None:
    """Then there is no copy at all, rather than one that still holds some of it."""
    assert credit.decide(data, name).door is Door.REFUSE
    with pytest.raises(RemovalError):
        cleaned(credit, data, name, DOOR_LIMITS)


def test_what_is_undecided_stays(credit: Guard) -> None:
    """A copy may still wait for a person: an unknown field is not refused, so it is not taken out."""
    data = json.dumps({**EVIL, "rlzp": "1"}).encode()
    copy = cleaned(credit, data, "a.json", DOOR_LIMITS, PENALTY)
    assert copy.decision.door is Door.QUARANTINE
    assert json.loads(copy.data)["rlzp"] == "1"


def test_a_vector_becomes_an_empty_list(credit: Guard) -> None:
    """Its field stays."""
    vector = stores.face_vectors(1, 512, seed=1)[0].tolist()
    copy = cleaned(credit, json.dumps({"face_embedding": vector, "a": 1}).encode(), "a.json", DOOR_LIMITS)
    assert json.loads(copy.data) == {"face_embedding": [], "a": 1}
