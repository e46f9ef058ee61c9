"""What is left out is left out by somebody, counted, and never clean."""

from __future__ import annotations

import os

import pytest

from efface.errors import UsageError
from efface.model import Gap, GapReason, Locator, Unit
from efface.runs.ignore import NAME, Ignore, read_ignore_file
from efface.runs.roots import folder_of, roots_of


@pytest.fixture
def folder(tmp_path):
    target = tmp_path / "target"
    (target / "photos").mkdir(parents=True)
    return target


def listing(folder, *names):
    return iter([Unit(Locator.of_file(folder / name).uri, 10, "s", "filesystem") for name in names])


def rules(path, text):
    path.write_text(text, "utf-8")
    return read_ignore_file(str(path))


def kept(listed):
    return [os.path.basename(Locator.parse(each.uri).path[0]) for each in listed if isinstance(each, Unit)]


PATTERNS = {
    "a suffix": ("*.log\n", ["a.jpg", "photos/b.jpg"]),
    "a folder": ("photos/\n", ["a.jpg", "c.log"]),
    "a name from the root only": ("/b.jpg\n", ["a.jpg", "c.log", "photos/b.jpg"]),
    "a name anywhere": ("b.jpg\n", ["a.jpg", "c.log"]),
    "everything but one": ("*.jpg\n!a.jpg\n", ["a.jpg", "c.log"]),
    "a comment and an empty line": ("# *.jpg\n\n", ["a.jpg", "c.log", "photos/b.jpg"]),
    "line ends of another system": ("*.log\r\n", ["a.jpg", "photos/b.jpg"]),
    "with a byte order mark": ("\ufeff*.log\n", ["a.jpg", "photos/b.jpg"]),
    "nothing at all": ("", ["a.jpg", "c.log", "photos/b.jpg"]),
}


@pytest.mark.parametrize(("text", "stay"), PATTERNS.values(), ids=PATTERNS)
def test_patterns_are_those_of_gitignore(folder, tmp_path, text, stay) -> None:
    """Patterns mean what they mean to git, from the root of the target."""
    ignore = Ignore((rules(tmp_path / "i", text),))
    found = list(ignore.listed(str(folder), listing(folder, "a.jpg", "c.log", "photos/b.jpg")))
    assert kept(found) == [os.path.basename(name) for name in stay]


def test_what_is_left_out_is_a_gap_for_each_pattern(folder, tmp_path) -> None:
    """The run says of each pattern how many files it kept out; a pattern that kept none out is silent."""
    ignore = Ignore((rules(tmp_path / "i", "# mine\n*.log\n*.tmp\nphotos/\n"),))
    names = ("a.log", "b.log", "photos/c.jpg", "d.jpg")
    gaps = [each for each in ignore.listed(str(folder), listing(folder, *names)) if isinstance(each, Gap)]
    assert [gap.reason for gap in gaps] == [GapReason.IGNORED] * 2
    assert [gap.detail.partition(" of ")[0] for gap in gaps] == [
        "2 files left out by line 2",
        "1 files left out by line 4",
    ]
    assert [(i.line, i.pattern, i.files, i.size_bytes, i.in_target) for i in ignore.used] == [
        (2, "*.log", 2, 20, False),
        (4, "photos/", 1, 10, False),
    ]


def test_gaps_of_a_listing_pass(folder, tmp_path) -> None:
    """What could not be listed is told, whatever its name."""
    gap = Gap(Locator.of_file(folder / "x.log"), "list", GapReason.UNREADABLE, "x")
    ignore = Ignore((rules(tmp_path / "i", "*\n"),))
    assert list(ignore.listed(str(folder), iter([gap]))) == [gap]


def test_a_file_that_is_a_target_itself_is_looked_at(folder, tmp_path) -> None:
    """Who names a file wants it looked at."""
    (folder / "a.log").write_bytes(b"x")
    ignore = Ignore((rules(tmp_path / "i", "*\n"),))
    assert kept(ignore.listed(str(folder / "a.log"), listing(folder, "a.log"))) == ["a.log"]


def test_other_places_than_files_are_not_left_out(tmp_path) -> None:
    """Patterns are about files: a database is looked at whole."""
    unit = Unit("postgresql://db/crm", 0, "s", "database")
    ignore = Ignore((rules(tmp_path / "i", "*\n"),))
    assert list(ignore.listed("postgresql://db/crm", iter([unit]))) == [unit]


