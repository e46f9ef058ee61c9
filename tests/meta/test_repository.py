"""The repository keeps its house: licences, sizes, names, numbers, and nothing of one machine."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
TREES = {
    path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8"))
    for path in sorted((ROOT / "src").rglob("*.py"))
}
TESTS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py"))
PICTURES = {
    ".jpg",
    ".jpeg",
    ".png",
    ".gif",
    ".bmp",
    ".tif",
    ".tiff",
    ".webp",
    ".heic",
    ".avif",
    ".mkv",
    ".mp4",
}
MAX_BYTES = 1_500_000
MAX_LINES = 400


def _tracked() -> list[str]:
    git = shutil.which("git") or "git"
    done = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:  # an unpacked source distribution is no repository
        return [path.relative_to(ROOT).as_posix() for path in (ROOT / "src").rglob("*") if path.is_file()]
    return [name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


TRACKED = _tracked()


def texts() -> dict[str, str]:
    """Return the tracked files that are text."""
    found = {}
    for name in TRACKED:
        try:
            found[name] = (ROOT / name).read_text("utf-8")
        except UnicodeDecodeError:
            continue
    return found


# Each pattern is put together here, so that this file does not hold what it looks for.
NOT_OURS = {
    "a host of a package registry": r"(?:py"
    r"pi|python"
    r"hosted|npm"
    r"js|cra"
    r"tes|anaconda)\.(?:org|io|com)",
    "a host of container images": r"(?:docker|quay|ghcr)\." + "io",
    "the home folder of whoever runs this": re.escape(str(Path.home())) + r"/\w",
    "the folder of this checkout": re.escape(str(ROOT)),
    "the root user's folder": r"(?<![\w.])/ro" + "ot/",
    "a work folder": r"(?<![\w.])/wo" + "rk/",
    "a private key": "BEGIN (?:RSA |EC |OPENSSH |ENCRYPTED )?PRIVATE " + "KEY",
}
MAY = {"a private key": {"src/efface/evidence/keys.py", "tests/unit/evidence/test_keys.py"}}


@pytest.mark.parametrize("what", NOT_OURS)
def test_no_file_holds(what: str) -> None:
    """Nothing of one machine, one registry or one person stands in the repository."""
    pattern = re.compile(NOT_OURS[what])
    guilty = [
        name for name, text in texts().items() if pattern.search(text) and name not in MAY.get(what, ())
    ]
    assert guilty == []


def test_no_tracked_file_is_large() -> None:
    """Data and networks are collected or generated, never committed."""
    assert [name for name in TRACKED if (ROOT / name).stat().st_size > MAX_BYTES] == []


def test_no_picture_or_recording_is_tracked() -> None:
    """No real person's biometric data is in the tree: pictures are drawn or collected when needed."""
    assert [name for name in TRACKED if Path(name).suffix.lower() in PICTURES] == []


def test_no_network_is_tracked() -> None:
    """Networks come out of locked packages."""
    assert [name for name in TRACKED if name.endswith((".onnx", ".pb", ".pt", ".tflite"))] == []


def test_the_licence_is_apache() -> None:
    """The licence is the one that pyproject.toml names."""
    licence = (ROOT / "LICENSE").read_text("utf-8")
    assert "Apache License" in licence
    assert "Version 2.0, January 2004" in licence
    assert 'license = "Apache-2.0"' in (ROOT / "pyproject.toml").read_text("utf-8")


@pytest.mark.parametrize("name", ["CHANGELOG.md", "NOTICE", "README.md", "SECURITY.md"])
def test_what_a_reader_looks_for_first_is_there(name: str) -> None:
    """A change note, a notice, a first page, and where to report a weakness."""
    assert (ROOT / name).stat().st_size > 100


def test_decision_records_are_numbered_without_gaps() -> None:
    """A missing number would be a decision that somebody took away."""
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs" / "adr").glob("[0-9]*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_every_module_says_what_it_is_for() -> None:
    """Every module begins with a docstring."""
    assert [name for name, tree in TREES.items() if not ast.get_docstring(tree)] == []


def test_no_module_is_long() -> None:
    """A module of more than 400 lines wants to be two."""
    assert {
        name: n for name in TREES if (n := (ROOT / name).read_text("utf-8").count("\n")) > MAX_LINES
    } == {}


def test_what_a_module_offers_is_said_once() -> None:
    """`__all__` names each thing once, and every name in it is one of the module's."""
    for name, tree in TREES.items():
        listed = _offered(tree)
        assert len(listed) == len(set(listed)), name
        assert set(listed) <= _bound(tree), name


def _offered(tree: ast.Module) -> list[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return list(ast.literal_eval(node.value))
    return []


def _bound(tree: ast.Module) -> set[str]:
    bound = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            bound |= {
                each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)
            }
    return bound


def test_every_test_is_a_sentence() -> None:
    """The docstring of a test says what holds, in a sentence."""
    guilty = []
    for test in TESTS:
        for node in ast.walk(ast.parse((ROOT / test).read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                said = (ast.get_docstring(node) or "").strip()
                if not said.endswith((".", "?", "!", "。", ")")):
                    guilty.append(f"{test}: {node.name}")
    assert guilty == []


FORBIDDEN_CALLS = {"pickle.load", "pickle.loads", "marshal.loads", "os.system", "os.popen", "eval", "exec"}


NETWORK = {"urllib.request", "http.client", "requests", "httpx", "ftplib", "smtplib", "xmlrpc.client"}
ASKS_DEVICES = "src/efface/engines/device_http.py"
"""Asks the devices that a user lists, and nobody else."""


def test_no_module_runs_what_it_reads() -> None:
    """No pickle is loaded, no text is evaluated, no shell is started."""
    guilty = []
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                shell = any(word.arg == "shell" for word in node.keywords)
                if shell or ast.unparse(node.func) in FORBIDDEN_CALLS:
                    guilty.append(f"{name}:{node.lineno}")
    assert guilty == []


def test_no_module_can_call_out() -> None:
    """No client of a network protocol is imported, but by what asks listed devices."""
    guilty = []
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                used = {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                used = {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
            else:
                continue
            if used & NETWORK and name != ASKS_DEVICES:
                guilty.append(f"{name}:{node.lineno}")
    assert guilty == []
