"""A change to code is refused for what it adds of facial recognition, and for nothing that was there."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from efface.cli.guard_code import code
from efface.engines.git_changes import Change
from efface.errors import EffaceError, UsageError
from efface.guard import Guard
from efface.guard.code import Added, added
from efface.testing import records

FINGER = base64.b64encode(records.finger_minutiae_record(8))


@pytest.fixture(scope="module")
def guard() -> Guard:
    return Guard()


def kinds(guard: Guard, path: str, after: bytes, before: bytes = b"", is_new: bool = True) -> list[str]:
    return [each.kind for each in added(Change(path, before, after, is_new), guard)]


ADDS = {
    "a requirement": ("requirements.txt", b"flask==3\nface-recognition==1.3.0\n", "library"),
    "a requirement with an underscore": ("pyproject.toml", b'dependencies = ["face_recognition>=1"]\n', "library"),
    "a dependency of npm": ("package.json", b'{"dependencies": {\n "face-api.js": "^0.22"\n}}\n', "library"),
    "an import": ("app/door.py", b"import os\nfrom deepface import DeepFace\n", "library"),
    "an import of one part": ("app/door.py", b"from facenet_pytorch.models import x\n", "library"),
    "a require": ("door.js", b'const f = require("@vladmandic/face-api")\n', "library"),
    "a header": ("door.cpp", b"#include <opencv2/face.hpp>\n", "library"),
    "a go module": ("go.mod", b"require github.com/Kagami/go-face v1\n", "library"),
    "an address of a service": ("a.py", b'URL = "https://aip.baidubce.com/rest/2.0/face/v3/search"\n', "endpoint"),
    "an operation of a service": ("a.ts", b"await client.send(new SearchFacesByImageCommand())\n", "endpoint"),
    "a model": ("models/w600k_r50.onnx", b"\x08\x07plain", "model"),
    "a column in SQL": ("db/001.sql", b"ALTER TABLE staff ADD COLUMN face_template text;\n", "column"),
    "a column in a migration": ("alembic/versions/a.py", b"op.add_column('s', sa.Column('face_embedding'))\n", "column"),
    "a column in Chinese": ("db/001.sql", "ALTER TABLE s ADD 人脸特征 text;\n".encode(), "column"),
    "a template": ("fixtures/a.json", b'{"x": "' + FINGER + b'"}\n', "data"),
}  # fmt: skip


@pytest.mark.parametrize(("path", "after", "kind"), ADDS.values(), ids=ADDS.keys())
def test_what_recognises_faces_is_named_by_its_kind(guard: Guard, path: str, after: bytes, kind: str) -> None:
    """Each way into a code base is seen."""
    assert kind in kinds(guard, path, after)


NOTHING = {
    "prose": ("README.md", b"We do not use face_recognition, nor aip.baidubce.com/rest/2.0/face/.\n"),
    "a comment": ("requirements.txt", b"# face-recognition was taken out\nflask\n"),
    "a longer name": ("requirements.txt", b"my-face-recognition-free-app\nnot_deepface\n"),
    "a variable": ("a.py", b"deepface = None\n"),
    "a column outside migrations": ("a.py", b"face_template = None\n"),
    "a column that says little": ("db/1.sql", b"ALTER TABLE t ADD COLUMN feature_data text;\n"),
    "a comment in SQL": ("db/1.sql", b"-- no face_template here\n"),
    "source": ("a.py", b"def f(x: int) -> int:\n    return x\n"),
}


@pytest.mark.parametrize(("path", "after"), NOTHING.values(), ids=NOTHING.keys())
def test_what_does_not_recognise_faces_passes(guard: Guard, path: str, after: bytes) -> None:
    """Words about it are no use of it."""
    assert kinds(guard, path, after) == []


def test_what_was_there_is_not_new(guard: Guard) -> None:
    """A line that moves is no addition, and neither are data beside an edited line."""
    before = b"flask\ndeepface\n"
    assert kinds(guard, "requirements.txt", b"deepface\nflask\nuvicorn\n", before, is_new=False) == []
    assert kinds(guard, "a.txt", FINGER + b"\nsecond\n", FINGER + b"\nfirst\n", is_new=False) == []


def test_the_same_line_once_more_is_new(guard: Guard) -> None:
    """One that was there once and now stands twice was added."""
    assert kinds(guard, "a.py", b"import deepface\n" * 2, b"import deepface\n", is_new=False) == ["library"]


def test_what_is_too_large_is_held(guard: Guard) -> None:
    """A file that was not looked at is told, and not taken for clean."""
    (each,) = added(Change("big.bin", b"", None, True), guard)
    assert (each.kind, each.is_held) == ("unread", True)


def test_no_content_is_told(guard: Guard) -> None:
    """A report can be shown to anybody."""
    told = repr(list(added(Change("a.json", b"", b'{"x": "' + FINGER + b'"}', True), guard)))
    assert FINGER.decode()[:24] not in told


@pytest.fixture
def repository(tmp_path: Path) -> Any:
    porcelain = pytest.importorskip("dulwich.porcelain")
    porcelain.init(str(tmp_path))

    def commit(**files: bytes) -> str:
        stage(**files)
        return porcelain.commit(str(tmp_path), message=b"m", author=b"a <a@b>", committer=b"a <a@b>").decode()  # type: ignore[no-any-return]

    def stage(**files: bytes) -> None:
        for name, data in files.items():
            (tmp_path / f"{name}.txt").write_bytes(data)
        porcelain.add(str(tmp_path), [str(tmp_path / f"{name}.txt") for name in files])

    return tmp_path, commit, stage


def test_the_next_commit_is_looked_at_and_not_the_history(repository: Any, capsys: Any) -> None:
    """Staged: refused with file and line; the same once committed is no addition any more."""
    folder, commit, stage = repository
    stage(requirements=b"deepface\n")
    assert code(repository=folder) == 1
    assert "refuse\trequirements.txt:1\tadds a library" in capsys.readouterr().out
    commit()
    assert code(repository=folder, staged=True) == 0


def test_a_file_that_is_moved_is_no_addition(repository: Any) -> None:
    """The same bytes under another name were there before."""
    porcelain = pytest.importorskip("dulwich.porcelain")
    folder, commit, stage = repository
    commit(requirements=b"deepface\n")
    porcelain.remove(str(folder), [str(folder / "requirements.txt")])
    stage(requirements_old=b"deepface\n")
    assert code(repository=folder) == 0


def test_two_revisions_and_a_baseline(repository: Any, tmp_path_factory: Any) -> None:
    """CI: what is between two revisions; what a baseline knows does not fail it, what is new does."""
    folder, commit, _ = repository
    out = tmp_path_factory.mktemp("out")
    first = commit(requirements=b"flask\n")
    second = commit(requirements=b"flask\ndeepface\n")
    third = commit(requirements=b"flask\ndeepface\ninsightface\n")
    assert code(repository=folder, diff=f"{first}..{second}", write_baseline=str(out / "b.json")) == 1
    assert code(repository=folder, diff=f"{first}..{second}", baseline=out / "b.json") == 0
    log = out / "code.sarif"
    assert code(repository=folder, diff=f"{first}..{third}", baseline=out / "b.json", sarif=str(log)) == 1
    states = {
        each["message"]["text"]: each["baselineState"]
        for each in json.loads(log.read_text())["runs"][0]["results"]
    }
    assert sorted(states.values()) == ["new", "unchanged"]
    assert code(repository=folder, diff=f"{third}..{first}") == 0


@pytest.mark.parametrize("revisions", ["HEAD", "a...b", "..HEAD", "nothing..HEAD"])
def test_revisions_that_are_none_are_a_mistake_of_usage(repository: Any, revisions: str) -> None:
    """A check that compares nothing must not report clean."""
    folder, commit, _ = repository
    commit(a=b"x\n")
    with pytest.raises(UsageError):
        code(repository=folder, diff=revisions)


def test_a_folder_without_a_repository_and_a_broken_baseline_are_refused(tmp_path: Path) -> None:
    """Neither passes for clean."""
    (tmp_path / "b.json").write_text("{}")
    with pytest.raises(EffaceError):
        code(repository=tmp_path)
    with pytest.raises(UsageError):
        code(repository=tmp_path, baseline=tmp_path / "b.json")


def test_identity_does_not_hang_on_the_line() -> None:
    """A baseline survives lines that move."""
    assert Added("a", 1, "library", "x").identity == Added("a", 9, "library", "x").identity
