"""docs/law says what the packs say: every rule, every note, and what nobody could verify."""

from __future__ import annotations

import importlib.util
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from efface.rules.pack import builtin_packs
from efface.rules.taxonomy import Entity, package_text, taxonomy

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "docs" / "law"


def _tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_law", ROOT / "tools" / "docs_law.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


TOOL = _tool()
PAGES = TOOL.pages()
PACKS = {pack.reference.id: pack for pack in builtin_packs()}
UNKNOWN = tomllib.loads(package_text("unknown.toml"))["instruments"]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_what_the_packs_say(name: str) -> None:
    """docs/law is made by `python tools/docs_law.py`, and is as new as the packs."""
    assert (FOLDER / name).is_file(), "run tools/docs_law.py"
    assert (FOLDER / name).read_text("utf-8") == PAGES[name], "run tools/docs_law.py"


def test_no_page_is_about_a_pack_that_is_gone() -> None:
    """A page without a pack would be law that nothing applies."""
    assert {path.name for path in FOLDER.iterdir()} == set(PAGES)
    assert {f"{name}.md" for name in PACKS} == set(PAGES) - {"README.md", "unknown.md"}


def test_a_page_that_differs_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """`--check` names each page that differs, is missing or is too many, and writes nothing."""
    for name, text in PAGES.items():
        (tmp_path / name).write_text(text, "utf-8")
    old, TOOL.FOLDER = TOOL.FOLDER, tmp_path
    try:
        assert TOOL.main(["--check"]) == 0
        (tmp_path / "unknown.md").write_text("nothing is unknown", "utf-8")
        (tmp_path / "README.md").unlink()
        (tmp_path / "cn-gone.md").write_text("", "utf-8")
        capsys.readouterr()
        assert TOOL.main(["--check"]) == 1
        said = capsys.readouterr().out
        assert all(name in said for name in ("unknown.md", "README.md", "cn-gone.md"))
        assert not (tmp_path / "README.md").exists()
        TOOL.main([])
        assert {path.name for path in tmp_path.iterdir()} == set(PAGES)
    finally:
        TOOL.FOLDER = old


def shown(text: str) -> str:
    return " ".join(text.replace("\\", "").split())


@pytest.mark.parametrize("pack", PACKS)
def test_a_page_holds_every_rule_in_full(pack: str) -> None:
    """Quote, paraphrase, remedy, dates, Cedar text, examples and notes stand there in both languages."""
    page = shown(PAGES[f"{pack}.md"])
    for rule in PACKS[pack].rules:
        law = rule.citation
        words = [law.paraphrase, rule.remedy_text, *law.notes]
        words += [rule.consequence] if rule.consequence else []
        words += [rule.deadline.text] if rule.deadline else []
        parts = [rule.id, law.article, law.quote, rule.applies, *law.sources]
        parts += [text.get(lang) for text in words for lang in ("zh", "en")]
        examples = tomllib.loads(package_text("packs", pack, "examples.toml"))["examples"]
        parts += [example["name"] for example in examples if example["rule"] == rule.id]
        parts += [str(day) for day in (rule.effective_from, rule.effective_until) if day]
        for part in parts:
            assert shown(part) in page, (rule.id, part)
        if rule.consequence is None:
            assert "来源未说明" in page


@pytest.mark.parametrize("pack", PACKS)
def test_every_note_stands_among_what_is_not_known(pack: str) -> None:
    """What a pack leaves open is gathered in one page."""
    page = shown(PAGES["unknown.md"])
    for rule in PACKS[pack].rules:
        for note in rule.citation.notes:
            assert shown(note.zh) in page
            assert shown(note.en) in page
        if rule.consequence is None:
            assert f"`{rule.id}`" in page


@pytest.mark.parametrize("entry", UNKNOWN, ids=lambda entry: entry["title"]["en"])
def test_an_instrument_without_a_rule_is_described_and_has_none(entry: dict[str, object]) -> None:
    """What nobody could verify says why, in both languages, and no pack carries it."""
    assert set(entry) == {"jurisdiction", "state", "title", "known"}
    assert taxonomy().named(Entity("Jurisdiction", str(entry["jurisdiction"])))
    title, known = entry["title"], entry["known"]
    assert isinstance(title, dict)
    assert isinstance(known, dict)
    for text in (title, known):
        assert set(text) == {"zh", "en"}
        assert all(part.strip() for part in text.values())
        assert all(shown(part) in shown(PAGES["unknown.md"]) for part in text.values())
    assert title["zh"] not in {pack.title.zh for pack in PACKS.values()}


def test_a_state_that_nothing_knows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt state is an error, not an empty cell."""
    broken = package_text("unknown.toml").replace('state = "draft"', 'state = "drafted"', 1)
    real = TOOL.tomllib.loads
    monkeypatch.setattr(
        TOOL.tomllib, "loads", lambda text: real(broken if text == package_text("unknown.toml") else text)
    )
    with pytest.raises(KeyError):
        TOOL.pages()


def test_markup_in_a_pack_stays_text() -> None:
    """A pack's words cannot become a tag, a link or a cell of their own."""
    assert TOOL._plain("a <b> [x](y) | `c` *d*") == "a \\<b> \\[x](y) \\| \\`c\\` \\*d\\*"
