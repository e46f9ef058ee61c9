"""What a run comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efface.model import GapReason, RemovalStatus, VerdictKind
from efface.runs.exit_code import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from efface.model import Level, Removal
    from efface.report.view import RunView

__all__ = ["of_removals", "of_scan"]


def of_scan(view: RunView, fail_on: Level) -> ExitCode:
    """Return what a scan comes to: violations first, then what could not be told, then clean.

    What a certificate says was removed and is back is a violation, whatever else is known of it; where that
    cannot be told and something was found, it is an open question.

    Findings that a baseline knows or a waiver covers count for nothing here; verdicts on the activity always
    count. Files that the user's own ignore file left out are no gaps here; those that one in a target left
    out are.

    Args:
        view: The run.
        fail_on: Lowest level that counts among findings that no verdict was given on (without a case, all
            of them); a finding without a level counts as the lowest one, unless its characteristic is
            unknown, which is never a violation.
    """
    judged = {verdict.subject for verdict in view.verdicts}
    unjudged = [f for f in view.findings if f.id not in judged and not view.excuses(f.id)]
    verdicts = [verdict for verdict in view.verdicts if not view.excuses(verdict.subject)]
    returned = view.returned
    if (returned and returned.is_alarm) or any(verdict.kind.is_violation for verdict in verdicts):
        return ExitCode.VIOLATIONS
    if any(finding.is_biometric and (finding.level or 1) >= fail_on for finding in unjudged):
        return ExitCode.VIOLATIONS
    open_question = any(verdict.kind is VerdictKind.NEEDS_FACTS for verdict in verdicts)
    open_question = open_question or any(not finding.is_biometric for finding in unjudged)
    open_question = open_question or bool(returned and not returned.is_told and view.findings)
    hidden = any(ignored.in_target for ignored in view.ignored)
    gaps = any(gap.reason is not GapReason.IGNORED or hidden for gap in view.gaps)
    return ExitCode.GAPS if gaps or open_question or view.finished_at is None else ExitCode.CLEAN


def of_removals(removals: Iterable[Removal]) -> ExitCode:
    """Return what an applied plan comes to: failed when anything due is still there and not held."""
    bad = (RemovalStatus.FAILED, RemovalStatus.UNSUPPORTED)
    return ExitCode.FAILED if any(removal.status in bad for removal in removals) else ExitCode.CLEAN
