"""Rule packs of somebody else, from the command line to the report and the certificate."""

from __future__ import annotations

import base64
import json
import os
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest

from efface.cli.app import run
from efface.rules.pack import builtin_packs, load_pack
from efface.runs.exit_code import ExitCode
from efface.testing.laws import example_of, pack_texts
from efface.testing.records import finger_minutiae_record

OWN = pack_texts(
    'XX-1 prohibition: context.jurisdiction in Jurisdiction::"CN"',
    pack="xx-own",
    examples=example_of("XX-1", "2021-01-01", "prohibited")
    + example_of("XX-1", "2020-12-31", "out_of_scope"),
)
CASE = '[case]\ntitle = "t"\njurisdiction = "CN-310112"\n'


def written(folder: Path, texts: dict[str, str]) -> Path:
    folder.mkdir()
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    return folder


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return written(tmp_path / "own", OWN)


@pytest.fixture
def case(tmp_path: Path) -> Path:
    (tmp_path / "case.toml").write_text(CASE)
    return tmp_path / "case.toml"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "a.fmr").write_bytes(finger_minutiae_record())
    return tmp_path / "target"


def test_a_run_is_judged_by_a_pack_that_its_reports_and_certificate_name(
    own, case, target, tmp_path, capsys
) -> None:
    """The pack's rule decides, its digest stands in report and certificate, and its citation outlives the folder."""
    book, report, digest = tmp_path / "run", tmp_path / "r.json", load_pack(OWN).reference.digest
    words = ["--run", str(book), "--case", str(case), "--quiet", "--jobs", "1"]
    assert (
        run(["scan", str(target), *words, "--packs", str(own), "--json", str(report)]) == ExitCode.VIOLATIONS
    )
    said = json.loads(report.read_text())
    assert {"id": "xx-own", "digest": digest} in said["run"]["packs"]
    assert all("XX-1" in verdict["rules"] for verdict in said["verdicts"])
    for file in own.iterdir():
        file.unlink()
    assert run(["report", str(book), "--json", str(report)]) == ExitCode.CLEAN
    assert [rule["pack"] for rule in json.loads(report.read_text())["rules"] if rule["id"] == "XX-1"] == [
        "xx-own"
    ]
    assert run(["keys", "new", str(tmp_path / "k.pem")]) == ExitCode.CLEAN
    assert (
        run(["certify", str(book), "--key", str(tmp_path / "k.pem"), "--output", str(tmp_path / "c.json")])
        == ExitCode.CLEAN
    )
    envelope = json.loads((tmp_path / "c.json").read_text())
    assert digest in base64.b64decode(envelope["payload"]).decode()
    capsys.readouterr()


def test_a_run_is_judged_again_with_and_without_a_pack(own, case, target, tmp_path, capsys) -> None:
    """The packs of the last judging count, and no others."""
    book = str(tmp_path / "run")
    assert run(["scan", str(target), "--run", book, "--quiet", "--jobs", "1"]) == ExitCode.VIOLATIONS
    assert run(["judge", book, "--case", str(case), "--packs", str(own)]) == ExitCode.VIOLATIONS
    assert run(["judge", book, "--case", str(case), "--json", str(tmp_path / "j")]) != ExitCode.USAGE
    assert "xx-own" not in (tmp_path / "j").read_text()
    capsys.readouterr()


@pytest.mark.parametrize(
    "words",
    [["rules", "list"], ["rules", "show", "XX-1"], ["rules", "ask", "CASE"], ["judge", "--case", "CASE"]],
)
def test_commands_that_know_further_packs(words, own, case, capsys) -> None:
    """Lists, rules, questions and verdicts take a further pack as they take those that ship."""
    run([str(case) if word == "CASE" else word for word in words] + ["--packs", str(own), "--lang", "en"])
    assert "XX-1" in capsys.readouterr().out


