"""`efface decommission`: list what it takes to take the systems of a run away."""

from __future__ import annotations

from pathlib import Path

from efface.cli.options import JsonFile, Language, language_of

__all__ = ["decommission"]


def decommission(run: Path, *, json: JsonFile = None, lang: Language = None) -> int:
    """List for each system of an inspection what it takes to take it away, and who does it; nothing is changed.

    What a rule holds, and what belongs to public security, is not to be touched, and that is all its list says. Exit
    code 1 where something is to be taken away, 3 where something is held, not decided or not looked at, else 0.

    Parameters
    ----------
    run
        Run file of an earlier inspection.
    """
    from efface.cli.options import write_text
    from efface.cli.output import show
    from efface.errors import UsageError
    from efface.report.decommission import decommission as lists_of
    from efface.report.decommission import render_json, steps_table
    from efface.runs.exit_code import ExitCode
    from efface.runs.store import Store
    from efface.runs.view import view_of

    with Store(str(run), create=False) as store:
        view = view_of(store, language_of(lang))
    if view.look != "systems":
        raise UsageError("this run looked for data and not for systems", to_do="Run `efface inspect` first.")
    lists = lists_of(view)
    if json is not None:
        write_text(json, render_json(view, lists))
    if json != "-" and lists:
        show(steps_table(view, lists))
    states = {each.state for each in lists}
    if "due" in states:
        return ExitCode.VIOLATIONS
    return ExitCode.GAPS if view.gaps or states - {"none"} else ExitCode.CLEAN
