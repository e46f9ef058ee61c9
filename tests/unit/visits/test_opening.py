"""A bundle holds as it was sealed, and in no other form."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from efface.errors import EvidenceError, UsageError
from efface.evidence.keys import SigningKey
from efface.runs.store import Store
from efface.visits.bundle import read, write
from efface.visits.log import Log
from efface.visits.manifest import signed
from efface.visits.opening import check_bundle
from efface.visits.runs import LEDGER, fields_of
from efface.visits.seal import seal
from efface.visits.visit import Visit, open_visit


def failed_at(data: bytes, signer: SigningKey, **more: object) -> int | None:
    """Return the number of the step that fails."""
    checked = check_bundle(data, [signer.public], **more)  # type: ignore[arg-type]
    assert (checked.sealing is None) == any(step.ok is not True for step in checked.steps)
    return next((step.number for step in checked.steps if step.ok is False), None)


def test_a_sealed_bundle_holds_and_says_what_the_visit_said(
    bundle: bytes, signer: SigningKey, visit: Visit
) -> None:
    """All steps pass; log, runs and baseline can be read from it."""
    sealing = check_bundle(bundle, [signer.public]).sealing
    assert sealing is not None
    assert sealing.log.opened.premises == "Sales office"
    assert [run.found[0].findings for run in sealing.runs] == [2]
    assert sealing.baseline(sealing.runs[0]).total == 2
    assert {"record.html", "extraction.html", "log.jsonl", "manifest.json"} <= set(sealing.files)


def test_the_records_leave_objections_and_signatures_blank(bundle: bytes) -> None:
    """What only people can say is not made up; Chinese comes first where it was asked for."""
    files = read(bundle)
    page = files["record.html"].decode()
    assert page.index("现场检查笔录") < page.index("Record of an inspection on site")
    assert page.count("________________________") >= 6
    assert "电子数据提取笔录" in files["extraction.html"].decode()


@pytest.mark.parametrize(
    "name", ["log.jsonl", "record.html", "03-run.json", "03-ledger.jsonl", "03-baseline.json", "04-paper.txt"]
)
def test_every_file_that_is_changed_is_seen(bundle: bytes, signer: SigningKey, name: str) -> None:
    """One byte of any file is enough."""
    files = read(bundle)
    changed = bytearray(files[name])
    changed[len(changed) // 2] ^= 1
    assert failed_at(write({**files, name: bytes(changed)}), signer) == 6


def test_every_file_is_named_by_that_test(bundle: bytes) -> None:
    """No kind of file is left out above."""
    assert {name.rpartition(".")[0] for name in read(bundle)} == {
        *("log", "record", "extraction", "manifest", "03-run", "03-ledger", "03-baseline", "04-paper")
    }


def test_a_file_that_is_missing_or_added_is_seen(bundle: bytes, signer: SigningKey) -> None:
    """The manifest lists all there is."""
    files = read(bundle)
    assert (
        failed_at(write({name: data for name, data in files.items() if name != "04-paper.txt"}), signer) == 6
    )
    assert failed_at(write({**files, "09-paper.txt": b"x"}), signer) == 6
    assert (
        failed_at(write({name: data for name, data in files.items() if name != "manifest.json"}), signer) == 2
    )


def resigned(files: dict[str, bytes], log: Log, signer: SigningKey) -> bytes:
    """Return a bundle whose manifest is made anew by whoever has the key."""
    rest = {name: data for name, data in files.items() if name != "manifest.json"}
    return write({**rest, "manifest.json": signed(rest, log, signer)})


def test_a_line_that_is_taken_out_of_the_log_is_seen_even_under_the_right_key(
    bundle: bytes, signer: SigningKey
) -> None:
    """Who has the key would have to write all later lines anew."""
    files = read(bundle)
    log = Log(files["log.jsonl"])
    lines = files["log.jsonl"].splitlines(keepends=True)
    files["log.jsonl"] = b"".join((lines[0], *lines[2:]))
    assert failed_at(resigned(files, log, signer), signer) == 7


def test_a_log_that_was_cut_before_its_seal_is_seen(bundle: bytes, signer: SigningKey) -> None:
    """A bundle ends with the seal that it is of."""
    files = read(bundle)
    log = Log(files["log.jsonl"])
    files["log.jsonl"] = b"".join(files["log.jsonl"].splitlines(keepends=True)[:-1])
    assert failed_at(resigned(files, log, signer), signer) == 7


def test_a_file_that_the_log_does_not_know_is_seen_even_under_the_right_key(
    bundle: bytes, signer: SigningKey
) -> None:
    """Manifest and log have to say the same."""
    files = read(bundle)
    log = Log(files["log.jsonl"])
    assert failed_at(resigned({**files, "04-paper.txt": b"another"}, log, signer), signer) == 8
    assert failed_at(resigned({**files, "02-photo.jpg": b"x"}, log, signer), signer) == 8


def test_a_manifest_of_another_bundle_is_seen(bundle: bytes, signer: SigningKey, visit: Visit) -> None:
    """The second seal of the same visit is another bundle; its manifest does not fit the first."""
    made: list[bytes] = []
    again = open_visit(visit.folder)
    seal(again, signer, made.append, "zh")
    second = made[0]
    assert second != bundle
    assert again.log.seals == 2
    assert failed_at(second, signer) is None
    swapped = {**read(bundle), "manifest.json": read(second)["manifest.json"]}
    assert failed_at(write(swapped), signer) == 6


def test_another_key_and_a_revoked_key_are_refused(bundle: bytes, signer: SigningKey) -> None:
    """Trust is in keys that the reader names."""
    other = SigningKey.new()
    assert failed_at(bundle, other) == 3
    assert failed_at(bundle, signer, revoked=frozenset({signer.key_id})) == 3
    log = Log(read(bundle)["log.jsonl"])
    assert failed_at(resigned(read(bundle), log, other), signer) == 3
    assert failed_at(resigned(read(bundle), log, other), other) == 7  # its seal names the first key


LEDGERS = {
    "an entry is taken out": lambda lines: lines[1:],
    "an entry is there twice": lambda lines: [*lines, lines[-1]],
    "an entry is changed": lambda lines: [lines[0].replace(b'"targets":1', b'"targets":2'), *lines[1:]],
    "no entry": lambda _lines: [],
}


@pytest.mark.parametrize("change", LEDGERS.values(), ids=LEDGERS)
def test_a_ledger_that_does_not_hold_is_seen_even_where_it_was_sealed(
    run_file: Path, tmp_path: Path, signer: SigningKey, change: Callable[[list[bytes]], list[bytes]]
) -> None:
    """Whoever writes a visit by hand still has to have a run that happened in that order."""
    with Store(str(run_file), create=False) as store:
        fields, files = fields_of(store, "en")
    lines = change(files[LEDGER].splitlines(keepends=True))
    head = {"premises": "P", "people": [{"name": "A", "role": "b"}], "mandate": "M", "authorisation": "N"}
    visit = Visit.new(str(tmp_path / "visit"), {**head, "clock_offset_s": None})
    visit.add(fields, {**files, LEDGER: b"".join(lines)}, "reports")
    made: list[bytes] = []
    seal(visit, signer, made.append, "en")
    assert failed_at(made[0], signer) == 9


def test_nothing_is_added_after_the_seal(bundle: bytes, visit: Visit) -> None:
    """A sealed visit is over."""
    with pytest.raises(UsageError, match="sealed"):
        open_visit(visit.folder).add_note("late")


def test_what_was_changed_in_the_folder_is_not_sealed(tmp_path: Path, signer: SigningKey) -> None:
    """A seal is over what was added, not over what lies there by now."""
    head = {"premises": "P", "people": [{"name": "A", "role": "b"}], "mandate": "M", "authorisation": "N"}
    visit = Visit.new(str(tmp_path / "visit"), {**head, "clock_offset_s": None})
    entry = visit.add_paper(b"an order")
    made: list[bytes] = []
    Path(visit.path(entry.files[0].name)).write_bytes(b"no order")
    with pytest.raises(EvidenceError, match="not what the log says"):
        seal(visit, signer, made.append, "en")
    Path(visit.path(entry.files[0].name)).unlink()
    with pytest.raises(EvidenceError, match="cannot be read"):
        seal(visit, signer, made.append, "en")
    assert made == []
    assert open_visit(visit.folder).log.seals == 0
