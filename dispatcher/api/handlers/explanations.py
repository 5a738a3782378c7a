"""The explanation of an incident, and what an officer may say about it: its grade, and whether it is so."""

from collections import Counter
from typing import Any, Final

from dispatcher.accounts.model import User, UserRole
from dispatcher.api.handlers.hazards import nearby
from dispatcher.api.handlers.patterns import matches_of
from dispatcher.api.models.explanations import (
    ChangeView,
    GradeChangeView,
    GroupRule,
    IncidentExplanation,
    Judge,
    JudgementWord,
    LinkView,
    MemberView,
    OverrideWord,
    SetGrade,
)
from dispatcher.api.models.incidents import Incident, IncidentAlias
from dispatcher.api.models.shapes import CaseMate, OverlayView
from dispatcher.api.models.wire import ById
from dispatcher.api.permissions import Permission, roles_that_hold
from dispatcher.api.reading import records
from dispatcher.api.routing import Call
from dispatcher.channels import stream
from dispatcher.incidents.grades import finals, officers
from dispatcher.incidents.grades.rules import GradingRules, read_grading_rules
from dispatcher.incidents.grades.stored import QUERIES, StoredEvent, StoredIncident, read_incident
from dispatcher.incidents.views import Explanation
from dispatcher.risk.override import Override
from dispatcher.risk.what_if import Case, what_if
from dispatcher.tickets import acting as tickets
from dispatcher.tickets.following import follow_grade, open_ticket_of
from dispatcher.tickets.model import Action, Actor, TicketEvent
from dispatcher.tickets.records import read_ticket
from events.model import SourceClass

_MEMBERS_SHOWN: Final = 500
# Of more events "what would change it" is not asked: the grader would be run over all of them several times.
_ASKED_OF: Final = 5000


async def explain_incident(call: Call[ById, None, None]) -> IncidentExplanation:
    return await _explanation(call)


async def set_grade(call: Call[ById, None, SetGrade]) -> IncidentExplanation:
    """An officer's grade lies over the computed one; the open ticket is graded with it by the same person."""
    asked, incident_id = call.body, call.params.id
    await records.find_incident(call.conn, call.viewer, incident_id)
    before = await officers.set_grade(
        call.conn, incident_id, asked.version, asked.grade, _officer(call.viewer, asked.reason), call.at
    )
    case_id = before.incident.case_id
    ticket_id = await open_ticket_of(call.conn, case_id)
    if ticket_id is not None and asked.grade is not None:
        ticket = await read_ticket(call.conn, ticket_id)
        if ticket.grade != asked.grade:
            action = Action(TicketEvent.GRADE, ticket.version, reason=asked.reason, fields={"grade": asked.grade})
            await tickets.act(call.conn, ticket_id, action, Actor.of_user(call.viewer), call.at)
    return await _told(call, before)


async def judge_incident(call: Call[ById, None, Judge]) -> IncidentExplanation:
    asked, incident_id = call.body, call.params.id
    await records.find_incident(call.conn, call.viewer, incident_id)
    before = await officers.judge(
        call.conn, incident_id, asked.version, asked.verdict, _officer(call.viewer, asked.reason), call.at
    )
    return await _told(call, before)


async def _told(call: Call[ById, None, Any], before: StoredIncident) -> IncidentExplanation:
    """The incident as it is now: its ticket follows a graver grade, and the stream tells of it."""
    row = await records.find_incident(call.conn, call.viewer, call.params.id)
    await follow_grade(call.conn, before.incident.case_id, row["grade"], call.at)
    told = Incident(**row).model_dump(mode="json")
    area_path = before.incident.placed.area_path
    await stream.publish_all(call.conn, [stream.Row("incident.changed", area_path, (), {"incident": told})], call.at)
    return await _explanation(call)


def _officer(viewer: User, reason: str) -> officers.Officer:
    may_lower = UserRole.SHIFT_LEADER in viewer.roles
    held = [role for role in roles_that_hold(Permission.GRADE_INCIDENTS) if role in viewer.roles]
    role = UserRole.SHIFT_LEADER if may_lower else held[0]
    return officers.Officer(viewer.actor, viewer.zh_name, role.value, reason, may_lower)


