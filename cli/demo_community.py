"""Fills an exercise database with the demo community: its places, devices with credentials, and people with log-ins."""

import json
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from dispatcher.accounts.model import UserRole
from dispatcher.accounts.passwords import generate_password
from dispatcher.accounts.store import create_user, list_users
from dispatcher.channels import contact_points
from dispatcher.channels.model import Organisation, User
from dispatcher.screening.importing import import_hazards, import_plans
from registry.demo import create_devices, create_places, create_rosters, screening_rows
from registry.organisations import OrganisationKind, read_organisations
from runtime.clock import open_clock
from runtime.errors import Explained
from runtime.pool import Connection, connect
from runtime.settings import Settings

_CREDENTIALS: Final = "demo-credentials.json"
_LOGINS: Final = "demo-logins.json"


@dataclass(frozen=True, slots=True)
class Person:
    login: str
    zh_name: str
    does: str  # in English, for the list that is printed
    roles: tuple[UserRole, ...]
    organisation_id: str
    area_id: str = "cd-jh"


PEOPLE: Final = (
    Person("officer", "值班员", "duty officer", (UserRole.DUTY_OFFICER,), "desk-jh"),
    Person("leader", "值班长", "shift leader", (UserRole.SHIFT_LEADER, UserRole.DUTY_OFFICER), "desk-jh"),
    Person("calltaker", "受理员", "call-taker of 12345", (UserRole.CALL_TAKER,), "desk-jh"),
    Person("callback", "回访员", "call-back agent", (UserRole.CALLBACK_AGENT,), "jh-online_governance"),
    Person("verifier", "核查员", "verifier", (UserRole.VERIFIER,), "jh-online_governance"),
    Person("fire", "消防救援站", "fire station", (UserRole.DEPT_HANDLER, UserRole.FIELD_UNIT), "wp-fire", "cd-jh-wp"),
    Person("fire-district", "区消防救援", "fire rescue", (UserRole.DEPT_HANDLER, UserRole.DEPT_HEAD), "jh-fire_rescue"),
    Person(
        "urban", "区城市管理", "urban management", (UserRole.DEPT_HANDLER, UserRole.DEPT_HEAD), "jh-urban_management"
    ),
    Person("police", "区公安", "police", (UserRole.DEPT_HANDLER, UserRole.DEPT_HEAD), "jh-public_security"),
    Person(
        "emergency",
        "区应急",
        "emergency management",
        (UserRole.DEPT_HANDLER, UserRole.DEPT_HEAD),
        "jh-emergency_management",
    ),
    Person("housing", "区住建", "housing", (UserRole.DEPT_HANDLER, UserRole.DEPT_HEAD), "jh-housing_construction"),
    Person("subdistrict", "街道办事处", "subdistrict office", (UserRole.SUBDISTRICT,), "wp-office", "cd-jh-wp"),
    Person("committee", "居民委员会", "residents' committee", (UserRole.COMMITTEE,), "committee-qs", "cd-jh-wp-qs"),
    Person("supervisor", "督查督办", "supervision", (UserRole.SUPERVISOR,), "jh-online_governance"),
    Person("disclosure-editor", "公开编辑", "disclosure editor", (UserRole.DISCLOSURE_EDITOR,), "gov-jh"),
    Person("disclosure-approver", "公开审核", "disclosure approver", (UserRole.DISCLOSURE_APPROVER,), "gov-jh"),
    Person("auditor", "审计", "auditor", (UserRole.AUDITOR,), "desk-jh"),
    Person("engineer", "运维工程师", "city engineer", (UserRole.ENGINEER,), "desk-jh"),
)


@dataclass(frozen=True, slots=True)
class LogIn:
    login: str
    password: str
    does: str


@dataclass(frozen=True, slots=True)
class Community:
    """How to get in: people with passwords, and the files of people and of devices that the simulators read."""

    logins: tuple[LogIn, ...]
    people: Path
    credentials: Path

    def password_of(self, login: str) -> str:
        return next(one.password for one in self.logins if one.login == login)


class CommunityLocked(Explained):
    """The demo community exists, but the file with its passwords does not."""

    def __init__(self, missing: Path) -> None:
        super().__init__(
            f"{missing} is gone, and passwords are not kept elsewhere: start over with `rongan demo --fresh`"
        )
        self.missing = missing


async def ensure_community(settings: Settings) -> Community:
    """Create the demo community, or read who it is when it exists. Raises NotAnExercise or CommunityLocked."""
    folder = settings.home / "secrets"
    conn = await connect(settings.owner_dsn(), application_name="rongan-demo")
    try:
        if not await list_users(conn):
            # The files come first: a commit that fails leaves files that the next attempt writes anew.
            async with conn.transaction():
                await _create(conn, settings.device_key(), folder)
    finally:
        await conn.close()
    for name in (_CREDENTIALS, _LOGINS):
        if not (folder / name).exists():
            raise CommunityLocked(folder / name)
    rows = json.loads((folder / _LOGINS).read_text(encoding="utf-8"))
    return Community(tuple(LogIn(**row) for row in rows), folder / _LOGINS, folder / _CREDENTIALS)


async def _create(conn: Connection, key: bytes, folder: Path) -> None:
    at = (await open_clock(conn)).now()
    await create_places(conn)
    devices = await create_devices(conn, key, at)
    logins = []
    for person in PEOPLE:
        password = generate_password()
        user_id = await create_user(
            conn,
            login=person.login,
            zh_name=person.zh_name,
            password=password,
            roles=person.roles,
            area_id=person.area_id,
            organisation_id=person.organisation_id,
            at=at,
        )
        logins.append(LogIn(person.login, password, person.does))
        if UserRole.COMMITTEE not in person.roles:
            await _give_phone(conn, User(user_id), f"199100000{len(logins):02}", at)
    await create_rosters(conn, at)
    for number, organisation in enumerate(await read_organisations(conn)):
        if organisation.kind is not OrganisationKind.COMMITTEE:
            await _give_phone(conn, Organisation(organisation.id), f"199200000{number:02}", at)
    await _screen(conn, at)
    _write_secret(folder / _CREDENTIALS, [device.as_json() for device in devices])
    _write_secret(folder / _LOGINS, [asdict(login) for login in logins])


async def _give_phone(conn: Connection, owner: User | Organisation, number: str, at: datetime) -> None:
    """A number that the simulated telephones answer. Persons of rosters have theirs already."""
    for position, channel in enumerate(("sms", "voice"), start=1):
        await contact_points.add(
            conn, owner=owner, channel=channel, address=number, position=position, verified=True, at=at
        )


async def _screen(conn: Connection, at: datetime) -> None:
    """The subdistrict has its places inspected and knows three hazards."""
    subdistrict = next(user for user in await list_users(conn) if user.login == "subdistrict")
    plans, hazards = screening_rows()
    planned = await import_plans(conn, plans, subdistrict, at)
    await import_hazards(conn, hazards, planned, subdistrict, at)


def _write_secret(path: Path, content: object) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
    draft.replace(path)
