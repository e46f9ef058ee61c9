"""A visit as a folder: the log and the files that were added, each named by the number of its line.

A file is on disk before its line is; what a kill leaves behind is written over by the next addition.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from typing import TYPE_CHECKING, Any, Final

from efface import __version__
from efface.errors import AccessError, EvidenceError, RemovalError, UsageError
from efface.formats import sniff
from efface.model import printable
from efface.runs.returned import parse_against
from efface.runs.store import Store
from efface.visits.log import MAX_BYTES, Log, utc_now
from efface.visits.runs import fields_of
from efface.visits.scene import cover, look

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date, datetime

    from efface.visits.entries import Entry

__all__ = ["LOG", "MAX_FILE_BYTES", "Visit", "open_visit", "persons"]

LOG: Final = "log.jsonl"
MAX_FILE_BYTES: Final = 64 * 1024 * 1024
"""Largest photo, certificate or paper that is added."""
_PAPERS: Final = {
    "application/pdf": "pdf",
    "text/html": "html",
    "image/jpeg": "jpg",
    "image/png": "png",
    "text/plain": "txt",
}


def persons(written: Sequence[str]) -> list[dict[str, str]]:
    """Return people from "name, role" texts.

    Raises:
        UsageError: Nobody, or somebody without a role.
    """
    if not written:
        raise UsageError("name at least one person who is present", to_do='Give --person "name, role".')
    people = []
    for text in written:
        name, comma, role = text.replace("，", ",").partition(",")
        if not (comma and name.strip() and role.strip()):
            raise UsageError('a person is written "name, role"')
        people.append({"name": name.strip(), "role": role.strip()})
    return people


class Visit:
    """One visit in its folder.

    Args:
        folder: Where it is.
        log: Its log, checked.
        now: The clock.
    """

    def __init__(self, folder: str, log: Log, now: Callable[[], datetime] = utc_now) -> None:
        self.folder = folder
        self.log = log
        self.now = now

    @classmethod
    def new(cls, folder: str, fields: Mapping[str, Any], now: Callable[[], datetime] = utc_now) -> Visit:
        """Begin a visit in a new folder, which only its owner can read.

        Args:
            folder: Must not exist.
            fields: premises, people (`persons`), mandate, authorisation, clock_offset_s.
            now: The clock.

        Raises:
            UsageError: Mandate or authorisation is blank, a text too long, or the folder is there already.
        """
        for name in ("premises", "mandate", "authorisation"):
            if not str(fields[name]).strip():
                raise UsageError(
                    f"no visit without {name}: it is recorded before anything is looked at",
                    to_do=f"Give --{name} in the words of the paper that you hold.",
                )
        visit = cls(folder, Log(), now)
        opened = {"kind": "opened", "visit": secrets.token_hex(8), "tool_version": __version__, **fields}
        line = visit._line(opened)
        try:
            os.makedirs(os.path.dirname(os.path.abspath(folder)), exist_ok=True)
            os.mkdir(folder, 0o700)
        except OSError as error:
            raise UsageError(f"{printable(folder)}: cannot be made: {error.strerror}") from None
        visit.append(line)
        return visit

    def path(self, name: str) -> str:
        """Return where a file of the visit lies."""
        return os.path.join(self.folder, name)

    def add_note(self, text: str) -> Entry:
        """Add what was seen or said."""
        return self.add({"kind": "note", "text": text})

    def add_photo(self, data: bytes) -> Entry:
        """Add a picture of the scene with every face in it covered; see `scene.cover` for what is refused."""
        self._require_open()
        scene = cover(data)
        return self.add({"kind": "photo", "faces": scene.faces}, {f"photo.{scene.suffix}": scene.data})

    def add_run(self, path: str, lang: str) -> Entry:
        """Add reports, ledger, baseline and counts of a run file."""
        self._require_open()
        with Store(path, create=False) as store:
            fields, files = fields_of(store, lang)
        return self.add(fields, files, "reports")

    def add_certificate(self, data: bytes) -> Entry:
        """Add a certificate of the organisation; whether it holds is not asked here."""
        parse_against(data)
        return self.add({"kind": "certificate"}, {"certificate.json": data})

    def add_paper(self, data: bytes, due: date | None = None) -> Entry:
        """Add a paper as it is.

        Raises:
            UsageError: It is no PDF, page, text, JPEG or PNG.
            RemovalError: Biometric data is found in it: nothing of that goes into a visit.
        """
        self._require_open()
        suffix = _PAPERS.get(sniff.media_type(data[: sniff.HEAD_BYTES], ""))
        if suffix is None:
            raise UsageError("a paper is added as PDF, HTML, text, JPEG or PNG")
        seen = look(data)
        if any(finding.is_biometric for finding in seen.findings):
            raise RemovalError(
                "the paper holds biometric data, such as a portrait; nothing was stored",
                to_do="Add it as --photo, which covers faces, or redact it with `efface remove` first.",
            )
        when = due.isoformat() if due else None
        return self.add({"kind": "paper", "gaps": len(seen.gaps), "due": when}, {f"paper.{suffix}": data})

    def append(self, line: bytes) -> Entry:
        """Write a line that `log.line` made to the end of the log's file, and take it in.

        Raises:
            UsageError: Another process wrote to the log meanwhile.
            AccessError: It cannot be written.
        """
        before = len(self.log.data)
        try:
            descriptor = os.open(self.path(LOG), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "ab") as file:
                if os.fstat(file.fileno()).st_size != before:
                    raise UsageError("another efface works on this visit", to_do="Run the command again.")
                file.write(line + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise AccessError(f"{printable(self.path(LOG))} cannot be written: {error.strerror}") from None
        return self.log.take(line)

    def _require_open(self) -> None:
        if self.log.seals:
            raise UsageError(
                "the visit is sealed: nothing is added to it any more", to_do="Begin another visit."
            )

    def add(
        self, fields: Mapping[str, Any], files: Mapping[str, bytes] | None = None, member: str = "file"
    ) -> Entry:
        """Add a line and its files.

        Args:
            fields: `kind` and what belongs to it, all but its files.
            files: Bytes by the ends of their names, after the number of the line.
            member: Name of the field that lists them.

        Raises:
            UsageError: The visit is sealed, or the fields do not fit.
        """
        self._require_open()
        number, listed = self.log.size + 1, []
        for end, data in (files or {}).items():
            digest = hashlib.sha256(data).hexdigest()
            listed.append({"name": f"{number:02}-{end}", "sha256": digest, "size_bytes": len(data)})
        if listed:
            fields = {**fields, member: listed if member == "reports" else listed[0]}
        line = self._line(fields)  # refused before anything is written
        for each, data in zip(listed, (files or {}).values(), strict=True):
            _write(self.path(str(each["name"])), data)
        return self.append(line)

    def _line(self, fields: Mapping[str, Any]) -> bytes:
        try:
            return self.log.line(fields, self.now)
        except EvidenceError as error:  # what the user wrote does not fit, nothing is wrong with the log
            raise UsageError(f"this cannot be noted: {error}") from None


def open_visit(folder: str, now: Callable[[], datetime] = utc_now) -> Visit:
    """Open the visit of a folder.

    Raises:
        UsageError: There is none.
        EvidenceError: Its log does not hold.
    """
    try:
        with open(os.path.join(folder, LOG), "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"{printable(folder)}: holds no visit: {error.strerror}",
            to_do="Begin one with `efface visit new`.",
        ) from None
    visit = Visit(folder, Log(data), now)
    _ = visit.log.opened
    return visit


def _write(path: str, data: bytes) -> None:
    """Write a file whole or not at all, for its owner only."""
    try:
        descriptor = os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(path + ".new", path)
    except OSError as error:
        raise AccessError(f"{printable(path)} cannot be written: {error.strerror}") from None
