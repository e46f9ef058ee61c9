"""What a terminal shows."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from efface.model import RemovalStatus
from efface.report import terminal
from efface.report.plain import HIDDEN
from efface.testing.run_views import check_run, full_view, gaps_view, nothing_view

RENDERERS = {
    "summary": terminal.scan_summary,
    "findings": terminal.findings_table,
    "verdicts": terminal.verdict_table,
    "questions": terminal.questions_table,
    "gaps": terminal.gaps_table,
    "coverage": terminal.coverage_line,
    "removals": lambda view: terminal.removal_plan(view.removals, view.lang),
}
VIEWS = {"every kind": full_view, "only gaps": gaps_view, "nothing": nothing_view}
RESULTS = {
    "all pass": ((True, True), "Every step passed"),
    "one fails": ((True, False, None), "At least one step failed"),
    "one cannot be done": ((True, None), "could not be done"),
    "no step at all": ((), "could not be done"),
}


def shown(renderable, width=100, **options):
    console = Console(file=io.StringIO(), width=width, **options)
    console.print(renderable)
    return console.file.getvalue()


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("width", [20, 80, 200])
@pytest.mark.parametrize("make", VIEWS.values(), ids=VIEWS)
@pytest.mark.parametrize("render", RENDERERS.values(), ids=RENDERERS)
def test_nothing_acts_on_the_terminal_and_nothing_overflows(render, make, width, lang):
    """At any width, no name sends a command to the terminal and no line is too long."""
    text = shown(render(make(lang)), width)
    assert not HIDDEN.search(text.replace("\n", ""))
    assert max((cell_len(line) for line in text.splitlines()), default=0) <= width


def test_markup_in_names_stays_text():
    """The terminal library's own markup in a name is shown, not obeyed."""
    assert "[bold red]x[/]" in shown(terminal.findings_table(full_view()), 160)


def test_without_colour_the_words_say_it():
    """Without colour nothing but words remains, and the verdicts are among them."""
    text = shown(terminal.findings_table(full_view()), force_terminal=True, no_color=True, color_system=None)
    assert "\x1b" not in text
    assert "需补充事实" in text


def test_what_is_left_out_is_counted():
    """A list that is cut says how many are left out."""
    view = full_view("en")
    assert "16 more are not listed" in shown(terminal.findings_table(view, limit=5))
    assert "more are not listed" not in shown(terminal.findings_table(view))


def test_a_plan_says_that_nothing_was_changed():
    """A plan says that nothing was changed; after a change it does not."""
    removals = full_view().removals
    planned = [r for r in removals if r.status is RemovalStatus.PLANNED]
    assert "nothing was changed" in shown(terminal.removal_plan(planned, "en"))
    assert "nothing was changed" not in shown(terminal.removal_plan(removals, "en"))


def test_what_is_all_held_asks_for_no_apply():
    """Where nothing is planned there is nothing to carry out, and no word of doing it."""
    held = [r for r in full_view().removals if r.status is RemovalStatus.HELD]
    assert "--apply" not in shown(terminal.removal_plan(held, "en"))


def test_a_removal_of_the_whole_file_says_so():
    """What was deleted whole does not look as if only a part of it had been cleared."""
    part = full_view().removals[0]
    whole = replace(part, actions=("erase-file@1",))
    assert "the whole file goes" in shown(terminal.removal_plan([whole], "en"), 160)
    assert "the whole file goes" not in shown(terminal.removal_plan([part], "en"), 160)


def test_a_removal_that_was_not_looked_at_again_says_so():
    """Without a re-scan the plan says "not re-scanned", never zero."""
    removal = replace(full_view().removals[0], residue=None)
    assert "not re-scanned" in shown(terminal.removal_plan([removal], "en"), 160)


@pytest.mark.parametrize(("results", "sentence"), RESULTS.values(), ids=RESULTS)
def test_a_check_holds_only_when_every_step_does(results, sentence):
    """A certificate holds when every step passed, and at least one step was taken."""
    assert sentence in shown(terminal.check_steps(check_run(*results), "en"), 120)


def test_known_steps_are_said_in_chinese():
    """A step whose title the table knows is shown in Chinese."""
    (step,) = check_run(True)
    known = replace(step, title="what was not proven is stated")
    assert "已载明未予证明的事项" in shown(terminal.check_steps([known], "zh"), 120)
