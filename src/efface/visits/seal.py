"""Seal a visit: records, manifest and everything that was added, in one bundle."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from efface import __version__, registry
from efface.errors import EvidenceError, UnsupportedError, UsageError
from efface.report.inspection import extraction, record
from efface.visits import bundle
from efface.visits.log import Log
from efface.visits.manifest import signed
from efface.visits.record import inspection_of
from efface.visits.visit import LOG

if TYPE_CHECKING:
    from collections.abc import Callable

    from efface.evidence.keys import SigningKey
    from efface.report.document import Document
    from efface.visits.visit import Visit

__all__ = ["seal"]


def seal(visit: Visit, signer: SigningKey, write: Callable[[bytes], None], lang: str) -> tuple[str, ...]:
    """Make a signed bundle of a visit, and then note in the log that it was made.

    A second seal makes another bundle, whose log names both. Afterwards nothing is added any more.

    Args:
        visit: The visit.
        signer: The key that signs.
        write: Puts the bundle where it is to be; what it raises leaves the log as it was.
        lang: "zh" or "en", the language that comes first in the records.

    Returns:
        The names of the bundle's files. Without a typesetter or a font for Chinese there are no PDFs among them.

    Raises:
        EvidenceError: A file is not what the log says was added, or all are too much for a bundle.
    """
    number = visit.log.seals + 1
    line = visit.log.line({"kind": "sealed", "number": number, "key": signer.key_id}, visit.now)
    log = Log(visit.log.data + line + b"\n")
    shown = inspection_of(log, __version__, lang)
    files = _added(visit)
    files[LOG] = log.data
    papers = {"record": record(shown)} | ({"extraction": extraction(shown)} if shown.looks else {})
    for name, paper in papers.items():
        files |= _laid_out(name, paper)
    files[bundle.MANIFEST] = signed(files, log, signer)
    write(bundle.write(files))
    visit.append(line)
    return tuple(sorted(files))


def _added(visit: Visit) -> dict[str, bytes]:
    """Return the files of a visit, each just as it was added."""
    files = {}
    for entry in visit.log.entries:
        for each in entry.files:
            path = visit.path(each.name)
            try:
                with open(path, "rb") as file:
                    data = file.read(each.size_bytes + 1)
            except OSError as error:
                raise EvidenceError(f"{each.name} cannot be read: {os.strerror(error.errno or 0)}") from None
            if len(data) != each.size_bytes or hashlib.sha256(data).hexdigest() != each.sha256:
                raise EvidenceError(f"{each.name} is not what the log says was added")
            files[each.name] = data
    return files


def _laid_out(name: str, paper: Document) -> dict[str, bytes]:
    files = {f"{name}.html": registry.load("opinion", "html")(paper)}
    try:
        files[f"{name}.pdf"] = registry.load("opinion", "pdf")(paper)
    except (UnsupportedError, UsageError):  # no typesetter, or no font: the pages say the same
        return files
    return files
