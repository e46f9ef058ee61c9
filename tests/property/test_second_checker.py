"""The checker in `tools/`, which shares nothing with ours, answers as ours does, step for step."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import io
import json
import random
import subprocess
import sys
import tokenize
from collections import Counter
from contextlib import suppress
from pathlib import Path

import jsonschema
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from efface import registry
from efface.evidence import canonical, envelope, not_proven
from efface.evidence.check import check
from efface.evidence.entries import IN_PLACE
from efface.evidence.keys import SigningKey
from efface.testing.ledgers import (
    database_story,
    decommissioned_story,
    forged,
    office_story,
    rebuilt,
    recognition_story,
    sealed_story,
    small_story,
)

ROOT = Path(__file__).parents[2]
TOOL = ROOT / "tools" / "check_certificate.py"
SCHEMA = json.loads((ROOT / "docs" / "certificate-v1.schema.json").read_text(encoding="utf-8"))

_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
KEY = SigningKey(_KEY)
SECOND = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\1"))
STORIES = (
    office_story(),
    small_story(),
    database_story(),
    sealed_story(),
    recognition_story(),
    decommissioned_story(),
)
CERTIFICATES = tuple(story.certificate(KEY) for story in STORIES)


def _tool():
    spec = importlib.util.spec_from_file_location("check_certificate", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


OTHER = _tool()


def ours(data: bytes) -> int:
    """Return the step at which our checker refuses, or 0."""
    failed = check(data, [KEY.public]).failed
    return failed.number if failed else 0


def theirs(data: bytes) -> int:
    """Return the step at which the second checker refuses, or 0."""
    passed = 0
    try:
        for _ in OTHER.check(data, {KEY.key_id: _KEY.public_key()}):
            passed += 1
    except (ValueError, RecursionError, OTHER.InvalidSignature):
        return passed + 1
    return 0


# -- mutations -----------------------------------------------------------------------------------------

WORDS = [
    "",
    "x",
    "0" * 32,
    "0" * 64,
    "removed",
    "2026-02-30T10:00:00Z",
    "2026-11-22T10:30:00Z",
    "1.0",
    "a\n",
    "二",
]


def places(value, path=()):
    """Yield the path to every value of a statement."""
    yield path
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for name, item in members:
        yield from places(item, (*path, name))


def at(value, path):
    for name in path:
        value = value[name]
    return value


def scrambled(value, draw: random.Random):
    """Return another value where a value was."""
    match value:
        case bool() | None:
            return draw.choice([0, True, "x", "0" * 64])
        case int():
            return draw.choice([value + 1, max(0, value - 1), 0, 1, -1, 2**53, True, None, str(value)])
        case str():
            return draw.choice(
                [*WORDS, value + "x", value[:-1], value.upper(), value[::-1], None, 1, [value]]
            )
        case list():
            edited = list(value)
            match draw.randrange(5):
                case 0:
                    edited.clear()
                case 1 if edited:
                    edited.pop(draw.randrange(len(edited)))
                case 2 if edited:
                    edited.append(draw.choice(edited))
                case 3:
                    draw.shuffle(edited)
                case _:
                    edited.append(draw.choice([0, "x", {}, None]))
            return edited
    edited = dict(value)
    if edited and draw.random() < 0.5:
        edited.pop(draw.choice(sorted(edited)))
    else:
        edited[draw.choice(["note", "kind", "ref", "二"])] = draw.choice([0, "x", None])
    return edited


def plausible(statement, path, draw: random.Random):
    """Return another value that the schema lets stand there: one of the same name, a count more, a line less."""
    value, name = at(statement, path), path[-1]
    if isinstance(value, list) and value:
        edited = [*value, draw.choice(value)] if draw.random() < 0.3 else list(value)
        match draw.randrange(3):
            case 0:
                edited.pop(draw.randrange(len(edited)))
            case 1:
                draw.shuffle(edited)
            case _:
                edited[draw.randrange(len(edited))] = draw.choice(value)
        return edited
    if type(value) is int and draw.random() < 0.5:
        return max(0, value + draw.choice([-1, 1]))
    return draw.choice([at(statement, each) for each in places(statement) if each and each[-1] == name])


def lists_bound(statement) -> None:
    """Make the roots of findings and gaps fit, as an owner would who forges them."""
    scan = statement["predicate"]["ledger"]["entries"][1]
    for name in ("findings", "gaps"):
        items = [{k: v for k, v in item.items() if k != "status"} for item in statement["predicate"][name]]
        scan[f"{name}_root"] = OTHER.roots(sorted(items, key=canonical.dumps))[-1]


def once_mutated(seed: int) -> bytes:
    """Return a certificate in which something was perhaps changed, from outside or with the issuer's key."""
    draw = random.Random(seed)
    data = draw.choice(CERTIFICATES)
    if seed % 8 == 0:
        place, mask = draw.randrange(len(data)), draw.randrange(1, 256)
        return data[:place] + bytes([data[place] ^ mask]) + data[place + 1 :]
    if seed % 16 == 1:
        outer = canonical.loads(data[:-1])
        path = draw.choice(list(places(outer))[1:])
        at(outer, path[:-1])[path[-1]] = scrambled(at(outer, path), draw)
        return json.dumps(outer, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"

    def change(statement) -> None:
        paths = [path for path in places(statement) if path]
        if draw.random() < 0.5:
            paths = [path for path in paths if path[1:3] == ("ledger", "entries")]
        for path in draw.sample(paths, draw.choice([1, 1, 2])):
            with suppress(
                KeyError, IndexError, TypeError
            ):  # the first may have taken the second's place away
                value = at(statement, path)
                new = plausible(statement, path, draw) if seed % 8 > 2 else scrambled(value, draw)
                everywhere = isinstance(value, str | int) and draw.random() < 0.3
                for each in list(places(statement)) if everywhere else [path]:
                    if each and each[-1] == path[-1] and at(statement, each) == value:
                        at(statement, each[:-1])[each[-1]] = new
        for bind in (lists_bound, rebuilt) if draw.random() < 0.8 else ():
            with suppress(KeyError, IndexError, TypeError, AttributeError):
                bind(statement)

    try:
        made = forged(data, KEY, change)
    except Exception:  # noqa: BLE001 - what has no canonical form cannot be signed
        made = data
    return made


def mutated(seed: int) -> bytes:
    """Return a certificate in which something was changed."""
    while (made := once_mutated(seed)) in CERTIFICATES:  # nothing came of it
        seed += 16_000_000
    return made


def test_both_checkers_agree_on_1000_mutated_certificates() -> None:
    """Whatever is changed, by whom, and bound anew or not: both refuse at the same step, or both accept."""
    steps: Counter[int] = Counter()
    for seed in range(1000):
        data = mutated(seed)
        assert (seed, ours(data)) == (seed, theirs(data))
        steps[ours(data)] += 1
    assert steps.total() == 1000
    assert set(steps) >= {0, 1, 4, 5, 7, 8, 9, 10}  # 2, 3 and 6 below; 11 is a second lock behind 5


@pytest.mark.parametrize(
    "data",
    CERTIFICATES,
    ids=[
        "a run with everything",
        "a short run",
        "a run on databases",
        "a run of two persons",
        "a run with recognisers",
        "a run that takes systems away",
    ],
)
def test_both_accept_what_holds(data) -> None:
    """A certificate that was not changed passes eleven steps of both."""
    assert (ours(data), theirs(data)) == (0, 0)
    assert len(list(OTHER.check(data, {KEY.key_id: _KEY.public_key()}))) == len(check(data, []).steps)


@pytest.mark.parametrize(
    "action",
    [*registry.names("action"), "delete-rows", "drop-columns", "drop-tables"],
)
def test_both_ask_for_no_cleaning_where_a_file_is_replaced(action) -> None:
    """What is changed in a database in place is cleaned; new content that takes a file's place is not."""
    assert action not in IN_PLACE
    data = small_story(f"{action}@1").certificate(KEY)
    assert (ours(data), theirs(data)) == (0, 0)


@pytest.mark.parametrize("action", sorted(IN_PLACE))
def test_both_ask_for_cleaning_in_a_database(action) -> None:
    """Whatever the way: a removal in place that does not say what was cleaned is refused by both."""

    def in_place(statement) -> None:
        for entry in statement["predicate"]["ledger"]["entries"]:
            if entry["kind"] == "removal_intent":
                entry["actions"] = [f"{action}@1"]
        rebuilt(statement)

    data = forged(CERTIFICATES[1], KEY, in_place)
    assert ours(data) == theirs(data) == 8


def test_both_refuse_another_type_a_stranger_and_another_subject() -> None:
    """The steps that mutations hardly reach: another type of payload, a stranger beside the issuer, another root."""
    payload = envelope.parse(CERTIFICATES[0]).payload
    signature = envelope.Signature(KEY.key_id, KEY.sign(envelope.pae("application/json", payload)))
    other_type = envelope.Envelope(payload, "application/json", (signature,)).to_bytes()
    assert (ours(other_type), theirs(other_type)) == (2, 2)
    stranger = envelope.cosign(CERTIFICATES[0], SECOND)
    assert (ours(stranger), theirs(stranger)) == (3, 3)
    subject = forged(CERTIFICATES[0], KEY, lambda s: s["subject"][0]["digest"].update(sha256="0" * 64))
    assert (ours(subject), theirs(subject)) == (6, 6)


# -- what the second checker is ------------------------------------------------------------------------


def _lines_of_code(source: str) -> int:
    """Return how many lines hold code: blank lines, comments and docstrings aside."""
    told: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.FunctionDef) and ast.get_docstring(node) is not None:
            told |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    layout = {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
    }
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    lines = {line for t in tokens if t.type not in layout for line in range(t.start[0], t.end[0] + 1)}
    return len(lines - told)


