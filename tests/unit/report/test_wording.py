"""Details in words."""

from __future__ import annotations

import pytest

from efface.report.texts import table
from efface.report.wording import detail_text

KEY = "ab" * 32
SAID = {
    "encrypted; no password was given": "已加密，未提供密码",
    "the picture is broken or cut off (OSError)": "图片损坏或被截断",
    "more than depth = 8 containers inside one another": "嵌套超过 8 层（限额 depth）",
    "more than cells = 10 values: 3 were not looked at": "数值超过 10 个（限额 cells），其中 3 个未检查",
    f"the key {KEY} is not trusted": f"密钥 {KEY} 不受信任",
}


@pytest.mark.parametrize("detail", SAID)
def test_a_known_detail_is_said_in_chinese_with_its_numbers(detail: str) -> None:
    """The Chinese side carries the numbers over; the English side is what was recorded."""
    assert detail_text(detail).zh == SAID[detail]
    assert detail_text(detail).en == detail


def test_an_unknown_detail_stands_for_itself_without_its_tricks() -> None:
    """A detail that the table lacks is shown as it is, with nothing that a terminal would obey."""
    assert detail_text("odd \x1b[31m 7").zh == r"odd \x1b[31m 7"


@pytest.mark.parametrize("key", [key for key in table() if key.startswith("detail.")])
def test_both_sides_of_a_detail_have_the_same_numbers(key: str) -> None:
    """The key is the English sentence, and the Chinese one has a place for each of its numbers."""
    entry = table()[key]
    assert key == f"detail.{entry.en}"
    assert entry.zh.count("#") == entry.en.count("#")
