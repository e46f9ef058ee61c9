"""A visit with a run of a generated record, a note and a paper; sealed, and the keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from efface.evidence.keys import SigningKey
from efface.runs.ignore import Ignore
from efface.runs.marks import Marks, keep
from efface.runs.scan import ScanOptions, scan
from efface.runs.store import Store
from efface.testing.records import finger_minutiae_record
from efface.visits.seal import seal
from efface.visits.visit import Visit

HEAD = {
    "premises": "Sales office",
    "people": [{"name": "A. Example", "role": "inspector"}],
    "mandate": "Notice 1",
    "authorisation": "Order of 20 November 2026",
    "clock_offset_s": -3,
}


def scanned(hall: Path, run_file: Path) -> None:
    """Scan a folder into a run file, as the command line does."""
    with Store(str(run_file)) as store:
        scan(store, ScanOptions((str(hall),), jobs=1))
        keep(store, Marks(targets=(str(hall),)), Ignore())


@pytest.fixture(scope="session")
def signer() -> SigningKey:
    return SigningKey.new()


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("premises") / "hall"
    folder.mkdir()
    for number in range(2):
        (folder / f"door-{number}.fmr").write_bytes(finger_minutiae_record(number))
    return folder


@pytest.fixture(scope="module")
def run_file(hall: Path) -> Path:
    path = hall.parent / "run.sqlite"
    scanned(hall, path)
    return path


@pytest.fixture(scope="module")
def visit(hall: Path, run_file: Path) -> Visit:
    made = Visit.new(str(hall.parent / "visit"), HEAD)
    made.add_note("two readers at the door")
    made.add_run(str(run_file), "en")
    made.add_paper("责令改正通知书".encode())
    return made


@pytest.fixture(scope="module")
def bundle(visit: Visit, signer: SigningKey) -> bytes:
    made: list[bytes] = []
    seal(visit, signer, made.append, "zh")
    return made[0]
