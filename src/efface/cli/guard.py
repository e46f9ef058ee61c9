"""`efface guard`: allow, refuse or quarantine at the door."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from efface.cli.options import CaseFile, Targets, read_case, refuse_options
from efface.cli.packs import PackFolders, law_of
from efface.errors import UsageError

__all__ = ["app"]

app = App(
    name="guard",
    help="Allow (0), refuse (1) or quarantine (3) payloads at the door; fails closed.",
    help_epilogue="Examples:\n\n  efface guard check record.json\n\n  efface guard serve --port 8080",
)

AsOf = Annotated[date | None, Parameter(help="Day whose law is applied; by default today.")]


@app.command(
    help_epilogue="Examples:\n\n  efface guard check record.json\n\n  efface guard check - --case credit.toml"
)
def check(*files: Targets, case: CaseFile = None, as_of: AsOf = None, packs: PackFolders = None) -> int:
    """Say for each file whether it may pass: a line a file, and the strictest answer as exit code.

    Parameters
    ----------
    files
        Files to decide on; - is standard input.
    """
    from efface.guard import Door, Guard
    from efface.model import printable
    from efface.runs.exit_code import ExitCode

    refuse_options(files)
    if not files:
        raise UsageError("name at least one file")
    day = as_of or date.today()  # noqa: DTZ011 - the law's day is local
    guard = Guard(read_case(case), day, packs=law_of(packs))
    doors = set()
    for file in files:
        try:
            with open(0 if file == "-" else file, "rb", closefd=file != "-") as stream:
                data = stream.read(guard.most_bytes + 1)  # one more shows that it is too large
        except OSError as error:
            raise UsageError(f"{printable(file)}: {error.strerror}") from None
        decision = guard.decide(data, Path(file).name)
        doors.add(decision.door)
        shown = printable(file).encode("unicode_escape").decode() if not file.isprintable() else file
        print(f"{decision.door}\t{shown}\t{decision.reason}")
    if Door.REFUSE in doors:
        return ExitCode.VIOLATIONS
    return ExitCode.GAPS if Door.QUARANTINE in doors else ExitCode.CLEAN


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
