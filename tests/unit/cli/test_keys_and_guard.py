"""Keys are made whole or not at all; the guard reads no more than it would look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from efface.cli.app import run
from efface.runs.exit_code import ExitCode


def test_a_public_key_that_is_there_leaves_no_private_half(tmp_path: Path) -> None:
    """Half a key pair is of no use, and would be in the way of the next try."""
    (tmp_path / "a.pub").write_text("")
    assert run(["keys", "new", str(tmp_path / "a.pem")]) == ExitCode.USAGE
    assert [path.name for path in tmp_path.iterdir()] == ["a.pub"]


def test_what_is_too_large_is_quarantined_without_reading_all_of_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A stream without an end has an answer."""
    assert run(["guard", "check", "/dev/zero"]) == ExitCode.GAPS
    assert "more than artefact_bytes" in capsys.readouterr().out
