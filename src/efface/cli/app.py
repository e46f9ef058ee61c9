"""The commands, and the one place where errors become words and exit codes."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NoReturn

from cyclopts import App, CycloptsError

from efface import __version__
from efface.errors import EffaceError, EvidenceError, RemovalError
from efface.runs.exit_code import ExitCode

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
    suppress_keyboard_interrupt=False,  # `run` says what was kept
)

_COMMANDS = {
    "scan": (
        "efface.cli.scan:scan",
        "Find biometric data in files, folders, archives and SQLite databases; nothing is changed.",
        (
            "efface scan ~/sales-office --html report.html",
            "efface scan photos.zip crm.sqlite --case case.toml --json -",
        ),
    ),
    "inspect": (
        "efface.cli.inspect:inspect",
        "Find software, apps, code and devices that recognise people; read-only.",
        (
            "efface inspect / --triage --minutes 10",
            "efface inspect --root /mnt/disk --case case.toml --html report.html --sbom inventory.json",
        ),
    ),
    "site": (
        "efface.cli.site:site",
        "One picture of a site from runs of inspections and scans: devices, software, stores, clouds.",
        (
            "efface site inspect.sqlite scan.sqlite --html site.html",
            "efface site inspect.sqlite disk.sqlite crm.sqlite --json site.json --lang zh",
        ),
    ),
    "decommission": (
        "efface.cli.decommission:decommission",
        "List what it takes to take systems away and who does it; clear a device, record a step.",
        (
            'efface decommission run.sqlite --clear-device 192.0.2.10 --user admin --authorisation "Order 12"',
            'efface decommission run.sqlite --done device_off --by "A. Example" --note "lobby, above the door"',
        ),
    ),
    "judge": (
        "efface.cli.judge:judge",
        "Judge a run's findings under a case without scanning again; without RUN, the activity itself.",
        ("efface judge run.sqlite --case case.toml", "efface judge --case case.toml --as-of 2020-12-01"),
    ),
    "order": (
        "efface.cli.order:order",
        "Draft an order to rectify from a run and its case, for the authority to settle and sign.",
        (
            'efface order run.sqlite --case case.toml --to "Example Property Agency" -o order.pdf',
            'efface order run.sqlite --case case.toml --to "某房地产经纪公司" -o order.html',
        ),
    ),
    "remove": (
        "efface.cli.remove:remove",
        "Show what would be removed from a run's places; with --apply remove it, look again, and record it.",
        ("efface remove run.sqlite --case case.toml", "efface remove run.sqlite --case case.toml --apply"),
    ),
    "report": (
        "efface.cli.report:report",
        "Write reports of a run without scanning or judging again; without an option, show its summary.",
        ("efface report run.sqlite --html report.html", "efface report run.sqlite --csv - --lang zh"),
    ),
    "certify": (
        "efface.cli.certify:certify",
        "Sign what was done and checked in a run, and what was not proven.",
        (
            "efface certify run.sqlite -o certificate.json --key inspector.pem --passphrase-env EFFACE_KEY",
            "efface certify run.sqlite -o certificate.json --key inspector.pem --pdf certificate.pdf",
        ),
    ),
    "check": (
        "efface.cli.check:check",
        "Check a certificate offline, in numbered steps: exit code 0 when it holds, 4 when it does not.",
        (
            "efface check certificate.json --trust inspector.pub",
            "efface check certificate.json --trust inspector.pub --trust agency.pub --tsa-cert tsa.pem",
        ),
    ),
    "countersign": (
        "efface.cli.countersign:countersign",
        "Add a signature to a certificate that holds: a second person stands by it.",
        (
            "efface countersign certificate.json -o both.json --key agency.pem --trust inspector.pub",
            "efface countersign c.json -o c.json --key agency.pem --trust inspector.pub --revoked lost.txt",
        ),
    ),
    "stamp": (
        "efface.cli.stamp:app",
        "Have a third party say when a certificate existed; nothing is sent.",
        (),
    ),
    "guard": ("efface.cli.guard:app", "Allow, refuse or quarantine payloads at the door; fails closed.", ()),
    "visit": (
        "efface.cli.visit:app",
        "Inspect premises: note, seal as a signed bundle, check it, come back.",
        (),
    ),
    "rules": ("efface.cli.rules:app", "The law: what it says, what applies to a case, what is missing.", ()),
    "keys": ("efface.cli.keys:app", "Signing keys.", ()),
    "doctor": (
        "efface.cli.doctor:doctor",
        "Say what this installation can and cannot do, and why.",
        ("efface doctor", "python -m efface doctor"),
    ),
}
"""Command to the dotted path of its function, imported when the command is used, its help and its examples."""


def examples(*commands: str) -> str:
    """Return the end of a command's help."""
    return "Examples:\n\n" + "\n\n".join(f"  {command}" for command in commands)


for _name, (_path, _help, _examples) in _COMMANDS.items():
    if _examples:
        app.command(_path, name=_name, help=_help, help_epilogue=examples(*_examples))
    else:  # a group of commands, each with its own examples
        app.command(_path, name=_name, help=_help)


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
