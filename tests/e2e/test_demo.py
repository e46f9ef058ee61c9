"""`make demo` tells a story in which every command ends as it is told."""

from __future__ import annotations

from pathlib import Path

from efface.testing.demo import main


def test_every_command_of_the_demonstration_ends_as_told(samples: Path, tmp_path: Path, capfd) -> None:
    """From the made office to the checked certificate, no exit code is another one."""
    assert main([str(tmp_path / "demo")]) == 0
    assert "NOT AS TOLD" not in capfd.readouterr().err
