"""What a worker does with a table or a large object that is to lose values: look first, then empty, clean, look again.

Nothing is made beside a table, so what is checked is the table itself: a sum over its rows as they are to be is
taken before anything changes, and must come out again at the end.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from efface.actions.erase_table_cells import EraseTableCells
from efface.actions.table_ways import way_of
from efface.engines.keyed_fragments import KeyedFragments
from efface.errors import EffaceError, LimitExceededError, RemovalError, UnsupportedError
from efface.examine import Examiner
from efface.model import Cleaning, Finding, Gap, Mode, Unit, Way
from efface.runs.codec import decode
from efface.runs.residue import lost_from, residue_of
from efface.runs.targets import large_object_of
from efface.sources.database import Database, login_of, session_of
from efface.sources.database_url import column_of, fragment_of, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from efface.actions.erase_table_cells import TableSieve
    from efface.engines.database_erase import Eraser, Survey
    from efface.model import Limits, Locator

__all__ = ["erase_table", "eraser_of", "survey_table"]

_BEAT_S = 5.0
_NO_STAMP = "?"


def tell(at: Callable[[str], None], uri: str, word: str) -> None:
    """Tell the supervisor that work goes on; tests put a fault in its place."""
    del word
    at(uri)


def eraser_of(  # noqa: PLR0913 - what a removal depends on
    target: Locator,
    columns: Sequence[str],
    limits: Limits,
    step: Callable[[str], None],
    *,
    way: Way = Way.NULL,
    cascade: bool = False,
) -> Eraser:
    """Return a session that may write, for one table or large object.

    Raises:
        AccessError: It cannot be entered, or is gone.
        RemovalError: A column cannot be emptied.
        UnsupportedError: Nothing here writes to such a server.
    """
    login, session = login_of(target.container), session_of(limits)
    number = large_object_of(target)
    if login.scheme == "postgresql":
        if number is not None:
            from efface.engines.postgres_unlink import LargeObjectEraser  # noqa: PLC0415 - when one is named

            return LargeObjectEraser(login, session, number, step)
        from efface.engines.postgres_ways import eraser_by  # noqa: PLC0415

        return eraser_by(way)(login, session, _table(target), columns, step, cascade=cascade)
    if login.scheme.partition("+")[0] == "mysql":
        from efface.engines.mysql_ways import mysql_eraser_by  # noqa: PLC0415

        return mysql_eraser_by(way)(login, session, _table(target), columns, step, cascade=cascade)
    raise UnsupportedError(f"nothing here writes to {login.scheme} databases")


def columns_of(findings: Sequence[Finding]) -> dict[str, list[Finding]]:
    """Return findings by the column that they are about; none for a large object."""
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        if len(finding.locator.path) == 1:
            found.setdefault(column_of(finding.locator.fragment or "")[2], []).append(finding)
    return found


def survey_table(task: dict[str, Any], limits: Limits, at: Callable[[str], None]) -> dict[str, Any]:
    """Do one task "survey": see that a table is what was scanned, and what it is to become; nothing is changed.

    The task holds the target, the findings due and kept, the stamps of its units, the run's secret, and in `after`
    what an application that stopped in the middle was to reach, or "". The result holds `before`, `after`, `due`, and
    in `fresh` whether it begins anew; or `error` with one word of the ledger's vocabulary and a sentence.
    """
    work = _Work(task, limits, at)
    try:
        with work.eraser() as eraser:
            if refusal := eraser.outlook().refusal:
                raise RemovalError(refusal)
            work.refuse_kept()
            if not task["after"]:
                work.refuse_changed()
            survey = work.survey(eraser)
            is_fresh = not task["after"]
            if not is_fresh and not task["resumed"] and survey.after != task["after"]:
                work.refuse_changed()  # somebody changed it, and it was scanned again since
                is_fresh = True
    except EffaceError as error:
        return _failure(error)
    return {"before": survey.before, "after": survey.after, "due": survey.due, "fresh": is_fresh}


def erase_table(task: dict[str, Any], limits: Limits, at: Callable[[str], None]) -> dict[str, Any]:
    """Do one task "erase_table", and return what came of it.

    The task is that of `survey_table` with `after` as it was found. The result holds `cells`, `done` and `not_done`
    (steps of cleaning), `fragments` (how many were searched for) and `residue` (ids of what is still found); or
    `error` and `detail`, and in `partial` whether something was changed already.
    """
    work = _Work(task, limits, at)
    try:
        with work.eraser() as eraser:
            return work.emptied(eraser)
    except EffaceError as error:
        return {**_failure(error), "partial": work.began}


def _failure(error: EffaceError) -> dict[str, Any]:
    if isinstance(error, LimitExceededError):
        word = "over-limit"
    elif isinstance(error, _ChangedError):
        word = "changed"
    else:
        word = "unsupported" if isinstance(error, RemovalError | UnsupportedError) else "not-writable"
    return {"error": word, "detail": str(error)}


class _ChangedError(RemovalError):
    """It is not what was scanned."""

    def __init__(self) -> None:
        super().__init__("it is not what was scanned: scan it again")


class _Work:
    """One task on one target."""

    def __init__(self, task: dict[str, Any], limits: Limits, at: Callable[[str], None]) -> None:
        self._task = task
        self._limits = limits
        self._at = at
        removal = decode(task["removal"])
        self._target: Locator = removal.target
        self._way = way_of(removal.actions)
        self._due: list[Finding] = [decode(each) for each in task["due"]]
        self._kept: list[Finding] = [decode(each) for each in task["kept"]]
        self._columns = columns_of(self._due)
        self._key = bytes.fromhex(task["secret"])
        self.began = False

    def _step(self, word: str) -> None:
        tell(self._at, self._target.uri, word)

    @contextmanager
    def eraser(self) -> Iterator[Eraser]:
        cascade = bool(self._task["cascade"])
        columns = list(self._columns)
        eraser = eraser_of(self._target, columns, self._limits, self._step, way=self._way, cascade=cascade)
        try:
            yield eraser
        finally:
            eraser.close()

    def _sieve(self) -> TableSieve | None:
        return EraseTableCells().sieve(self._columns) if self._columns else None

    def survey(self, eraser: Eraser, fragments: KeyedFragments | None = None) -> Survey:
        """Look at the whole table, and refuse pictures that cannot be told apart."""
        sieve = self._sieve()
        survey = eraser.survey(sieve.counted if sieve else _all, self._key, fragments)
        if sieve:
            sieve.check()
        return survey

    def refuse_kept(self) -> None:
        """Refuse to take rows, columns or a table away with findings in them that are to stay."""
        mine = self._columns if self._way is Way.COLUMN else columns_of(self._kept)
        if self._way is not Way.NULL and mine.keys() & columns_of(self._kept).keys():
            raise RemovalError("findings that are to stay would go with it: empty the cells instead")

    def refuse_changed(self) -> None:
        """Refuse what is not as it was scanned: by the server's stamp, or where there is none, by looking again."""
        now = Database().stamp(Unit(self._unit_uri(), 0, "", "database"))
        stamps = set(self._task["stamps"])
        if any(stamp.startswith(_NO_STAMP) for stamp in stamps) or now.startswith(_NO_STAMP):
            found, _ = self._look()
            same = {each.id for each in self._due} <= {each.id for each in found}
            if not same or residue_of(found, (), [*self._due, *self._kept]):
                raise _ChangedError
        elif stamps != {now}:
            raise _ChangedError

    def _unit_uri(self) -> str:
        if large_object_of(self._target) is None:
            return self._target.uri
        return self._target.container.at(fragment_of("pg_catalog", "pg_largeobject")).uri

    def _look(self) -> tuple[list[Finding], list[Gap]]:
        """Look at all rows with the eyes that found, as hard as can be."""
        number = large_object_of(self._target)
        rows = "" if number is None else f";rows={number},{number + 1}"
        unit = Unit(self._unit_uri() + rows, 0, "", "database")
        collection = Database().open(unit, self._limits)
        results = list(Examiner(Mode.THOROUGH, self._limits, at=self._at).examine(collection))
        return (
            [each for each in results if isinstance(each, Finding)],
            [each for each in results if isinstance(each, Gap)],
        )

    def emptied(self, eraser: Eraser) -> dict[str, Any]:
        """Empty, clean and look again."""
        eraser.flush()
        files = eraser.files() if Cleaning.FILES in eraser.outlook().steps else []
        fragments = KeyedFragments()
        survey = self.survey(eraser, fragments)
        if survey.after != self._task["after"]:
            raise _ChangedError
        with self._beating():
            visible = fragments.found_in(files) if survey.due else 0
        self.began = bool(survey.due) or bool(self._task["resumed"])
        sieve = self._sieve()
        cells = eraser.empty(sieve.rest if sieve else _all, self._key)
        now = self.survey(eraser)
        if now.due or now.before != self._task["after"]:
            raise RemovalError("somebody changed it while it was emptied: scan it again")
        with self._beating():
            done = set(eraser.clean())
            files = eraser.files()
            if visible and Cleaning.REWRITE in done and (files or self._way is Way.TABLE):
                self._step("files")
                if shown := fragments.found_in(files):
                    raise RemovalError(f"{shown} fragments of removed values are still in the server's files")
                done.add(Cleaning.FILES)
        left = [] if self._way is Way.TABLE else self._residue()
        return {"cells": cells, "fragments": visible, **_cleaned(done), "residue": left}

    def _residue(self) -> list[str]:
        self._step("look")
        found, gaps = self._look()
        before = {(uri, reason) for uri, reason in self._task["gaps"]}
        if any((gap.locator.uri, gap.reason) not in before for gap in gaps):
            raise RemovalError(
                "parts of the result cannot be looked at: whether anything is left cannot be told"
            )
        if lost := len(lost_from(found, self._kept)):
            raise RemovalError(f"{lost} findings in it that were to stay are lost")
        return [each.id for each in residue_of(filter(self._is_here, found), self._due, self._kept)]

    def _is_here(self, finding: Finding) -> bool:
        """Return whether a finding is of what was emptied; another column that a draw missed is the next scan's."""
        return not self._columns or column_of(finding.locator.fragment or "")[2] in self._columns

    @contextmanager
    def _beating(self) -> Iterator[None]:
        """Tell every few seconds that work goes on, while one statement writes a table anew."""
        over = threading.Event()

        def beat() -> None:
            while not over.wait(_BEAT_S):
                self._at(self._target.uri)

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def _cleaned(done: set[Cleaning]) -> Mapping[str, list[str]]:
    return {
        "done": [each.value for each in Cleaning if each in done],
        "not_done": [each.value for each in Cleaning if each not in done],
    }


def _table(target: Locator) -> tuple[str, str]:
    return rows_of(target.fragment or "")[:2]


def _all(_column: str, _value: bytes | str) -> None:
    """Nothing of a large object is to stay."""
