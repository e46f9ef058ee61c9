"""What several commands share: parameters, where run files lie, and writing files that hold reports."""

from __future__ import annotations

import hashlib
import locale
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from efface.errors import UsageError
from efface.model import printable

if TYPE_CHECKING:
    from efface.model import Case
    from efface.report.marks import Waiver
    from efface.runs.baseline import Baseline
    from efface.runs.returned import Against

__all__ = [
    "AgainstFile",
    "BaselineFile",
    "CaseFile",
    "CsvFile",
    "HtmlFile",
    "IgnoreFiles",
    "JsonFile",
    "Language",
    "Quiet",
    "SarifFile",
    "SchemaName",
    "Targets",
    "UseIgnoreFiles",
    "WaiversFile",
    "WriteBaseline",
    "default_run",
    "language_of",
    "read_against",
    "read_baseline",
    "read_case",
    "read_certificate",
    "read_waivers",
    "refuse_options",
    "write_bytes",
    "write_text",
]

Language = Annotated[
    Literal["zh", "en"] | None,
    Parameter(name="--lang", help="Language of the output; by default that of the system."),
]
CaseFile = Annotated[
    Path | None, Parameter(name="--case", help="Case file (TOML) with the facts of the case.")
]
SchemaName = Annotated[
    str | None,
    Parameter(
        name="--schema",
        help="Form that is handed in: cn-licence, cn-penalty, or one of 2015 to 2018 (-old). What it does not know"
        " is quarantined.",
    ),
]
JsonFile = Annotated[
    str | None,
    Parameter(
        name="--json", allow_leading_hyphen=True, help="Write JSON to this file; - is standard output."
    ),
]
SarifFile = Annotated[
    str | None, Parameter(name="--sarif", allow_leading_hyphen=True, help="Write SARIF 2.1.0 to this file.")
]
HtmlFile = Annotated[
    str | None,
    Parameter(name="--html", allow_leading_hyphen=True, help="Write one self-contained HTML page."),
]
CsvFile = Annotated[
    str | None, Parameter(name="--csv", allow_leading_hyphen=True, help="Write CSV to this file.")
]
BaselineFile = Annotated[
    Path | None,
    Parameter(help="Baseline: what it knows does not give exit code 1, what is new does."),
]
WriteBaseline = Annotated[
    str | None,
    Parameter(
        help="Write what was found as a baseline, without content; one that exists only shrinks.",
    ),
]
AgainstFile = Annotated[
    Path | None,
    Parameter(
        name="--against",
        help="Certificate: what it says was removed and is back gives exit code 1; --run names its run file.",
    ),
]
WaiversFile = Annotated[
    Path | None, Parameter(help="Waivers (TOML): what they cover while in force does not give exit code 1.")
]
IgnoreFiles = Annotated[
    list[Path] | None,
    Parameter(
        name="--ignore",
        negative="",
        help="Leave out files that match patterns of this file (as in gitignore); counted and shown.",
    ),
]
UseIgnoreFiles = Annotated[
    bool,
    Parameter(
        negative="",
        help="Obey .effaceignore in the root of targets; what it leaves out counts as not looked at.",
    ),
]
Quiet = Annotated[bool, Parameter(name="--quiet", negative="", help="No progress and no summary.")]

Targets = Annotated[str, Parameter(allow_leading_hyphen=True)]
"""Positional names, of which `-` is standard input; `refuse_options` keeps mistyped options out."""

_MAX_CASE_BYTES = 1_000_000


def refuse_options(names: tuple[str, ...]) -> None:
    """Refuse what looks like an option among names: a mistyped one must not pass for a file.

    Raises:
        UsageError: A name begins with a hyphen and is not `-`.
    """
    for name in names:
        if name.startswith("-") and name != "-":
            raise UsageError(
                f"unknown option {name!r}", to_do="See --help; write ./ before such a file's name."
            )


def language_of(chosen: str | None) -> str:
    """Return "zh" or "en": what was chosen, else what the system speaks."""
    if chosen:
        return chosen
    spoken = os.environ.get("LC_ALL") or os.environ.get("LANG") or locale.getlocale()[0] or ""
    return "zh" if spoken.lower().startswith("zh") else "en"


def default_run(targets: tuple[str, ...]) -> str:
    """Return the run file of these targets when none is named: the same targets give the same file."""
    state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    places = "\n".join(
        target if "://" in target or target == "-" else os.path.abspath(target) for target in targets
    )
    name = hashlib.sha256(places.encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return os.path.join(state, "efface", "runs", f"{name}.sqlite")


def read_case(path: Path | None) -> Case | None:
    """Return the case of a case file, or None when none is named.

    Raises:
        UsageError: It cannot be read or holds faults; all of them are listed.
    """
    if path is None:
        return None
    from efface.rules.case_file import parse_case

    return parse_case(_text(path, _MAX_CASE_BYTES, "a case file"))


def read_waivers(path: Path | None) -> tuple[Waiver, ...]:
    """Return the waivers of a file, or none when none is named.

    Raises:
        UsageError: It cannot be read or holds faults; all of them are listed.
    """
    if path is None:
        return ()
    from efface.runs.waivers import parse_waivers

    return parse_waivers(_text(path, _MAX_CASE_BYTES, "a file of waivers"))


def read_certificate(path: Path) -> bytes:
    """Return the bytes of a certificate.

    Raises:
        UsageError: It cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None


def read_against(path: Path | None) -> Against | None:
    """Return the certificate to compare with, or None when none is named.

    Raises:
        UsageError: It cannot be read.
        EvidenceError: It is no certificate.
    """
    if path is None:
        return None
    from efface.runs.returned import parse_against

    return parse_against(read_certificate(path))


def read_baseline(path: Path | None) -> Baseline | None:
    """Return the baseline of a file, or None when none is named.

    Raises:
        UsageError: It cannot be read, or is none.
    """
    if path is None:
        return None
    from efface.runs.baseline import MAX_BYTES, parse_baseline

    return parse_baseline(_text(path, MAX_BYTES, "a baseline"), printable(str(path)))


def _text(path: Path, most_bytes: int, what: str) -> str:
    name = printable(str(path))
    try:
        if str(path) == "-":
            data = sys.stdin.buffer.read(most_bytes + 1)
        else:
            with path.open("rb") as file:
                data = file.read(most_bytes + 1)
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror}", to_do=f"Name {what} that can be read.") from None
    if len(data) > most_bytes:
        raise UsageError(f"{name}: {what} of more than {most_bytes} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{name}: is not UTF-8 text", to_do=f"Save {what} as UTF-8.") from None


def write_text(target: str, text: str) -> None:
    """Write a report; as `write_bytes` does."""
    write_bytes(target, text.encode("utf-8", "backslashreplace"))


def write_bytes(target: str, data: bytes) -> None:
    """Write a file whole or not at all, for its owner only; `-` is standard output.

    Raises:
        UsageError: It cannot be written.
    """
    if target == "-":
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    temporary = ""
    try:
        descriptor, temporary = tempfile.mkstemp(
            dir=os.path.dirname(os.path.abspath(target)), prefix=".efface-"
        )
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.replace(temporary, target)
    except OSError as error:
        if temporary:
            with suppress(FileNotFoundError):
                os.unlink(temporary)
        raise UsageError(f"{target}: cannot be written: {error.strerror}") from None
