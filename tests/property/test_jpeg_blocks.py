"""Whatever the picture and the box: black inside, the same numbers outside, and nothing to do the second time."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from efface.engines.repaint import PageBox, repaint
from efface.engines.repaint_region import regions
from efface.model import Limits
from efface.testing import jpegs
from efface.testing.jpeg_coefficients import read_coefficients


@settings(max_examples=50, deadline=None, derandomize=True, database=None)
@given(
    kind=st.sampled_from(jpegs.KINDS),
    size=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    quality=st.integers(1, 100),
    corner=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    extent=st.tuples(st.integers(1, 20), st.integers(1, 20)),
)
def test_blocks_under_a_box_are_black_and_all_others_the_same(kind, size, quality, corner, extent):
    """For any size, coding and quality, a box changes its own blocks in every component, and no other."""
    data = jpegs.jpeg(kind, jpegs.noise(*size, seed=quality), quality)
    left, top = (int(share * (side - 1)) for share, side in zip(corner, size, strict=True))
    box = PageBox(None, left, top, *extent)
    painted = repaint(data, [box], Limits())
    assert repaint(painted, [box], Limits()) == painted
    old, new = read_coefficients(data), read_coefficients(painted)
    across, down = (max(each) for each in zip(*((c.across, c.down) for c in old.components), strict=True))
    (region,) = regions([box], size)
    units = region.aligned(8 * across, 8 * down)
    for one, other in zip(old.components, new.components, strict=True):
        inside = np.zeros(one.blocks.shape[:2], bool)
        rows = slice(units.top // (8 * down) * one.down, units.bottom // (8 * down) * one.down)
        inside[rows, units.left // (8 * across) * one.across : units.right // (8 * across) * one.across] = (
            True
        )
        assert np.array_equal(one.blocks[~inside], other.blocks[~inside])
        assert not other.blocks[inside][:, 1:].any()
