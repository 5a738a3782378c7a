"""Master data: areas, departments, organisations, event kinds."""

from typing import Any

from dispatcher.api.models.wire import Answer


class Area(Answer):
    id: str
    parent_id: str | None
    level: str
    zh_name: str
    en_name: str
    path: list[str]
    boundary: dict[str, Any] | None


class Areas(Answer):
    items: list[Area]


class Department(Answer):
    id: str
    zh_name: str
    en_name: str
    in_art5: bool
    in_art25: bool


class Departments(Answer):
    items: list[Department]


class Organisation(Answer):
    id: str
    kind: str
    department_id: str | None
    area_id: str
    zh_name: str
    en_name: str
    duty: str


class Organisations(Answer):
    items: list[Organisation]


class EventKind(Answer):
    id: str
    version: int
    zh_name: str
    en_name: str
    scenario: str
    likelihood: int
    consequence: int
    lead_department: str
    co_departments: list[str]
    ticket_kind: str
    disclosure_category: str
    committee_list: str
    kind_group: str
    mode: str
    time_critical: bool
    run_card: str | None
    notes: str


class EventKinds(Answer):
    items: list[EventKind]
