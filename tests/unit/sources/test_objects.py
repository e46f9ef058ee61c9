"""Objects of a real S3 server on loopback, and of stores that answer as they should not."""

from __future__ import annotations

import io
import zipfile
from threading import Event
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from efface.errors import AccessError, LimitExceededError, UsageError
from efface.model import Finding, Gap, GapReason, Level, Limits, Unit
from efface.runs.exit_code import ExitCode
from efface.runs.outcome import of_scan
from efface.runs.scan import ScanOptions, scan
from efface.runs.store import Store
from efface.runs.view import view_of
from efface.sources.objects import ObjectStore
from efface.testing.records import finger_minutiae_record
from efface.testing.s3 import broken_store, listing, s3_server, troubled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MIB = 1 << 20


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """A client of a server that holds one bucket."""
    with s3_server() as client:
        client.create_bucket(Bucket="records")
        contents = {"a/1.txt": b"one", "a/2.txt": b"two", "a b/名 %.txt": b"three", "z.bin": bytes(3 * MIB)}
        for key, body in contents.items():
            client.put_object(Bucket="records", Key=key, Body=body)
        yield client


def units(target: str) -> list[Unit]:
    return [unit for unit in ObjectStore().units(target) if isinstance(unit, Unit)]


# -- listing -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "count"),
    [
        ("s3://records", 4),
        ("s3://records/", 4),
        ("s3://records/a", 2),
        ("s3://records/a/", 2),
        ("s3://records/z.bin", 1),
    ],
    ids=["a bucket", "a bucket with a slash", "a folder", "a folder with a slash", "one object"],
)
def test_a_target_lists_what_lies_under_it(client: Any, target: str, count: int) -> None:
    """A prefix is a folder of whole names, or one object."""
    assert len(units(target)) == count


def test_more_objects_than_one_page_are_listed(client: Any) -> None:
    """A listing goes on from page to page."""
    client.create_bucket(Bucket="many")
    for number in range(1_005):
        client.put_object(Bucket="many", Key=f"{number:04}", Body=b"")
    assert len(units("s3://many")) == 1_005


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("s3://absent", "no such bucket"),
        ("s3://records/absent", "no such bucket or object"),
        ("s3://", "names no bucket"),
        ("s3://user:secret@records/a", "credentials"),
    ],
    ids=["no such bucket", "no such object", "no bucket named", "credentials in the URL"],
)
def test_a_target_that_cannot_be_is_refused(client: Any, target: str, words: str) -> None:
    """The user's mistake is told at once, and never repeats a secret."""
    with pytest.raises(UsageError, match=words) as refusal:
        units(target)
    assert "secret" not in str(refusal.value)


# -- reading -----------------------------------------------------------------------------------------------


def test_a_large_object_is_read_in_ranges(client: Any) -> None:
    """What needs a part asks for a part: the names in a ZIP archive of many bytes are found from its end."""
    (unit,) = units("s3://records/z.bin")
    with ObjectStore().open(unit, Limits()).payload.open() as stream:
        assert stream.seek(-10, io.SEEK_END) == 3 * MIB - 10
        assert stream.read() == bytes(10)


def test_the_names_beside_an_object_are_its_surroundings(client: Any) -> None:
    """A folder of an object store is what its names share."""
    part = ObjectStore().open(units("s3://records/a/1.txt")[0], Limits())
    assert part.surroundings.names == ("1.txt", "a", "records")
    assert part.surroundings.siblings == ("1.txt", "2.txt")


def test_an_object_larger_than_the_limit_is_refused(client: Any) -> None:
    """What is larger than a run reads as a whole is not read."""
    (unit,) = units("s3://records/z.bin")
    with pytest.raises(LimitExceededError, match="artefact_bytes"):
        ObjectStore().open(unit, Limits(artefact_bytes=MIB)).payload.read()


def test_an_object_that_changed_is_not_read(client: Any) -> None:
    """Parts of two versions are never taken for one."""
    client.put_object(Bucket="records", Key="b/changing", Body=b"x" * MIB)
    (unit,) = units("s3://records/b/changing")
    payload = ObjectStore().open(unit, Limits()).payload
    client.put_object(Bucket="records", Key="b/changing", Body=b"y" * MIB)
    with pytest.raises(AccessError, match="changed"):
        payload.read()
    client.delete_object(Bucket="records", Key="b/changing")


# -- stores that do not answer as they should ---------------------------------------------------------------


