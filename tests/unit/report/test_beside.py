"""What stands beside the findings, in words: honest about what it does not say."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from efface import registry
from efface.model import Locator, Mode, Sampling
from efface.report import terminal_beside
from efface.report.beside import (
    baseline_texts,
    finding_state,
    group_text,
    ignored_texts,
    misses,
    partial,
    rates,
    sampling_chance,
    state_texts,
)
from efface.report.marks import Comparison, Group, GroupKind
from efface.report.texts import has
from efface.testing.run_views import full_view, nothing_view

FULL = full_view("en")
PLACE = Locator("file", ("/x",), "/t/c")


def shown(renderable, width=200):
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(renderable)
    return console.file.getvalue()


def test_rates_are_of_the_detectors_that_are_here() -> None:
    """A rate is for one version of a detector; that of an earlier one is kept, and used for its findings alone."""
    for rate in rates():
        name, _, version = rate.detector.partition("@")
        assert registry.load("detector", name).version >= int(version)
        assert 0 < rate.recall <= 1
        assert rate.command
        assert Mode(rate.mode)


@pytest.mark.parametrize("mode", list(Mode))
def test_the_search_for_faces_has_a_rate_in_every_mode(mode: Mode) -> None:
    """A new version of it is measured before a report says nothing of what it misses."""
    name = f"face-image@{registry.version('detector', 'face-image')}"
    assert (name, mode) in {(rate.detector, rate.mode) for rate in rates()}


def test_each_detector_and_mode_has_one_rate() -> None:
    """Two rates for the same thing would be two truths."""
    keys = [(rate.detector, rate.mode) for rate in rates()]
    assert len(set(keys)) == len(keys)


def test_expected_misses_follow_from_found_and_recall() -> None:
    """Found times (1 - recall) / recall: of 10 things at a recall of 0.8, found 8 and missed 2."""
    (miss,) = misses(FULL)
    recall = miss.rate.recall
    assert miss.found == sum(finding.detector == miss.rate.detector for finding in FULL.findings)
    assert miss.missed == round(miss.found * (1 - recall) / recall)
    assert miss.found * (1 - 0.8) / 0.8 == pytest.approx(miss.found / 4)


NO_ESTIMATE = {
    "nothing found": nothing_view(),
    "another version of the detector": replace(
        FULL, findings=tuple(replace(f, detector="face-image@99") for f in FULL.findings)
    ),
    "a detector that was not measured": replace(
        FULL, findings=tuple(replace(f, detector="other@1") for f in FULL.findings)
    ),
}


@pytest.mark.parametrize("view", NO_ESTIMATE.values(), ids=NO_ESTIMATE)
def test_without_a_measured_rate_nothing_is_estimated(view) -> None:
    """A number that nobody measured is not made up."""
    assert misses(view) == ()


def test_the_estimate_says_whose_rate_it_is() -> None:
    """The sentence beside the number says that the rate is of the measuring set."""
    text = shown(terminal_beside.beside(FULL))
    assert "at the recall of 0.819 that was measured" in text
    assert "only an estimate elsewhere" in text


CHANCES = {
    "a thousand rows": (Sampling(PLACE, "rows", 1000, 9999, is_random=True), "36.8 %"),
    "no row at all": (Sampling(PLACE, "rows", 0, 9999, is_random=True), "100.0 %"),
    "ten thousand rows": (Sampling(PLACE, "rows", 10_000, None, is_random=True), "< 0.1 %"),
    "the first rows": (Sampling(PLACE, "rows", 1000, 9999), "not drawn at random: no chance can be given"),
}


@pytest.mark.parametrize(("sampling", "said"), CHANCES.values(), ids=CHANCES)
def test_a_sample_says_what_it_leaves_possible(sampling, said) -> None:
    """The chance to meet none though 1 in 1,000 holds it; none is given where rows were not drawn at random."""
    assert sampling_chance(sampling).en == said


def test_what_was_looked_at_whole_is_no_sample() -> None:
    """A table whose every row was looked at needs no statement."""
    whole = Sampling(PLACE, "rows", 12, 12, is_random=True)
    assert partial([whole]) == ()
    assert partial([whole, replace(whole, total=13)]) == (replace(whole, total=13),)


def test_a_waived_finding_says_by_whom_until_when() -> None:
    """The reader of a finding sees who decided, why, and when it ends."""
    (waived,) = FULL.waived
    said = " ".join(text.en for text in state_texts(FULL, waived))
    assert finding_state(FULL, waived) == "waived"
    assert "王主任" in said
    assert "2026-12-31" in said


def test_without_baseline_and_waiver_a_finding_has_no_state() -> None:
    """Nothing is called new where nothing was known."""
    plain = replace(FULL, baseline=None, waived={}, waivers=())
    assert finding_state(plain, FULL.findings[0].id) == ""
    assert state_texts(plain, FULL.findings[0].id) == []
    assert baseline_texts(plain) == []


def test_a_baseline_of_the_same_mode_needs_no_word_about_modes() -> None:
    """The warning stands where the two scans looked differently hard, and only there."""
    same = replace(FULL, baseline=Comparison(1, frozenset(), (), FULL.mode))
    assert not any("mode" in text.en for text in baseline_texts(same))
    assert any("thorough" in text.en for text in baseline_texts(FULL))


def test_gone_is_told_with_what_could_not_be_told() -> None:
    """Of what is gone, that part is named which nobody looked at."""
    said = " ".join(text.en for text in baseline_texts(FULL))
    assert "3 of 40" in said
    assert "could not look: 1" in said


def test_ignored_files_are_counted_by_their_file() -> None:
    """One sentence for each ignore file; one in the target is called what it is."""
    own, theirs = ignored_texts(FULL.ignored)
    assert "1,234 files" in own.en
    assert "inspected party" not in own.en
    assert "inspected party" in theirs.en


@pytest.mark.parametrize("kind", GroupKind)
def test_every_kind_of_group_has_a_sentence(kind) -> None:
    """A group is called something in both languages, with its number."""
    said = group_text(Group(PLACE, kind, 1320, 7))
    assert said.zh != said.en
    assert "1,320" in said.en or kind is GroupKind.ARCHIVE


def test_every_sign_has_a_word() -> None:
    """Each reason that the runs room gives for a group can be said."""
    for group in FULL.groups:
        assert all(has(f"sign.{sign}") for sign in group.signs)


@pytest.mark.parametrize("width", [20, 80])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_nothing_beside_acts_on_the_terminal(width, lang) -> None:
    """Reasons, approvers, patterns and places are text, whatever is in them."""
    view = full_view(lang)
    for part in (terminal_beside.beside(view), terminal_beside.groups_table(view)):
        assert "\x1b" not in shown(part, width)


def test_many_groups_are_cut_and_counted() -> None:
    """A terminal lists the largest groups and says how many more there are."""
    assert "3 more are not listed" in shown(terminal_beside.groups_table(FULL, limit=1))


def test_a_run_without_marks_says_nothing_beside() -> None:
    """Sections without content are left out."""
    assert shown(terminal_beside.beside(nothing_view())).strip() == ""
    assert shown(terminal_beside.groups_table(nothing_view())).strip() == ""
