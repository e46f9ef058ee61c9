"""Clean social-credit records of every form that ships, in every format in which they are handed in.

All of it is invented: names are put together from words, identity numbers use a region code that no authority
issues (999999), and organisation codes are made up with their check characters. Sentences speak of fingerprints
and faces, as decisions against unlawful collection do.
"""

from __future__ import annotations

import csv
import io
import json
import random
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from efface.formats.cn_codes import uscc_check
from efface.formats.xlsx_cells import letters
from efface.guard.schema import Field, schema

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from efface.guard.schema import Schema

__all__ = ["FORMATS", "clean_record", "person_number", "social_credit_code", "submission", "workbook"]

_PLACES = ("津河", "海棠", "北洋", "滨湖", "和川", "南岭", "东桥", "云台")
_TRADES = ("餐饮", "物业管理", "电子科技", "装饰工程", "运输", "房地产开发", "健身服务", "医药销售", "食品")
_SURNAMES = ("甲", "乙", "丙", "丁", "戊")
_OFFICES = ("市场监督管理局", "公安局", "交通运输委员会", "生态环境局", "互联网信息办公室", "应急管理局")
_ACTS = (
    "未经消费者同意使用人脸识别设备采集人脸信息，且未采取保密措施",
    "违法采集员工指纹用于考勤，未告知处理目的、方式和保存期限",
    "超过核定载质量运输，超载百分之三十二",
    "未按规定公示营业执照；经责令限期改正，逾期未改正",
    "在消费者权益保护检查中发现，擅自出租顾客的人脸照片数据库（含照片约1,200张）",
    "Failed to display the licence on its website (www.example.invalid) as art. 35 requires",
    "擅自排放废水，化学需氧量浓度为312mg/L，超过标准限值",
)
_GROUNDS = (
    "《中华人民共和国消费者权益保护法》第二十九条第一款、第五十六条第一款第（九）项",
    "《中华人民共和国个人信息保护法》第二十九条、第六十六条",
    "《道路运输车辆技术管理规定》第三十一条；《行政处罚法》第三十二条",
)
_CONTENTS = (
    "1.警告；2.罚款人民币5,000.00元；3.责令删除已采集的人脸、指纹信息",
    "责令改正，没收违法所得，并处罚款",
    "准予设立；经营范围：人脸识别系统的研发、销售（依法须经批准的项目除外）",
    "准予延续，有效期五年，许可证编号JY11201010000001",
)
_FORMATS = "http://schemas.openxmlformats.org"
_CELLS, _LINKS = f"{_FORMATS}/spreadsheetml/2006/main", f"{_FORMATS}/officeDocument/2006/relationships"
_FIXED = {
    "dfbm": "999999",
    "cflb1": "罚款",
    "cfmc": "行政处罚",
    "xmmc": "经营许可",
    "xkws": "准予行政许可决定书",
}
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def social_credit_code(chance: random.Random) -> str:
    """Return an invented unified social credit code of a region that is none, with its check character."""
    body = "".join(chance.choice("0123456789ABCDEFGHJKLMNPQRTUWXY") for _ in range(9))
    first = chance.choice(("91", "92", "11", "12", "52", "N1", "A1", "Y1")) + "999999" + body
    return first + uscc_check(first)


def person_number(chance: random.Random) -> str:
    """Return an invented identity number of a region that is none, with its check character."""
    born = f"{chance.randint(1950, 2004)}{chance.randint(1, 12):02d}{chance.randint(1, 28):02d}"
    first = f"999999{born}{chance.randint(0, 999):03d}"
    return (
        first
        + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(first, _WEIGHTS, strict=True)) % 11]
    )


def clean_record(form: Schema, seed: int, person: str = "legal") -> dict[str, str]:
    """Return the fields of one record by column, in the order of the form.

    Args:
        form: Its form.
        seed: Equal seeds give equal records.
        person: "legal" or "natural": of whom it tells.
    """
    chance = random.Random(f"{form.id}/{seed}/{person}")
    return {each.name: _value(each, form, person, chance) for each in form.fields}


def _value(field: Field, form: Schema, person: str, chance: random.Random) -> str:
    own, natural = field.name.partition("_")[2] or field.name, person == "natural"
    if field.check == "person":
        return person_number(chance) if natural == ("xdr" in own) else ""
    if field.check == "uscc":
        return "" if natural and "xdr" in own else social_credit_code(chance)
    if field.kind != "text":
        return _date(chance) if field.kind == "date" else _amount(chance)
    if own == form.record_id.partition("_")[2]:
        return f"津{chance.choice('市交环应')}监罚〔{chance.randint(2016, 2025)}〕{chance.randint(1, 9999)}号"
    if field.free_text:
        return _sentence(own, chance)
    return chance.choice(field.seen) if field.seen else _name(own, chance, natural=natural)


def _date(chance: random.Random) -> str:
    return f"{chance.randint(2016, 2025)}-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}"


def _amount(chance: random.Random) -> str:
    return chance.choice(("", "0", "0.2", f"{chance.randint(1, 500_000) / 10_000:.6f}"))


def _name(own: str, chance: random.Random, *, natural: bool) -> str:
    if own in {"xdr_mc", "xdr"}:
        return _person(chance) if natural else _firm(chance)
    if own in {"frdb", "fddb", "fr"}:
        return "" if natural else _person(chance)
    if own in {"cfjg", "xkjg", "xzjg", "sjly", "lydw"}:
        return chance.choice(_PLACES) + chance.choice(_OFFICES)
    return _FIXED.get(own) or chance.choice(("", "/", "无"))


