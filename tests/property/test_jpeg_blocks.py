"""Whatever the picture and the box: black inside, the same numbers outside, and nothing to do the second time."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from efface.engines.jpeg_blocks import fill_blocks
from efface.engines.repaint_region import Region
from efface.model import Limits
from efface.testing import jpegs
from efface.testing.jpeg_coefficients import read_coefficients


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(
    kind=st.sampled_from(jpegs.KINDS),
    size=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    quality=st.integers(1, 100),
    corner=st.tuples(st.integers(0, 6), st.integers(0, 6)),
    extent=st.tuples(st.integers(1, 5), st.integers(1, 5)),
)
def test_blocks_in_the_area_are_black_and_all_others_the_same(kind, size, quality, corner, extent):
    """For any size, coding and quality, an area changes its own blocks in every component, and no other."""
    data = jpegs.jpeg(kind, jpegs.noise(*size, seed=quality), quality)
    area = Region(*corner, corner[0] + extent[0], corner[1] + extent[1])
    filled = fill_blocks(data, [area], Limits())
    if filled is None:
        filled = data
    assert fill_blocks(filled, [area], Limits()) is None
    old, new = read_coefficients(data), read_coefficients(filled)
    for one, other in zip(old.components, new.components, strict=True):
        inside = np.zeros(one.blocks.shape[:2], bool)
        columns = slice(area.left * one.across, area.right * one.across)
        inside[area.top * one.down : area.bottom * one.down, columns] = True
        assert np.array_equal(one.blocks[~inside], other.blocks[~inside])
        assert not other.blocks[inside][:, 1:].any()
