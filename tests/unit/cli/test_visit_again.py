"""Options of `efface visit again` that do not fit together are refused before anything is looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from efface.cli.app import run

REFUSED = {
    "a certificate without a key": ["--certificate", "c.json"],
    "a draw without a certificate": ["--certificate-run", "r.sqlite"],
    "a seed without a draw": ["--seed", "x"],
    "a draw of nothing": ["--sample", "0"],
}


@pytest.mark.parametrize("options", REFUSED.values(), ids=REFUSED.keys())
def test_options_that_do_not_fit_are_refused(
    options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what to give instead."""
    assert run(["visit", "again", str(tmp_path / "b.zip"), ".", "--trust", "k.pub", *options]) == 2
    assert options[0] in capsys.readouterr().err