def test_it_is_short_and_shares_no_code() -> None:
    """It can be read in one sitting, and imports nothing but the standard library and `cryptography`."""
    source = TOOL.read_text(encoding="utf-8")
    assert _lines_of_code(source) < 200
    nodes = list(ast.walk(ast.parse(source)))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= {*sys.stdlib_module_names, "cryptography"}


def _run(*arguments) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-I",
        str(TOOL),
        *map(str, arguments),
    ]  # without PYTHONPATH: nothing of ours is near
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def files(tmp_path):
    (tmp_path / "c.json").write_bytes(CERTIFICATES[0])
    (tmp_path / "k.pub").write_bytes(KEY.public.pem())
    (tmp_path / "revoked").write_text(f"# lost on a train\n\n{KEY.key_id} 2026-11-23\n")
    return tmp_path


def test_as_a_program_it_prints_the_steps(files) -> None:
    """Numbered steps, and exit code 0 where all hold."""
    done = _run(files / "c.json", files / "k.pub")
    assert done.returncode == 0, done.stderr
    assert [line[:4] for line in done.stdout.splitlines()] == [f"({n}) "[:4] for n in range(1, 12)]


def test_as_a_program_it_refuses_with_a_reason(files) -> None:
    """The step that does not hold is the last line, with its reason, and the exit code is 4."""
    (files / "c.json").write_bytes(CERTIFICATES[0].replace(b"sig", b"sog"))
    done = _run(files / "c.json", files / "k.pub")
    assert done.returncode == 4
    assert done.stdout.splitlines()[-1].startswith("(1) does not hold: ")


