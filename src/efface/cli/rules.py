"""`efface rules`: the law that efface carries."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from efface.cli.options import Language, language_of, read_case

__all__ = ["app"]

app = App(
    name="rules",
    help="The law: what it says, where it was read, what applies to a case, and what is missing.",
    help_epilogue="Examples:\n\n  efface rules list\n\n  efface rules ask case.toml --lang zh",
)

_MAX_FILE_BYTES = 1_000_000


@app.command(name="list", help_epilogue="Examples:\n\n  efface rules list\n\n  efface rules list --lang zh")
def list_(*, lang: Language = None) -> int:
    """List the rule packs and their rules."""
    from efface.report.texts import word
    from efface.rules.pack import builtin_packs

    language = language_of(lang)
    for pack in builtin_packs():
        print(f"{pack.reference.id}  {pack.title.get(language)}  {pack.reference.digest}")
        for rule in pack.rules:
            since = rule.effective_from.isoformat() if rule.effective_from else "?"
            mode = word("rule_mode", rule.mode).get(language)
            print(f"  {rule.id}  {rule.citation.article}  {since}  {mode}")
    return 0


@app.command(
    help_epilogue="Examples:\n\n  efface rules show CN-TJ-SC-16-2\n\n  efface rules show CN-NJ-2020 --lang zh"
)
def show(rule: str, *, lang: Language = None) -> int:
    """Show one rule with its citation, dates, remedy, and what its sources leave unknown."""
    from efface.cli.output import show
    from efface.report.law import rule_text
    from efface.rules.pack import get_rule

    show(rule_text(get_rule(rule), language_of(lang)))
    return 0


@app.command(
    help_epilogue="Examples:\n\n  efface rules check my-pack\n\n  efface rules check ./packs/cn-xx-2026"
)
def check(pack: Path) -> int:
    """Check a folder with a rule pack and list every fault at once."""
    from efface.errors import RulePackError, UsageError
    from efface.rules.pack import check_pack

    if not pack.is_dir():
        raise UsageError(f"{pack}: is not a folder with a rule pack")
    texts = {}
    for file in sorted(pack.iterdir()):
        if not file.is_file() or file.stat().st_size > _MAX_FILE_BYTES:
            raise UsageError(f"{file}: a rule pack holds only files of up to {_MAX_FILE_BYTES} bytes")
        try:
            texts[file.name] = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            raise UsageError(f"{file}: cannot be read as UTF-8 text") from None
    faults = check_pack(texts)
    if faults:
        raise RulePackError(f"{pack}: the rule pack is not valid:", tuple(faults))
    print(f"{pack}: no fault")
    return 0


@app.command(
    help_epilogue="Examples:\n\n  efface rules ask case.toml\n\n  efface rules ask case.toml --as-of 2020-12-31"
)
def ask(
    case: Path,
    *,
    as_of: Annotated[date | None, Parameter(help="Day whose law is applied; by default today.")] = None,
    lang: Language = None,
) -> int:
    """Say which rules bear on a case and which facts are still to be asked."""
    from efface.cli.output import show
    from efface.report.law import verdict_text
    from efface.rules.engine import judge_activity
    from efface.rules.pack import builtin_packs

    facts = read_case(case)
    assert facts is not None  # noqa: S101 - a case file was named
    packs = builtin_packs()
    verdict = judge_activity(facts, packs, as_of=as_of or date.today())  # noqa: DTZ011 - the law's day is local
    rules = {rule.id: rule for pack in packs for rule in pack.rules}
    show(verdict_text(verdict, rules, language_of(lang)))
    return 0
