"""Submissions and the forms that they claim to be."""

from __future__ import annotations

import base64
import io
import json
import struct
import zipfile

import pytest

from efface.errors import UsageError
from efface.guard import Door, Guard, Schema, schema, schemas
from efface.testing import records, stores
from efface.testing.compound import compound
from efface.testing.submissions import FORMATS, clean_record, submission, workbook

PENALTY = schema("cn-penalty")
CARD = base64.b64encode(records.id_card_photo(3)).decode()
ZK = base64.b64encode(records.zkteco_template(3)).decode()
FACES = stores.face_vectors(1, 512, seed=1)[0].tolist()


def row(**changed: object) -> bytes:
    return json.dumps({**clean_record(PENALTY, 1), **changed}, ensure_ascii=False).encode()


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("form", schemas().values(), ids=schemas().keys())
@pytest.mark.parametrize("person", ["legal", "natural"])
def test_clean_records_pass(credit: Guard, form: object, name: str, person: str) -> None:
    """Every form in every format, of firms and of people, passes without a warning."""
    found = [clean_record(form, seed, person) for seed in range(3)]  # type: ignore[arg-type]
    decision = credit.decide(submission(form, name, found), name, schema=form)  # type: ignore[arg-type]
    assert (decision.door, decision.warnings) == (Door.ALLOW, ())


ROWS = {
    # A photograph is biometric information where recognition is applied to it: a fact that is not known here.
    "the portrait of an identity card in the notes": (row(bz=CARD), Door.QUARANTINE, "$['bz']"),
    "a fingerprint template in the content": (row(cf_nr=ZK), Door.REFUSE, "$['cf_nr']"),
    "a column for photos": (row(rlzp="/"), Door.QUARANTINE, "$['rlzp']"),
    "512 numbers under a face's name": (row(face_embedding=FACES), Door.REFUSE, "$['face_embedding']"),
    "a list in a field": (row(bz=["/"]), Door.ALLOW, None),
    "an object in a field": (row(bz={"a": "/"}), Door.QUARANTINE, "$['bz']['a']"),
    "an address of a picture": (row(bz="见 http://example.invalid/faces/1.jpg"), Door.ALLOW, None),
    "a fine for collecting faces, in words": (row(cf_sy="违法采集人脸、指纹、虹膜信息"), Door.ALLOW, None),
    "a hash under the name finger_print": (
        row(finger_print="d41d8cd98f00b204e9800998ecf8427e"),
        Door.ALLOW,
        None,
    ),
    "words under the name finger_print": (
        row(finger_print="left thumb"),
        Door.QUARANTINE,
        "$['finger_print']",
    ),
}


@pytest.mark.parametrize(("data", "door", "place"), ROWS.values(), ids=ROWS.keys())
def test_rows_of_penalties(credit: Guard, data: bytes, door: Door, place: str | None) -> None:
    """Payloads are refused and unknown fields wait, both with their place; words and hashes pass."""
    decision = credit.decide(data, "row.json", schema=PENALTY)
    assert decision.door is door
    assert place is None or place in [each.where for each in decision.places]


def test_without_a_form_an_unknown_field_passes(credit: Guard) -> None:
    """Only who declares a form is held to it."""
    assert credit.decide(row(rlzp="/"), "row.json").door is Door.ALLOW


def test_a_refusal_tells_record_rule_and_law(credit: Guard) -> None:
    """The sender learns which record, where, under which article, in two languages, and nothing of the content."""
    data = json.dumps({"rows": [clean_record(PENALTY, 1), {**clean_record(PENALTY, 2), "bz": ZK}]}).encode()
    decision = credit.decide(data, "rows.json", schema=PENALTY)
    (place,) = decision.places
    assert (place.where, place.rules) == ("$['rows'][1]['bz']", ("CN-TJ-SC-16-2",))
    assert place.record_id == clean_record(PENALTY, 2)["cf_wsh"]
    (basis,) = decision.basis
    assert "天津市社会信用条例" in basis.citation.zh
    assert "Tianjin" in basis.citation.en
    assert "生物识别信息" in basis.quote
    assert ZK[:16] not in repr(decision)


def in_format(name: str) -> bytes:
    return submission(PENALTY, name, [clean_record(PENALTY, 1), {**clean_record(PENALTY, 2), "bz": ZK}])


PLACES = {
    "record.json": "$[1]['bz']",
    "lines.jsonl": "line 2: $['bz']",
    "rows.json": "$['rows'][1]['BZ']",
    "table.csv": "AF3",
    "exchange.xml": "/ExchangeMessage[1]/Body[1]/fields[2]/bz[1]",
    "template.xlsx": "Sheet1!AF4",
    "batch.zip": "data.json!/$[1]['bz']",
}


