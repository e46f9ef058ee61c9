"""Whatever breaks at the door, nothing forbidden goes through, and no record is lost without a receipt."""

from __future__ import annotations

import asyncio
import errno
import os
import random
import shutil
from pathlib import Path

import pytest

from efface.errors import EffaceError
from efface.evidence.decisions import verify_decisions
from efface.evidence.keys import SigningKey
from efface.server.opening import DoorOptions
from efface.server.spool import Spool
from efface.testing.door_stream import Account, mixed, send_all
from efface.testing.doors import IcapDoor, icap_door

KEY = SigningKey.new()
FAULTY = "efface.testing.faulty_guard"


def accounted(account: Account, sent: int) -> None:
    assert account.forbidden_through == 0
    assert account.lost == 0
    assert account.falsely_refused == 0
    assert sum(account.sent.values()) == sent


def through(door: IcapDoor, records: int, seed: int = 1) -> Account:
    return asyncio.run(send_all(door.port, mixed(records, seed)))


def test_detectors_that_break_hang_die_and_eat_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each fault costs its own record a refusal; what was delivered is on record, and the ledger holds."""
    monkeypatch.setenv("EFFACE_TEST_FAULTS", "raise=25,memory=40,die=90,hang=120")
    with icap_door(DoorOptions(jobs=2, deadline_s=3.0, ledger=tmp_path, key=KEY, program=FAULTY)) as door:
        account = through(door, 300)
    accounted(account, 300)
    assert account.came_of["clean", "delivered"] > 0
    assert any(outcome.startswith("fault") for _, outcome in account.came_of)
    found = verify_decisions(tmp_path, [KEY.public])
    assert found.decisions == 300
    assert found.by_door["allow"] == account.came_of["clean", "delivered"]


def test_a_disk_that_is_full_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a ledger nor a spool that cannot be written lets anything through; both recover."""
    drawn, write, spooled = random.Random(1), os.write, Spool.write

    def full_write(descriptor: int, data: bytes) -> int:
        if data.startswith(b"{") and drawn.random() < 0.1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return (
            write(descriptor, data[: max(1, len(data) // 2)])
            if drawn.random() < 0.2
            else write(descriptor, data)
        )

    def full_spool(self: Spool, data: bytes) -> None:
        if drawn.random() < 0.05:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        spooled(self, data)

    with icap_door(DoorOptions(jobs=1, ledger=tmp_path, key=KEY)) as door:
        monkeypatch.setattr(os, "write", full_write)
        monkeypatch.setattr(Spool, "write", full_spool)
        account = asyncio.run(send_all(door.port, mixed(60, 2)))
        monkeypatch.undo()
        sound = through(door, 40, 3)
    accounted(sound, 40)
    assert account.forbidden_through == 0
    assert sound.came_of["clean", "delivered"] + sound.came_of["forbidden", "refused"] == 40
    assert account.came_of["clean", "fault: unrecorded"] > 0
    found = verify_decisions(tmp_path, [KEY.public])
    assert (
        found.by_door["allow"] >= account.came_of["clean", "delivered"] + sound.came_of["clean", "delivered"]
    )


def test_a_ledger_that_is_taken_away(tmp_path: Path) -> None:
    """Without its ledger the door is shut and says that it is not ready; with it, it opens again."""
    folder = tmp_path / "ledger"
    with icap_door(DoorOptions(jobs=1, ledger=folder, key=KEY)) as door:
        accounted(through(door, 20), 20)
        shutil.move(folder, tmp_path / "elsewhere")
        shut = through(door, 20)
        assert not door.keeper.is_ready
        assert shut.came_of["clean", "delivered"] == shut.forbidden_through == shut.lost == 0
        shutil.move(tmp_path / "elsewhere", folder)
        accounted(through(door, 20), 20)
        assert door.keeper.is_ready
    verify_decisions(folder, [KEY.public])


def test_rules_that_are_reloaded_while_records_come(tmp_path: Path) -> None:
    """A faulty reload changes nothing, a good one loses no record and no connection."""
    from dataclasses import replace

    with icap_door(DoorOptions(jobs=1, ledger=tmp_path, key=KEY)) as door:
        keeper, tag = door.keeper, door.keeper.tag

        async def reload_while(records: int) -> Account:
            sending = asyncio.create_task(send_all(door.port, mixed(records, 5)))
            await asyncio.sleep(0.2)
            fresh = replace(
                keeper.workers.settings, limits=replace(keeper.workers.settings.limits, entries=1_999)
            )
            for program in ("efface.no_such_program", "efface.guard.worker"):
                keeper.workers._program = program
                done = asyncio.run_coroutine_threadsafe(keeper.reload(fresh), door.loop)
                if program.startswith("efface.no"):
                    with pytest.raises(EffaceError):
                        await asyncio.wrap_future(done)
                    assert keeper.tag == tag
                else:
                    await asyncio.wrap_future(done)
            return await sending

        account = asyncio.run(reload_while(600))
        assert keeper.tag != tag
    accounted(account, 600)
    assert sum(count for (_, outcome), count in account.came_of.items() if "fault" in outcome) == 0


def test_a_quarantine_that_is_full_holds_nothing_and_lets_nothing_through(tmp_path: Path) -> None:
    """What cannot be kept for a person is refused, and the sender keeps it."""
    from efface.server.quarantine import Quarantine

    with icap_door(DoorOptions(jobs=1, quarantine=tmp_path)) as door:
        stream = [(b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(50), True)] * 2
        held = asyncio.run(send_all(door.port, stream[:1]))
        assert held.came_of["forbidden", "held"] == 1
        assert [path.read_bytes() for path in tmp_path.glob("*.bin")] == [stream[0][0]]
        assert len(list(tmp_path.glob("*.json"))) == 1
        door.keeper._quarantine = Quarantine(tmp_path, most_bytes=10)
        full = asyncio.run(send_all(door.port, stream[1:]))
    assert full.came_of["forbidden", "fault: unrecorded"] == 1
    assert len(list(tmp_path.glob("*.bin"))) == 1
