"""The guide to rule packs is true: the pack that it writes is valid, judges as told, and fails as told."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from efface.cli.app import run
from efface.rules.pack import FILES, check_pack
from efface.runs.outcome import ExitCode

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "extend" / "rule-pack.md").read_text("utf-8")


def _blocks() -> dict[str, str]:
    """Return each block of the guide by the file name that its heading or sentence gives."""
    steps = GUIDE[GUIDE.index("## `pack.toml`") :]
    heads = [*(f"## `{name}`" for name in FILES), "\n`case.toml`:", "\n`judge.py`,"]
    found = {}
    for head in heads:
        after = steps[steps.index(head) :]
        name = re.search(r"`([^`]+)`", head)
        block = re.search(r"```\w+\n(.*?)```", after, re.DOTALL)
        assert name is not None
        assert block is not None
        found[name.group(1)] = block.group(1)
    return found


BLOCKS = _blocks()
PACK = {name: BLOCKS[name] for name in FILES}


def _said_after(words: str) -> str:
    block = re.search(r"```text\n(.*?)```", GUIDE[GUIDE.index(words) :], re.DOTALL)
    assert block is not None
    return block.group(1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder that a reader of the guide would have."""
    pack = tmp_path / "example-gates"
    pack.mkdir()
    for name, text in PACK.items():
        (pack / name).write_text(text, "utf-8")
    for name in ("case.toml", "judge.py"):
        (tmp_path / name).write_text(BLOCKS[name], "utf-8")
    return pack


def test_the_pack_of_the_guide_has_no_fault() -> None:
    """Who copies the four files has a valid pack, its examples included."""
    assert check_pack(PACK) == []


def test_the_command_of_the_guide_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`efface rules check` finds nothing wrong."""
    assert run(["rules", "check", str(folder)]) == ExitCode.CLEAN
    assert "no fault" in capsys.readouterr().out


def test_the_case_of_the_guide_is_judged_as_told(folder: Path) -> None:
    """The script prints what the guide prints."""
    done = subprocess.run(
        [sys.executable, "judge.py", folder.name, "case.toml"],
        cwd=folder.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == _said_after("It answers:")


def _without(name: str) -> str:
    """Return the examples without one of them."""
    start = PACK["examples.toml"].index(f'[[examples]]\nname = "{name}"')
    end = PACK["examples.toml"].find("[[examples]]", start + 1)
    return PACK["examples.toml"][:start] + PACK["examples.toml"][end:]


def test_the_faults_of_the_guide_are_told_as_told() -> None:
    """An example that is missing and one that is wrong are both named at once."""
    head, mark, last = _without("face only, on the day before").partition('name = "a fingerprint gate"')
    wrong = head + mark + last.replace('"out_of_scope"', '"prohibited"')
    assert "\n".join(check_pack(PACK | {"examples.toml": wrong})) + "\n" == _said_after("would say:")


def test_the_command_line_judges_with_the_pack(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The rule has its say beside those that ship, and none without its pack."""
    command = ["judge", "--case", str(folder.parent / "case.toml"), "--as-of", "2026-03-01", "--lang", "en"]
    assert run([*command, "--packs", str(folder)]) == ExitCode.GAPS
    assert "EX-GATES-1" in capsys.readouterr().out
    run(command)
    assert "EX-GATES-1" not in capsys.readouterr().out


@pytest.mark.parametrize("name", FILES)
def test_a_pack_without_one_of_the_files_is_refused(name: str) -> None:
    """Four files, and nothing less."""
    faults = check_pack({each: text for each, text in PACK.items() if each != name})
    assert any(name in fault for fault in faults)


@pytest.mark.parametrize(("day", "other"), [("2026-03-01", "2026-03-02"), ("2026-02-28", "2026-02-27")])
def test_a_pack_without_an_example_that_the_guide_demands_is_refused(day: str, other: str) -> None:
    """The examples on both sides of the first day are no ornament."""
    faults = check_pack(PACK | {"examples.toml": PACK["examples.toml"].replace(day, other)})
    assert any(fault.endswith(day) and "missing" in fault for fault in faults)
