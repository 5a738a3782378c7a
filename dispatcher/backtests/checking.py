"""The whole check of a document of rules: its own rules, what the kernels can run, and the traffic on record."""

from datetime import datetime

from dispatcher.correlation.errors import GroupInvalid
from dispatcher.correlation.groups import Group, GroupTable
from dispatcher.rules.checking import check_traffic, errors_in
from dispatcher.rules.document import GroupRules, RuleDocument
from dispatcher.rules.errors import RulesInvalid
from dispatcher.rules.findings import Finding, FindingCode, Weight
from dispatcher.rules.percolation import read_neighbours
from dispatcher.rules.versions import parse_and_check
from runtime.pool import Connection


async def check_rules(conn: Connection, content: object, at: datetime) -> tuple[RuleDocument, list[Finding]]:
    """The document with what a person should look at. Raises RulesInvalid where it cannot be kept."""
    document, findings = await parse_and_check(conn, content)
    findings += _check_kernels(document)
    if errors_in(findings):
        raise RulesInvalid(findings)
    return document, findings + check_traffic(document, await read_neighbours(conn, document, at))


def _check_kernels(document: RuleDocument) -> list[Finding]:
    names = sorted(document.groups)
    try:
        GroupTable([_group(document.groups[name]) for name in names])
    except GroupInvalid as error:
        said = f"{error.parameter} = {error.value}: [{error.minimum}, {error.maximum}]"
        path = f"groups.{names[error.group]}"
        return [Finding(path, FindingCode.NOT_BUILT, Weight.ERROR, f"内核尚不支持 {said}", f"not built: {said}")]
    return []


def _group(group: GroupRules) -> Group:
    return Group(
        radius_dm=group.r_m * 10,
        window_ms=group.t_s * 1000,
        gap_ms=group.g_s * 1000,
        m=group.m,
        lateness_ms=group.lateness_s * 1000,
    )
