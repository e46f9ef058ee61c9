"""A face that is removed is gone from every place where files hide it, as told without a detector."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, ImageDraw

from efface.testing.leaks import Face
from efface.testing.leaks_containers import CONTAINERS
from efface.testing.leaks_pictures import PICTURES

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("pyarrow", reason="needs efface[files]")


@pytest.fixture(scope="module")
def portrait() -> Image.Image:
    from pathlib import Path

    return Image.open(Path(__file__).parents[2] / "samples" / "portrait.png")


def test_no_hiding_place_keeps_the_face(tmp_path: Path, portrait: Image.Image, efface: Any) -> None:
    """Removal through the command line leaves no copy in any kind of hiding place, and fails for none."""
    folder, run = tmp_path / "in", tmp_path / "run.sqlite"
    folder.mkdir()
    hidden = {}
    for number, kind in enumerate((*PICTURES, *CONTAINERS)):
        face, path = Face(portrait), folder / f"{number:02}.{kind.suffix}"
        path.write_bytes(kind.build(face))
        hidden[path] = kind, face
    assert len(hidden) >= 30
    efface("scan", folder, "--run", run, "--mode", "fast", "--quiet", expect=1)
    done = efface("remove", run, "--only", "all", "--apply", "--lang", "en", "--quiet")
    assert done.returncode == 0, done.stdout[-3000:]
    left = [
        kind.name
        for path, (kind, face) in hidden.items()
        if path.exists() and face.is_left(path.read_bytes())
    ]
    assert left == []


def test_the_judge_sees_each_hidden_copy(portrait: Image.Image) -> None:
    """The judge finds the face in a file whose own picture is covered and whose copy is not, and not in a clean one."""
    for kind in PICTURES[:20]:
        face = Face(portrait)
        whole = face.portrait
        face.portrait = whole.copy()
        ImageDraw.Draw(face.portrait).rectangle((60, 10, 170, 140), fill=0)
        clean = face.picture(quality=90)
        assert not face.is_left(clean)
        with_copy = kind.build(_Covered(portrait))
        judge = Face(portrait)
        kind.build(judge)
        assert judge.is_left(with_copy), kind.name


class _Covered(Face):
    """A face whose picture is covered, and whose copies are not."""

    def picture(self, kind: str = "JPEG", **settings: Any) -> bytes:
        uncovered = self.portrait
        self.portrait = uncovered.copy()
        ImageDraw.Draw(self.portrait).rectangle((60, 10, 170, 140), fill=0)
        try:
            return super().picture(kind, **settings)
        finally:
            self.portrait = uncovered
