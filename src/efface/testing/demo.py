"""The demonstration: a small sales office, taken through the whole sentence by the command line.

    python -m efface.testing.demo [FOLDER]

It writes into a new folder under the system's temporary folder, or into FOLDER, uses no network, and says
every command before it runs it.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from efface.testing.office import make_office

__all__ = ["main"]

_SAMPLES = Path(__file__).resolve().parents[3] / "samples"


class _Story:
    """Runs commands, says them, and remembers what went another way than told."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.wrong: list[str] = []

    def tell(self, sentence: str) -> None:
        print(f"\n\033[1m{sentence}\033[0m" if sys.stdout.isatty() else f"\n== {sentence}", flush=True)

    def run(self, *arguments: str, expect: int) -> None:
        """Run one efface command; the exit code is part of the story."""
        shown = shlex.join(
            os.path.relpath(each, self._folder) if os.path.isabs(each) else each for each in arguments
        )
        print(f"$ efface {shown}", flush=True)
        code = subprocess.run([sys.executable, "-m", "efface", *arguments], check=False).returncode
        print(f"(exit code {code})", flush=True)
        if code != expect:
            self.wrong.append(f"efface {shown}: exit code {code}, expected {expect}")


def main(arguments: list[str]) -> int:
    """Tell the story; return 0 when every command did what the story says."""
    began = time.monotonic()
    folder = Path(arguments[0]).resolve() if arguments else Path(tempfile.mkdtemp(prefix="efface-demo-"))
    story = _Story(folder)
    story.tell("1. A property sales office, written from generated data and one public-domain portrait")
    office = make_office(folder, _SAMPLES)
    files = sum(1 for path in office.folder.rglob("*") if path.is_file())
    print(f"{files} files in {office.folder}")
    run, place = str(folder / "run.sqlite"), str(office.folder)
    nanjing, tianjin = str(office.case_nanjing), str(office.case_tianjin)
    certificate, key = str(folder / "certificate.json"), str(folder / "inspector.pem")
    before, report = str(folder / "report-before.html"), str(folder / "report.html")

    story.tell("2. Find, and judge under the Nanjing instruction of 2020")
    story.run(
        "scan", place, "--run", run, "--case", nanjing, "--as-of", "2020-12-01", "--html", before, expect=1
    )
    story.tell("3. The same run under the Tianjin Social Credit Regulation: the credit file in it")
    story.run("judge", run, "--case", tianjin, expect=1)
    story.tell("4. The plan, and nothing but the plan")
    story.run("remove", run, "--case", nanjing, "--as-of", "2020-12-01", expect=0)
    story.tell("5. Remove: covered or erased, looked at again, then replaced")
    story.run("remove", run, "--case", nanjing, "--as-of", "2020-12-01", "--apply", expect=0)
    story.run("remove", run, "--case", tianjin, "--apply", expect=0)
    story.tell("6. Look at everything again: what consent could cure, two fingerprints at the door, is left")
    story.run(
        "scan", place, "--run", run, "--case", nanjing, "--as-of", "2020-12-01", "--html", report, expect=1
    )
    story.tell("7. Prove it")
    story.run("keys", "new", key, expect=0)
    story.run("certify", run, "-o", certificate, "--key", key, expect=0)
    story.run("check", certificate, "--trust", str(Path(key).with_suffix(".pub")), expect=0)
    story.tell(f"The report: {report}")
    print(f"What it said before the removal: {before}")
    print(f"The certificate: {certificate}")
    print(f"All of it took {time.monotonic() - began:.0f} s.")
    for line in story.wrong:
        print(f"NOT AS TOLD: {line}", file=sys.stderr)
    return 1 if story.wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
