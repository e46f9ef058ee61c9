"""One picture of a site: what is drawn, what ties it together, and what is left untied."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from efface.model import Characteristic, Clue, Finding, Form, Level, Locator, Mode, Verdict, VerdictKind
from efface.report.marks import Group, GroupKind
from efface.report.site import Site, Stage, Surety, Why
from efface.report.view import Coverage, RunView
from efface.runs.site import site_of

APP = "/srv/face-app/app.py"


def trace(
    path: str, system: str, tells: str = "recognition", signature: str = "code/x", **said: str
) -> Finding:
    face = tells in ("recognition", "cloud", "enrolment")
    clues = {"system": system, "tells": tells, "signature": signature, **said}
    return Finding(
        *("system-content@2", Form.SYSTEM, Characteristic.FACE if face else Characteristic.UNKNOWN),
        *(Locator.parse(path if "://" in path else f"file://{path}").at(f"system={system}"), 0.9),
        level=None,
        clues=tuple(Clue(name, value) for name, value in clues.items()),
    )


def device(host: str, vendor: str = "Hikvision", **said: str) -> Finding:
    return trace(f"device://{host}", f"{vendor} device", "enrolment", "device/isapi", vendor=vendor, **said)


def gallery_of(host: str, people: int) -> Finding:
    place = Locator("device", (host,), "/FDLib/1")
    return Finding(
        "system-device@1", Form.REFERENCE_DATABASE, Characteristic.FACE, place, 0.95, references=people
    )


def template(uri: str, *, network: str = "") -> Finding:
    clues = (Clue("network", network),) if network else ()
    return Finding(
        *("face-template@1", Form.TEMPLATE, Characteristic.FACE, Locator.parse(uri), 0.9),
        references=40,
        level=Level.ENROLLED,
        clues=clues,
    )


def store(uri: str, system: str = "", people: int = 40) -> Group:
    return Group(Locator.parse(uri), GroupKind.TEMPLATES, people, 1, system)


def run(
    look: str, *findings: Finding, targets: tuple[str, ...] = ("/srv",), groups: tuple[Group, ...] = ()
) -> RunView:
    start = datetime(2020, 11, 27, 8, tzinfo=UTC)
    return RunView(
        *("0123456789abcdef", "0", start, start, Mode.STANDARD, targets, Coverage()),
        findings=findings, groups=groups, look=look, lang="en",
    )  # fmt: skip


def picture(
    software: tuple[Finding, ...], groups: tuple[Group, ...] = (), *data: Finding, **more: object
) -> Site:
    return site_of([run("systems", *software), run("data", *data, groups=groups, **more)], "en")  # type: ignore[arg-type]


def ties(site: Site, before: str, after: str) -> dict[Why, Surety]:
    found = [link for link in site.links if (link.before, link.after) == (before, after)]
    return {tie.why: tie.surety for link in found for tie in link.ties}


TABLE = "postgresql://10.0.0.5:5432/crm#/public.face_samples"

SETTINGS = {
    "the very database": ("database", "postgresql://10.0.0.5:5432/crm", TABLE, {Why.NAMES_DATABASE: Surety.CERTAIN}),
    "settings that say no system": ("database", "database://10.0.0.5/crm", TABLE, {Why.NAMES_DATABASE: Surety.CERTAIN}),
    "a local address, which is another on each machine": (
        "database", "postgresql://localhost:5432/crm", "postgresql://127.0.0.1:5432/crm#/public.faces",
        {Why.NAMES_DATABASE: Surety.LIKELY},
    ),
    "the same name at another server": (
        "database", "postgresql://db:5432/crm", TABLE, {Why.SAME_DATABASE_NAME: Surety.POSSIBLE},
    ),
    "another port": ("database", "postgresql://10.0.0.5:6000/other", TABLE, {}),
    "another system": ("database", "mysql://10.0.0.5:5432/crm", TABLE, {}),
    "a name that every server has": (
        "database", "postgresql://db:5432/postgres", "postgresql://x:5432/postgres#/public.faces", {},
    ),
    "the file": (
        "database", "sqlite:////data2/x/enc.sqlite", "file:///data2/x/enc.sqlite#/main.people",
        {Why.NAMES_FILE: Surety.CERTAIN},
    ),
    "a mount beside it": (
        "folder", "../store-a/faces", "file:///srv/store-a/faces/known", {Why.NAMES_FOLDER: Surety.LIKELY},
    ),
    "a folder by its whole path": (
        "folder", "/data2/x/faces", "file:///data2/x/faces", {Why.NAMES_FOLDER: Surety.CERTAIN},
    ),
    "a folder that holds everything": ("folder", "/data2", "file:///data2/x/faces", {}),
    "a folder whose name only begins alike": ("folder", "/data2/x/face", "file:///data2/x/faces", {}),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "value", "place", "expected"), SETTINGS.values(), ids=SETTINGS.keys())
def test_a_setting_ties_what_it_names(kind: str, value: str, place: str, expected: dict[Why, Surety]) -> None:
    """As sure as the setting is exact, and not at all where something else is named."""
    found = picture((trace(APP, "deepface", **{f"names_{kind}": value}),), (store(place),))
    name = next(node.id for node in found.at(Stage.STORE) if node.kind == "templates")
    assert ties(found, "software:deepface", name) == expected


FOLDERS = {
    "in the program's folder": ("/srv/face-app/faces.db", {Why.SAME_FOLDER: Surety.LIKELY}),
    "deep in it": ("/srv/face-app/a/b/c/faces.db", {Why.SAME_FOLDER: Surety.LIKELY}),
    "beside it in one of all programs": ("/srv/other/faces.db", {}),
    "in the root": ("/faces.db", {}),
    "in a folder whose name only begins alike": ("/srv/face-app2/faces.db", {}),
}


@pytest.mark.parametrize(("path", "expected"), FOLDERS.values(), ids=FOLDERS.keys())
def test_a_folder_ties_what_lies_in_it(path: str, expected: dict[Why, Surety]) -> None:
    """But not one that holds things of different origin."""
    found = picture((trace(APP, "deepface"),), (store(f"file://{path}#/main.people"),))
    assert ties(found, "software:deepface", f"store:{path}#/main.people") == expected


def test_a_person_s_folder_ties_nothing() -> None:
    """Everything of a person lies in it."""
    found = picture((trace("/home/a/x.py", "deepface"),), (store("file:///home/a/y/faces.db"),))
    assert found.links == ()
    assert len(found.untied) == 2


def test_an_image_and_the_machine_have_one_path() -> None:
    """What was mounted for one run is compared by its path in the image."""
    inspected = run(
        "systems", trace("/mnt/disk/srv/face-app/app.py", "deepface"), targets=("root:///mnt/disk",)
    )
    found = site_of([inspected, run("data", groups=(store("file:///srv/face-app/faces.db"),))], "en")
    assert ties(found, "software:deepface", "store:/srv/face-app/faces.db") == {
        Why.SAME_FOLDER: Surety.LIKELY
    }


def test_the_maker_of_vectors_ties_them_to_its_software() -> None:
    """Likely where they lie together, else possible; another recogniser is not tied."""
    near, far = "file:///srv/face-app/enc.sqlite#/main.p/v", "file:///data2/x/enc.sqlite#/main.p/v"
    software = (trace(APP, "face_recognition"), trace("/opt/z/y.py", "InsightFace"))
    groups = tuple(store(uri.rpartition("/")[0]) for uri in (near, far))
    data = tuple(template(uri, network="dlib-resnet-128") for uri in (near, far))
    found = picture(software, groups, *data)
    names = [f"store:{uri.removeprefix('file://').rpartition('/')[0]}" for uri in (near, far)]
    assert ties(found, "software:face_recognition", names[0])[Why.SAME_NETWORK] is Surety.LIKELY
    assert ties(found, "software:face_recognition", names[1]) == {Why.SAME_NETWORK: Surety.POSSIBLE}
    assert not ties(found, "software:InsightFace", names[1])


def test_the_form_of_a_store_names_its_software() -> None:
    """A name that begins alike is the vendor's, and only possible."""
    software = (
        trace(APP, "CompreFace"),
        trace("/x/y/z", "ZKTeco (pyzk)", "device"),
        trace("/x/y/z", "ZKTecoid"),
    )
    found = picture(
        software, (store("mysql://a:3306/b#/embedding", "CompreFace"), store("file:///q/w/e.db", "ZKTeco"))
    )
    assert ties(found, "software:CompreFace", "store:mysql://a:3306/b#/embedding") == {
        Why.OWN_FORM: Surety.LIKELY
    }
    assert ties(found, "software:ZKTeco (pyzk)", "store:/q/w/e.db") == {Why.OWN_FORM: Surety.POSSIBLE}
    assert not ties(found, "software:ZKTecoid", "store:/q/w/e.db")


