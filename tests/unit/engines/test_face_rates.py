"""How often probes find their person, beside chance."""

from __future__ import annotations

import numpy as np
import pytest

from efface.engines.face_rates import distances, linked, rates


def test_who_is_nearest_to_himself_is_found():
    """Probes that lie at their own person are found always; a blind draw from four finds a quarter."""
    far = np.full((4, 4), 1.0)
    np.fill_diagonal(far, 0.0)
    told = rates(far, np.arange(4), np.arange(4))
    assert (told.probes, told.rank_one, told.rank_one_chance, told.accepted) == (4, 1.0, 0.25, 1.0)


def test_probes_without_content_are_at_chance():
    """Rows of one value, as of crops of one colour, score what a blind draw would, and none is accepted."""
    persons = np.array([0, 0, 1, 2, 3])
    told = rates(np.full((5, 5), 7.0), persons, persons)
    assert told.rank_one == pytest.approx(told.rank_one_chance) == pytest.approx((2 + 2 + 1 + 1 + 1) / 25)
    assert told.accepted == 0.0


def test_constant_templates_find_one_gallery_face_and_so_are_at_chance():
    """Probes that are all the same find the same face: one in so many is right by accident."""
    rng = np.random.default_rng(1)
    gallery = rng.normal(size=(50, 8)).astype(np.float32)
    probes = np.tile(rng.normal(size=(1, 8)).astype(np.float32), (50, 1))
    told = rates(distances(probes, gallery), np.arange(50), np.arange(50))
    assert told.rank_one == pytest.approx(told.rank_one_chance) == pytest.approx(1 / 50)


def test_a_face_is_not_found_by_itself():
    """Pairs that do not count are neither found nor drawn."""
    far = 1.0 - np.eye(4)
    persons = np.array([0, 0, 1, 1])
    told = rates(far, persons, persons, np.eye(4, dtype=bool))
    assert told.rank_one == pytest.approx(1 / 3)
    assert told.rank_one_chance == pytest.approx(1 / 3)


def test_one_false_accept_in_a_thousand_is_allowed_and_no_more():
    """The threshold of `accepted` leaves as many pairs of different persons below it as that."""
    rng = np.random.default_rng(2)
    persons = np.arange(60)
    far = rng.uniform(0.5, 1.0, size=(60, 60))
    np.fill_diagonal(far, np.where(persons < 30, 0.4, 2.0))
    told = rates(far, persons, persons)
    assert told.accepted == pytest.approx(0.5)
    assert told.accepted_chance == 1e-3


def test_with_few_pairs_the_chance_of_being_accepted_is_larger():
    """Among n pairs of others one that is drawn alike is the nearest with a chance of one in n + 1."""
    told = rates(1.0 - np.eye(3), np.arange(3), np.arange(3))
    assert told.accepted_chance == pytest.approx(1 / 7)


@pytest.mark.parametrize("persons", [[0], [0, 0, 0], []])
def test_of_one_person_nothing_can_be_told(persons):
    """Without anybody to be mistaken for there is no rate."""
    who = np.array(persons, int)
    assert rates(np.zeros((len(who), len(who))), who, who) is None


def test_whose_person_is_in_no_gallery_is_not_counted():
    """A probe that cannot be found is neither a hit nor a miss."""
    told = rates(np.array([[0.0, 1.0], [0.5, 0.5]]), np.array([0, 9]), np.array([0, 1]))
    assert told.probes == 1


def test_links_go_through_others():
    """Who is linked with one is linked with all that one is linked with."""
    near = np.eye(5, dtype=bool)
    for one, other in ((0, 3), (3, 1)):
        near[one, other] = near[other, one] = True
    assert linked(near).tolist() == [0, 0, 2, 0, 4]
