"""Resolve names to plug-ins, and say exactly what was loaded.

Built-ins are dotted strings in one table, imported only when asked for, so that nothing heavy is loaded
before it is needed. Third parties add plug-ins through the entry point groups `efface.<kind>`; they are
off unless a run names them.
"""

from __future__ import annotations

import re
import sys
from functools import cache
from importlib import import_module
from importlib.abc import InspectLoader
from importlib.util import find_spec
from typing import Any

from efface.errors import UsageError

__all__ = ["BUILTIN", "load", "names", "version"]

_VERSION = r"^class {}\b.*(?:\n(?!\S).*)*?\n    version = (\d+)$"
"""What a class says of itself, up to the first line that is no longer its own."""

BUILTIN: dict[str, dict[str, str]] = {
    "source": {
        "filesystem": "efface.sources.filesystem:Filesystem",
        "stdin": "efface.sources.stdin:StandardInput",
        "objects": "efface.sources.objects:ObjectStore",
        "database": "efface.sources.database:Database",
        "git": "efface.sources.git:GitHistory",
        "site": "efface.sources.site:Site",
        "machine": "efface.sources.machine:Machine",
        "device": "efface.sources.device:Device",
    },
    "container": {
        "archive": "efface.sources.archive:Archive",
        "pdf": "efface.sources.pdf:Pdf",
        "ole": "efface.sources.ole:Ole",
        "mail": "efface.sources.mail:Mail",
        "data-uris": "efface.sources.markup:DataUris",
        "rtf": "efface.sources.markup:Rtf",
        "thumbnail-cache": "efface.sources.thumbnail_cache:ThumbnailCache",
        "sqlite": "efface.sources.sqlite:Sqlite",
        "picture-parts": "efface.sources.picture_parts:PictureParts",
        "video-parts": "efface.sources.video_parts:VideoParts",
        "tables": "efface.sources.tables:Tables",
        "vector-index": "efface.sources.vector_index:VectorIndex",
        "lance": "efface.sources.lance:Lance",
        "records": "efface.sources.records:Records",
        "tensors": "efface.sources.tensors:Tensors",
        "pg-archive": "efface.sources.pg_archive:PgArchive",
        "zlib-stream": "efface.sources.zlib_stream:ZlibStream",
        "hdf5": "efface.sources.hdf5:Hdf5",
        "values": "efface.sources.values:Values",
        "git-pack": "efface.sources.git_pack:GitPack",
        "buried-files": "efface.sources.buried_files:BuriedFiles",
    },
    "detector": {
        "face-image": "efface.detectors.face_image:FaceImage",
        "face-video": "efface.detectors.face_video:FaceVideo",
        "face-template": "efface.detectors.face_template:FaceTemplate",
        "biometric-record": "efface.detectors.biometric_record:BiometricRecord",
        "ridge-image": "efface.detectors.ridge_image:RidgeImage",
        "voice-sample": "efface.detectors.voice_sample:VoiceSample",
    },
    "system": {
        "system-package": "efface.detectors.system_package:SystemPackage",
        "system-file": "efface.detectors.system_file:SystemFile",
        "system-network": "efface.detectors.system_network:SystemNetwork",
        "system-content": "efface.detectors.system_content:SystemContent",
        "system-device": "efface.detectors.system_device:SystemDevice",
    },
    "action": {
        "redact-image": "efface.actions.redact_image:RedactImage",
        "redact-video": "efface.actions.redact_video:RedactVideo",
        "erase-cells": "efface.actions.erase_cells:EraseCells",
        "erase-columns": "efface.actions.erase_columns:EraseColumns",
        "erase-datasets": "efface.actions.erase_datasets:EraseDatasets",
        "erase-records": "efface.actions.erase_records:EraseRecords",
        "erase-vectors": "efface.actions.erase_vectors:EraseVectors",
        "erase-values": "efface.actions.erase_values:EraseValues",
        "rewrite-archive": "efface.actions.rewrite_archive:RewriteArchive",
        "redact-pdf": "efface.actions.redact_pdf:RedactPdf",
        "rewrite-mail": "efface.actions.rewrite_mail:RewriteMail",
        "redact-buried": "efface.actions.redact_buried:RedactBuried",
        "erase-file": "efface.actions.erase_file:EraseFile",
    },
    "opinion": {
        "html": "efface.report.document_html:render",
        "pdf": "efface.report.document_pdf:render",
    },
    "report": {
        "json": "efface.report.json_report:render",
        "sarif": "efface.report.sarif:render",
        "csv": "efface.report.csv_report:render",
        "html": "efface.report.html:render",
        "sbom": "efface.report.sbom:render",
    },
}


def names(kind: str) -> tuple[str, ...]:
    """Return the names of the built-in plug-ins of a kind, in their fixed order."""
    return tuple(BUILTIN[kind])


@cache
def load(kind: str, name: str) -> Any:  # noqa: ANN401 - a plug-in is of its kind's own type
    """Return the plug-in object behind a name; classes are not instantiated.

    Raises:
        UsageError: No built-in and no installed entry point has that name.
    """
    target = BUILTIN.get(kind, {}).get(name)
    if target is not None:
        module, _, attribute = target.partition(":")
        return getattr(import_module(module), attribute)
    from importlib.metadata import entry_points  # noqa: PLC0415 - most runs name none of another package

    for point in entry_points(group=f"efface.{kind}", name=name):
        return point.load()
    known = ", ".join(BUILTIN.get(kind, {})) or "none"
    raise UsageError(f"no {kind} is called {name!r}; known: {known}")


def version(kind: str, name: str) -> int:
    """Return the version of the plug-in behind a name; a built-in that is not loaded stays so.

    What its class says stands in its source, so that a scan which finds nothing to do loads no plug-in.

    Raises:
        UsageError: No built-in and no installed entry point has that name.
    """
    module, _, attribute = BUILTIN.get(kind, {}).get(name, "").partition(":")
    told = None
    if module and module not in sys.modules:
        told = re.search(_VERSION.format(attribute), _source(module), re.MULTILINE)
    return int(told[1]) if told else int(load(kind, name).version)


def _source(module: str) -> str:
    """Return the source of a module that is not loaded, or "" where it was installed without."""
    loader = getattr(find_spec(module), "loader", None)
    return (isinstance(loader, InspectLoader) and loader.get_source(module)) or ""
