"""What order of entries a truthful run leaves."""

from __future__ import annotations

import pytest

from efface.evidence import account, canonical, history, shapes
from efface.evidence.entries import entry_adapter
from efface.testing.ledgers import office_story, small_story

AT = {"at": "2026-11-22T10:00:00Z", "previous": "0" * 64}
A, B = "a" * 32, "b" * 32
COVERAGE = {"seen": 0, "scanned": 0, "gaps": 0, "bytes": 0}


def intent(ref=A, method="redact", before="1" * 64):
    found = {"findings": ["f" * 32], "actions": ["redact-image@1"]}
    return {"kind": "removal_intent", "ref": ref, "method": method, "before": before, **found}


def ready(ref=A, after="2" * 64, residue=0):
    return {"kind": "removal_ready", "ref": ref, "after": after, "residue": residue}


def done(ref=A, after="2" * 64, residue=0):
    return {"kind": "removal_done", "ref": ref, "after": after, "residue": residue, "status": "removed"}


def failed(ref=A):
    return {"kind": "removal_failed", "ref": ref, "reason": "changed", "status": "failed"}


def held(ref=A, rule="CN-HOLD-1", hold=None):
    return {"kind": "removal_held", "ref": ref, "findings": ["f" * 32], "rule": rule, "hold": hold}


def rescan(residue=0):
    return {"kind": "rescan", "coverage": COVERAGE, "residue": residue}


def tried(ref=A, outcome="shown", left=0, **numbers):
    row = {"family": "lbp", "gallery": "clear", "measure": "rank_one", "probes": 100, "rate_ppm": 900_000}
    row |= {"chance_ppm": 10_000, "lower_ppm": 825_632, "upper_ppm": 944_772} | numbers
    counts = {"flat": 1, "gone": 0, "left": left, "untested": 0}
    rows = [row] if left else []
    return {"kind": "reidentified", "removals": [ref], **counts, "comparisons": rows, "outcome": outcome}


def typed(entries):
    return [shapes.read(entry_adapter, canonical.dumps({**AT, **entry})) for entry in entries]


def in_table(ref=A):
    return {**intent(ref, method="clear"), "actions": ["erase-table-cells@1"]}


def cleaned(ref=A, done=("rewrite", "checkpoint"), not_done=("statistics", "files")):
    return {"kind": "removal_cleaned", "ref": ref, "done": list(done), "not_done": list(not_done)}


def stopped(ref=A):
    return {**failed(ref), "reason": "partial"}


def sealed(ref=A, until="2026-11-22"):
    digests = {"sealed": "5" * 64, "recipient": "6" * 64}
    return {"kind": "removal_sealed", "ref": ref, "until": until, **digests}


def approved(planner="a", applier="b"):
    return {"kind": "removal_approved", "plan": "c" * 64, "planner": planner * 64, "applier": applier * 64}


PLANNED = {"kind": "removal_planned", "removals": 1}

TRUTHFUL = {
    "nothing": [],
    "one removal": [intent(), ready(), done()],
    "two removals at a time": [intent(A), intent(B), ready(B), ready(A), done(A), done(B)],
    "a failure before the replacement": [intent(), failed()],
    "a failure after the replacement": [intent(), ready(), failed()],
    "a failure, then a removal": [intent(), failed(), intent(), ready(), done()],
    "two removals in one target, one after the other": [intent(), ready(), done()] * 2,
    "an original that is sealed": [intent(), sealed(), ready(), done()],
    "sealed, failed, and then not sealed": [intent(), sealed(), failed(), intent(), ready(), done()],
    "a target that is gone": [intent(method="purge"), ready(after=None), done(after=None)],
    "cells of a table": [in_table(), cleaned(), ready(), done()],
    "cells of a table, of which nothing could be cleaned": [
        in_table(),
        cleaned(done=(), not_done=("rewrite", "statistics", "checkpoint", "files")),
        ready(),
        done(),
    ],
    "cells of a table, stopped in the middle and gone on with": [
        in_table(),
        stopped(),
        in_table(),
        cleaned(),
        ready(),
        done(),
    ],
    "held by a rule": [held()],
    "held by a hold": [held(rule=None, hold=0)],
    "a re-scan that found something, then one that did not": [rescan(1), rescan(0)],
    "faces that recognisers knew, then not": [tried(outcome="contradicted", left=100), tried()],
}