@pytest.mark.parametrize(("name", "place"), PLACES.items(), ids=PLACES.keys())
def test_each_format_has_places_of_its_own(credit: Guard, name: str, place: str) -> None:
    """JSONPath, XPath, cell, or part and place in it."""
    decision = credit.decide(in_format(name), name, schema=PENALTY)
    assert decision.door is Door.REFUSE
    assert place in [each.where for each in decision.places]


def test_a_picture_in_a_workbook_waits_or_is_refused(credit: Guard) -> None:
    """A form has no pictures, whatever they show."""
    table = [[field.zh[0] for field in PENALTY.fields if field.zh], ["甲公司"]]
    data = workbook(table, {"xl/media/image1.emf": b"nothing"})
    decision = credit.decide(data, "t.xlsx", schema=PENALTY)
    assert decision.door is Door.QUARANTINE
    assert "xl/media/image1.emf" in [each.where for each in decision.places]


NO_FORM = {
    "a document": (b"%PDF-1.4\n%%EOF\n", "a.pdf"),
    "plain text": ("行政处罚决定书，没有表格。".encode(), "a.txt"),
    "nothing readable": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "a.xls"),
    "JSON cut off": (row()[:-5], "a.json"),
    "XML with a document type": (b'<!DOCTYPE a SYSTEM "b"><a><CF_WSH>1</CF_WSH></a>', "a.xml"),
    "a table without names": (b"1,2,3\n4,5,6\n", "a.csv"),
    "a name twice": (b'{"bz": "a", "bz": "b"}', "a.json"),
}


@pytest.mark.parametrize(("data", "name"), NO_FORM.values(), ids=NO_FORM.keys())
def test_what_is_no_table_waits(credit: Guard, data: bytes, name: str) -> None:
    """A form is handed in as a table or document of fields; anything else is for a person."""
    assert credit.decide(data, name, schema=PENALTY).door is Door.QUARANTINE


def _old_workbook(stream: str) -> bytes:
    """Return a workbook of BIFF whose one text is a template in base64."""
    text = ZK.encode()
    table = struct.pack("<HHIIHB", 0x00FC, 11 + len(text), 1, 1, len(text), 0) + text
    return compound({stream: struct.pack("<HH", 0x0809, 16) + bytes(16) + table + b"\x0a\0\0\0"})


@pytest.mark.parametrize("stream", ["Workbook", "WORKBOOK", "Book"])
@pytest.mark.parametrize("form", [None, PENALTY], ids=["no form", "a form"])
def test_an_old_workbook_waits_since_its_cells_are_not_read(
    credit: Guard, stream: str, form: Schema | None
) -> None:
    """Alone and in an archive; whoever hands it in is told what to do instead."""
    data = _old_workbook(stream)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.xls", data)
    for sent, name in ((data, "a.xls"), (packed.getvalue(), "a.zip")):
        decision = credit.decide(sent, name, schema=form)
        assert decision.door is Door.QUARANTINE
        assert form or ".xlsx and CSV" in decision.places[0].why


def test_another_compound_file_is_no_workbook(credit: Guard) -> None:
    """What has no sheets is looked into as it was."""
    assert credit.decide(compound({"WordDocument": bytes(600)}), "a.doc").door is Door.ALLOW


def test_an_archive_is_as_strict_as_its_members(credit: Guard) -> None:
    """One member that is no form holds the archive back."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.json", row())
        archive.writestr("readme.txt", "说明")
    decision = credit.decide(packed.getvalue(), "a.zip", schema=PENALTY)
    assert decision.door is Door.QUARANTINE
    assert [each.where for each in decision.places] == ["readme.txt"]


def test_codes_that_fail_are_warnings(credit: Guard) -> None:
    """Some codes in use were issued with a wrong check digit: they pass, and are told without being shown."""
    decision = credit.decide(row(cf_cfjgdm="91350100M000100Y44", cf_jdrq="soon"), "a.json", schema=PENALTY)
    assert decision.door is Door.ALLOW
    whys = sorted(each.why for each in decision.warnings)
    assert whys == ["cf_cfjgdm: fails its check character", "cf_jdrq: is no date"]
    assert "91350100M000100Y44" not in repr(decision)


def test_a_name_as_long_as_content_is_not_shown(credit: Guard) -> None:
    """A receipt shows names of fields; a template in the place of a name is content."""
    decision = credit.decide(row(**{ZK: "1"}), "a.json", schema=PENALTY)
    assert decision.door is Door.REFUSE
    assert ZK[:70] not in repr(decision.places)


def test_a_form_that_is_none_is_a_mistake() -> None:
    """The forms that there are, are named."""
    with pytest.raises(UsageError, match="cn-penalty"):
        schema("cn-rewards")


def test_headings_match_as_people_write_them() -> None:
    """Full-width brackets, blanks and marks of required fields make no difference."""
    field = PENALTY.field("行政相对人代码_1（统一社会信用代码） *")
    assert field is not None
    assert field.name == "cf_xdr_shxym"
