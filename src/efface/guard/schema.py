"""The forms in which social-credit records are handed in: which fields they have, and nothing else.

A form is an allow-list: it has no field for a picture or a template, so what it does not know is held back.
The forms stand as data in `schemas/`, with where each thing comes from and what no source tells.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from efface.errors import UsageError
from efface.formats.cn_codes import organisation_fault, person_fault, uscc_fault
from efface.model import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["NOTHING", "Field", "Schema", "is_heading", "plain_name", "schema", "schemas"]

NOTHING = frozenset({"", "/", "无", "-", "—", "——", "null", "NULL"})
"""What senders write where there is nothing."""

_FORMS = ("licence", "licence-old", "penalty", "penalty-old")
_HASH = re.compile(r"(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})", re.IGNORECASE)
_DATE = re.compile(
    r"\d{4}(?:[-/.年]?\d{1,2}(?:[-/.月]?\d{1,2}日?)?)?(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)?"
)
_STAMP = re.compile(
    r"\d{4,5}(?:\.0)?|\d{13}"
)  # days since 1900, as Excel writes dates; milliseconds since 1970
_DECIMAL = re.compile(r"[-+]?\d{1,18}(?:\.\d{1,12})?")
_DROPPED = re.compile(r"[\s*＊:：]+")
_ANY = 1 << 62


def _hash_fault(text: str) -> str | None:
    return None if _HASH.fullmatch(text) else "is no hash"


def _date_fault(text: str) -> str | None:
    return None if _DATE.fullmatch(text) or _STAMP.fullmatch(text) else "is no date"


def _decimal_fault(text: str) -> str | None:
    return None if _DECIMAL.fullmatch(text) else "is no number"


def _document_fault(text: str) -> str | None:
    """Return what is wrong with an identity card's number; a document of another length is another one."""
    return person_fault(text) if len(text) == 18 else None


_FAULTS: dict[str, Callable[[str], str | None]] = {
    "date": _date_fault,
    "decimal": _decimal_fault,
    "uscc": uscc_fault,
    "organisation": organisation_fault,
    "person": _document_fault,
    "hash": _hash_fault,
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form.

    Attributes:
        name: Its column.
        zh: The headings that it has in Chinese.
        most: How many characters it has room for, or None where that is not known.
        kind: "text", "date" or "decimal".
        check: "uscc", "organisation", "person" or "hash": what its value should be, or "".
        free_text: Whether sentences stand in it.
        seen: Values that sources use; no closed list.
        room: Up to how many characters any text is right in it; follows from the others.
    """

    name: str
    zh: tuple[str, ...] = ()
    most: int | None = None
    kind: str = "text"
    check: str = ""
    free_text: bool = False
    seen: tuple[str, ...] = ()
    room: int = field(default=0, compare=False)

    @property
    def is_strict(self) -> bool:
        """Whether a value that is not what it should be is held back, and not only warned of."""
        return self.check == "hash"

    def fault(self, text: str) -> str | None:
        """Return what is wrong with a value, without the value; None where nothing is."""
        if text in NOTHING:
            return None
        if self.most is not None and len(text) > self.most:
            return f"has more than {self.most} characters"
        fault = _FAULTS.get(self.check or self.kind)
        return fault(text) if fault else None


@dataclass(frozen=True, slots=True)
class Schema:
    """One form.

    Attributes:
        id: Its name on the command line.
        title: For people.
        persons: Of whom it tells: natural and legal persons.
        record_id: The field that names a record.
        fields: In the order of the form.
        sources: Where it comes from.
        unknown: What no source tells.
        around: Names of what may hold records and fields.
    """

    id: str
    title: Text
    persons: tuple[str, ...]
    record_id: str
    fields: tuple[Field, ...]
    sources: tuple[str, ...]
    unknown: Text
    around: frozenset[str]
    _by_name: Mapping[str, Field] = field(repr=False)

    def field(self, name: str) -> Field | None:
        """Return the field that a name or a heading stands for, or None where the form has none such."""
        return self._by_name.get(name) or self._by_name.get(plain_name(name))

    def fits(self, record: Mapping[str, object]) -> bool:
        """Return whether a flat record has fields of the form only, and nothing is wrong with any of them."""
        known = self._by_name
        for name, value in record.items():
            own = known.get(name) or known.get(plain_name(name))
            if own is None:
                return False
            if value is None or (type(value) is str and len(value) <= own.room):
                continue
            if own.fault(str(value).strip()):
                return False
        return True

    def holds(self, name: str) -> bool:
        """Return whether a name is that of something around records and fields."""
        return plain_name(name) in self.around


@lru_cache(maxsize=4096)
def plain_name(name: str) -> str:
    """Return a name or heading as it is compared: compatibility form, lower case, without blanks and marks."""
    return _DROPPED.sub("", unicodedata.normalize("NFKC", name[:256]).casefold())


def schema(name: str) -> Schema:
    """Return a form by its id.

    Raises:
        UsageError: There is no such form.
    """
    found = schemas().get(name)
    if found is None:
        raise UsageError(f"no schema is called {name!r}; known: {', '.join(schemas())}")
    return found


@cache
def schemas() -> dict[str, Schema]:
    """Return all forms that ship, by id."""
    exchange = _read("exchange")
    around = frozenset(map(plain_name, exchange["around"]))
    beside = tuple(_field(raw) for raw in exchange["beside"])
    forms = (_schema(_read(form), around, beside) for form in _FORMS)
    return {form.id: form for form in forms}


def is_heading(form: Schema | None) -> Callable[[str], bool]:
    """Return what tells whether a text is the heading of a field: of a form, or of any."""
    forms = [form] if form else list(schemas().values())
    return lambda text: any(each.field(text) is not None for each in forms)


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(
        resources.files("efface.guard").joinpath("schemas", f"{name}.toml").read_text("utf-8")
    )


def _schema(raw: dict[str, Any], around: frozenset[str], beside: tuple[Field, ...]) -> Schema:
    fields = tuple(_field(each) for each in raw["fields"])
    known = {plain_name(name): each for each in (*beside, *fields) for name in (each.name, *each.zh)}
    # As written, too, so that most names are found by one look-up.
    known |= {name: each for each in (*beside, *fields) for name in (each.name, each.name.upper(), *each.zh)}
    return Schema(
        raw["id"],
        Text(**raw["title"]),
        tuple(raw["persons"]),
        raw["record_id"],
        fields,
        tuple(raw["sources"]),
        Text(**raw["unknown"]),
        around,
        known,
    )


def _field(raw: dict[str, Any]) -> Field:
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in raw.items()
    }
    told = Field(**values)
    if (told.check or told.kind) in _FAULTS:
        return told
    return replace(told, room=_ANY if told.most is None else told.most)
