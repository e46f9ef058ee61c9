"""Say of labelled folders and tables whether they are seen as galleries, how enrolled, and of how many people.

    python bench/galleries.py [--data DIR] [--people 12] [--stores]

Built in a temporary folder from the measuring set, which is never copied elsewhere: portraits of 20 people
(grey, 92x112) as `efface.testing.galleries` lays them out, and scenes that are no galleries. *Level* is that of
most findings of pictures; the share beside it is of findings that have the expected one. *People* is the
estimate of the group of the expected kind. Without the measuring set the sample portrait stands for everybody.
`--stores` scans the generated stores of real systems instead and prints their groups.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from _run import data_folder
from PIL import Image

from efface.model import Form, Level
from efface.report.marks import GroupKind
from efface.runs.groups import groups
from efface.runs.scan import ScanOptions, scan
from efface.runs.store import Store
from efface.testing.galleries import LAYOUTS, Layout, jpeg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from efface.model import Finding
    from efface.report.marks import Group

    Pictures = Sequence[Image.Image]

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
ENROLLED_AS = {GroupKind.GALLERY, GroupKind.TEMPLATES, GroupKind.PERSON_PICTURES}
PLACES = ("New York", "San Marino", "Buenos Aires", "Kuala Lumpur", "Cape Town", "Monte Carlo")


def people_of(data: Path | None, count: int) -> list[Pictures]:
    """Return pictures of people: of the measuring set, or the sample portrait in many sizes."""
    root = data / "identities" / "orl_measure_only" if data else None
    if root is None or not root.is_dir():
        portrait = Image.open(SAMPLES / "portrait.png").convert("RGB")
        return [[portrait.rotate(n, resample=Image.Resampling.BICUBIC) for n in (0, 3)] for _ in range(count)]
    folders = sorted(root.iterdir(), key=lambda folder: int(folder.name[1:]))[:count]
    return [[_larger(path) for path in sorted(folder.iterdir())[:4]] for folder in folders]


def _larger(path: Path) -> Image.Image:
    picture = Image.open(path).convert("RGB")
    return picture.resize((picture.width * 3, picture.height * 3), Image.Resampling.BICUBIC)


def scenes_of(data: Path) -> dict[str, Layout]:
    """Return layouts of what is no gallery, out of photos of streets and of things."""
    street = [Image.open(path) for path in _pictures(data / "faces" / "street_measure_only", 60)]
    things = [Image.open(path) for path in _pictures(data / "negatives" / "kodak", 24)]
    frames = [Image.open(path) for path in _pictures(data / "faces" / "frames_ccby", 60)]
    selfies = list(_selfies(data / "faces" / "frames_ccby"))

    def put(pictures: Pictures, name: Callable[[int], str]) -> Layout:
        return Layout(lambda folder, _: _write(folder, pictures, name), None, Level.VISIBLE)

    return {
        "photos of streets": put(street, lambda n: f"street/{n:05d}.jpg"),
        "an album of an event": put(street[:40], lambda n: f"2019 summer party/IMG_{4000 + n}.jpg"),
        "a holiday album in folders named after places": put(
            street[:36], lambda n: f"holiday/{PLACES[n % 6]}/{n // 6 + 1}.jpg"
        ),
        "selfies in folders named after places": put(
            selfies[:36], lambda n: f"holiday/{PLACES[n % 6]}/{n // 6 + 1}.jpg"
        ),
        "photos of products named by number": put(things, lambda n: f"shop/{200_100 + 7 * n}.jpg"),
        "a folder for each product": put(
            [*things, *street[:24]], lambda n: f"products/{3000 + n // 2}/{n % 2}.jpg"
        ),
        "frames of a film": put(frames, lambda n: f"film/{n:06d}.jpg"),
        "stills of a camera system": put(street[:30], lambda n: f"frigate/clips/front_door-{1600 + n}.jpg"),
        "scenes named by staff number": put(street[:20], lambda n: f"staff/{1000 + n}.jpg"),
    }


def _selfies(folder: Path) -> Iterator[Image.Image]:
    """Yield frames cut around a face, as somebody holds a telephone at arm's length."""
    for line in (folder / "labels.jsonl").read_text().splitlines():
        label = json.loads(line)
        if not label["faces"]:
            continue
        x, y, wide, high = (label["faces"][0][side] for side in "xywh")
        with Image.open(folder / label["file"]) as frame:
            yield frame.crop((x - wide, y - high // 2, x + 2 * wide, y + 2 * high))


def _pictures(folder: Path, most: int) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in {".jpg", ".png"})[:most]


def _write(folder: Path, pictures: Sequence[Image.Image], name: Callable[[int], str]) -> None:
    for n, picture in enumerate(pictures):
        path = folder / name(n)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg(picture))


