"""A second visit: look at the same targets in the same way, and compare with the baseline that was sealed.

Places are compared as the baseline names them, by target and way within it, so a disk may be mounted elsewhere. A file
that moved is told by the keyed digest of its whole content, and the key lies in the first run's file alone: only a scan
that goes on in that file, or in a copy of it, can tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from efface import __version__
from efface.errors import UsageError
from efface.evidence import shapes
from efface.evidence.check import check
from efface.evidence.statement import FindingStatus
from efface.model import Locator, Mode
from efface.report.again import Again, Earlier, Move, Shown, plain
from efface.report.plain import target_text
from efface.runs.baseline import compare, keys_of
from efface.runs.ignore import Ignore
from efface.runs.marks import Marks, keep, roots_of_run
from efface.runs.resample import resample
from efface.runs.returned import parse_against, require_held, returned
from efface.runs.scan import ScanOptions, scan
from efface.runs.view import view_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from efface.evidence.keys import PublicKey
    from efface.model import Finding
    from efface.report.marks import Resampled
    from efface.runs.returned import Against
    from efface.runs.scan import Progress
    from efface.runs.store import Store
    from efface.visits.entries import Entry, Run
    from efface.visits.opening import Sealing
    from efface.visits.visit import Visit

__all__ = ["Certificates", "Draw", "add_comparison", "look_again", "run_of"]


@dataclass(frozen=True, slots=True)
class Draw:
    """How removed places are drawn: the run file of the organisation or a copy, how many, and the seed."""

    store: Store
    count: int
    seed: str


@dataclass(frozen=True, slots=True)
class Certificates:
    """What the organisation shows: names and bytes, the keys it is trusted by, those revoked, and a draw of it."""

    shown: tuple[tuple[str, bytes], ...] = ()
    trusted: tuple[PublicKey, ...] = ()
    revoked: frozenset[str] = frozenset()
    draw: Draw | None = None

    def require_drawn(self) -> None:
        """Refuse a draw for which no certificate was shown that is of its run.

        Raises:
            UsageError: There is none.
            EvidenceError: What was shown is no certificate, or is of another ledger.
        """
        if self.draw is None:
            return
        found = [parse_against(data) for _, data in self.shown]
        if not any(each.run == self.draw.store.run_id for each in found):
            raise UsageError("no certificate was shown that is of the run to draw from")
        for each in found:
            require_held(self.draw.store, each)


def run_of(sealing: Sealing, line: int | None) -> Run:
    """Return the run of a bundle to compare with.

    Args:
        sealing: A bundle that holds.
        line: Number of its line in the log; may be None where the visit has one run.

    Raises:
        UsageError: There is no such run, or it has to be named.
    """
    if line is None and len(sealing.runs) == 1:
        return sealing.runs[0]
    known = ", ".join(str(run.seq) for run in sealing.runs) or "none"
    found = [run for run in sealing.runs if run.seq == line]
    if not found:
        raise UsageError(f"name the run to compare with by its line in the log (--line): {known}")
    return found[0]


def look_again(  # noqa: PLR0913 - what is compared, with what, and how
    sealing: Sealing,
    run: Run,
    store: Store,
    targets: Sequence[str],
    lang: str,
    *,
    certificates: Certificates | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Again:
    """Scan the targets of a sealed run again, and compare.

    Args:
        sealing: The bundle, checked.
        run: The run in it.
        store: The run file to scan into; that of the first visit, or a copy, to be told of moves.
        targets: The same targets in the same order, wherever they are now.
        lang: "zh" or "en".
        certificates: What the organisation shows.
        progress: As of `runs.scan.scan`.

    Raises:
        UsageError: There are more or fewer targets than then, or one does not exist, or a draw has no certificate.
        EvidenceError: A certificate names this run, and the run file's ledger is another.
    """
    if len(targets) != len(run.targets):
        raise UsageError(
            f"the first visit looked at {len(run.targets)} targets, {len(targets)} are named now",
            to_do="Name the same targets in the same order: " + "; ".join(run.targets),
        )
    if certificates is not None:
        certificates.require_drawn()
    baseline = sealing.baseline(run)
    before = _Before(store) if store.run_id == run.run else None
    scan(store, ScanOptions(tuple(targets), Mode(baseline.mode)), progress=progress)
    keep(store, Marks(targets=tuple(targets)), Ignore())
    view, roots = view_of(store, lang), roots_of_run(store)
    comparison = compare(baseline, view.findings, view.gaps, roots)
    moves = before.moves(store) if before else ()
    there_now = {move.now.uri for move in moves}
    unknown = [finding for finding in view.findings if finding.id not in comparison.known]
    moved = tuple(finding for finding in unknown if finding.locator.container.uri in there_now)
    left = keys_of(baseline, before.findings_in(moves), before.roots) if before else frozenset()
    gone = [each for each in comparison.gone if each.key not in left]
    return Again(
        earlier=_earlier(sealing, run),
        run_id=view.run_id,
        mode=view.mode,
        started_at=shapes.printed(view.started_at),
        finished_at=shapes.printed(view.finished_at or datetime.now(UTC)),
        targets=tuple(target_text(target) for target in targets),
        gone=tuple(each for each in gone if each.is_told),
        untold=tuple(each for each in gone if not each.is_told),
        there=tuple(finding for finding in view.findings if finding.id in comparison.known),
        moved=moves,
        moved_findings=moved,
        moves_told=before is not None,
        new=tuple(finding for finding in unknown if finding not in moved),
        gaps=view.gaps,
        shown=tuple(_shown(store, view.findings, certificates or Certificates())),
        made_on=datetime.now(UTC).date(),
        tool_version=__version__,
        lang=lang,
    )


def add_comparison(visit: Visit, again: Again) -> Entry:
    """Add a comparison to the visit on which it was made."""
    fields = {"kind": "compared", "earlier": again.earlier.log_root, "line": again.earlier.line}
    return visit.add(
        {**fields, **again.counts, "back": again.returned},
        {"compared.json": plain(again).encode("utf-8", "backslashreplace")},
    )


class _Before:
    """What the first run's file knows before it is scanned again: contents and findings by outermost thing."""

    def __init__(self, store: Store) -> None:
        self.roots = roots_of_run(store)
        self._contents = {uri: content for uri, _, _ in store.stamps() if (content := store.content(uri))}
        self._findings = {uri: tuple(store.findings(uri)) for uri in self._contents}

    def moves(self, store: Store) -> tuple[Move, ...]:
        """Return the files that are gone from their place and lie elsewhere, byte for byte."""
        moves = []
        for uri, content in self._contents.items():
            if store.unit(uri) is None:
                now = [place for place in store.units_holding({content}) if place not in self._contents]
                moves += [Move(Locator.parse(uri), Locator.parse(place)) for place in now]
        return tuple(moves)

    def findings_in(self, moves: Iterable[Move]) -> Iterable[Finding]:
        """Return what was found in files that moved."""
        return [finding for move in moves for finding in self._findings[move.before.uri]]


def _earlier(sealing: Sealing, run: Run) -> Earlier:
    said = sealing.manifest.predicate
    return Earlier(
        said.visit, sealing.log.opened.premises, said.sealed_at, said.log.root, run.run, run.seq, run.targets
    )


def _shown(store: Store, findings: Iterable[Finding], certificates: Certificates) -> Iterable[Shown]:
    found = tuple(findings)
    for name, data in certificates.shown:
        report = check(data, certificates.trusted, certificates.revoked)
        if report.certificate is None:
            yield Shown(name, report.failed.reason if report.failed else "?")
            continue
        against = parse_against(data)
        require_held(store, against)
        back = returned(store, against, found)
        said = report.certificate
        yield Shown(
            name,
            "",
            shapes.printed(said.issued_at),
            said.removals,
            sum(count for status, count in said.findings_by.items() if status != FindingStatus.REMOVED),
            max(len(back.findings), len(back.files)) if back.is_told else None,
            _sample(certificates.draw, against),
        )


def _sample(drawn: Draw | None, against: Against) -> Resampled | None:
    if drawn is None or drawn.store.run_id != against.run:
        return None
    return resample(drawn.store, against, drawn.count, drawn.seed)
