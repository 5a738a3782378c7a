"""Whom a level of an organisation comes to at a moment: its roster, its people where it has none, or its own system."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from dispatcher.escalation.model import ROLE_OF, PageLevel, PageOutcome, Reached, Recipient
from dispatcher.tickets.model import Role
from registry.limits import EscalationAction
from registry.rosters.duty import on_duty
from registry.rosters.model import Roster
from registry.rosters.store import read_rosters
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

HANDS: Final = (Role.DEPT_HANDLER, Role.DEPT_HEAD, Role.FIELD_UNIT, Role.CALL_TAKER, Role.DUTY_OFFICER)
HEADS: Final = (Role.DEPT_HEAD, Role.SHIFT_LEADER)
UNROSTERED: Final = "unrostered"
# Who is told of an organisation without any roster; it has no backup.
_ROLES: Final[Mapping[PageLevel, tuple[Role, ...]]] = {
    PageLevel.ON_DUTY: HANDS,
    PageLevel.BACKUP: (),
    PageLevel.LEADER: HEADS,
    PageLevel.DESK: (Role.DUTY_OFFICER, Role.SHIFT_LEADER),
}


class Reaching:
    """Answers for one moment; each organisation is read once."""

    def __init__(self, conn: Connection, at: datetime) -> None:
        self._conn = conn
        self._at = at
        self._rosters: dict[str, list[Roster]] = {}
        self._endpoints: dict[str, bool] = {}

    async def reach(
        self, organisation_id: str, level: PageLevel, action: EscalationAction | None, *, everyone: bool, first: bool
    ) -> Reached:
        """Whom a level comes to; `everyone` on duty or the first of them.

        At the `first` level of a page an organisation without anybody is still reached where its own system listens.
        """
        recipients = await self._recipients(organisation_id, level, action, everyone=everyone)
        if recipients:
            outcome = PageOutcome.TOLD
        elif first and await self.listens(organisation_id):
            outcome = PageOutcome.SYSTEM
        else:
            outcome = PageOutcome.NOBODY
        return Reached(level, organisation_id, recipients, outcome)

    async def hears(
        self, organisation_id: str, levels: Collection[PageLevel], action: EscalationAction, roles: Collection[Role]
    ) -> bool:
        """Whether a step of the ladder comes to anybody of the organisation, or to its own system."""
        if await self.listens(organisation_id):
            return True
        if not await self.rosters_of(organisation_id):
            return bool(await self._users(organisation_id, roles))
        return any(
            [
                await self._recipients(organisation_id, level, action, everyone=False)
                for level in levels
                if level is not PageLevel.DESK
            ]
        )

    async def rosters_of(self, organisation_id: str) -> list[Roster]:
        if organisation_id not in self._rosters:
            self._rosters[organisation_id] = await read_rosters(
                self._conn, organisations=[organisation_id], since=self._at
            )
        return self._rosters[organisation_id]

    async def listens(self, organisation_id: str) -> bool:
        """Whether the organisation's own system takes messages."""
        if organisation_id not in self._endpoints:
            found = await self._conn.fetchval(QUERIES.has_endpoint, organisation_id)
            self._endpoints[organisation_id] = bool(found)
        return self._endpoints[organisation_id]

    async def _recipients(
        self, organisation_id: str, level: PageLevel, action: EscalationAction | None, *, everyone: bool
    ) -> tuple[Recipient, ...]:
        rosters = await self.rosters_of(organisation_id)
        if not rosters:
            roles = (Role.SUPERVISOR,) if action is EscalationAction.REVIEW else _ROLES[level]
            return tuple(Recipient(None, user, UNROSTERED) for user in await self._users(organisation_id, roles))
        roster = next((each for each in rosters if each.role is ROLE_OF[level]), None)
        persons = () if roster is None else on_duty(roster, self._at).persons
        chosen = persons if everyone else persons[:1]
        return tuple(Recipient(each.contact_id, None, f"{each.reason.value} {each.number}") for each in chosen)

    async def _users(self, organisation_id: str, roles: Collection[Role]) -> list[int]:
        if not roles:
            return []
        rows = await self._conn.fetch(QUERIES.users_in_roles, organisation_id, list(roles))
        return [row["id"] for row in rows]
