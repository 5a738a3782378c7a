"""Log in, log out, who am I."""

from typing import Final

from dispatcher.api.handlers import sessions
from dispatcher.api.models import sessions as session_models
from dispatcher.api.permissions import Permission
from dispatcher.api.routing import API, AnyRoute, Refusal, Route

ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route(
        "POST",
        f"{API}/sessions",
        Permission.PUBLIC,
        sessions.log_in,
        "Log in. The token is told once; a browser also gets it as the cookie `__Host-rongan`.",
        body=session_models.Login,
        response=session_models.Session,
        status=201,
        refusals=(
            Refusal(401, "Log-in or password is wrong."),
            Refusal(403, "A browser page of another site."),
            Refusal(429, "Too many attempts."),
        ),
        opens_transaction=False,
    ),
    Route(
        "DELETE",
        f"{API}/sessions/current",
        Permission.OWN_SESSION,
        sessions.log_out,
        "Log out: the token ends at once.",
        status=204,
    ),
    Route(
        "GET",
        f"{API}/me",
        Permission.OWN_SESSION,
        sessions.read_me,
        "Who is logged in.",
        response=session_models.User,
    ),
)
