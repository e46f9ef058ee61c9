"""`efface guard`: allow, refuse or quarantine at the door."""

from __future__ import annotations

import json
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

from cyclopts import App, Parameter

from efface.cli.options import (
    CaseFile,
    SchemaName,
    Targets,
    read_case,
    refuse_options,
    write_bytes,
    write_text,
)
from efface.cli.packs import PackFolders, law_of
from efface.errors import RemovalError, UsageError
from efface.model import printable

if TYPE_CHECKING:
    from efface.guard import Decision

__all__ = ["app", "as_shown"]

app = App(
    name="guard",
    help="Allow (0), refuse (1) or quarantine (3) payloads at the door; fails closed.",
    help_epilogue="Examples:\n\n  efface guard check record.json\n\n  efface guard serve --port 8080",
)

_PLACES = 20  # lines of one file

CleanFile = Annotated[
    str | None,
    Parameter(
        name="--clean",
        allow_leading_hyphen=True,
        help="Write a copy without what is refused, all else as it was; - is standard output.",
    ),
]
ReceiptFile = Annotated[
    str | None,
    Parameter(
        name="--receipt",
        allow_leading_hyphen=True,
        help="Write the answers as JSON, with places and legal basis and without content; - is standard output.",
    ),
]
AsOf = Annotated[date | None, Parameter(help="Day whose law is applied; by default today.")]


@app.command(
    help_epilogue=(
        "Examples:\n\n  efface guard check batch.zip --schema cn-penalty --case credit.toml --receipt receipt.json"
        "\n\n  efface guard check records.csv --case credit.toml --clean clean.csv"
    )
)
def check(  # noqa: PLR0913 - each is an option of the command line
    *files: Targets,
    schema: SchemaName = None,
    clean: CleanFile = None,
    receipt: ReceiptFile = None,
    case: CaseFile = None,
    as_of: AsOf = None,
    packs: PackFolders = None,
) -> int:
    """Say for each file whether it may pass: a line a file, and the strictest answer as exit code.

    CSV, Excel, XML, JSON and archives of these are read field by field, and everything is looked into. A copy
    that could not be cleaned is exit code 4; one that could changes nothing of the answer to the file itself.

    Parameters
    ----------
    files
        Files to decide on; - is standard input.
    """
    from efface.guard import DOOR_LIMITS, Door, Guard, cleaned
    from efface.guard import receipt as receipt_of
    from efface.guard import schema as schema_of
    from efface.runs.exit_code import ExitCode

    refuse_options(files)
    if not files:
        raise UsageError("name at least one file")
    if clean is not None and len(files) > 1:
        raise UsageError("--clean writes one copy", to_do="Name one file.")
    form = None if schema is None else schema_of(schema)
    day = as_of or date.today()  # noqa: DTZ011 - the law's day is local
    guard = Guard(read_case(case), day, packs=law_of(packs), schema=form)
    out = sys.stderr if "-" in {clean, receipt} else sys.stdout
    doors, receipts, is_cleaned = set(), [], True
    for file in files:
        data = _read(file, guard.most_bytes)
        name = Path(file).name
        decision = guard.decide(data, name)
        doors.add(decision.door)
        receipts.append(receipt_of(decision, name, datetime.now(UTC)))
        shown = file if file.isprintable() else printable(file).encode("unicode_escape").decode()
        _show(decision, shown, out)
        if clean is None:
            continue
        try:
            copy = cleaned(guard, data, name, DOOR_LIMITS, form)
        except RemovalError as error:
            print(f"no copy was written: {error}", file=sys.stderr)
            is_cleaned = False
            continue
        write_bytes(clean, copy.data)
        print(
            f"{len(copy.removed)} places were emptied in the copy; it would be: {copy.decision.door}",
            file=sys.stderr,
        )
    if receipt is not None:
        write_text(receipt, json.dumps(receipts, ensure_ascii=False, indent=1) + "\n")
    if not is_cleaned:
        return ExitCode.FAILED
    if Door.REFUSE in doors:
        return ExitCode.VIOLATIONS
    return ExitCode.GAPS if Door.QUARANTINE in doors else ExitCode.CLEAN


