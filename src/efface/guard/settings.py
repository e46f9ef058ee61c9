"""What a guard is made of, as one plain message: so that a process of its own can make the same guard."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from efface import __version__
from efface.guard.decision import DOOR_LIMITS, Guard
from efface.guard.schema import schema
from efface.model import Case, Hold, Limits, Mode
from efface.rules.pack import builtin_packs, load_pack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from efface.model.case import FactValue
    from efface.rules.pack import Pack

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """The facts, the law and the budgets of a guard.

    Attributes:
        case: The facts under which payloads are judged, or None to refuse all biometric data.
        as_of: The day whose law is applied; None for the day of each payload.
        packs: The law; by default what ships with efface.
        mode: How hard to look.
        limits: Budgets of one payload.
        schema: Id of the form that payloads claim to be, or "" for none.

    Raises:
        UsageError: There is no such form.
    """

    case: Case | None = None
    as_of: date | None = None
    packs: tuple[Pack, ...] = field(default_factory=builtin_packs)
    mode: Mode = Mode.STANDARD
    limits: Limits = DOOR_LIMITS
    schema: str = ""

    def __post_init__(self) -> None:
        """Refuse a form that is not known, before anything is decided."""
        if self.schema:
            schema(self.schema)

    def guard(self, day: date) -> Guard:
        """Return a guard that judges as of a day, unless the settings name one.

        It is told of a form with each payload, since not everything that comes through a door is a submission.
        """
        return Guard(self.case, self.as_of or day, packs=self.packs, mode=self.mode, limits=self.limits)

    def tag(self) -> str:
        """Return 30 hex digits that change with the program, the law, the facts, the budgets and the form (ISTag)."""
        packs = [(pack.reference.id, pack.reference.digest) for pack in self.packs]
        made_of = repr((__version__, packs, self.case, self.as_of, self.mode, self.limits, self.schema))
        return hashlib.sha256(made_of.encode("utf-8", "backslashreplace")).hexdigest()[:30]

    def message(self) -> dict[str, Any]:
        """Return the settings as values of JSON."""
        return {
            "case": None if self.case is None else _plain(asdict(self.case)),
            "as_of": self.as_of and self.as_of.isoformat(),
            "packs": [dict(pack.texts) for pack in self.packs],
            "mode": self.mode,
            "limits": asdict(self.limits),
            "schema": self.schema,
        }

    @classmethod
    def from_message(cls, message: Mapping[str, Any]) -> Settings:
        """Return the settings that `message` gave; its packs were checked where they were read."""
        return cls(
            None if message["case"] is None else _case(message["case"]),
            message["as_of"] and date.fromisoformat(message["as_of"]),
            tuple(load_pack(texts, checked=True) for texts in message["packs"]),
            Mode(message["mode"]),
            Limits(**message["limits"]),
            message["schema"],
        )


_DAY = "day"


def _plain(value: Any) -> Any:  # noqa: ANN401 - any value of a case
    if isinstance(value, date):
        return {_DAY: value.isoformat()}
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _day(value: Any) -> Any:  # noqa: ANN401 - any value of a case
    return date.fromisoformat(value[_DAY]) if isinstance(value, dict) and set(value) == {_DAY} else value


def _case(message: Mapping[str, Any]) -> Case:
    fields: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else _day(value) for name, value in message.items()
    }
    fields["holds"] = tuple(
        Hold(**{name: _day(value) for name, value in hold.items()}) for hold in message["holds"]
    )
    facts: dict[str, FactValue] = {name: _day(value) for name, value in message["facts"].items()}
    return Case(**{**fields, "facts": facts})