@pytest.mark.parametrize("entries", TRUTHFUL.values(), ids=TRUTHFUL)
def test_truthful(entries):
    """A removal is intended, ready and done, or intended and failed."""
    assert list(history.pairing(typed(entries))) == []


UNTRUE = {
    "never ended": ([intent()], 1, "never ended"),
    "never ended after it was ready": ([intent(), ready()], 1, "never ended"),
    "ready without an intent": ([ready()], 1, "never began"),
    "done without an intent": ([done()], 1, "never ready"),
    "done without being ready": ([intent(), done()], 2, "never ready"),
    "failed without an intent": ([failed()], 1, "never began"),
    "begun twice": ([intent(), intent(), ready(), done()], 2, "before the one before"),
    "ready twice": ([intent(), ready(), ready(), done()], 3, "ready twice"),
    "done twice": ([intent(), ready(), done(), done()], 4, "never ready"),
    "failed after it was done": ([intent(), ready(), done(), failed()], 4, "never began"),
    "done for another target": ([intent(A), ready(A), done(B), failed(A)], 3, "never ready"),
    "ready with residue": ([intent(), ready(residue=1), done()], 2, "still finds 1"),
    "done with residue": ([intent(), ready(), done(residue=2)], 3, "still finds 2"),
    "another content than was ready": ([intent(), ready(), done(after="3" * 64)], 3, "not what was ready"),
    "gone where a replacement was ready": ([intent(), ready(), done(after=None)], 3, "not what was ready"),
    "redacted to nothing": ([intent(), ready(after=None), done(after=None)], 2, "nothing is left"),
    "the same content after": ([intent(), ready(after="1" * 64), done(after="1" * 64)], 2, "the same before"),
    "a table without a word on cleaning": ([in_table(), ready(), done()], 2, "does not say what was cleaned"),
    "a table cleaned after it was ready": (
        [in_table(), cleaned(), ready(), cleaned(), done()],
        4,
        "cleaned twice",
    ),
    "a file that was cleaned": ([intent(), cleaned(), ready(), done()], 2, "no removal in a database"),
    "cleaned without an intent": ([cleaned()], 1, "no removal in a database"),
    "a step that is left out": (
        [in_table(), cleaned(done=()), ready(), done()],
        2,
        "neither done nor not done",
    ),
    "a step that is both": (
        [in_table(), cleaned(done=("rewrite", "files"))],
        2,
        "neither done nor not done, or both",
    ),
    "sealed without an intent": ([sealed()], 1, "no removal from a file"),
    "a table that is sealed": (
        [in_table(), sealed(), cleaned(), ready(), done()],
        2,
        "no removal from a file",
    ),
    "sealed after it was ready": ([intent(), ready(), sealed(), done()], 3, "after it was ready"),
    "sealed twice": ([intent(), sealed(), sealed(), ready(), done()], 3, "sealed twice"),
    "sealed and destroyed": (
        [intent(method="destroy"), sealed(), ready(after=None), done(after=None)],
        2,
        "neither purged nor destroyed",
    ),
    "sealed until yesterday": ([intent(), sealed(until="2026-11-21"), ready(), done()], 2, "was over"),
    "held while it runs": ([intent(), held(), ready(), done()], 2, "after it began"),
    "held by nothing": ([held(rule=None)], 1, "neither"),
    "faces that recognisers still know": (
        [tried(outcome="contradicted", left=100)],
        1,
        "still know the faces of 1",
    ),
    "known faces that another removal's do not make unknown": (
        [tried(outcome="contradicted", left=100), tried(B)],
        2,
        "still know the faces of 1",
    ),
    "rates that say something else": ([tried(outcome="too_few", left=100)], 1, "its rates say contradicted"),
    "nothing left, and yet too few": ([tried(outcome="too_few")], 1, "its rates say shown"),
    "bounds of another rate": (
        [tried(outcome="contradicted", left=100, upper_ppm=944_771)],
        1,
        "not those of its probes",
    ),
    "a last re-scan with residue": ([rescan(0), rescan(3)], 2, "still finds 3"),
}


