"""The rooms and their direction hold, and heavy runtimes stay in their room."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCE = ROOT / "src" / "efface"
HEAVY = {"PIL", "onnxruntime", "simplejpeg", "libarchive", "archi", "cv2", "av", "ray"}
NUMPY_ROOMS = {"engines", "formats", "detectors", "actions", "testing"}
ROOMS = sorted(path.name for path in SOURCE.iterdir() if path.is_dir() and path.name != "__pycache__")


def imports(path: Path) -> set[str]:
    """Return the top-level packages that a module imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def modules(room: str) -> list[Path]:
    return sorted((SOURCE / room).rglob("*.py"))


def test_the_direction_of_the_rooms_holds(tmp_path: Path) -> None:
    """Upper rooms import lower ones, never the reverse; rooms on one line never import each other."""
    command = shutil.which("lint-imports", path=str(Path(sys.executable).parent)) or shutil.which(
        "lint-imports"
    )
    if command is None:
        pytest.skip("import-linter is not installed; `make setup` installs it")
    done = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_room_is_described() -> None:
    """A room that the architecture does not name has no duty."""
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    assert [room for room in ROOMS if room not in text] == []


@pytest.mark.parametrize("room", [room for room in ROOMS if room not in {"engines", "testing"}])
def test_heavy_runtimes_are_imported_by_engines_only(room: str) -> None:
    """A codec or an inference runtime is hidden behind a small typed call."""
    assert {path.name: used for path in modules(room) if (used := imports(path) & HEAVY)} == {}


@pytest.mark.parametrize("room", [room for room in ROOMS if room not in NUMPY_ROOMS])
def test_arrays_stay_in_the_rooms_that_calculate(room: str) -> None:
    """Law, evidence, reports and runs need no array."""
    assert [path.name for path in modules(room) if "numpy" in imports(path)] == []


@pytest.mark.parametrize("room", ["model"])
def test_the_model_is_standard_library_only(room: str) -> None:
    """What everything is written in depends on nothing."""
    allowed = sys.stdlib_module_names | {"efface", "__future__"}
    assert {path.name: rest for path in modules(room) if (rest := imports(path) - allowed)} == {}


def test_the_errors_depend_on_nothing() -> None:
    """The lowest room imports the standard library alone."""
    assert imports(SOURCE / "errors.py") <= {"__future__", "dataclasses"}
