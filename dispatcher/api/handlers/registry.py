"""Master data as lists: areas, departments, organisations and event kinds."""

from dataclasses import asdict

from dispatcher.api.models import registry as models
from dispatcher.api.reading import master
from dispatcher.api.routing import Call
from registry.areas import read_areas
from registry.organisations import read_organisations


async def list_areas(call: Call[None, None, None]) -> models.Areas:
    return models.Areas(items=[models.Area(**asdict(area)) for area in await read_areas(call.conn)])


async def list_departments(call: Call[None, None, None]) -> models.Departments:
    return models.Departments(items=[models.Department(**row) for row in await master.departments(call.conn)])


async def list_organisations(call: Call[None, None, None]) -> models.Organisations:
    return models.Organisations(
        items=[
            models.Organisation(
                id=one.id,
                kind=one.kind,
                department_id=one.department_id,
                area_id=one.area_id,
                zh_name=one.zh_name,
                en_name=one.en_name,
                duty=one.duty,
            )
            for one in await read_organisations(call.conn)
        ]
    )


async def list_event_kinds(call: Call[None, None, None]) -> models.EventKinds:
    return models.EventKinds(items=[models.EventKind(**row) for row in await master.event_kinds(call.conn)])
