"""Find what was removed and is back: a scan beside a certificate of the run that removed it.

A certificate holds keyed digests: of each file as it was before its removal, and of the place, kind and
detector of each finding. The key lies in the run file. With it, a file that is back byte for byte is told
wherever it lies, and so is a finding where one was removed; without it nobody can tell, not even the owner.
No digest is of a face or a vector, so none recognises a person in another file.

Not told: members of archives and cells of databases by content (removals are of whole files), copies that
were changed or re-coded, and places that no target holds.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from efface.errors import EvidenceError
from efface.evidence import account, canonical, envelope, history, merkle, shapes
from efface.evidence.entries import RehearsalOpened, entry_adapter
from efface.evidence.statement import statement_adapter
from efface.model import Locator
from efface.report.marks import Returned
from efface.runs.record import finding_ref
from efface.runs.residue import is_same

if TYPE_CHECKING:
    from collections.abc import Iterable

    from efface.evidence.entries import Entry
    from efface.model import Finding
    from efface.runs.store import Store

__all__ = ["Against", "Removals", "parse_against", "require_held", "returned"]


@dataclass(frozen=True, slots=True)
class Against:
    """What a comparison takes from a certificate; the rest is in the ledger that it stands on.

    Attributes:
        run: Identifier of its run.
        issued_at: When it was issued, as it says itself.
        size: Number of entries of its ledger.
        root: Root of its ledger, in hex.
        removed: How many findings it says were removed.
    """

    run: str
    issued_at: str
    size: int
    root: str
    removed: int


def parse_against(data: bytes) -> Against:
    """Read a certificate to compare with; its signatures are not looked at, `efface check` does that.

    Raises:
        EvidenceError: The bytes are no certificate.
    """
    payload = envelope.parse(data).payload
    canonical.loads(payload)
    said = shapes.read(statement_adapter, payload).predicate
    removed = sum(finding.status in account.GONE for finding in said.findings)
    return Against(said.run, said.issued_at, said.ledger.size, said.ledger.root, removed)


def require_held(store: Store, against: Against) -> None:
    """Refuse a certificate that names this run and does not stand on its ledger.

    Raises:
        EvidenceError: One of the two was changed.
    """
    if against.run != store.run_id:
        return
    entries = list(islice(store.ledger.read(), against.size))
    root = merkle.root_of(merkle.leaf_hash(canonical.dumps(entry)) for entry in entries)
    if len(entries) != against.size or root.hex() != against.root:
        raise EvidenceError("the certificate names this run, and its ledger is not that of the run file")


def returned(store: Store, against: Against, findings: Iterable[Finding]) -> Returned:
    """Return what of a certificate's removals is back in a run.

    Args:
        store: The run, after a scan.
        against: The certificate; `require_held` has nothing against it.
        findings: What the scan found.
    """
    if against.run != store.run_id:
        return Returned(against.issued_at, is_told=False, removed=against.removed)
    removals = Removals(store, against)
    found = tuple(findings)
    files = removals.files_back()
    back = {place.path[0] for place in files}
    ids = {each.id for each in found if each.locator.path[0] in back or removals.is_there_again(each)}
    others = [each for each in found if each.id not in ids and not removals.is_known(each)]
    return Returned(
        against.issued_at,
        is_told=True,
        removed=against.removed,
        files=files,
        findings=frozenset(ids),
        elsewhere=removals.elsewhere(),
        others=len(others),
    )


class Removals:
    """What a run removed until a certificate of it was issued, and what it left where it was.

    Attributes:
        before: Keyed digests of the files as they were before their removals.
        places: The outermost things from which something was removed, each once.
    """

    def __init__(self, store: Store, against: Against) -> None:
        self._store = store
        entries = _typed(islice(store.ledger.read(), against.size))
        self.before = {removed.intent.before for removed in history.removed(entries)}
        statuses = account.statuses(entries)
        gone = {ref for ref, status in statuses.items() if status in account.GONE}
        known = store.scanned()[0]
        removed = [each for each in known if finding_ref(store, each.id) in gone]
        self._gone = _by_file(removed)
        self.places = tuple(dict.fromkeys(each.locator.container for each in removed))
        self._stays = _by_file(each for each in known if finding_ref(store, each.id) not in gone)

    def files_back(self) -> tuple[Locator, ...]:
        """Return the files that hold what a removal took away; a second copy that was held never went."""
        places = (Locator.parse(uri) for uri in self._store.units_holding(self.before))
        return tuple(
            place for place in places if place.path[0] in self._gone or place.path[0] not in self._stays
        )

    def is_there_again(self, finding: Finding) -> bool:
        """Return whether a finding is where one was removed, and is none that was left there."""
        file = finding.locator.path[0]
        return not _is_any(finding, self._stays[file]) and _is_any(finding, self._gone[file])

    def is_known(self, finding: Finding) -> bool:
        """Return whether the certificate lists a finding as one that was left where it was."""
        return _is_any(finding, self._stays[finding.locator.path[0]])

    def elsewhere(self) -> int:
        """Return how many removed findings lay in none of the targets of the last scan."""
        targets = [os.path.abspath(target) for target in json.loads(self._store.meta("targets"))]
        return sum(
            len(found)
            for file, found in self._gone.items()
            if not any(file == target or file.startswith(os.path.join(target, "")) for target in targets)
        )


def _typed(entries: Iterable[dict[str, Any]]) -> list[Entry]:
    read = (shapes.read(entry_adapter, canonical.dumps(entry)) for entry in entries)
    return [entry for entry in read if not isinstance(entry, RehearsalOpened)]


def _by_file(findings: Iterable[Finding]) -> defaultdict[str, list[Finding]]:
    files: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        files[finding.locator.path[0]].append(finding)
    return files


def _is_any(finding: Finding, others: Iterable[Finding]) -> bool:
    return any(is_same(finding, other) for other in others)
