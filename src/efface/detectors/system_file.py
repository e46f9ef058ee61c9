"""Find files of software that recognises people by their names, sizes and digests.

Source: the signatures' own sources.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING

from efface.detectors.signatures import BY_NAME, Kind, named, of_kind
from efface.detectors.system_traces import Trace, findings
from efface.formats.sniff import PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.detectors.signatures import Signature
    from efface.model import Artefact, Finding, Limits, Mode, Payload, Surroundings

__all__ = ["SystemFile"]

_SOURCE_TEXTS = (
    ".py",
    ".js",
    ".ts",
    ".java",
    ".md",
    ".rst",
    ".html",
    ".txt",
    ".h",
    ".hpp",
    ".c",
    ".cc",
    ".cpp",
)
_NETWORKS = (".onnx", ".pt", ".pth", ".pb", ".h5", ".zip", ".bin", ".dat", ".tflite")
"""Endings of files whose MD5 is calculated: some networks are listed with no other digest."""


class SystemFile:
    """Libraries, networks, licences and galleries that are known by name or by digest.

    A digest decides under any name. A name alone counts where the content is not text that only bears it.

    Not promised: renamed libraries; renamed networks of a digest that is not in the list, which
    `system-network` knows by their graph.
    """

    name = "system-file"
    version = 1

    def accepts(self, media_type: str) -> bool:
        """Return True: any kind of file may bear such a name."""
        del media_type
        return True

    def detect(
        self, artefact: Artefact, payload: Payload, surroundings: Surroundings, mode: Mode, limits: Limits
    ) -> Iterator[Finding]:
        """Yield a finding for each system that the file belongs to."""
        del mode, limits
        name = surroundings.names[0].rpartition("/")[2].lower()
        traces = [*self._by_name(artefact, name), *_by_digest(artefact, payload, name)]
        yield from findings(f"{self.name}@{self.version}", artefact.locator, traces)

    @staticmethod
    def _by_name(artefact: Artefact, name: str) -> Iterator[Trace]:
        if artefact.size_bytes == 0 or name.endswith(_SOURCE_TEXTS):
            return
        for kind in BY_NAME:
            if kind is Kind.LIBRARY and artefact.media_type not in PROGRAMS:
                continue  # a text or a folder of that name is no library
            for _, signature in named(kind, (name,)):
                fits = "as published" if artefact.size_bytes in signature.sizes else "not as published"
                yield Trace(signature, said=(("size", fits),) if signature.sizes else ())


def _by_digest(artefact: Artefact, payload: Payload, name: str) -> Iterator[Trace]:
    known = _digests()
    if artefact.sha256 in known:
        yield Trace(known[artefact.sha256], said=(("digest", "sha256"),))
    elif name.endswith(_NETWORKS):
        with payload.open() as stream:
            found = known.get(hashlib.file_digest(stream, "md5").hexdigest())  # type: ignore[arg-type]
        if found is not None:
            yield Trace(found, said=(("digest", "md5"),))


@cache
def _digests() -> dict[str, Signature]:
    return {digest: each for each in of_kind(Kind.MODEL) for digest in each.digests}
