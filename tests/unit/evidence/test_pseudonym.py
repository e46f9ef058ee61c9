"""Keyed names."""

from __future__ import annotations

import re

import pytest

from efface.errors import EvidenceError
from efface.evidence.pseudonym import Domain, Pseudonyms, new_secret

SECRET = bytes(range(32))
NAMES = Pseudonyms(SECRET)


def test_shape():
    """A pseudonym is 32 hex digits and a content's digest is 64."""
    assert re.fullmatch("[0-9a-f]{32}", NAMES.ref(Domain.TARGET, "file:///a"))
    assert re.fullmatch("[0-9a-f]{64}", NAMES.content([b"a"]))


def test_stays_the_same():
    """The pseudonyms of one secret never change, so that old run files can be opened."""
    assert NAMES.ref(Domain.TARGET, "file:///a") == "f110632053750d52448e48abbc91e4b1"
    assert NAMES.content([b"a", b"b"]) == "dc17ba6889e044737783248f61655c9b121d6d8908181f217f745ad846e86f22"


def test_chunks_do_not_matter():
    """A content's digest depends on its bytes, not on how they were read."""
    assert NAMES.content([b"ab", b"c"]) == NAMES.content([b"a", b"", b"bc"])


def test_domains_differ():
    """One text has another pseudonym as target, finding and gap."""
    assert len({NAMES.ref(domain, "x") for domain in Domain}) == len(Domain)


def test_other_run_differs():
    """Two runs give one place two pseudonyms, so certificates cannot be joined."""
    assert NAMES.ref(Domain.TARGET, "x") != Pseudonyms(new_secret()).ref(Domain.TARGET, "x")


def test_undecodable_names_have_pseudonyms():
    """Names that no encoding explains are told apart."""
    assert NAMES.ref(Domain.TARGET, "\udcff") != NAMES.ref(Domain.TARGET, "\udcfe")


def test_owner_opens():
    """Who holds the secret confirms a name; another name is not confirmed."""
    ref = NAMES.ref(Domain.TARGET, "file:///a")
    assert NAMES.opens(ref, Domain.TARGET, "file:///a")
    assert not NAMES.opens(ref, Domain.TARGET, "file:///b")
    assert not NAMES.opens("é", Domain.TARGET, "file:///a")


@pytest.mark.parametrize("secret", [b"", bytes(31), bytes(33)])
def test_secret_of_another_length_is_refused(secret):
    """A secret of any other length than 32 bytes is refused."""
    with pytest.raises(EvidenceError, match="32 bytes"):
        Pseudonyms(secret)


def test_secret_is_not_printed():
    """The printed form holds nothing of the secret."""
    assert SECRET.hex() not in repr(NAMES)
    assert repr(SECRET)[2:-1] not in repr(NAMES)
