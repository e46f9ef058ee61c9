"""The tree of RFC 9162."""

from __future__ import annotations

import pytest

from efface.evidence import merkle

INPUTS = (
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    bytes(range(0x50, 0x58)),
    bytes(range(0x60, 0x70)),
)
LEAVES = [merkle.leaf_hash(data) for data in INPUTS]
# The roots that Certificate Transparency's implementations agree on for these inputs.
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


@pytest.mark.parametrize("size", range(9))
def test_known_roots(size):
    """The roots of 0 to 8 known leaves are the published ones."""
    assert merkle.root_of(LEAVES[:size]).hex() == ROOTS[size]


def test_node_is_no_leaf():
    """The hash of an inner node is never the hash of an entry made of its children."""
    left, right = LEAVES[:2]
    assert merkle.node_hash(left, right) != merkle.leaf_hash(left + right)


def test_frontier_memory():
    """A frontier of a thousand leaves keeps no more than ten hashes."""
    frontier = merkle.Frontier()
    for n in range(1023):
        frontier.append(merkle.leaf_hash(b"%d" % n))
    assert len(frontier._peaks) == 10


@pytest.mark.parametrize("index", range(8))
def test_inclusion(index):
    """Every leaf's proof leads to the root, and to no other leaf's place."""
    root = merkle.root_of(LEAVES)
    proof = merkle.inclusion_proof(index, LEAVES)
    assert merkle.verify_inclusion(LEAVES[index], index, 8, proof, root)
    assert not merkle.verify_inclusion(LEAVES[index], (index + 1) % 8, 8, proof, root)


ROOT = merkle.root_of(LEAVES)
PROOF = merkle.inclusion_proof(3, LEAVES)
WRONG_INCLUSION = {
    "another leaf": (LEAVES[2], 3, 8, PROOF, ROOT),
    "an index beyond the tree": (LEAVES[3], 8, 8, PROOF, ROOT),
    "a negative index": (LEAVES[3], -1, 8, PROOF, ROOT),
    "a smaller tree": (LEAVES[3], 3, 4, PROOF, ROOT),
    "a proof that is cut": (LEAVES[3], 3, 8, PROOF[:-1], ROOT),
    "a proof with more": (LEAVES[3], 3, 8, [*PROOF, ROOT], ROOT),
    "another root": (LEAVES[3], 3, 8, PROOF, LEAVES[0]),
    "no tree": (LEAVES[3], 0, 0, [], ROOT),
}


@pytest.mark.parametrize("arguments", WRONG_INCLUSION.values(), ids=WRONG_INCLUSION)
def test_wrong_inclusion(arguments):
    """A proof is refused with any part of it changed."""
    assert not merkle.verify_inclusion(*arguments)


SHORT = merkle.root_of(LEAVES[:3])
GROWN = merkle.consistency_proof(3, LEAVES)
WRONG_CONSISTENCY = {
    "another old root": (3, 8, LEAVES[0], ROOT, GROWN),
    "another new root": (3, 8, SHORT, LEAVES[0], GROWN),
    "another old size": (2, 8, SHORT, ROOT, GROWN),
    "a tree that shrank": (8, 3, ROOT, SHORT, GROWN),
    "an old tree of nothing": (0, 8, merkle.EMPTY_ROOT, ROOT, GROWN),
    "no proof": (3, 8, SHORT, ROOT, []),
    "a proof that is cut": (3, 8, SHORT, ROOT, GROWN[:-1]),
    "a proof with more": (3, 8, SHORT, ROOT, [*GROWN, ROOT]),
    "equal sizes with other roots": (8, 8, SHORT, ROOT, []),
    "equal sizes with a proof": (8, 8, ROOT, ROOT, GROWN),
}


def test_consistency():
    """A tree that grew from three leaves to eight proves it."""
    assert merkle.verify_consistency(3, 8, SHORT, ROOT, GROWN)
    assert merkle.verify_consistency(8, 8, ROOT, ROOT, [])


@pytest.mark.parametrize("arguments", WRONG_CONSISTENCY.values(), ids=WRONG_CONSISTENCY)
def test_wrong_consistency(arguments):
    """A proof of growth is refused with any part of it changed."""
    assert not merkle.verify_consistency(*arguments)


def test_no_proof_of_what_is_not_there():
    """No proof is made for a leaf or a size that the tree does not have."""
    with pytest.raises(IndexError):
        merkle.inclusion_proof(8, LEAVES)
    with pytest.raises(IndexError):
        merkle.consistency_proof(9, LEAVES)
    with pytest.raises(IndexError):
        merkle.consistency_proof(0, LEAVES)
