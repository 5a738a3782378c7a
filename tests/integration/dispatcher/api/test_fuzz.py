"""Schemathesis over the published document: whatever it sends, the api answers as declared and never falls over."""

import asyncio
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.generation import GenerationMode

from dispatcher.api.openapi import document
from tests.integration.dispatcher.api.running import Api

# The stream never ends, and the clock would wait for a dispatcher.
LEFT_OUT = {("GET", "/api/v1/stream"), ("POST", "/api/v1/clock"), ("DELETE", "/api/v1/sessions/current")}
EXAMPLES = 4
load_all_checks()
KEPT_CHECKS = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
    ]
)


def operations(url: str) -> list[Any]:
    schema = schemathesis.openapi.from_dict(dict(document()))
    schema.config.update(base_url=url)
    found: list[Any] = [result.ok() for result in schema.get_all_operations()]  # type: ignore[union-attr]
    return [one for one in found if (one.method.upper(), one.path) not in LEFT_OUT]


def fuzz(operation: Any, headers: dict[str, str], mode: GenerationMode) -> None:
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def run(case: Any) -> None:
        response = case.call(headers=headers, timeout=20)
        case.validate_response(response, checks=KEPT_CHECKS)

    run()


@pytest.mark.filterwarnings("ignore")  # of the fuzzer's own dependencies
async def test_fuzzed_requests_are_answered_as_declared(api: Api) -> None:
    clients = [await api.as_user(login) for login in ("engineer", "call_taker", "duty_officer")]
    for operation in operations(api.url):
        for client in clients:
            try:
                for mode in GenerationMode:
                    await asyncio.to_thread(fuzz, operation, client.headers(), mode)
            except Unsatisfiable:
                continue  # Nothing about this route can be wrong.
            except Exception as error:
                raise AssertionError(f"{operation.method} {operation.path}: {error}") from error
