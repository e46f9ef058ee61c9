"""What a worker does with a task: look at one unit, or prepare the replacement of one target."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any

from efface import registry
from efface.errors import EffaceError, FormatError
from efface.evidence.pseudonym import Pseudonyms
from efface.examine import DATA, Examiner
from efface.model import Collection, Gap, GapReason, Locator, Mode, Part
from efface.runs.codec import decode
from efface.runs.tally import Tally, tried
from efface.sources.archive import reason_of
from efface.sources.payloads import FilePayload

if TYPE_CHECKING:
    from collections.abc import Callable

    from efface.examine import Look
    from efface.model import Limits, Source

__all__ = ["Tasks"]


class Tasks:
    """The tasks that a worker knows, with everything heavy loaded once."""

    def __init__(self, mode: Mode, limits: Limits, *, at: Callable[[str], None], look: Look = DATA) -> None:
        self._limits = limits
        self._at = at
        self._examiner = Examiner(mode, limits, at=at, look=look)
        self._thorough = self._examiner if mode is Mode.THOROUGH else None
        self._sources: dict[str, Source] = {}

    def do(self, task: dict[str, Any]) -> dict[str, Any]:
        """Do one task and return its result as plain values."""
        if task["task"] == "scan":
            return self._scan(task)
        if task["task"] in ("survey", "erase_table"):
            from efface.runs.erase_table import erase_table, survey_table  # noqa: PLC0415 - as below

            return (survey_table if task["task"] == "survey" else erase_table)(task, self._limits, self._at)
        from efface.runs.prepare import Eyes, prepare  # noqa: PLC0415 - a scan needs nothing that writes

        return prepare(task, Eyes(self._examiner, self._hardest()), self._limits, self._at)

    def _hardest(self) -> Examiner:
        """Return who looks as hard as can be."""
        if self._thorough is None:
            self._thorough = Examiner(Mode.THOROUGH, self._limits, at=self._at)
        return self._thorough

    def _scan(self, task: dict[str, Any]) -> dict[str, Any]:
        unit, skip = decode(task["unit"]), task["skip"]
        tally = Tally()
        source = self._source(unit.source)
        try:
            part = source.open(unit, self._limits)
            if isinstance(part, Part) and task.get("known") and self._is_known(part, task):
                return {"same": True}
        except EffaceError as error:
            reason = reason_of(error) if isinstance(error, FormatError) else GapReason.UNREADABLE
            tally.add(Gap(Locator.parse(unit.uri), "open", reason, str(error)))
            return tried(tally.result())
        for result in self._examiner.examine(part, {uri: GapReason(word) for uri, word in skip.items()}):
            tally.add(result)
        if isinstance(part, Part) and isinstance(part.payload, FilePayload) and part.payload.changed():
            detail = "the file changed while it was read: what was found may be out of date"
            tally.add(Gap(part.locator, "open", GapReason.CHANGED, detail))
            return {**tally.result(), "sha256": ""}  # what was read is not what these findings are known for
        return tried(tally.result(), None if isinstance(part, Collection) else unit.uri)

    @staticmethod
    def _is_known(part: Part, task: dict[str, Any]) -> bool:
        """Return whether the content is one that was already looked at, though its times changed."""
        with part.payload.open() as stream:
            digest = hashlib.file_digest(stream, "sha256").digest()  # type: ignore[arg-type]
        keyed = Pseudonyms(bytes.fromhex(task["secret"])).content([digest])
        return hmac.compare_digest(keyed, task["known"])

    def _source(self, name: str) -> Source:
        if name not in self._sources:
            self._sources[name] = registry.load("source", name)()
        return self._sources[name]
