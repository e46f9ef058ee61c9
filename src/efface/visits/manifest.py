"""What a seal signs: an in-toto statement about every file of the bundle and the root of its log.

Source: in-toto Attestation Framework, spec/v1/statement.md.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import Field, TypeAdapter

from efface import __version__
from efface.evidence import canonical, envelope, shapes
from efface.evidence.shapes import Count, Digest, RunId, Strict, Time, Version
from efface.evidence.statement import STATEMENT_TYPE
from efface.visits.bundle import NAME
from efface.visits.entries import Sealed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from efface.evidence.keys import SigningKey
    from efface.visits.log import Log

__all__ = ["PREDICATE_TYPE", "Manifest", "Predicate", "manifest_adapter", "signed"]

PREDICATE_TYPE: Final = "https://efface.dev/visit/v1"
_Name = Annotated[str, Field(pattern=f"^(?:{NAME})$")]


class FileDigest(Strict):
    """The digest of a file."""

    sha256: Digest


class Subject(Strict):
    """One file of the bundle."""

    name: _Name
    digest: FileDigest


class Tool(Strict):
    """What sealed."""

    name: Literal["efface"]
    version: Version


class LogHead(Strict):
    """Size and root of the log, the seal's own line included."""

    size: Count
    root: Digest


class Predicate(Strict):
    """What a seal says."""

    visit: RunId
    number: Count
    sealed_at: Time
    tool: Tool
    log: LogHead
    sizes: dict[_Name, Count]


class Manifest(Strict):
    """An in-toto Statement v1 about every file of a bundle but itself, sorted by name."""

    type: Annotated[Literal["https://in-toto.io/Statement/v1"], Field(alias="_type")]
    predicate_type: Annotated[Literal["https://efface.dev/visit/v1"], Field(alias="predicateType")]
    subject: tuple[Subject, ...]
    predicate: Predicate


manifest_adapter: TypeAdapter[Manifest] = TypeAdapter(Manifest)


def signed(files: Mapping[str, bytes], log: Log, signer: SigningKey) -> bytes:
    """Return the manifest of some files and a log whose last line is a seal, in its envelope."""
    seal = log.entries[-1]
    assert isinstance(seal, Sealed)  # noqa: S101 - the caller has just sealed it
    statement: dict[str, Any] = {
        "_type": STATEMENT_TYPE,
        "predicateType": PREDICATE_TYPE,
        "subject": [
            {"name": name, "digest": {"sha256": hashlib.sha256(files[name]).hexdigest()}}
            for name in sorted(files)
        ],
        "predicate": {
            "visit": log.opened.visit,
            "number": seal.number,
            "sealed_at": seal.at,
            "tool": {"name": "efface", "version": __version__},
            "log": {"size": log.size, "root": log.root},
            "sizes": {name: len(data) for name, data in files.items()},
        },
    }
    payload = canonical.dumps(statement)
    shapes.read(manifest_adapter, payload)
    return envelope.sign(payload, [signer])
