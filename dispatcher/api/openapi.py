"""Writes the OpenAPI 3.1 document of the route table; `python -m dispatcher.api.openapi` prints it."""

import functools
import json
import re
import sys
from collections.abc import Mapping
from typing import Any, Final

from openapi_pydantic import (
    Components,
    Info,
    MediaType,
    OpenAPI,
    Operation,
    Parameter,
    PathItem,
    RequestBody,
    Response,
    Schema,
    SecurityScheme,
)
from openapi_pydantic.util import PydanticSchema, construct_open_api_with_schema_class
from pydantic.json_schema import models_json_schema

from dispatcher.api.briefs.document import MEDIA_TYPE as DOCX
from dispatcher.api.exports.writing import MEDIA_TYPES
from dispatcher.api.models.problems import Problem
from dispatcher.api.permissions import OPEN_TO_ALL, roles_that_hold
from dispatcher.api.routes import ROUTES
from dispatcher.api.routing import AnyRoute

_TEMPLATE: Final = "#/components/schemas/{model}"
_PROBLEM: Final = {"application/problem+json": MediaType(schema=PydanticSchema(schema_class=Problem))}
_FILE: Final = Schema(
    type="object",
    required=["file"],
    properties={"file": Schema(type="string", contentMediaType="application/octet-stream")},
)
_EITHER: Final[list[dict[str, list[str]]]] = [{"bearer": []}, {"cookie": []}]


@functools.cache
def document() -> Mapping[str, Any]:
    """The document as JSON values; the same for every process of this version."""
    paths: dict[str, PathItem] = {}
    for route in ROUTES:
        item = paths.setdefault(route.path, PathItem())
        setattr(item, route.method.lower(), _operation(route))
    skeleton = OpenAPI(
        openapi="3.1.1",
        info=Info(
            title="Rongan",
            version="1",
            description="Community hardware and hotline calls become graded incidents and accountable tickets. "
            "Errors are application/problem+json with a stable `code`; times are ISO 8601 in UTC; lists are walked "
            "with `cursor` and `next`.",
        ),
        paths=paths,
        components=Components(
            schemas=_parameter_schemas(),
            securitySchemes={
                "bearer": SecurityScheme(type="http", scheme="bearer", description="The token of POST sessions."),
                "cookie": SecurityScheme(type="apiKey", name="__Host-rongan", security_scheme_in="cookie"),
            },
        ),
    )
    whole = construct_open_api_with_schema_class(skeleton)
    values: dict[str, Any] = json.loads(whole.model_dump_json(by_alias=True, exclude_none=True))
    values["components"]["schemas"] = dict(sorted(values["components"]["schemas"].items()))
    return values


def _operation(route: AnyRoute) -> Operation:
    responses = {
        str(answer): Response(description=meaning, content=_content(route))
        for answer, meaning in ((route.status, "As asked."), *((also.status, also.meaning) for also in route.also))
    }
    for status, meaning in sorted(_refusals(route).items()):
        responses[str(status)] = Response(description=meaning, content=_PROBLEM)
    body = None
    if route.body is not None:
        body = RequestBody(
            required=True, content={"application/json": MediaType(schema=PydanticSchema(schema_class=route.body))}
        )
    if route.uploads:
        body = RequestBody(required=True, content={"multipart/form-data": MediaType(schema=_FILE)})
    public = route.permission in OPEN_TO_ALL
    roles = ", ".join(roles_that_hold(route.permission))
    return Operation(
        operationId=route.name,
        summary=route.summary,
        description=None if public else f"Permission `{route.permission}`: {roles}.",
        tags=[_tag(route)],
        parameters=_parameters(route) or None,
        requestBody=body,
        responses=responses,
        security=[] if public else _EITHER,
    )


def _tag(route: AnyRoute) -> str:
    return re.sub(r"^/(api/v1/)?", "", route.path).split("/")[0]


