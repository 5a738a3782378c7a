"""Messages with their attempts, contact points, and the door for the receipts of gateways."""

from typing import Final

from dispatcher.api.handlers import messages
from dispatcher.api.models import messages as models
from dispatcher.api.models.wire import ById
from dispatcher.api.permissions import Permission
from dispatcher.api.routes.answers import FOUND_NONE
from dispatcher.api.routing import API, AnyRoute, Refusal, Route

_UNSIGNED: Final = Refusal(401, "The signature, its time or the channel does not hold.")

ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route(
        "POST",
        f"{API}/message-receipts/{{channel}}",
        Permission.PUBLIC,
        messages.take_receipts,
        "What became of messages, told by the channel's gateway; signed by Standard Webhooks.",
        params=models.ReceiptPath,
        body=models.GatewayReceipts,
        response=models.ReceiptsTaken,
        refusals=(_UNSIGNED, FOUND_NONE),
    ),
    Route(
        "GET",
        f"{API}/messages",
        Permission.READ_MESSAGES,
        messages.list_messages,
        "What people were told, newest first: one's own, one's organisation's; the desk sees its area.",
        query=models.MessageFilter,
        response=models.Messages,
    ),
    Route(
        "GET",
        f"{API}/messages/{{id}}",
        Permission.READ_MESSAGES,
        messages.read_message,
        "One message with its attempts, every state of each, and why it waited.",
        params=ById,
        response=models.MessageDetail,
        refusals=(FOUND_NONE,),
    ),
    Route(
        "POST",
        f"{API}/messages/{{id}}/answer",
        Permission.READ_MESSAGES,
        messages.answer_message,
        "Say that one has it: what of it has not left yet never does.",
        params=ById,
        response=models.MessageDetail,
        refusals=(FOUND_NONE,),
    ),
    Route(
        "GET",
        f"{API}/contact-points",
        Permission.KEEP_CONTACT_POINTS,
        messages.list_contact_points,
        "Where people and organisations can be told, addresses masked.",
        query=models.ContactPointFilter,
        response=models.ContactPoints,
    ),
    Route(
        "POST",
        f"{API}/contact-points",
        Permission.KEEP_CONTACT_POINTS,
        messages.add_contact_point,
        "Add a contact point of one's own or of one's organisation; it is used once it is verified.",
        body=models.NewContactPoint,
        response=models.ContactPoint,
        status=201,
    ),
    Route(
        "POST",
        f"{API}/contact-points/{{id}}/test",
        Permission.KEEP_CONTACT_POINTS,
        messages.test_contact_point,
        "Send a code there.",
        params=ById,
        response=models.ContactPointTest,
        status=202,
        refusals=(FOUND_NONE,),
    ),
    Route(
        "POST",
        f"{API}/contact-points/{{id}}/verify",
        Permission.KEEP_CONTACT_POINTS,
        messages.verify_contact_point,
        "Enter the code that arrived; five wrong ones end it.",
        params=ById,
        body=models.ContactPointCode,
        response=models.ContactPointVerdict,
        refusals=(FOUND_NONE,),
    ),
    Route(
        "POST",
        f"{API}/contact-points/{{id}}/disable",
        Permission.KEEP_CONTACT_POINTS,
        messages.disable_contact_point,
        "Tell nobody anything there any more.",
        params=ById,
        response=models.ContactPoint,
        refusals=(FOUND_NONE,),
    ),
)
