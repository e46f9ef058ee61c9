"""Model values as plain JSON values and back; what crosses a process or lies in the run file.

JSON rather than pickle: a decoder that was taken over must not be able to send code to its supervisor.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from efface.model import (
    Artefact,
    Characteristic,
    Clue,
    Due,
    Finding,
    FiredRule,
    Form,
    Gap,
    GapReason,
    Level,
    Locator,
    Method,
    OtherDay,
    OtherReading,
    Question,
    Removal,
    RemovalStatus,
    RuleChange,
    Sampling,
    Text,
    Unit,
    Verdict,
    VerdictKind,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["decode", "encode"]

Plain = dict[str, Any]


def encode(value: Artefact | Finding | Gap | Sampling | Verdict | Removal | Unit) -> Plain:
    """Return a value as plain JSON values with its type under "type"."""
    return {"type": type(value).__name__, **_ENCODERS[type(value)](value)}


def decode(plain: Plain) -> Any:  # noqa: ANN401 - one of the model's values, by its "type"
    """Return the value that `encode` made plain.

    Raises:
        ValueError: It is no such thing.
    """
    try:
        return _DECODERS[plain["type"]](plain)
    except (KeyError, TypeError) as error:
        message = "not a value of the model"
        raise ValueError(message) from error


def _artefact(value: Artefact) -> Plain:
    return {
        "uri": value.locator.uri,
        "media_type": value.media_type,
        "size_bytes": value.size_bytes,
        "sha256": value.sha256,
        "modified_at": _time(value.modified_at),
    }


def _finding(value: Finding) -> Plain:
    return {
        "id": value.id,
        "detector": value.detector,
        "form": value.form,
        "characteristic": value.characteristic,
        "uri": value.locator.uri,
        "confidence": value.confidence,
        "references": value.references,
        "level": value.level,
        "clues": [[clue.name, clue.value, clue.weight] for clue in value.clues],
    }


def _gap(value: Gap) -> Plain:
    return {"uri": value.locator.uri, "stage": value.stage, "reason": value.reason, "detail": value.detail}


def _sampling(value: Sampling) -> Plain:
    return {
        "uri": value.locator.uri,
        "unit": value.unit,
        "looked_at": value.looked_at,
        "total": value.total,
        "is_random": value.is_random,
    }


def _verdict(value: Verdict) -> Plain:
    return {
        "subject": value.subject,
        "kind": value.kind,
        "fired": [
            [
                rule.id,
                rule.kind,
                list(rule.because),
                list(rule.missing),
                rule.explanation.zh,
                rule.explanation.en,
                _due(rule.due),
            ]
            for rule in value.fired
        ],
        "because": list(value.because),
        "missing": [[question.fact, question.text.zh, question.text.en] for question in value.missing],
        "remedy": value.remedy,
        "as_of": value.as_of.isoformat(),
        "readings": [[r.reading, r.is_taken, r.kind, _changes(r.changes)] for r in value.readings],
        "today": value.today
        and [
            value.today.then.isoformat(),
            value.today.as_of.isoformat(),
            value.today.kind,
            _changes(value.today.changes),
        ],
    }


def _changes(changes: Iterable[RuleChange]) -> list[list[str]]:
    return [[change.id, change.here, change.there] for change in changes]


def _changes_of(plain: Iterable[list[str]]) -> tuple[RuleChange, ...]:
    return tuple(RuleChange(rule, VerdictKind(here), VerdictKind(there)) for rule, here, there in plain)


def _due(due: Due | None) -> list[Any] | None:
    if due is None:
        return None
    on = due.on and due.on.isoformat()
    return [due.after, due.since.isoformat(), on, due.days_left, due.unpublished]


def _due_of(plain: list[Any] | None) -> Due | None:
    if plain is None:
        return None
    after, since, on, *rest = plain
    return Due(after, date.fromisoformat(since), on and date.fromisoformat(on), *rest)


def _fired_of(plain: list[Any]) -> FiredRule:
    name, kind, because, missing, zh, en, *due = plain  # a judging by an earlier version has no due day
    return FiredRule(
        name, VerdictKind(kind), tuple(because), tuple(missing), Text(zh, en), _due_of(*due or [None])
    )


def _verdict_of(plain: Plain) -> Verdict:
    return Verdict(
        plain["subject"],
        VerdictKind(plain["kind"]),
        tuple(_fired_of(rule) for rule in plain["fired"]),
        tuple(plain["because"]),
        tuple(Question(fact, Text(zh, en)) for fact, zh, en in plain["missing"]),
        plain["remedy"],
        date.fromisoformat(plain["as_of"]),
        tuple(
            OtherReading(reading, is_taken, VerdictKind(kind), _changes_of(changes))
            for reading, is_taken, kind, changes in plain.get("readings", ())
        ),
        _day_of(plain.get("today")),
    )


def _day_of(plain: list[Any] | None) -> OtherDay | None:
    if plain is None:
        return None
    then, as_of, kind, changes = plain
    return OtherDay(
        date.fromisoformat(then), date.fromisoformat(as_of), VerdictKind(kind), _changes_of(changes)
    )


def _removal(value: Removal) -> Plain:
    return {
        "uri": value.target.uri,
        "finding_ids": list(value.finding_ids),
        "verdict_kinds": list(value.verdict_kinds),
        "actions": list(value.actions),
        "method": value.method,
        "status": value.status,
        "reason": value.reason,
        "before": value.before,
        "after": value.after,
        "residue": value.residue,
        "performed_at": _time(value.performed_at),
    }


def _unit(value: Unit) -> Plain:
    return {"uri": value.uri, "size_bytes": value.size_bytes, "stamp": value.stamp, "source": value.source}


def _time(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()


def _time_of(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


_ENCODERS: dict[type, Any] = {
    Artefact: _artefact,
    Finding: _finding,
    Gap: _gap,
    Sampling: _sampling,
    Verdict: _verdict,
    Removal: _removal,
    Unit: _unit,
}

_DECODERS: dict[str, Any] = {
    "Artefact": lambda p: Artefact(
        Locator.parse(p["uri"]), p["media_type"], p["size_bytes"], p["sha256"], _time_of(p["modified_at"])
    ),
    "Finding": lambda p: Finding(
        p["detector"],
        Form(p["form"]),
        Characteristic(p["characteristic"]),
        Locator.parse(p["uri"]),
        p["confidence"],
        p["references"],
        None if p["level"] is None else Level(p["level"]),
        tuple(Clue(*clue) for clue in p["clues"]),
    ),
    "Gap": lambda p: Gap(Locator.parse(p["uri"]), p["stage"], GapReason(p["reason"]), p["detail"]),
    "Sampling": lambda p: Sampling(
        Locator.parse(p["uri"]), p["unit"], p["looked_at"], p["total"], p["is_random"]
    ),
    "Verdict": _verdict_of,
    "Removal": lambda p: Removal(
        Locator.parse(p["uri"]),
        tuple(p["finding_ids"]),
        tuple(p["verdict_kinds"]),
        tuple(p["actions"]),
        Method(p["method"]),
        RemovalStatus(p["status"]),
        p["reason"],
        p["before"],
        p["after"],
        p["residue"],
        _time_of(p["performed_at"]),
    ),
    "Unit": lambda p: Unit(p["uri"], p["size_bytes"], p["stamp"], p["source"]),
}
