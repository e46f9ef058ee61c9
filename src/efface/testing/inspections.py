"""Runs that inspected a device, made in this process: what `efface inspect --device` leaves, without its workers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from efface.detectors.system_device import SystemDevice
from efface.model import (
    Artefact,
    FiredRule,
    Gap,
    Limits,
    Mode,
    PackReference,
    Part,
    Text,
    Unit,
    Verdict,
    VerdictKind,
)
from efface.runs.codec import encode
from efface.runs.record import judged_entry, scan_entry
from efface.runs.store import Store
from efface.sources.device import Device, authorise

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["inspected", "judged"]

_DAY = date(2026, 1, 2)


def inspected(path: str, target: str, user: str, password: str) -> None:
    """Ask a device, and write a run file that holds what it told.

    Args:
        path: Where the run file goes.
        target: `device://HOST:PORT`, or with a scheme behind `device+`.
        user: Name for the device.
        password: Password.
    """
    authorise(target, user, password)
    source = Device()
    found: dict[str, list[object]] = {"findings": [], "gaps": []}
    (unit,) = (each for each in source.units(target) if isinstance(each, Unit))
    for part in source.open(unit, Limits()).parts():
        if isinstance(part, Gap):
            found["gaps"].append(encode(part))
        elif isinstance(part, Part):
            artefact = Artefact(part.locator, "application/json", part.payload.size_bytes)
            told = SystemDevice().detect(artefact, part.payload, part.surroundings, Mode.STANDARD, Limits())
            found["findings"] += [encode(each) for each in told]
    now = datetime.now(UTC).isoformat()
    with Store(path) as store, store.transaction():
        store.set_meta("targets", json.dumps([target]))
        for name, value in (("scan", "1"), ("mode", "standard"), ("look", "systems")):
            store.set_meta(name, value)
        store.set_meta("started_at", now)
        store.set_meta("finished_at", now)
        store.list_units([replace(unit, stamp="looked at")], 1)
        store.finish_unit(unit, "", {**found, "sha256": "", "artefacts": 1, "scanned": 1, "bytes": 0})
        store.ledger.append({"kind": "run_opened", "run": store.run_id, "tool_version": "0", "targets": 1})
        store.keep_scanned()
        store.ledger.append(scan_entry(store, Mode.STANDARD))


def judged(path: str, kind: VerdictKind, *, but: Sequence[str] = (), rule: str = "TEST-1") -> None:
    """Judge a run's findings alike, by one rule.

    Args:
        path: The run file.
        kind: What the rule says.
        but: Parts of places of findings that get no verdict.
        rule: Its identifier.
    """
    with Store(path, create=False) as store:
        fired = FiredRule(rule, kind, (), (), Text("", ""))
        verdicts = [
            Verdict(each.id, kind, (fired,), (), (), "", _DAY)
            for each in store.findings()
            if each.is_biometric and not any(part in each.locator.uri for part in but)
        ]
        packs = (PackReference("test", "sha256:" + "0" * 64),)
        with store.transaction():
            store.set_verdicts(verdicts)
            store.ledger.append(judged_entry(verdicts, packs, _DAY))
