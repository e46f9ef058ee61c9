"""Baselines, waivers and ignore files of any content: refused with a message or read, never a crash."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from efface.errors import UsageError
from efface.model import Locator, Unit
from efface.runs.baseline import parse_baseline
from efface.runs.groups import groups
from efface.runs.ignore import Ignore, read_ignore_file
from efface.runs.waivers import parse_waivers
from efface.testing.run_views import full_view

WAIVER = '[[waiver]]\nmatch = "x"\nreason = "r"\napprover = "a"\nfrom = 2026-01-01\nuntil = 2026-02-01\n'
PIECES = st.one_of(
    st.text(max_size=10), st.sampled_from(['"', "[[", "]]", "{", "=", "\n", "\x00", "9" * 400, "0000-00-00"])
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = ("schema", "salt", "mode", "tool_version", "entries")


@settings(deadline=None, derandomize=True, max_examples=150)
@given(st.dictionaries(st.sampled_from(KEYS), JSON))
def test_a_baseline_of_any_content(content) -> None:
    """Any JSON is a baseline or is refused."""
    document = {"schema": "efface/baseline/v1", "salt": "00" * 32, "mode": "fast", "tool_version": "1"}
    with suppress(UsageError):
        parse_baseline(json.dumps({**document, "entries": [], **content}), "b")


@settings(deadline=None, derandomize=True, max_examples=150)
@given(st.integers(0, len(WAIVER)), st.integers(0, 30), PIECES)
def test_waivers_of_any_content(at, cut, piece) -> None:
    """A file of waivers with anything in it is read or refused."""
    with suppress(UsageError):
        parse_waivers(WAIVER[:at] + piece + WAIVER[at + cut :])


@settings(
    deadline=None,
    derandomize=True,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.binary(max_size=60) | st.text(alphabet="*?[]!/\\#-a .", max_size=60).map(str.encode))
def test_ignore_files_of_any_content(tmp_path, data) -> None:
    """Patterns of any bytes are obeyed or refused, and hide nothing without a gap."""
    folder = tmp_path / "t"
    folder.mkdir(exist_ok=True)
    (tmp_path / "i").write_bytes(data)
    units = [Unit(Locator.of_file(folder / name).uri, 1, "s", "f") for name in ("a", "b/c a.txt", "-")]
    with suppress(UsageError):
        ignore = Ignore((read_ignore_file(str(tmp_path / "i")),))
        listed = list(ignore.listed(str(folder), iter(units)))
        kept = sum(isinstance(each, Unit) for each in listed)
        assert kept + sum(used.files for used in ignore.used) == len(units)


@pytest.mark.parametrize("pattern", ["a*a*a*b", "**/a*/**/a*/**/b", "[!a]*[!a]*[!a]*x", "?*?*?*x"])
def test_no_allowed_pattern_holds_a_scan_up(tmp_path, pattern) -> None:
    """The costliest patterns that are allowed end on the longest names."""
    (tmp_path / "t").mkdir()
    (tmp_path / "i").write_text(pattern + "\n")
    ignore = Ignore((read_ignore_file(str(tmp_path / "i")),))
    names = ["a" * 255, "/".join(["a" * 100] * 30), "/".join("a" * 400)]
    units = [Unit("file://" + str(tmp_path / "t" / name), 1, "s", "f") for name in names]
    listed = list(ignore.listed(str(tmp_path / "t"), iter(units)))  # without the limit on stars: years
    assert sum(isinstance(each, Unit) for each in listed) + sum(used.files for used in ignore.used) == 3


@settings(deadline=None, derandomize=True, max_examples=100)
@given(st.lists(st.text(alphabet="/.a1é\\ ", max_size=12), min_size=1, max_size=8))
def test_groups_of_any_places(names) -> None:
    """Any names are grouped or not; nothing fails."""
    (finding, *_) = full_view().findings
    groups([replace(finding, locator=Locator("file", (name, "x"))) for name in names])
