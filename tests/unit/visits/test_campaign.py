"""Many bundles in one folder."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from efface.errors import UsageError
from efface.evidence.keys import SigningKey
from efface.report.campaign import Campaign, State, document, render_csv
from efface.visits.campaign import campaign_of
from efface.visits.opening import check_bundle
from efface.visits.seal import seal
from efface.visits.visit import Visit

ON = date(2026, 12, 1)
KINDS = ("gone", "there", "moved", "new", "untold", "gaps", "back")


class Bundles:
    """A folder of bundles, and a hand that seals more."""

    def __init__(self, folder: Path, signer: SigningKey, run_file: Path) -> None:
        self.folder = folder / "bundles"
        self.folder.mkdir()
        self._work, self.signer, self._run = folder, signer, run_file
        self._count = 0

    def visit(self, premises: str, *, run: bool = True, due: date | None = None) -> Visit:
        self._count += 1
        head = {
            "premises": premises,
            "people": [{"name": "A", "role": "b"}],
            "mandate": "M",
            "authorisation": "N",
        }
        visit = Visit.new(str(self._work / f"visit-{self._count}"), {**head, "clock_offset_s": None})
        if run:
            visit.add_run(str(self._run), "en")
        if due:
            visit.add_paper(b"an order", due)
        return visit

    def seal(self, visit: Visit, name: str, signer: SigningKey | None = None) -> str:
        """Return the root of the sealed log."""
        seal(visit, signer or self.signer, (self.folder / name).write_bytes, "en")
        return visit.log.root

    def compare(self, earlier: str, line: int = 2, **counts: int) -> Visit:
        second = self.visit("second", run=False)
        fields = {"kind": "compared", "earlier": earlier, "line": line, **dict.fromkeys(KINDS, 0), **counts}
        second.add(fields, {"compared.json": b"{}\n"})
        return second

    def shown(self, on: date = ON) -> Campaign:
        return campaign_of(str(self.folder), [self.signer.public], on, "en")

    def states(self, on: date = ON) -> dict[str, State]:
        return {row.file: row.state for row in self.shown(on).rows}


@pytest.fixture
def bundles(tmp_path: Path, signer: SigningKey, run_file: Path, monkeypatch: pytest.MonkeyPatch) -> Bundles:
    from efface.visits import seal as module

    monkeypatch.setattr(
        module, "_laid_out", lambda name, _paper: {f"{name}.html": b""}
    )  # papers have their own tests
    return Bundles(tmp_path, signer, run_file)


def test_an_order_is_due_then_overdue(bundles: Bundles) -> None:
    """The day itself is still in time."""
    bundles.seal(bundles.visit("A", due=ON), "a.zip")
    assert bundles.states(ON) == {"a.zip": State.DUE}
    assert bundles.states(date(2026, 12, 2)) == {"a.zip": State.OVERDUE}


def test_findings_without_a_day_are_open_and_no_run_is_said_so(bundles: Bundles) -> None:
    """Neither is called clean."""
    bundles.seal(bundles.visit("A"), "a.zip")
    bundles.seal(bundles.visit("B", run=False), "b.zip")
    assert bundles.states() == {"a.zip": State.OPEN, "b.zip": State.NO_RUNS}


def test_a_clean_second_visit_closes_the_first(bundles: Bundles) -> None:
    """By the root of its log; the second visit itself looked at no data of its own."""
    root = bundles.seal(bundles.visit("A", due=date(2026, 11, 1)), "a.zip")
    bundles.seal(bundles.compare(root, gone=2), "b.zip")
    assert bundles.states()["a.zip"] is State.CLOSED
    assert [row.again for row in bundles.shown().rows if row.file == "a.zip"] == [1]


@pytest.mark.parametrize("name", [name for name in KINDS if name != "gone"])
def test_whatever_is_there_or_open_closes_nothing(bundles: Bundles, name: str) -> None:
    """One gap is enough."""
    root = bundles.seal(bundles.visit("A", due=date(2026, 11, 1)), "a.zip")
    bundles.seal(bundles.compare(root, **{name: 1}), "b.zip")
    assert bundles.states()["a.zip"] is State.OVERDUE


def test_another_run_or_another_visit_closes_nothing(bundles: Bundles) -> None:
    """A comparison closes what it names."""
    root = bundles.seal(bundles.visit("A", due=date(2026, 11, 1)), "a.zip")
    bundles.seal(bundles.compare(root, line=7), "b.zip")
    bundles.seal(bundles.compare("0" * 64), "c.zip")
    assert bundles.states()["a.zip"] is State.OVERDUE


def test_a_comparison_under_a_key_that_is_not_trusted_closes_nothing(bundles: Bundles) -> None:
    """It is listed as a bundle that does not check."""
    root = bundles.seal(bundles.visit("A", due=date(2026, 11, 1)), "a.zip")
    bundles.seal(bundles.compare(root, gone=2), "b.zip", SigningKey.new())
    shown = bundles.shown()
    assert [row.state for row in shown.rows] == [State.OVERDUE]
    assert [(each.file, "not trusted" in each.reason) for each in shown.refused] == [("b.zip", True)]


def test_a_visit_sealed_twice_counts_once(bundles: Bundles) -> None:
    """By its last seal; a comparison with the first bundle still counts."""
    visit = bundles.visit("A", due=date(2026, 11, 1))
    first = bundles.seal(visit, "a.zip")
    bundles.seal(visit, "a2.zip")
    bundles.seal(bundles.compare(first, gone=2), "b.zip")
    shown = bundles.shown()
    assert (len(shown.rows), shown.superseded) == (2, 1)
    assert bundles.states()["a2.zip"] is State.CLOSED


def test_what_does_not_check_stands_in_page_and_table(bundles: Bundles) -> None:
    """Nothing is left out in silence; a name that a spreadsheet would run is defused."""
    bundles.seal(bundles.visit("=cmd()"), "a.zip")
    (bundles.folder / "broken.zip").write_bytes(b"PK")
    (bundles.folder / "note.txt").write_text("x")
    shown = bundles.shown()
    assert shown.others == 1
    table = render_csv(shown)
    assert "'=cmd()" in table
    assert "does not check" in table
    assert "broken.zip" in repr(document(shown))


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path, signer: SigningKey) -> None:
    """An empty overview would look like success."""
    with pytest.raises(UsageError):
        campaign_of(str(tmp_path / "missing"), [signer.public], ON, "en")


def test_the_bundles_of_these_tests_hold(bundles: Bundles) -> None:
    """Without the papers, too."""
    bundles.seal(bundles.visit("A"), "a.zip")
    assert check_bundle((bundles.folder / "a.zip").read_bytes(), [bundles.signer.public]).sealing
