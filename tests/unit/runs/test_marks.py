"""Baseline, waivers and ignore files in a run: what they do to its exit code, its reports and its certificate."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from efface.model import ACTIVITY, Gap, GapReason, Level, Locator, Verdict, VerdictKind
from efface.report.arrange import headline
from efface.report.marks import Comparison, Ignored, Waiver
from efface.runs.baseline import tightened
from efface.runs.exit_code import ExitCode
from efface.runs.ignore import Ignore, read_ignore_file
from efface.runs.marks import Marks, keep, roots_of_run
from efface.runs.outcome import of_scan
from efface.runs.scan import ScanOptions, scan
from efface.runs.store import Store
from efface.runs.view import view_of
from efface.testing.run_views import full_view, nothing_view

DAY = date(2026, 6, 1)
LEFT_OUT = Gap(Locator("file", ("/srv",)), "list", GapReason.IGNORED, "9 files left out by line 1 of x")
OWN = Ignored("my.ignore", 1, "*.log", 9, 90, in_target=False)
FINDINGS = tuple(finding for finding in full_view().findings if finding.is_biometric)[:3]
UNKNOWN = next(finding for finding in full_view().findings if not finding.is_biometric)


def view(*findings, known=(), waived=(), verdicts=(), gaps=(), ignored=()):
    return replace(
        nothing_view(),
        findings=findings,
        baseline=Comparison(9, frozenset(known), (), "fast"),
        waived=dict.fromkeys(waived, 0),
        verdicts=verdicts,
        gaps=gaps,
        ignored=ignored,
    )


def verdict(subject, kind) -> Verdict:
    return Verdict(subject, kind, (), (), (), "", DAY)


ONE, TWO, THREE = FINDINGS
BREACH = tuple(verdict(finding.id, VerdictKind.PROHIBITED) for finding in FINDINGS)
OUTCOMES = {
    "all findings are known": (view(*FINDINGS, known=[f.id for f in FINDINGS]), ExitCode.CLEAN),
    "one is new": (view(*FINDINGS, known=[ONE.id, TWO.id]), ExitCode.VIOLATIONS),
    "one is new and waived": (view(*FINDINGS, known=[ONE.id, TWO.id], waived=[THREE.id]), ExitCode.CLEAN),
    "breaches are known": (view(*FINDINGS, known=[f.id for f in FINDINGS], verdicts=BREACH), ExitCode.CLEAN),
    "a breach is new": (view(*FINDINGS, known=[ONE.id, TWO.id], verdicts=BREACH), ExitCode.VIOLATIONS),
    "the activity itself is a breach": (
        view(ONE, known=[ONE.id], verdicts=(verdict(ACTIVITY, VerdictKind.PROHIBITED),)),
        ExitCode.VIOLATIONS,
    ),
    "a known question": (view(UNKNOWN, known=[UNKNOWN.id]), ExitCode.CLEAN),
    "a new question": (view(UNKNOWN), ExitCode.GAPS),
    "all is known and something was not looked at": (
        view(ONE, known=[ONE.id], gaps=(replace(LEFT_OUT, reason=GapReason.ENCRYPTED),)),
        ExitCode.GAPS,
    ),
    "files were left out by the user": (view(gaps=(LEFT_OUT,), ignored=(OWN,)), ExitCode.CLEAN),
    "files were left out by the target": (
        view(gaps=(LEFT_OUT,), ignored=(replace(OWN, in_target=True),)),
        ExitCode.GAPS,
    ),
}


@pytest.mark.parametrize(("run", "code"), OUTCOMES.values(), ids=OUTCOMES)
def test_only_what_is_new_and_not_waived_fails(run, code) -> None:
    """A baseline and waivers silence findings; gaps, questions and the activity stay what they are."""
    assert of_scan(run, Level.VISIBLE) is code


HEADLINES = {
    "left out by the user": ((OWN,), (LEFT_OUT,), "only_ignored"),
    "left out by the target": ((replace(OWN, in_target=True),), (LEFT_OUT,), "only_gaps"),
    "left out, and something unreadable": (
        (OWN,),
        (LEFT_OUT, replace(LEFT_OUT, reason=GapReason.ENCRYPTED)),
        "only_gaps",
    ),
}


@pytest.mark.parametrize(("ignored", "gaps", "word"), HEADLINES.values(), ids=HEADLINES)
def test_left_out_is_never_nothing_found(ignored, gaps, word) -> None:
    """A run that left files out does not say that nothing is there."""
    assert headline(view(ignored=ignored, gaps=gaps)) == word


@pytest.fixture
def tree(tmp_path):
    folder = tmp_path / "tree"
    folder.mkdir()
    for name in ("a.txt", "b.txt"):
        (folder / name).write_text("MARK x")
    (folder / "c.txt").write_text("plain")
    return folder


def look(store, tree, *, ignore=None) -> Ignore:
    used = ignore or Ignore()
    scan(store, ScanOptions((str(tree),), jobs=1, ignore=used))
    return used


@pytest.mark.usefixtures("obedient")
def test_marks_belong_to_one_scan(tree, tmp_path) -> None:
    """Reports of the run show them; a scan without them has none."""
    waivers = (Waiver("**/a.txt", "r", "w", date(2026, 1, 1), date(2026, 12, 31)),)
    with Store(str(tmp_path / "run")) as store:
        used = look(store, tree)
        first = view_of(store, "en")
        baseline = tightened(first, roots_of_run(store), None)
        keep(store, Marks(baseline, waivers, (str(tree),)), used)
        (tree / "d.txt").write_text("MARK y")
        shown = view_of(store, "en", on=DAY)
        assert shown.baseline is not None
        assert [use.findings for use in shown.waivers] == [1]
        assert view_of(store, "en", on=date(2027, 1, 1)).waived == {}
        used = look(store, tree)
        after = view_of(store, "en")
        assert after.baseline is None
        assert after.waivers == ()
        keep(store, Marks(None, (), (str(tree),)), used)
        baseline = tightened(view_of(store, "en"), roots_of_run(store), None)
        assert baseline.total == 3


@pytest.mark.usefixtures("obedient")
def test_what_is_left_out_is_no_finding_and_a_gap_of_the_run(tree, tmp_path) -> None:
    """A file that is left out is not looked at, and the run says so for good."""
    (tmp_path / "i").write_text("b.txt\n")
    with Store(str(tmp_path / "run")) as store:
        look(store, tree)
        used = look(store, tree, ignore=Ignore((read_ignore_file(str(tmp_path / "i")),)))
        keep(store, Marks(targets=(str(tree),)), used)
        shown = view_of(store, "en")
        assert len(shown.findings) == 1
        assert [gap.reason for gap in shown.gaps] == [GapReason.IGNORED]
        assert [ignored.files for ignored in shown.ignored] == [1]
        assert shown.coverage.gaps == 1


@pytest.mark.usefixtures("obedient")
def test_a_waiver_leaves_ledger_and_results_alone(tree, tmp_path) -> None:
    """What a certificate is made of is the same with waivers as without."""
    waivers = (Waiver("**", "r", "w", date(2026, 1, 1), date(2026, 12, 31)),)
    with Store(str(tmp_path / "run")) as store:
        used = look(store, tree)
        before = ([*store.ledger.read()], store.scanned(), [*store.findings()])
        keep(store, Marks(None, waivers, (str(tree),)), used)
        assert ([*store.ledger.read()], store.scanned(), [*store.findings()]) == before
