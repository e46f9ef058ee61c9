"""Count findings in files that hold no biometric data: false alarms per 10,000 files.

    python bench/false_alarms.py [--files 10000] [--mode standard] [--jobs 0] [--data DIR] [--list]

Files are drawn by a seed from the Python installation (its library and installed packages); the photos without
people of the measuring data are counted apart, where it is there. Some packages do ship pictures of people or biometric
test files: `--list` shows each place, so that a reader can tell.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import sysconfig
from collections import Counter
from pathlib import Path

from _run import Looked, data_folder, look

from efface.model import Mode


def _software(files: int) -> list[Path]:
    places = {
        Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib", "purelib", "platlib")
    }
    places.add(Path(sys.base_prefix, "lib").resolve())
    outermost = [place for place in places if not any(other in place.parents for other in places)]
    found = sorted(
        {path for place in outermost for path in place.rglob("*") if path.is_file() and not path.is_symlink()}
    )
    return sorted(random.Random(2020).sample(found, min(files, len(found))))


def _photos(data: Path | None) -> list[Path]:
    """Return the photos that are labelled as without a person."""
    labels = data / "negatives" / "labels.jsonl" if data else Path()
    if not labels.is_file():
        return []
    rows = [json.loads(line) for line in labels.read_text("utf-8").splitlines()]
    return [labels.parent / row["file"] for row in rows if row["status"] == "clean"]


def _show(results: dict[str, Looked], *, listed: bool) -> None:
    files = len(results)
    kinds: dict[tuple[str, str, str], Counter[str]] = {}
    reasons: Counter[str] = Counter()
    for place, looked in results.items():
        suffix = Path(place).suffix.lower() or "(none)"
        for found in looked.findings:
            kinds.setdefault((found.detector, found.form, found.characteristic), Counter())[suffix] += 1
        reasons.update(gap.reason for gap in looked.gaps)
    alarmed = sum(bool(looked.findings) for looked in results.values())
    biometric = sum(any(found.is_biometric for found in looked.findings) for looked in results.values())
    print(f"{files} files; files with a finding: {alarmed} ({alarmed / files * 1e4:.1f} per 10,000)")
    print(
        f"files with a biometric finding (characteristic known): {biometric} ({biometric / files * 1e4:.1f} per 10,000)"
    )
    print(
        "gaps: "
        + (", ".join(f"{reason} {count}" for reason, count in reasons.most_common()) or "none")
        + "\n"
    )
    print(
        "| detector | form | characteristic | findings | per 10,000 files | by suffix |\n|---|---|---|---|---|---|"
    )
    for (detector, form, characteristic), suffixes in sorted(kinds.items()):
        count = suffixes.total()
        by = ", ".join(f"{suffix} {n}" for suffix, n in suffixes.most_common(8))
        print(f"| {detector} | {form} | {characteristic} | {count} | {count / files * 1e4:.1f} | {by} |")
    for looked in results.values() if listed else ():
        for found in looked.findings:
            said = " ".join(f"{clue.name}={clue.value}" for clue in found.clues)
            inside = found.locator.uri.removeprefix("file://")
            print(
                f"\n{inside}\n  {found.detector} {found.form} {found.characteristic} {found.confidence} {said}"
            )


def main() -> None:
    """Draw the files, scan them, and print the table."""
    parser = argparse.ArgumentParser(description="false alarms per 10,000 files")
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--mode", choices=[mode.value for mode in Mode], default=Mode.STANDARD.value)
    parser.add_argument("--jobs", type=int, default=0)
    parser.add_argument("--data", type=Path, default=None, help="folder of measuring data")
    parser.add_argument("--list", action="store_true", help="show each finding with its place and clues")
    wanted = parser.parse_args()
    drawn = {
        "files of the Python installation": _software(wanted.files),
        "photos without people": _photos(data_folder(wanted.data)),
    }
    for title, files in drawn.items():
        if files:
            print(f"## {title}, {wanted.mode}\n")
            _show(look(files, Mode(wanted.mode), wanted.jobs), listed=wanted.list)
            print()


if __name__ == "__main__":
    main()
