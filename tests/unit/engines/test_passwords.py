"""The user's list of passwords opens what is encrypted, and nothing shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from efface.engines.libarchive_runtime import load
from efface.engines.passwords import VARIABLE, passwords, readable_passwords
from efface.errors import AccessError
from efface.model import Gap, GapReason, Limits, Locator, Part, Surroundings
from efface.sources.archive import Archive
from efface.sources.payloads import FilePayload

if TYPE_CHECKING:
    from pathlib import Path


def given(folder: Path, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "list").write_bytes(content)
    monkeypatch.setenv(VARIABLE, str(folder / "list"))


LISTS = {
    "one a line": (b"a\nb c\n", ("a", "b c")),
    "lines of Windows, with a mark": (b"\xef\xbb\xbfa\r\nb\r\n", ("a", "b")),
    "empty lines and repetitions": (b"\na\n\na\n", ("a",)),
    "spaces count": (b" a \n", (" a ",)),
    "nothing": (b"", ()),
}


@pytest.mark.parametrize("case", LISTS)
def test_a_list_is_read_line_by_line(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line is a password as it stands."""
    content, expected = LISTS[case]
    given(tmp_path, content, monkeypatch)
    assert passwords() == expected


def test_without_the_variable_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody needs a list."""
    monkeypatch.delenv(VARIABLE, raising=False)
    assert passwords() == ()


BAD = {
    "another encoding": "密码".encode("gb18030"),
    "more than a thousand": b"\n".join(b"%d" % number for number in range(1_001)),
    "more than a mebibyte": b"x" * (1 << 20) + b"\nx",
}


@pytest.mark.parametrize("case", BAD)
def test_a_list_that_is_none_is_refused(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be used is said, without its content."""
    given(tmp_path, BAD[case], monkeypatch)
    with pytest.raises(AccessError) as caught:
        passwords()
    assert "xx" not in str(caught.value)
    assert readable_passwords() == ()


def test_a_list_that_is_missing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong path is no empty list."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "none"))
    with pytest.raises(AccessError):
        passwords()


def archive(path: Path, password: str) -> Part:
    options = {"options": "zip:encryption=traditional", "passphrase": password}
    with load().file_writer(str(path), "zip", **options) as writer:
        writer.add_file_from_memory("vip.txt", 5, b"words")
    return Part(Locator.of_file(str(path)), FilePayload(str(path), 1 << 20), Surroundings((path.name,)))


def opened(part: Part) -> list[bytes | GapReason]:
    found = Archive().parts(part, "application/zip", Limits())
    return [inner.reason if isinstance(inner, Gap) else inner.payload.read() for inner in found]  # type: ignore[union-attr]


def test_an_archive_is_opened_with_a_password_of_the_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every password is tried; one byte tells a wrong one, so that one in 256 passes for right at first."""
    parts = [archive(tmp_path / f"{number}.zip", "销售") for number in range(4)]
    given(tmp_path, "wrong\n销售\nother\n".encode(), monkeypatch)
    assert [b"words"] in [opened(part) for part in parts]


def test_an_archive_that_no_password_opens_is_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong passwords leave the gap that none leaves."""
    part = archive(tmp_path / "a.zip", "right")
    given(tmp_path, b"wrong\n", monkeypatch)
    (reason,) = opened(part)
    assert reason in {GapReason.ENCRYPTED, GapReason.UNREADABLE}


def test_a_list_that_is_missing_is_said_where_it_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An archive that nobody encrypted is read all the same; an encrypted one says what is wrong."""
    secret = archive(tmp_path / "a.zip", "right")
    with load().file_writer(str(tmp_path / "b.zip"), "zip") as writer:
        writer.add_file_from_memory("a.txt", 5, b"words")
    plain = Part(
        Locator.of_file("/b.zip"), FilePayload(str(tmp_path / "b.zip"), 1 << 20), Surroundings(("b.zip",))
    )
    monkeypatch.setenv(VARIABLE, str(tmp_path / "none"))
    assert opened(plain) == [b"words"]
    with pytest.raises(AccessError):
        opened(secret)
