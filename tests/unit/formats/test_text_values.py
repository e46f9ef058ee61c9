from __future__ import annotations

import base64
import json

import pytest

from efface.errors import FormatError
from efface.formats import text_runs
from efface.formats.text_values import values
from efface.testing import stores

WORD = base64.b64encode(bytes(range(256))).decode()
VECTORS = stores.face_vectors(3, 128)
NUMBERS = json.dumps([float(x) for x in VECTORS[0]])

CASES = {
    "a JSON object": ('{"faceImage": "x"}', [("/faceImage", "x")]),
    "a list in JSON": (
        '[{"faceImage": "x"}, {"faceImage": "y"}]',
        [("/*/faceImage", "x"), ("/*/faceImage", "y")],
    ),
    "JSON Lines": ('{"a": "x"}\n{"a": "y"}\n', [("/*/a", "x"), ("/*/a", "y")]),
    "an escaped key in JSON": ('{"a/b~c": "x"}', [("/a~1b~0c", "x")]),
    "numbers of JSON": ('{"score": 1, "ok": true, "none": null}', []),
    "a vector in JSON": (json.dumps({"vector": json.loads(NUMBERS)}), [("/vector", NUMBERS)]),
    "a dictionary of people": (
        json.dumps({f"person {at}": json.loads(NUMBERS) for at in range(3)}),
        [("/*", NUMBERS)] * 3,
    ),
    "XML elements": ("<r><p><photo>x</photo></p></r>", [("/r/p/photo", "x")]),
    "XML attributes": ('<r photo="x"/>', [("/r/@photo", "x")]),
    "XML namespaces": ('<n:r xmlns:n="u"><n:p>x</n:p></n:r>', [("/r/@n", "u"), ("/r/p", "x")]),
    "XML with CDATA": ("<r><![CDATA[x<y]]></r>", [("/r", "x<y")]),
    "CSV with a header": ("name,photo,x\na,b,c\n", [("/*/name", "a"), ("/*/photo", "b"), ("/*/x", "c")]),
    "CSV without a header": (
        "1,2,3\n4,5,6\n",
        [(f"/*/{at}", str(at + add)) for add in (0, 3) for at in (1, 2, 3)],
    ),
    "CSV with quotes": ('a,b,c\n"x, y","z",w\n', [("/*/a", "x, y"), ("/*/b", "z"), ("/*/c", "w")]),
    "INSERT with names": ("INSERT INTO t (a, b) VALUES ('x', 'y');", [("/t/a", "x"), ("/t/b", "y")]),
    "INSERT of several rows": ("INSERT INTO `t` (`a`) VALUES ('x'),('y');", [("/t/a", "x"), ("/t/a", "y")]),
    "INSERT of a schema's table": ('INSERT INTO public."t" ("a") VALUES (\'x\');', [("/t/a", "x")]),
    "INSERT after CREATE TABLE": (
        "CREATE TABLE t (id int, b varchar(9) DEFAULT ',', PRIMARY KEY (id));\nINSERT INTO t VALUES (1,'x');",
        [("/t/b", "x")],
    ),
    "INSERT without names": ("INSERT INTO t VALUES (1, 'x');", [("/t/2", "x")]),
    "INSERT with doubled quotes": ("INSERT INTO t (a) VALUES ('O''Brien');", [("/t/a", "O'Brien")]),
    "INSERT with escapes": (r"INSERT INTO t (a) VALUES ('O\'B\\n');", [("/t/a", r"O'B\n")]),
    "INSERT with a function": (
        "INSERT INTO t (a, b) VALUES (f('x', 1), 'y');",
        [("/t/a", "x"), ("/t/b", "y")],
    ),
    "INSERT of hex": (
        "INSERT INTO t (a, b) VALUES (0xFFD8, X'ff00');",
        [("/t/a", b"\xff\xd8"), ("/t/b", b"\xff\0")],
    ),
    "INSERT of bytea": ("INSERT INTO t (a) VALUES ('\\xffd8');", [("/t/a", b"\xff\xd8")]),
    "INSERT of national text": ("INSERT INTO t (a) VALUES (N'张伟');", [("/t/a", "张伟")]),
    "COPY": ("COPY t (a, b) FROM stdin;\nx\ty\n\\N\tz\n\\.\n", [("/t/a", "x"), ("/t/b", "y"), ("/t/b", "z")]),
    "COPY of bytea": ("COPY t (a) FROM stdin;\n\\\\xffd8\n\\.\n", [("/t/a", b"\xff\xd8")]),
    "a word in plain text": (f"see {WORD} here", [("text", WORD)]),
    "a named word in plain text": (f"photo = '{WORD}'", [("text/photo", WORD)]),
    "a list in plain text": (f"v = {NUMBERS}", [("text/v", NUMBERS)]),
    "a line of the PUSH protocol": (f"BIODATA Pin=1\tType=9\tTmp={WORD}", [("text/BIODATA.9/Tmp", WORD)]),
    "a word in lines": (
        "\n".join(["Content:", *(WORD[at : at + 76] for at in range(0, len(WORD), 76))]),
        [("text/Content", WORD)],
    ),
    "broken JSON": ('{"photo": "' + WORD, [("text/photo", WORD)]),
    "XML with an entity": (f'<!DOCTYPE r [<!ENTITY e "x">]><r>{WORD}</r>', [("text", WORD)]),
    "XML that does not end": (f"<r><photo>x</photo><p>{WORD}", [("/r/photo", "x")]),
    "XML with a fault": (f"<r><photo>x</photo><p></r>{WORD}", [("/r/photo", "x"), ("text", WORD)]),
    "a sentence": ("Nothing here.", []),
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("case", CASES)
def test_values_and_their_places(case: str, encoding: str) -> None:
    """Every value comes with its place, in UTF-8 and UTF-16."""
    text, wanted = CASES[case]
    assert list(values(text.encode(encoding))) == wanted


def test_chinese_names_in_gb18030() -> None:
    """Names of fields in GB 18030 are read."""
    data = "姓名,证件,人脸照片\n张伟,1,x\n李强,2,y\n".encode("gb18030")
    assert ("/*/人脸照片", "y") in list(values(data))


def test_vector_spread_over_columns() -> None:
    """A vector spread over the columns of CSV is one value."""
    found = [
        value for place, value in values(stores.csv_store(VECTORS).encode()) if place == "/*/face_vector"
    ]
    assert [len(json.loads(value)) for value in found] == [128] * 3


def test_named_type_is_believed() -> None:
    """What is said to be of a kind is read as that kind."""
    assert list(values(b"a|b\nx|y\n", "text/csv")) == [("/*/a", "x"), ("/*/b", "y")]


def test_binary_data_is_refused() -> None:
    """What is no text is refused."""
    with pytest.raises(FormatError):
        list(values(bytes(range(256)) * 4))


HOSTILE = {
    "JSON that nests without end": b"[" * 200_000,
    "XML that nests without end": b"<a>" * 100_000,
    "entities that grow": b'<!DOCTYPE a [<!ENTITY b "xx"><!ENTITY c "&b;&b;">]><a>&c;</a>',
    "an external entity": b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    "SQL that does not end": b"INSERT INTO t (a) VALUES ('" + b"x''" * 10_000,
    "CREATE TABLE that does not end": b"CREATE TABLE t (" + b"a(" * 10_000,
    "COPY that does not end": b"COPY t (a) FROM stdin;\n" + b"x\n" * 1_000,
    "quotes that do not close in CSV": b'a,b,c\n1,2,3\n"' + b"x," * 10_000,
    "a name that does not end in SQL": b"INSERT INTO " + b"a b." * 20_000,
    "comments that do not close in SQL": b"CREATE TABLE t (" + b"/*" * 20_000,
    "lists that do not close in SQL": b"INSERT INTO t (" * 5_000,
    "a word that does not end": b"A" * 500_000,
    "blanks that do not end": b"a = " + b" " * 500_000,
    "numbers of one digit": b"1," * 100_000,
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_texts_end(case: str) -> None:
    """A hostile text gives values no larger than itself, or none."""
    data = HOSTILE[case]
    assert sum(len(value) for _, value in values(data)) <= 2 * len(data)


def test_short_words_are_left_out() -> None:
    """Words shorter than any template are left out of plain text."""
    assert list(text_runs.values("sha256:" + "ab" * 32)) == []


@pytest.mark.parametrize(
    "encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "big5", "gb18030", "utf-8"]
)
def test_encodings_without_a_mark_are_told(encoding: str) -> None:
    """Text without a byte order mark is told by its zeros or by its characters."""
    text = '編號,姓名,地址,face\n001,王小明,臺北市的一個地址,"some text"\n002,陳小姐,在中國的公司,"other"\n'
    if encoding == "gb18030":
        text = '编号,姓名,地址,face\n001,王小明,北京市的一个地址,"some text"\n'
    assert ("/*/姓名", "王小明") in list(values(text.encode(encoding), "text/csv"))


@pytest.mark.parametrize("data", [bytes(400), b"\0\1" * 200, b"\x80\0\0\x3f" * 100, b"a\0\0b" * 100])
def test_binary_data_with_zeros_is_no_wide_text(data: bytes) -> None:
    """Counters, floats and padding are not taken for UTF-16 or UTF-32."""
    with pytest.raises(FormatError):
        list(values(data, "text/csv"))


def test_a_vector_spread_over_the_cells_of_a_workbook_is_one_value() -> None:
    """A row of a sheet whose cells are numbers with fractions gives them as one value, besides each."""
    numbers = [f"{0.01 * at - 0.3:.6f}" for at in range(64)]
    cells = "".join(f"<c><v>{number}</v></c>" for number in numbers)
    sheet = f"<worksheet><sheetData><row><c t='s'><v>7</v></c>{cells}</row></sheetData></worksheet>"
    found = [value for place, value in values(sheet.encode(), "application/xml") if value[:1] == "["]
    assert found == [f"[{', '.join(numbers)}]"]


def test_records_over_several_lines_are_read_one_after_another() -> None:
    """`mongoexport --pretty` writes objects over lines, without a list around them."""
    text = '{\n "face": {"$binary": {"base64": "QUJD", "subType": "00"}}\n}\n{\n "face": "x"\n}\n'
    found = [(place, value) for place, value in values(text.encode(), "application/json") if value != "00"]
    assert found == [("/*/face", "QUJD"), ("/*/face", "x")]


def test_numbers_of_extended_json_are_numbers() -> None:
    """A list of numbers with their type beside each is one vector."""
    text = '{"v": [' + ", ".join('{"$numberDouble": "0.125"}' for _ in range(64)) + "]}"
    ((place, value),) = values(text.encode(), "application/json")
    assert place == "/v"
    assert str(value).count("0.125") == 64


def test_fields_of_numbered_columns_that_are_no_numbers_stay() -> None:
    """Pictures in columns `photo0` to `photo63` are values of their own, not the numbers of a vector."""
    names = ",".join(f"photo{number}" for number in range(64))
    row = ",".join("QUJD" for _ in range(64))
    assert [value for _, value in values(f"{names}\n{row}\n".encode(), "text/csv")] == ["QUJD"] * 64


def test_decimal_commas_are_read_where_semicolons_separate() -> None:
    """A table of a program in a language with decimal commas holds the same vector."""
    names = ";".join(f"f{number}" for number in range(64))
    row = ";".join(f"0,{number + 100}" for number in range(64))
    ((place, value),) = values(f"{names}\n{row}\n".encode(), "text/csv")
    assert place == "/*/f"
    assert str(value).startswith("[0.100, 0.101")
