"""A baseline: what was found before, as keyed digests, so that only what is new fails a build.

An entry stands for the findings of one detector, form and characteristic at one place, with the number of
data subjects that they concern at most. A finding is known while its place has room under that number: a box
that moves by a pixel is not new, a fourth face in a picture of three is, and so is a column that grew.

Not promised: digests keyed by a salt that lies beside them keep names from being read, and from being
compared with other files; who has the file can still try a name.
Source: RFC 2104 (HMAC), as in `efface.evidence.pseudonym`.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from efface.errors import UsageError
from efface.evidence.pseudonym import SECRET_BYTES, Domain, Pseudonyms, new_secret
from efface.model import Characteristic, Form, GapReason, Mode
from efface.report.marks import Comparison, Gone

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from efface.model import Finding, Gap
    from efface.report.view import RunView
    from efface.runs.roots import Roots

__all__ = ["MAX_BYTES", "SCHEMA", "Baseline", "compare", "keys_of", "parse_baseline", "tightened"]

SCHEMA = "efface/baseline/v1"
MAX_BYTES = 256 << 20
"""Largest baseline that is read; about a million findings."""

_DIGEST = re.compile(r"[0-9a-f]{32}")
_REGION = re.compile(r"(?:xywh|page|t|xyn|track)=")
_Kind = tuple[str, str, str, str]
"""Place, form, characteristic and detector of an entry."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The known findings of one kind at one place.

    Attributes:
        file: Digest of the outermost thing.
        place: Digest of the place without a region.
        form: What kind of data it is.
        characteristic: Of which characteristic.
        detector: Name of the detector, without its version.
        references: Most data subjects that they concern together.
        findings: Digest of each finding.
    """

    file: str
    place: str
    form: str
    characteristic: str
    detector: str
    references: int
    findings: tuple[str, ...]

    @property
    def kind(self) -> _Kind:
        """What makes it the entry of a finding."""
        return self.place, self.form, self.characteristic, self.detector


@dataclass(frozen=True, slots=True)
class Baseline:
    """A baseline as its file holds it."""

    salt: bytes
    mode: str
    tool_version: str
    entries: tuple[Entry, ...]

    @property
    def total(self) -> int:
        """How many findings it knows."""
        return sum(len(entry.findings) for entry in self.entries)

    def text(self) -> str:
        """Return the file: JSON with one entry a line, in an order that tells nothing, for short differences."""
        head = {
            "schema": SCHEMA,
            "salt": self.salt.hex(),
            "mode": self.mode,
            "tool_version": self.tool_version,
            "total": self.total,
        }
        lines = [
            json.dumps(
                {
                    "file": entry.file,
                    "place": entry.place,
                    "form": entry.form,
                    "characteristic": entry.characteristic,
                    "detector": entry.detector,
                    "references": entry.references,
                    "findings": list(entry.findings),
                }
            )
            for entry in sorted(self.entries, key=lambda entry: entry.kind)
        ]
        inside = ",\n".join(f"  {line}" for line in lines)
        body = f"[\n{inside}\n ]" if lines else "[]"
        return json.dumps(head, indent=1)[:-2] + f',\n "entries": {body}\n}}\n'


class _Names:
    """Digests of the places of one run under the salt of one baseline."""

    def __init__(self, salt: bytes, roots: Roots) -> None:
        self._pseudonyms = Pseudonyms(salt)
        self._roots = roots

    def file(self, value: Finding | Gap) -> str:
        return self._pseudonyms.ref(Domain.GAP, self._roots.name(value.locator.container))

    def place(self, finding: Finding) -> str:
        return self._pseudonyms.ref(Domain.TARGET, self._place(finding))

    def finding(self, finding: Finding) -> str:
        return self._pseudonyms.ref(
            Domain.FINDING, f"{self._place(finding)}\0{finding.locator.fragment or ''}"
        )

    def _place(self, finding: Finding) -> str:
        fragment = finding.locator.fragment or ""
        data = "" if _REGION.match(fragment) else f"#{fragment}"
        return self._roots.name(finding.locator) + data


def _kind(finding: Finding, place: str) -> _Kind:
    return place, finding.form, finding.characteristic, finding.detector.partition("@")[0]


def parse_baseline(text: str, name: str) -> Baseline:
    """Return the baseline of a file.

    Raises:
        UsageError: It is none.
    """
    try:
        raw = json.loads(text)
        if raw["schema"] != SCHEMA:
            raise UsageError(f"{name}: is no baseline that this version of efface reads")
        salt = bytes.fromhex(raw["salt"])
        entries = tuple(_entry(entry) for entry in raw["entries"])
        baseline = Baseline(salt, Mode(raw["mode"]).value, str(raw["tool_version"])[:40], entries)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UsageError(f"{name}: is no baseline, or a damaged one") from None
    if len(salt) != SECRET_BYTES or len({entry.kind for entry in entries}) != len(entries):
        raise UsageError(f"{name}: is no baseline, or a damaged one")
    return baseline


def _entry(raw: Mapping[str, Any]) -> Entry:
    findings, references = raw["findings"], raw["references"]
    detector = raw["detector"]
    digests = [raw["file"], raw["place"], *findings]
    sound = all(isinstance(digest, str) and _DIGEST.fullmatch(digest) for digest in digests)
    if not sound or type(references) is not int or references < 0 or not isinstance(detector, str):
        message = "not an entry"
        raise ValueError(message)
    form, characteristic = Form(raw["form"]), Characteristic(raw["characteristic"])
    return Entry(raw["file"], raw["place"], form, characteristic, detector[:80], references, tuple(findings))


def compare(baseline: Baseline, findings: Iterable[Finding], gaps: Iterable[Gap], roots: Roots) -> Comparison:
    """Return which findings a baseline knows, and which of its own were not found."""
    names = _Names(baseline.salt, roots)
    by_kind: dict[_Kind, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_kind[_kind(finding, names.place(finding))].append(finding)
    closed = _Closed(gaps, names)
    known: set[str] = set()
    gone: list[Gone] = []
    for entry in baseline.entries:
        here = by_kind.get(entry.kind, [])
        found = _known(entry, [(names.finding(finding), finding) for finding in here])
        known.update(finding.id for _, finding in found)
        exact = {key for key, _ in found}
        left = [key for key in entry.findings if key not in exact]
        lost = len(entry.findings) - len(found)
        gone += [
            Gone(key, entry.form, entry.characteristic, entry.detector, entry.file not in closed)
            for key in left[: max(lost, 0)]
        ]
    return Comparison(baseline.total, frozenset(known), tuple(gone), baseline.mode)


def keys_of(baseline: Baseline, findings: Iterable[Finding], roots: Roots) -> frozenset[str]:
    """Return the digests under which a baseline would hold some findings."""
    names = _Names(baseline.salt, roots)
    return frozenset(names.finding(finding) for finding in findings)


class _Closed:
    """The outermost things that were not, or not wholly, looked at."""

    def __init__(self, gaps: Iterable[Gap], names: _Names) -> None:
        self._files: set[str] = set()
        self._folder = False
        for gap in gaps:
            if gap.reason is not GapReason.IGNORED:
                self._files.add(names.file(gap))
                # What lies in a folder that could not be listed has other names than the folder's.
                self._folder |= gap.stage == "list" and gap.reason is GapReason.UNREADABLE

    def __contains__(self, file: str) -> bool:
        return self._folder or file in self._files


def _known(entry: Entry, here: list[tuple[str, Finding]]) -> list[tuple[str, Finding]]:
    """Return the findings for which an entry has room, those that it names first."""
    named = set(entry.findings)
    here.sort(key=lambda item: (item[0] not in named, item[1].locator.uri))
    room = entry.references
    found = []
    for key, finding in here:
        if finding.references <= room:
            room -= finding.references
            found.append((key, finding))
    return found


def tightened(view: RunView, roots: Roots, before: Baseline | None) -> Baseline:
    """Return the baseline of a run; with one before it, the same or a smaller one.

    Entries of the one before whose file could not be looked at stay: nothing shows that they are gone.

    Raises:
        UsageError: The run is not finished, or has findings that the one before does not know.
    """
    if view.finished_at is None:
        raise UsageError("the scan is not finished: no baseline is written from it")
    salt = before.salt if before else new_secret()
    kept: Sequence[Entry] = ()
    if before is not None:
        comparison = compare(before, view.findings, view.gaps, roots)
        new = len(view.findings) - len(comparison.known)
        if new:
            raise UsageError(
                f"new findings: {new}; a baseline that exists only shrinks",
                to_do="Remove what is new, or delete the baseline's file first to take everything in.",
            )
        untold = {gone.key for gone in comparison.gone if not gone.is_told}
        kept = [entry for entry in before.entries if untold.intersection(entry.findings)]
    names = _Names(salt, roots)
    entries = _entries(view.findings, names)
    for entry in kept:
        entries.setdefault(entry.kind, entry)
    return Baseline(salt, view.mode.value, view.tool_version, tuple(entries.values()))


def _entries(findings: Iterable[Finding], names: _Names) -> dict[_Kind, Entry]:
    by_kind: dict[_Kind, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_kind[_kind(finding, names.place(finding))].append(finding)
    return {
        kind: Entry(
            names.file(here[0]),
            *kind,
            sum(finding.references for finding in here),
            tuple(sorted(names.finding(finding) for finding in here)),
        )
        for kind, here in by_kind.items()
    }
