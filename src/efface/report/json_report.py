r"""Render a run as JSON, schema `efface/run/v1`: a promise to scripts that grows only by added keys.

The same run gives the same text: findings, gaps and verdicts stand in a fixed order, numbers are rounded.
Names whose bytes no encoding explains are written with \xNN in `path`; `uri` holds them exactly.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from efface.report.arrange import (
    findings_in_order,
    gaps_in_order,
    rules_in_order,
    verdicts_in_order,
)
from efface.report.json_beside import beside
from efface.report.plain import HIDDEN, encodable, moment_text, target_text

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable
    from datetime import date

    from efface.model import (
        Deadline,
        Due,
        Finding,
        Gap,
        Locator,
        OtherDay,
        Reading,
        Removal,
        Rule,
        RuleChange,
        Text,
        Verdict,
    )
    from efface.report.view import RunView

__all__ = ["SCHEMA", "dump", "render"]

SCHEMA = "efface/run/v1"

_DECIMALS = 4
_JSON = dict[str, Any]


def render(view: RunView) -> str:
    """Return the run as one JSON document, indented, ending in a line feed."""
    return dump(
        {
            "schema": SCHEMA,
            "run": _run(view),
            "case": {"title": encodable(view.case_title), "as_of": _day(view.as_of)},
            "coverage": {
                "seen": view.coverage.seen,
                "scanned": view.coverage.scanned,
                "gaps": view.coverage.gaps,
                "bytes": view.coverage.bytes,
                "reused": view.coverage.reused,
            },
            "findings": [_finding(view, finding) for finding in findings_in_order(view)],
            "gaps": [_gap(gap) for gap in gaps_in_order(view)],
            "verdicts": [_verdict(verdict) for verdict in verdicts_in_order(view)],
            "rules": [_rule(rule) for rule in rules_in_order(view)],
            "readings": [_reading(reading) for reading in view.readings],
            "removals": [_removal(r) for r in sorted(view.removals, key=lambda r: r.target.uri)],
            "notes": _texts(view.notes),
            **beside(view, _locator),
        }
    )


def dump(document: _JSON) -> str:
    r"""Return a JSON text in which no character acts on a terminal: those are written as \uNNNN."""
    text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
    return HIDDEN.sub(_escaped, text) + "\n"


def _escaped(match: re.Match[str]) -> str:
    # json.dumps has escaped what stands in strings below 0x20; a line feed here is its own layout.
    character = match.group()
    return character if character == "\n" else json.dumps(character)[1:-1]


def _texts(texts: Iterable[str]) -> list[str]:
    return [encodable(text) for text in texts]


def _both(text: Text) -> _JSON:
    return {"zh": encodable(text.zh), "en": encodable(text.en)}


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _run(view: RunView) -> _JSON:
    return {
        "id": view.run_id,
        "tool_version": view.tool_version,
        "started_at": moment_text(view.started_at),
        "finished_at": moment_text(view.finished_at) or None,
        "mode": view.mode,
        "targets": [target_text(target) for target in view.targets],
        "detectors": sorted(view.detectors),
        "packs": [{"id": p.id, "digest": p.digest} for p in sorted(view.packs, key=lambda p: p.id)],
        "networks": [
            {"name": n.name, "digest": n.digest} for n in sorted(view.networks, key=lambda n: n.name)
        ],
    }


def _locator(locator: Locator) -> _JSON:
    fragment = None if locator.fragment is None else encodable(locator.fragment)
    return {"uri": locator.uri, "path": _texts(locator.path), "fragment": fragment}


def _finding(view: RunView, finding: Finding) -> _JSON:
    clues = [
        {"name": c.name, "value": encodable(c.value), "weight": round(c.weight, _DECIMALS)}
        for c in finding.clues
    ]
    return {
        "id": finding.id,
        "detector": finding.detector,
        "form": finding.form,
        "characteristic": finding.characteristic,
        "level": None if finding.level is None else int(finding.level),
        "confidence": round(finding.confidence, _DECIMALS),
        "references": finding.references,
        "locator": _locator(finding.locator),
        "clues": clues,
        "known": None if view.baseline is None else finding.id in view.baseline.known,
        "waiver": view.waived.get(finding.id),
    }


def _gap(gap: Gap) -> _JSON:
    return {
        "locator": _locator(gap.locator),
        "stage": gap.stage,
        "reason": gap.reason,
        "detail": encodable(gap.detail),
    }


def _verdict(verdict: Verdict) -> _JSON:
    return {
        "finding_id": verdict.subject,
        "kind": verdict.kind,
        "rules": [rule.id for rule in verdict.fired],
        "because": _texts(verdict.because),
        "missing": [question.fact for question in verdict.missing],
        "remedy": verdict.remedy,
        "as_of": _day(verdict.as_of),
        "questions": [{"fact": question.fact, **_both(question.text)} for question in verdict.missing],
        "fired": [
            {
                "id": rule.id,
                "kind": rule.kind,
                "because": _texts(rule.because),
                "missing": list(rule.missing),
                "explanation": _both(rule.explanation),
                "due": _due(rule.due),
            }
            for rule in verdict.fired
        ],
        "readings": [
            {
                "reading": other.reading,
                "is_taken": other.is_taken,
                "kind": other.kind,
                "changes": _changes(other.changes),
            }
            for other in verdict.readings
        ],
        "today": _today(verdict.today),
    }


def _changes(changes: Iterable[RuleChange]) -> list[_JSON]:
    return [{"id": change.id, "here": change.here, "there": change.there} for change in changes]


def _today(other: OtherDay | None) -> _JSON | None:
    if other is None:
        return None
    return {
        "then": _day(other.then),
        "as_of": _day(other.as_of),
        "kind": other.kind,
        "changes": _changes(other.changes),
    }


def _due(due: Due | None) -> _JSON | None:
    if due is None:
        return None
    return {
        "after": due.after,
        "since": _day(due.since),
        "on": _day(due.on),
        "days_left": due.days_left,
        "unpublished": due.unpublished,
    }


def _reading(reading: Reading) -> _JSON:
    return {
        "id": reading.id,
        "label": _both(reading.label),
        "for": _both(reading.speaks_for),
        "against": _both(reading.speaks_against),
    }


def _deadline(deadline: Deadline | None) -> _JSON | None:
    if deadline is None:
        return None
    return {
        **_both(deadline.text),
        "days": deadline.days,
        "working_days": deadline.working_days,
        "after": deadline.after,
    }


def _rule(rule: Rule) -> _JSON:
    citation = rule.citation
    return {
        "id": rule.id,
        "pack": rule.pack,
        "mode": rule.mode,
        "instrument": _both(citation.instrument),
        "article": citation.article,
        "quote": citation.quote,
        "paraphrase": _both(citation.paraphrase),
        "force": citation.force,
        "sources": list(citation.sources),
        "read_on": _day(citation.read_on),
        "confidence": citation.confidence,
        "notes": [_both(note) for note in citation.notes],
        "effective_from": _day(rule.effective_from),
        "effective_until": _day(rule.effective_until),
        "remedy": rule.remedy,
        "consequence": _both(rule.consequence) if rule.consequence else None,
        "deadline": _deadline(rule.deadline),
    }


def _removal(removal: Removal) -> _JSON:
    return {
        "target": _locator(removal.target),
        "finding_ids": list(removal.finding_ids),
        "verdict_kinds": list(removal.verdict_kinds),
        "actions": list(removal.actions),
        "method": removal.method,
        "status": removal.status,
        "reason": encodable(removal.reason),
        "before": removal.before,
        "after": removal.after,
        "residue": removal.residue,
        "performed_at": moment_text(removal.performed_at) or None,
    }
