"""A seal is made whole or not at all, and the same visit gives the same bundle."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from efface.engines import typst_pdf
from efface.errors import UsageError
from efface.evidence.keys import SigningKey
from efface.visits.bundle import read
from efface.visits.opening import check_bundle
from efface.visits.seal import seal
from efface.visits.visit import Visit, open_visit

HEAD = {
    "premises": "P",
    "people": [{"name": "A", "role": "b"}],
    "mandate": "M",
    "authorisation": "N",
    "clock_offset_s": None,
}


def noon() -> datetime:
    return datetime(2026, 11, 26, 12, 0, 0, tzinfo=UTC)


def full(_data: bytes) -> None:
    raise UsageError("the disk is full")


@pytest.fixture
def visit(tmp_path: Path) -> Visit:
    made = Visit.new(str(tmp_path / "visit"), HEAD, noon)
    made.add_note("two cameras")
    return made


def test_a_bundle_that_cannot_be_written_leaves_the_log_and_the_next_is_the_same(
    visit: Visit, signer: SigningKey
) -> None:
    """The visit stays open, and the same log, key and time give the same bytes."""
    seen: list[bytes] = []

    def lost(data: bytes) -> None:
        seen.append(data)
        full(data)

    with pytest.raises(UsageError, match="full"):
        seal(visit, signer, lost, "en")
    assert open_visit(visit.folder).log.seals == 0
    seal(visit, signer, seen.append, "en")
    assert seen[0] == seen[1]


def test_without_a_typesetter_the_pages_alone_are_sealed(
    visit: Visit, signer: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A laptop without the extra makes a bundle that holds."""

    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(typst_pdf, "import_module", missing)
    made: list[bytes] = []
    names = seal(visit, signer, made.append, "en")
    assert names == ("log.jsonl", "manifest.json", "record.html")
    assert check_bundle(made[0], [signer.public]).sealing
    assert set(read(made[0])) == set(names)