@pytest.mark.parametrize(("entries", "seq", "text"), UNTRUE.values(), ids=UNTRUE)
def test_untrue(entries, seq, text):
    """Every other order is a problem, with the number of its entry."""
    problem = next(history.pairing(typed(entries)))
    assert problem.seq == seq
    assert text in str(problem)


STORY = small_story().entries
OTHER = "0" * 32
ORDER = {
    "no entry": ([], 0, "no scan"),
    "not opened": (STORY[1:], 1, "opened once"),
    "opened twice": ([STORY[0], STORY[0], *STORY[1:]], 2, "opened once"),
    "never scanned": ([STORY[0]], 1, "no scan"),
    "scanned after a removal": ([*STORY, STORY[1]], len(STORY) + 1, "after a removal began"),
    "removed before the scan": ([STORY[0], STORY[2], *STORY[1:]], 2, "before the scan"),
    "a scan of another run": ([STORY[0], {**STORY[1], "run": OTHER}], 2, "another run"),
}


@pytest.mark.parametrize(("entries", "seq", "text"), ORDER.values(), ids=ORDER)
def test_order(entries, seq, text):
    """A run is opened once and first, and scanned before anything is removed."""
    problem = next(history.order(typed(entries)))
    assert problem.seq == seq
    assert text in str(problem)


def test_scanned_again_before_removal():
    """A scan may be repeated until something is removed; the last one counts."""
    again = {**STORY[1], "findings": 7}
    entries = typed([*STORY[:2], again])
    assert list(history.order(entries)) == []
    assert account.scan_of(entries).findings == 7


def test_stories_are_truthful():
    """The stories that other tests tell have no problem."""
    for story in (small_story(), office_story()):
        entries = typed(story.entries)
        assert [*history.order(entries), *history.pairing(entries)] == []


def test_removed():
    """A removal is told from its last intent to its end."""
    entries = typed([intent(before="4" * 64), failed(), intent(), ready(), done()])
    (removed,) = history.removed(entries)
    assert removed.intent is entries[2]
    assert removed.done is entries[4]


UNSIGNED = {
    "nobody signs": ([PLANNED, PLANNED], None),
    "two persons, each time": ([approved(), PLANNED, approved("b", "a"), PLANNED], None),
    "two persons from the second plan on": ([PLANNED, approved(), PLANNED], None),
    "one person is both": ([approved("a", "a"), PLANNED], "who planned the removals applied them"),
    "one signature for two plans": ([approved(), PLANNED, PLANNED], "nobody signed"),
    "a plan without one, later": ([approved(), PLANNED, approved(), PLANNED, PLANNED], "nobody signed"),
}


@pytest.mark.parametrize(("entries", "text"), UNSIGNED.values(), ids=UNSIGNED)
def test_who_planned_does_not_apply(entries, text):
    """From the first plan that two persons signed on, every plan has two, and they are not one."""
    problems = [str(each) for each in history.order(typed(entries)) if "plan" in str(each)]
    assert len(problems) == (text is not None)
    assert text is None or text in problems[0]


def test_sealed_is_not_removed():
    """What is kept for a holder of a key stands as sealed, with its day; what failed keeps nothing."""
    entries = typed([intent(), sealed(until="2027-01-01"), ready(), done()])
    assert account.statuses(entries) == {"f" * 32: "sealed"}
    assert account.sealed_until(entries) == {"2027-01-01": 1}
    again = typed([intent(), sealed(), failed(), intent(), ready(), done()])
    assert account.statuses(again) == {"f" * 32: "removed"}
    assert account.sealed_until(again) == {}
