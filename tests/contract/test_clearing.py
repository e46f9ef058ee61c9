"""Clearing galleries in devices: what every device that may be told to forget is held to, on simulators on loopback."""

from __future__ import annotations

import json
import shutil
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from efface.engines import device_http
from efface.errors import AccessError, EffaceError, UsageError
from efface.evidence.keys import SigningKey
from efface.model import VerdictKind
from efface.runs import clearing
from efface.runs.certifying import certify
from efface.runs.clearing import Clearance, clear_device
from efface.runs.decommissioning import cleared
from efface.runs.store import Store
from efface.sources import credentials, device_clearing
from efface.testing import devices
from efface.testing.devices import PASSWORD, USER, Device, Manner
from efface.testing.inspections import inspected, judged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.usefixtures("_at_once")

MAKERS: dict[str, tuple[Callable[[], Device], int]] = {
    "a Hikvision access terminal": (devices.hikvision, 35),
    "a Hikvision recorder": (devices.hikvision_recorder, 15),
    "a Dahua camera": (devices.dahua, 30),
}
ORDER = "Order 12 of the bureau"


@dataclass
class Site:
    """A device that is served, the run that inspected it, and how many people it counts."""

    device: Device
    run: str
    persons: int
    fresh: dict[str, Any] = field(default_factory=dict)

    def clear(self, confirmed: int | None = None, **more: Any) -> Clearance:
        with Store(self.run, create=False) as store:
            return clear_device(store, self.device.address, ORDER, USER, confirmed, **more)

    def entries(self, *kinds: str) -> list[dict[str, Any]]:
        with Store(self.run, create=False) as store:
            return [each for each in store.ledger.read() if not kinds or each["kind"] in kinds]

    @property
    def changes(self) -> list[str]:
        """What was asked of the device that changes it."""
        words = ("deleteGroup", "setGroup", "Delete?")
        return [
            each
            for each in self.device.asked
            if each.startswith(("PUT", "DELETE")) or any(word in each for word in words)
        ]

    @property
    def left(self) -> int:
        """How many people the device really holds."""
        return sum(self.device.galleries.values()) + max(self.device.users, 0)


@pytest.fixture
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_http, "_PAUSE_S", 0.0)
    monkeypatch.setattr(clearing, "_WAITS_S", (0.0,))
    monkeypatch.setattr(device_clearing, "_WAITS_S", (0.0, 0.0))
    monkeypatch.setattr(credentials, "_vault", {})
    monkeypatch.setenv("EFFACE_DEVICE_PASSWORD", PASSWORD)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Site]]:
    """Each device on a port, and a run that inspected it and judged it a violation; made once."""
    folder, found = tmp_path_factory.mktemp("runs"), {}
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setattr(device_http, "_PAUSE_S", 0.0)
        for number, (name, (make, persons)) in enumerate(MAKERS.items()):
            device = stack.enter_context(devices.serve(make()))
            path = str(folder / f"{number}.sqlite")
            inspected(path, f"device://{device.address}", USER, PASSWORD)
            judged(path, VerdictKind.PROHIBITED)
            fresh = {"galleries": dict(device.galleries), "users": device.users}
            fresh |= {"is_deployed": device.is_deployed, "manner": Manner.OBEYS, "is_mute": False}
            found[name] = Site(device, path, persons, fresh)
        yield found


@pytest.fixture(params=MAKERS)
def site(request: pytest.FixtureRequest, served: dict[str, Site], tmp_path: Path) -> Site:
    return fresh(served[request.param], tmp_path)


@pytest.fixture
def terminal(served: dict[str, Site], tmp_path: Path) -> Site:
    return fresh(served["a Hikvision access terminal"], tmp_path)


def fresh(made: Site, folder: Path) -> Site:
    """Return a site as it was after its inspection."""
    for name, value in made.fresh.items():
        setattr(made.device, name, dict(value) if isinstance(value, dict) else value)
    for noted in (made.device.asked, made.device.bodies, made.device.logins, made.device.headers):
        noted.clear()
    copy = folder / "run.sqlite"
    shutil.copyfile(made.run, copy)
    copy.chmod(0o600)
    return Site(made.device, str(copy), made.persons)


