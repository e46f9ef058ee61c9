"""A supervisor of another machine's workers: the same calls as `Pool`, with a cluster that carries the batches.

Every cluster worker has a `Pool` of its own underneath, so a crash, a hang and a bomb cost there what they cost
here. Only this process writes the run file; a batch whose cluster worker was lost is done again as a whole, and
only the end of one of its attempts is ever told.
"""

from __future__ import annotations

import os
import secrets
from collections import deque
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Self

from efface import __version__
from efface.engines.cluster import Cluster
from efface.errors import EffaceError, UsageError
from efface.model import Gap, GapReason, Locator
from efface.runs.pool import Done, Lost, Pool
from efface.runs.remote_work import identity, leave, packed, seen, unpacked, work
from efface.runs.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from efface.model import Limits, Mode

__all__ = ["Remote"]

_POLL_S = 1.0
_AHEAD = 2
"""Batches in flight for each thread of the cluster: one that is done and one that waits beside it."""

_WANTED_S = 1.0
_FIRST_WEIGHT, _LEAST_WEIGHT, _MOST_WEIGHT = 16, 4, 4_000
_BYTES_PER_WEIGHT = 65_536
_HERE_ONLY = ("stdin", "database")
"""Sources whose content, or password, lies in the memory of this process: their units are looked at here."""


class Remote:
    """A cluster that does tasks and gives back `Done` or `Lost`, in the order the batches finish.

    Args:
        url: The engine, see `engines.cluster.Cluster`.
        mode: How hard the detectors look.
        limits: Budgets, enforced by each worker's own supervisor.
        configuration: What decides what a scan finds, as `examine.configuration` says it.

    Raises:
        UsageError: The engine cannot be reached, or a worker has another version or configuration.
    """

    def __init__(self, url: str, mode: Mode, limits: Limits, configuration: str) -> None:
        self._session = secrets.token_hex(8)
        self._same = {"version": __version__, "configuration": configuration}
        self._asked = {"session": self._session, "mode": mode, "limits": asdict(limits)}
        self._mode, self._limits = mode, limits
        self._weight = _FIRST_WEIGHT
        self._open: dict[int, list[dict[str, Any]]] = {}
        self._here: list[dict[str, Any]] = []
        self._alone: deque[dict[str, Any]] = deque()
        self._cluster = Cluster(url)
        try:
            self._compare()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Take back what has not begun and end the processes of this session on the workers."""
        self._cluster.close(leave, self._session.encode())

    def run(self, tasks: Iterable[dict[str, Any]]) -> Iterator[Done | Lost]:
        """Do every task once; tasks are taken from the iterable only as the cluster can take them."""
        waiting = iter(tasks)
        while True:
            while len(self._open) < _AHEAD * max(1, self._cluster.slots):
                # A task that is lost may come back from the iterable, so its end is asked for anew each time.
                batch = self._batch(waiting)
                if not batch:
                    break
                self._open[self._cluster.submit(work, self._request(batch))] = batch
            if not self._open:
                if not self._here:
                    return
                yield from self._done_here()
                continue
            ended = self._cluster.finished(_POLL_S)
            if ended is not None:
                yield from self._ended(self._open.pop(ended[0]), ended[1])

    def _compare(self) -> None:
        """Refuse workers that would find something else than this process would."""
        answers = self._cluster.everywhere(identity, packed(self._asked))
        for address, answer in sorted(answers.items()):
            if not isinstance(answer, bytes):
                raise UsageError(
                    f"the engine's worker {address} has no efface like this one ({type(answer).__name__})",
                    to_do=f"Install efface {__version__} with the same extras for every worker.",
                )
            self._check(address, unpacked(answer))

    def _check(self, address: str, theirs: dict[str, str]) -> None:
        if theirs == self._same:
            return
        ours, other = self._same["version"], theirs.get("version", "?")
        what = f"efface {other}" if other != ours else "other detectors, networks or settings"
        raise UsageError(
            f"the engine's worker {address} has {what}: it would not find the same",
            untouched="What was done is kept.",
            to_do=f"Install efface {ours} with the same extras for every worker, and run the same command again.",
        )

    def _batch(self, waiting: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
        """Take the next tasks: as many as were done in about a second before; one that cost a worker, alone."""
        if self._alone:
            return [self._alone.popleft()]
        batch: list[dict[str, Any]] = []
        weight = 0
        while weight < self._weight and (task := next(waiting, None)) is not None:
            if task["unit"]["source"] in _HERE_ONLY:
                self._here.append(task)
                continue
            batch.append(task)
            weight += 1 + int(task["size_bytes"]) // _BYTES_PER_WEIGHT
        return batch

    def _done_here(self) -> Iterator[Done | Lost]:
        tasks, self._here = self._here, []
        with Pool(min(len(tasks), os.cpu_count() or 1), self._mode, self._limits) as pool:
            yield from pool.run(tasks)

    def _request(self, batch: list[dict[str, Any]]) -> bytes:
        # The key of the run file stays here: what may be known already is looked at again.
        carried = [{**task, "key": number, "known": "", "secret": ""} for number, task in enumerate(batch)]
        return packed({**self._asked, "same": self._same, "tasks": carried})

    def _ended(self, batch: list[dict[str, Any]], answer: bytes | None) -> Iterator[Done | Lost]:
        if answer is None:  # it ended every worker that tried it
            if len(batch) == 1:
                yield Lost(batch[0], "", GapReason.CRASHED)
            else:
                self._alone.extend(batch)
            return
        told = unpacked(answer)
        if "refused" in told:
            self._check(told["address"], told["refused"])
        if "failed" in told:
            raise EffaceError(
                f"the engine's worker {told['address']} cannot do its work ({told['failed']})",
                untouched="What was done is kept.",
                to_do="Run `efface doctor` there, then the same command again: it goes on from there.",
            )
        self._pace(told["seconds"])
        for outcome in told["outcomes"]:
            task = batch[outcome["key"]]
            if "lost" in outcome:
                yield Lost(task, outcome["at"], GapReason(outcome["lost"]))
            elif "seen" in outcome and outcome["seen"] != seen(task["unit"]):
                yield _elsewhere(task, GapReason.CHANGED, "the worker's file is not the one that was listed")
            elif _unread(task, outcome["result"]):
                yield Done(_unstamped(task), outcome["result"])
            else:
                yield Done(task, outcome["result"])

    def _pace(self, seconds: float) -> None:
        if seconds < _WANTED_S / 2:
            self._weight = min(_MOST_WEIGHT, self._weight * 2)
        elif seconds > _WANTED_S * 2:
            self._weight = max(_LEAST_WEIGHT, self._weight // 2)


def _elsewhere(task: dict[str, Any], reason: GapReason, detail: str) -> Done:
    """Return a gap in the place of a result that would not be about this unit."""
    tally = Tally()
    tally.add(Gap(Locator.parse(task["unit"]["uri"]), "open", reason, detail))
    return Done(_unstamped(task), tally.result())


def _unread(task: dict[str, Any], result: dict[str, Any]) -> bool:
    """Return whether a worker could not open the unit at all."""
    own = (task["unit"]["uri"], "open", GapReason.UNREADABLE)
    return any((gap["uri"], gap["stage"], gap["reason"]) == own for gap in result.get("gaps", ()))


def _unstamped(task: dict[str, Any]) -> dict[str, Any]:
    """Let the next scan look again: what one worker could not reach, this machine or another one may."""
    return {**task, "unit": {**task["unit"], "stamp": ""}}
