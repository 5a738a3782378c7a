"""Gi* against esda where it is installed, and against the formula written out."""

import math

import numpy as np
import pytest

from cli.bench.detectors_peers import gi_star_of_esda
from dispatcher.rates.local_sums import gi_star, within


def written_out(values: list[float], weights: np.ndarray, i: int) -> float:
    """Ord and Getis 1995, equation 14.3 with j = i included, one sum at a time."""
    n = len(values)
    mean = sum(values) / n
    deviation = math.sqrt(sum(v * v for v in values) / n - mean * mean)
    total = sum(weights[i, j] for j in range(n))
    squares = sum(weights[i, j] ** 2 for j in range(n))
    excess = sum(weights[i, j] * values[j] for j in range(n)) - mean * total
    return float(excess) / (deviation * math.sqrt((n * squares - total * total) / (n - 1)))


def town(size: int = 60) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(8)
    x, y = generator.uniform(0, 3000, (2, size))
    return generator.poisson(4, size).astype(float), within(x, y, 500)


def test_z_values_are_the_formula() -> None:
    values, weights = town()
    ours = gi_star(values, weights)
    for i in range(values.size):
        assert ours[i] == pytest.approx(written_out(values.tolist(), weights, i), abs=1e-10)


def test_z_values_are_those_of_esda() -> None:
    values, weights = town()
    theirs = gi_star_of_esda(values, weights)
    if theirs is None:
        pytest.skip("the bench extra is not installed")
    np.testing.assert_allclose(gi_star(values, weights), theirs, atol=1e-10, rtol=0)


def test_equal_values_and_a_single_place_stand_out_nowhere() -> None:
    assert not gi_star(np.ones(5), np.ones((5, 5))).any()
    assert not gi_star(np.ones(1), np.ones((1, 1))).any()
    assert not gi_star(np.array([1.0, 2, 3]), np.ones((3, 3))).any()  # everybody is everybody's neighbour
