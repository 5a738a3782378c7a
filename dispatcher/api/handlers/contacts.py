"""Contacts: who can be reached, and whether the last test reached them."""

from datetime import timedelta

from dispatcher.accounts.model import User
from dispatcher.api.cursors import decode, encode
from dispatcher.api.errors import FieldRefused, Forbidden
from dispatcher.api.keeping import may_keep, refuse_other_keepers
from dispatcher.api.models import rosters as models
from dispatcher.api.models.wire import ById
from dispatcher.api.routing import Call
from dispatcher.channels.masking import masked_phone
from dispatcher.escalation import answering
from dispatcher.escalation.errors import TestNotFound
from dispatcher.escalation.reaching import QUERIES as REACHING
from registry.rosters import changes
from registry.rosters.errors import RosterNotFound
from registry.rosters.model import Contact
from registry.rosters.store import QUERIES, read_contacts, read_parameters


async def list_contacts(call: Call[None, models.ContactFilter, None]) -> models.Contacts:
    key = decode(call.query.cursor, int)
    viewer, asked = call.viewer, call.query
    rows = await call.conn.fetch(
        QUERIES.list_contacts,
        viewer.scope,
        viewer.organisation_id,
        asked.organisation,
        key[0] if key else 0,
        asked.limit,
    )
    following = encode(rows[-1]["id"]) if len(rows) == asked.limit else None
    return models.Contacts(items=[shown_contact(Contact(**dict(row)), viewer) for row in rows], next=following)


async def add_contact(call: Call[None, None, models.NewContact]) -> models.Contact:
    asked, viewer = call.body, call.viewer
    await refuse_other_keepers(call.conn, viewer, asked.organisation)
    user_id = None
    if asked.login is not None:
        user_id = await call.conn.fetchval(QUERIES.user_named, asked.login)
        if user_id is None:
            raise FieldRefused(("body", "login"), "no such user of the organisation")
    elif asked.phone is None:
        raise FieldRefused(("body", "phone"), "is needed of a person without a log-in")
    new = changes.NewContact(asked.organisation, asked.zh_name, user_id, asked.phone)
    contact_id = await changes.add_contact(call.conn, new, viewer.actor, call.at)
    return shown_contact((await read_contacts(call.conn, [contact_id]))[contact_id], viewer)


async def enable_contact(call: Call[ById, None, models.ContactState]) -> models.Contact:
    contact = (await read_contacts(call.conn, [call.params.id])).get(call.params.id)
    if contact is None:
        raise RosterNotFound("contact", call.params.id)
    await refuse_other_keepers(call.conn, call.viewer, contact.organisation_id)
    await changes.enable_contact(call.conn, contact.id, call.body.enabled, call.at)
    return shown_contact((await read_contacts(call.conn, [contact.id]))[contact.id], call.viewer)


async def list_reachability(call: Call[None, models.ReachabilityFilter, None]) -> models.Reachabilities:
    key = decode(call.query.cursor, int)
    viewer, asked = call.viewer, call.query
    after_d = (await read_parameters(call.conn)).untested_after_d
    rows = await call.conn.fetch(
        REACHING.list_reachability,
        viewer.scope,
        viewer.organisation_id,
        asked.organisation,
        call.at - timedelta(days=after_d),
        asked.concern,
        key[0] if key else 0,
        asked.limit,
    )
    following = encode(rows[-1]["contact_id"]) if len(rows) == asked.limit else None
    return models.Reachabilities(
        items=[models.Reachability(**dict(row)) for row in rows], untested_after_d=after_d, next=following
    )


async def answer_test(call: Call[ById, None, None]) -> None:
    """One's own test, or that of a person without a log-in, whom the keeper has heard."""
    test = await call.conn.fetchrow(REACHING.read_test, call.params.id)
    viewer = call.viewer
    if test is None:
        raise TestNotFound(call.params.id)
    if test["user_id"] != viewer.id and (
        test["user_id"] is not None or not await may_keep(call.conn, viewer, test["organisation_id"])
    ):
        raise Forbidden()
    await answering.pass_test(call.conn, call.params.id, viewer.actor, call.at)


def shown_contact(contact: Contact, viewer: User) -> models.Contact:
    own = viewer.organisation_id == contact.organisation_id
    return models.Contact(
        id=contact.id,
        organisation_id=contact.organisation_id,
        user_id=contact.user_id,
        zh_name=contact.zh_name,
        phone=contact.phone if own else masked_phone(contact.phone),
        enabled=contact.enabled,
    )
