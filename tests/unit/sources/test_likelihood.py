"""A triage leaves out nothing that a signature knows, and little of what is never of interest."""

from __future__ import annotations

import pytest

from efface.detectors.signatures import Signature, signatures
from efface.sources.likelihood import file_likelihood, folder_likelihood, likelihood
from efface.testing.traces import trace


@pytest.mark.parametrize("signature", signatures().values(), ids=lambda each: each.id)
def test_a_triage_lists_what_a_signature_is_for(signature: Signature) -> None:
    """The file with the trace is among those that a triage looks at."""
    assert likelihood("/" + trace(signature.kind, signature.positive).name) > 0


@pytest.mark.parametrize(
    ("likely", "unlikely"),
    [
        ("/opt/gate/model.onnx", "/usr/share/doc/model.onnx"),
        ("/srv/app/lib.so", "/usr/share/locale/lib.so"),
        ("/home/a/.insightface/models/a.bin.onnx", "/home/a/x/a.onnx"),
        ("/Program Files/Gate/gate.dll", "/Windows/WinSxS/x/gate.dll"),
        ("/srv/app/face_engine.py", "/srv/app/page.py"),
    ],
)
def test_likely_places_come_first(likely: str, unlikely: str) -> None:
    """What is likely has the higher number."""
    assert likelihood(likely) > likelihood(unlikely)


@pytest.mark.parametrize(
    "path",
    [
        "/a/photo.jpg",
        "/a/film.mp4",
        "/a/letter.docx",
        "/a/README",
        "/v/site-packages/numpy/core.py",
        "/n/node_modules/p/index.js",
    ],
)
def test_what_tells_of_nothing_is_left_out(path: str) -> None:
    """Pictures, documents, and the texts of packages wait for the full walk."""
    assert likelihood(path) == 0


def test_paths_of_windows_are_read_alike() -> None:
    """A backslash parts names as well."""
    assert likelihood("C:\\Program Files\\Gate\\a.dll") == likelihood("C:/Program Files/Gate/a.dll")


def test_numbers_are_shares() -> None:
    """No likelihood is above 1 or below 0."""
    for path in ("/", "/opt", "/opt/arcsoft", "/proc/opt/face-gate", "/a/b/c/d/e"):
        assert 0 <= folder_likelihood(path) <= 1
    assert file_likelihood("x.jpg") == 0
