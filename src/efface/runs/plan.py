"""What a removal would do, before anything is done."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from efface.actions.redact_image import why_not
from efface.actions.rewrite_archive import Warns, expected
from efface.actions.table_ways import Ways
from efface.errors import AccessError, UsageError
from efface.formats import sniff
from efface.model import Form, Locator, Method, Removal, RemovalStatus, VerdictKind
from efface.runs.bound import refuse_elsewhere
from efface.runs.derived import with_copies
from efface.runs.keeping import keeping
from efface.runs.plan_files import FilePlanner
from efface.runs.plan_tables import TablePlanner, refuse_unknown
from efface.runs.record import removal_began
from efface.runs.targets import is_table, target_of
from efface.sources.device import is_device
from efface.sources.package_owner import owner_of
from efface.sources.payloads import FilePayload

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from efface.model import Action, Case, Finding, Verdict, Way
    from efface.runs.store import Store

__all__ = ["ALL", "Plan", "plan", "refuse_late"]

ALL = "all"
"""The word that names every finding of a run."""

DUE = (VerdictKind.PROHIBITED,)
"""Verdicts that make a removal due by themselves; what consent could cure is removed only when named."""

_COVERED = "a hold or a duty to keep covers it"
_FROZEN = "it is frozen: it may be stored and secured, and neither used nor deleted"
_UNDECIDED = "a rule may demand keeping it and lacks a fact: state the fact and judge again"
_NO_ACTION = "no action removes such a finding from such a file"
_KEEPS = {VerdictKind.NEEDS_FACTS: _UNDECIDED, VerdictKind.FREEZE: _FROZEN}
_OWNED = "a package manager or a container owns it: a person runs this, and it is looked at again"
_OF_A_DEVICE = "it is in a device: efface decommission RUN --clear-device ADDRESS, or a person at the device"
_OF_A_VIEW = "a view stores nothing: remove it from the tables that it shows"


class Plan:
    """The removals of a run, one for each target, with the findings behind them.

    Attributes:
        removals: Planned and held ones, by target.
        curable: How many findings are prohibited unless a condition is met, and are left out.
        ways: What the user decided about tables.
        with_derived: Whether derived copies go, too.
        files: Of database files the tables in which something else than cells goes, and how.
    """

    def __init__(
        self,
        removals: tuple[Removal, ...],
        curable: int,
        ways: Ways | None = None,
        files: Mapping[Locator, Mapping[str, Way]] | None = None,
        *,
        with_derived: bool = False,
    ) -> None:
        self.with_derived = with_derived
        self.files = files or {}
        self.removals = removals
        self.curable = curable
        self.ways = ways or Ways()


def plan(  # noqa: PLR0913 - what a plan depends on
    store: Store,
    case: Case | None,
    only: Iterable[str],
    as_of: date,
    ways: Ways | None = None,
    *,
    with_derived: bool = False,
) -> Plan:
    """Return what is to be removed from a run's places; nothing is changed.

    Args:
        store: A run that was scanned, and judged when no finding is named.
        case: The case, for its holds; None when there is none.
        only: Findings to remove, by id, or the word "all"; empty for those that verdicts make due.
        as_of: The day for which holds count.
        ways: In which way what tables hold is to go; without it cells are emptied.
        with_derived: Whether copies that programs made of a file go with it.

    Raises:
        UsageError: The scan is not finished or was of other targets, nothing says what is due, a named finding
            is not in the run, one is due that the last judging, which knew the holds, did not know, or a way was
            decided for a table in which nothing is due.
    """
    ways = ways or Ways()
    if not store.meta("finished_at", ""):
        raise UsageError("the scan is not finished", to_do="Run the same `efface scan` again; it goes on.")
    refuse_elsewhere(store)
    findings = {finding.id: finding for finding in store.findings()}
    verdicts = {verdict.subject: verdict for verdict in store.verdicts()}
    named = tuple(only)
    due = _due(
        findings, verdicts, named, {each for removal in store.removals() for each in removal.finding_ids}
    )
    refuse_late(store, due)
    if case is None and verdicts:
        _refuse_unjudged(due, verdicts)
    held = _held(store, due, verdicts, case, as_of)
    curable = 0 if named else _count(verdicts, VerdictKind.PROHIBITED_UNLESS, findings)
    removals = []
    by_target: dict[Locator, list[Finding]] = {}
    for finding in due:
        by_target.setdefault(target_of(finding.locator), []).append(finding)
    tables, files = TablePlanner(store, ways, case, as_of), FilePlanner(ways, case, as_of)
    for target in sorted(by_target, key=lambda place: place.uri):
        removals += _removals((tables, files), target, by_target[target], held, verdicts)
    refuse_unknown(ways, due)
    told = with_copies(removals, taken=with_derived)
    return Plan(told, curable, ways, files.chosen, with_derived=with_derived)


def refuse_late(store: Store, due: list[Finding]) -> None:
    """Refuse what was found only after the first removal: the run's certificate could not list it.

    Raises:
        UsageError: Something was.
    """
    if not removal_began(store):
        return
    known = {finding.id for finding in store.scanned()[0]}
    late = sum(finding.id not in known for finding in due)
    if late:
        raise UsageError(
            f"{late} findings were found only after the first removal of this run",
            to_do="Scan the targets into a new run file (--run) and remove from there.",
        )


def _refuse_unjudged(due: list[Finding], verdicts: dict[str, Verdict]) -> None:
    """Refuse what was found after the judging: a hold of its case may cover it."""
    unjudged = sum(finding.id not in verdicts for finding in due)
    if unjudged:
        raise UsageError(
            f"{unjudged} findings are newer than the judging of this run, so that holds are not known",
            to_do="Give the case again (--case).",
        )


def _due(
    findings: dict[str, Finding], verdicts: dict[str, Verdict], named: tuple[str, ...], begun: set[str]
) -> list[Finding]:
    """Return what is due; names of what an earlier application took away are known, and nothing is left to do."""
    if named:
        unknown = [name for name in named if name != ALL and name not in findings and name not in begun]
        if unknown:
            raise UsageError(f"no finding of this run is called {unknown[0][:40]!r}")
        chosen = [finding for finding in findings.values() if ALL in named or finding.id in named]
        return chosen + _copies_of(chosen, findings)
    if not verdicts:
        raise UsageError(
            "nothing says what is due: the run was not judged",
            to_do="Give a case (--case), or name the findings (--only ID, or --only all).",
        )
    kinds = {*DUE, VerdictKind.HOLD}
    due = [
        finding
        for finding in findings.values()
        if finding.id in verdicts and _kinds(verdicts[finding.id]) & kinds
    ]
    return due + _copies_of(due, findings)


def _copies_of(due: list[Finding], findings: dict[str, Finding]) -> list[Finding]:
    """Return the faces in embedded copies (thumbnails, previews, trailers) of pictures in which a face is due."""
    pictures = {finding.locator.path for finding in due if finding.locator.box}
    known = {finding.id for finding in due}
    return [
        finding
        for finding in findings.values()
        if finding.locator.box and finding.locator.path[:-1] in pictures and finding.id not in known
    ]


def _kinds(verdict: Verdict) -> set[VerdictKind]:
    """Return the kinds of all rules that fire: under a hold, something else made the removal due."""
    return {verdict.kind, *(rule.kind for rule in verdict.fired)} - {VerdictKind.OUT_OF_SCOPE}


def _held(
    store: Store, due: list[Finding], verdicts: dict[str, Verdict], case: Case | None, as_of: date
) -> dict[str, str]:
    """Return why findings are kept, by their ids: a hold of the case, a rule, or one that may demand it."""
    rules = keeping(store)
    reasons = {}
    for finding in due:
        fired, verdict = rules.get(finding.id), verdicts.get(finding.id)
        covered = case is not None and case.hold_on(finding.locator, as_of) is not None
        if covered or (verdict is not None and verdict.kind is VerdictKind.HOLD):
            reasons[finding.id] = _COVERED
        elif fired is not None:
            reasons[finding.id] = _KEEPS.get(fired.kind, _COVERED)
    return reasons


def _removals(
    planners: tuple[TablePlanner, FilePlanner],
    target: Locator,
    here: list[Finding],
    held: dict[str, str],
    verdicts: dict[str, Verdict],
) -> list[Removal]:
    free = [finding for finding in here if finding.id not in held and not _is_shown(finding)]
    shown = [finding for finding in here if finding.id not in held and _is_shown(finding)]
    kept = [finding for finding in here if finding.id in held]
    result = []
    if kept:
        why = "\n".join(sorted({held[finding.id] for finding in kept}))
        result.append(_removal(target, kept, verdicts, RemovalStatus.HELD, why))
    if shown:
        result.append(_removal(target, shown, verdicts, RemovalStatus.UNSUPPORTED, _OF_A_VIEW))
    if free and is_table(target):
        removal = _removal(target, free, verdicts, RemovalStatus.PLANNED, "")
        result.append(planners[0].planned(removal, free))
    elif free:
        owner = _owner(target, free)
        actions = None if owner else _expected(target, free)
        possible = actions is not None
        status = RemovalStatus.PLANNED if possible else RemovalStatus.UNSUPPORTED
        reason = _warning(target, actions or ()) if possible else owner or _why_not(target)
        names = tuple(f"{action.name}@{action.version}" for action in actions or ())
        removal = replace(_removal(target, free, verdicts, status, reason), actions=names)
        result.append(planners[1].planned(removal, free))
    return result


def _is_shown(finding: Finding) -> bool:
    """Return whether a finding is of what a view of a database shows."""
    return any(clue.name == "view" for clue in finding.clues)


def _expected(target: Locator, findings: list[Finding]) -> tuple[Action, ...] | None:
    """Return which actions a target will need, by what it holds now; none when it cannot be told."""
    if target.scheme != "file":
        return None
    try:
        head = FilePayload(target.path[0], 0).head(sniff.HEAD_BYTES)
    except AccessError:
        return ()  # it has gone or changed: applying the plan will say so
    return expected(sniff.media_type(head, target.path[0]), findings)


def _owner(target: Locator, findings: list[Finding]) -> str:
    """Return why a system's file is not taken away by itself, with the command for a person, or ""."""
    if target.scheme != "file" or not any(finding.form is Form.SYSTEM for finding in findings):
        return ""
    owner = owner_of(target.path[0])
    return "" if owner is None else f"{_OWNED}\n{owner.command}"


