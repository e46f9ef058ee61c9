"""A small property sales office, written into a folder: what an inspector meets on a laptop of 2020.

Nothing in it belongs to a customer. The one face is the portrait of the sample pictures (public domain);
vectors, templates and records are generated; names are invented and identity numbers use a region code that
no authority issues. The customer database has the layout of a real sales-office face system.

Source of the layout: the published data model of a property developer's customer system (2020), restated.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import random
import sqlite3
import tarfile
import zipfile
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from efface.engines.libarchive_runtime import load
from efface.testing import records, stores

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CASE_NANJING", "CASE_TIANJIN", "Office", "make_office"]

CASE_NANJING = """\
[case]
title = "Sales office, Jianye district"
jurisdiction = "CN-320100"
actors = ["sales_office", "business_operator", "pi_handler"]
place = "sales_office"
purpose = "telling agents' clients from walk-in clients"
purpose_kind = "commission_tracking"
activities = ["install", "collect", "store", "identify_1toN"]
conduct_from = 2020-10-01
[facts]
fr_enabled_on_source = true          # the cameras in the hall run recognition
persons_are_visitors = true
consent = false
written_consent = false
separate_consent = false
conspicuous_sign = false
[[hold]]
match = "**/evidence/**"
reason = "evidence in case 2026-118"
until = 2027-12-31
"""

CASE_TIANJIN = """\
[case]
title = "Tenant credit file, Hexi district"
jurisdiction = "CN-120000"
actors = ["market_credit_provider", "pi_handler"]
purpose = "rating the reliability of tenants"
purpose_kind = "social_credit"
activities = ["collect", "store", "credit_record"]
conduct_from = 2021-01-01
[facts]
written_consent = true
[[scope]]
match = "**/credit/**"
"""

_EXIF_ORIENTATION = 274
_CUSTOMERS = 12
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True, slots=True)
class Office:
    """Where things of the office are.

    Attributes:
        folder: The office itself.
        case_nanjing: Case file of the sales office.
        case_tianjin: Case file of the credit record in it.
    """

    folder: Path
    case_nanjing: Path
    case_tianjin: Path


def make_office(folder: Path, samples: Path, *, seed: int = 2020) -> Office:
    """Write the office into a new folder and its case files beside it.

    Args:
        folder: An empty or missing folder.
        samples: The sample pictures: portrait.png (one face) and coffee.png (none).
        seed: Seed of everything that is generated.
    """
    office = folder / "office"
    for name in ("photos", "exports", "crm", "access", "credit", "documents", "evidence"):
        (office / name).mkdir(parents=True)
    portrait = Image.open(samples / "portrait.png").convert("RGB")
    coffee = Image.open(samples / "coffee.png").convert("RGB")
    _photos(office / "photos", portrait, coffee)
    _exports(office / "exports", portrait, coffee)
    _customers(office / "crm" / "xkc.sqlite", portrait, seed)
    _vectors(office / "crm", seed)
    _records(office, seed)
    _documents(office / "documents")
    (office / "evidence" / "complaint-118.jpg").write_bytes(_jpeg(portrait.resize((400, 400))))
    nanjing, tianjin = folder / "nanjing.toml", folder / "tianjin.toml"
    nanjing.write_text(CASE_NANJING, "utf-8")
    tianjin.write_text(CASE_TIANJIN, "utf-8")
    return Office(office, nanjing, tianjin)


def _jpeg(image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90, **options)
    return buffer.getvalue()


def _photos(folder: Path, portrait: Image.Image, coffee: Image.Image) -> None:
    scene = coffee.resize((1200, 800))
    scene.paste(portrait.resize((280, 280)), (820, 160))
    (folder / "lobby-1.jpg").write_bytes(_jpeg(scene))
    (folder / "lobby-2.jpg").write_bytes(_jpeg(portrait.resize((1600, 1600))))
    (folder / "lobby-3.jpg").write_bytes(_jpeg(portrait.resize((240, 240))))
    for orientation, turn in ((3, 180), (6, 90), (8, 270)):
        exif = Image.Exif()
        exif[_EXIF_ORIENTATION] = orientation
        turned = portrait.rotate(turn, expand=True)
        (folder / f"turned-{orientation}.jpg").write_bytes(_jpeg(turned, exif=exif))
    (folder / "with-thumbnail.jpg").write_bytes(_with_thumbnail(portrait))
    portrait.save(folder / "badge.png")
    frames = [coffee.resize((300, 200)), portrait.resize((300, 300)).crop((0, 0, 300, 200))]
    frames[0].save(folder / "signage.gif", save_all=True, append_images=frames[1:], duration=400, loop=0)
    (folder / "coffee.jpg").write_bytes(_jpeg(coffee))
    (folder / "damaged.jpg").write_bytes(_jpeg(portrait)[:9_000])


def _with_thumbnail(portrait: Image.Image) -> bytes:
    """Return a JPEG whose EXIF block carries a small copy of the picture in its second directory.

    Source: Exif 3.0, 4.6.4 and 4.6.5: IFD1 with tags 0x0201 (offset) and 0x0202 (length).
    """
    small = _jpeg(portrait.resize((160, 160)))
    ifd1_at = 8 + 2 + 12 + 4
    data_at = ifd1_at + 2 + 3 * 12 + 4

    def entry(tag: int, kind: int, value: int) -> bytes:
        packed = value.to_bytes(2, "little") + b"\0\0" if kind == 3 else value.to_bytes(4, "little")
        return tag.to_bytes(2, "little") + kind.to_bytes(2, "little") + (1).to_bytes(4, "little") + packed

    first = (1).to_bytes(2, "little") + entry(_EXIF_ORIENTATION, 3, 1) + ifd1_at.to_bytes(4, "little")
    second = (
        (3).to_bytes(2, "little")
        + entry(0x0103, 3, 6)
        + entry(0x0201, 4, data_at)
        + entry(0x0202, 4, len(small))
        + bytes(4)
    )
    exif = b"Exif\0\0" + b"II*\0" + (8).to_bytes(4, "little") + first + second + small
    return _jpeg(portrait, exif=exif)


def _exports(folder: Path, portrait: Image.Image, coffee: Image.Image) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("2020-10/visitor-07.jpg", _jpeg(portrait.resize((640, 640))))
        archive.writestr("2020-10/cup.jpg", _jpeg(coffee))
        archive.writestr("2020-10/readme.txt", "October visitors, exported for the head office.\n")
    with tarfile.open(folder / "october.tar", "w") as tar:
        for name, data in (
            ("october/visitors.zip", inner.getvalue()),
            ("october/note.txt", b"see visitors.zip\n"),
        ):
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.mode = len(data), 1_602_000_000, 0o640
            tar.addfile(info, io.BytesIO(data))
    secret = _jpeg(portrait.resize((320, 320)))
    options = {"options": "zip:encryption=traditional", "passphrase": "sales"}
    with load().file_writer(str(folder / "protected.zip"), "zip", **options) as writer:
        writer.add_file_from_memory("vip.jpg", len(secret), secret)


def identity_number(random_: random.Random) -> str:
    """Return an identity number with a valid check character and a region code never issued (GB 11643)."""
    digits = f"990000{random_.randint(1950, 2001)}{random_.randint(1, 12):02}{random_.randint(1, 28):02}"
    digits += f"{random_.randint(0, 999):03}"
    total = sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=True))
    return digits + "10X98765432"[total % 11]


def _customers(path: Path, portrait: Image.Image, seed: int) -> None:
    chance = random.Random(seed)
    vectors = stores.face_vectors(_CUSTOMERS, 512, seed=seed)
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(
            """
            CREATE TABLE faceDetectCustomer(id TEXT PRIMARY KEY, name TEXT, mobile TEXT, idNumber TEXT,
              salerName TEXT, agent TEXT, channelCompany TEXT, firstPhotoTime TEXT, reportTime TEXT,
              faceImage TEXT, riskStatus INTEGER);
            CREATE TABLE faceDetectCustomerDetail(id TEXT PRIMARY KEY, customerId TEXT, name TEXT,
              idNumber TEXT, idImage BLOB, faceImage BLOB NOT NULL, verifyScore REAL,
              faceToken TEXT, deviceId TEXT);
            CREATE TABLE face_feature(customer_id TEXT PRIMARY KEY, model_name TEXT,
              face_feature BLOB NOT NULL, created_at TEXT);
            CREATE TABLE B_RiskInfo(ID INTEGER PRIMARY KEY, CustomerName TEXT, FirstFaceTime TEXT,
              RiskDesc TEXT, ImgPath TEXT);
            CREATE TABLE export_task(id INTEGER PRIMARY KEY, file_name TEXT, fingerprint TEXT);
            CREATE INDEX face_feature_by_model ON face_feature(model_name);
            """
        )
        for number in range(_CUSTOMERS):
            key, name = f"C{number:04}", f"客户{chr(0x7532 + 0)}{number:02}"
            identity, mobile = identity_number(chance), f"199{chance.randint(0, 99_999_999):08}"
            picture = _jpeg(portrait.resize((200 + 8 * number,) * 2))
            when = f"2020-10-{number + 1:02}T10:15:00"
            db.execute(
                "INSERT INTO faceDetectCustomer VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                (
                    key,
                    name,
                    mobile,
                    identity,
                    "置业顾问甲",
                    "经纪人乙",
                    "渠道公司",
                    when,
                    when,
                    base64.b64encode(picture).decode(),
                    number % 4,
                ),
            )
            db.execute(
                "INSERT INTO faceDetectCustomerDetail VALUES (?,?,?,?,?,?,?,?,?)",
                (
                    f"D{number:04}",
                    key,
                    name,
                    identity,
                    _jpeg(portrait.resize((102, 126))),
                    picture,
                    0.91,
                    hashlib.md5(key.encode(), usedforsecurity=False).hexdigest(),
                    "cam-01",
                ),
            )
            db.execute(
                "INSERT INTO face_feature VALUES (?,?,?,?)",
                (key, "facenet512", vectors[number].astype("<f4").tobytes(), when),
            )
            db.execute(
                "INSERT INTO B_RiskInfo VALUES (?,?,?,?,?)",
                (number, name, when, f"首次人脸抓拍时间 {when} 早于报备时间", f"/faces/{key}.jpg"),
            )
            digest = hashlib.md5(f"export-{number}".encode(), usedforsecurity=False).hexdigest()
            db.execute("INSERT INTO export_task VALUES (?,?,?)", (number, f"report-{number}.xlsx", digest))
        # A customer who was deleted: the row is gone, its bytes lie in the free space of the file.
        db.execute("DELETE FROM faceDetectCustomerDetail WHERE id = 'D0011'")


def _vectors(folder: Path, seed: int) -> None:
    vectors = stores.face_vectors(40, 512, seed=seed + 1).astype(np.float32)
    names = np.array([f"visitor-{number:03}" for number in range(40)])
    np.savez(folder / "face_encodings.npz", face_encodings=vectors, names=names)


def _records(office: Path, seed: int) -> None:
    (office / "access" / "manager.fmr").write_bytes(records.finger_minutiae_record(seed))
    template = base64.b64encode(records.zkteco_template(seed)).decode()
    device = {"device": "door-1", "users": [{"pin": "1001", "name": "staff-1", "TMP": template}]}
    (office / "access" / "door.json").write_text(json.dumps(device, indent=1), "utf-8")
    tenant = base64.b64encode(records.finger_minutiae_record(seed + 1)).decode()
    rows = ["tenant_id,name,score,rent_paid_on_time,remark,finger_template"]
    rows += [f"T{n:03},租户{n:02},{700 + n},yes,no complaint,{tenant if n == 3 else ''}" for n in range(8)]
    (office / "credit" / "tenants.csv").write_text("\n".join(rows) + "\n", "utf-8")


def _documents(folder: Path) -> None:
    (folder / "notice.txt").write_text(
        "关于售楼处人脸识别系统的通知\n\n各项目：请立即关闭并拆除人脸识别摄像头，未经本人同意不得拍摄来访人员面部信息。\n\n"
        "Notice on facial recognition in sales offices: switch off the cameras; face_feature, fingerprint\n"
        "and template are words in this text, and nothing in it is biometric data.\n",
        "utf-8",
    )
    (folder / "prices.csv").write_text("unit,area_m2,price\nA-101,89,3100000\nA-102,120,4250000\n", "utf-8")
