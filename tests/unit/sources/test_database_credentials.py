"""Names and passwords: kept in memory, handed to workers, asked for once."""

from __future__ import annotations

import io
import sys

import pytest

from efface.engines.database import Login
from efface.sources import credentials

PLACE = "postgresql://db:5432/shop"


@pytest.fixture(autouse=True)
def _empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "_vault", {})


def test_what_is_kept_goes_to_a_worker_and_comes_out_there() -> None:
    """A worker has what its supervisor has."""
    credentials.keep(PLACE, {"user": "ann", "password": "geheim"})
    sent = credentials.exported()
    credentials._vault.clear()
    credentials.take(sent)
    assert credentials.kept(PLACE) == {"user": "ann", "password": "geheim"}


def test_nothing_is_known_of_another_place() -> None:
    """A password is for its place only."""
    credentials.keep(PLACE, {"password": "geheim"})
    assert credentials.kept("postgresql://db:5432/other") == {}


def test_the_keyring_is_asked_before_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stored password needs no terminal."""
    monkeypatch.setattr(credentials, "password_for", lambda place, user: f"{user}@{place}")
    assert credentials.password_of(PLACE, "ann") == f"ann@{PLACE}"


def test_nobody_is_asked_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a pipeline the scan is refused rather than left waiting."""
    monkeypatch.setattr(credentials, "password_for", lambda *_: None)
    monkeypatch.setattr(sys, "stdin", io.StringIO("geheim\n"))
    assert credentials.password_of(PLACE, "ann") is None


def test_a_login_never_shows_its_password() -> None:
    """Neither printing nor a traceback gives it away."""
    assert "geheim" not in repr(Login("postgresql", "db", 5432, "shop", "ann", "geheim"))
