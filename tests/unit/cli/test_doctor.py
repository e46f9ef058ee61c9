"""The doctor knows every extra of the package, and says what is not installed."""

from __future__ import annotations

import importlib.util
import tomllib
from pathlib import Path
from typing import Any

import pytest

from efface.cli.doctor import EXTRAS, doctor

ROOT = Path(__file__).resolve().parents[3]


def test_every_extra_of_the_package_is_known() -> None:
    """An extra that the doctor does not know cannot be asked for by its name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert set(EXTRAS) == set(project["optional-dependencies"]) - {"all"}
    (everything,) = project["optional-dependencies"]["all"]
    assert set(everything.removeprefix("efface[").removesuffix("]").split(",")) == set(EXTRAS)


@pytest.mark.parametrize("extra", EXTRAS)
def test_what_is_not_installed_is_told(
    extra: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line names what is missing and how to get it; that is no fault of the installation."""
    known = importlib.util.find_spec
    missing = EXTRAS[extra][1]

    def find(name: str, *more: Any) -> Any:
        return None if name in missing else known(name, *more)

    monkeypatch.setattr(importlib.util, "find_spec", find)
    assert doctor() == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.split()[0] == extra]
    assert f"install efface[{extra}]" in line
    assert missing[0] in line