def _why_not(target: Locator) -> str:
    """Return why no action removes what was found, for the kind of file that a target is now."""
    if is_device(target.uri):
        return _OF_A_DEVICE
    try:
        head = FilePayload(target.path[0], 0).head(sniff.HEAD_BYTES) if target.scheme == "file" else b""
    except AccessError:
        head = b""
    return why_not(sniff.media_type(head, target.path[0])) or _NO_ACTION


def _warning(target: Locator, actions: Iterable[Action]) -> str:
    """Return what the first action that knows of something says of a file before it is changed."""
    for action in actions:
        if isinstance(action, Warns):
            try:
                with FilePayload(target.path[0], 0).open() as stream:
                    return action.warning(stream)
            except AccessError:
                return ""  # applying the plan will say so
    return ""


def _removal(
    target: Locator, findings: list[Finding], verdicts: dict[str, Verdict], status: RemovalStatus, reason: str
) -> Removal:
    kinds = {verdicts[finding.id].kind.value for finding in findings if finding.id in verdicts}
    return Removal(
        target,
        tuple(sorted(finding.id for finding in findings)),
        tuple(sorted(kinds)),
        (),
        Method.REDACT if all(finding.locator.box for finding in findings) else Method.CLEAR,
        status,
        reason,
    )


def _count(verdicts: dict[str, Verdict], kind: VerdictKind, findings: dict[str, Finding]) -> int:
    return sum(verdict.kind is kind for subject, verdict in verdicts.items() if subject in findings)
