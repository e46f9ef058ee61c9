"""Say for every file of real records and generated stores what it was found as, or that nothing was.

    python bench/records.py [--data DIR] [--mode standard]

A file without a finding may be right: licences, descriptions and fingerprint images without a record are among
them. What should have been found is for the reader to say; the README of the data tells what each file is.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from _run import Looked, data_folder, look

from efface.model import Mode

if TYPE_CHECKING:
    from efface.model import Finding

_SHOWN = 4  # lines of one file


def _as(found: Finding) -> str:
    inside = "!/".join(found.locator.path[1:]) + (
        f"#{found.locator.fragment}" if found.locator.fragment else ""
    )
    level = "-" if found.level is None else str(int(found.level))
    return (
        f"| {found.detector} | {found.form} | {found.characteristic} | {level} | {found.references}"
        f" | {found.confidence} | {inside} |"
    )


def _show(results: dict[str, Looked], root: Path) -> None:
    outcomes: Counter[str] = Counter()
    print("| file | detector | form | characteristic | level | references | confidence | where in it |")
    print("|---|---|---|---|---|---|---|---|")
    for place, looked in sorted(results.items()):
        name = str(Path(place).relative_to(root))
        outcomes["found" if looked.findings else "gap" if looked.gaps else "nothing"] += 1
        for found in looked.findings[:_SHOWN]:
            print(f"| {name} {_as(found)}")
        if len(looked.findings) > _SHOWN:
            print(f"| {name} | ... {len(looked.findings) - _SHOWN} more | | | | | | |")
        for gap in looked.gaps[:_SHOWN]:
            print(f"| {name} | GAP {gap.reason} | {gap.stage} | {gap.detail} | | | | |")
        if not looked.findings and not looked.gaps:
            print(f"| {name} | NOTHING | | | | | | |")
    print("\n" + ", ".join(f"{outcome}: {count}" for outcome, count in outcomes.most_common()) + " files")


def main() -> None:
    """Scan the folders and print the table."""
    parser = argparse.ArgumentParser(description="what real records and stores are found as")
    parser.add_argument("--data", type=Path, default=None, help="folder of measuring data")
    parser.add_argument("--mode", choices=[mode.value for mode in Mode], default=Mode.STANDARD.value)
    wanted = parser.parse_args()
    data = data_folder(wanted.data)
    if data is None:
        sys.exit("no measuring data: set EFFACE_DATA or --data")
    folders = [data / name for name in ("records", "stores") if (data / name).is_dir()]
    _show(look(folders, Mode(wanted.mode)), data.resolve())


if __name__ == "__main__":
    main()
