"""Log-in and the user behind a session."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from dispatcher.accounts import model as accounts
from dispatcher.accounts.model import UserRole
from dispatcher.api.models.wire import Answer, Ask, storable
from dispatcher.api.permissions import Permission, granted


class Login(Ask):
    login: Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(storable)]
    password: Annotated[str, StringConstraints(min_length=1, max_length=256)] = Field(repr=False)


class User(Answer):
    id: int
    login: str
    zh_name: str
    roles: list[UserRole]
    organisation_id: str | None
    area_id: str
    permissions: list[Permission] = Field(description="what the roles grant; a page offers nothing else")

    @classmethod
    def of(cls, user: accounts.User) -> "User":
        return cls(
            id=user.id,
            login=user.login,
            zh_name=user.zh_name,
            roles=[role for role in UserRole if role in user.roles],
            organisation_id=user.organisation_id,
            area_id=user.area_id,
            permissions=granted(user.roles),
        )


class Session(Answer):
    token: str = Field(description="told once; send it as `Authorization: Bearer`")
    expires_at: datetime
    user: User
