"""The picture of a site as JSON, as a page and as a paper: complete, escaped, in two languages."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from efface.model import Locator, VerdictKind
from efface.report.site import Link, Node, Seen, Site, Stage, Surety, Tie, Why, plain
from efface.report.site_paper import document, kind_of
from efface.report.site_picture import MAX_BOXES, picture, render
from efface.report.texts import has
from efface.testing.run_views import HOSTILE_NAMES

SCHEMA = Path(__file__).resolve().parents[3] / "docs" / "site-v1.schema.json"
START = datetime(2020, 11, 27, 8, tzinfo=UTC)
PLACE = Locator.of_file("/srv/a/app.py")


def node(stage: Stage, name: str, kind: str, **more: object) -> Node:
    return replace(Node(f"{stage}:{name}", stage, name, kind, places=(PLACE,)), **more)  # type: ignore[arg-type]


NODES = (
    node(Stage.DEVICE, "192.0.2.10", "asked", recognises=True, people=3, vendor="Hikvision"),
    node(Stage.SOFTWARE, "deepface", "recognition", recognises=True, verdict=VerdictKind.PROHIBITED),
    node(Stage.STORE, "/srv/a/faces", "gallery", people=320),
    node(Stage.CLOUD, "Baidu Face", "service", recognises=True),
)
LINKS = (
    Link(NODES[1].id, NODES[2].id, (Tie(Why.SAME_FOLDER, Surety.LIKELY, (PLACE,)),)),
    Link(NODES[1].id, NODES[3].id, (Tie(Why.SAME_FILE, Surety.POSSIBLE, (PLACE,)),)),
)
SITE = Site(
    (Seen("0123456789abcdef", "systems", START, None, ("mysql://u:secret@h/x",), 3, 1),),
    NODES,
    LINKS,
    7,
    "en",
)


def test_the_json_fits_its_schema() -> None:
    """The schema in the documentation is the one that is written."""
    validator = Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))
    said = json.loads(plain(SITE))
    assert not list(validator.iter_errors(said))
    assert [each["tied"] for each in said["nodes"]] == [False, True, True, True]
    del said["nodes"][0]["tied"]
    assert list(validator.iter_errors(said))


def test_every_word_of_the_picture_is_in_both_languages() -> None:
    """Reasons, sureties and kinds are no codes for the reader."""
    assert all(has(f"site_why.{why}") for why in Why)
    assert all(has(f"site_sure.{surety}") for surety in Surety)
    for each in NODES:
        assert re.search(r"[一-鿿]", kind_of(each).zh), each.kind


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_works_alone_and_without_a_script(lang: str) -> None:
    """It loads nothing, runs nothing, and its headline says that an empty gallery proves nothing."""
    said = render(replace(SITE, lang=lang)).decode()
    assert "script-src 'none'" in unescape(said)
    assert "<script" not in said
    assert not re.search(r"(?:src|href)=\"(?!#)", said)
    assert "An empty gallery on site proves nothing" in said
    assert "本地库为空不能证明" in said
    assert "secret" not in said + plain(SITE)


@pytest.mark.parametrize("name", HOSTILE_NAMES.values(), ids=HOSTILE_NAMES.keys())
def test_names_are_escaped(name: str) -> None:
    """A name becomes neither a tag nor an attribute, and the JSON stays JSON."""
    nodes = (
        node(Stage.SOFTWARE, name, "recognition"),
        node(Stage.STORE, name, "gallery", places=(Locator.of_file(name),)),
    )
    link = Link(nodes[0].id, nodes[1].id, (Tie(Why.SAME_FILE, Surety.CERTAIN, (Locator.of_file(name),)),))
    hostile = replace(SITE, nodes=nodes, links=(link,))
    said = render(hostile).decode()
    assert "<script" not in said
    assert " onmouseover='" not in said
    assert "\u202e" not in said
    assert json.loads(plain(hostile))["schema"] == "efface/site/v1"


def test_a_link_is_drawn_once_with_its_number_and_its_kind_of_line() -> None:
    """What the table says, the drawing says."""
    said = str(picture(SITE))
    assert said.count("<path") == 2
    assert said.count("site-line site-likely") == said.count("site-line site-possible") == 1
    assert said.count("site-untied") == 1


def test_what_does_not_fit_into_the_drawing_is_counted_and_stands_in_the_table() -> None:
    """A column of many boxes says how many are left out."""
    many = tuple(node(Stage.STORE, f"/srv/{n}", "gallery") for n in range(MAX_BOXES + 5))
    site = replace(SITE, nodes=many, links=())
    assert "5 more: see below" in str(picture(site))
    assert f"/srv/{MAX_BOXES + 4}" in render(site).decode()


def test_an_empty_picture_is_no_clean_result() -> None:
    """It says so, and that no run looked for data."""
    empty = replace(SITE, nodes=(), links=())
    assert str(picture(empty)) == ""
    paper = document(empty)
    assert paper.kind == "only_gaps"
    said = render(empty).decode()
    assert "None of the runs looked for data" in said
    assert "One of the runs is not complete" in said


def test_without_a_place_elsewhere_no_word_is_said_of_an_empty_gallery() -> None:
    """The sentence stands only where something names a cloud."""
    here = replace(SITE, nodes=NODES[:3], links=LINKS[:1])
    assert not here.sends_away
    assert "proves nothing" not in render(here).decode()
