"""One guard of each kind for all tests: networks and law are read once."""

from __future__ import annotations

from datetime import date

import pytest

from efface.guard import Guard
from efface.model import Case

CREDIT = Case(
    "tenant credit",
    "CN-120000",
    actors=("market_credit_provider",),
    purpose_kind="social_credit",
    activities=("collect", "credit_record"),
)


@pytest.fixture(scope="session")
def credit() -> Guard:
    """The door of a market credit information provider in Tianjin."""
    return Guard(CREDIT, date(2026, 1, 1))
