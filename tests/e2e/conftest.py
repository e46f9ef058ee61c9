"""The office of the stories, and a way to run the command line as a person does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from efface.testing.office import Office, make_office

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, samples: Path) -> Office:
    """A sales office, new for each story."""
    return make_office(tmp_path_factory.mktemp("story"), samples)


@pytest.fixture(scope="session")
def efface(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The command line in a process of its own, with a state folder of its own."""
    state = tmp_path_factory.mktemp("state")

    def run(
        *arguments: str | Path, expect: int | None = None, **options: object
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "efface", *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=240,
            env=os.environ | {"XDG_STATE_HOME": str(state), "LC_ALL": "C.UTF-8"},
            **options,  # type: ignore[call-overload]
        )
        if expect is not None:
            assert done.returncode == expect, done.stdout[-3000:] + done.stderr[-3000:]
        return done

    return run
