"""Attachments as the api and other topics' answers show them."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from dispatcher.attachments.store import Attachment, UsedAttachment


class AttachmentRow(BaseModel):
    """An attachment, without its use."""

    model_config = ConfigDict(frozen=True)

    id: int
    kind: str
    media_type: str
    size_bytes: int
    name: str = Field(description="as its owner called it")
    width: int | None
    height: int | None
    taken_at: datetime | None = Field(description="as the camera said")
    lon: float | None = Field(description="as the camera said, WGS-84")
    lat: float | None
    uploaded_at: datetime
    uploaded_by_name: str
    organisation_id: str | None

    @classmethod
    def of(cls, attachment: Attachment) -> "AttachmentRow":
        return cls.model_validate(attachment, from_attributes=True)


class AttachmentDetail(AttachmentRow):
    sha256: str = Field(description="of what is kept, in hex")

    @classmethod
    def of(cls, attachment: Attachment) -> "AttachmentDetail":
        row = AttachmentRow.of(attachment)
        return cls(**row.model_dump(), sha256=attachment.sha256.hex())


class AttachmentUse(AttachmentRow):
    """An attachment where it served."""

    event: str
    version: int | None = Field(description="of the subject, as far as it has versions")
    finishing: bool = Field(description="shown as the proof that something is done")
    findings: list[str] = Field(description="reused, near_identical, taken_before, taken_ahead, taken_far_away")
    used_at: datetime

    @classmethod
    def of_use(cls, used: UsedAttachment) -> "AttachmentUse":
        return cls.model_validate(used, from_attributes=True)
