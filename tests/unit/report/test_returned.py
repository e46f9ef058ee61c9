"""What came back stands in every report, and so does what cannot be told."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from importlib.resources import files

import jsonschema
import pytest
from rich.console import Console

from efface.model import Locator
from efface.report import csv_report, html, json_report, terminal, terminal_beside
from efface.report.marks import Returned
from efface.testing.run_views import full_view, nothing_view

FULL = full_view("en")
HOSTILE = Locator("file", ("/backup/<script>\x1b[2J.jpg",))
BACK = Returned(
    "2026-11-22T11:00:00Z",
    is_told=True,
    removed=9,
    files=(HOSTILE,),
    findings=frozenset({FULL.findings[0].id}),
    elsewhere=3,
    others=4,
)
NONE_BACK = Returned("2026-11-22T11:00:00Z", is_told=True, removed=9)
UNTOLD = replace(NONE_BACK, is_told=False)


def shown(view) -> str:
    console = Console(file=io.StringIO(), width=400, color_system=None)
    console.print(terminal.scan_summary(view), terminal_beside.beside(view))
    return console.file.getvalue()


def test_a_terminal_shows_the_alarm_first_and_the_places() -> None:
    """The headline is the alarm; hidden characters of a name are written out."""
    said = shown(replace(FULL, returned=BACK))
    assert said.startswith("Something that was removed is back.")
    assert "Back: 1 files byte for byte" in said
    assert "3 findings were in places that are not among the targets" in said
    assert "4 findings are not known to the certificate" in said
    assert "\x1b" not in said


@pytest.mark.parametrize(
    "returned", [NONE_BACK, UNTOLD, None], ids=["nothing back", "no key", "no certificate"]
)
def test_a_terminal_raises_no_alarm_without_cause(returned) -> None:
    """Neither where nothing came back, nor where it cannot be told, nor where nobody asked."""
    said = shown(replace(nothing_view("en"), returned=returned))
    assert "is back." not in said
    assert ("Nothing came back" in said) == (returned is NONE_BACK)
    assert ("cannot be told" in said) == (returned is UNTOLD)


def test_a_page_shows_places_as_text() -> None:
    """In both languages, and a name of a file is never a tag."""
    page = html.render(replace(FULL, returned=BACK))
    assert "h-came_back" in page
    assert "曾被清除，现又出现" in page
    assert "was removed and is back" in page
    assert "/backup/<script>" not in page


def test_a_page_without_a_certificate_has_no_such_section() -> None:
    """What nobody asked for is not mentioned."""
    assert "Beside the certificate" not in html.render(FULL)


@pytest.mark.parametrize("returned", [BACK, NONE_BACK, UNTOLD, None])
def test_json_keeps_to_its_schema(returned) -> None:
    """`against` is null without a certificate; with one it says whether anything could be told."""
    document = json.loads(json_report.render(replace(FULL, returned=returned)))
    schema = json.loads(files("efface.report").joinpath("schemas", "run-v1.json").read_text("utf-8"))
    jsonschema.validate(document, schema)
    if returned is None:
        assert document["against"] is None
    else:
        assert document["against"]["told"] is returned.is_told
        assert len(document["against"]["files_back"]) == len(returned.files)


def test_a_table_marks_the_finding() -> None:
    """In the column of states, before what a baseline or waiver says."""
    rows = list(csv.reader(io.StringIO(csv_report.render(replace(FULL, returned=BACK)))))
    assert sum("was removed and is back" in cell for row in rows for cell in row) == 1
