"""Whatever the bytes, a check ends with a report."""

from __future__ import annotations

import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from efface.evidence import canonical, envelope
from efface.evidence.check import check
from efface.evidence.keys import SigningKey
from efface.testing.ledgers import office_story, rebuilt

KEY = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(32)))
CERTIFICATE = office_story().certificate(KEY)
PAYLOAD = envelope.parse(CERTIFICATE).payload
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)


def refused(data: bytes) -> bool:
    """Return whether a report refuses, with a reason of bounded length that nothing crashed to make."""
    report = check(data, [KEY.public])
    assert len(report.steps) == 11
    assert report.ok or len(report.failed.reason) < 500
    return not report.ok


@given(st.binary(max_size=4000))
@settings(max_examples=200)
def test_random_bytes(data):
    """Random bytes are refused."""
    assert refused(data)


@given(ANYTHING)
@settings(max_examples=200)
def test_random_json(value):
    """Random JSON is refused."""
    assert refused(json.dumps(value).encode() + b"\n")


@given(st.binary(max_size=400) | ANYTHING.map(lambda value: json.dumps(value).encode()))
@settings(max_examples=200)
def test_random_payload_signed_by_a_trusted_key(payload):
    """A payload of random bytes or random JSON is refused although a trusted key signed it."""
    assert refused(envelope.sign(payload, (KEY,)))


def places(value, path=()):
    """Yield the path of every value inside a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        yield (*path, name)
        yield from places(item, (*path, name))


PLACES = list(places(json.loads(PAYLOAD)))
ODD = st.sampled_from([None, True, 0, -1, 2**53 - 1, "", "x", "0" * 32, "0" * 64, [], {}, [[]], [{}]])


def changed(path, value, *, remove):
    statement = json.loads(PAYLOAD)
    target = statement
    for name in path[:-1]:
        target = target[name]
    if remove:
        del target[path[-1]]
    else:
        target[path[-1]] = value
    return statement


@given(st.sampled_from(PLACES), ODD | ANYTHING, st.booleans())
@settings(max_examples=400)
def test_any_value_replaced_or_removed(path, value, remove):
    """Any value of the statement replaced or removed, and signed by a trusted key, ends in a report."""
    statement = changed(path, value, remove=remove)
    payload = json.dumps(statement, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode()
    assert refused(envelope.sign(payload, (KEY,))) or json.loads(PAYLOAD) == statement


@given(st.sampled_from([path for path in PLACES if "entries" in path]), ODD, st.booleans())
@settings(max_examples=400)
def test_any_entry_changed_and_chained_anew(path, value, remove):
    """Any value of the ledger changed, with the whole chain made to fit, ends in a report."""
    statement = changed(path, value, remove=remove)
    try:
        rebuilt(statement)
    except (TypeError, AttributeError, KeyError):
        return  # no list of objects is left to be chained
    refused(envelope.sign(canonical.dumps(statement), (KEY,)))