def _read(file: str, most_bytes: int) -> bytes:
    try:
        with open(0 if file == "-" else file, "rb", closefd=file != "-") as stream:
            return stream.read(most_bytes + 1)  # one more shows that it is too large
    except OSError as error:
        raise UsageError(f"{printable(file)}: {error.strerror}") from None


def _show(decision: Decision, shown: str, out: TextIO) -> None:
    print(f"{decision.door}\t{shown}\t{decision.reason}", file=out)
    for place in decision.places[:_PLACES]:
        rules = f"\t{', '.join(place.rules)}" if place.rules else ""
        print(f"\t{as_shown(place.where)}\t{as_shown(place.why)}{rules}", file=out)
    if len(decision.places) > _PLACES:
        print(f"\t… and {len(decision.places) - _PLACES} more: --receipt FILE has all of them", file=out)
    for warning in decision.warnings[:_PLACES]:
        print(f"\twarning: {as_shown(warning.where)}\t{as_shown(warning.why)}", file=out)


def as_shown(text: str) -> str:
    """Return names of a submission as a terminal may show them: they come from whoever sent it."""
    return "".join(mark if mark.isprintable() else "\ufffd" for mark in text)


# Doors that stay open are imported when they are opened.
app.command(
    "efface.cli.doors:serve",
    name="serve",
    help="Answer over HTTP: decide on what is posted to /check, or stand before a service.",
    help_epilogue="Examples:\n\n  efface guard serve --case credit.toml --port 8080\n\n"
    "  efface guard serve --upstream http://127.0.0.1:9000 --ledger /var/lib/efface/door",
)
app.command(
    "efface.cli.doors:icap",
    name="icap",
    help="Answer proxies over ICAP: /reqmod and /respmod.",
    help_epilogue="Examples:\n\n  efface guard icap --listen 127.0.0.1:1344\n\n"
    "  efface guard icap --case credit.toml --ledger door --key door.pem --status 127.0.0.1:9101",
)
app.command(
    "efface.cli.doors:ledger",
    name="ledger",
    help="Check a door's ledger of decisions: exit code 0 when it holds, 4 when it does not.",
    help_epilogue="Examples:\n\n  efface guard ledger door\n\n  efface guard ledger door --trust door.pub",
)
app.command(
    "efface.cli.guard_code:code",
    name="code",
    help="Say what a change to a repository adds of facial recognition: hook before a commit, and CI.",
    help_epilogue="Examples:\n\n  efface guard code --staged\n\n"
    "  efface guard code --diff origin/main..HEAD --sarif code.sarif --baseline code.json",
)
app.command(
    "efface.cli.guard_stores:sql",
    name="sql",
    help="Print SQL for a trigger of PostgreSQL that refuses pictures, templates and long vectors.",
    help_epilogue="Examples:\n\n  efface guard sql --table crm.staff | psql crm\n\n"
    "  efface guard sql --table public.record --case credit.toml > guard.sql",
)
app.command(
    "efface.cli.guard_stores:watch",
    name="watch",
    help="Look at the rows that came into a PostgreSQL since the last time; no row is skipped.",
    help_epilogue="Examples:\n\n  efface guard watch postgresql://db/crm --since-file crm.position\n\n"
    "  efface guard watch postgresql://db/crm --since-file p --table public.record",
)
app.command(
    "efface.cli.guard_kafka:kafka",
    name="kafka",
    help="Stand in a stream of Kafka: a topic in, a clean one and one for what is held out, each record once.",
    help_epilogue="Examples:\n\n  efface guard kafka --topic in --clean out --held held --group guard\n\n"
    "  efface guard kafka --topic in --clean out --held held --group guard --ledger door",
)
