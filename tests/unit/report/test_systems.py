"""One picture of a site: systems with their traces, as a table and as a CycloneDX inventory."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from importlib import resources

import pytest
from jsonschema import Draft7Validator
from referencing import Registry, Resource
from rich.console import Console

from efface.model import Characteristic, Clue, Finding, Form, Locator, Mode, Verdict, VerdictKind
from efface.report import html, sarif, sbom
from efface.report.arrange import headline_key
from efface.report.systems import systems, systems_table
from efface.report.texts import has
from efface.report.view import Coverage, RunView


def trace(path: str, system: str, tells: str, signature: str, **more: str) -> Finding:
    face = tells in ("recognition", "cloud", "enrolment")
    clues = {"system": system, "tells": tells, "signature": signature, **more}
    return Finding(
        "system-package@1",
        Form.SYSTEM,
        Characteristic.FACE if face else Characteristic.UNKNOWN,
        Locator.of_file(path).at(f"system={system}"),
        0.9,
        level=None,
        clues=tuple(Clue(name, value) for name, value in clues.items()),
    )


FOUND = (
    trace("/a/b.dist-info/METADATA", "deepface", "recognition", "pip/deepface", version="0.0.9"),
    trace("/a/app.py", "deepface", "recognition", "code/py-deepface", lines="3, 17"),
    trace("/a/libCNamaSDK.so", "FaceUnity effects", "effects", "library/faceunity", vendor="FaceUnity"),
    trace("/a/x.onnx", "a face recogniser (network)", "recognition", "graph/face-recogniser"),
    trace("/a/pom.xml", "ArcSoft ArcFace", "recognition", "maven/com.arcsoft.face:*"),
)
VIEW = RunView(
    run_id="0123456789abcdef",
    tool_version="0",
    started_at=datetime(2020, 11, 27, 8, tzinfo=UTC),
    finished_at=datetime(2020, 11, 27, 9, tzinfo=UTC),
    mode=Mode.STANDARD,
    targets=("/a",),
    coverage=Coverage(),
    findings=FOUND,
    look="systems",
    lang="en",
)


def validator() -> Draft7Validator:
    folder = resources.files("cyclonedx.schema._res")
    schema = json.loads(folder.joinpath("bom-1.6.SNAPSHOT.schema.json").read_text("utf-8"))
    base = schema["$id"].rpartition("/")[0]
    others = Registry().with_resources(
        (f"{base}/{name}", Resource.from_contents(json.loads(folder.joinpath(name).read_text("utf-8"))))
        for name in ("spdx.SNAPSHOT.schema.json", "jsf-0.82.SNAPSHOT.schema.json")
    )
    return Draft7Validator(schema, registry=others)


def test_traces_of_one_system_are_one_row() -> None:
    """Those that recognise come first; kinds of traces are counted."""
    found = systems(VIEW)
    assert found[-1].name == "FaceUnity effects"
    assert not found[-1].recognises
    assert {each.name: each.kinds for each in found}["deepface"] == {"pip": 1, "code": 1}


def test_the_strongest_verdict_of_a_system_is_shown() -> None:
    """One prohibited trace makes the row prohibited."""
    verdicts = tuple(
        Verdict(FOUND[number].id, kind, (), (), (), "", datetime(2020, 12, 1, tzinfo=UTC).date())
        for number, kind in enumerate((VerdictKind.PERMITTED, VerdictKind.PROHIBITED))
    )
    by_name = {each.name: each for each in systems(replace(VIEW, verdicts=verdicts))}
    verdict = by_name["deepface"].verdict
    assert verdict is not None
    assert verdict.kind is VerdictKind.PROHIBITED
    assert by_name["ArcSoft ArcFace"].verdict is None


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_table_names_systems_and_lines(lang: str) -> None:
    """Who reads the table sees the file and the lines of a call."""
    console = Console(width=240, record=True, file=None, quiet=False)
    with console.capture() as captured:
        console.print(systems_table(replace(VIEW, lang=lang)))
    said = captured.get()
    assert "deepface" in said
    assert "app.py:3, 17" in said


def test_the_inventory_is_valid_cyclonedx() -> None:
    """The official schema of version 1.6 accepts it."""
    assert not list(validator().iter_errors(json.loads(sbom.render(VIEW))))


def test_the_validator_would_tell() -> None:
    """A component without a type is refused by the schema, so acceptance means something."""
    document = json.loads(sbom.render(VIEW))
    del document["components"][0]["type"]
    assert list(validator().iter_errors(document))


def test_what_recognises_is_marked_and_packages_have_their_url() -> None:
    """Properties say what each component does; a package is named as its registry names it."""
    components = {each["name"]: each for each in json.loads(sbom.render(VIEW))["components"]}
    marks = {name: {p["name"]: p["value"] for p in each["properties"]} for name, each in components.items()}
    assert marks["deepface"]["efface:recognises"] == "face"
    assert marks["FaceUnity effects"]["efface:recognises"] == "unknown"
    assert "pkg:pypi/deepface@0.0.9" in [each.get("purl") for each in components["deepface"]["components"]]
    assert "purl" not in components["ArcSoft ArcFace"]["components"][0]
    assert components["a face recogniser (network)"]["type"] == "machine-learning-model"


def test_the_inventory_of_a_run_is_the_same_again() -> None:
    """Equal runs give equal documents."""
    assert sbom.render(VIEW) == sbom.render(VIEW)


def test_sarif_names_each_line_of_a_call() -> None:
    """A viewer of code jumps to the line."""
    results = json.loads(sarif.render(VIEW))["runs"][0]["results"]
    lines = [
        place["physicalLocation"]["region"]["startLine"]
        for result in results
        for place in result["locations"]
        if "region" in place["physicalLocation"]
    ]
    assert lines == [3, 17]


@pytest.mark.parametrize(
    ("view", "key"),
    [
        (VIEW, "headline.systems_found_unjudged"),
        (replace(VIEW, findings=FOUND[2:3]), "headline.systems_unknown_only"),
        (replace(VIEW, findings=()), "headline.systems_nothing"),
        (replace(VIEW, finished_at=None), "headline.unfinished"),
        (replace(VIEW, look="data"), "headline.found_unjudged"),
    ],
)
def test_the_sentence_on_top_speaks_of_systems(view: RunView, key: str) -> None:
    """An inspection does not say that no biometric data was found: it did not look for any."""
    assert headline_key(view) == key
    assert has(key)


def test_the_page_lists_systems_before_places_and_refers_to_their_findings() -> None:
    """Each reference leads to a finding on the page."""
    said = html.render(VIEW)
    part = said[said.index("Systems</span>") : said.index('class="filters"')]
    names = re.findall(r'href="#(finding-[0-9a-f]+)"', part)
    assert len(names) == len(FOUND)
    assert all(f'id="{name}"' in said for name in names)


def test_the_page_of_a_scan_of_data_lists_no_systems() -> None:
    """What was not looked for has no heading."""
    assert "Systems</span>" in html.render(VIEW)
    assert "Systems</span>" not in html.render(replace(VIEW, look="data"))