def _content(route: AnyRoute) -> dict[str, MediaType] | None:
    if route.response is not None and route.exports:
        files = {media_type: MediaType(schema=Schema()) for media_type in (*MEDIA_TYPES.values(), DOCX)}
        return {route.media_type: MediaType(schema=PydanticSchema(schema_class=route.response)), **files}
    if route.response is not None:
        return {route.media_type: MediaType(schema=PydanticSchema(schema_class=route.response))}
    if route.status == 204:
        return None
    if route.media_type == "application/octet-stream":
        return {"*/*": MediaType(schema=Schema())}
    return {route.media_type: MediaType(schema=Schema(type="string" if "text" in route.media_type else "object"))}


def _refusals(route: AnyRoute) -> dict[int, str]:
    found: dict[int, str] = {}
    if route.permission not in OPEN_TO_ALL:
        found[401] = "No valid session."
        found[403] = "The role or area does not allow it."
    if route.params is not None:
        found[404] = "No such thing, or none that the caller may see."
    if route.params or route.query or route.body:
        found[422] = "Path, query or body is malformed, or a rule refused it."
    if route.body is not None:
        found[413] = "The body is above 256 KiB."
        found[415] = "The body is not application/json."
    if route.uploads:
        found[413] = "The file is above the limit of its type."
        found[415] = "Not multipart/form-data, or a file of a type that is not taken."
        found[422] = "No part `file`, or one that cannot be kept."
        found[429] = "Too many uploads that serve nothing yet."
    if route.opens_transaction or route.permission not in OPEN_TO_ALL or route.path.endswith("/sessions"):
        found[503] = "The database is away; nothing was changed."
    return found | {refusal.status: refusal.meaning for refusal in route.refusals}


def _parameters(route: AnyRoute) -> list[Parameter]:
    found: list[Parameter] = []
    for model, place in ((route.params, "path"), (route.query, "query")):
        if model is None:
            continue
        schema = model.model_json_schema(ref_template=_TEMPLATE)
        required = set(schema.get("required", ()))
        for name, prop in schema.get("properties", {}).items():
            found.append(_parameter(name, place, _without_null(prop), required=place == "path" or name in required))
    if route.path.endswith("/hotline/calls"):
        found.append(_parameter("Idempotency-Key", "header", {"type": "string", "maxLength": 128}, required=False))
    if route.media_type == "text/event-stream":
        found.append(
            _parameter("Last-Event-ID", "header", {"type": "string", "pattern": "^[0-9]{1,18}$"}, required=False)
        )
    return found


def _parameter(name: str, place: str, schema: Mapping[str, Any], *, required: bool) -> Parameter:
    description = schema.get("description")
    plain = {key: value for key, value in schema.items() if key not in ("description", "title")}
    return Parameter.model_validate(
        {"name": name, "in": place, "required": required, "schema": plain, "description": description}
    )


def _without_null(prop: Mapping[str, Any]) -> dict[str, Any]:
    """A filter that is not given is absent, never null."""
    kept = {key: value for key, value in prop.items() if not (key == "default" and value is None)}
    choices = [choice for choice in kept.pop("anyOf", ()) if choice.get("type") != "null"]
    return {**choices[0], **kept} if len(choices) == 1 else {**kept, **({"anyOf": choices} if choices else {})}


def _parameter_schemas() -> dict[str, Any]:
    """The enums that parameters refer to."""
    models = {model for route in ROUTES for model in (route.params, route.query) if model is not None}
    ordered = sorted(models, key=lambda model: model.__name__)
    _, whole = models_json_schema([(model, "validation") for model in ordered], ref_template=_TEMPLATE)
    own = {model.__name__ for model in models}
    return {name: Schema.model_validate(schema) for name, schema in whole.get("$defs", {}).items() if name not in own}


def rendered() -> str:
    """The document as the text that is committed for the console."""
    return json.dumps(document(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(rendered())
