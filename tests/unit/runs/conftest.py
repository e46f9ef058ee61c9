"""Real worker processes with a detector in them that crashes, hangs and waits when a file asks for it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from efface import registry

if TYPE_CHECKING:
    from pathlib import Path

_DETECTOR = '''
"""Does what the first word of an artefact says."""
import os, signal, time
from efface.model import Characteristic, Finding, Form

PARENT = os.getppid()


class Obedient:
    name, version = "obedient", 1

    def accepts(self, media_type):
        return True

    def detect(self, artefact, payload, surroundings, mode, limits):
        data = payload.open().read()
        with open(os.environ["OBEDIENT_LOG"], "a") as log:
            log.write(artefact.locator.uri + "\\n")
        word = data.split(b" ")[0]
        if word == b"MARK":
            yield Finding("obedient@1", Form.TEMPLATE, Characteristic.FACE, artefact.locator, 0.9, level=3)
        elif word == b"CRASH":
            os.kill(os.getpid(), signal.SIGKILL)
        elif word in (b"GROW", b"SHRINK"):
            with open(artefact.locator.path[0], "r+b") as file:
                file.truncate(5) if word == b"SHRINK" else file.write(b"MARK ")
            yield Finding("obedient@1", Form.TEMPLATE, Characteristic.FACE, artefact.locator, 0.9, level=3)
        elif word == b"MEMORY":
            bytearray(1 << 40)
        elif word == b"HANG" or (word == b"WAIT" and "OBEDIENT_WAIT" in os.environ):
            if word == b"WAIT":
                open(os.environ["OBEDIENT_WAIT"], "w").close()
            while os.getppid() == PARENT:
                time.sleep(0.02)
            os._exit(1)  # the supervisor is gone: leave no process behind
'''
_AT_START = """
from efface import registry
registry.BUILTIN["detector"] = {"obedient": "obedient:Obedient"}
"""


@dataclass(frozen=True)
class Obedient:
    """What the detector in the workers was shown."""

    log: Path

    def looked_at(self) -> list[str]:
        """Return the URIs that were shown since the last call, sorted."""
        lines = self.log.read_text().splitlines()
        self.log.write_text("")
        return sorted(lines)


@pytest.fixture
def obedient(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Obedient:
    """Let every worker that is started from now on have the obedient detector and no other.

    A file whose first word is MARK holds a template; CRASH, HANG and MEMORY do as they say; WAIT waits
    for ever where a test asks for it; GROW and SHRINK hold a template and are written while they are read.
    """
    folder = tmp_path_factory.mktemp("obedient")
    (folder / "obedient.py").write_text(_DETECTOR)
    (folder / "sitecustomize.py").write_text(_AT_START)
    log = folder / "log"
    log.write_text("")
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))
    )
    monkeypatch.setenv("OBEDIENT_LOG", str(log))
    # The supervisor, in this process or in one of its own, must know the same configuration as its workers.
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setitem(registry.BUILTIN, "detector", {"obedient": "obedient:Obedient"})
    return Obedient(log)
