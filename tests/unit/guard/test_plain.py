"""The short way for plain records answers as the long way does."""

from __future__ import annotations

import json
import random
from datetime import date

import pytest

from efface.formats.cn_codes import uscc_check
from efface.guard import Door, Guard, Schema, schema, schemas
from efface.guard.entries import of_json
from efface.guard.form_check import compared
from efface.guard.plain import plain_record
from efface.testing.hiding import CODINGS, PAYLOADS, hidden
from efface.testing.submissions import clean_record

from .conftest import CREDIT

PENALTY = schema("cn-penalty")


class Long(Guard):
    """A guard without the short way."""

    def _is_plain(self, *_arguments: object) -> bool:
        return False


@pytest.fixture(scope="module")
def long() -> Guard:
    return Long(CREDIT, date(2026, 1, 1))


def written(record: object) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode()


def test_most_clean_records_are_plain() -> None:
    """The short way is worth having."""
    found = [written(clean_record(form, seed)) for form in schemas().values() for seed in range(25)]
    assert sum(plain_record(data) is not None for data in found) > 0.5 * len(found)


@pytest.mark.parametrize("form", schemas().values(), ids=schemas().keys())
def test_both_ways_answer_alike_on_clean_records(long: Guard, form: object) -> None:
    """What is plain is allowed by every detector, too, under its form and without."""
    for seed in range(40):
        data = written(clean_record(form, seed))  # type: ignore[arg-type]
        if plain_record(data) is not None:
            assert long.decide(data, "a.json").door is Door.ALLOW
            decision = long.decide(data, "a.json", schema=form)  # type: ignore[arg-type]
            assert (decision.door, decision.warnings) == (Door.ALLOW, ())


def test_both_ways_answer_alike_on_random_records(credit: Guard, long: Guard) -> None:
    """Whatever characters, lengths and kinds of values: never does the short way let through what the long one holds."""
    chance = random.Random(5)
    alphabets = [
        "abcXYZ019+/=",
        "0123456789.-",
        "人脸指纹证件，。",
        "аéßçx ",
        "\u00a0\u00ad\t",
        "%=\\x&#;",
        '{}[]",:',
    ]
    plain = 0
    for _ in range(1500):
        record = {}
        for at in range(chance.randint(1, 6)):
            text = "".join(chance.choice(chance.choice(alphabets)) for _ in range(chance.randint(0, 60)))
            record[f"{chance.choice(['bz', 'cf_nr', 'faceFeature', '指纹'])}{at}"] = chance.choice(
                [text, text[:20], chance.random(), chance.randrange(10**9), None, True, " ".join(text)]
            )
        data = written(record)
        plain += plain_record(data) is not None
        assert credit.decide(data, "a.json").door is long.decide(data, "a.json").door
    assert plain > 300


USCC = "91120000MA06K8T79"
VALUES = (
    *("", " ", "/", " / ", "无", "null", "甲", "甲" * 18, "甲" * 36, "甲" * 37, "甲" * 201, "a" * 19),
    *(
        "2025-01-02",
        "2025年1月2日",
        " 2025/1/2 ",
        "45000.0",
        "1700000000000",
        "soon",
        "2025-01-02 3:04",
        "2025-",
    ),
    *("0.5", "-3", "1e5", "1,000", "+.5", "١٢٣", USCC + uscc_check(USCC), USCC + "?", USCC + "I", USCC),
    *(
        "110101199001010015",
        "110101199013010015",
        "11010119900101001X",
        "１１０１０１１９９００１０１００１５",
    ),
    *("MA06K8T79", "MA06K8T7-9", "12345678", "d41d8cd98f00b204e9800998ecf8427e", "left thumb"),
    *(None, True, False, 0, 20250102, 45000.5, 10**20, -1.5),
)
AROUND = ("{}", " {} ", "*{}", "{}：", "{}x")


def drawn(form: Schema, chance: random.Random) -> dict[str, object]:
    """Return a record of a form's fields, some under names that are not quite theirs, with any values."""
    fields = chance.sample(form.fields, chance.randint(1, 6))
    names = [chance.choice((field.name, field.name.upper(), *field.zh)) for field in fields]
    shells = chance.choices(AROUND, (20, 1, 1, 1, 1), k=len(names))
    return {
        shell.format(name): chance.choice(VALUES) for shell, name in zip(shells, names, strict=True)
    } | chance.choices(({}, {"": "/"}, {"rlzp": "1"}, {"finger_print": "a"}), (20, 1, 1, 1))[0]


@pytest.mark.parametrize("form", schemas().values(), ids=schemas().keys())
def test_a_record_fits_its_form_by_one_look_or_by_each_value(form: Schema) -> None:
    """Names, lengths, dates, numbers and codes: both ways to compare a record with a form say the same."""
    chance, fitting = random.Random(form.id), 0
    for _ in range(2_000):
        record = drawn(form, chance)
        found = compared(of_json(written(record).decode()), form)
        fits = form.fits(record)
        assert fits == (not found.unknown and not found.warnings) or "" in record, record
        fitting += fits
    assert 100 < fitting < 1_900


def test_both_ways_answer_alike_on_random_records_under_a_form(credit: Guard, long: Guard) -> None:
    """Door and warnings are those of the long way, whatever stands in the fields of a form."""
    chance, plain = random.Random(11), 0
    for _ in range(250):
        form = chance.choice(list(schemas().values()))
        data = written(drawn(form, chance))
        short, whole = (guard.decide(data, "a.json", schema=form) for guard in (credit, long))
        assert (short.door, short.warnings) == (whole.door, whole.warnings), data
        plain += plain_record(data) is not None
    assert plain > 100


def test_nothing_hidden_is_plain() -> None:
    """No payload in any coding in a field takes the short way."""
    for what, make in PAYLOADS.items():
        for coding, code in CODINGS.items():
            data = written({"bz": code(make(1))})
            assert plain_record(data) is None, (what, coding)
    assert not [seed for seed in range(300) if plain_record(hidden(seed).data) is not None]


LONG_WAY = {
    "a run of 24": {"bz": "A" * 24},
    "a name of 24": {"A" * 24: ""},
    "a number of 24 digits": {"bz": int("1" * 24)},
    "short runs with 96 characters together": {"bz": "AAAA " * 24},
    "a letter of Latin-1": {"bz": "\u00ff"},
    "a control": {"bz": "\x01"},
    "half a character": {"bz": "\ud800"},
    "a list": {"bz": ["a"]},
    "an object": {"bz": {"a": "b"}},
    "sixty-four values": {str(number): 1 for number in range(64)},
    "a list of records": [{"bz": "a"}],
}


@pytest.mark.parametrize("record", LONG_WAY.values(), ids=LONG_WAY.keys())
def test_what_takes_the_long_way(record: object) -> None:
    """Room for anything hidden is room to look."""
    assert plain_record(json.dumps(record).encode()) is None


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b'{"a":1,"a":2}', b"\xff{}", b'{"a":"' + b"x" * 20000 + b'"}']
)
def test_what_is_no_record_takes_the_long_way(data: bytes) -> None:
    """Broken, doubled, of another encoding or large: the long way tells."""
    assert plain_record(data) is None


def test_a_plain_record_is_held_to_its_form(credit: Guard) -> None:
    """The short way knows names of fields, kinds of values and what is conditional."""
    assert credit.decide(b'{"rlzp": "1"}', "a.json", schema=PENALTY).door is Door.QUARANTINE
    assert credit.decide(b'{"cf_jdrq": "x"}', "a.json", schema=PENALTY).warnings != ()
    assert credit.decide('{"血型": "A"}'.encode(), "a.json").door is Door.REFUSE
