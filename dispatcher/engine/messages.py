"""The messages stage of a step: what stages before it, and users, have to tell people finds its way."""

from dispatcher.channels import planning
from dispatcher.incidents.step import Advanced, Step


async def advance(step: Step) -> Advanced:
    """Plan every message whose time has come; cheap where none is due."""
    taken, attempts = await planning.plan_due(step.conn, step.at)
    return Advanced(taken, attempts)
