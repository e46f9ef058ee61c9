"""`efface report`: reports of a run that is on file."""

from __future__ import annotations

from pathlib import Path

from efface.cli.options import CsvFile, HtmlFile, JsonFile, Language, SarifFile, language_of

__all__ = ["report"]


def report(  # noqa: PLR0913 - one parameter for each kind of report
    run: Path,
    *,
    json: JsonFile = None,
    sarif: SarifFile = None,
    html: HtmlFile = None,
    csv: CsvFile = None,
    lang: Language = None,
) -> int:
    """Write reports of a run without scanning or judging again; without an option, show its summary.

    Parameters
    ----------
    run
        Run file.
    """
    from efface.cli.output import show_run
    from efface.cli.reports import write_reports
    from efface.runs.store import Store
    from efface.runs.view import view_of

    wanted = {"json": json, "sarif": sarif, "html": html, "csv": csv}
    with Store(str(run), create=False) as store:
        view = view_of(store, language_of(lang))
        write_reports(view, wanted)
        if not any(wanted.values()):
            show_run(view)
    return 0
