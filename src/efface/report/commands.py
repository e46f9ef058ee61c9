"""The commands with which a person takes packages, services and containers away; efface runs none of them.

Sources: the managers' own manuals: pip, npm, apt-get, apk, Composer, dotnet, systemctl, docker compose, kubectl.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from efface.report.systems import clues

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from efface.model import Finding

__all__ = ["commands_of"]

_MOST = 12
_PLAIN = re.compile(r"[A-Za-z0-9@][A-Za-z0-9@/._+:~-]{0,127}", re.ASCII)
_PACKAGES = {
    "pip": "python -m pip uninstall {}",
    "npm": "npm uninstall {}",
    "apt": "apt-get purge {}",
    "composer": "composer remove {}",
    "nuget": "dotnet remove package {}",
}
_ALPINE = "lib/apk/db/installed"
_UNIT = re.compile(r"[A-Za-z0-9@][A-Za-z0-9:_.@-]{0,127}\.(?:service|timer|socket)", re.ASCII)
_COMPOSE = re.compile(r"(?:docker-)?compose[^/]*\.ya?ml")


def commands_of(step: str, findings: Iterable[Finding]) -> tuple[str, ...]:
    """Return the commands of a step, for what its findings name by a plain name; the others are for a person to see.

    Args:
        step: "package", "service" or "image"; others have none.
        findings: Of one system.
    """
    ways = {"package": _package, "service": _service, "image": _image}
    if step not in ways:
        return ()
    made = dict.fromkeys(line for finding in findings for line in ways[step](finding))
    return tuple(made)[:_MOST]


def _package(finding: Finding) -> Iterator[str]:
    kinds = {value.partition("/")[0] for value in clues(finding, "signature")}
    for name in clues(finding, "package"):
        for kind in sorted(kinds & _PACKAGES.keys()):
            is_alpine = kind == "apt" and finding.locator.path[-1].endswith(_ALPINE)
            if _PLAIN.fullmatch(name):
                yield ("apk del {}" if is_alpine else _PACKAGES[kind]).format(name)


def _service(finding: Finding) -> Iterator[str]:
    name = finding.locator.path[-1].rpartition("/")[2]
    if _UNIT.fullmatch(name):
        yield f"systemctl disable --now {name}"


def _image(finding: Finding) -> Iterator[str]:
    path = finding.locator.path[0]
    if len(finding.locator.path) > 1 or not any(v.startswith("image/") for v in clues(finding, "signature")):
        return
    if _COMPOSE.fullmatch(path.rpartition("/")[2]):
        yield f"docker compose --file {shlex.quote(path)} down --rmi all --volumes"
    elif path.endswith((".yaml", ".yml")):
        yield f"kubectl delete --filename {shlex.quote(path)}"
