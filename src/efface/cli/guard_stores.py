"""`efface guard sql` and `watch`: at the door of a database."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from efface.cli.guard import as_shown
from efface.cli.options import CaseFile, SchemaName, read_case, write_text
from efface.cli.packs import PackFolders, law_of
from efface.errors import UsageError

__all__ = ["sql", "watch"]

AsOf = Annotated[date | None, Parameter(help="Day whose law is applied; by default today.")]


def sql(
    *,
    table: Annotated[str, Parameter(help="schema.table, as the database keeps the names.")],
    numbers: Annotated[int, Parameter(help="Numbers in a row that are refused as a vector, 16 to 250.")] = 64,
    case: CaseFile = None,
    as_of: AsOf = None,
    packs: PackFolders = None,
) -> int:
    """Print SQL for a trigger of PostgreSQL that refuses pictures, templates and long vectors, with the rule as hint.

    Nothing is run. With a case the hint names the rules that refuse faces under it; without one it says that no
    case was given.
    """
    from efface.guard.law import Bench, hint_of
    from efface.guard.sql_trigger import trigger_sql

    facts = read_case(case)
    day = as_of or date.today()  # noqa: DTZ011 - the law's day is local
    bench = None if facts is None else Bench(facts, day, law_of(packs))
    write_text("-", trigger_sql(table, hint_of(bench), numbers=numbers))
    return 0


def watch(  # noqa: PLR0913 - each is an option of the command line
    target: Annotated[str, Parameter(name="URL", help="A PostgreSQL: postgresql://host:5432/database.")],
    /,
    *,
    since_file: Annotated[
        Path, Parameter(help="File that keeps how far it got; without it, all rows are looked at.")
    ],
    table: Annotated[
        list[str] | None,
        Parameter(negative="", help="Only this table, schema.table; may be given several times."),
    ] = None,
    schema: SchemaName = None,
    case: CaseFile = None,
    as_of: AsOf = None,
    packs: PackFolders = None,
) -> int:
    """Look at what came into a database since the last time: 1 if a row may not be there, 3 if one is undecided.

    No row is skipped, however late its transaction ended; one may be told twice. The file is written when all
    was looked at and told. The session only reads. A form is one of named tables: columns are its fields.
    """
    from efface.guard import Guard
    from efface.guard import schema as schema_of
    from efface.guard.watching import Told, position_of, text_of
    from efface.guard.watching import watch as look
    from efface.runs.exit_code import ExitCode

    if schema is not None and not table:
        raise UsageError("--schema is the form of named tables", to_do="Name them with --table.")
    form = None if schema is None else schema_of(schema)
    told_of = (target, table or (), schema or "")
    since = position_of(_read(since_file), *told_of) if since_file.exists() else None
    day = as_of or date.today()  # noqa: DTZ011 - the law's day is local
    guard = Guard(read_case(case), day, packs=law_of(packs), schema=form)

    def tell(told: Told) -> None:
        places = ", ".join(told.places[:_PLACES])
        print("\t".join(map(as_shown, (told.door, told.place, told.reason, places))))

    watched = look(target, since, guard, tell, only=table or ())
    sys.stdout.flush()
    if watched.position is not None:
        write_text(str(since_file), text_of(watched.position, *told_of))
    print(
        f"{watched.rows} rows: {watched.refused} refused, {watched.held} undecided;"
        f" {watched.unread} tables not read",
        file=sys.stderr,
    )
    if watched.refused:
        return ExitCode.VIOLATIONS
    return ExitCode.GAPS if watched.held or watched.unread else ExitCode.CLEAN


_PLACES = 20


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise UsageError(f"the file of the position cannot be read ({type(error).__name__})") from None
