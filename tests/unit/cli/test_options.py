"""What commands share: language, run files, case files, and files written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from efface.cli.options import default_run, language_of, read_case, refuse_options, write_bytes
from efface.errors import UsageError

CASE = '[case]\ntitle = "t"\njurisdiction = "CN-320100"\n'


@pytest.mark.parametrize(
    ("system", "chosen", "spoken"),
    [
        ("zh_CN.UTF-8", None, "zh"),
        ("en_GB.UTF-8", None, "en"),
        ("C", None, "en"),
        ("zh_CN.UTF-8", "en", "en"),
        ("C", "zh", "zh"),
    ],
)
def test_the_language_is_chosen_or_the_systems(
    monkeypatch: pytest.MonkeyPatch, system: str, chosen: str | None, spoken: str
) -> None:
    """What the user chose, else what the system speaks."""
    monkeypatch.setenv("LC_ALL", system)
    assert language_of(chosen) == spoken


def test_the_same_targets_have_the_same_run_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So a second scan of a place goes on from the first, from whichever folder it is named."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path)
    relative = default_run(("in",))
    monkeypatch.chdir(tmp_path / "in")
    assert default_run((".",)) == relative
    assert default_run(("..",)) != relative


def test_a_report_is_for_its_owner_only(tmp_path: Path) -> None:
    """Places may hold names of persons."""
    write_bytes(str(tmp_path / "r.html"), b"x")
    assert (tmp_path / "r.html").stat().st_mode & 0o777 == 0o600


def test_a_report_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    """Whole or not at all, and the message names the file."""
    (tmp_path / "taken").mkdir()
    with pytest.raises(UsageError, match="taken"):
        write_bytes(str(tmp_path / "taken"), b"x")
    assert os.listdir(tmp_path) == ["taken"]
    with pytest.raises(UsageError, match="cannot be written"):
        write_bytes(str(tmp_path / "missing" / "r.html"), b"x")


def test_no_case_is_no_case() -> None:
    """A command without a case file judges nothing."""
    assert read_case(None) is None


def test_a_case_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    """Windows editors write one."""
    (tmp_path / "c.toml").write_bytes(b"\xef\xbb\xbf" + CASE.encode())
    case = read_case(tmp_path / "c.toml")
    assert case is not None
    assert case.jurisdiction == "CN-320100"


BAD = {
    "missing": (None, "No such file"),
    "not UTF-8": (CASE.encode("utf-16"), "UTF-8"),
    "too large": (b"#" * 1_000_001, "bytes"),
    "not TOML": (b"[case", "case"),
}


@pytest.mark.parametrize(("content", "word"), BAD.values(), ids=BAD.keys())
def test_a_case_file_that_cannot_be_read_is_a_usage_error(
    tmp_path: Path, content: bytes | None, word: str
) -> None:
    """The message says what is wrong with it."""
    path = tmp_path / "c.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=word):
        read_case(path)


def test_a_mistyped_option_is_not_a_file() -> None:
    """`--hmtl` must not become a target that does not exist among others that do."""
    refuse_options(("a", "-"))
    with pytest.raises(UsageError, match="--hmtl"):
        refuse_options(("a", "--hmtl"))
