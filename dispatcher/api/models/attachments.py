"""Lists of attachments; one of them is shown as `dispatcher.attachments.views` says."""

from dispatcher.api.models.wire import Answer
from dispatcher.attachments.views import AttachmentUse


class Attachments(Answer):
    items: list[AttachmentUse]
