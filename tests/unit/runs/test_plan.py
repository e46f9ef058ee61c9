"""Plans: what is due, what is held, what is left out; nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from efface.errors import UsageError
from efface.model import (
    Case,
    Characteristic,
    Clue,
    Finding,
    FiredRule,
    Form,
    Hold,
    Level,
    Locator,
    Method,
    Removal,
    RemovalStatus,
    Text,
    Unit,
    Verdict,
    VerdictKind,
)
from efface.runs.codec import encode
from efface.runs.plan import plan
from efface.runs.store import Store

DAY = date(2026, 1, 1)


def finding(path: str, x: int = 0) -> Finding:
    place = Locator("file", (path,), f"xywh=pixel:{x},0,10,10")
    return Finding("face-image@1", Form.SAMPLE, Characteristic.FACE, place, 0.9, 1, Level.VISIBLE)


A, B, C = finding("/office/a.jpg"), finding("/office/a.jpg", 50), finding("/evidence/b.jpg")


def verdict(subject: Finding, kind: VerdictKind, *rules: VerdictKind) -> Verdict:
    fired = tuple(FiredRule(f"R-{n}", rule, (), (), Text("", "")) for n, rule in enumerate(rules or (kind,)))
    return Verdict(subject.id, kind, fired, (), (), "", DAY)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A run with two findings in one file and one in another."""
    with Store(str(tmp_path / "run.sqlite")) as opened:
        for path, findings in (("/office/a.jpg", (A, B)), ("/evidence/b.jpg", (C,))):
            unit = Unit(Locator("file", (path,)).uri, 1, "s", "filesystem")
            result = {"artefacts": 1, "scanned": 1, "bytes": 1, "sha256": "00" * 32, "gaps": []}
            with opened.transaction():
                opened.list_units([unit], 1)
                opened.finish_unit(unit, "c", {**result, "findings": [encode(each) for each in findings]})
        opened.set_meta("finished_at", "2026-01-01T00:00:00+00:00")
        yield opened


def statuses(store: Store, case: Case | None = None, *only: str) -> dict[str, RemovalStatus]:
    removals = plan(store, case, only, DAY).removals
    return {removal.target.path[0]: removal.status for removal in removals}


def test_nothing_says_what_is_due(store: Store) -> None:
    """A run that was not judged has no plan of its own."""
    with pytest.raises(UsageError, match="not judged"):
        plan(store, None, (), DAY)


def test_an_unfinished_scan_has_no_plan(store: Store) -> None:
    """The certificate of a run lists what its scan found: nothing is removed before the scan has ended."""
    store.set_meta("finished_at", "")
    with pytest.raises(UsageError, match="not finished"):
        plan(store, None, ("all",), DAY)


def test_what_is_newer_than_the_judging_is_not_removed_without_the_case(store: Store) -> None:
    """A hold of the case may cover a finding that the judging did not know."""
    with store.transaction():
        store.set_verdicts([verdict(A, VerdictKind.PROHIBITED), verdict(B, VerdictKind.PROHIBITED)])
    with pytest.raises(UsageError, match="1 findings are newer than the judging"):
        plan(store, None, ("all",), DAY)
    assert len(plan(store, Case("t", "CN"), ("all",), DAY).removals) == 2


def test_a_name_of_what_is_gone_already_is_no_mistake(store: Store) -> None:
    """The command that was killed can be given again, though some of what it names is removed."""
    done = Removal(A.locator.container, (A.id,), (), ("a@1",), Method.REDACT, RemovalStatus.REMOVED, "")
    with store.transaction():
        store.look_again(A.locator.container.uri, (A.id,))
        store.set_removal(done)
    (removal,) = plan(store, None, (A.id, C.id), DAY).removals
    assert removal.finding_ids == (C.id,)


def test_prohibited_findings_are_due(store: Store) -> None:
    """One removal a file, with only the findings that are due in it."""
    with store.transaction():
        store.set_verdicts([verdict(A, VerdictKind.PROHIBITED), verdict(B, VerdictKind.PERMITTED)])
    (removal,) = plan(store, None, (), DAY).removals
    assert removal.finding_ids == (A.id,)
    assert removal.status is RemovalStatus.PLANNED


