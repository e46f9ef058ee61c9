"""Find what only content tells of software that recognises people: calls, endpoints, images, services, logs, symbols.

What a text is decides which signatures count in it: a call counts in source code, the name of a container image in
a file that starts containers. Documents and comments are not looked at: who writes about recognition does not run it.

Source: the signatures' own sources.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from efface.detectors.signatures import BY_TEXT, Kind, signatures
from efface.detectors.system_traces import Trace, findings
from efface.engines.patterns import Patterns, Wanted
from efface.formats.named_places import named_places
from efface.formats.sniff import PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from efface.model import Artefact, Finding, Limits, Mode, Payload, Surroundings

__all__ = ["SystemContent", "kinds_in"]

_BINARY_KINDS = frozenset({Kind.SYMBOL, Kind.ANDROID, Kind.INSTALLER, Kind.ENDPOINT})
_INSTALLER_KINDS = frozenset({Kind.INSTALLER})
_CODE_KINDS = frozenset({Kind.CODE, Kind.ENDPOINT})
_CONFIG_KINDS = frozenset({Kind.CONFIG, Kind.ENDPOINT, Kind.IMAGE, Kind.SERVICE})
_LOG_KINDS = frozenset({Kind.LOG})
_PROCESS_KINDS = frozenset({Kind.SERVICE})
_NAMING_KINDS = frozenset({Kind.CODE, Kind.CONFIG, Kind.SERVICE})
"""What is of these kinds may name the places that a system works with; logs and programs are left alone."""
_WIDE = frozenset({Kind.SYMBOL, Kind.ANDROID, Kind.INSTALLER, Kind.ENDPOINT})
_CODE = (
    *(
        ".py",
        ".pyw",
        ".ipynb",
        ".js",
        ".mjs",
        ".cjs",
        ".ts",
        ".tsx",
        ".jsx",
        ".vue",
        ".java",
        ".kt",
        ".kts",
        ".go",
    ),
    *(
        ".cs",
        ".vb",
        ".cpp",
        ".cc",
        ".cxx",
        ".c",
        ".h",
        ".hpp",
        ".hh",
        ".php",
        ".swift",
        ".m",
        ".mm",
        ".rb",
        ".rs",
    ),
    *(".dart", ".scala", ".html", ".htm", ".jsp", ".pas"),
)
_CONFIG = (
    *(
        ".yml",
        ".yaml",
        ".json",
        ".jsonc",
        ".toml",
        ".ini",
        ".conf",
        ".cfg",
        ".cnf",
        ".properties",
        ".env",
        ".xml",
    ),
    *(
        ".config",
        ".service",
        ".timer",
        ".plist",
        ".desktop",
        ".bat",
        ".cmd",
        ".ps1",
        ".sh",
        ".reg",
        ".tf",
        ".hcl",
    ),
    ".nomad",
)
_CONFIG_NAMES = re.compile(
    r"dockerfile.*|.*\.dockerfile|containerfile.*|\.env.*|crontab|rc\.local|compose.*|procfile"
)
_LOG = re.compile(r".*\.(?:log|out|err)(?:[._-]?\d[\d-]*)?|.*[._-]log\.txt|journal.*\.txt")
_DEX, _AXML = b"dex\n", b"\x03\0\x08\0"
_BINARIES = PROGRAMS | {"application/java-vm"}
_OLE, _MSI = "application/x-ole-storage", (".msi", ".msp", ".msm")
"""Packages of Windows Installer are compound files, in which names of products stand as text of one byte a letter."""
_COMMENT = re.compile(rb"\s*(?:#(?!include|import|r )|//|\*|/\*|--|<!--|;|rem\s)", re.IGNORECASE)
_MOST_LINES = 50
_LONGEST_LINE = 4_096


def kinds_in(names: tuple[str, ...], media_type: str, head: bytes) -> frozenset[Kind]:
    """Return which kinds of traces count in a file.

    Args:
        names: Of the file and its folders, from the inside out; `process` as the first folder for a process.
        media_type: By content.
        head: Its first bytes.
    """
    name = names[0].rpartition("/")[2].lower()
    if names[-1] == "process":
        return _PROCESS_KINDS
    if media_type in _BINARIES or head.startswith((_DEX, _AXML)):
        return _BINARY_KINDS
    if media_type == _OLE:
        return _INSTALLER_KINDS if name.endswith(_MSI) else frozenset()
    ending = name[name.rfind(".") :] if "." in name else ""
    if ending in _CODE:
        return _CODE_KINDS
    if ending in _CONFIG or _CONFIG_NAMES.fullmatch(name):
        return _CONFIG_KINDS
    return _LOG_KINDS if _LOG.fullmatch(name) else frozenset()


class SystemContent:
    """Texts of signatures in source code, configuration, logs, programs, libraries, apps and command lines.

    Of what stands there, no more than the number of its line is kept: keys beside an endpoint are never shown. Of a
    configuration, a command line or source code in which a system is found, the places that it names are kept, too
    (databases, devices, buckets and folders), without names and passwords: they tie a system to its stores.

    Not promised: what is encrypted, packed or obfuscated; texts put together while a program runs; source code
    and logs under another ending.
    """

    name = "system-content"
    version = 2

    def __init__(self) -> None:
        self._patterns: Patterns | None = None

    def accepts(self, media_type: str) -> bool:
        """Return whether it is neither a picture nor a recording; names decide further."""
        return not media_type.startswith(("image/", "video/", "audio/", "font/"))

    def detect(
        self, artefact: Artefact, payload: Payload, surroundings: Surroundings, mode: Mode, limits: Limits
    ) -> Iterator[Finding]:
        """Yield a finding for each system whose texts stand in the content.

        Raises:
            UnsupportedError: The extra `inspect` is not installed.
        """
        del mode, limits
        kinds = kinds_in(surroundings.names, artefact.media_type, payload.head(8))
        if not kinds:
            return
        if self._patterns is None:
            self._patterns = _compiled()
        data = payload.read()
        found = self._patterns.scan(data)
        if found:
            traces = tuple(_traces(data, found, kinds, is_text=Kind.INSTALLER not in kinds))
            if traces and not kinds.isdisjoint(_NAMING_KINDS):
                said = tuple((f"names_{kind}", value) for kind, value in named_places(data))
                traces = tuple(replace(trace, said=said) for trace in traces)
            yield from findings(f"{self.name}@{self.version}", artefact.locator, traces)


def _compiled() -> Patterns:
    return Patterns(
        {
            each.id: Wanted(
                each.text, each.all_of, each.kind in _WIDE, each.kind in (Kind.ENDPOINT, Kind.IMAGE)
            )
            for each in signatures().values()
            if each.kind in BY_TEXT
        }
    )


def _traces(
    data: bytes, found: dict[str, tuple[int, ...]], kinds: Iterable[Kind], *, is_text: bool
) -> Iterator[Trace]:
    for identity, offsets in found.items():
        signature = signatures()[identity]
        if signature.kind not in kinds:
            continue
        if not is_text:
            yield Trace(signature)
            continue
        lines = _lines(data, offsets)
        if lines:
            yield Trace(signature, lines)


def _lines(data: bytes, offsets: tuple[int, ...]) -> tuple[int, ...]:
    """Return the lines in which offsets lie, but for those that are comments."""
    lines: list[int] = []
    line, last = 1, 0
    for offset in offsets:
        line, last = line + data.count(b"\n", last, offset), offset
        start = max(data.rfind(b"\n", 0, offset) + 1, offset - _LONGEST_LINE)
        if not _COMMENT.match(data, start, offset) and line not in lines[-1:]:
            lines.append(line)
        if len(lines) >= _MOST_LINES:
            break
    return tuple(lines)
