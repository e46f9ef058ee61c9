"""Every kind of derived copy is found beside a file, and nothing that is of another file."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from efface.sources.derived_copies import KINDS, copies_of

if TYPE_CHECKING:
    from pathlib import Path

REGIONS = b'<a><m:Regions xmlns:m="http://www.metadataworkinggroup.com/schemas/regions/">x</m:Regions></a>'


def put(path: Path, data: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def thumbnail(root: Path, photo: Path) -> Path:
    uri = "file://" + str(photo).replace(" ", "%20")
    return (
        root
        / ".cache/thumbnails/large"
        / f"{hashlib.md5(uri.encode(), usedforsecurity=False).hexdigest()}.png"
    )


HIDDEN = {
    "thumbs-db": lambda _, photo: put(photo.parent / "Thumbs.db"),
    "thumbcache": lambda root, _: put(root / "AppData/Local/Microsoft/Windows/Explorer/thumbcache_256.db"),
    "thumbnail": lambda root, photo: put(thumbnail(root, photo)),
    "ea-dir": lambda _, photo: put(photo.parent / "@eaDir" / photo.name / "SYNOPHOTO_THUMB_XL.jpg"),
    "apple-double": lambda _, photo: put(photo.parent / f"._{photo.name}"),
    "ds-store": lambda _, photo: put(photo.parent / ".DS_Store", b"Bud1" + photo.name.encode("utf-16-be")),
    "picasa-faces": lambda _, photo: put(
        photo.parent / ".picasa.ini", f"[{photo.name}]\nfaces=rect64(1),2\n".encode()
    ),
    "picasa-original": lambda _, photo: put(photo.parent / ".picasaoriginals" / photo.name),
    "xmp-regions": lambda _, photo: put(photo.with_suffix(".xmp"), REGIONS),
    "backup": lambda _, photo: put(photo.with_name(photo.name + "~")),
    "git-history": lambda root, _: put(root / ".git/index", b"DIRC\0\0\0\x02 photos/a face.jpg\0").parent,
}


@pytest.fixture
def photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    return put(tmp_path / "photos" / "a face.jpg")


def test_every_kind_has_a_case() -> None:
    """A new kind brings its own."""
    assert [kind.name for kind in KINDS] == list(HIDDEN)


@pytest.mark.parametrize("kind", HIDDEN)
def test_a_copy_of_each_kind_is_found(tmp_path: Path, photo: Path, kind: str) -> None:
    """It and nothing else, also when the file itself is gone."""
    path = HIDDEN[kind](tmp_path, photo)
    assert [(each.kind, each.path) for each in copies_of(str(photo))] == [(kind, str(path))]
    photo.unlink()
    assert [each.path for each in copies_of(str(photo))] == [str(path)]


def test_copies_of_another_file_are_not_its_own(tmp_path: Path, photo: Path) -> None:
    """Those of one file alone are not named for its neighbour; caches of a folder or user may hold it."""
    for hide in HIDDEN.values():
        hide(tmp_path, photo)
    found = copies_of(str(put(photo.with_name("b.jpg"))))
    assert {each.kind for each in found} == {"thumbs-db", "thumbcache"}
    assert not any(each.only_this for each in found)


@pytest.mark.parametrize("data", [b"<broken", b""])
def test_a_sidecar_that_cannot_be_read_is_named_and_an_empty_one_is_not(photo: Path, data: bytes) -> None:
    """Could not tell is not the same as nothing there."""
    put(photo.with_suffix(".xmp"), data)
    assert bool(copies_of(str(photo))) == bool(data)


def test_a_sidecar_and_a_list_without_faces_are_not_named(photo: Path) -> None:
    """They tell of nobody."""
    put(photo.with_suffix(".xmp"), b"<a/>")
    put(photo.parent / ".picasa.ini", b"[a face.jpg]\nstar=yes\n")
    put(photo.parent / ".DS_Store", b"Bud1")
    assert copies_of(str(photo)) == []
