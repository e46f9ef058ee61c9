"""Versions of plug-ins, which decide what is looked at again."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from efface import registry
from efface.errors import UsageError

VERSIONED = ("source", "container", "detector", "system", "action")
_TELL = """
import json, sys
from efface import registry
told = [registry.version(kind, name) for kind in {kinds!r} for name in registry.names(kind)]
modules = {{target.partition(":")[0] for kind in {kinds!r} for target in registry.BUILTIN[kind].values()}}
print(json.dumps([told, sorted(modules & set(sys.modules))]))
"""


def told_without_loading() -> tuple[list[int], list[str]]:
    """Return the versions that a fresh interpreter tells, and the plug-ins' modules it has loaded then."""
    code = _TELL.format(kinds=VERSIONED)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    told, loaded = json.loads(done.stdout)
    return told, loaded


def test_versions_are_told_without_loading_anybody() -> None:
    """What a plug-in's source says is what its class says, and every built-in can be asked so."""
    told, loaded = told_without_loading()
    assert told == [registry.load(kind, name).version for kind in VERSIONED for name in registry.names(kind)]
    assert loaded == []


def test_a_plug_in_that_is_loaded_says_it_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """What looks is what counts, whatever stands in its file by now."""
    monkeypatch.setattr(registry.load("detector", "face-image"), "version", 99)
    assert registry.version("detector", "face-image") == 99


def test_a_plug_in_without_its_source_is_loaded_to_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation of compiled modules alone tells the same versions."""
    known = registry.load("source", "stdin").version
    monkeypatch.delitem(sys.modules, "efface.sources.stdin")
    monkeypatch.setattr("efface.registry._source", lambda _module: "")
    assert registry.version("source", "stdin") == known


def test_a_version_of_nobody_is_refused() -> None:
    """A name that no plug-in has is an error, and never a version of its own."""
    with pytest.raises(UsageError, match="no detector is called 'faces'"):
        registry.version("detector", "faces")
