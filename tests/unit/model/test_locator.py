"""Locators: printed as URIs, parsed back, narrowed to regions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efface.model import Box, Case, Hold, Locator, printable
from efface.model.case import matches

NAMES = st.text(
    st.characters(exclude_categories=("Cs",)) | st.sampled_from("\udc80\udcff!#%?&=/ "),
    min_size=1,
    max_size=30,
)


@given(st.lists(NAMES, min_size=1, max_size=4), st.none() | NAMES)
def test_parse_is_the_inverse_of_uri(path: list[str], fragment: str | None) -> None:
    """Whatever names a place has, undecodable bytes too, its URI gives the same locator back."""
    locator = Locator("file", ("/" + path[0], *path[1:]), fragment)
    assert Locator.parse(locator.uri) == locator


@given(st.lists(NAMES, min_size=1, max_size=4))
def test_a_uri_is_plain_ascii(path: list[str]) -> None:
    """A printed locator can go into any file, terminal or ledger."""
    assert Locator("file", tuple(path)).uri.isascii()


def test_separator_in_a_name_does_not_open_a_container() -> None:
    """A file called `a!/b` is one name, not a member of an archive."""
    locator = Locator("file", ("/a!/b",))
    assert Locator.parse(locator.uri).path == ("/a!/b",)


def test_box_and_page_are_read_from_the_fragment() -> None:
    """A region of a page is Media Fragments and comes back as values."""
    locator = Locator("file", ("/x.tif",)).at_box(Box(1, 2, 3, 4), page=7)
    assert locator.fragment == "page=7&xywh=pixel:1,2,3,4"
    assert (locator.box, locator.page) == (Box(1, 2, 3, 4), 7)


@pytest.mark.parametrize("fragment", [None, "t=1,2", "/main.t/c", "xywh=percent:1,2,3,4", "xywh=pixel:1,2,3"])
def test_a_fragment_that_is_no_pixel_region_has_no_box(fragment: str | None) -> None:
    """Only `xywh=pixel:` with four numbers is a box."""
    assert Locator("file", ("/x",), fragment).box is None


def test_undecodable_names_are_printable() -> None:
    """A name in no known encoding is shown with its bytes, never as a broken character."""
    assert printable("a\udcd5b") == "a\\xd5b"


PATTERNS = {
    "a folder anywhere": ("**/evidence/**", "/office/evidence/x.jpg", True),
    "a folder at the root": ("**/evidence/**", "/evidence/x.jpg", True),
    "another folder with a longer name": ("**/evidence/**", "/office/evidences/x.jpg", False),
    "a kind of file": ("**/*.jpg", "/a/b.jpg", True),
    "a whole path": ("/a/b.jpg", "/a/b.jpg", True),
    "a path that only begins alike": ("/a/b", "/a/b.jpg", False),
}


@pytest.mark.parametrize(("pattern", "path", "expected"), PATTERNS.values(), ids=PATTERNS.keys())
def test_patterns_of_a_case_file(pattern: str, path: str, expected: bool) -> None:
    """A hold or scope covers the places that its pattern names, and no others."""
    assert matches(pattern, Locator("file", (path,))) is expected


def test_a_hold_on_an_archive_covers_its_members() -> None:
    """What is inside a held container is held."""
    hold = Hold("**/evidence.zip", "case 118")
    inside = Locator("file", ("/a/evidence.zip", "x/y.jpg"))
    case = Case("t", "CN", holds=(hold,))
    from datetime import date

    assert case.hold_on(inside, date(2026, 1, 1)) == hold


def test_a_hold_ends() -> None:
    """After its last day a hold covers nothing."""
    from datetime import date

    hold = Hold("**", "until the trial", date(2026, 1, 1))
    place = Locator("file", ("/a",))
    assert hold.covers(place, date(2026, 1, 1))
    assert not hold.covers(place, date(2026, 1, 2))