@pytest.mark.parametrize(
    "kind", [k for k in VerdictKind if k not in (VerdictKind.PROHIBITED, VerdictKind.HOLD)]
)
def test_no_other_verdict_makes_a_removal_due(store: Store, kind: VerdictKind) -> None:
    """What consent could cure, what is frozen, open or allowed stays until it is named."""
    with store.transaction():
        store.set_verdicts([verdict(A, kind)])
    assert plan(store, None, (), DAY).removals == ()


def test_what_could_be_cured_is_counted(store: Store) -> None:
    """The user learns that something was left out, and how to remove it."""
    with store.transaction():
        store.set_verdicts([verdict(A, VerdictKind.PROHIBITED_UNLESS), verdict(C, VerdictKind.PROHIBITED)])
    assert plan(store, None, (), DAY).curable == 1


def test_a_hold_of_the_case_beats_a_prohibition(store: Store) -> None:
    """A hold covers its place whatever the verdict says."""
    with store.transaction():
        store.set_verdicts([verdict(A, VerdictKind.PROHIBITED), verdict(C, VerdictKind.PROHIBITED)])
    case = Case("t", "CN", holds=(Hold("**/evidence/**", "case 118"),))
    assert statuses(store, case) == {
        "/office/a.jpg": RemovalStatus.PLANNED,
        "/evidence/b.jpg": RemovalStatus.HELD,
    }


def test_a_verdict_of_hold_beats_a_prohibition(store: Store) -> None:
    """A duty to keep is shown as held, not forgotten."""
    with store.transaction():
        store.set_verdicts([verdict(C, VerdictKind.HOLD, VerdictKind.HOLD, VerdictKind.PROHIBITED)])
    assert statuses(store) == {"/evidence/b.jpg": RemovalStatus.HELD}


@pytest.mark.parametrize("named", [(), (C.id,)])
def test_a_freeze_beside_a_prohibition_keeps(store: Store, named: tuple[str, ...]) -> None:
    """What may only be stored, because a period of keeping runs, is not deleted though it is forbidden or named."""
    with store.transaction():
        store.set_verdicts([verdict(C, VerdictKind.PROHIBITED, VerdictKind.PROHIBITED, VerdictKind.FREEZE)])
    assert statuses(store, None, *named) == {"/evidence/b.jpg": RemovalStatus.HELD}


def test_a_hold_beats_a_finding_that_was_named(store: Store) -> None:
    """Naming a finding does not lift a hold."""
    case = Case("t", "CN", holds=(Hold("**/evidence/**", "case 118"),))
    assert statuses(store, case, C.id) == {"/evidence/b.jpg": RemovalStatus.HELD}


def test_an_ended_hold_holds_nothing(store: Store) -> None:
    """A hold ends on its day."""
    case = Case("t", "CN", holds=(Hold("**/evidence/**", "case 118", date(2025, 12, 31)),))
    assert statuses(store, case, "all")["/evidence/b.jpg"] is RemovalStatus.PLANNED


def test_named_findings_need_no_verdict(store: Store) -> None:
    """Who names a finding decides."""
    assert statuses(store, None, B.id) == {"/office/a.jpg": RemovalStatus.PLANNED}


def test_what_a_view_shows_is_not_removed_from_it(store: Store) -> None:
    """It is stored in the tables that the view shows: the plan says so, apart from what is stored in a table."""
    place = Locator("postgresql", ("db:5432/shop",))
    kept, shown = (
        Finding("t@1", Form.TEMPLATE, Characteristic.FACE, place.at(f"/public.{name}/v"), 0.9, clues=clues)
        for name, clues in (
            ("faces", (Clue("shown_in", "public.v"),)),
            ("v", (Clue("view", "public.faces"),)),
        )
    )
    unit = Unit(place.at("/public.v;view").uri, 1, "s", "database")
    result = {"artefacts": 1, "scanned": 1, "bytes": 1, "sha256": "", "gaps": []}
    with store.transaction():
        store.list_units([unit], 1)
        store.finish_unit(unit, "c", {**result, "findings": [encode(each) for each in (kept, shown)]})
    removals = {
        removal.finding_ids: removal for removal in plan(store, None, (kept.id, shown.id), DAY).removals
    }
    assert removals[shown.id,].status is RemovalStatus.UNSUPPORTED
    assert "a view stores nothing" in removals[shown.id,].reason
    assert "a view" not in removals[kept.id,].reason