def test_the_inspected_party_cannot_hide_itself(folder) -> None:
    """An ignore file in the target is not obeyed by itself, and that it is there is told."""
    (folder / NAME).write_text("*\n")
    ignore = Ignore()
    assert kept(ignore.listed(str(folder), listing(folder, "a.jpg"))) == ["a.jpg"]
    assert ignore.passed_over == [str(folder / NAME)]
    assert ignore.used == []


def test_an_ignore_file_of_the_target_is_obeyed_when_asked_for(folder) -> None:
    """Whoever asks for it sees whose file it was."""
    (folder / NAME).write_text("*.jpg\n")
    ignore = Ignore(use_own=True)
    found = list(ignore.listed(str(folder), listing(folder, "a.jpg", "b.txt")))
    assert kept(found) == ["b.txt"]
    assert [(i.file, i.in_target) for i in ignore.used] == [(str(folder / NAME), True)]
    assert "an ignore file in the target" in found[-1].detail


def test_an_ignore_file_deeper_in_the_target_does_nothing(folder) -> None:
    """Only the root of a target may hold one, where a person sees it."""
    (folder / "photos" / NAME).write_text("*\n")
    assert kept(Ignore(use_own=True).listed(str(folder), listing(folder, "photos/a.jpg"))) == ["a.jpg"]


def test_a_file_that_was_named_is_not_told_as_passed_over(folder) -> None:
    """Who names the target's own file has decided about it."""
    (folder / NAME).write_text("*.log\n")
    ignore = Ignore((read_ignore_file(str(folder / NAME)),))
    list(ignore.listed(str(folder), listing(folder, "a.log")))
    assert ignore.passed_over == []


HOSTILE = {
    "many stars in one name": "a*a*a*a*b\n",
    "many double stars": "**/a/**/b/**/c/**\n",
    "stars in a row": "***\n",
    "the longest pattern": "a" * 2000 + "\n",
    "more patterns than anybody writes": "a\n" * 1001,
    "more bytes than anybody writes": "#" * (1 << 20) + "\n",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_patterns_that_cost_too_much_are_refused(tmp_path, text) -> None:
    """A file of patterns cannot hold a scan up."""
    with pytest.raises(UsageError):
        rules(tmp_path / "i", text)


def test_a_pipe_or_a_link_is_no_ignore_file_of_a_target(folder, tmp_path) -> None:
    """A pipe does not hold the scan up, and a link in a target leads nowhere."""
    os.mkfifo(folder / NAME)
    with pytest.raises(UsageError, match="no regular file"):
        list(Ignore(use_own=True).listed(str(folder), listing(folder)))
    (folder / NAME).unlink()
    (tmp_path / "i").write_text("*\n")
    (folder / NAME).symlink_to(tmp_path / "i")
    with pytest.raises(UsageError):
        list(Ignore(use_own=True).listed(str(folder), listing(folder)))


def test_a_missing_ignore_file_is_a_usage_error(tmp_path) -> None:
    """Patterns that nobody could read must not pass for none."""
    with pytest.raises(UsageError, match="No such file"):
        read_ignore_file(str(tmp_path / "missing"))


def test_names_that_are_no_text_are_matched_too(folder, tmp_path) -> None:
    """Bytes of another encoding in a name are no way around a pattern."""
    ignore = Ignore((rules(tmp_path / "i", "*.jpg\n"),))
    odd = os.fsdecode(b"\xc8\xcb.jpg")
    assert kept(ignore.listed(str(folder), listing(folder, odd))) == []


ROOTS = {
    "a folder": ("{}", "{}"),
    "a folder by another way": ("{}/photos/..", "{}"),
    "a file": ("{}/a.jpg", "{}"),
    "a URL of a folder": ("file://{}", "{}"),
    "a database file": ("sqlite:///{}/a.sqlite", "{}"),
    "standard input": ("-", ""),
    "a database": ("postgresql://u:p@h/db", ""),
}


@pytest.mark.parametrize(("target", "root"), ROOTS.values(), ids=ROOTS)
def test_every_target_has_the_root_that_its_places_are_named_from(folder, target, root) -> None:
    """A folder is its own root, a file is named from its folder, and a database from nowhere."""
    assert roots_of([target.format(folder)]) == [root.format(folder)]


def test_only_a_folder_is_a_folder(folder) -> None:
    """Patterns apply below folders."""
    assert folder_of(str(folder)) == str(folder)
    assert folder_of(str(folder / "missing")) == ""
    assert folder_of("s3://bucket/x") == ""
