"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real measuring data, or a loud skip: the project's own tests pass without it."""
    folder = Path(os.environ.get("EFFACE_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no measuring data at {folder} (set EFFACE_DATA); this test needs real files")
    return folder


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of sample pictures collected from locked packages by `make setup`."""
    folder = ROOT / "samples"
    if not (folder / "portrait.png").is_file():
        pytest.fail("the sample pictures are not collected; run `make setup`", pytrace=False)
    return folder
