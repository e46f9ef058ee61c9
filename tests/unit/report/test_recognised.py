"""What recognisers made of removed faces, in sentences, a page and a paper."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from efface.evidence.check import check
from efface.evidence.keys import SigningKey
from efface.evidence.recognition import needed
from efface.report import html_check
from efface.report.certificate_paper import NAME, certificate_paper
from efface.report.recognised import recognised_sentences
from efface.testing.ledgers import recognition_story, small_story

KEY = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(32)))
DATA = recognition_story().certificate(KEY)


@pytest.fixture(scope="module")
def certificate():
    return check(DATA, [KEY.public]).certificate


def test_each_application_has_its_outcome_and_its_counts(certificate) -> None:
    """Shown, too few, contradicted and shown again, each with how many places were how."""
    said = [each.en for each in recognised_sentences(certificate) if each.en.startswith("Recognisers")]
    assert ["no better than chance" in each for each in said] == [True, False, False, True]
    assert "Places of one colour 40, without a picture 1, with something else 0" in said[0]
    assert "too few faces to say" in said[1]
    assert "they still know them" in said[2]


def test_where_it_is_too_few_the_number_that_it_would_take_is_said(certificate) -> None:
    """Not "removed", and not "failed": how many faces it would take, in both languages."""
    (few,) = (each for each in recognised_sentences(certificate) if "would be needed" in each.en)
    assert f"about {needed(333_333):,} such faces" in few.en
    assert "须有约" in few.zh


def test_rates_stand_beside_chance_and_interval(certificate) -> None:
    """A number without both would say nothing."""
    said = [each.en for each in recognised_sentences(certificate) if each.en.startswith("lbp")]
    assert (
        "lbp, gallery of what is left of faces, rank 1: 90.0% of 50 (95 % interval 78.6% to 95.7%)" in said[4]
    )
    assert all("by chance" in each for each in said)


def test_without_a_test_nothing_is_said() -> None:
    """A run in which no recogniser was tried has no such sentence; the certificate says so under what is unproven."""
    bare = check(small_story().certificate(KEY), [KEY.public]).certificate
    assert list(recognised_sentences(bare)) == []
    page = html_check.render((), bare, {}, "0" * 64, "en")
    assert "by chance" not in page
    assert "no recogniser was tried" in page


def test_the_page_says_it(certificate) -> None:
    """The page of a check has the sentences in both languages."""
    page = html_check.render((), certificate, {}, "0" * 64, "en")
    assert "too few faces to say" in page
    assert "人脸过少" in page


def test_the_paper_holds_the_file_and_looks_no_better_than_the_run(certificate) -> None:
    """The colour of "nothing left" is for a run in which nothing failed, stayed or was not looked at."""
    paper = certificate_paper(certificate, DATA, "0" * 64, "zh")
    assert (paper.attached.name, paper.attached.text.encode()) == (NAME, DATA)
    assert paper.kind == "nothing"
    left = replace(certificate, findings_by={"removed": 3, "failed": 1})
    assert certificate_paper(left, DATA, "0" * 64, "zh").kind == "undecided"
    assert certificate_paper(replace(certificate, gaps=1), DATA, "0" * 64, "zh").kind == "undecided"
