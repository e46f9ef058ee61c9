"""Which way a plan proposes, and what a user may decide."""

from __future__ import annotations

import pytest

from efface.actions.table_ways import action_by, proposed, way_of, ways_of
from efface.errors import UsageError
from efface.evidence.entries import IN_PLACE
from efface.model import Way

PROPOSALS = {
    "nothing beside keys": ({"columns": 0, "facts": 0, "filled": False, "kinds": []}, Way.TABLE),
    "must hold something, only times beside it": (
        {"columns": 2, "facts": 0, "filled": True, "kinds": ["prohibited"]},
        Way.ROW,
    ),
    "all of it prohibited": ({"columns": 2, "facts": 1, "filled": True, "kinds": ["prohibited"]}, Way.COLUMN),
    "some of it prohibited": (
        {"columns": 2, "facts": 1, "filled": False, "kinds": ["prohibited", "permitted"]},
        Way.NULL,
    ),
    "not judged": ({"columns": 2, "facts": 1, "filled": True, "kinds": []}, Way.NULL),
    "may be null, only times beside it": ({"columns": 1, "facts": 0, "filled": False, "kinds": []}, Way.NULL),
}


@pytest.mark.parametrize("case", PROPOSALS)
def test_the_first_rule_that_holds_proposes(case: str) -> None:
    """Table, rows, column, cells: in this order."""
    given, way = PROPOSALS[case]
    assert proposed(**given) is way  # type: ignore[arg-type]


def test_a_word_decides_for_all_and_a_name_for_one() -> None:
    """Without a word cells are emptied; what is proposed is done when the user says so."""
    assert ways_of(()).chosen("public.faces") is Way.NULL
    ways = ways_of(("proposed", "table=public.faces", "null=a.b=c"), cascade=True)
    assert (ways.chosen("public.faces"), ways.chosen("a.b=c"), ways.chosen("x.y")) == (
        Way.TABLE,
        Way.NULL,
        None,
    )
    assert ways.cascade


@pytest.mark.parametrize("words", [("drop",), ("row", "column"), ("row=a.b", "table=a.b"), ("row=",), ("",)])
def test_what_is_no_decision_is_refused(words: tuple[str, ...]) -> None:
    """An unknown word, no name, or two words over the same table."""
    with pytest.raises(UsageError):
        ways_of(words)


def test_the_ledger_knows_each_action_as_one_that_changes_a_database_itself() -> None:
    """The way of a removal that was stopped is read from the action it names."""
    for way in Way:
        action = action_by(way)
        assert action.name in IN_PLACE
        assert way_of([f"{action.name}@{action.version}"]) is way
    assert way_of(()) is Way.NULL