def test_a_gallery_known_by_its_name_is_tied_to_the_store_that_was_found_in_it() -> None:
    """One thing seen by two runs is drawn once; unscanned it is drawn as not looked into."""
    named = trace("/data2/x/ds_model_arcface.pkl", "deepface", "enrolment", "gallery/deepface-gallery")
    both = picture((named,), (store("file:///data2/x/ds_model_arcface.pkl#/0"),))
    assert [node.kind for node in both.at(Stage.STORE)] == ["templates"]
    assert ties(both, "software:deepface", both.at(Stage.STORE)[0].id)[Why.SAME_FILE] is Surety.CERTAIN
    alone = site_of([run("systems", named)], "en")
    assert [node.kind for node in alone.at(Stage.STORE)] == ["named_gallery"]
    assert ties(alone, "software:deepface", alone.at(Stage.STORE)[0].id)[Why.SAME_FILE] is Surety.CERTAIN


def test_a_device_holds_its_own_gallery_and_no_other() -> None:
    """What a device says of itself is certain."""
    found = site_of(
        [
            run(
                "systems",
                device("192.0.2.10", persons="15"),
                gallery_of("192.0.2.10:80", 15),
                device("192.0.2.11"),
            )
        ],
        "en",
    )
    name = "store:192.0.2.10 /FDLib/1"
    assert ties(found, "device:192.0.2.10", name) == {Why.OWN_GALLERY: Surety.CERTAIN}
    assert not ties(found, "device:192.0.2.11", name)
    assert [node.id for node in found.untied] == ["device:192.0.2.11"]
    assert found.at(Stage.DEVICE)[0].people == 15


