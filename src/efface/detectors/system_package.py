"""Find packages of software that recognises people, by the manifests that package managers write.

Source: the signatures' own sources; formats of manifests in `formats/package_manifests.py`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from efface.detectors.signatures import Kind, named
from efface.detectors.system_traces import Trace, findings
from efface.formats.package_manifests import is_manifest, packages
from efface.formats.sniff import PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.model import Artefact, Finding, Limits, Mode, Payload, Surroundings

__all__ = ["SystemPackage"]

_SEPARATORS = re.compile(r"[-_.]+")


class SystemPackage:
    """Packages of pip, npm, Maven, NuGet, Go, dpkg and Composer that a manifest, a lock file or a program names.

    Not promised: packages copied in without their metadata; those are for the other detectors of systems.
    """

    name = "system-package"
    version = 1

    def accepts(self, media_type: str) -> bool:
        """Return True: manifests are known by their names."""
        del media_type
        return True

    def detect(
        self, artefact: Artefact, payload: Payload, surroundings: Surroundings, mode: Mode, limits: Limits
    ) -> Iterator[Finding]:
        """Yield a finding for each system whose package is named."""
        del mode, limits
        path = "/".join(reversed(surroundings.names[:4]))
        if not (is_manifest(path) or artefact.media_type in PROGRAMS):
            return
        traces = []
        for package in packages(path, payload.read()):
            registry = Kind(package.registry)
            name = _SEPARATORS.sub("-", package.name) if registry is Kind.PIP else package.name
            for _, signature in named(registry, (name,)):
                said = (("package", name), *((("version", package.version),) if package.version else ()))
                traces.append(Trace(signature, said=said))
        yield from findings(f"{self.name}@{self.version}", artefact.locator, traces)