# -- nothing is sent before it was read ------------------------------------------------------------------


def test_without_a_confirmation_it_counts_and_tells_what_would_be_sent(site: Site) -> None:
    """The plan names requests, and how many people go with each; the device and the ledger are as they were."""
    before, size = site.left, len(site.entries())
    found = site.clear()
    assert (found.state, found.persons, found.sent) == ("planned", site.persons, ())
    assert sum(each.persons for each in found.told) == site.persons
    assert (site.changes, site.left, len(site.entries())) == ([], before, size)


@pytest.mark.parametrize("off_by", [-1, 1])
def test_another_number_than_was_counted_sends_nothing(site: Site, off_by: int) -> None:
    """Who confirms repeats what the device counts now."""
    with pytest.raises(UsageError, match=f"counts {site.persons}"):
        site.clear(site.persons + off_by)
    assert site.changes == []
    assert site.entries("removal_intent") == []


def test_what_would_go_is_told_with_cards_and_rights(terminal: Site) -> None:
    """Of an access terminal everybody goes, those without a face among them: the number says so."""
    people, *libraries = terminal.clear().told
    assert (people.takes, people.persons) == ("people", 20)
    assert [each.persons for each in libraries] == [12, 3]


@pytest.mark.parametrize(
    ("kind", "match"),
    [
        (VerdictKind.HOLD, "held: TEST-1"),
        (VerdictKind.FREEZE, "held: TEST-1"),
        (VerdictKind.NEEDS_FACTS, "facts are missing"),
        (VerdictKind.PERMITTED, "not judged a violation"),
        (VerdictKind.OUT_OF_SCOPE, "not judged a violation"),
        (VerdictKind.CONDITIONAL_OK, "not judged a violation"),
    ],
)
def test_only_a_violation_is_cleared(terminal: Site, kind: VerdictKind, match: str) -> None:
    """What is held, open or allowed is refused before the device is asked anything."""
    judged(terminal.run, kind)
    with pytest.raises(UsageError, match=match):
        terminal.clear(terminal.persons)
    assert terminal.device.asked == []


@pytest.mark.parametrize("but", ["system=", "staticFD", "device"])
def test_what_was_not_judged_is_not_cleared(terminal: Site, but: str) -> None:
    """The system and each gallery must have been judged."""
    judged(terminal.run, VerdictKind.PROHIBITED, but=[but])
    with pytest.raises(UsageError, match="not judged"):
        terminal.clear(terminal.persons)
    assert terminal.device.asked == []


def test_under_the_rule_of_two_persons_nobody_clears_alone(terminal: Site) -> None:
    """A plan that another person signed cannot bind what a device holds."""
    with Store(terminal.run) as store, store.transaction():
        store.set_meta("persons", json.dumps(["a" * 64, "b" * 64]))
    with pytest.raises(UsageError, match="two persons"):
        terminal.clear(terminal.persons)
    assert terminal.device.asked == []


def test_an_inspection_that_is_not_finished_is_refused(terminal: Site) -> None:
    """What was not looked at to its end was not judged, either."""
    with Store(terminal.run) as store, store.transaction():
        store.set_meta("finished_at", "")
    with pytest.raises(UsageError, match="not finished"):
        terminal.clear(terminal.persons)


def test_a_gallery_that_the_run_did_not_see_is_not_cleared(terminal: Site) -> None:
    """Nobody judged it: inspect again."""
    terminal.device.galleries["blackFD/3"] = 4
    with pytest.raises(UsageError, match="did not see"):
        terminal.clear(terminal.persons + 4)
    assert terminal.changes == []


@pytest.mark.parametrize("authorisation", ["", "   ", "x" * 501])
def test_without_an_authorisation_nothing_is_asked(terminal: Site, authorisation: str) -> None:
    """Neither a count nor a clear."""
    with Store(terminal.run) as store, pytest.raises(UsageError, match="authorisation"):
        clear_device(store, terminal.device.address, authorisation, USER, terminal.persons)
    assert terminal.device.asked == []


