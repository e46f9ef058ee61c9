"""The ledger of a door: on the disk before anything passes, whole after a crash, and no line can be changed unseen."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from efface.errors import AccessError, EvidenceError
from efface.evidence.decisions import DecisionLedger, verify_decisions
from efface.evidence.keys import SigningKey

KEY = SigningKey.new()


def decision(number: int, door: str = "allow") -> dict[str, object]:
    return {"id": f"{number:032x}", "door": door, "rules": [], "bytes": number}


def written(folder: Path, batches: int = 3, **options: object) -> Path:
    ledger = DecisionLedger(folder, KEY, **options)  # type: ignore[arg-type]
    for batch in range(batches):
        ledger.append([decision(batch * 2), decision(batch * 2 + 1, "refuse")])
    ledger.close()
    return folder


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("decisions-*.jsonl"))


def test_what_was_written_holds(tmp_path: Path) -> None:
    """Counts come out of the check, and every head has a signature."""
    found = verify_decisions(written(tmp_path), [KEY.public])
    assert (found.files, found.decisions, dict(found.by_door)) == (1, 6, {"allow": 3, "refuse": 3})
    assert found.signed == 4  # one at the beginning


def test_files_are_rotated_and_bound_to_each_other(tmp_path: Path) -> None:
    """Each file says with what the one before it ended."""
    found = verify_decisions(written(tmp_path, 5, rotate_bytes=500), [KEY.public])
    assert found.files > 2
    assert found.decisions == 10


def test_a_new_start_goes_on(tmp_path: Path) -> None:
    """A second process continues the chain in a file of its own."""
    written(tmp_path)
    written(tmp_path)
    assert verify_decisions(tmp_path, [KEY.public]).decisions == 12


def test_a_line_that_a_crash_cut_short_never_took_effect(tmp_path: Path) -> None:
    """It is counted in bytes by the next file, and not as a decision."""
    written(tmp_path)
    with files(tmp_path)[0].open("ab") as file:
        file.write(b'{"door":"allow","id"')
    assert verify_decisions(tmp_path).decisions == 6
    written(tmp_path)
    assert verify_decisions(tmp_path, [KEY.public]).decisions == 12


def test_the_folder_is_its_owner_s(tmp_path: Path) -> None:
    """Nobody else reads who was refused, nor the secret of the digests."""
    folder = written(tmp_path / "door")
    assert {path.stat().st_mode & 0o77 for path in (folder, *folder.iterdir())} == {0}


def edited(folder: Path, line: int, **changes: object) -> None:
    path = files(folder)[0]
    lines = path.read_text().splitlines()
    lines[line] = json.dumps({**json.loads(lines[line]), **changes}, sort_keys=True, separators=(",", ":"))
    path.write_text("\n".join(lines) + "\n")


def without(folder: Path, line: int) -> None:
    path = files(folder)[0]
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:line] + lines[line + 1 :]) + "\n")


FORGERIES = {
    "a refusal that becomes a pass": lambda folder: edited(folder, 3, door="allow"),
    "a decision that is gone": lambda folder: without(folder, 2),
    "a size that is another": lambda folder: edited(folder, 4, size=1),
    "a head without a signature": lambda folder: edited(folder, 4, signature=""),
    "a head under another key": lambda folder: edited(folder, 4, key="0" * 64),
    "a first file that is gone": lambda folder: files(folder)[0].unlink(),
    "a last file that continues nothing": lambda folder: edited(folder, 0, previous_size=9),
    "a line that is no JSON": lambda folder: files(folder)[0].write_bytes(b"{\n"),
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
def test_a_change_is_found(tmp_path: Path, forge: object) -> None:
    """Whoever lacks the key cannot change what is on record."""
    folder = written(tmp_path, 5, rotate_bytes=900)
    forge(folder)  # type: ignore[operator]
    with pytest.raises(EvidenceError):
        verify_decisions(folder, [KEY.public])


def test_a_stranger_s_key_is_not_trusted(tmp_path: Path) -> None:
    """A ledger that somebody else signed is not this door's."""
    with pytest.raises(EvidenceError, match="trusted"):
        verify_decisions(written(tmp_path), [SigningKey.new().public])


def test_a_full_disk_is_said_and_overcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a batch is no record; when there is space again a new file goes on."""
    ledger = DecisionLedger(tmp_path, KEY)
    ledger.append([decision(1)])
    write = os.write
    is_full = True

    def full(descriptor: int, data: bytes) -> int:
        if is_full and len(data) > 20:
            return write(descriptor, data[:20])
        if is_full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", full)
    for _ in range(3):
        with pytest.raises(AccessError, match="No space"):
            ledger.append([decision(2)])
        is_full = is_full and len(files(tmp_path)) < 3
    is_full = False
    ledger.append([decision(3)])
    ledger.close()
    found = verify_decisions(tmp_path, [KEY.public])
    assert found.decisions == 2


def test_a_folder_that_is_lost_is_said(tmp_path: Path) -> None:
    """A file that was taken away under the door's feet takes no decision, though the system would write on."""
    ledger = DecisionLedger(tmp_path / "door", KEY)
    for path in (tmp_path / "door").iterdir():
        path.unlink()
    (tmp_path / "door").rmdir()
    for _ in range(2):
        with pytest.raises(AccessError):
            ledger.append([decision(1)])


def test_nothing_but_plain_values_is_taken(tmp_path: Path) -> None:
    """A float or a picture has no place in it."""
    ledger = DecisionLedger(tmp_path)
    with pytest.raises(EvidenceError):
        ledger.append([{"vector": [0.5]}])
    with pytest.raises(EvidenceError):
        ledger.append([{"text": "x" * 70_000}])
    ledger.close()
