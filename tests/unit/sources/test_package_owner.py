"""Which package manager owns a file, by records in a folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from efface.sources.package_owner import owner_of

if TYPE_CHECKING:
    from pathlib import Path

SITE = "usr/lib/python3/dist-packages"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A mounted system with one file of each manager, and what lies beside them."""
    records = {
        f"{SITE}/insightface-0.7.3.dist-info/RECORD": "insightface/model/a.onnx,sha256=x,1\n../../bin/tool,,\n",
        "var/lib/dpkg/info/libseeta6.list": "/.\n/lib\n/lib/libSeetaFaceRecognizer600.so\n",
        "lib/apk/db/installed": "P:other\nF:etc\nR:x\n\nP:dlib\nV:1\nF:usr/lib\nR:libdlib.so\n",
        "opt/conda/conda-meta/face-sdk-1.2-h0.json": json.dumps({"files": ["lib/libmegface.so"]}),
    }
    for name, text in records.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "manager", "package", "command"),
    [
        (f"{SITE}/insightface/model/a.onnx", "pip", "insightface", "python -m pip uninstall insightface"),
        ("lib/libSeetaFaceRecognizer600.so", "dpkg", "libseeta6", "apt-get purge libseeta6"),
        ("usr/lib/libSeetaFaceRecognizer600.so", "dpkg", "libseeta6", "apt-get purge libseeta6"),
        ("usr/lib/libdlib.so", "apk", "dlib", "apk del dlib"),
        ("opt/conda/lib/libmegface.so", "conda", "face-sdk", "conda remove face-sdk"),
        ("srv/node_modules/face-api.js/model.bin", "npm", "face-api.js", "npm uninstall face-api.js"),
        ("srv/node_modules/@v/human/models/f.bin", "npm", "@v/human", "npm uninstall @v/human"),
        ("srv/node_modules/a/node_modules/b/f.bin", "npm", "b", "npm uninstall b"),
        ("var/lib/docker/overlay2/abc/diff/app/f.onnx", "container", "", "docker image ls"),
    ],
)
def test_a_file_of_a_package_has_an_owner(
    root: Path, name: str, manager: str, package: str, command: str
) -> None:
    """The command is for a person: nothing is run."""
    found = owner_of(str(root / name))
    assert found is not None
    assert (found.manager, found.package, found.command) == (manager, package, command)


@pytest.mark.parametrize(
    "name",
    [
        f"{SITE}/copied/a.onnx",
        "lib/libother.so",
        "srv/models/a.onnx",
        "usr/lib/libdlib.so.bak",
        "opt/conda/lib/libother.so",
        "srv/node_modules",
    ],
)
def test_a_file_that_was_copied_in_has_none(root: Path, name: str) -> None:
    """A file beside those of a package is nobody's."""
    assert owner_of(str(root / name)) is None


def test_where_records_cannot_be_read_a_file_counts_as_owned(root: Path) -> None:
    """Of RPM's database nothing is read: a person asks it."""
    (root / "usr/lib/sysimage/rpm").mkdir(parents=True)
    found = owner_of(str(root / "usr/lib/lib x.so"))
    assert found is not None
    assert (found.manager, found.package) == ("rpm", "")
    assert found.command == f"rpm -qf '{root / 'usr/lib/lib x.so'}'"
    assert owner_of(str(root / "srv/a.onnx")) is None


def test_an_odd_name_of_a_package_is_in_no_command(root: Path) -> None:
    """What a record calls itself is not put behind a command unless it is plain."""
    (root / "var/lib/dpkg/info/x; reboot.list").write_text("/opt/a.so\n")
    found = owner_of(str(root / "opt/a.so"))
    assert found is not None
    assert "reboot" not in found.command


@pytest.mark.parametrize("text", ["", "[]", "{", '{"files": 1}', "[" * 100_000])
def test_broken_records_own_nothing(root: Path, text: str) -> None:
    """No record ends the look."""
    (root / "opt/conda/conda-meta/face-sdk-1.2-h0.json").write_text(text)
    assert owner_of(str(root / "opt/conda/lib/libmegface.so")) is None


@pytest.mark.parametrize("damage", ["x" * 200_000, '"', '"a\n', "\0", ",,,", '"' + "x" * 200_000 + '"'])
def test_a_damaged_line_takes_nothing_from_the_others(root: Path, damage: str) -> None:
    """What a record names before and after a line that names no file counts, and the plan goes on."""
    record = root / SITE / "insightface-0.7.3.dist-info/RECORD"
    record.write_text(record.read_text() + f"{damage}\ninsightface/late.onnx,,\n")
    for name in ("insightface/model/a.onnx", "insightface/late.onnx"):
        found = owner_of(str(root / SITE / name))
        assert found is not None
        assert found.manager == "pip"
