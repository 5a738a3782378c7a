"""Time, chance and the environment come in as parameters; where code reaches for them itself, a reason is listed."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.architecture.repository import python_files, tree, uses

# cli/ is the composition: it reads the environment and starts what has clocks.
_BOUND: Final = ("sensors", "runtime", "registry", "events", "gateway", "dispatcher", "simulators")

_FORBIDDEN: Final = frozenset(
    {
        "datetime.datetime.now",
        "datetime.datetime.utcnow",
        "datetime.datetime.today",
        "datetime.date.today",
        "time.time",
        "time.time_ns",
        "time.monotonic",
        "time.monotonic_ns",
        "time.perf_counter",
        "time.perf_counter_ns",
        "time.localtime",
        "time.gmtime",
        "time.sleep",
        "os.environ",
        "os.getenv",
        "os.urandom",
        "uuid.uuid1",
        "uuid.uuid4",
    }
)
_TIME: Final = "datetime.datetime.now"

ALLOWED: Final = {
    ("runtime/clock.py", _TIME): "the real clock itself",
    ("runtime/clock.py", "secrets.token_hex"): "tells two processes of one name apart",
    ("runtime/readiness.py", "os.environ"): "how a child learns whom to tell that it is ready",
    ("runtime/supervisor/home.py", "secrets.token_hex"): "the name of a draft file",
    ("runtime/supervisor/home.py", "secrets.token_urlsafe"): "secrets are generated here",
    ("runtime/supervisor/supervisor.py", "os.environ"): "children inherit the environment",
    ("registry/credentials.py", "secrets.token_bytes"): "the secret of a device",
    ("gateway/intake/arrivals.py", "secrets.token_bytes"): "identity of a message that has no key (ruling B4)",
    ("gateway/intake/failpoints.py", "os.environ"): "where a test kills the process; read once at the start",
    ("dispatcher/engine/failpoints.py", "os.environ"): "where a test kills the process; read once at the start",
    ("gateway/intake/writer.py", "secrets.randbelow"): "jitter of the back-off",
    ("gateway/session/session.py", "random.SystemRandom"): "jitter of the back-off",
    ("dispatcher/accounts/passwords.py", "secrets.choice"): "generated passwords",
    ("dispatcher/accounts/passwords.py", "secrets.token_urlsafe"): "a password that nobody has",
    ("dispatcher/accounts/sessions.py", "secrets.token_urlsafe"): "session tokens",
    ("dispatcher/desk/codes.py", "secrets.choice"): "the code of a caller's receipt",
    ("dispatcher/api/middleware.py", "secrets.token_hex"): "request ids",
    ("dispatcher/channels/contact_points.py", "secrets.randbelow"): "a code that proves who reads it",
    ("dispatcher/channels/outbox.py", "uuid.uuid4"): "the token of a lease",
    ("dispatcher/channels/signing.py", "secrets.token_bytes"): "the secret with which a system signs",
    ("dispatcher/channels/ways.py", _TIME): "a signature carries the real time at which it was sent",
    ("simulators/clock.py", _TIME): "the machine's clock, set right by the platform's",
    ("simulators/load/generator.py", "time.time_ns"): "stamps its messages, so that a bench can measure real delays",
    ("simulators/phones.py", "time.time"): "a receipt is signed with the real time at which it was sent",
    ("simulators/load/__main__.py", "time.time"): "a session number that grows from run to run",
}


def reaches(path: Path) -> Iterator[str]:
    """What a file takes of time, chance and environment by itself; a seeded `Random(seed)` is none of it."""
    for name, node in uses(path):
        if name == "random.Random":
            if _is_called_unseeded(path, node):
                yield "random.Random()"
        elif name in _FORBIDDEN or name.startswith(("secrets.", "random.")):
            yield name


def _is_called_unseeded(path: Path, node: ast.expr) -> bool:
    calls = (each for each in ast.walk(tree(path)) if isinstance(each, ast.Call) and each.func is node)
    return any(not call.args and not call.keywords for call in calls)


def test_code_reaches_for_time_and_chance_only_where_a_reason_is_listed() -> None:
    found = {(str(path), name) for path in python_files(*_BOUND) for name in reaches(path)}
    assert (found - set(ALLOWED), set(ALLOWED) - found) == (set(), set())
