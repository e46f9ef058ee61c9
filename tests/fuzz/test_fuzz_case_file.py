"""Case files and rule packs of any content: refused with a message or read, never a crash."""

from __future__ import annotations

from importlib.resources import files

from hypothesis import given, settings
from hypothesis import strategies as st

from efface.errors import UsageError
from efface.rules.case_file import parse_case
from efface.rules.pack import FILES, check_pack

CASE = """[case]
title = "t"
jurisdiction = "CN-320100"
actors = ["sales_office"]
place = "sales_office"
conduct_from = 2020-10-01
[facts]
consent = false
persons_stored = 973
[[scope]]
match = "*"
[[hold]]
match = "**/evidence/**"
reason = "r"
until = 2027-03-01
"""
_ROOT = files("efface.rules").joinpath("packs", "cn-nj-2020-sales-offices")
PACK = {name: _ROOT.joinpath(name).read_text(encoding="utf-8") for name in FILES}
PIECES = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ['"', "'''", "[", "]]", "{", "}", "(" * 200, "!" * 50, "=", "\n", "\\", "//", "\x00", "\ud800", "🙂"]
    ),
    st.sampled_from(
        ["&&", "||", " in ", "if ", "unless", "context.", '@id("', "datetime(", "1979-05-27", "nan", "9" * 50]
    ),
)


@st.composite
def mutated(draw: st.DrawFn, text: str) -> str:
    """The text with a few places cut out, doubled or overwritten."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 30)))
        text = text[:start] + draw(PIECES) + draw(st.sampled_from(["", text[start:end]])) + text[end:]
    return text


def fault_in(text: str) -> str:
    try:
        parse_case(text)
    except UsageError as error:
        return str(error)
    return ""


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(), mutated(CASE)))
def test_any_text_as_a_case_file(text):
    """Any text is a case or a UsageError with a bounded message."""
    assert len(fault_in(text)) < 20_000


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(FILES), st.data())
def test_any_text_in_a_pack(name, data):
    """Any change of any file of a pack is sound or a list of faults."""
    faults = check_pack(PACK | {name: data.draw(mutated(PACK[name]))})
    assert all(isinstance(fault, str) and len(fault) < 2_000 for fault in faults)


@settings(max_examples=50, deadline=None)
@given(
    st.dictionaries(st.one_of(st.sampled_from(FILES), st.text(max_size=5)), st.text(max_size=50), max_size=5)
)
def test_any_files_as_a_pack(texts):
    """Any files are refused as a pack with at least one fault."""
    assert check_pack(texts)


def test_strings_hide_no_brackets():
    """Brackets after a string that ends in an escaped quote are counted: no text reaches Cedar that ends it."""
    for opening in ('"\\"', '"\n//', '// "\n'):
        attack = PACK["rules.cedar"].replace("context.persons_are_visitors", opening + " " + "(" * 5000)
        assert any("longer than" in fault for fault in check_pack(PACK | {"rules.cedar": attack}))