@pytest.mark.parametrize("address", ["192.0.2.77", "zk://192.0.2.77", "a b", "10.0.0.0/8"])
def test_a_device_that_the_run_does_not_know_is_refused(terminal: Site, address: str) -> None:
    """Only what was inspected is cleared."""
    with Store(terminal.run) as store, pytest.raises(UsageError):
        clear_device(store, address, ORDER, USER, 1)


def test_a_library_of_public_security_is_never_cleared(terminal: Site, tmp_path: Path) -> None:
    """One that was inspected is refused unasked; one that answers since is refused before anything is sent."""
    with devices.serve(devices.public_library()) as library:
        path = str(tmp_path / "public.sqlite")
        inspected(path, f"device://{library.address}", USER, PASSWORD)
        library.asked.clear()
        with Store(path) as store, pytest.raises(UsageError, match="public security"):
            clear_device(store, library.address, ORDER, USER, 1)
        assert library.asked == []
    answer = terminal.device.answer
    terminal.device.answer = lambda device, method, target, body: (
        (200, json.dumps({"SystemTimeObject": {}}))
        if "/VIID/" in target
        else answer(device, method, target, body)
    )
    terminal.device.has_login = False  # its time is told to everybody
    try:
        with pytest.raises(UsageError, match="public security"):
            terminal.clear(terminal.persons)
    finally:
        terminal.device.answer, terminal.device.has_login = answer, True
    assert terminal.changes == []


def test_a_device_without_a_known_request_is_left_to_a_person(tmp_path: Path) -> None:
    """Of Uniview's protocol no request is known well enough."""
    with devices.serve(devices.uniview()) as device:
        path = str(tmp_path / "run.sqlite")
        inspected(path, f"device://{device.address}", USER, PASSWORD)
        judged(path, VerdictKind.PROHIBITED)
        before = len(device.asked)
        with Store(path) as store, pytest.raises(UsageError, match="no request is known"):
            clear_device(store, device.address, ORDER, USER, 5)
        assert len(device.asked) == before


def test_a_device_that_does_not_count_is_not_cleared(site: Site) -> None:
    """Without a number nobody can confirm one."""
    site.device.is_mute = True
    with pytest.raises(UsageError):
        site.clear(site.persons)
    assert site.changes == []


