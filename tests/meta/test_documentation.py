"""The documentation says what the program does: every command, plug-in, limit and variable stands in it."""

from __future__ import annotations

import dataclasses
import importlib.util
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from efface import registry
from efface.cli import app as command_line
from efface.model import Limits
from efface.rules.pack import builtin_packs
from efface.runs.exit_code import ExitCode

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"


def _tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_commands", ROOT / "tools" / "docs_commands.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


TOOL = _tool()
COMMANDS = tuple(" ".join(words) for words in TOOL.commands())


def rows(page: str) -> set[str]:
    """Return the first cells of all tables of a page, as far as they are names of code."""
    found = re.findall(r"^\| `([^`]+)`", (DOCS / page).read_text("utf-8"), re.MULTILINE)
    return set(found)


# -- commands ------------------------------------------------------------------------------------------


def test_the_page_of_commands_is_what_the_commands_say() -> None:
    """docs/commands.md is made by `python tools/docs_commands.py`, and is as new as the command line."""
    assert (DOCS / "commands.md").read_text("utf-8") == TOOL.page()


def test_every_command_stands_in_the_page() -> None:
    """No command is left out, whatever the tool does."""
    headings = re.findall(r"^#+ efface (.+)$", (DOCS / "commands.md").read_text("utf-8"), re.MULTILINE)
    assert set(command_line._COMMANDS) <= set(headings)
    assert headings == list(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_ends_with_two_examples_of_the_command(command: str) -> None:
    """Who asks for help sees at its end how the command is used, twice."""
    said = TOOL.help_of(tuple(command.split()))
    _, _, examples = said.rpartition("Examples:")
    lines = [line.strip() for line in examples.splitlines() if line.strip()]
    assert len(lines) == 2, said
    for line in lines:
        assert re.match(rf"(efface|python -m efface) {command.split(maxsplit=1)[0]}\b", line), line


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_a_command_is_explained(command: str) -> None:
    """An option without a word of explanation is no help."""
    said = TOOL.help_of(tuple(command.split()))
    for line in re.findall(r"^│ [* ]*(--.*?)│$", said, re.MULTILINE):
        name, *explained = line.split(maxsplit=2)
        assert len(explained) == 2 or "[" in line, f"{command}: {name} is not explained"


def test_the_page_names_every_exit_code() -> None:
    """The exit codes are a promise, so each stands in the page."""
    before = (DOCS / "commands.md").read_text("utf-8").partition("\n## ")[0]
    for code in ExitCode:
        assert re.search(rf"\b{code.value}\b", before), code


def test_help_of_something_unknown_is_an_error() -> None:
    """A mistyped command gives exit code 2, not help for another one."""
    assert command_line.run(["skan"]) == ExitCode.USAGE


# -- plug-ins ------------------------------------------------------------------------------------------

PAGES = {
    "detector": "detectors.md",
    "container": "detectors.md",
    "source": "detectors.md",
    "action": "actions.md",
    "system": "inspect.md",
}


@pytest.mark.parametrize("kind", PAGES)
def test_every_plug_in_has_a_row(kind: str) -> None:
    """What it finds, opens or removes, and what it does not, stands in a table."""
    assert set(registry.names(kind)) <= rows(PAGES[kind])


def test_no_row_is_about_a_plug_in_that_is_gone() -> None:
    """A documented plug-in exists."""
    known = {name for kind in PAGES for name in registry.names(kind)}
    packs = {pack.reference.id for pack in builtin_packs()}
    assert rows("detectors.md") | rows("actions.md") <= known | packs


def test_every_rule_pack_has_a_row() -> None:
    """A pack that judges is named in the documentation."""
    assert {pack.reference.id for pack in builtin_packs()} <= rows("detectors.md")


def test_the_method_of_every_action_is_the_documented_one() -> None:
    """A page that says "redact" where the action clears would be a false promise."""
    text = (DOCS / "actions.md").read_text("utf-8")
    for name in registry.names("action"):
        cells = re.search(rf"^\| `{name}` \|(.*)\|$", text, re.MULTILINE)
        assert cells, name
        assert cells.group(1).split("|")[2].strip() == registry.load("action", name).method


def test_every_benchmark_that_is_named_exists() -> None:
    """A figure's command can be run."""
    for page in DOCS.rglob("*.md"):
        for name in re.findall(r"python (bench/\w+\.py|tools/\w+\.py)", page.read_text("utf-8")):
            assert (ROOT / name).is_file(), f"{page.name}: {name}"


# -- settings ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", dataclasses.fields(Limits), ids=lambda field: field.name)
def test_every_limit_stands_in_the_page_with_its_default(limit: dataclasses.Field[Any]) -> None:
    """The default in the documentation is the default in the code."""
    assert f"| `{limit.name}` | {limit.default} |" in (DOCS / "settings.md").read_text("utf-8")


def test_every_environment_variable_that_is_read_stands_in_the_page() -> None:
    """Nothing changes what efface does behind the user's back."""
    text = (DOCS / "settings.md").read_text("utf-8")
    read = {
        name
        for module in (ROOT / "src").rglob("*.py")
        for name in re.findall(
            r"""(?:environ\.get\(|environ\[|getenv\()["'](\w+)["']""", module.read_text("utf-8")
        )
    }
    assert read
    assert {name for name in read if f"`{name}`" not in text} == set()


# -- links ---------------------------------------------------------------------------------------------

PAGES_OF_TEXT = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob("tests/*.md"))
)


@pytest.mark.parametrize("page", PAGES_OF_TEXT)
def test_every_link_leads_somewhere(page: str) -> None:
    """A link to a file of the repository names a file that is there."""
    folder = (ROOT / page).parent
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", (ROOT / page).read_text("utf-8")):
        if "://" not in target:
            assert (folder / target).exists(), f"{page}: {target}"
