"""The commands, and the one place where errors become words and exit codes."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NoReturn

from cyclopts import App, CycloptsError

from efface import __version__
from efface.errors import EffaceError, EvidenceError, RemovalError
from efface.runs.outcome import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["app", "main", "run"]

app = App(
    name="efface",
    help="Find, judge, remove, prove and keep out biometric data.\n\nefface is not legal advice.",
    help_format="plaintext",
    version=__version__,
    exit_on_error=False,
    print_error=False,
    result_action="return_value",
)

# Each command's module is imported when its name is used, so that `--help` stays fast.
app.command("efface.cli.scan:scan", name="scan")
app.command("efface.cli.judge:judge", name="judge")
app.command("efface.cli.remove:remove", name="remove")
app.command("efface.cli.report:report", name="report")
app.command("efface.cli.certify:certify", name="certify")
app.command("efface.cli.check:check", name="check")
app.command("efface.cli.guard:app", name="guard")
app.command("efface.cli.rules:app", name="rules")
app.command("efface.cli.keys:app", name="keys")
app.command("efface.cli.doctor:doctor", name="doctor")


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; every error is said on standard error."""
    try:
        return int(app(list(arguments)) or 0)
    except CycloptsError as error:
        _say(str(error), "See `efface --help`.")
        return ExitCode.USAGE
    except EffaceError as error:
        said = error.diagnostics()
        _say(said.happened, said.untouched, said.to_do)
        failed = isinstance(error, RemovalError | EvidenceError)
        return ExitCode.FAILED if failed else ExitCode.USAGE
    except KeyboardInterrupt:
        _say("stopped.", "What was done is kept; the same command goes on from there.")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.CLEAN
    except Exception as error:
        if os.environ.get("EFFACE_DEBUG"):
            raise
        _say(
            f"a fault of efface itself ({type(error).__name__}).",
            "Nothing is half done: the run file and the originals are as the last finished step left them.",
            "Set EFFACE_DEBUG=1 to see where it happened, and report it.",
        )
        return ExitCode.INTERNAL


def _say(*sentences: str) -> None:
    for number, sentence in enumerate(sentences):
        print(f"efface: {sentence}" if not number else f"  {sentence}", file=sys.stderr)


def main() -> NoReturn:
    """Run the command line of this process and leave with its exit code."""
    sys.exit(run(sys.argv[1:]))
