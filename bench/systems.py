"""Measure `efface inspect`: traces found and missed on a generated site, false alarms, and time.

    python bench/systems.py [--files 20000] [--minutes 10] [--jobs 0] [--list]
    python bench/systems.py --installed DIR... [--files 10000] [--list]

The first form plants 40 traces of every kind, some renamed, some inside archives, apps and layers of an image, among
ordinary files that talk of surfaces, interfaces and embeddings, and inspects the site twice: by triage, and in full.
The second inspects files drawn by a seed from installed software, as it is; `--list` shows each place that is found, so
that a reader can tell an alarm from software that does recognise people.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import tarfile
import tempfile
import time
import zipfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from efface.detectors.signatures import Kind, signatures
from efface.model import Mode
from efface.runs.inspection import inspection
from efface.runs.scan import scan
from efface.runs.store import Store
from efface.testing import traces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efface.model import Finding


def _tar(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def _zip(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return out.getvalue()


def _positive(identity: str) -> tuple[str, bytes]:
    signature = signatures()[identity]
    sample = traces.trace(signature.kind, signature.positive)
    return sample.name, sample.data


def _layers(members: dict[str, bytes]) -> bytes:
    """Return an image of a container as `docker save` writes it: a tar of layers that are tars."""
    return _tar(
        {"manifest.json": b"[]", "0a1b/layer.tar": _tar(members), "2c3d/layer.tar": _tar({"etc/os": b"x\n"})}
    )


def _plain() -> Iterator[tuple[str, bytes]]:
    """Yield one trace of each kind, where such a file lies."""
    numbers = random.Random(7)
    for kind in Kind:
        some = [each for each in signatures().values() if each.kind is kind and each.tells.recognises]
        signature = numbers.choice(some)
        sample = traces.trace(kind, signature.positive)
        yield sample.name, sample.data


_SPHEREFACE = (
    b'input: "data"\ninput_dim: 1\ninput_dim: 3\ninput_dim: 112\ninput_dim: 96\n'
    b'layer { name: "fc5" type: "InnerProduct" inner_product_param { num_output: 512 } }\n'
)


def _networks() -> Iterator[tuple[str, bytes]]:
    """Yield networks under names that tell nothing; only their graphs do."""
    face = [("input", (1, 3, 112, 112))]
    yield "srv/app/data/stage2.onnx", traces.onnx_network(face, [("out", (1, 512))])
    yield "srv/app/data/b.tflite", traces.tflite_network([(1, 160, 160, 3)], [(1, 512)])
    yield "srv/app/data/net.dat", traces.dlib_network("loss_metric", "input_rgb_image_sized")
    weights = {"conv1.weight": (64, 3, 3, 3), "fc.weight": (512, 25088)}
    yield "srv/app/data/ck.pt", _zip({"ck/data.pkl": traces.torch_weights(weights), "ck/version": b"3\n"})
    yield (
        "srv/app/data/deploy.prototxt",
        _SPHEREFACE,
    )
    yield (
        "srv/app/data/m.param",
        b"7767517\n2 2\nInput data 0 1 data 0=112 1=112 2=3\nInnerProduct fc1 1 1 data fc1 0=128 1=1 2=65536\n",
    )


def _hidden() -> Iterator[tuple[str, bytes]]:
    """Yield traces inside archives, apps and images of containers, and in other spellings."""
    yield "srv/in/app-release.apk", _zip({"classes.dex": _positive("android/megvii-meglive")[1], "a/b": b"1"})
    library = {"lib/arm64-v8a/libmegface_faceid.so": _positive("library/megvii-faceid")[1]}
    yield "srv/in/door.apk", _zip(library)
    jar = {
        "META-INF/maven/x/y/pom.properties": b"version=3\ngroupId=com.arcsoft.face\nartifactId=arcsoft-sdk-face\n"
    }
    yield "opt/door/lib/door.jar", _zip(jar)
    yield "srv/images/gate.tar", _layers(dict([_positive("pip/insightface")]))
    yield "srv/images/ai.tar", _layers({"usr/lib/libarcsoft_face.so": traces.elf("main")})
    yield "srv/in/sdk.zip", _zip({"inner.zip": _zip({"ArcFacePro64.dat": b"\xf1" * 300})})
    wheel = {
        "deepface-0.0.9.dist-info/METADATA": b"Metadata-Version: 2.1\nName: deepface\nVersion: 0.0.9\n\n"
    }
    yield "srv/in/d-0.0.9-py3-none-any.whl", _zip(wheel)
    yield "srv/bin/gate.exe", traces.pe("https://aip.baidubce.com/rest/2.0/face/v3/search")
    yield (
        "srv/bin/gated",
        traces.elf("dep\tgithub.com/Kagami/go-face")
        + b"\xff Go buildinf:\ndep\tgithub.com/Kagami/go-face\tv1.0\th1:x\n",
    )
    yield (
        "srv/deploy/deployment.yaml",
        b"kind: Deployment\nspec:\n  containers:\n  - image: exadel/compreface-core:1.2\n",
    )
    yield "srv/web/.env", b"PORT=80\nBAIDU_FACE_API_KEY=x\n"
    yield "srv/web/src/Search.php", b"<?php\nuse Aws\\Rekognition\\RekognitionClient;\n"
    yield "srv/web/src/Gate.cs", b"using System;\nusing FaceRecognitionDotNet;\n"
    yield (
        "srv/web/package-lock.json",
        b'{"packages": {"": {}, "node_modules/face-api.js": {"version": "0.22.2"}}}',
    )


def planted() -> dict[str, bytes]:
    """Return the 40 traces by their places."""
    found: dict[str, bytes] = {}
    for name, data in (*_plain(), *_networks(), *_hidden()):
        place = name if name not in found else f"second/{name}"
        found[place] = data
    return found


def _write(root: Path, name: str, data: bytes) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _site(root: Path, files: int) -> set[str]:
    for number in range(files):
        sample = traces.ordinary(number)
        _write(root, sample.name, sample.data)
    wanted = planted()
    for name, data in wanted.items():
        _write(root, name, data)
    return {str(root / name) for name in wanted}


def _inspect(
    targets: tuple[str, ...], mode: Mode, jobs: int, seconds: float | None
) -> tuple[list[Finding], int, float]:
    with (
        tempfile.TemporaryDirectory(prefix="efface-bench-") as folder,
        Store(os.path.join(folder, "run")) as store,
    ):
        began = time.perf_counter()
        scan(store, inspection(targets, mode, jobs=jobs, seconds=seconds))
        return list(store.findings()), sum(1 for _ in store.gaps()), time.perf_counter() - began


def _on_site(files: int, minutes: float, jobs: int, *, listed: bool) -> None:
    kinds = Counter(each.kind.value for each in signatures().values())
    print(
        f"signatures: {len(signatures())} ({', '.join(f'{kind} {n}' for kind, n in sorted(kinds.items()))})"
    )
    with tempfile.TemporaryDirectory(prefix="efface-site-") as folder:
        root = Path(folder)
        wanted = _site(root, files)
        for name, mode, seconds in (("triage", Mode.FAST, 60 * minutes), ("full", Mode.STANDARD, None)):
            findings, gaps, took = _inspect((folder,), mode, jobs, seconds)
            places = {finding.locator.path[0] for finding in findings}
            print(
                f"{name}: {files} ordinary files, {len(wanted)} traces: found {len(wanted & places)},"
                f" missed {len(wanted - places)}, false alarms {len(places - wanted)}, gaps {gaps}, {took:.0f} s"
            )
            if listed:
                for place in sorted(wanted - places):
                    print(f"  missed {place.removeprefix(folder)}")
                for place in sorted(places - wanted):
                    print(f"  alarm  {place.removeprefix(folder)}")


def _on_installed(folders: list[Path], files: int, jobs: int, *, listed: bool) -> None:
    for top in folders:
        every = sorted(path for path in top.rglob("*") if path.is_file() and not path.is_symlink())
        drawn = sorted(random.Random(2020).sample(every, min(files, len(every))))
        findings, gaps, took = _inspect(tuple(map(str, drawn)), Mode.STANDARD, jobs, None)
        alarmed = {finding.locator.path[0] for finding in findings if finding.is_biometric}
        asked = {finding.locator.path[0] for finding in findings} - alarmed
        print(
            f"{top.name}: {len(drawn)} of {len(every)} files: recognition in {len(alarmed)} files,"
            f" detection and the like in {len(asked)}, gaps {gaps}, {took:.0f} s"
        )
        if listed:
            for finding in findings:
                said = ", ".join(clue.value for clue in finding.clues if clue.name in ("signature", "lines"))
                print(f"  {finding.locator.path[0]}: {said}")


def main() -> None:
    """Print what was found, what was missed, what was found wrongly, and how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--jobs", type=int, default=0)
    parser.add_argument("--installed", type=Path, nargs="*")
    parser.add_argument("--list", action="store_true")
    given = parser.parse_args()
    if given.installed:
        _on_installed(given.installed, given.files, given.jobs, listed=given.list)
    else:
        _on_site(given.files, given.minutes, given.jobs, listed=given.list)


if __name__ == "__main__":
    main()