def test_an_unknown_name_is_refused(store: Store) -> None:
    """A mistyped id must not pass for nothing to do."""
    with pytest.raises(UsageError, match="no finding"):
        plan(store, None, ("nonsense",), DAY)


def test_a_face_takes_its_thumbnail_with_it(store: Store) -> None:
    """Who names the face of a photo means the copy in its metadata as well."""
    place = Locator("file", ("/office/a.jpg", "exif-thumbnail"), "xywh=pixel:1,1,3,3")
    copy = Finding("face-image@1", Form.SAMPLE, Characteristic.FACE, place, 0.9)
    unit = store.unit(Locator("file", ("/office/a.jpg",)).uri)
    assert unit is not None
    result = {"artefacts": 1, "scanned": 1, "bytes": 1, "sha256": "00" * 32, "gaps": []}
    with store.transaction():
        store.finish_unit(unit, "c", {**result, "findings": [encode(each) for each in (A, B, copy)]})
    (removal,) = plan(store, None, (A.id,), DAY).removals
    assert set(removal.finding_ids) == {A.id, copy.id}


def undecided(rule: str) -> Verdict:
    """A finding that is prohibited, while one more rule lacks a fact."""
    fired = (
        FiredRule("R-0", VerdictKind.PROHIBITED, (), (), Text("", "")),
        FiredRule(rule, VerdictKind.NEEDS_FACTS, (), ("dismantling_authorised",), Text("", "")),
    )
    return Verdict(A.id, VerdictKind.PROHIBITED, fired, (), (), "", DAY)


def test_what_a_rule_may_hold_is_kept_until_it_is_decided(store: Store) -> None:
    """What is removed cannot be brought back, so that a hold that may apply keeps it."""
    store.set_verdicts([undecided("CN-VID-23-2")])
    (removal,) = plan(store, Case("t", "CN"), (), DAY).removals
    assert removal.status is RemovalStatus.HELD
    assert "lacks a fact" in removal.reason


def test_the_plan_tells_what_is_frozen_from_what_is_held(store: Store) -> None:
    """Frozen data may be stored and secured; it is neither due nor merely held back."""
    store.set_verdicts([verdict(C, VerdictKind.PROHIBITED, VerdictKind.PROHIBITED, VerdictKind.FREEZE)])
    (removal,) = plan(store, Case("t", "CN"), (), DAY).removals
    assert removal.status is RemovalStatus.HELD
    assert "frozen" in removal.reason
    assert "hold" not in removal.reason


@pytest.mark.parametrize("rule", ["CN-PIPL-28", "CN-PIPL-47-FREEZE"])
def test_another_open_question_keeps_nothing(store: Store, rule: str) -> None:
    """A rule that could only forbid, or freeze, does not stand in the way of a removal that is due."""
    store.set_verdicts([undecided(rule)])
    (removal,) = plan(store, Case("t", "CN"), (), DAY).removals
    assert removal.status is not RemovalStatus.HELD


@pytest.mark.parametrize("signed", [True, False])
def test_a_plan_says_that_a_signature_will_not_hold(store: Store, tmp_path: Path, *, signed: bool) -> None:
    """Who is about to change a signed document hears of it before."""
    path = tmp_path / "signed.pdf"
    path.write_bytes(b"%PDF-1.7\n" + (b"/ByteRange [0 1 2 3]" if signed else b"nothing"))
    place = Locator("file", (str(path), "page-1-image-1.jpg"), "xywh=pixel:0,0,10,10")
    face = Finding("face-image@1", Form.SAMPLE, Characteristic.FACE, place, 0.9, 1, Level.VISIBLE)
    unit = Unit(place.container.uri, 1, "s", "filesystem")
    result = {"artefacts": 1, "scanned": 1, "bytes": 1, "sha256": "00" * 32, "gaps": []}
    with store.transaction():
        store.list_units([unit], 1)
        store.finish_unit(unit, "c", {**result, "findings": [encode(face)]})
    (removal,) = (
        each for each in plan(store, None, ("all",), DAY).removals if each.target == place.container
    )
    assert (removal.status, removal.actions) == (RemovalStatus.PLANNED, ("redact-pdf@1",))
    assert removal.reason == ("signatures over it no longer hold" if signed else "")
