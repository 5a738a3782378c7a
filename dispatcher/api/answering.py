"""Turns a declared route into an aiohttp handler: authenticate, authorise, parse, one transaction, render."""

from typing import Any

from aiohttp import hdrs, web
from pydantic import BaseModel, ValidationError

from dispatcher.accounts.model import Authenticated
from dispatcher.api.authentication import authorise, caller_of
from dispatcher.api.errors import UnsupportedMediaType
from dispatcher.api.keys import CALLER, CLOCK, POOL, ROUTE_NAME
from dispatcher.api.permissions import OPEN_TO_ALL
from dispatcher.api.routing import AnyRoute, Call
from runtime.pool import SYSTEM, Scope, transaction


def answer_with(route: AnyRoute) -> Any:
    """The aiohttp handler of a route."""

    async def answer(request: web.Request) -> web.StreamResponse:
        request[ROUTE_NAME] = route.name
        caller = None if route.permission in OPEN_TO_ALL else await caller_of(request, request.app[POOL])
        authorise(route.permission, caller)
        if caller is not None:
            request[CALLER] = caller
        parsed = await _parse(route, request)
        if not route.opens_transaction:
            return _rendered(route, await route.handler(_call(request, parsed, caller, None)))
        async with transaction(request.app[POOL], scope=_scope(caller)) as conn:
            result = await route.handler(_call(request, parsed, caller, conn))
        # Rendered after the commit: what the client reads is what stands.
        return _rendered(route, result)

    return answer


def _call(request: web.Request, parsed: tuple[Any, Any, Any], caller: Authenticated | None, conn: Any) -> Any:
    params, query, body = parsed
    return Call(
        request=request,
        params=params,
        query=query,
        body=body,
        at=request.app[CLOCK].now(),
        caller=caller,
        transaction=conn,
    )


def _scope(caller: Authenticated | None) -> Scope:
    return SYSTEM if caller is None else Scope(actor=caller.user.actor, area_id=caller.user.scope)


async def _parse(route: AnyRoute, request: web.Request) -> tuple[Any, Any, Any]:
    params = _located("path", route.params, dict(request.match_info)) if route.params else None
    query = None
    if route.query:
        given = {name: request.query.getall(name) for name in request.query}
        query = _located("query", route.query, {name: v[0] if len(v) == 1 else v for name, v in given.items()})
    body = None
    if route.body:
        if request.content_type != "application/json" or hdrs.CONTENT_ENCODING in request.headers:
            raise UnsupportedMediaType
        body = _located("body", route.body, await request.read())
    return params, query, body


def _located(place: str, model: type[BaseModel], given: dict[str, Any] | bytes) -> BaseModel:
    """Validate one part of the request; its errors say where in the request they are."""
    try:
        return model.model_validate_json(given) if isinstance(given, bytes) else model.model_validate(given)
    except ValidationError as error:
        lines: Any = [
            {"type": one["type"], "loc": (place, *one["loc"]), "input": None, "ctx": one.get("ctx", {})}
            for one in error.errors(include_url=False, include_input=False)
        ]
        raise ValidationError.from_exception_data(error.title, lines, hide_input=True) from None


def _rendered(route: AnyRoute, result: BaseModel | web.StreamResponse | None) -> web.StreamResponse:
    if isinstance(result, web.StreamResponse):
        return result
    if result is None:
        return web.Response(status=204)
    return json_response(result, status=route.status)


def json_response(model: BaseModel, *, status: int = 200) -> web.Response:
    return web.Response(body=model.model_dump_json().encode(), status=status, content_type="application/json")