def test_a_device_that_a_setting_names_is_drawn_though_nobody_asked_it() -> None:
    """Asked or not is told apart."""
    settings = (
        trace(APP, "Frigate", names_device="192.0.2.20"),
        trace(APP, "Frigate", names_device="192.0.2.10"),
    )
    found = site_of([run("systems", *settings[:1], device("192.0.2.10"))], "en")
    assert {node.name: node.kind for node in found.at(Stage.DEVICE)} == {
        "192.0.2.10": "asked",
        "192.0.2.20": "named",
    }
    assert ties(found, "device:192.0.2.20", "software:Frigate") == {Why.NAMES_DEVICE: Surety.CERTAIN}
    assert not ties(found, "device:192.0.2.10", "software:Frigate")
    asked = site_of([run("systems", settings[1], device("192.0.2.10:8080"))], "en")
    assert [node.kind for node in asked.at(Stage.DEVICE)] == ["asked"]


def test_one_vendor_is_possible_and_no_more() -> None:
    """A program of the maker of a device may talk to any other device of it."""
    found = site_of(
        [
            run(
                "systems",
                device("192.0.2.10"),
                trace(APP, "Hikvision device SDK", "device", vendor="Hikvision"),
            )
        ],
        "en",
    )
    assert ties(found, "device:192.0.2.10", "software:Hikvision device SDK") == {
        Why.SAME_VENDOR: Surety.POSSIBLE
    }


