"""Galleries and exports as software and people keep them, scanned whole: what they are together, and how enrolled."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from efface.examine import Examiner
from efface.model import Finding, Form, Gap, Level, Limits, Mode
from efface.report.marks import GroupKind
from efface.runs.groups import groups
from efface.sources.filesystem import Filesystem
from efface.testing.galleries import LAYOUTS, jpeg

SAMPLES = Path(__file__).resolve().parents[3] / "samples"
PEOPLE = 6
MISSED = {
    "photographs with vectors in .json beside them": "the name of a .json says nothing, so each photo is level 1",
    "the pictures of CompreFace": "its table names nobody, so each photo is level 1",
}
STORES = {GroupKind.GALLERY, GroupKind.TEMPLATES, GroupKind.PERSON_PICTURES}


@pytest.fixture(scope="module")
def people() -> list[list[Image.Image]]:
    """The sample portrait in as many shades as there are people, cut around the head."""
    portrait = np.asarray(Image.open(SAMPLES / "portrait.png").convert("RGB"))
    head = portrait[40:210, 150:300]
    shades = [
        Image.fromarray(np.asarray(head * (1 - n / 40), np.uint8)).resize((240, 272)) for n in range(PEOPLE)
    ]
    return [[shade, shade.resize((200, 226))] for shade in shades]


@pytest.fixture(scope="module")
def examiner() -> Examiner:
    """One for all, as it loads networks."""
    return Examiner(Mode.STANDARD, Limits())


def look(examiner: Examiner, folder: Path) -> list[Finding]:
    source, found = Filesystem(), []
    for unit in source.units(str(folder)):
        results = list(examiner.examine(source.open(unit, Limits())))
        assert not [each for each in results if isinstance(each, Gap)]
        found += [each for each in results if isinstance(each, Finding)]
    return found


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts_are_seen_as_what_they_are(name: str, examiner, people, tmp_path: Path) -> None:
    """Each is called what it is, of as many people and of the software that keeps it; most pictures have its level."""
    layout = LAYOUTS[name]
    layout.write(tmp_path, people)
    findings = look(examiner, tmp_path)
    seen = [group for group in groups(findings) if group.kind in STORES]
    if layout.kind is None:
        assert not seen
    else:
        group = next(group for group in seen if group.kind is layout.kind)
        assert (group.people, group.system) == (PEOPLE, layout.system)
    assert sum(finding.form is Form.TEMPLATE for finding in findings) >= layout.templates
    levels = Counter(finding.level for finding in findings if finding.form is Form.SAMPLE)
    if layout.level is not None and name not in MISSED:
        assert levels.most_common(1)[0][0] is layout.level
    elif name in MISSED:
        assert set(levels) == {Level.VISIBLE}


def _put(folder: Path, name: str, picture: Image.Image) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(jpeg(picture))


def scene(portrait: Image.Image) -> Image.Image:
    """A person far away."""
    wide = Image.new("RGB", (900, 600), (90, 120, 90))
    wide.paste(portrait.resize((110, 120)), (300, 300))
    return wide


NOT_ENROLLED = {
    "scenes named by staff number": "staff/{0}.jpg",
    "scenes in folders named with two words": "{name}/{n}.jpg",
    "scenes in folders of products": "products/{0}/1.jpg",
    "scenes of a camera system": "frigate/clips/front_door-{0}.jpg",
    "scenes of a web site": "www/img/{name} {n}.jpg",
}


@pytest.mark.parametrize("pattern", NOT_ENROLLED.values(), ids=NOT_ENROLLED)
def test_scenes_are_no_gallery_whatever_they_are_called(
    pattern: str, examiner, people, tmp_path: Path
) -> None:
    """A person far away under a name that may be something else is visible, and no more."""
    for n, pictures in enumerate(people):
        _put(tmp_path, pattern.format(2000 + 3 * n, n=n, name="Anna Berg"), scene(pictures[0]))
    findings = look(examiner, tmp_path)
    assert findings
    assert {finding.level for finding in findings} == {Level.VISIBLE}
    assert not [group for group in groups(findings) if group.kind in STORES]


WORDS_ALONE = {
    "a penalty record that mentions face recognition": (
        "penalty.json",
        '{"name": "张某", "penalty": "use of face recognition and 人脸识别 without consent", "amount": "50000"}',
    ),
    "a digest in a column called finger_print": (
        "tasks.csv",
        "id,user_name,finger_print,face_hash\n" + "\n".join(f"{n},u{n},{n:032x},{n:064x}" for n in range(40)),
    ),
    "a switch of a configuration": (
        "config.json",
        '{"face_switch": 1, "living_switch": 0, "ver_face": "true"}',
    ),
    "code that imports libraries for faces": (
        "app.py",
        "import face_recognition, insightface\nfrom deepface import DeepFace\nface_encodings = []\nface_feature = None\n",
    ),
    "a table definition without rows": (
        "schema.sql",
        "CREATE TABLE member_face (id INT, name VARCHAR(64), face_feature BLOB COMMENT '人脸特征', face_img TEXT);",
    ),
    "addresses of photos": (
        "staff.csv",
        "name,id_card,face_img_url\n"
        + "\n".join(f"n{n},{n:018d},https://example.org/f/{n}.jpg" for n in range(40)),
    ),
    "tokens of a service": (
        "tokens.json",
        '[{"name": "a", "faceToken": "5f0c3a9be2d14c7d8f6a1b2c3d4e5f60", "face_id": "10023"}]',
    ),
}


@pytest.mark.parametrize("case", WORDS_ALONE)
def test_names_alone_decide_nothing(case: str, examiner, tmp_path: Path) -> None:
    """Words without pictures, vectors or records are no finding."""
    name, text = WORDS_ALONE[case]
    (tmp_path / name).write_text(text, encoding="utf-8")
    source = Filesystem()
    results = [
        each for unit in source.units(str(tmp_path)) for each in examiner.examine(source.open(unit, Limits()))
    ]
    assert not [each for each in results if isinstance(each, Finding)]
