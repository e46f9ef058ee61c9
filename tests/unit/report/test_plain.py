"""Text that is safe to look at."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efface.model import Locator
from efface.report.plain import (
    HIDDEN,
    encodable,
    inside_text,
    moment_text,
    place_text,
    prose,
    short,
    target_text,
    visible,
)

SHOWN = {
    "a terminal command is written out": ("\x1b[31m", r"\x1b[31m"),
    "an eight-bit control is written out": ("\x9b31m", r"\x9b31m"),
    "a mark that reverses reading is written out": ("a\u202eb", r"a\u202eb"),
    "a line separator is written out": ("a\u2028b", r"a\u2028b"),
    "a line feed is written out": ("a\nb", r"a\x0ab"),
    "a tag character is written out": ("a\U000e0041", r"a\U000e0041"),
    "a byte of another encoding is written out": ("\udcc8.png", r"\xc8.png"),
    "half a surrogate pair is written out": ("\ud800.png", r"\ud800.png"),
    "Chinese stays": ("售楼处.jpg", "售楼处.jpg"),
    "markup stays, renderers escape it": ("<b>", "<b>"),
}

TARGETS = {
    "password of a URL": ("postgresql://user:secret@host/db", "postgresql://user:***@host/db"),
    "password with an at sign": ("mysql://u:se@cret@host/db", "mysql://u:***@host/db"),
    "password without a user": ("redis://:secret@host", "redis://:***@host"),
    "password in the query": (
        "postgresql://h/db?user=u&password=secret",
        "postgresql://h/db?user=u&password=***",
    ),
    "port is no password": ("postgresql://host:5432/db", "postgresql://host:5432/db"),
    "path with an at sign": ("/srv/a:b@c", "/srv/a:b@c"),
}


@pytest.mark.parametrize(("text", "shown"), SHOWN.values(), ids=SHOWN)
def test_what_acts_without_being_seen_is_written_out(text, shown):
    """Characters that act without being seen are written out; all others stay."""
    assert visible(text) == shown


@settings(max_examples=200, derandomize=True)
@given(st.text(alphabet=st.characters(categories=("L", "Cc", "Cf", "Cs", "Zl", "Zp", "P"))))
def test_any_text_becomes_harmless(text):
    """Whatever a name holds, what is shown can be encoded and holds no hidden character."""
    shown = short(text)
    assert not HIDDEN.search(shown)
    shown.encode()
    encodable(text).encode()


@pytest.mark.parametrize(("target", "shown"), TARGETS.values(), ids=TARGETS)
def test_passwords_of_targets_are_masked(target, shown):
    """A target is shown without the password that it carries."""
    assert target_text(target) == shown


def test_long_names_lose_their_middle():
    """A name longer than the limit is shown with both its ends."""
    shown = short("a" * 5000 + ".png")
    assert len(shown) < 1010
    assert shown.endswith(".png")
    assert "…" in shown


def test_law_keeps_its_lines():
    """A quotation keeps its lines and loses nothing, however long."""
    assert prose("第一款\n" + "长" * 5000) == "第一款\n" + "长" * 5000


def test_places_read_from_outside_in():
    """A place is the outermost thing; the way inside stands beside it."""
    locator = Locator("file", ("/a.zip", "b.tar", "c\x1b.jpg"))
    assert place_text(locator) == "/a.zip"
    assert inside_text(locator) == r"b.tar › c\x1b.jpg"
    assert place_text(Locator("s3", ("bucket/key",))) == "s3://bucket/key"


def test_times_are_utc():
    """A time of any zone is shown in UTC to the second; no time is empty."""
    moment = datetime(2026, 11, 22, 16, 0, 1, 999, tzinfo=timezone(timedelta(hours=8)))
    assert moment_text(moment) == "2026-11-22T08:00:01Z"
    assert moment_text(None) == ""
