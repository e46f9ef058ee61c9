"""`efface rules`: the law that efface carries."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from efface.cli.options import Language, language_of, read_case
from efface.cli.packs import PackFolders, law_of, texts_of

__all__ = ["app"]

app = App(
    name="rules",
    help="The law: what it says, where it was read, what applies to a case, and what is missing.",
    help_epilogue="Examples:\n\n  efface rules list\n\n  efface rules ask case.toml --lang zh",
)


@app.command(name="list", help_epilogue="Examples:\n\n  efface rules list\n\n  efface rules list --lang zh")
def list_(*, packs: PackFolders = None, lang: Language = None) -> int:
    """List the rule packs and their rules."""
    from efface.report.texts import word

    language = language_of(lang)
    for pack in law_of(packs):
        print(f"{pack.reference.id}  {pack.title.get(language)}  {pack.reference.digest}")
        for rule in pack.rules:
            since = rule.effective_from.isoformat() if rule.effective_from else "?"
            mode = word("rule_mode", rule.mode).get(language)
            print(f"  {rule.id}  {rule.citation.article}  {since}  {mode}")
    return 0


@app.command(
    help_epilogue="Examples:\n\n  efface rules show CN-TJ-SC-16-2\n\n  efface rules show CN-NJ-2020 --lang zh"
)
def show(rule: str, *, packs: PackFolders = None, lang: Language = None) -> int:
    """Show one rule with its citation, dates, remedy, and what its sources leave unknown."""
    from efface.cli.output import show
    from efface.report.law import rule_text
    from efface.rules.pack import get_rule

    show(rule_text(get_rule(rule, law_of(packs)), language_of(lang)))
    return 0


@app.command(
    help_epilogue="Examples:\n\n  efface rules check my-pack\n\n  efface rules check ./packs/cn-xx-2026"
)
def check(pack: Path) -> int:
    """Check a folder with a rule pack and list every fault at once."""
    from efface.errors import RulePackError
    from efface.rules.pack import check_pack

    faults = check_pack(texts_of(pack))
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
    packs: PackFolders = None,
    as_of: Annotated[date | None, Parameter(help="Day whose law is applied; by default today.")] = None,
    lang: Language = None,
) -> int:
    """List the facts still to be asked, those that decide soonest first, and the rules that bear on a case."""
    from efface.cli.output import show
    from efface.report.law import questions_text
    from efface.rules.engine import judge_activity

    facts = read_case(case)
    assert facts is not None  # noqa: S101 - a case file was named
    law = law_of(packs)
    verdict = judge_activity(facts, law, as_of=as_of or date.today())  # noqa: DTZ011 - the law's day is local
    rules = {rule.id: rule for pack in law for rule in pack.rules}
    show(questions_text(verdict, rules, language_of(lang)))
    return 0