async def _explanation(call: Call[ById, None, Any]) -> IncidentExplanation:
    conn, incident_id = call.conn, call.params.id
    row = await records.find_incident(conn, call.viewer, incident_id)
    stored = await read_incident(conn, incident_id)
    # The rules that graded it, which need not be those in force: only they say what another set would have given.
    version, points_version = stored.graded_under
    rules = await read_grading_rules(conn, version=version, points_version=points_version)
    shape = await records.shape_of_incident(conn, incident_id)
    links, complete, groups, rules_version = _links(stored, rules)
    return IncidentExplanation(
        id=incident_id,
        number=row["number"],
        version=stored.version,
        status=row["status"],
        grade=row["grade"],
        kind=row["kind"],
        kind_zh=row["kind_zh"],
        kind_en=row["kind_en"],
        lon=row["lon"],
        lat=row["lat"],
        explanation=Explanation.model_validate(stored.explanation),
        rule_names={name: [worth[0].zh_name, worth[0].en_name] for name, worth in rules.grading.points.items()},
        members=_members(stored, rules),
        members_total=len(stored.events),
        standings=dict(Counter(each.standing for each in stored.events)),
        rules_version=rules_version,
        groups=groups,
        links=links,
        links_complete=complete,
        aliases=[IncidentAlias(**alias) for alias in await records.aliases_of_incident(conn, incident_id)],
        matches=await matches_of(conn, incident_id),
        what_if=_what_if(stored, rules),
        history=[GradeChangeView(**dict(each)) for each in await conn.fetch(QUERIES.list_grade_changes, incident_id)],
        overrides=[OverrideWord(**dict(each)) for each in await conn.fetch(QUERIES.list_overrides, incident_id)],
        judgements=[JudgementWord(**dict(each)) for each in await conn.fetch(QUERIES.list_judgements, incident_id)],
        overlays=[OverlayView(**each) for each in shape["overlays"]],
        same_case=[CaseMate(**each) for each in shape["same_case"]],
        hazards=await nearby(conn, incident_id, call.viewer),
    )


def _members(stored: StoredIncident, rules: GradingRules) -> list[MemberView]:
    """The oldest events, placed in metres from the incident's own place."""
    placed = stored.incident.placed if stored.incident.members else None
    from_x_dm, from_y_dm = (placed.x_dm, placed.y_dm) if placed is not None else (None, None)

    def view(each: StoredEvent) -> MemberView:
        event, kind = each.event, rules.taxonomy.kind(each.event.kind)
        return MemberView(
            uid=event.uid.hex(),
            kind=event.kind,
            kind_zh=kind.zh_name,
            kind_en=kind.en_name,
            source_class=event.source_class,
            subject=None if event.source_class is SourceClass.HOTLINE else event.subject,
            at=event.effective_at,
            place=event.place,
            lon=event.lon,
            lat=event.lat,
            east_m=_metres(event.x_dm, from_x_dm),
            north_m=_metres(event.y_dm, from_y_dm),
            standing=each.standing,
        )

    return [view(each) for each in stored.events[:_MEMBERS_SHOWN]]


def _metres(there_dm: int | None, here_dm: int | None) -> float | None:
    return None if there_dm is None or here_dm is None else (there_dm - here_dm) / 10


def _links(stored: StoredIncident, rules: GradingRules) -> tuple[list[LinkView], bool, list[GroupRule], int]:
    """As they were kept when the incident became final; of an open one as they are now."""
    kept, taxonomy = stored.kept, rules.taxonomy
    version = int(stored.explanation["matrix_version"]) if kept is None else kept.rules
    if kept is None:
        located = [member for member in stored.incident.members.values() if member.x_dm is not None]
        named = finals.group_names(taxonomy, located)
        reaches = {name: finals.reach_of(taxonomy, name) for name in sorted(set(named.values()))}
        found = finals.find_links(located, named, reaches, None)  # which are core is known when it is final
    else:
        found, reaches = kept.links, kept.reaches
    links = [
        LinkView(
            uid_a=link.uid_a.hex(),
            uid_b=link.uid_b.hex(),
            distance_m=link.distance_dm / 10,
            dt_s=link.dt_ms / 1000,
            group=link.group,
        )
        for link in found or ()
    ]
    groups = [
        GroupRule(
            group=name,
            zh_name=taxonomy.groups[name].zh_name if name in taxonomy.groups else name,
            en_name=taxonomy.groups[name].en_name if name in taxonomy.groups else name,
            **reach.as_json(),
        )
        for name, reach in reaches.items()
    ]
    return links, found is not None, groups, version


def _what_if(stored: StoredIncident, rules: GradingRules) -> list[ChangeView]:
    members = stored.incident.members
    if not members or len(members) > _ASKED_OF:
        return []
    said = stored.explanation["override"]
    case = Case(
        witnesses=[member.witness for member in members.values()],
        facts=stored.facts,
        kind=stored.explanation["kind"],
        computed=stored.explanation["grade"],
        override=None if said is None else Override.of_json(said),
        taxonomy=rules.taxonomy,
        matrix=rules.matrix,
        table=rules.grading,
    )
    return [ChangeView(**change.as_json()) for change in what_if(case)]
