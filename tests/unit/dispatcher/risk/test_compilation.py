"""What grades and explains is compiled before the first incident, in a step's process and in the api."""

import os
from collections.abc import Callable
from importlib import import_module

import pytest

from dispatcher.correlation.columns import event_columns, uid_bytes
from dispatcher.correlation.explanation import explain
from dispatcher.correlation.groups import Group
from dispatcher.incidents.grades.compilation import compile_explanations
from dispatcher.risk.by_events import Grader
from dispatcher.risk.compilation import compile_grading_kernels
from dispatcher.risk.grading import grade
from dispatcher.risk.model import Facts
from dispatcher.risk.tally import Tally
from tests.unit.dispatcher.risk.table import MATRIX, TABLE, TAXONOMY
from tests.unit.dispatcher.risk.test_by_events import reports
from tests.unit.dispatcher.risk.test_grading import FIRE

KERNELS = ("risk.kernels.deciding", "risk.kernels.tallying", "correlation.kernels.nearest")


def compiled_versions() -> dict[str, int]:
    return {
        f"{kernels}.{name}": len(made.signatures)
        for kernels in KERNELS
        for name, made in vars(import_module(f"dispatcher.{kernels}")).items()
        if hasattr(made, "signatures")
    }


@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="nothing is compiled")
@pytest.mark.parametrize("warm_up", [compile_grading_kernels, compile_explanations])
def test_warm_up_leaves_nothing_to_compile(warm_up: Callable[[], None]) -> None:
    warm_up()
    before = compiled_versions()
    grade(Tally(FIRE), Facts(final=True), TAXONOMY, MATRIX, TABLE)
    if warm_up is compile_grading_kernels:
        Grader.of(TAXONOMY, MATRIX, TABLE).grade(reports([list(FIRE)] * 3), 3, final=True)
    else:
        explain(
            event_columns([uid_bytes(0, n) for n in range(9)], t_ms=0, x_dm=0, y_dm=0, subject=range(9)), Group(9, 9)
        )
    assert compiled_versions() == before
    assert before["risk.kernels.deciding.decide"] == 1
