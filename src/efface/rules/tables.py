"""Read TOML text into checked tables, with every fault at once."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from efface.rules.taxonomy import closest

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAX_CHARACTERS", "Table", "parse_toml", "read_table"]

MAX_CHARACTERS = 1 << 20
_MESSAGES = {"missing": "missing", "date_type": "expected a date such as 2020-10-01, without quotes"}


class Table(BaseModel):
    """A table of a file: no key but the declared ones, no type but the declared one."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


_T = TypeVar("_T", bound=Table)


def parse_toml(text: str) -> tuple[dict[str, Any], str | None]:
    """Return the tables of a TOML text, or an empty one and what is wrong with it."""
    if len(text) > MAX_CHARACTERS:
        return {}, f"longer than {MAX_CHARACTERS} characters"
    try:
        return tomllib.loads(text), None
    except RecursionError:
        return {}, "nested too deeply"
    except ValueError as error:  # TOMLDecodeError, and the limit on digits of a number
        return {}, f"not valid TOML: {str(error)[:200]}"


def _keys(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield name
        for inner in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                yield from _keys(inner)


def read_table(raw: dict[str, Any], model: type[_T]) -> tuple[_T | None, list[str]]:
    """Return the checked table, or None and every fault as "place: what is wrong"."""
    try:
        return model.model_validate(raw), []
    except ValidationError as error:
        faults = []
        for fault in error.errors(include_url=False, include_context=False, include_input=False):
            place = ".".join(str(step) for step in fault["loc"])
            message = _MESSAGES.get(fault["type"], fault["msg"].removeprefix("Value error, "))
            if fault["type"] == "extra_forbidden":
                message = f"no such key{closest(str(fault['loc'][-1]), tuple(_keys(model)))}"
            faults.append(f"{place[:200]}: {message}")
        return None, faults
