"""Load neural networks by name, and only the very files that the lock names.

The build puts the networks beside `networks/lock.toml` (see `tools/collect.py`). Every load compares the
file's sha256 with the locked one, so that the digest in a certificate is the digest of what ran.
"""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from efface.engines.onnx_graph import free_inputs
from efface.errors import EvidenceError, UnsupportedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["FOLDER", "Network", "digests", "load", "open_network", "recognisers", "runtime_version"]

FOLDER = Path(__file__).parent / "networks"
_LOCK, _RECOGNISERS = FOLDER / "lock.toml", FOLDER / "recognisers.toml"
_ERRORS_ONLY = 3  # onnxruntime's severity; its warnings speak of the exporter's leftovers


@dataclass(frozen=True, slots=True)
class Network:
    """One network, ready to run on one thread.

    Attributes:
        name: Its name in the lock file.
        digest: `sha256:` and the hexadecimal digest of its file.
        session: The runtime's session; for this room only.
        takes: What the file calls its input.
    """

    name: str
    digest: str
    session: Any
    takes: str

    def run(self, tensor: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Return the network's outputs, in the file's order, for one input tensor.

        Args:
            tensor: float32, in the shape and units that the network was made for.
        """
        outputs: list[NDArray[np.float32]] = self.session.run(None, {self.takes: tensor})
        return outputs


@cache
def _locked() -> Mapping[str, Mapping[str, str]]:
    rows = tomllib.loads(_LOCK.read_text("utf-8"))["network"]
    return MappingProxyType({row["name"]: row for row in rows})


@cache
def _recognisers() -> Mapping[str, Mapping[str, str]]:
    rows = tomllib.loads(_RECOGNISERS.read_text("utf-8"))["recogniser"]
    return MappingProxyType({row["name"]: row for row in rows})


def recognisers() -> Mapping[str, str]:
    """Return the locked digest (`sha256:...`) of every recogniser whose file is installed, by name."""
    there = {name: row for name, row in _recognisers().items() if (FOLDER / row["file"]).is_file()}
    return MappingProxyType({name: f"sha256:{row['sha256']}" for name, row in there.items()})


def digests() -> Mapping[str, str]:
    """Return the locked digest (`sha256:...`) of every network that finds, by name."""
    return MappingProxyType({name: f"sha256:{row['sha256']}" for name, row in _locked().items()})


def runtime_version() -> str:
    """Return the inference runtime and its version."""
    import onnxruntime  # noqa: PLC0415 (heavy: 80 ms and 60 MB, only when something must be inferred)

    return f"onnxruntime {onnxruntime.__version__}"


@cache
def load(name: str) -> Network:
    """Return a network by its name in the lock file; loaded once per process.

    Raises:
        UsageError: The lock file has no such name.
        UnsupportedError: The network's file is not installed.
        EvidenceError: The file is not the locked one.
    """
    row = _locked().get(name) or _recognisers().get(name)
    if row is None:
        known = ", ".join((*_locked(), *_recognisers()))
        raise UsageError(f"no network is called {name!r}; known are {known}")
    return open_network(name, FOLDER / row["file"], row["sha256"])


def open_network(name: str, path: Path, sha256: str) -> Network:
    """Open a network's file on one thread, after comparing its digest.

    Args:
        name: What to call it in errors and records.
        path: The ONNX file.
        sha256: The digest it must have, hexadecimal.

    Raises:
        UnsupportedError: There is no such file.
        EvidenceError: The file has another digest; the message names both.
    """
    try:
        data = path.read_bytes()
    except OSError:
        raise UnsupportedError(
            f"the network {name} is not installed ({path.name} is missing)",
            to_do="Install efface from its wheel, or run `python tools/collect.py networks recognisers` in a checkout.",
        ) from None
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise EvidenceError(
            f"the network {name} is not the locked one: its file has sha256 {found}, the lock says {sha256}",
            to_do="Somebody changed the installed file; install efface again from a source you trust.",
        )
    session = _session(free_inputs(data))
    return Network(name, f"sha256:{sha256}", session, session.get_inputs()[0].name)


def _session(data: bytes) -> Any:  # noqa: ANN401 (the runtime has no types)
    import onnxruntime  # noqa: PLC0415 (heavy, see runtime_version)

    options = onnxruntime.SessionOptions()
    # One thread: runs put one process on each core, which measures faster than threads inside a network.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
