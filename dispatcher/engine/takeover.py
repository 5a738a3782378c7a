"""The leader's part in a change of rules: try what somebody asked for, and write where in the log it takes over."""

from collections.abc import Mapping
from datetime import datetime

import structlog

from dispatcher.correlation.errors import CorrelationError
from dispatcher.incidents.memory import Memory
from dispatcher.rules import activation
from dispatcher.rules.errors import RulesInvalid
from dispatcher.rules.rulebook import Rulebook, under
from dispatcher.rules.versions import parse_and_check, read_document
from runtime.pool import Connection

LOG = structlog.get_logger(__name__)


async def record_waiting(conn: Connection, rulebook: Rulebook, at: datetime, *, behind: Mapping[str, int]) -> bool:
    """Write the record of an activation that waits, behind exactly what was taken; True when one was written.

    Rules that the kernels cannot run are refused here, with the reason in the activation's row: a leader must never
    find itself unable to go on from its own log.
    """
    rule_set = rulebook.deployment.rule_set
    waiting = await activation.read_waiting(conn, rule_set)
    if waiting is None:
        return False
    try:
        document = await read_document(conn, rule_set, waiting.version)
        await parse_and_check(conn, document.content())
        Memory(await under(conn, rulebook, document, waiting.version))
    except (RulesInvalid, CorrelationError, LookupError) as error:
        await activation.refuse(conn, waiting, str(error))
        LOG.warning("rules_refused", version=waiting.version, reason=str(error))
        return False
    seq = await activation.record(conn, waiting, at, behind=behind)
    LOG.info("rules_recorded", version=waiting.version, seq=seq)
    return True
