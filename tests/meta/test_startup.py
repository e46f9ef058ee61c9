"""Nothing heavy is loaded before it is needed."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from efface import registry
from efface.cli.app import run

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

HEAVY = (
    "numpy",
    "onnxruntime",
    "PIL",
    "cedarpy",
    "cryptography",
    "simplejpeg",
    "libarchive",
    "pydantic",
    "fastapi",
)
_SAY = """
import sys
{code}
print(*sorted(set({heavy!r}) & set(sys.modules)))
"""

CASES = {
    "importing the command line": "import efface.cli",
    "the help of the whole": "from efface.cli.app import run; run(['--help'])",
    "the version": "from efface.cli.app import run; run(['--version'])",
    "the help of a scan": "from efface.cli.app import run; run(['scan', '--help'])",
    "the help of a removal": "from efface.cli.app import run; run(['remove', '--help'])",
    "the help of a group": "from efface.cli.app import run; run(['guard', '--help'])",
    "a mistyped command": "from efface.cli.app import run; run(['skan'])",
    "the model": "import efface.model",
    "the registry": "from efface import registry; registry.names('detector')",
}


def loaded_by(code: str, heavy: Iterable[str] = HEAVY) -> list[str]:
    """Return which heavy modules a fresh interpreter has loaded after some code."""
    done = subprocess.run(
        [sys.executable, "-c", _SAY.format(code=code, heavy=tuple(heavy))],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()[-1].split()


@pytest.mark.parametrize("case", CASES)
def test_nothing_heavy_is_loaded_for(case: str) -> None:
    """Help comes at once, since neither arrays nor networks nor law nor keys are loaded for it."""
    assert loaded_by(CASES[case]) == []


def test_a_scan_that_finds_nothing_to_do_loads_nobody_who_looks(tmp_path: Path) -> None:
    """Where nothing changed, no detector is loaded to say so, no arrays, and nothing that asks a network."""
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "note.txt").write_text("a plain note")
    again = ["scan", str(tmp_path / "tree"), "--run", str(tmp_path / "run.sqlite")]
    assert run([*again, "--quiet"]) == 0
    detectors = [target.partition(":")[0] for target in registry.BUILTIN["detector"].values()]
    code = f"from efface.cli.app import run; run({again!r})"
    assert loaded_by(code, ["numpy", "PIL", "ssl", *detectors]) == []


def test_the_test_sees_what_is_loaded() -> None:
    """A package that is loaded is told, so an empty answer means something."""
    assert loaded_by("import numpy") == ["numpy"]


def test_help_needs_none_of_the_rooms_below() -> None:
    """What findings and rules are made of is not built to say what the commands are."""
    code = "from efface.cli.app import run; run(['--help']); import sys; print('efface.model' in sys.modules)"
    assert loaded_by(code) == []
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"