def _firm(chance: random.Random) -> str:
    return f"{chance.choice(_PLACES)}{chance.choice(_TRADES)}有限公司"


def _person(chance: random.Random) -> str:
    return f"{chance.choice(_SURNAMES)}某{chance.choice(('某', ''))}"


def _sentence(own: str, chance: random.Random) -> str:
    if own == "yj":
        return chance.choice(_GROUNDS)
    if own in {"nr", "jg"}:
        return chance.choice(_CONTENTS)
    if own in {"bz", "qtxx"}:
        return chance.choice(
            ("", "/", "无", "本决定书已送达当事人。", "当事人陈述：门店人脸识别机由总部统一采购。")
        )
    return "；".join(chance.sample(_ACTS, chance.randint(1, 3)))


@dataclass(frozen=True, slots=True)
class _Table:
    form: Schema
    records: Sequence[dict[str, str]]

    @property
    def headings(self) -> list[str]:
        return [field.zh[0] if field.zh else field.name for field in self.form.fields]

    @property
    def rows(self) -> list[list[str]]:
        return [list(record.values()) for record in self.records]


def _json(table: _Table) -> bytes:
    shape: object = table.records[0] if len(table.records) == 1 else list(table.records)
    return json.dumps(shape, ensure_ascii=False).encode()


def _json_rows(table: _Table) -> bytes:
    rows = [
        {
            "ID": f"{number:032x}",
            "CHECK_FLAG": "1",
            **{key.upper(): value or None for key, value in each.items()},
        }
        for number, each in enumerate(table.records)
    ]
    return json.dumps({"total": len(rows), "rows": rows}, indent=1).encode()


def _json_lines(table: _Table) -> bytes:
    return "\n".join(json.dumps(each, ensure_ascii=False) for each in table.records).encode()


def _csv(table: _Table, *, encoding: str, headings: bool) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(table.headings if headings else [field.name.upper() for field in table.form.fields])
    writer.writerows(table.rows)
    return text.getvalue().encode(encoding)


def _xml(table: _Table) -> bytes:
    fields = "".join(
        "<fields>" + "".join(f"<{key}>{escape(value)}</{key}>" for key, value in each.items()) + "</fields>"
        for each in table.records
    )
    names = ("sender", "receiver", "flow", "item", "sn", "securityType")
    head = "".join(f"<{name}>1</{name}>" for name in names)
    body = f"<ExchangeMessage><Header>{head}</Header><Body>{fields}</Body></ExchangeMessage>"
    return f'<?xml version="1.0" encoding="utf-8"?>{body}'.encode()


def _xlsx(table: _Table) -> bytes:
    note = ["表格说明：各栏按要求填写，没有的填“/”"]
    return workbook([note, table.headings, *table.rows])


def _zip(table: _Table) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("双公示/数据.csv", _csv(table, encoding="gb18030", headings=True))
        archive.writestr("data.json", _json(table))
    return packed.getvalue()


def workbook(
    rows: Sequence[Sequence[str]], extra: dict[str, bytes] | None = None, *, shared: bool = True
) -> bytes:
    """Return an Excel workbook with one sheet of texts.

    Args:
        rows: From the first row on; empty texts make no cell.
        extra: Further parts of the package.
        shared: Whether texts stand in the table of shared texts, as Excel writes them, or in their cells.
    """
    texts = list(dict.fromkeys(cell for row in rows for cell in row if cell))
    at = {text: number for number, text in enumerate(texts)}

    def cell(row: int, column: int, text: str) -> str:
        place = f"{letters(column)}{row}"
        if shared:
            return f'<c r="{place}" t="s"><v>{at[text]}</v></c>'
        return f'<c r="{place}" t="inlineStr"><is><t>{escape(text)}</t></is></c>'

    body = "".join(
        f'<row r="{number}">'
        + "".join(cell(number, column, text) for column, text in enumerate(row, 1) if text)
        + "</row>"
        for number, row in enumerate(rows, 1)
    )
    types = f"{_FORMATS}/package/2006/content-types"
    package = f"{_FORMATS}/package/2006/relationships"
    sheet = '<sheet name="Sheet1" sheetId="1" r:id="rId1"/>'
    link = f'<Relationship Id="rId1" Type="{_LINKS}/worksheet" Target="worksheets/sheet1.xml"/>'
    items = "".join(f"<si><t>{escape(text)}</t></si>" for text in texts)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{types}"/>',
        "xl/workbook.xml": f'<workbook xmlns="{_CELLS}" xmlns:r="{_LINKS}"><sheets>{sheet}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}">{link}</Relationships>',
        "xl/sharedStrings.xml": f'<sst xmlns="{_CELLS}">{items}</sst>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_CELLS}"><sheetData>{body}</sheetData></worksheet>',
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
        for name, data in (extra or {}).items():
            archive.writestr(name, data)
    return packed.getvalue()


FORMATS: dict[str, Callable[[_Table], bytes]] = {
    "record.json": _json,
    "rows.json": _json_rows,
    "lines.jsonl": _json_lines,
    "table.csv": lambda table: _csv(table, encoding="utf-8-sig", headings=True),
    "columns.csv": lambda table: _csv(table, encoding="gb18030", headings=False),
    "exchange.xml": _xml,
    "template.xlsx": _xlsx,
    "batch.zip": _zip,
}
"""How records are written, by the name that a submission may have."""


def submission(form: str | Schema, name: str, records: Sequence[dict[str, str]]) -> bytes:
    """Return records as a submission.

    Args:
        form: Their form, or its id.
        name: One of FORMATS.
        records: As `clean_record` gives them.
    """
    return FORMATS[name](_Table(schema(form) if isinstance(form, str) else form, records))
