"""Find packages of software that recognises people, by the manifests that package managers write.

Source: the signatures' own sources; formats of manifests in `formats/package_manifests.py`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from efface.detectors.signatures import Kind, named
from efface.detectors.system_traces import Trace, findings
from efface.engines.rpm_database import installed, older_form
from efface.errors import FormatError, UnsupportedError
from efface.formats.package_manifests import Package, is_manifest, packages
from efface.formats.sniff import PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.model import Artefact, Finding, Limits, Mode, Payload, Surroundings

__all__ = ["SystemPackage"]

_RPM = "rpmdb.sqlite"
_RPM_OLD = re.compile(r"(?:.*/)?rpm/Packages(?:\.db)?")
_SEPARATORS = re.compile(r"[-_.]+")


class SystemPackage:
    """Packages of pip, npm, Maven, NuGet, Go, dpkg, RPM and Composer that a manifest, a lock file or a program names.

    Of RPM the database in the form of SQLite is read; the older forms are gaps.

    Not promised: packages copied in without their metadata; those are for the other detectors of systems.
    """

    name = "system-package"
    version = 2

    def accepts(self, media_type: str) -> bool:
        """Return True: manifests are known by their names."""
        del media_type
        return True

    def detect(
        self, artefact: Artefact, payload: Payload, surroundings: Surroundings, mode: Mode, limits: Limits
    ) -> Iterator[Finding]:
        """Yield a finding for each system whose package is named.

        Raises:
            FormatError: A manifest or a database is damaged.
            UnsupportedError: It is a database of RPM in a form that is not read.
        """
        del mode, limits
        path = "/".join(reversed(surroundings.names[:4]))
        if _RPM_OLD.fullmatch(path) and (form := older_form(payload.head(16))):
            raise UnsupportedError(f"a database of RPM in the form of {form}: its packages were not read")
        is_rpm = path.rpartition("/")[2] == _RPM
        if not (is_rpm or is_manifest(path) or artefact.media_type in PROGRAMS):
            return
        traces: list[Trace] = []
        fault = None
        try:
            for package in _of_rpm(payload.read()) if is_rpm else packages(path, payload.read()):
                traces += _traces(package)
        except FormatError as error:  # what was read before is found all the same
            fault = error
        yield from findings(f"{self.name}@{self.version}", artefact.locator, traces)
        if fault is not None:
            raise fault


def _traces(package: Package) -> Iterator[Trace]:
    registry = Kind(package.registry)
    name = _SEPARATORS.sub("-", package.name) if registry is Kind.PIP else package.name
    said = (("package", name), *((("version", package.version),) if package.version else ()))
    for _, signature in named(registry, (name,)):
        yield Trace(signature, said=said)


def _of_rpm(data: bytes) -> Iterator[Package]:
    """Yield what RPM installed, as packages of the system, whose names the signatures know from Debian."""
    yield from (Package(Kind.APT, name, version) for name, version in installed(data))
