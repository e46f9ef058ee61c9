"""`efface site`: one picture of a site, from the runs of its inspections and scans."""

from __future__ import annotations

from pathlib import Path

from efface.cli.options import HtmlFile, JsonFile, Language, Quiet, language_of

__all__ = ["site"]


def site(
    *runs: Path, json: JsonFile = None, html: HtmlFile = None, lang: Language = None, quiet: Quiet = False
) -> int:
    """Tie what inspections and scans found to one another: devices, software, stores and clouds.

    Every tie says why it is drawn and how sure it is; what is tied to nothing is shown as that. Nothing is looked at
    again. The exit code is 0: what was found has given its own in the runs.

    Parameters
    ----------
    runs
        Run files of `efface inspect` and `efface scan` of one site.
    """
    from efface.cli.options import write_bytes, write_text
    from efface.cli.output import show
    from efface.errors import UsageError
    from efface.report.site import plain
    from efface.report.site_paper import document
    from efface.report.site_picture import render
    from efface.report.terminal_document import paper
    from efface.runs.site import site_of
    from efface.runs.store import Store
    from efface.runs.view import view_of

    if not runs:
        raise UsageError(
            "name at least one run file", to_do="Give those of `efface inspect` and `efface scan`."
        )
    language, views = language_of(lang), []
    for run in dict.fromkeys(path.resolve() for path in runs):
        with Store(str(run), create=False) as store:
            views.append(view_of(store, language))
    found = site_of(views, language)
    if json is not None:
        write_text(json, plain(found))
    if html is not None:
        write_bytes(html, render(found))
    if not quiet and "-" not in (json, html):
        show(paper(document(found), language))
    return 0
