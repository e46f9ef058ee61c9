"""Lists of what it takes to take systems away."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from rich.console import Console

from efface.detectors.system_device import SystemDevice
from efface.formats.device_facts import DeviceFacts, Gallery
from efface.model import (
    Artefact,
    Characteristic,
    ClearedDevice,
    Clue,
    ConfirmedStep,
    Finding,
    FiredRule,
    Form,
    Limits,
    Locator,
    Mode,
    RemovalStatus,
    StepOfPerson,
    Surroundings,
    Text,
    Verdict,
    VerdictKind,
)
from efface.report.decommission import Steps, decommission, render_json, steps_table
from efface.report.view import Coverage, RunView
from efface.sources.payloads import BytesPayload


def trace(system: str, tells: str, *signatures: str) -> Finding:
    clues = (Clue("system", system), Clue("tells", tells), *(Clue("signature", each) for each in signatures))
    kind = Characteristic.UNKNOWN if tells in ("detection", "device") else Characteristic.FACE
    place = Locator.of_file(f"/a/{system}").at(f"system={system}")
    return Finding("system-file@1", Form.SYSTEM, kind, place, 0.9, level=None, clues=clues)


def device(facts: DeviceFacts) -> tuple[Finding, ...]:
    place = Locator("device", ("192.0.2.1", facts.protocol))
    data = BytesPayload(facts.encode())
    artefact = Artefact(place, "application/json", data.size_bytes)
    return tuple(SystemDevice().detect(artefact, data, Surroundings(), Mode.STANDARD, Limits()))


def view(*findings: Finding, verdict: VerdictKind | None = None, lang: str = "en") -> RunView:
    rule = FiredRule("CN-VID-8", verdict, (), (), Text("", "")) if verdict else None
    verdicts = tuple(
        Verdict(each.id, verdict, (rule,), (), (), "", date(2025, 5, 1))
        for each in findings
        if verdict and rule and each.is_biometric
    )
    now = datetime(2026, 1, 2, tzinfo=UTC)
    return RunView(
        "0" * 16,
        "0",
        now,
        now,
        Mode.STANDARD,
        ("/a",),
        Coverage(),
        findings=findings,
        verdicts=verdicts,
        look="systems",
        lang=lang,
    )


def only(seen: RunView) -> Steps:
    (found,) = decommission(seen)
    return found


def test_every_kind_of_trace_has_its_step() -> None:
    """Packages, files, services, containers, code and galleries are taken away in different ways."""
    kinds = ("pip/a", "library/b", "service/c", "image/d", "code/e", "gallery/f", "endpoint/g")
    found = only(view(trace("x", "recognition", *kinds), verdict=VerdictKind.PROHIBITED))
    assert found.state == "due"
    assert len(found.steps) == len(kinds) + 1


def test_a_cloud_is_asked_in_writing() -> None:
    """An empty local gallery proves nothing."""
    found = only(view(trace("x", "cloud", "code/e"), verdict=VerdictKind.PROHIBITED))
    assert any("in writing" in each.what for each in found.steps)


@pytest.mark.parametrize(
    ("protocol", "who"),
    [("isapi", "software"), ("dahua", "software"), ("lapi", "person"), ("onvif", "person"), ("zk", "person")],
)
def test_a_device_is_counted_before_and_after_and_cleared_where_a_request_is_known(
    protocol: str, who: str
) -> None:
    """Efface counts; without a known request a person clears it at the device."""
    facts = DeviceFacts(protocol, "A device", kinds=("face",), galleries=(Gallery("1", "face", 12),))
    found = only(view(*device(facts), verdict=VerdictKind.PROHIBITED))
    assert [each.who for each in found.steps] == ["software", who, "software", "person", "software"]
    assert "12" in found.steps[0].what
    assert ("--clear-device 192.0.2.1" in found.steps[1].what) == (who == "software")


def camera(**more: object) -> RunView:
    facts = DeviceFacts("isapi", "Camera", kinds=("face",), galleries=(Gallery("1", "face", 12),))
    return replace(view(*device(facts), verdict=VerdictKind.PROHIBITED), **more)


def told(after: int | None, status: RemovalStatus) -> ClearedDevice:
    return ClearedDevice("192.0.2.1", "2026-01-02T03:04:05Z", ("a.b",), 12, after, status, "Order 12")


OFF = ConfirmedStep(
    "Camera @ 192.0.2.1", StepOfPerson.DEVICE_OFF, "A. Example", "2026-01-02T03:04:05Z", "lobby"
)


@pytest.mark.parametrize(
    ("after", "status", "expected"),
    [
        (0, RemovalStatus.REMOVED, "removed"),
        (3, RemovalStatus.FAILED, "failed"),
        (None, RemovalStatus.FAILED, "unknown"),
        (None, RemovalStatus.PLANNED, "unknown"),
    ],
)
def test_a_device_that_was_told_shows_its_counts(
    after: int | None, status: RemovalStatus, expected: str
) -> None:
    """Cleared, not cleared, or not known: stopped before the count is not known."""
    seen = camera(cleared=(told(after, status),))
    document = json.loads(render_json(seen, decommission(seen)))["systems"][0]
    steps = {each["step"]: each for each in document["steps"]}
    assert steps["device_clear"]["state"] == steps["device_again"]["state"] == expected
    assert steps["device_clear"]["counted"]["after"] == after
    assert document["state"] == "due"
    assert steps["device_off"]["state"] == "open"


def test_a_list_is_confirmed_when_each_step_of_a_person_is() -> None:
    """Then only a second look is missing; who confirmed a step stands beside it."""
    seen = camera(cleared=(told(0, RemovalStatus.REMOVED),), confirmed=(OFF,))
    found = only(seen)
    assert found.state == "confirmed"
    step = next(each for each in found.steps if each.name == "device_off")
    assert (step.state, step.confirmed) == ("confirmed", OFF)
    console = Console(width=240)
    with console.capture() as captured:
        console.print(steps_table(seen, (found,)))
    assert "A. Example confirmed it" in captured.get()
    assert "12 -> 0" in captured.get()


def test_the_word_of_a_person_does_not_outweigh_a_count() -> None:
    """Who says that a device is cleared which counts people is not believed."""
    by_hand = replace(OFF, step=StepOfPerson.DEVICE_CLEAR)
    seen = camera(cleared=(told(3, RemovalStatus.FAILED),), confirmed=(OFF, by_hand))
    assert only(seen).state == "due"
    assert only(camera(confirmed=(OFF, by_hand))).state == "confirmed"


@pytest.mark.parametrize("system", ["Camera", "Camera @ 192.0.2.2", "Other @ 192.0.2.1"])
def test_a_step_of_another_system_confirms_nothing(system: str) -> None:
    """Two cameras of one make are two lists."""
    assert only(camera(confirmed=(replace(OFF, system=system),))).state == "due"


def test_what_was_not_judged_is_said_to_be_so() -> None:
    """A list is no order."""
    assert "not judged" in only(view(trace("x", "recognition", "pip/a"))).steps[0].what


@pytest.mark.parametrize("kind", [VerdictKind.HOLD, VerdictKind.FREEZE])
def test_what_is_held_is_not_to_be_touched(kind: VerdictKind) -> None:
    """A hold leaves one sentence with its rule, and no step."""
    found = only(view(trace("x", "recognition", "pip/a", "library/b"), verdict=kind))
    assert found.state == "held"
    assert [each.who for each in found.steps] == ["nobody"]
    assert "CN-VID-8" in found.steps[0].what


def test_a_library_of_public_security_is_not_to_be_touched() -> None:
    """It says who may not, cites the article, and does not make up who may."""
    found = only(view(*device(DeviceFacts("gat1400", "GA/T 1400 view library", is_public=True))))
    assert found.state == "held"
    assert [each.who for each in found.steps] == ["nobody"]
    assert "23(2)" in found.steps[0].what


@pytest.mark.parametrize("kind", [VerdictKind.PERMITTED, VerdictKind.OUT_OF_SCOPE, VerdictKind.NEEDS_FACTS])
def test_what_no_verdict_forbids_is_not_asked_for(kind: VerdictKind) -> None:
    """Permitted, or not decided: nothing has to go by this list."""
    found = only(view(trace("x", "recognition", "pip/a"), verdict=kind))
    assert found.state == ("open" if kind is VerdictKind.NEEDS_FACTS else "none")
    assert len(found.steps) == 1


def test_what_only_detects_has_no_list() -> None:
    """A face detector alone does not have to go."""
    assert decommission(view(trace("x", "detection", "pip/a"))) == ()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_table_has_room_for_a_name(lang: str) -> None:
    """Who confirms a step signs for it."""
    seen = view(trace("x", "recognition", "pip/a"), lang=lang)
    console = Console(width=200)
    with console.capture() as captured:
        console.print(steps_table(seen, decommission(seen)))
    assert captured.get().count("_" * 16) == len(only(seen).steps)


def test_the_document_leaves_confirmations_open() -> None:
    """Nothing is confirmed by being listed."""
    seen = view(trace("x", "recognition", "pip/a"))
    document = json.loads(render_json(seen, decommission(seen)))
    assert document["schema"] == "efface/decommission/v1"
    assert {step["confirmed_by"] for step in document["systems"][0]["steps"]} == {None}
    assert decommission(replace(seen, findings=())) == ()