def test_as_a_program_it_trusts_no_revoked_key(files) -> None:
    """A key on the list is not trusted, whatever time the certificate says."""
    done = _run(files / "c.json", files / "k.pub", "--revoked", files / "revoked")
    assert (done.returncode, done.stdout.splitlines()[-1][:17]) == (4, "(3) does not hold")


def test_as_a_program_it_refuses_a_key_of_another_kind(files) -> None:
    """A key that is not Ed25519 signs no certificate: exit code 4, not a fault."""
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    der = other.public_bytes(serialization.Encoding.DER, form)
    (files / "other.pub").write_bytes(other.public_bytes(serialization.Encoding.PEM, form))
    text = CERTIFICATES[0].replace(KEY.key_id.encode(), hashlib.sha256(der).hexdigest().encode())
    (files / "c.json").write_bytes(text)
    done = _run(files / "c.json", files / "other.pub")
    assert (done.returncode, done.stdout.splitlines()[-1][:17]) == (4, "(4) does not hold")


# -- the schema in the documentation -------------------------------------------------------------------


def test_the_published_schema_is_one() -> None:
    """It is JSON Schema, and any reader of that finds that a certificate fits it."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for data in CERTIFICATES:
        jsonschema.validate(canonical.loads(envelope.parse(data).payload), SCHEMA)
    free = {**canonical.loads(envelope.parse(CERTIFICATES[0]).payload), "note": "x"}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(free, SCHEMA)


def test_the_published_words_are_the_fixed_ones() -> None:
    """What a certificate leaves unproven is said in the words that the documentation fixes."""
    for name, words in (("general", not_proven.GENERAL), ("of_run", not_proven.OF_RUN)):
        told = [{"code": code.value, "text_en": en, "text_zh": zh} for code, (en, zh) in words.items()]
        assert SCHEMA["words"][name] == told
