"""Compare the values of a submission with the form that it says it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from efface.guard.entries import shown
from efface.guard.schema import NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from efface.guard.entries import Entry
    from efface.guard.schema import Schema

__all__ = ["FormCheck", "compared", "record_ids"]

_ID_NAMES = frozenset({"id", "cf_wsh", "xk_wsh", "CF_WSH", "XK_WSH"})
_LONGEST_ID = 40
_LONGEST_TECHNICAL = 200
_MOST = 200  # places of a kind that are told


@dataclass(frozen=True, slots=True)
class FormCheck:
    """What does not fit the form.

    Attributes:
        unknown: Values that the form has no field for, with why; such a submission is held back.
        warnings: Values that are not what their field should hold; they are told, and pass.
    """

    unknown: tuple[tuple[Entry, str], ...] = ()
    warnings: tuple[tuple[Entry, str], ...] = ()


def compared(entries: Iterable[Entry], schema: Schema) -> FormCheck:
    """Return what of a submission does not fit a form. Texts that say nothing of content are given for why."""
    unknown: list[tuple[Entry, str]] = []
    warnings: list[tuple[Entry, str]] = []
    for entry in entries:
        own = entry.names[0] if entry.names else ""
        if entry.kind == "aside":
            continue
        if entry.kind == "markup":
            if len(entry.text) > _LONGEST_TECHNICAL:
                unknown.append((entry, "an attribute of the markup that is too long for one"))
            continue
        why = _unknown(entry, own, schema)
        if why:
            unknown.append((entry, why))
            continue
        field = schema.field(own)
        fault = field.fault(entry.text.strip()) if field else None
        if field and fault:
            (unknown if field.is_strict else warnings).append((entry, f"{field.name}: {fault}"))
    return FormCheck(tuple(unknown[:_MOST]), tuple(warnings[:_MOST]))


def _unknown(entry: Entry, own: str, schema: Schema) -> str | None:
    if not own:
        return "a value without a field's name" if entry.text.strip() not in NOTHING else None
    # Of what it lies in, a form's own field may be none: fields hold one value each.
    outside = next((name for name in entry.names[1:] if not schema.holds(name)), None)
    if outside is not None:
        return f"stands in {shown(outside)!r}, which the form does not have"
    return None if schema.field(own) else f"{shown(own)!r} is no field of the form"


def record_ids(entries: Iterable[Entry], schema: Schema | None) -> dict[str, str]:
    """Return what names each record, by its place: a document number, or what stands under `id`.

    A text of more than 40 characters, or one with what no number of a document holds, names nothing.
    """
    found: dict[str, str] = {}
    for entry in entries:
        own = entry.names[0] if entry.names else ""
        field = schema.field(own) if schema else None
        is_id = field.name == schema.record_id if schema and field else own in _ID_NAMES
        if is_id and 0 < len(entry.text) <= _LONGEST_ID and entry.text.isprintable():
            found[entry.record] = entry.text
    return found
