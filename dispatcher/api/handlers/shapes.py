"""Officers split and merge incidents; the answer says that it stands in the log, the stream says what came of it."""

from dispatcher.api.models.shapes import Merge, ReshapeAccepted, Split
from dispatcher.api.models.wire import ById
from dispatcher.api.permissions import Permission, roles_that_hold
from dispatcher.api.reading import records
from dispatcher.api.routing import Call
from dispatcher.incidents import reshaping
from dispatcher.incidents.overlays import Act


async def split_incident(call: Call[ById, None, Split]) -> ReshapeAccepted:
    await records.find_incident(call.conn, call.viewer, call.params.id)
    uids = [bytes.fromhex(uid) for uid in call.body.event_uids]
    decided = await reshaping.split(call.conn, call.params.id, call.body.version, uids, _officer(call), call.at)
    return ReshapeAccepted(seq=decided.seq, act=Act.SPLIT, incident_id=call.params.id, version=decided.version)


async def merge_incidents(call: Call[ById, None, Merge]) -> ReshapeAccepted:
    await records.find_incident(call.conn, call.viewer, call.params.id)
    await records.find_incident(call.conn, call.viewer, call.body.other_id)
    asked = call.body
    decided = await reshaping.merge(call.conn, call.params.id, asked.version, asked.other_id, _officer(call), call.at)
    return ReshapeAccepted(seq=decided.seq, act=Act.MERGE, incident_id=call.params.id, version=decided.version)


def _officer(call: Call[ById, None, Split] | Call[ById, None, Merge]) -> reshaping.Officer:
    role = next(role for role in roles_that_hold(Permission.RESHAPE_INCIDENTS) if role in call.viewer.roles)
    return reshaping.Officer(call.viewer.id, role, call.body.reason)
