"""Write the inventory of an inspection as a CycloneDX document, in which what recognises people is marked.

Source: CycloneDX 1.6 (ECMA-424), JSON: bomFormat, specVersion, components, evidence, properties; package URL (purl).
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from efface.report.json_report import dump
from efface.report.systems import clues, systems

if TYPE_CHECKING:
    from efface.model import Finding
    from efface.report.systems import System
    from efface.report.view import RunView

__all__ = ["render"]

_JSON = dict[str, Any]
_PURL = {
    "pip": "pypi", "npm": "npm", "maven": "maven", "nuget": "nuget", "go": "golang", "apt": "deb/debian",
    "composer": "composer",
}  # fmt: skip
_TYPES = {
    "graph": "machine-learning-model",
    "model": "machine-learning-model",
    "image": "container",
    "gallery": "data",
}
_APPLICATIONS = frozenset({"installer", "service", "log"})


def render(view: RunView) -> str:
    """Return the inventory: a component for each system, and inside it one for each of its traces.

    Not promised: the packages that tell of no system; they are not in the document.
    """
    started = view.started_at.isoformat().replace("+00:00", "Z")
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, view.run_id)}",
        "version": 1,
        "metadata": {
            "timestamp": started,
            "tools": {
                "components": [{"type": "application", "name": "efface", "version": view.tool_version}]
            },
            "properties": [_property("run", view.run_id), _property("gaps", str(len(view.gaps)))],
        },
        "components": [_system(number, each) for number, each in enumerate(systems(view), start=1)],
    }
    return dump(document)


def _property(name: str, value: str) -> _JSON:
    return {"name": f"efface:{name}", "value": value}


def _system(number: int, system: System) -> _JSON:
    kinds = set(system.kinds)
    component: _JSON = {
        "type": "application" if kinds & _APPLICATIONS or not kinds else _type_of(system.findings[0]),
        "bom-ref": f"system-{number}",
        "name": system.name,
        "properties": [
            _property("recognises", "face" if system.recognises else "unknown"),
            _property("tells", system.tells),
            _property("confidence", f"{system.confidence:.2f}"),
            *([_property("verdict", system.verdict.kind)] if system.verdict else []),
        ],
        "components": [_trace(f"system-{number}", each) for each in system.findings],
    }
    if system.vendor:
        component["manufacturer"] = {"name": system.vendor}
    return component


def _type_of(finding: Finding) -> str:
    kind = next(iter(clues(finding, "signature")), "").partition("/")[0]
    return _TYPES.get(kind, "library")


def _trace(parent: str, finding: Finding) -> _JSON:
    versions = clues(finding, "version")
    component: _JSON = {
        "type": _type_of(finding),
        "bom-ref": f"{parent}-{finding.id}",
        "name": next(iter(clues(finding, "system")), "?"),
        "evidence": {"occurrences": [{"location": finding.locator.at(None).uri}]},
        "properties": [
            _property("finding", finding.id),
            _property("recognises", "face" if finding.is_biometric else "unknown"),
            *(
                _property(clue.name, clue.value)
                for clue in finding.clues
                if clue.name not in ("system", "version")
            ),
        ],
    }
    if versions:
        component["version"] = versions[0]
    if package := _package(finding):
        component["purl"] = package + (f"@{quote(versions[0], safe='')}" if versions else "")
    return component


def _package(finding: Finding) -> str:
    for signature in clues(finding, "signature"):
        kind, _, name = signature.partition("/")
        if kind in _PURL and "*" not in name:
            path = name.replace(":", "/") if kind == "maven" else name
            return f"pkg:{_PURL[kind]}/{quote(path.lower() if kind in ('pip', 'go') else path, safe='/')}"
    return ""