CLOUDS = {
    "code": ("code/baidu-aipface", {Why.NAMES_SERVICE: Surety.LIKELY}),
    "an address in a setting": ("endpoint/baidu-face-v3", {Why.NAMES_SERVICE: Surety.LIKELY}),
    "a package": ("pip/baidu-aip", {Why.HAS_PACKAGE: Surety.POSSIBLE}),
}


@pytest.mark.parametrize(("signature", "expected"), CLOUDS.values(), ids=CLOUDS.keys())
def test_a_service_elsewhere_is_drawn_and_a_local_gallery_proves_nothing(
    signature: str, expected: dict[Why, Surety]
) -> None:
    """That it is installed says less than that it is named."""
    found = site_of([run("systems", trace(APP, "Baidu Face", "cloud", signature))], "en")
    assert ties(found, "software:Baidu Face", "cloud:Baidu Face") == expected
    assert found.sends_away


def test_other_software_is_tied_to_a_service_by_its_file_or_folder() -> None:
    """A face detector beside it is not."""
    cloud = trace("/srv/face-app/send.py", "Baidu Face", "cloud")
    software = (
        trace("/srv/face-app/send.py", "dlib"),
        trace(APP, "deepface"),
        trace(APP, "YuNet", "detection"),
    )
    found = site_of([run("systems", cloud, *software)], "en")
    assert ties(found, "software:dlib", "cloud:Baidu Face") == {Why.SAME_FILE: Surety.LIKELY}
    assert ties(found, "software:deepface", "cloud:Baidu Face") == {Why.SAME_FOLDER: Surety.POSSIBLE}
    assert not ties(found, "software:YuNet", "cloud:Baidu Face")


def test_a_bucket_is_elsewhere_too() -> None:
    """What a setting names as a bucket is drawn behind the software."""
    found = site_of([run("systems", trace(APP, "deepface", names_bucket="s3://guests"))], "en")
    assert ties(found, "software:deepface", "cloud:s3://guests") == {Why.NAMES_BUCKET: Surety.CERTAIN}


def test_a_database_that_nobody_looked_at_is_drawn_as_that() -> None:
    """And one that was looked at and holds no store as that."""
    software = (trace(APP, "deepface", names_database="postgresql://db:5432/crm"),)
    assert [node.kind for node in picture(software).at(Stage.STORE)] == ["named_database"]
    looked = picture(software, targets=("postgresql://reader@db:5432/crm?sslmode=require",))
    assert [node.kind for node in looked.at(Stage.STORE)] == ["searched_database"]


def test_findings_outside_of_stores_are_counted() -> None:
    """What the picture leaves out is said with a number."""
    inside, outside = template("file:///a/b/f.db#/main.p/v"), template("file:///a/c.db#/main.p/v")
    found = picture((), (store("file:///a/b/f.db#/main.p"),), inside, outside)
    assert found.loose == 1


def test_one_inspection_given_twice_changes_nothing() -> None:
    """The same finding in two runs is one."""
    one = run("systems", trace(APP, "deepface"))
    assert site_of([one, one], "en").nodes == site_of([one], "en").nodes


def test_the_strongest_verdict_is_shown() -> None:
    """On software and on devices."""
    findings = (trace(APP, "deepface"), device("192.0.2.10"))
    day = date(2020, 12, 1)
    verdicts = tuple(Verdict(each.id, VerdictKind.PROHIBITED, (), (), (), "", day) for each in findings)
    found = site_of([replace(run("systems", *findings), verdicts=verdicts)], "en")
    assert {node.verdict for node in found.nodes} == {VerdictKind.PROHIBITED}


def test_nothing_gives_an_empty_picture_that_says_what_was_not_looked_for() -> None:
    """Runs of data alone say nothing of systems."""
    found = site_of([run("data")], "en")
    assert found.nodes == found.links == ()
    assert found.looked_for("data")
    assert not found.looked_for("systems")
