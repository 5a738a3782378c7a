"""Quasi-Poisson regression with a log link, by iteratively reweighted least squares."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from dispatcher.rates.distributions import student_two_sided

Floats = npt.NDArray[np.float64]

_ITERATIONS_MAX: Final = 25
_TOLERANCE: Final = 1e-8
_ETA_MAX: Final = 700.0  # exp of more is no float


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted regression. `dispersion` is the Pearson statistic over the degrees of freedom."""

    coefficients: Floats
    covariance: Floats  # unscaled
    dispersion: float
    degrees: int
    mean: Floats
    leverage: Floats

    def standard_error(self, row: Floats) -> float:
        """Of the linear predictor at this row of a design."""
        return float(np.sqrt(max(0.0, float(row @ self.covariance @ row)) * self.dispersion))

    def p_value(self, column: int) -> float:
        """That a coefficient is zero, two-sided; 1 where nothing is left to estimate it with."""
        se = float(np.sqrt(self.covariance[column, column] * self.dispersion))
        if self.degrees <= 0 or not np.isfinite(se):
            return 1.0
        if se == 0:
            return 0.0
        return student_two_sided(float(self.coefficients[column]) / se, self.degrees)


def fit_quasi_poisson(design: Floats, counts: Floats, weights: Floats | None = None) -> Fit | None:
    """Counts on the columns of the design; None where it does not converge within 25 rounds or is not determined."""
    w = np.ones(counts.size) if weights is None else weights
    mu = counts + 0.1
    eta = np.log(mu)
    deviance = np.inf
    for _ in range(_ITERATIONS_MAX):
        working = w * mu
        weighted = design * working[:, None]
        try:
            covariance = np.asarray(np.linalg.inv(design.T @ weighted), np.float64)
        except np.linalg.LinAlgError:
            return None
        coefficients = covariance @ (weighted.T @ (eta + (counts - mu) / mu))
        eta = design @ coefficients
        if not np.all(np.isfinite(eta)) or float(np.abs(eta).max()) > _ETA_MAX:
            return None
        mu = np.exp(eta)
        before, deviance = deviance, _deviance(counts, mu, w)
        if abs(deviance - before) / (abs(deviance) + 0.1) < _TOLERANCE:
            return _fit(design, counts, w, coefficients, mu)
    return None


def _fit(design: Floats, counts: Floats, w: Floats, coefficients: Floats, mu: Floats) -> Fit | None:
    degrees = int(np.count_nonzero(w > 0)) - design.shape[1]
    weighted = design * (w * mu)[:, None]
    try:
        covariance = np.asarray(np.linalg.inv(design.T @ weighted), np.float64)
    except np.linalg.LinAlgError:
        return None
    leverage = np.einsum("ij,jk,ik->i", weighted, covariance, design)
    dispersion = float((w * (counts - mu) ** 2 / mu).sum() / degrees) if degrees > 0 else 1.0
    return Fit(coefficients, covariance, dispersion, degrees, mu, np.asarray(leverage, np.float64))


def _deviance(counts: Floats, mu: Floats, w: Floats) -> float:
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(counts > 0, counts * np.log(counts / mu), 0.0)
    return float(2 * (w * (logs - (counts - mu))).sum())
