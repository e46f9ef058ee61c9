"""Model values as plain JSON values and back; what crosses a process or lies in the run file.

JSON rather than pickle: a decoder that was taken over must not be able to send code to its supervisor.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from efface.model import (
    Artefact,
    Characteristic,
    Clue,
    Finding,
    FiredRule,
    Form,
    Gap,
    GapReason,
    Level,
    Locator,
    Method,
    Question,
    Removal,
    RemovalStatus,
    Sampling,
    Text,
    Unit,
    Verdict,
    VerdictKind,
)

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
            ]
            for rule in value.fired
        ],
        "because": list(value.because),
        "missing": [[question.fact, question.text.zh, question.text.en] for question in value.missing],
        "remedy": value.remedy,
        "as_of": value.as_of.isoformat(),
    }


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
    "Verdict": lambda p: Verdict(
        p["subject"],
        VerdictKind(p["kind"]),
        tuple(
            FiredRule(rule[0], VerdictKind(rule[1]), tuple(rule[2]), tuple(rule[3]), Text(rule[4], rule[5]))
            for rule in p["fired"]
        ),
        tuple(p["because"]),
        tuple(Question(fact, Text(zh, en)) for fact, zh, en in p["missing"]),
        p["remedy"],
        date.fromisoformat(p["as_of"]),
    ),
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
