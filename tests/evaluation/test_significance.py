"""Intervals that cover, p values that are right under the null, and a correction that is Holm's."""

import numpy as np
import pytest
from scipy.stats import bootstrap, kstest

from course_lib.evaluation import significance


def test_with_one_seed_a_side_the_interval_is_the_library_s_bootstrap():
    values = np.random.default_rng(0).beta(2, 3, 80)
    ours = significance.interval(values[None], 500, seed=7)
    theirs = bootstrap(
        (values,), np.mean, n_resamples=500, method="percentile", rng=np.random.default_rng(7)
    ).confidence_interval
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    assert ours.mean == pytest.approx(values.mean())


def drawn(chance: np.random.Generator, seeds: int, groups: int, gain: float, between_seeds: float) -> tuple:
    """A candidate of several trainings and an untrained baseline, the true mean difference being `gain`."""
    baseline = chance.normal(0.5, 0.3, (1, groups))
    steady = gain + chance.normal(0, 0.2, groups)  # what training does to each group, whatever the seed
    noise = chance.normal(0, between_seeds, (seeds, 1)) + chance.normal(0, 0.1, (seeds, groups))
    return baseline + steady + noise, baseline


@pytest.mark.parametrize("seeds, between_seeds", [(1, 0.0), (3, 0.02), (5, 0.03)])
def test_the_interval_covers_the_true_difference_in_about_95_of_100_samples(seeds, between_seeds):
    chance, covered = np.random.default_rng(seeds), 0
    for _ in range(300):
        candidate, baseline = drawn(chance, seeds, 60, gain=0.05, between_seeds=between_seeds)
        found = significance.difference(candidate, baseline, 300, seed=0)
        covered += found.low <= 0.05 <= found.high
    assert 0.91 <= covered / 300 <= 0.985


def test_where_trainings_differ_an_interval_over_queries_alone_covers_less_than_one_over_seeds_too():
    chance, covered = np.random.default_rng(0), np.zeros(2)
    for _ in range(200):
        candidate, baseline = drawn(chance, 3, 200, gain=0.05, between_seeds=0.04)
        both = significance.difference(candidate, baseline, 200, seed=0)
        queries_alone = significance.difference(candidate.mean(axis=0, keepdims=True), baseline, 200, seed=0)
        covered += [found.low <= 0.05 <= found.high for found in (both, queries_alone)]
    with_seeds, without = covered / 200
    assert with_seeds >= 0.87 and without <= 0.8


def test_the_interval_does_not_depend_on_the_order_of_the_groups_but_for_the_draw_nor_on_their_difficulty():
    chance = np.random.default_rng(0)
    candidate, baseline = drawn(chance, 3, 60, gain=0.05, between_seeds=0.02)
    found = significance.difference(candidate, baseline, 4000, seed=0)
    order = chance.permutation(60)
    shuffled = significance.difference(candidate[:, order], baseline[:, order], 4000, seed=0)
    harder = significance.difference(candidate - baseline, np.zeros((1, 60)), 4000, seed=0)
    for other in (shuffled, harder):
        assert (other.mean, other.low, other.high) == pytest.approx((found.mean, found.low, found.high), abs=0.006)


def test_one_group_leaves_the_chance_of_the_seeds_alone():
    found = significance.interval(np.array([[0.1], [0.2], [0.6]]), 500, seed=0)
    assert found.low < found.mean < found.high and found.mean == pytest.approx(0.3)


def by_hand(differences: np.ndarray) -> float:
    """Every way to flip signs, counted."""
    count = len(differences)
    signs = np.array([[1 if way >> bit & 1 else -1 for bit in range(count)] for way in range(2**count)])
    means = np.abs(signs @ differences)
    return float((means >= abs(differences.sum()) - 1e-12).mean())


@pytest.mark.parametrize("seed", range(3))
def test_few_groups_get_the_exact_p_value_of_all_ways_to_flip_signs(seed):
    differences = np.random.default_rng(seed).normal(0.1, 0.2, 9)
    assert significance.permutation_p(differences, 1000, seed=0) == pytest.approx(by_hand(differences))
    approximate = significance.permutation_p(differences, 400, seed=0)
    assert approximate == pytest.approx(by_hand(differences), abs=0.1)


def test_a_p_value_of_drawn_flips_is_never_zero_and_counts_the_observed_one():
    assert significance.permutation_p(np.full(40, 0.1), 199, seed=0) == pytest.approx(2 / 200)
    assert significance.permutation_p(np.zeros(40), 199, seed=0) == 1.0
    assert significance.permutation_p(np.array([0.3]), 199, seed=0) == 1.0


def test_the_p_value_has_no_direction_and_repeats_with_its_seed():
    differences = np.random.default_rng(3).normal(0.03, 0.2, 50)
    p = significance.permutation_p(differences, 500, seed=1)
    assert p == significance.permutation_p(differences, 500, seed=1)
    assert p == pytest.approx(significance.permutation_p(-differences, 500, seed=1), abs=0.02)


def test_under_the_null_p_values_are_uniform_and_5_of_100_fall_below_5_percent():
    chance = np.random.default_rng(0)
    ours, theirs = chance.beta(2, 3, (600, 25)), chance.beta(2, 3, (600, 25))  # neither is better
    p_values = np.array([significance.permutation_p(pair, 199, seed=i) for i, pair in enumerate(ours - theirs)])
    assert 0.03 <= (p_values <= 0.05).mean() <= 0.075
    assert kstest(p_values, "uniform").pvalue > 0.01


def test_a_larger_gain_never_gets_a_larger_p_value():
    noise = np.random.default_rng(0).normal(0, 0.1, 40)
    p_values = [significance.permutation_p(noise - noise.mean() + gain, 500, seed=0) for gain in (0, 0.02, 0.05, 0.1)]
    assert p_values == sorted(p_values, reverse=True) and p_values[-1] < 0.05 < p_values[0]


def test_holm_on_the_four_p_values_of_the_textbook_example():
    """Sorted: 4 x 0.005, 3 x 0.01, 2 x 0.03, then 0.04, which may not fall below the one before."""
    assert significance.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@pytest.mark.parametrize("seed", range(5))
def test_holm_never_lowers_a_p_value_keeps_their_order_and_is_no_stricter_than_bonferroni(seed):
    chance = np.random.default_rng(seed)
    p = chance.beta(0.3, 1, 12)
    adjusted = np.array(significance.holm(p.tolist()))
    assert (adjusted >= p).all() and (adjusted <= np.minimum(1, 12 * p) + 1e-12).all()
    assert (np.diff(adjusted[np.argsort(p)]) >= 0).all()
    order = chance.permutation(12)
    assert significance.holm(p[order].tolist()) == pytest.approx(adjusted[order])


def test_holm_of_one_p_value_is_that_p_value_and_of_none_is_none():
    assert significance.holm([0.03]) == [0.03] and significance.holm([]) == []


def test_holm_keeps_the_chance_of_any_false_finding_at_5_percent():
    chance = np.random.default_rng(0)
    families = chance.uniform(size=(2000, 8))  # eight true null hypotheses each
    any_found = [min(significance.holm(family.tolist())) <= 0.05 for family in families]
    assert np.mean(any_found) == pytest.approx(0.05, abs=0.015)
    assert np.mean(families.min(axis=1) <= 0.05) > 0.25  # uncorrected