def look(target: Path) -> tuple[list[Finding], tuple[Group, ...]]:
    """Scan a folder into a run file that is thrown away; return findings and groups, and say every gap."""
    with tempfile.TemporaryDirectory(prefix="efface-bench-") as folder, Store(f"{folder}/run") as store:
        scan(store, ScanOptions((str(target),), jobs=1))
        findings = list(store.findings())
        for reason, count in Counter(f"{gap.reason}: {gap.detail}" for gap in store.gaps()).items():
            print(f"{count} gaps, {reason}", file=sys.stderr)
    return findings, groups(findings)


def measure(layouts: dict[str, Layout], people: list[Pictures]) -> None:
    """Print a line for each layout, then the confusion of levels, and precision and recall of groups."""
    levels: Counter[tuple[str, str]] = Counter()
    hits: Counter[tuple[bool, bool]] = Counter()
    errors = []
    print("| layout | expected | seen as | level | right | people | system |\n|---|---|---|---|---|---|---|")
    for name, layout in layouts.items():
        with tempfile.TemporaryDirectory(prefix="efface-bench-") as place:
            layout.write(Path(place), people)
            findings, found = look(Path(place))
        stores = [group for group in found if group.kind in ENROLLED_AS]
        seen = next((group for group in stores if group.kind is layout.kind), stores[0] if stores else None)
        own = [_level(finding) for finding in findings if finding.form is Form.SAMPLE]
        commonest = Counter(own).most_common(1)[0][0] if own else "-"
        wanted = "any" if layout.level is None else f"L{int(layout.level)}"
        if layout.level is not None:
            levels.update((wanted, each) for each in own)
        hits[layout.kind is not None, seen is not None] += 1
        if layout.kind and seen:
            errors.append(abs((seen.people or 0) - len(people)) / len(people))
        right = f"{own.count(wanted) / len(own):.0%}" if own and layout.level is not None else "-"
        told = (
            f"{seen.people} of {len(people)}"
            if seen and layout.kind
            else "-"
            if not seen
            else str(seen.people)
        )
        kinds = f"{layout.kind or 'none'} {wanted}", str(seen.kind) if seen else "none"
        system = seen.system if seen else ""
        as_told = "" if system == layout.system else f" (expected {layout.system or 'none'})"
        print(
            f"| {name} | {kinds[0]} | {kinds[1]} | {commonest} | {right} | {told} | {system}{as_told} |",
            flush=True,
        )
    print("\n| expected / got | L1 | L2 | L3 |\n|---|---|---|---|")
    for wanted in ("L1", "L2", "L3"):
        print(f"| {wanted} | " + " | ".join(str(levels[wanted, got]) for got in ("L1", "L2", "L3")) + " |")
    called, true = hits[True, True] + hits[False, True], hits[True, True] + hits[True, False]
    print(
        f"\nstores of people: precision {hits[True, True] / max(called, 1):.2f}, recall "
        f"{hits[True, True] / max(true, 1):.2f} over {sum(hits.values())} places; people wrong by "
        f"{sum(errors) / max(len(errors), 1):.0%} on average"
    )


def _level(finding: Finding) -> str:
    return "-" if finding.level is None else f"L{int(finding.level)}"


def print_stores(data: Path) -> None:
    """Print the groups of the generated stores."""
    print("| place | kind | system | people | findings |\n|---|---|---|---|---|")
    for part in ("generated", "sales_office"):
        root = data / "stores" / part
        for group in look(root)[1]:
            inside = json.dumps([*group.place.path[1:], group.place.fragment or ""], ensure_ascii=False)
            name = f"{Path(group.place.path[0]).name} {inside}"
            print(f"| {name} | {group.kind} | {group.system} | {group.people} | {group.findings} |")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=None, help="folder of measuring data")
    parser.add_argument("--people", type=int, default=12)
    parser.add_argument("--only", default="", help="layouts whose names hold this text")
    parser.add_argument("--stores", action="store_true", help="print the groups of the generated stores")
    chosen = parser.parse_args()
    data = data_folder(chosen.data)
    if chosen.stores:
        if data is None:
            raise SystemExit("no measuring data: set EFFACE_DATA or --data")
        print_stores(data)
        return
    layouts = LAYOUTS | (scenes_of(data) if data else {})
    wanted = {name: layout for name, layout in layouts.items() if chosen.only in name}
    measure(wanted, people_of(data, chosen.people))


if __name__ == "__main__":
    main()
