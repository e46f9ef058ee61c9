"""Reports as they are, byte for byte.

The runs are made up (`efface.testing.run_views`). After a change that is wanted:
`EFFACE_REGENERATE=1 pytest tests/golden/test_reports.py`, then read the difference.
"""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from rich.console import Console, Group

from efface.report import csv_report, html, json_report, sarif, terminal, terminal_beside
from efface.testing.run_views import full_view, gaps_view, nothing_view

GOLDEN = Path(__file__).parent / "reports"


def on_a_terminal(view):
    console = Console(file=io.StringIO(), width=100, color_system=None)
    parts = (
        *(terminal.scan_summary, terminal.findings_table, terminal_beside.groups_table),
        *(terminal.verdict_table, terminal.gaps_table, terminal_beside.beside),
    )
    console.print(Group(*(part(view) for part in parts), terminal.removal_plan(view.removals, view.lang)))
    return console.file.getvalue()


RENDERERS = {
    "json": json_report.render,
    "sarif": sarif.render,
    "csv": csv_report.render,
    "html": html.render,
    "txt": on_a_terminal,
}
VIEWS = {
    "every-kind.zh": full_view("zh"),
    "every-kind.en": full_view("en"),
    "only-gaps.zh": gaps_view("zh"),
    "nothing.en": nothing_view("en"),
}


@pytest.mark.parametrize("form", RENDERERS)
@pytest.mark.parametrize("name", VIEWS)
def test_a_report_is_as_it_was(name, form):
    """A report of the same run is the same text, to the byte."""
    content = RENDERERS[form](VIEWS[name]).encode()
    path = GOLDEN / f"{name}.{form}"
    if os.environ.get("EFFACE_REGENERATE"):
        path.write_bytes(content)
    assert path.read_bytes() == content


def test_no_golden_is_left_over():
    """Every golden file belongs to a case."""
    assert {path.name for path in GOLDEN.iterdir()} == {
        f"{name}.{form}" for name in VIEWS for form in RENDERERS
    }