def test_a_wrong_password_is_tried_once(terminal: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """No account is locked, and nothing is sent that changes."""
    monkeypatch.setenv("EFFACE_DEVICE_PASSWORD", "wrong")
    with pytest.raises(AccessError, match="asked once"):
        terminal.clear(terminal.persons)
    assert terminal.device.logins == [False]
    assert terminal.changes == []


def test_another_certificate_than_at_the_inspection_is_refused(tmp_path: Path) -> None:
    """Who stands in between now is not told to forget, and a plain connection is not tried instead."""
    device, path = devices.hikvision(), str(tmp_path / "run.sqlite")
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        pem, _ = devices.certificate(tmp_path / name)
        with devices.serve(device, pem):
            if name == "first":
                inspected(path, f"device://{device.address}", USER, PASSWORD)
                judged(path, VerdictKind.PROHIBITED)
                known = device.address
                continue
            device.asked.clear()
            with Store(path) as store, pytest.raises(AccessError):
                clear_device(store, known, ORDER, USER, 35)
        assert device.asked == []


# -- counted, cleared, counted again ---------------------------------------------------------------------


def test_it_is_cleared_and_counted_again(site: Site) -> None:
    """Only requests of the table go out, and the ledger tells both counts, the requests and the authorisation."""
    plan = site.clear()
    found = site.clear(site.persons)
    assert (found.state, found.after, site.left) == ("removed", 0, 0)
    assert {*site.changes} <= {each.line for each in plan.told}
    assert PASSWORD not in json.dumps(site.entries())
    (asked,), (count,) = site.entries("gallery_asked"), site.entries("gallery_counted")
    assert (asked["persons"], count["persons"]) == (site.persons, 0)
    assert asked["requests"] == [each.clearing.value for each in plan.told]
    with Store(site.run) as store:
        (told,) = cleared(store)
    assert (told.authorisation, told.before, told.after, told.status) == (ORDER, site.persons, 0, "removed")


def test_a_second_run_changes_nothing(site: Site) -> None:
    """Neither the device nor the ledger."""
    site.clear(site.persons)
    sent, size = len(site.changes), len(site.entries())
    assert site.clear(site.persons).state == "nothing"
    assert site.clear().state == "nothing"
    assert (len(site.changes), len(site.entries())) == (sent, size)


def test_libraries_that_went_with_the_people_are_not_told_twice(terminal: Site) -> None:
    """The terminal's own library is empty by then; the other one is deleted."""
    terminal.clear(terminal.persons)
    assert [each for each in terminal.changes if each.startswith("DELETE")] == 2 * [
        "DELETE /ISAPI/Intelligent/FDLib/2"
    ]


@pytest.mark.parametrize("manner", [Manner.REFUSES, Manner.UNKNOWING, Manner.DROPS_FIRST])
def test_what_was_not_done_is_told(terminal: Site, manner: Manner) -> None:
    """Refused, unknown, or no answer: the device still counts people."""
    terminal.device.manner = manner
    found = terminal.clear(terminal.persons)
    assert (found.state, found.after, terminal.left) == ("failed", terminal.persons, terminal.persons)


def test_an_ok_is_not_believed(site: Site) -> None:
    """Accepted, and nothing done: not cleared; the next call may try again."""
    site.device.manner = Manner.PRETENDS
    before = site.left
    found = site.clear(site.persons)
    assert {each.answer for each in found.sent} == {"accepted"}
    assert (found.state, found.after, site.left) == ("failed", site.persons, before)
    assert [each["reason"] for each in site.entries("removal_failed")] == ["residue"]
    site.device.manner = Manner.OBEYS
    assert site.clear(site.persons).state == "removed"


def test_a_device_that_stays_at_work_has_not_cleared(terminal: Site) -> None:
    """Accepted and never done: it is asked for its progress a few times, and counted."""
    terminal.device.manner = Manner.HANGS
    found = terminal.clear(terminal.persons)
    assert found.sent[0].answer == "at_work"
    assert (found.state, found.after) == ("failed", terminal.persons)
    assert [each["reason"] for each in terminal.entries("removal_failed")] == ["timeout"]


def test_a_lost_answer_is_told_by_the_count(site: Site) -> None:
    """The connection ends after the device obeyed: each call goes on from what it counts then."""
    site.device.manner = Manner.DROPS
    states = []
    for _ in range(3):
        left = site.clear()
        states.append(left.state)
        if left.state != "planned":
            break
        states.append(site.clear(left.persons).state)
    assert site.left == 0
    assert states[-1] in ("nothing", "removed")
    assert "unknown" not in states


def test_without_a_count_nobody_knows_until_the_next_call(site: Site) -> None:
    """It obeys and goes silent: unknown, whatever it answered; the next call counts and finishes, and sends nothing."""
    site.device.manner = Manner.MUTE
    found = site.clear(site.persons)
    assert (found.state, found.after) == ("unknown", None)
    with pytest.raises(EffaceError):
        site.clear(site.persons)
    site.device.manner, site.device.is_mute = Manner.OBEYS, False
    sent = len(site.changes)
    left = site.clear()
    if left.state == "planned":  # what was silent before all was told
        left, sent = site.clear(left.persons), None
    assert left.state == "removed"
    assert sent is None or len(site.changes) == sent
    assert site.left == 0


def test_a_password_that_changes_on_the_way_is_tried_once(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is left to be sent or counted: one refusal, and nothing more is asked."""
    monkeypatch.setattr(clearing, "_WAITS_S", (0.0, 0.0, 0.0))
    take = site.device.change

    def changed(does: Callable[[], object], said: str) -> tuple[int, str]:
        site.device.password = "another"  # noqa: S105 - simulated
        return take(does, said)

    monkeypatch.setattr(site.device, "change", changed, raising=False)
    try:
        found = site.clear(site.persons)
    finally:
        site.device.password = PASSWORD
    assert found.state == "unknown"
    assert site.device.logins.count(False) == 1


def test_what_answers_everything_alike_has_counted_nothing(served: dict[str, Site], tmp_path: Path) -> None:
    """An empty page with the status OK is no device without people."""
    camera = fresh(served["a Dahua camera"], tmp_path)
    camera.device.manner = Manner.PRETENDS
    assert camera.clear(camera.persons).state == "failed"
    answer, camera.device.answer = camera.device.answer, lambda *_: (200, "")
    try:
        with pytest.raises(UsageError, match="protocol"):
            camera.clear()
    finally:
        camera.device.answer = answer
    assert camera.entries("removal_done") == []


def test_a_log_in_that_is_refused_on_the_way_ends_everything(terminal: Site) -> None:
    """The account may count and not clear: nothing more is asked, not even for a count."""

    def guarded(device: Device, method: str, target: str, body: str) -> tuple[int, str]:
        return (401, "") if method != "GET" else answer(device, method, target, body)

    answer, terminal.device.answer = terminal.device.answer, guarded
    try:
        found = terminal.clear(terminal.persons)
    finally:
        terminal.device.answer = answer
    assert (found.state, [each.answer for each in found.sent]) == ("unknown", ["login_refused"])
    assert terminal.device.asked[-1].startswith("PUT")


# -- a process that ends in between ----------------------------------------------------------------------


class Stopped(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("at", ["intent", "sent"])
def test_after_a_stop_the_next_call_counts_and_finishes(site: Site, at: str) -> None:
    """What was intended is on file before it is sent; then the count tells what was done."""

    def stop(name: str) -> None:
        if name == at:
            raise Stopped

    with pytest.raises(Stopped):
        site.clear(site.persons, step=stop)
    with Store(site.run) as store:
        (told,) = cleared(store)
    assert (told.status, told.after) == ("planned", None)
    assert len(site.changes) == (0 if at == "intent" else len(site.changes))
    assert (site.left == 0) == (at == "sent")
    found = site.clear()
    assert found.state == ("planned" if at == "intent" else "removed")
    if at == "intent":
        assert site.clear(site.persons).state == "removed"
    assert site.left == 0
    assert certified(site)["removals"][0]["actions"] == ["clear-device@1"]


def test_no_certificate_while_nobody_knows_what_was_done(site: Site) -> None:
    """After a stop the certificate waits for a count; a silent device is one, and is called unknown."""

    def stop(name: str) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        site.clear(site.persons, step=stop)
    with pytest.raises(EffaceError, match="never ended"):
        certified(site)
    site.device.is_mute = True
    with pytest.raises(EffaceError):
        site.clear()
    assert "devices_unknown" in {each["code"] for each in certified(site)["not_proven"]}


# -- the certificate -------------------------------------------------------------------------------------


def certified(site: Site) -> dict[str, Any]:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from efface.evidence import canonical, envelope

    written: list[bytes] = []
    with Store(site.run, create=False) as store:
        certify(store, SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(32))), written.append)
    predicate: dict[str, Any] = canonical.loads(envelope.parse(written[0]).payload)["predicate"]
    return predicate


def test_a_certificate_tells_what_was_counted_by_whom(site: Site) -> None:
    """The galleries are removed by the device's own count, and the certificate says that it is no more than that."""
    site.clear(site.persons)
    said = certified(site)
    stands = {each["form"]: each["status"] for each in said["findings"]}
    assert stands == {"reference_database": "removed", "system": "remaining"}
    assert [each["kind"] for each in said["decommissioned"]] == ["gallery_asked", "gallery_counted"]
    assert "own_count" in {each["code"] for each in said["not_proven"]}
    assert site.device.address not in json.dumps(said)
    assert ORDER not in json.dumps(said)


def test_a_certificate_calls_a_failure_one(site: Site) -> None:
    """What the device still counts is no removal."""
    site.device.manner = Manner.PRETENDS
    site.clear(site.persons)
    said = certified(site)
    assert said["removals"] == []
    assert {each["status"] for each in said["findings"] if each["form"] != "system"} == {"failed"}
