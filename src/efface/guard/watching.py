"""Ask the guard about every row that came into a database since the last time, and keep how far that went."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from efface.engines.postgres_arrivals import Arrivals, Position
from efface.errors import EffaceError, UsageError
from efface.guard.answer import Door
from efface.model import Limits
from efface.sources.database import enter, login_of, session_of
from efface.sources.database_url import fragment_of, is_database, parse_address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from efface.engines.postgres_catalog import Relation
    from efface.guard.answer import Decision
    from efface.guard.decision import Guard

__all__ = ["Told", "Watched", "position_of", "text_of", "watch"]

_SCHEMA = "efface/watch/v1"


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of one row, or of a table that could not be read.

    Attributes:
        place: Table and ctid of the row.
        door: Refuse, or quarantine for a person to look at.
        reason: Why, without content.
        places: JSONPath of the values.
    """

    place: str
    door: Door
    reason: str
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Watched:
    """What one look came to.

    Attributes:
        rows: How many rows were looked at.
        refused: How many of them must not be there.
        held: How many could not be decided.
        unread: How many tables could not be read to their end.
        position: From where the next look begins; None where something was not read, so that nothing is skipped.
    """

    rows: int
    refused: int
    held: int
    unread: int
    position: Position | None


def watch(  # noqa: PLR0913 - where, since when, with whose eyes
    target: str,
    since: Position | None,
    guard: Guard,
    tell: Callable[[Told], None],
    *,
    only: Iterable[str] = (),
    limits: Limits | None = None,
) -> Watched:
    """Look at every row that came since a position.

    Args:
        target: A database of PostgreSQL.
        since: The position of the last look, or None to look at all rows.
        guard: Decides on each row, as a record of JSON.
        tell: Is called for each row that may not be there or could not be decided.
        only: Tables, as `schema.table`; by default all that the user may read.
        limits: Budgets of a statement.

    Raises:
        UsageError: It is no such database, it lets nobody in, or it has no such table.
    """
    if not is_database(target) or (address := parse_address(target)).login.scheme != "postgresql":
        raise UsageError("expected the address of a PostgreSQL: postgresql://host:5432/database")
    limits = limits or Limits()
    enter(target, limits)
    arrivals = Arrivals(login_of(address.locator), session_of(limits))
    try:
        now = arrivals.position()
        start = arrivals.start(since, now)
        counts = dict.fromkeys(("rows", "refused", "held", "unread"), 0)
        for table in _chosen(arrivals.tables(), set(only)):
            _look(arrivals, table, start, guard, tell, counts)
    finally:
        arrivals.close()
    return Watched(**counts, position=None if counts["unread"] else now)


def _chosen(every: list[Relation], only: set[str]) -> list[Relation]:
    """Return what stores rows, partitions by their table's name, too; not views, nor what lies on other servers."""
    names = {each.oid: f"{each.schema}.{each.name}" for each in every}
    stored = [each for each in every if each.kind in {"r", "m"} and (each.is_readable or only)]
    if not only:
        return stored
    chosen = [each for each in stored if only & {names[each.oid], names.get(each.root, "")}]
    missing = only - {names[number] for each in chosen for number in (each.oid, each.root) if number in names}
    if missing:
        raise UsageError(f"no such table: {', '.join(sorted(missing))[:200]}")
    return chosen


def _look(  # noqa: PLR0913, PLR0917 - one step of `watch`
    arrivals: Arrivals,
    table: Relation,
    start: int,
    guard: Guard,
    tell: Callable[[Told], None],
    counts: dict[str, int],
) -> None:
    place = fragment_of(table.schema, table.name)
    try:
        for row in arrivals.rows(table, start):
            counts["rows"] += 1
            decision = guard.decide(row.content, f"{table.name}.json")
            if decision.door is not Door.ALLOW:
                counts["refused" if decision.door is Door.REFUSE else "held"] += 1
                tell(_told(f"{place};ctid={row.place}", decision))
    except EffaceError as error:
        counts["unread"] += 1
        tell(Told(place, Door.QUARANTINE, str(error)))


def _told(place: str, decision: Decision) -> Told:
    return Told(place, decision.door, decision.reason, tuple(each.where for each in decision.places))


def position_of(text: str, target: str, only: Iterable[str] = (), schema: str = "") -> Position:
    """Return the position that a file holds.

    Args:
        text: Of the file.
        target: The database.
        only: Tables, or none for all.
        schema: Id of the form that rows are held to, or "".

    Raises:
        UsageError: It holds none, or that of another database, of other tables or under another form: rows would be
            skipped.
    """
    try:
        kept = json.loads(text)
        found = Position(int(kept["at"]), str(kept["system"]))
        place, tables, form, kind = kept["place"], kept["tables"], kept.get("form", ""), kept["schema"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UsageError("the file of the position holds none") from None
    if kind != _SCHEMA:
        raise UsageError("the file of the position holds none")
    if (place, tables, form) != (parse_address(target).locator.uri, sorted(set(only)), schema):
        raise UsageError(
            "the position is one of another database, of other tables or under another form",
            to_do="Keep a file for each.",
        )
    return found


def text_of(position: Position, target: str, only: Iterable[str] = (), schema: str = "") -> str:
    """Return a position as a file holds it; no secret and no content."""
    place = parse_address(target).locator.uri
    kept = {
        "schema": _SCHEMA,
        "place": place,
        "tables": sorted(set(only)),
        "form": schema,
        "at": position.at,
        "system": position.system,
    }
    return json.dumps(kept) + "\n"
