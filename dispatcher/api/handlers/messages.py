"""What people were told and what became of it, where they can be told, and the receipts of gateways."""

from typing import Final

from dispatcher.accounts.model import User as Viewer
from dispatcher.accounts.model import UserRole
from dispatcher.api.cursors import decode, encode
from dispatcher.api.errors import FieldRefused, Forbidden
from dispatcher.api.keys import SETTINGS
from dispatcher.api.models import messages as models
from dispatcher.api.models.wire import ById
from dispatcher.api.routing import Call
from dispatcher.channels import contact_points, messages, reading, receipts
from dispatcher.channels.errors import ContactPointNotFound
from dispatcher.channels.model import Organisation, User
from dispatcher.channels.receipts import Receipt
from dispatcher.channels.setting import channel_settings
from dispatcher.channels.ways import real_now

# Who sees what others were told: those who dispatch, those who supervise, those who audit.
_OVERSIGHT: Final = frozenset(
    {UserRole.DUTY_OFFICER, UserRole.SHIFT_LEADER, UserRole.SUPERVISOR, UserRole.SUBDISTRICT, UserRole.AUDITOR}
)
# Who enters where an organisation can be told.
_HEADS: Final = frozenset({UserRole.DEPT_HEAD, UserRole.SHIFT_LEADER, UserRole.SUBDISTRICT})


async def list_messages(call: Call[None, models.MessageFilter, None]) -> models.Messages:
    key = decode(call.query.cursor, int)
    wanted = reading.Filter(
        ticket_id=call.query.ticket,
        user_id=call.query.user,
        contact_id=call.query.contact,
        organisation_id=call.query.organisation,
        state=call.query.state,
    )
    rows = await reading.page(
        call.conn, _reader(call.viewer), wanted, before_id=key[0] if key else None, limit=call.query.limit
    )
    following = encode(rows[-1]["id"]) if len(rows) == call.query.limit else None
    return models.Messages(items=[models.Message(**row) for row in rows], next=following)


async def read_message(call: Call[ById, None, None]) -> models.MessageDetail:
    return models.MessageDetail.model_validate(await reading.detail(call.conn, _reader(call.viewer), call.params.id))


async def answer_message(call: Call[ById, None, None]) -> models.MessageDetail:
    """Only whom it is for can have it."""
    reader = _reader(call.viewer)
    await reading.detail(call.conn, reader, call.params.id)
    if not await reading.is_addressee(call.conn, reader, call.params.id):
        raise Forbidden
    await messages.answer(call.conn, call.params.id, by=call.viewer.id, at=call.at)
    return models.MessageDetail.model_validate(await reading.detail(call.conn, reader, call.params.id))


async def take_receipts(call: Call[models.ReceiptPath, None, models.GatewayReceipts]) -> models.ReceiptsTaken:
    """The gateway proves itself by the signature over the raw body; there is no log-in."""
    headers = {name.lower(): value for name, value in call.request.headers.items()}
    settings = channel_settings(call.request.app[SETTINGS])
    body = await call.request.read()
    call_id = receipts.verify(settings, call.params.channel, headers, body, real_now())
    told = [Receipt(each.id, each.state, each.note) for each in call.body.receipts]
    return models.ReceiptsTaken(new=await receipts.take(call.conn, call.params.channel, call_id, told, call.at))


async def list_contact_points(call: Call[None, models.ContactPointFilter, None]) -> models.ContactPoints:
    key = decode(call.query.cursor, int)
    user_id, organisation_id = call.query.user, call.query.organisation
    engineer = UserRole.ENGINEER in call.viewer.roles
    if user_id is None and organisation_id is None and not engineer:
        user_id = call.viewer.id
    own = user_id in (None, call.viewer.id) and (organisation_id is None or _heads(call.viewer, organisation_id))
    if not (own or engineer):
        raise Forbidden(roles=(UserRole.ENGINEER,))
    rows = await contact_points.page(
        call.conn,
        user_id=user_id,
        organisation_id=organisation_id,
        after_id=key[0] if key else 0,
        limit=call.query.limit,
    )
    following = encode(rows[-1]["id"]) if len(rows) == call.query.limit else None
    return models.ContactPoints(items=[models.ContactPoint(**row) for row in rows], next=following)


async def add_contact_point(call: Call[None, None, models.NewContactPoint]) -> models.ContactPoint:
    asked = call.body
    if (asked.quiet_from is None) != (asked.quiet_to is None):
        raise FieldRefused(("body", "quiet_to"), "quiet hours have a beginning and an end")
    if asked.organisation is not None and not _may_keep(call.viewer, asked.organisation):
        raise Forbidden(roles=sorted(_HEADS))
    owner = User(call.viewer.id) if asked.organisation is None else Organisation(asked.organisation)
    point_id = await contact_points.add(
        call.conn,
        owner=owner,
        channel=asked.channel,
        address=asked.address,
        secret=asked.secret,
        language=asked.language,
        position=asked.position,
        quiet=None if asked.quiet_from is None or asked.quiet_to is None else (asked.quiet_from, asked.quiet_to),
        at=call.at,
    )
    return models.ContactPoint(**await contact_points.read(call.conn, point_id))


async def test_contact_point(call: Call[ById, None, None]) -> models.ContactPointTest:
    """Send a code there."""
    await _own(call)
    message_id = await contact_points.test(call.conn, call.params.id, code=contact_points.new_code(), at=call.at)
    return models.ContactPointTest(message_id=message_id)


async def verify_contact_point(call: Call[ById, None, models.ContactPointCode]) -> models.ContactPointVerdict:
    await _own(call)
    return models.ContactPointVerdict(
        verified=await contact_points.verify(call.conn, call.params.id, call.body.code, at=call.at)
    )


async def disable_contact_point(call: Call[ById, None, None]) -> models.ContactPoint:
    await _own(call)
    await contact_points.disable(call.conn, call.params.id)
    return models.ContactPoint(**await contact_points.read(call.conn, call.params.id))


def _reader(viewer: Viewer) -> reading.Reader:
    return reading.Reader(
        user_id=viewer.id,
        organisation_id=viewer.organisation_id,
        oversees=bool(viewer.roles & _OVERSIGHT),
        area_id=viewer.scope,
        knows_reporters=viewer.may_know_reporters,
    )


def _heads(viewer: Viewer, organisation_id: str) -> bool:
    return viewer.organisation_id == organisation_id and bool(viewer.roles & _HEADS)


def _may_keep(viewer: Viewer, organisation_id: str) -> bool:
    return UserRole.ENGINEER in viewer.roles or _heads(viewer, organisation_id)


async def _own(call: Call[ById, None, models.ContactPointCode] | Call[ById, None, None]) -> None:
    """One's own, or of an organisation that one keeps. Raises ContactPointNotFound; never said which."""
    point = await contact_points.read(call.conn, call.params.id)
    if point["user_id"] == call.viewer.id or UserRole.ENGINEER in call.viewer.roles:
        return
    if point["organisation_id"] is None or not _heads(call.viewer, point["organisation_id"]):
        raise ContactPointNotFound(call.params.id)
