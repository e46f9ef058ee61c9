"""Every registered source under the law of its room."""

from __future__ import annotations

import io
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pytest
from dulwich import porcelain

from efface import registry
from efface.sources.database import close_all
from efface.sources.database_url import rows_of
from efface.testing.contracts import SourceContract
from efface.testing.s3 import s3_server
from efface.testing.servers import Server, postgres_missing, postgresql, require

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.model import Locator, Unit
    from efface.sources.database import Database
    from efface.sources.filesystem import Filesystem
    from efface.sources.git import GitHistory
    from efface.sources.objects import ObjectStore
    from efface.sources.stdin import StandardInput


class TestFilesystem(SourceContract):
    """A folder with folders in it, and names that are not ASCII, not UTF-8, or look like URLs."""

    names = ("a.txt", "名.bin", "b%2F#?.txt", os.fsdecode(b"\xff\xfe.dat"))

    def plugin(self) -> Filesystem:
        return registry.load("source", "filesystem")()

    def place(self, folder: Path) -> tuple[str, dict[str, bytes]]:
        inner = folder / "place" / "inner"
        inner.mkdir(parents=True)
        contents = {name: f"content {number}".encode() * 9_000 for number, name in enumerate(self.names)}
        for name, data in contents.items():
            (inner / name).write_bytes(data)
        return str(folder / "place"), contents

    def change(self, folder: Path) -> None:
        for path in (folder / "place" / "inner").iterdir():
            path.write_bytes(path.read_bytes().upper())

    def clear(self, folder: Path) -> None:
        for path in (folder / "place" / "inner").iterdir():
            path.unlink()


class TestStandardInput(SourceContract):
    """A stream that comes in once."""

    read_once = True

    @pytest.fixture(autouse=True)
    def _stream(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._put = lambda data: monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        self._put(b"")

    def plugin(self) -> StandardInput:
        return registry.load("source", "stdin")()

    def place(self, _folder: Path) -> tuple[str, dict[str, bytes]]:
        self._put(b"what comes in")
        return "-", {"-": b"what comes in"}

    def units(self, target: str) -> list[Unit]:
        self._listed = super().units(target)
        return self._listed

    def clear(self, _folder: Path) -> None:
        for unit in self._listed:  # as when the process that read it ends
            os.close(int(unit.stamp.rpartition("?")[0].rpartition("/")[2]))


class TestObjectStore(SourceContract):
    """A bucket of an S3 server, with names that are not ASCII, or look like URLs."""

    names = ("a.txt", "名.bin", "b%2F#?.txt")
    bucket = "contract"

    @pytest.fixture(autouse=True)
    def _server(self) -> Iterator[None]:
        with s3_server() as self._client:
            yield

    def plugin(self) -> ObjectStore:
        return registry.load("source", "objects")()

    def place(self, _folder: Path) -> tuple[str, dict[str, bytes]]:
        contents = {name: f"content {number}".encode() * 9_000 for number, name in enumerate(self.names)}
        self._client.create_bucket(Bucket=self.bucket)
        for name, data in contents.items():
            self._client.put_object(Bucket=self.bucket, Key=f"inner/{name}", Body=data)
        return f"s3://{self.bucket}/inner", contents

    def change(self, _folder: Path) -> None:
        for name in self.names:
            self._client.put_object(Bucket=self.bucket, Key=f"inner/{name}", Body=b"changed")

    def clear(self, _folder: Path) -> None:
        for name in self.names:
            self._client.delete_object(Bucket=self.bucket, Key=f"inner/{name}")


class TestGitHistory(SourceContract):
    """A repository with one commit, its objects single."""

    content_addressed = True

    def plugin(self) -> GitHistory:
        return registry.load("source", "git")()

    def name_of(self, locator: Locator) -> str:
        return locator.path[1].rpartition("@")[0].rpartition("/")[2]

    def place(self, folder: Path) -> tuple[str, dict[str, bytes]]:
        (folder / "place" / "inner").mkdir(parents=True)
        contents = {"a.txt": b"content" * 900, "名.bin": b"\0\1" * 900}
        porcelain.init(str(folder / "place"))
        self._commit(folder, contents)
        return f"git://{folder / 'place'}", contents

    @staticmethod
    def _commit(folder: Path, contents: dict[str, bytes]) -> None:
        for name, data in contents.items():
            (folder / "place" / "inner" / name).write_bytes(data)
        porcelain.add(str(folder / "place"), [str(folder / "place" / "inner" / name) for name in contents])
        who = b"a <a@b>"
        porcelain.commit(
            str(folder / "place"), b"m", author=who, committer=who, author_timestamp=1, commit_timestamp=1
        )

    def change(self, folder: Path) -> None:
        self._commit(folder, {f"{number}.txt": str(number).encode() for number in range(9)})

    def clear(self, folder: Path) -> None:
        shutil.rmtree(folder / "place" / ".git")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A PostgreSQL of our own."""
    require(postgres_missing())
    with postgresql() as running:
        yield running
    close_all()


class TestDatabase(SourceContract):
    """A PostgreSQL of our own, with a table for each thing."""

    contents: ClassVar = {"a": b"content" * 900, "名.b/;~": b"\0\1" * 900}

    @pytest.fixture(autouse=True)
    def _server(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        self._running = server
        yield
        self.clear(Path())

    def plugin(self) -> Database:
        return registry.load("source", "database")()

    def name_of(self, locator: Locator) -> str:
        assert locator.fragment is not None
        return rows_of(locator.fragment.removesuffix("/face_feature"))[1]

    def place(self, _folder: Path) -> tuple[str, dict[str, bytes]]:
        for name, data in self.contents.items():
            self._running.execute(
                "postgres",
                f'CREATE TABLE "{name}" (id int, face_feature bytea)',
                f"INSERT INTO \"{name}\" VALUES (1, '\\x{data.hex()}')",
            )
        return self._running.target("postgres"), self.contents

    def change(self, _folder: Path) -> None:
        for name in self.contents:
            self._running.execute("postgres", f'UPDATE "{name}" SET face_feature = face_feature')

    def clear(self, _folder: Path) -> None:
        for name in self.contents:
            self._running.execute("postgres", f'DROP TABLE IF EXISTS "{name}"')


class TestSite(TestFilesystem):
    """The same folder, as an inspection lists it."""

    def plugin(self) -> Filesystem:
        return registry.load("source", "site")()


LIVE = {"machine", "device"}
"""Processes and devices are alive: nothing that lies there can be compared; their unit tests hold their law."""


def test_every_source_is_under_contract() -> None:
    """A source in the table without a contract test is a fault."""
    contracts = [
        each for each in globals().values() if isinstance(each, type) and each.__name__.startswith("Test")
    ]
    assert {each().plugin().name for each in contracts} == set(registry.names("source")) - LIVE


@pytest.mark.parametrize("name", registry.names("source"))
def test_the_table_and_the_source_agree_on_its_name(name: str) -> None:
    """A source is called what the table calls it."""
    assert registry.load("source", name).name == name


def test_two_readings_of_standard_input_never_look_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same process number and descriptor may come again; what came in is another thing all the same."""
    source, stamps = registry.load("source", "stdin")(), set()
    monkeypatch.setattr("efface.sources.stdin._kept", lambda: ("/dev/null", os.open(os.devnull, os.O_WRONLY)))
    for _ in range(2):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"content")))
        stamps |= {unit.stamp for unit in source.units("-")}
    assert len(stamps) == 2
