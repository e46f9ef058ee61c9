"""`efface guard check`: forms, cleaned copies, receipts, and the exit codes of the contract."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from efface.cli.app import run
from efface.guard import schema
from efface.runs.exit_code import ExitCode
from efface.testing import records
from efface.testing.submissions import clean_record, submission

if TYPE_CHECKING:
    from pathlib import Path

PENALTY = schema("cn-penalty")
ZK = base64.b64encode(records.zkteco_template(3)).decode()
CASE = """\
[case]
title = "tenant credit"
jurisdiction = "CN-120000"
actors = ["market_credit_provider"]
purpose_kind = "social_credit"
activities = ["collect", "credit_record"]
"""


@pytest.fixture
def case(tmp_path: Path) -> str:
    path = tmp_path / "credit.toml"
    path.write_text(CASE, "utf-8")
    return str(path)


@pytest.fixture
def evil(tmp_path: Path) -> Path:
    path = tmp_path / "batch.csv"
    found = [clean_record(PENALTY, 1), {**clean_record(PENALTY, 2), "bz": ZK}]
    path.write_bytes(submission(PENALTY, "table.csv", found))
    return path


def test_a_clean_submission_passes(tmp_path: Path, case: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Under its form and the case of the door."""
    path = tmp_path / "t.xlsx"
    path.write_bytes(submission(PENALTY, "template.xlsx", [clean_record(PENALTY, 1)]))
    assert run(["guard", "check", str(path), "--schema", "cn-penalty", "--case", case]) == ExitCode.CLEAN
    assert capsys.readouterr().out.startswith("allow\t")


def test_a_refusal_tells_cell_and_rule(evil: Path, case: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A line of the answer, and a line for each place; nothing of the content."""
    assert run(["guard", "check", str(evil), "--schema", "cn-penalty", "--case", case]) == ExitCode.VIOLATIONS
    out = capsys.readouterr().out
    assert "\tAF3\tfingerprint template\tCN-TJ-SC-16-2" in out
    assert ZK[:20] not in out


def test_a_cleaned_copy_and_a_receipt(evil: Path, case: str, tmp_path: Path) -> None:
    """The copy passes; the answer to the file itself, and its exit code, stay."""
    clean, receipt = tmp_path / "clean.csv", tmp_path / "receipt.json"
    options = ["--schema", "cn-penalty", "--case", case, "--clean", str(clean), "--receipt", str(receipt)]
    assert run(["guard", "check", str(evil), *options]) == ExitCode.VIOLATIONS
    assert run(["guard", "check", str(clean), "--schema", "cn-penalty", "--case", case]) == ExitCode.CLEAN
    assert clean.read_bytes() == evil.read_bytes().replace(ZK.encode(), b"")
    (told,) = json.loads(receipt.read_text("utf-8"))
    assert (told["door"], told["submission"]) == ("refuse", "batch.csv")
    assert told["legal_basis"][0]["rule"] == "CN-TJ-SC-16-2"
    assert str(tmp_path) not in receipt.read_text("utf-8")
    assert ZK[:20] not in receipt.read_text("utf-8")


def test_an_unknown_field_waits(tmp_path: Path, case: str) -> None:
    """Exit code 3: a person looks."""
    path = tmp_path / "a.json"
    path.write_text(json.dumps({**clean_record(PENALTY, 1), "rlzp": "1"}), "utf-8")
    assert run(["guard", "check", str(path), "--schema", "cn-penalty", "--case", case]) == ExitCode.GAPS


def test_what_cannot_be_cleaned_is_a_failure_without_a_copy(
    tmp_path: Path, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 4, and nothing is written."""
    path, clean = tmp_path / "a.bin", tmp_path / "clean.bin"
    path.write_bytes(records.zkteco_template(3))
    assert run(["guard", "check", str(path), "--case", case, "--clean", str(clean)]) == ExitCode.FAILED
    assert not clean.exists()
    assert "no copy was written" in capsys.readouterr().err


MISTAKES = {
    "a form that is none": ["a.json", "--schema", "cn-rewards"],
    "one copy of two files": ["a.json", "b.json", "--clean", "c.json"],
    "no file": ["--schema", "cn-penalty"],
    "a file that is not there": ["not-there.json"],
}


@pytest.mark.parametrize("arguments", MISTAKES.values(), ids=MISTAKES.keys())
def test_mistakes(arguments: list[str]) -> None:
    """Exit code 2."""
    assert run(["guard", "check", *arguments]) == ExitCode.USAGE


def test_a_copy_on_standard_output_stands_there_alone(
    evil: Path, case: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """The answer goes beside it."""
    assert run(["guard", "check", str(evil), "--case", case, "--clean", "-"]) == ExitCode.VIOLATIONS
    out, err = capfdbinary.readouterr()
    assert out == evil.read_bytes().replace(ZK.encode(), b"")
    assert err.startswith(b"refuse\t")
