"""A baseline: what is known stays quiet, what is new does not, and it only shrinks."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from efface.errors import UsageError
from efface.model import Box, Characteristic, Finding, Form, Gap, GapReason, Level, Locator, Mode
from efface.runs.baseline import compare, parse_baseline, tightened
from efface.runs.roots import Roots
from efface.testing.run_views import nothing_view

HERE, ELSEWHERE = Roots(["/srv/checkout"]), Roots(["/home/ci/build/17"])
NAME = "王小明_320102199001011234"


def face(path: str, *box: int, root: str = "/srv/checkout", inside: tuple[str, ...] = ()) -> Finding:
    place = Locator("file", (f"{root}/{path}", *inside)).at_box(Box(*(box or (1, 2, 30, 40))))
    return Finding("face-image@1", Form.SAMPLE, Characteristic.FACE, place, 0.9)


def column(references: int, name: str = "vector") -> Finding:
    place = Locator("file", ("/srv/checkout/crm.sqlite",), f"/main.visitor/{name}")
    return Finding(
        "face-template@1", Form.TEMPLATE, Characteristic.FACE, place, 0.9, references, Level.ENROLLED
    )


def run_of(*findings: Finding, gaps: tuple[Gap, ...] = ()):
    return replace(nothing_view(), findings=findings, gaps=gaps)


def baseline_of(*findings: Finding):
    return tightened(run_of(*findings), HERE, None)


THREE = tuple(face("a.jpg", 100 * n, 10, 50, 60) for n in range(3))
KNOWN = {
    "the same findings": (THREE, THREE, 3),
    "boxes that moved by a pixel": (
        THREE,
        tuple(face("a.jpg", 100 * n + 1, 10, 50, 60) for n in range(3)),
        3,
    ),
    "a fourth face in a picture of three": (THREE, (*THREE, face("a.jpg", 400, 10, 50, 60)), 3),
    "another version of the detector": (THREE, tuple(replace(f, detector="face-image@9") for f in THREE), 3),
    "another detector": (THREE, tuple(replace(f, detector="other@1") for f in THREE), 0),
    "another picture": (THREE, (face("b.jpg"),), 0),
    "another form": (THREE, tuple(replace(f, form=Form.TEMPLATE) for f in THREE), 0),
    "another characteristic": (
        THREE,
        tuple(replace(f, characteristic=Characteristic.IRIS) for f in THREE),
        0,
    ),
    "a column that is as it was": ((column(1000),), (column(1000),), 1),
    "a column with fewer persons": ((column(1000),), (column(12),), 1),
    "a column that grew by one person": ((column(1000),), (column(1001),), 0),
    "another column of the same table": ((column(1000),), (column(1000, "photo"),), 0),
    "the same name inside another archive": (
        (face("a.zip", inside=("x.jpg",)),),
        (face("a.zip", inside=("y.jpg",)),),
        0,
    ),
}


@pytest.mark.parametrize(("before", "now", "known"), KNOWN.values(), ids=KNOWN)
def test_a_finding_is_known_while_its_place_has_room(before, now, known) -> None:
    """Known is what lies where the baseline says, in kind and in number; all else is new."""
    assert len(compare(baseline_of(*before), now, (), HERE).known) == known


def test_of_four_faces_the_one_that_is_not_named_is_new() -> None:
    """Where a place has room for three, those stay known that are where they were."""
    fourth = face("a.jpg", 1, 1, 5, 5)
    comparison = compare(baseline_of(*THREE), (fourth, *THREE), (), HERE)
    assert comparison.known == {finding.id for finding in THREE}


def test_another_folder_of_checkout_is_the_same_place() -> None:
    """Places are named from the target, so that a baseline holds wherever the target lies."""
    moved = tuple(face("in/a.jpg", root="/home/ci/build/17") for _ in range(1))
    assert len(compare(baseline_of(face("in/a.jpg")), moved, (), ELSEWHERE).known) == 1
    assert not compare(baseline_of(face("in/a.jpg")), moved, (), HERE).known


def test_a_second_target_is_not_the_first() -> None:
    """Files of one name under two targets are two places."""
    both = Roots(["/srv/checkout", "/srv/other"])
    assert not compare(baseline_of(face("a.jpg")), (face("a.jpg", root="/srv/other"),), (), both).known


def test_a_baseline_holds_no_name() -> None:
    """Neither the name of a file nor a plain digest of it can be read from a baseline, nor one from another."""
    secret = face(f"{NAME}.jpg")
    one, other = baseline_of(secret).text(), baseline_of(secret).text()
    assert NAME not in one
    assert "320102" not in one
    assert secret.id not in one
    digests = [{json.loads(text)["entries"][0][key] for key in ("file", "place")} for text in (one, other)]
    assert not digests[0] & digests[1]


def test_a_baseline_comes_back_as_it_was() -> None:
    """What is written is what is read, and the same findings give the same text."""
    baseline = baseline_of(*THREE, column(9))
    assert parse_baseline(baseline.text(), "b") == replace(
        baseline, entries=tuple(sorted(baseline.entries, key=lambda entry: entry.kind))
    )
    again = tightened(run_of(column(9), *THREE[::-1]), HERE, baseline)
    assert again.text() == baseline.text()


def test_what_is_gone_is_told() -> None:
    """A finding of the baseline that is not there any more is counted as gone."""
    comparison = compare(baseline_of(*THREE, column(9)), THREE[:1], (), HERE)
    assert (comparison.total, len(comparison.gone), comparison.untold) == (4, 3, 0)
    assert {gone.detector for gone in comparison.gone} == {"face-image", "face-template"}


GAPS = {
    "of the file itself": (Gap(THREE[0].locator.container, "open", GapReason.ENCRYPTED, "x"), 1),
    "inside it": (Gap(THREE[0].locator.container.child("m"), "unpack", GapReason.UNREADABLE, "x"), 1),
    "of a folder that cannot be listed": (
        Gap(Locator("file", ("/srv",)), "list", GapReason.UNREADABLE, "x"),
        1,
    ),
    "of another file": (Gap(Locator("file", ("/srv/checkout/b",)), "open", GapReason.ENCRYPTED, "x"), 0),
    "that the user asked for": (
        Gap(Locator("file", ("/srv/checkout",)), "list", GapReason.IGNORED, "x"),
        0,
    ),
}


@pytest.mark.parametrize(("gap", "untold"), GAPS.values(), ids=GAPS)
def test_what_nobody_looked_at_is_not_gone(gap, untold) -> None:
    """Where a gap lies over the place of a finding, nothing shows that it is gone."""
    comparison = compare(baseline_of(face("a.jpg")), (), (gap,), HERE)
    assert (len(comparison.gone), comparison.untold) == (1, untold)


def test_a_baseline_only_shrinks() -> None:
    """Writing over a baseline takes nothing in that is new, and says how much there is."""
    with pytest.raises(UsageError, match="new findings: 2"):
        tightened(run_of(*THREE, face("b.jpg"), column(3)), HERE, baseline_of(*THREE))


def test_written_again_a_baseline_forgets_what_is_gone() -> None:
    """What was removed may not come back: it is new then."""
    tight = tightened(run_of(*THREE[:2]), HERE, baseline_of(*THREE))
    assert tight.total == 2
    assert len(compare(tight, THREE, (), HERE).known) == 2


def test_written_again_a_baseline_keeps_what_could_not_be_looked_at() -> None:
    """An unreadable disk does not tighten a baseline."""
    gap = Gap(THREE[0].locator.container, "open", GapReason.UNREADABLE, "x")
    tight = tightened(run_of(gaps=(gap,)), HERE, baseline_of(*THREE, column(9)))
    assert tight.total == 3


def test_an_unfinished_scan_makes_no_baseline() -> None:
    """What was not looked at yet would be new the next time."""
    with pytest.raises(UsageError, match="not finished"):
        tightened(replace(run_of(*THREE), finished_at=None), HERE, None)


SOUND = json.loads(baseline_of(*THREE, column(9)).text())
ENTRY = SOUND["entries"][0]
BROKEN = {
    "no JSON": "{",
    "a list": "[]",
    "nested too deeply": "[" * 100_000,
    "another schema": json.dumps({**SOUND, "schema": "efface/baseline/v9"}),
    "a short salt": json.dumps({**SOUND, "salt": "00"}),
    "an unknown mode": json.dumps({**SOUND, "mode": "lazy"}),
    "a name instead of a digest": json.dumps({**SOUND, "entries": [{**ENTRY, "place": "/srv/a.jpg"}]}),
    "a number of persons that is none": json.dumps({**SOUND, "entries": [{**ENTRY, "references": True}]}),
    "less than nobody": json.dumps({**SOUND, "entries": [{**ENTRY, "references": -1}]}),
    "an unknown form": json.dumps({**SOUND, "entries": [{**ENTRY, "form": "photo"}]}),
    "one entry twice": json.dumps({**SOUND, "entries": [ENTRY, ENTRY]}),
    "a finding that is no text": json.dumps({**SOUND, "entries": [{**ENTRY, "findings": [1]}]}),
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_what_is_no_baseline_is_refused(text) -> None:
    """A damaged baseline excuses nothing: the command says so and does not go on."""
    with pytest.raises(UsageError, match=r"b\.json: is no baseline"):
        parse_baseline(text, "b.json")


def test_a_baseline_remembers_how_hard_was_looked() -> None:
    """A baseline of a fast scan beside a thorough one compares in part only, and can say so."""
    view = replace(run_of(*THREE), mode=Mode.FAST)
    assert compare(tightened(view, HERE, None), THREE, (), HERE).mode == "fast"
