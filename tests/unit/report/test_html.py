"""The page: one file, nothing loaded, nothing run that is not its own."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from efface.model import Box, Clue, Locator
from efface.report import html
from efface.report.html import render
from efface.report.html_findings import preview
from efface.report.markup import Html, element, fragment
from efface.report.plain import HIDDEN, visible
from efface.testing.run_views import HOSTILE_NAMES, full_view, gaps_view, nothing_view

VIEWS = {
    "every kind": full_view(),
    "in English": full_view("en"),
    "only gaps": gaps_view(),
    "nothing": nothing_view(),
}
TAGS = {
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "input",
    "div",
    "main",
    "header",
    "nav",
    "label",
    "span",
    "h1",
    "h2",
    "h3",
    "h4",
    "p",
    "dl",
    "dt",
    "dd",
    "bdi",
    "code",
    "section",
    "strong",
    "b",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "article",
    "ul",
    "li",
    "br",
    "a",
    "details",
    "summary",
    "figure",
    "figcaption",
    "svg",
    "rect",
    "text",
    "blockquote",
    "select",
    "option",
    "script",
}
VOID = {"meta", "input", "br"}
every_view = pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)


class Reader(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.tags, self.stack, self.content, self.text = [], [], {}, []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        if self.stack and self.stack[-1] in ("style", "script"):
            self.content.setdefault(self.stack[-1], []).append(data)
        else:
            self.text.append(data)

    def named(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@every_view
def test_only_our_tags_and_all_closed(view):
    """No name of a file becomes a tag: the page holds the tags that efface writes, each closed."""
    reader = Reader(render(view))
    assert reader.stack == []
    assert {tag for tag, _ in reader.tags} <= TAGS
    assert len(reader.named("script")) == 1


@every_view
def test_no_attribute_runs_or_loads(view):
    """No attribute holds a script, a style or an address to load from."""
    for _, attributes in Reader(render(view)).tags:
        assert not [
            name
            for name in attributes
            if name.startswith("on") or name in {"style", "src", "action", "srcdoc"}
        ]


@every_view
def test_links_stay_here_or_are_plain(view):
    """A link leads to a place on the page or to a plain web address."""
    for attributes in Reader(render(view)).named("a"):
        assert re.match("#|https?://", attributes["href"])


def test_a_source_that_is_a_script_is_no_link():
    """An address of a rule pack with another scheme is shown, not linked."""
    view = full_view()
    rule = view.rules[0]
    evil = replace(rule, citation=replace(rule.citation, sources=("javascript:alert(1)",)))
    page = render(replace(view, rules=(evil, *view.rules[1:])))
    assert "javascript:alert(1)" in page
    assert not [a for a in Reader(page).named("a") if a["href"].startswith("javascript")]


@every_view
def test_links_on_the_page_lead_somewhere(view):
    """Every link to a place on the page finds it."""
    reader = Reader(render(view))
    known = {attributes["id"] for _, attributes in reader.tags if "id" in attributes}
    assert {a["href"][1:] for a in reader.named("a") if a["href"].startswith("#")} <= known


@every_view
def test_the_policy_allows_just_what_is_inside(view):
    """The policy forbids everything and allows the one style and the one script by their digests."""
    reader = Reader(render(view))
    (policy,) = [
        m["content"] for m in reader.named("meta") if m.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    for kind in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256("".join(reader.content[kind]).encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy


@every_view
def test_style_and_script_name_no_address(view):
    """Neither the style nor the script can load anything."""
    reader = Reader(render(view))
    inside = "".join(reader.content["style"] + reader.content["script"])
    assert not re.search(r"https?:|url\(|@import|fetch|XMLHttp|innerHTML|eval", inside)


@pytest.mark.parametrize("name", HOSTILE_NAMES.values(), ids=HOSTILE_NAMES)
def test_hostile_names_are_shown_as_text(name):
    """A hostile name is text on the page, its hidden characters written out."""
    shown = "\n".join(Reader(render(full_view())).text)
    assert visible(name)[:400] in shown


@every_view
def test_no_hidden_character_is_on_the_page(view):
    """Nothing on the page acts without being seen."""
    assert not HIDDEN.search(render(view).replace("\n", ""))


@every_view
def test_both_languages_are_inside(view):
    """The page carries Chinese and English, and says so at each text."""
    reader = Reader(render(view))
    languages = [a.get("lang") for a in reader.named("span")]
    assert languages.count("zh-CN") == languages.count("en") > 20
    assert [a["id"] for a in reader.named("input") if "checked" in a] == [f"lang-{view.lang}", "theme-auto"]


@every_view
def test_no_picture_is_on_the_page(view):
    """No element or address of the page can carry a pixel."""
    page = render(view)
    assert not re.search(r"<(img|image|canvas|video|object|embed|iframe|link)\b", page)
    assert "data:" not in page


def test_the_preview_is_an_outline_and_flat_boxes():
    """The preview has the outline, one rectangle a region cut to the picture, and numbers."""
    findings = full_view().findings[:3]
    numbers = {finding.id: number for number, finding in enumerate(findings, start=1)}
    drawn = Reader(preview(findings, numbers)).named("rect")
    assert [(r["x"], r["y"], r["width"], r["height"]) for r in drawn] == [
        ("0", "0", "1280", "720"),
        ("310", "120", "96", "120"),
        ("640", "180", "88", "110"),
        ("1180", "90", "100", "300"),
    ]


NO_PREVIEW = {
    "unknown size": (Clue("eyes_px", "41"), Box(1, 1, 5, 5)),
    "a size that is none": (Clue("picture_px", "<b>x</b>"), Box(1, 1, 5, 5)),
    "a region outside the picture": (Clue("picture_px", "10x10"), Box(50, 1, 5, 5)),
}


@pytest.mark.parametrize(("clue", "box"), NO_PREVIEW.values(), ids=NO_PREVIEW)
def test_nothing_is_drawn_without_a_size_and_a_region(clue, box):
    """Without a known size and a region inside it nothing is drawn."""
    finding = replace(full_view().findings[0], clues=(clue,), locator=Locator("file", ("/a",)).at_box(box))
    assert preview([finding], {finding.id: 1}) == ""


def test_a_page_that_leaves_findings_out_says_so(monkeypatch):
    """A page with too many findings shows the strictest and says how many it left out."""
    monkeypatch.setattr(html, "MAX_FINDINGS", 3)
    page = render(full_view("en"))
    assert page.count('<article class="finding" data-kind') == 3
    assert 'data-kind="hold"' in page
    assert "This page lists 3 of 21 findings" in page


def test_an_unfinished_run_never_reads_as_complete():
    """A run that was interrupted says so, and does not say that everything was looked at."""
    page = render(replace(nothing_view("en"), finished_at=None))
    assert "The run is not complete" in page
    assert "None: everything that was met was looked at." not in page
    assert "No biometric data was found" not in page


def test_only_gaps_is_not_clean():
    """A run with gaps alone never says that nothing is there."""
    page = render(gaps_view("en"))
    assert "this is not a clean result" in page
    assert "No biometric data was found" not in page


@every_view
def test_every_page_says_what_it_does_not_say(view):
    """Each page states its limits and that it is not legal advice."""
    page = render(view)
    assert "not legal advice" in page
    assert "不构成法律意见" in page
    assert "It identifies nobody" in page


def test_children_are_escaped_unless_built_here():
    """Text is escaped as a child and as an attribute; what was built here is not escaped again."""
    built = element("a", "<&>", element("b", "x"), href='"><script>')
    assert built == '<a href="&quot;&gt;&lt;script&gt;">&lt;&amp;&gt;<b>x</b></a>'
    assert isinstance(fragment("<"), Html)


def choices(view):
    reader = Reader(render(view))
    return {a["id"] for a in reader.named("select")}


def test_the_bar_offers_what_can_be_chosen():
    """Search, verdict, level, characteristic, place and order always; known and new where there is a baseline."""
    always = {"filter-kind", "filter-level", "filter-characteristic", "filter-place", "sort"}
    assert choices(full_view()) == {*always, "filter-state"}
    plain = replace(full_view(), baseline=None, waived={}, waivers=())
    assert choices(plain) == always


def test_without_a_script_nothing_is_hidden_but_the_bar():
    """A reader without JavaScript sees every finding, and no bar that does nothing."""
    reader = Reader(render(full_view()))
    hidden = [(tag, a.get("id"), a.get("class")) for tag, a in reader.tags if "hidden" in a]
    assert hidden == [("div", None, "filters"), ("p", "no-matches", None)]
    assert not reader.named("noscript")


def test_what_the_script_asks_for_is_on_the_page():
    """Every identifier and mark that the script reads is written by the page."""
    page = render(full_view())
    reader = Reader(page)
    script = "".join(reader.content["script"])
    known = {a["id"] for _, a in reader.tags if "id" in a}
    asked = set(re.findall(r'getElementById\("([\w-]+)"\)', script)) | {
        f"filter-{name}" for name in ("kind", "level", "characteristic", "state", "place")
    }
    assert asked <= known
    marks = {name for _, a in reader.tags for name in a if name.startswith("data-")}
    assert {f"data-{name}" for name in re.findall(r"\.marks\.(\w+)", script)} <= marks


def test_filters_name_no_place_as_it_is_written():
    """A hostile name is text in the list of places, and no value of it."""
    values = [a.get("value", "") for a in Reader(render(full_view())).named("option")]
    assert all(re.fullmatch(r"[\w]*", value) for value in values)


@pytest.mark.parametrize("node", [shutil.which("node")])
def test_the_script_is_sound(node, tmp_path):
    """The script of the page is valid JavaScript."""
    if node is None:
        pytest.skip("no node on this machine: the syntax of the page's script is not checked")
    script = tmp_path / "report.js"
    script.write_text("".join(Reader(render(nothing_view())).content["script"]), "utf-8")
    done = subprocess.run([node, "--check", str(script)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_waivers_of_every_state_are_on_the_page():
    """An expired waiver is shown as expired, never left out."""
    page = render(full_view("en"))
    assert "w-expired" in page
    assert "expired: waives nothing" in page
    assert "A waiver changes no verdict" in page


def test_a_page_without_marks_has_no_empty_section():
    """Where there is no baseline, waiver, sample or group, nothing is said of them."""
    page = render(nothing_view("en"))
    for heading in ("Waivers", "Beside the baseline", "Looked at in part", "Expected misses"):
        assert f">{heading}<" not in page
