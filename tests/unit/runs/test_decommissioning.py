"""Steps that persons confirm, in the ledger."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from efface.errors import UsageError
from efface.model import StepOfPerson
from efface.runs.decommissioning import cleared, confirm, confirmed
from efface.runs.store import Store

NAME, NOTE = "赵不凡", "lobby, above the door"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    with Store(str(tmp_path / "run.sqlite")) as opened:
        yield opened


def test_who_did_what_is_told_and_the_ledger_holds_no_name(store: Store) -> None:
    """Names and notes stay in the run file; the ledger holds pseudonyms."""
    assert confirm(store, "Hikvision device @ 192.0.2.1", StepOfPerson.DEVICE_OFF, NAME, NOTE)
    (told,) = confirmed(store)
    assert (told.system, told.step, told.by, told.note) == (
        "Hikvision device @ 192.0.2.1",
        "device_off",
        NAME,
        NOTE,
    )
    written = json.dumps(list(store.ledger.read()), ensure_ascii=False)
    assert not any(word in written for word in (NAME, NOTE, "192.0.2.1"))
    store.ledger.verify()


def test_the_same_again_writes_nothing(store: Store) -> None:
    """Another person, step or note does."""
    assert confirm(store, "x", StepOfPerson.SERVICE, NAME)
    assert not confirm(store, "x", StepOfPerson.SERVICE, f" {NAME} ")
    assert confirm(store, "x", StepOfPerson.SERVICE, NAME, "again")
    assert confirm(store, "x", StepOfPerson.SERVICE, "B")
    assert confirm(store, "y", StepOfPerson.SERVICE, NAME)
    assert store.ledger.size == 4


@pytest.mark.parametrize(
    ("by", "note"),
    [("", ""), ("  ", ""), ("x" * 101, ""), (NAME, "x" * 501), (NAME, "a\nb"), ("a\x1b[2J", "")],
)
def test_nobody_and_odd_texts_are_refused(store: Store, by: str, note: str) -> None:
    """A step is confirmed by somebody, in one line."""
    with pytest.raises(UsageError):
        confirm(store, "x", StepOfPerson.SERVICE, by, note)
    assert store.ledger.size == 0


def test_a_name_that_was_changed_is_not_told(store: Store) -> None:
    """What the ledger's pseudonym does not stand for is shown as unknown."""
    confirm(store, "x", StepOfPerson.SERVICE, NAME, NOTE)
    store.set_meta("words", store.meta("words").replace(NAME, "somebody else").replace(NOTE, "elsewhere"))
    (told,) = confirmed(store)
    assert (told.system, told.by, told.note) == ("x", "?", "?")


def test_a_run_without_any_has_none(store: Store) -> None:
    """Nothing is confirmed by a list."""
    assert confirmed(store) == cleared(store) == ()