def test_an_error_of_the_server_is_tried_again() -> None:
    """A store that fails twice and then answers is a store that answers."""
    answers = iter([(500, b""), (503, b"")])
    with broken_store(lambda _: next(answers, (200, listing(["a"])))) as asked:
        assert len(units("s3://b")) == 1
    assert len(asked) == 3


def test_a_server_that_goes_on_failing_is_told() -> None:
    """After some tries the user hears what happened, without what the server wrote."""
    with (
        broken_store(lambda _: (500, b"<Message>content</Message>")),
        pytest.raises(UsageError, match="server error") as refusal,
    ):
        units("s3://b")
    assert "content" not in str(refusal.value)


def test_access_denied_is_told() -> None:
    """A refusal of the store is not taken for an empty bucket."""
    with broken_store(lambda _: (403, b"")), pytest.raises(UsageError, match="refuses access"):
        units("s3://b")


def test_an_odd_name_hides_only_its_own_folder() -> None:
    """A name with an empty part cannot be asked for; what lies in other folders is listed all the same."""

    def answer(path: str) -> tuple[int, bytes]:
        query = parse_qs(urlsplit(path).query)
        prefix = query.get("prefix", [""])[0]
        if "delimiter" not in query:
            return 200, listing(["a/1", "b//2", "c/3"])
        folders = {"": ("a/", "b/", "c/"), "b/": ("b//",)}.get(prefix, ())
        names = {"a/": ["a/1"], "c/": ["c/3"]}.get(prefix, [])
        return 200, listing(names, folders=folders)

    with broken_store(answer):
        listed = list(ObjectStore().units("s3://b"))
    assert sorted(unit.uri for unit in listed if isinstance(unit, Unit)) == ["s3://b/a/1", "s3://b/c/3"]
    assert [gap.locator.uri for gap in listed if isinstance(gap, Gap)] == ["s3://b/b"]


# -- a whole run -------------------------------------------------------------------------------------------


def test_a_scan_finds_what_lies_in_a_bucket_and_writes_no_secret(client: Any, tmp_path: Path) -> None:
    """Findings carry the object's place, also inside an archive; an unchanged object is not read again."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("inner/record.fmr", finger_minutiae_record())
    client.create_bucket(Bucket="found")
    client.put_object(Bucket="found", Key="backup/all.zip", Body=packed.getvalue())
    client.put_object(Bucket="found", Key="backup/note.txt", Body=b"nothing here")
    path = tmp_path / "run.sqlite"
    with Store(str(path)) as store:
        scan(store, ScanOptions(("s3://found",), jobs=1))
        findings = list(store.findings())
        assert [each.locator.uri for each in findings] == ["s3://found/backup/all.zip!/inner/record.fmr"]
        assert all(isinstance(each, Finding) for each in findings)
        assert not list(store.gaps())
        scan(store, ScanOptions(("s3://found",), jobs=1))
        assert store.meta("reused") == "2"
    assert b"tests-secret-mark" not in path.read_bytes()


@pytest.mark.parametrize(
    ("status", "reason"),
    [(500, GapReason.UNREADABLE), (0, GapReason.TIMEOUT)],
    ids=["answers 500", "is slow"],
)
def test_an_object_that_cannot_be_had_is_a_gap_and_is_tried_again(
    client: Any, tmp_path: Path, status: int, reason: GapReason
) -> None:
    """Everything else in the bucket is looked at; the next scan asks for what was missed, and for nothing more."""
    bucket, done = f"weak-{status}", Event()
    client.create_bucket(Bucket=bucket)
    for name, content in {
        "a.txt": b"a",
        "b.fmr": finger_minutiae_record(),
        "c.fmr": finger_minutiae_record(),
    }.items():
        client.put_object(Bucket=bucket, Key=name, Body=content)

    def trouble(path: str) -> int:
        if "b.fmr" in path and not status:
            done.wait(60)
        return status if "b.fmr" in path else 0

    options = ScanOptions((f"s3://{bucket}",), jobs=1, limits=Limits(artefact_seconds=2))
    with Store(str(tmp_path / "run.sqlite")) as store:
        with troubled(trouble):
            scan(store, options)
            done.set()
        assert [each.locator.uri for each in store.findings()] == [f"s3://{bucket}/c.fmr"]
        assert [(gap.locator.uri, gap.reason) for gap in store.gaps()] == [(f"s3://{bucket}/b.fmr", reason)]
        assert of_scan(view_of(store, "en"), Level.VISIBLE) is ExitCode.VIOLATIONS
        scan(store, options)
        assert len(list(store.findings())) == 2
        assert not list(store.gaps())
        assert store.meta("reused") == "2"
