"""`efface decommission`: what it takes to take systems away; a device cleared, a step recorded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from efface.cli.options import JsonFile, Language, language_of

if TYPE_CHECKING:
    from efface.report.decommission import Steps
    from efface.report.view import RunView
    from efface.runs.store import Store

__all__ = ["decommission"]


def decommission(  # noqa: PLR0913 - one parameter for each option of the contract
    run: Path,
    *,
    clear_device: Annotated[
        str | None,
        Parameter(
            help="Address of a device of the run whose galleries are to go; counts, and sends nothing else."
        ),
    ] = None,
    confirm: Annotated[
        int | None,
        Parameter(help="Send it: the number of people that --clear-device counted, repeated."),
    ] = None,
    authorisation: Annotated[
        str,
        Parameter(help="Who allowed the device to be cleared, and where that is written; noted in the run."),
    ] = "",
    user: Annotated[
        str,
        Parameter(
            help="Name for the device; the password comes from EFFACE_DEVICE_PASSWORD, the keyring or a terminal."
        ),
    ] = "",
    done: Annotated[
        str | None, Parameter(help="Step of a list that a person did; recorded in the ledger, not looked at.")
    ] = None,
    system: Annotated[
        str | None, Parameter(help="Whose list --done is of, as the list names it; where there are several.")
    ] = None,
    by: Annotated[str, Parameter(help="Who confirms the step; the name stays in the run file.")] = "",
    note: Annotated[str, Parameter(help="What is to be kept beside the step; stays in the run file.")] = "",
    json: JsonFile = None,
    lang: Language = None,
) -> int:
    """List for each system of an inspection what it takes to take it away, and who does it.

    With --clear-device the people whom a device knows are counted, and it is shown what would be sent and what goes
    with it. Nothing is sent before --confirm repeats the number; afterwards the device is counted again. With --done a
    step that a person did goes into the ledger. What a rule holds, and what belongs to public security, is not to be
    touched.

    Exit code 1 where something is to be taken away, 3 where something is held, not decided, not looked at again or not
    looked at, else 0; with --clear-device 4 where people are left or nobody knows, else 0.

    Parameters
    ----------
    run
        Run file of an earlier inspection.
    """
    from efface.errors import UsageError
    from efface.runs.store import Store

    if clear_device is not None and (done is not None or json is not None):
        raise UsageError("--clear-device stands alone: give --done or --json in a call of its own")
    if clear_device is None and (confirm is not None or authorisation or user):
        raise UsageError("--confirm, --authorisation and --user belong to --clear-device")
    if done is None and (system is not None or by or note):
        raise UsageError("--system, --by and --note belong to --done")
    language = language_of(lang)
    with Store(str(run), create=False) as store:
        if clear_device is not None:
            return _clear(store, clear_device, authorisation, user, confirm, language)
        if done is not None:
            _confirm(store, done, system, by, note, language)
        return _show(store, json, language)


def _clear(  # noqa: PLR0913, PLR0917 - what a clear depends on
    store: Store, address: str, authorisation: str, user: str, confirmed: int | None, lang: str
) -> int:
    from efface.cli.output import show
    from efface.report.clearance import clearance
    from efface.runs.clearing import clear_device
    from efface.runs.exit_code import ExitCode

    found = clear_device(store, address, authorisation, user, confirmed)
    answers = [(each.told, each.answer) for each in found.sent]
    rows = [(each, "") for each in found.told] if found.state == "planned" else answers
    show(clearance(found.address, found.state, rows, lang, persons=found.persons, after=found.after))
    return ExitCode.FAILED if found.state in ("failed", "unknown") else ExitCode.CLEAN


def _lists(store: Store, lang: str) -> tuple[RunView, tuple[Steps, ...]]:
    from efface.errors import UsageError
    from efface.report.decommission import decommission as lists_of
    from efface.runs.view import view_of

    view = view_of(store, lang)
    if view.look != "systems":
        raise UsageError("this run looked for data and not for systems", to_do="Run `efface inspect` first.")
    return view, lists_of(view)


def _confirm(  # noqa: PLR0913, PLR0917 - what a confirmation consists of
    store: Store, done: str, system: str | None, by: str, note: str, lang: str
) -> None:
    from efface.errors import UsageError
    from efface.model import StepOfPerson
    from efface.runs.decommissioning import confirm

    _, lists = _lists(store, lang)
    named = [each for each in lists if system is None or each.system == system]
    if len(named) != 1:
        names = ", ".join(f'"{each.system}"' for each in lists) or "none"
        raise UsageError("which list is the step of?", to_do=f"Name one with --system: {names}.")
    steps = [each.name for each in named[0].steps if each.is_of_person]
    if done not in steps:
        raise UsageError(
            f"{done!r} is no step of this list that a person confirms",
            to_do=f"Its steps: {', '.join(steps) or 'none'}.",
        )
    confirm(store, named[0].system, StepOfPerson(done), by, note)


def _show(store: Store, json: str | None, lang: str) -> int:
    from efface.cli.options import write_text
    from efface.cli.output import show
    from efface.report.decommission import render_json, steps_table
    from efface.runs.exit_code import ExitCode

    view, lists = _lists(store, lang)
    if json is not None:
        write_text(json, render_json(view, lists))
    if json != "-" and lists:
        show(steps_table(view, lists))
    states = {each.state for each in lists}
    if "due" in states:
        return ExitCode.VIOLATIONS
    return ExitCode.GAPS if view.gaps or states - {"none"} else ExitCode.CLEAN
