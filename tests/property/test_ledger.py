"""What holds for every ledger and every tree."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efface.errors import EvidenceError
from efface.evidence import canonical, merkle
from efface.evidence.pseudonym import Domain, Pseudonyms
from efface.testing.ledgers import RUN, new_ledger

OPENED = {"kind": "run_opened", "run": RUN, "tool_version": "0.1.0", "targets": 1}
COUNTS = st.integers(0, 2**53 - 1)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="ascii")), inner),
    max_leaves=10,
)


@given(VALUES)
def test_canonical_round_trip(value):
    """Every value reads back as itself from its canonical bytes."""
    data = canonical.dumps(value)
    assert canonical.loads(data) == value
    assert canonical.dumps(canonical.loads(data)) == data


@given(VALUES, st.data())
def test_canonical_has_one_spelling(value, data):
    """A changed byte is refused or is another value; it is never another spelling of the same."""
    spelled = bytearray(canonical.dumps(value))
    place = data.draw(st.integers(0, len(spelled) - 1))
    spelled[place] ^= data.draw(st.integers(1, 255))
    try:
        other = canonical.loads(bytes(spelled))
    except EvidenceError:
        return
    assert canonical.dumps(other) != canonical.dumps(value)


def reference_root(leaves):
    """Return the root by the definition of RFC 9162, 2.1.1, in the most obvious way."""
    if not leaves:
        return merkle.EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return merkle.node_hash(reference_root(leaves[:split]), reference_root(leaves[split:]))


@given(st.lists(st.binary(max_size=4).map(merkle.leaf_hash), max_size=70))
def test_streaming_root_is_the_root(leaves):
    """The root in O(log n) memory is the root by definition."""
    assert merkle.root_of(leaves) == reference_root(leaves)


@given(st.integers(1, 70), st.data())
def test_every_inclusion_is_proven(size, data):
    """Every leaf of every tree has a proof, and a proof for one place serves no other."""
    leaves = [merkle.leaf_hash(b"%d" % n) for n in range(size)]
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion_proof(index, leaves)
    root = merkle.root_of(leaves)
    assert len(proof) <= size.bit_length()
    assert merkle.verify_inclusion(leaves[index], index, size, proof, root)
    assert merkle.verify_inclusion(leaves[other], index, size, proof, root) == (other == index)


@given(st.integers(1, 70), st.data())
def test_every_growth_is_proven(size, data):
    """Every beginning of every tree is proven, and another beginning is not."""
    leaves = [merkle.leaf_hash(b"%d" % n) for n in range(size)]
    first = data.draw(st.integers(1, size))
    proof = merkle.consistency_proof(first, leaves)
    old, new = merkle.root_of(leaves[:first]), merkle.root_of(leaves)
    assert merkle.verify_consistency(first, size, old, new, proof)
    changed = merkle.root_of([*leaves[: first - 1], merkle.leaf_hash(b"other")])
    assert not merkle.verify_consistency(first, size, changed, new, proof)


@given(st.lists(st.tuples(COUNTS, st.booleans()), max_size=20))
@settings(max_examples=50)
def test_ledger_equals_what_was_committed(steps):
    """Whatever is committed or rolled back, the ledger holds what was committed, and holds."""
    connection = sqlite3.connect(":memory:")
    ledger = new_ledger(connection)
    ledger.append(OPENED)
    connection.commit()
    kept = []
    for count, commit in steps:
        ledger.append({"kind": "removal_planned", "removals": count})
        if commit:
            kept.append(count)
            connection.commit()
        else:
            connection.rollback()
    ledger.verify()
    entries = list(ledger.read())
    assert [entry["removals"] for entry in entries[1:]] == kept
    leaves = [merkle.leaf_hash(canonical.dumps(entry)) for entry in entries]
    assert ledger.root() == reference_root(leaves)
    connection.close()


@given(st.integers(1, 12), st.integers(0, 10_000), st.integers(1, 255))
@settings(max_examples=100)
def test_any_changed_byte_of_any_entry_is_found(seq, place, mask):
    """A byte changed in any entry is found, and the entry is named."""
    connection = sqlite3.connect(":memory:")
    ledger = new_ledger(connection)
    for _ in range(12):
        ledger.append(OPENED)
    connection.execute("DROP TRIGGER ledger_no_update")
    (entry,) = connection.execute("SELECT entry FROM ledger WHERE seq = ?", (seq,)).fetchone()
    changed = bytearray(entry)
    changed[place % len(changed)] ^= mask
    connection.execute("UPDATE ledger SET entry = ? WHERE seq = ?", (bytes(changed), seq))
    with pytest.raises(EvidenceError, match=f"entry {seq}:"):
        ledger.verify()
    connection.close()


@given(st.text(), st.text())
def test_pseudonyms_tell_names_apart(a, b):
    """Two names have two pseudonyms, lone surrogates included."""
    names = Pseudonyms(bytes(32))
    assert (names.ref(Domain.TARGET, a) == names.ref(Domain.TARGET, b)) == (a == b)
