"""The route table and its document: no route without a permission, and the committed document is the table's."""

import json
from importlib import resources
from typing import Any

import jsonschema
import pytest
from openapi_pydantic import OpenAPI

from dispatcher.accounts.model import UserRole
from dispatcher.api.app import TABLE
from dispatcher.api.openapi import document, rendered
from dispatcher.api.permissions import GRANTS, OPEN_TO_ALL, Permission, holds
from dispatcher.api.routing import Call, Route, RouteTableInvalid, check_table


async def do_nothing(call: Call[None, None, None]) -> None:
    del call


def route(path: str = "/x", permission: Any = Permission.PUBLIC) -> Route[None, None, None]:
    return Route("GET", path, permission, do_nothing, "Nothing.")


def test_every_route_declares_a_permission_that_somebody_or_everybody_holds() -> None:
    check_table(TABLE)
    for each in TABLE:
        assert each.permission in OPEN_TO_ALL or GRANTS[each.permission], each.path


@pytest.mark.parametrize("permission", [None, "public", ""])
def test_route_without_a_permission_stops_the_start(permission: object) -> None:
    with pytest.raises(RouteTableInvalid, match="permission"):
        check_table((route(permission=permission),))


def test_twin_routes_and_unfitting_params_stop_the_start() -> None:
    for routes in ((route(), route()), (route("/x/{id}"),), (route("/x"), route("/y"))):
        with pytest.raises(RouteTableInvalid):
            check_table(routes)


def test_permission_granted_to_nobody_is_refused_to_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dispatcher.api.permissions.GRANTS", {})
    for permission in set(Permission) - OPEN_TO_ALL:
        assert not holds(permission, frozenset(UserRole))


def test_auditor_and_engineer_never_act_on_tickets() -> None:
    for role in (UserRole.AUDITOR, UserRole.ENGINEER):
        assert not holds(Permission.ACT_ON_TICKETS, frozenset({role}))


def test_committee_never_reads_calls() -> None:
    assert not holds(Permission.READ_CALLS, frozenset({UserRole.COMMITTEE, UserRole.DEPT_HANDLER, UserRole.DEPT_HEAD}))


def test_committed_document_is_the_tables() -> None:
    committed = resources.files("dispatcher").joinpath("console", "openapi.json").read_text(encoding="utf-8")
    assert committed == rendered(), "run: python -m dispatcher.api.openapi > dispatcher/console/openapi.json"


def test_document_is_valid_openapi_3_1_with_closed_references() -> None:
    whole = document()
    OpenAPI.model_validate(whole)
    assert whole["openapi"].startswith("3.1")
    names = set(whole["components"]["schemas"])
    used = set(json.dumps(whole).split('"#/components/schemas/')[1:])
    assert {name.split('"')[0] for name in used} <= names
    for schema in whole["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_document_holds_every_route_with_its_refusals() -> None:
    paths = document()["paths"]
    for each in TABLE:
        if each.path.startswith("/{"):
            continue
        operation = paths[each.path][each.method.lower()]
        assert str(each.status) in operation["responses"]
        if each.permission not in OPEN_TO_ALL:
            assert {"401", "403", "503"} <= set(operation["responses"]), each.path
            assert operation["security"]
