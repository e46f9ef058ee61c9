"""Who may ask, and how often."""

from __future__ import annotations

from pathlib import Path

import pytest

from efface.errors import UsageError
from efface.server.access import Rate, Tokens, read_tokens

TOKEN = "correct-horse-battery"  # noqa: S105 - of this test only

HEADERS = {
    "the token": (f"Bearer {TOKEN}", True),
    "the scheme in small letters": (f"bearer {TOKEN}", True),
    "another token": ("Bearer correct-horse-batterx", False),
    "a beginning of the token": (f"Bearer {TOKEN[:-1]}", False),
    "another scheme": (f"Basic {TOKEN}", False),
    "no scheme": (TOKEN, False),
    "nothing": ("", False),
    "undecodable bytes": ("Bearer \udcff", False),
}


@pytest.mark.parametrize(("header", "is_taken"), HEADERS.values(), ids=HEADERS.keys())
def test_a_token_is_taken_whole_or_not_at_all(header: str, *, is_taken: bool) -> None:
    """Only the whole token under its scheme opens."""
    assert Tokens(["another-token-of-ours", TOKEN]).take(header) is is_taken


def test_tokens_show_nothing_when_printed() -> None:
    """A token that stands in a log is lost."""
    assert TOKEN not in repr(Tokens([TOKEN])) + str(vars(Tokens([TOKEN])))


def token_file(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "tokens"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_file_of_tokens_is_read(tmp_path: Path) -> None:
    """One a line; remarks and empty lines are none."""
    assert read_tokens(token_file(tmp_path, f"# for the gateway\n\n{TOKEN}\n")).take(f"Bearer {TOKEN}")


FAULTY = {
    "one that others can read": (f"{TOKEN}\n", 0o644),
    "an empty one": ("\n# none\n", 0o600),
    "a token that can be guessed": ("short\n", 0o600),
}


@pytest.mark.parametrize(("text", "mode"), FAULTY.values(), ids=FAULTY.keys())
def test_a_faulty_file_of_tokens_opens_no_door(tmp_path: Path, text: str, mode: int) -> None:
    """The door does not open with tokens that protect nothing."""
    with pytest.raises(UsageError) as raised:
        read_tokens(token_file(tmp_path, text, mode))
    assert TOKEN not in str(raised.value)


def test_a_peer_has_a_rate() -> None:
    """A burst passes, what comes too early is told how early, and time makes good."""
    now = [0.0]
    rate = Rate(2.0, clock=lambda: now[0])
    assert [rate.wait_s("a"), rate.wait_s("a")] == [0.0, 0.0]
    assert rate.wait_s("a") == pytest.approx(0.5)
    assert rate.wait_s("b") == 0.0
    now[0] = 0.5
    assert rate.wait_s("a") == 0.0


def test_many_peers_cost_no_memory_without_end() -> None:
    """Peers that were not heard of for long are forgotten."""
    rate = Rate(1.0)
    for number in range(10_050):
        rate.wait_s(str(number))
    assert len(rate._peers) == 10_000
