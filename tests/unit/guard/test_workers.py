"""Processes that decide: a detector that fails in any way costs its own payload a refusal, and nobody else anything."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import date

import pytest

from efface.errors import EffaceError
from efface.guard import Answer, Door, Settings, Workers
from efface.guard.answer import strictest
from efface.model import Case, Hold
from efface.testing import records

FINGER = records.finger_minutiae_record(5)


class Payload:
    """Bytes in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def size(self) -> int:
        return len(self._data)

    def chunks(self) -> Iterator[bytes]:
        yield self._data


def with_workers(work: Callable[[Workers], Awaitable[object]], **options: object) -> object:
    async def run() -> object:
        workers = Workers(Settings(), **{"jobs": 1, **options})  # type: ignore[arg-type]
        try:
            await workers.start()
            return await work(workers)
        finally:
            await workers.close()

    return asyncio.run(run())


def test_settings_make_the_same_guard_in_another_process() -> None:
    """Case, law and budgets survive the way as a message, days and holds included."""
    case = Case(
        "t",
        "CN-120000",
        actors=("market_credit_provider",),
        conduct_from=date(2021, 1, 1),
        facts={"written_consent": True, "persons_stored": 3, "day": date(2022, 2, 2)},
        holds=(Hold("**", "evidence", date(2027, 1, 1)),),
    )
    settings = Settings(case, date(2026, 1, 1))
    again = Settings.from_message(settings.message())
    assert again.case == case
    assert again.tag() == settings.tag() != Settings().tag()


def test_a_payload_is_decided_in_another_process() -> None:
    """A clean one passes and a fingerprint does not."""

    async def work(workers: Workers) -> list[Answer]:
        return [await workers.decide(Payload(data), "body") for data in (b"{}", FINGER)]

    clean, finger = with_workers(work)  # type: ignore[misc]
    assert (clean.door, finger.door) == (Door.ALLOW, Door.REFUSE)
    assert finger.places[0].startswith("body")


FAULTS = {"raise=1": "crashed", "memory=1": "crashed", "hang=1": "timeout", "die=1": "crashed"}


@pytest.mark.parametrize(("fault", "word"), FAULTS.items(), ids=FAULTS.keys())
def test_a_detector_that_fails_is_a_refusal(fault: str, word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception, no memory, a hang and a death of the process: none of them lets anything through."""
    monkeypatch.setenv("EFFACE_TEST_FAULTS", fault)

    async def work(workers: Workers) -> tuple[Answer, int]:
        return await workers.decide(Payload(b"{}"), "body"), workers.replaced

    answer, replaced = with_workers(work, deadline_s=1.0, program="efface.testing.faulty_guard")  # type: ignore[misc]
    assert answer.door is Door.REFUSE
    assert answer.fault == word
    assert replaced == (1 if fault in {"hang=1", "die=1"} else 0)


def test_a_process_that_died_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next payload waits for the new process and is decided on."""

    async def work(workers: Workers) -> Answer:
        worker = next(iter(workers._all))
        worker.process.kill()
        lost = await workers.decide(Payload(b"{}"), "body")
        assert lost.fault == "crashed"
        return await workers.decide(Payload(b"{}"), "body")

    assert with_workers(work).door is Door.ALLOW  # type: ignore[attr-defined]


def test_too_many_that_wait_are_refused_at_once() -> None:
    """A queue without an end would only move the failure."""

    async def work(workers: Workers) -> list[Answer]:
        return await asyncio.gather(*(workers.decide(Payload(b"{}"), "body") for _ in range(6)))

    answers = with_workers(work, waiting=2)
    assert {each.fault for each in answers} == {"", "overloaded"}  # type: ignore[attr-defined]
    assert all(each.door is Door.REFUSE for each in answers if each.fault)  # type: ignore[attr-defined]


def test_a_payload_that_waits_too_long_is_refused() -> None:
    """Nobody waits for ever for a process that is busy."""

    async def work(workers: Workers) -> Answer:
        workers._free.get_nowait()  # busy with something else
        return await workers.decide(Payload(b"{}"), "body")

    assert with_workers(work, wait_s=0.1).fault == "overloaded"  # type: ignore[attr-defined]


def test_processes_that_cannot_begin_open_no_door() -> None:
    """A door without a guard behind it is not opened."""
    with pytest.raises(EffaceError, match="before they begin"):
        with_workers(lambda _: asyncio.sleep(0), program="efface.no_such_program")


def test_new_settings_that_cannot_be_taken_leave_the_old_ones() -> None:
    """A reload that fails changes nothing."""

    async def work(workers: Workers) -> tuple[Settings, Answer]:
        sound = workers._program
        workers._program = "efface.no_such_program"
        with pytest.raises(EffaceError):
            await workers.reload(Settings(as_of=date(2020, 1, 1)))
        workers._program = sound
        return workers.settings, await workers.decide(Payload(b"{}"), "body")

    settings, answer = with_workers(work)  # type: ignore[misc]
    assert settings.as_of is None
    assert answer.door is Door.ALLOW


def test_the_strictest_answer_counts() -> None:
    """A clean body does not make good what stands in the head."""
    answers = [Answer(Door.ALLOW, "a"), Answer(Door.REFUSE, "r", ("X",)), Answer(Door.QUARANTINE, "q")]
    assert strictest(answers).door is Door.REFUSE
    assert strictest(answers).rules == ("X",)
    assert strictest([]).door is Door.REFUSE