def test_the_guard_refuses_by_a_further_pack(own, case, target, capsys) -> None:
    """At the door a further pack refuses by its rule's name."""
    assert (
        run(["guard", "check", str(target / "a.fmr"), "--case", str(case), "--packs", str(own)])
        == ExitCode.VIOLATIONS
    )
    assert "XX-1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("modified", "code"), [(date(2020, 1, 1), ExitCode.VIOLATIONS), (None, ExitCode.GAPS)]
)
def test_a_run_knows_how_old_its_files_are(modified, code, case, target, tmp_path) -> None:
    """A file that was not changed for years proves that its data is old; one changed today proves nothing."""
    folder = written(
        tmp_path / "old",
        pack_texts(
            "XX-2 prohibition: context.data_age_days > 365",
            pack="xx-old",
            examples=example_of("XX-2", "2021-01-01", "needs_facts")
            + example_of("XX-2", "2020-12-31", "out_of_scope"),
        ),
    )
    if modified is not None:
        seconds = datetime.combine(modified, time(), UTC).timestamp()
        os.utime(target / "a.fmr", (seconds, seconds))
    words = ["--run", str(tmp_path / "run"), "--case", str(case), "--quiet", "--jobs", "1"]
    assert run(["scan", str(target), *words, "--packs", str(folder)]) == code


REFUSED = {
    "a name that is taken": (
        pack_texts("A permission", pack="cn-tj-social-credit"),
        "another pack is called so",
    ),
    "a rule's name that is taken": (
        pack_texts("CN-NJ-2020 permission", pack="b"),
        "a rule of cn-nj-2020-sales-offices",
    ),
    "words that are none": (
        OWN | {"rules.cedar": OWN["rules.cedar"].replace('"CN"', '"CX"')},
        "the taxonomy lists no",
    ),
    "a file that is none": (OWN | {"run.py": ""}, "not a file of a pack"),
    "no examples": (pack_texts("A permission", pack="b"), "an example is missing"),
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_a_pack_that_is_not_taken(sentence, tmp_path, case, target, capsys) -> None:
    """A pack with a fault, or with a name that is taken, is refused before anything is looked at."""
    texts, part = REFUSED[sentence]
    if "taken" in sentence:
        name = "A" if "cn-tj" in texts["pack.toml"] else "CN-NJ-2020"
        kind = {"2021-01-01": "permitted", "2020-12-31": "out_of_scope"}
        texts = texts | {
            "examples.toml": "".join(example_of(name, day, said) for day, said in kind.items())
            + '[cases.made]\njurisdiction = "CN"\n'
        }
    folder = written(tmp_path / "bad", texts)
    book = tmp_path / "run"
    assert (
        run(["scan", str(target), "--run", str(book), "--case", str(case), "--packs", str(folder)])
        == ExitCode.USAGE
    )
    assert part in capsys.readouterr().err
    assert not book.exists()


def test_all_faults_of_all_folders_are_told_at_once(tmp_path, capsys) -> None:
    """Two bad folders are told of together, each by its name."""
    one = written(tmp_path / "one", OWN | {"x": ""})
    two = written(tmp_path / "two", OWN | {"y": ""})
    assert run(["rules", "list", "--packs", str(one), "--packs", str(two)]) == ExitCode.USAGE
    said = capsys.readouterr().err
    assert "one: x: not a file" in said
    assert "two: y: not a file" in said


@pytest.mark.parametrize("name", ["none", "case.toml"])
def test_what_is_no_folder(name, case, tmp_path, capsys) -> None:
    """A folder that is not there, or is a file, is refused by name."""
    assert run(["rules", "list", "--packs", str(tmp_path / name)]) == ExitCode.USAGE
    assert "is not a folder with a rule pack" in capsys.readouterr().err


def test_the_server_at_the_door_judges_by_it(own, monkeypatch) -> None:
    """`guard serve` takes the packs of others as `guard check` does."""
    from efface.server import running

    told = []
    monkeypatch.setattr(running, "run_http", lambda options, *_: told.append(options))
    assert run(["guard", "serve", "--packs", str(own)]) == ExitCode.CLEAN
    assert len(told[0].settings.packs) == len(builtin_packs()) + 1
