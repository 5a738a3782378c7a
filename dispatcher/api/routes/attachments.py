"""Photos and documents, and those of a ticket."""

from typing import Final

from dispatcher.api.handlers import attachments
from dispatcher.api.models import attachments as attachment_models
from dispatcher.api.models.wire import ById
from dispatcher.api.permissions import Permission
from dispatcher.api.routing import API, AnyRoute, Refusal, Route
from dispatcher.attachments.views import AttachmentDetail

_PART: Final = (Refusal(206, "The part that the header Range asks for."), Refusal(304, "As the reader has it already."))
_NO_PART: Final = (Refusal(412, "It is not as the reader has it."), Refusal(416, "It has no such part."))

ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route(
        "POST",
        f"{API}/attachments",
        Permission.ATTACH_FILES,
        attachments.upload_attachment,
        "Upload a photo (JPEG, PNG, WebP) or document (PDF). What no action names within a day is given up.",
        response=AttachmentDetail,
        status=201,
        opens_transaction=False,
        uploads=True,
    ),
    Route(
        "GET",
        f"{API}/attachments/{{id}}",
        Permission.READ_ATTACHMENTS,
        attachments.read_attachment,
        "One attachment, for whoever sees what it served.",
        params=ById,
        response=AttachmentDetail,
    ),
    Route(
        "GET",
        f"{API}/attachments/{{id}}/content",
        Permission.READ_ATTACHMENTS,
        attachments.download_attachment,
        "The file.",
        params=ById,
        media_type="application/octet-stream",
        also=_PART,
        refusals=_NO_PART,
    ),
    Route(
        "GET",
        f"{API}/attachments/{{id}}/thumbnail",
        Permission.READ_ATTACHMENTS,
        attachments.read_thumbnail,
        "A small picture of a photo.",
        params=ById,
        media_type="application/octet-stream",
        also=_PART,
        refusals=_NO_PART,
    ),
    Route(
        "GET",
        f"{API}/tickets/{{id}}/attachments",
        Permission.READ_TICKETS,
        attachments.list_ticket_attachments,
        "The photos and documents of a ticket, with what was found about each.",
        params=ById,
        response=attachment_models.Attachments,
    ),
)
