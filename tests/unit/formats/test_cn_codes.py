"""China's codes for organisations and persons: what is wrong with one is told, never the code."""

from __future__ import annotations

import pytest

from efface.formats.cn_codes import organisation_fault, person_fault, uscc_check, uscc_fault

FAULTS = {
    "the example of GB 32100": (uscc_fault, "91350100M000100Y43", None),
    "a code of agriculture": (uscc_fault, "N1999999" + "000000001" + uscc_check("N1999999000000001"), None),
    "a code of the military": (uscc_fault, "A1999999" + "000000001" + uscc_check("A1999999000000001"), None),
    "a code of others": (uscc_fault, "Y1999999" + "000000001" + uscc_check("Y1999999000000001"), None),
    "one character wrong": (uscc_fault, "91350100M000100Y44", "fails its check character"),
    "one character short": (uscc_fault, "91350100M000100Y4", "has not 18 characters"),
    "an I, which the alphabet lacks": (
        uscc_fault,
        "9135010I0000100Y43",
        "has a character that is none of GB 32100's",
    ),
    "a registrar that is none": (
        uscc_fault,
        "X1350100M000100Y43",
        "names a registering department that is not known",
    ),
    "the organisation code inside it": (organisation_fault, "M000100Y4", None),
    "an organisation code with a dash": (organisation_fault, "M000100Y-4", None),
    "an organisation code that fails": (organisation_fault, "M000100Y5", "fails its check character"),
    "no organisation code": (organisation_fault, "M0001", "is not eight characters and a check character"),
    "the example of GB 11643": (person_fault, "11010519491231002X", None),
    "a digit wrong": (person_fault, "110105194912310021", "fails its check character"),
    "a day that does not exist": (
        person_fault,
        "110105194902310020",
        "holds a day of birth that does not exist",
    ),
    "fifteen digits": (person_fault, "110105491231002", "is not 17 digits and a check character"),
}


@pytest.mark.parametrize(("fault", "code", "expected"), FAULTS.values(), ids=FAULTS.keys())
def test_faults_of_codes(fault: object, code: str, expected: str | None) -> None:
    """A good code has no fault; the fault of a bad one is a sentence without the code."""
    assert callable(fault)
    assert fault(code) == expected


def test_a_check_of_other_characters_is_refused() -> None:
    """There is no check character for what is no code."""
    with pytest.raises(ValueError, match="GB 32100"):
        uscc_check("I" * 17)
