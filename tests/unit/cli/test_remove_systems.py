"""`efface remove` of what a system's files are: those that stand alone go, the others are left with a reason."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from efface.cli.app import run
from efface.detectors.signatures import Kind
from efface.runs.store import Store
from efface.testing import traces
from efface.testing.inspections import judged

if TYPE_CHECKING:
    from collections.abc import Callable

from efface.model import VerdictKind

LIBRARY, LICENCE, OWNED = "libarcsoft_face_engine.so", "arcface64.dat", "libbdface_sdk.so"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with files of systems: alone, in a package, in code, and a name that others use, too."""
    folder = tmp_path_factory.mktemp("site")
    for kind, key, where in (
        (Kind.LIBRARY, LIBRARY, "opt/face"),
        (Kind.LICENCE, LICENCE, "opt/face"),
        (Kind.LIBRARY, OWNED, "srv/node_modules/sdk"),
        (Kind.CODE, "hits = DeepFace.find(img_path=frame, db_path=folder)", "srv/app"),
        (Kind.PIP, "deepface", "srv"),
    ):
        sample = traces.trace(kind, key)
        path = folder / where / Path(sample.name).name
        path = folder / "srv" / sample.name if kind is Kind.PIP else path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(sample.data)
    (folder / "opt" / "face" / "recognition.db").write_bytes(b"another program's")
    run(["inspect", str(folder), "--run", str(folder.parent / "run.sqlite"), "--quiet", "--jobs", "1"])
    return folder


@pytest.fixture
def plan_of(
    site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., dict[str, object]]:
    """Return what becomes of each file, by its name."""

    def planned(*more: str, kind: VerdictKind = VerdictKind.PROHIBITED) -> dict[str, object]:
        copy = tmp_path / "run.sqlite"
        copy.write_bytes((site.parent / "run.sqlite").read_bytes())
        judged(str(copy), kind)
        code = run(["remove", str(copy), "--jobs", "1", *more])
        out = capsys.readouterr().out
        with Store(str(copy)) as store:
            removals = {Path(each.target.path[0]).name: each for each in store.removals()}
        return {"code": code, "out": " ".join(out.split()), "removals": removals}

    return planned


def test_the_plan_names_what_goes_and_what_a_person_uninstalls(
    site: Path, plan_of: Callable[..., dict[str, object]]
) -> None:
    """A library and a licence that were copied in go; a package's file has the command; nothing is changed."""
    before = sorted(path for path in site.rglob("*") if path.is_file())
    out = str(plan_of("--lang", "en")["out"])
    assert out.count("the whole file goes") == 2
    assert "npm uninstall sdk" in out
    assert sorted(path for path in site.rglob("*") if path.is_file()) == before


def test_what_is_held_stays(site: Path, plan_of: Callable[..., dict[str, object]]) -> None:
    """A system that a rule holds is not taken apart."""
    before = sorted(path for path in site.rglob("*") if path.is_file())
    plan_of("--apply", "--only", "all", "--quiet", kind=VerdictKind.HOLD)
    assert sorted(path for path in site.rglob("*") if path.is_file()) == before


def test_files_that_are_the_system_alone_are_taken_and_others_are_not(
    site: Path, plan_of: Callable[..., dict[str, object]]
) -> None:
    """Gone: a library, a licence. Left: a package's library, code, a manifest, and a name that proves little."""
    found = plan_of("--apply", "--quiet")
    left = {path.name for path in site.rglob("*") if path.is_file()}
    assert found["code"] == 4  # something that is due is still there
    gone = {name for name, each in found["removals"].items() if each.status == "removed"}  # type: ignore[attr-defined]
    assert gone == {LIBRARY, LICENCE}
    assert not gone & left
    assert {"recognition.db", "METADATA", OWNED} <= left
