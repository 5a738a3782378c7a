"""What goes wrong with users and log-ins."""


class UserRefused(ValueError):
    """A user that cannot be made or changed as asked: field and reason."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class UserUnknown(LookupError):
    def __init__(self, login: str) -> None:
        super().__init__(f"no user {login!r}")
        self.login = login


class CredentialsWrong(Exception):
    """No such user, wrong password or disabled: deliberately not said which."""


class TooManyAttempts(Exception):
    """An account or address failed too often within a minute."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s
