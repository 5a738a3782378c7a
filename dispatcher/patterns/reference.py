"""Writes the shipped patterns as a page, docs/reference/patterns.md; a test compares the two."""

from collections.abc import Iterator

from dispatcher.patterns.definitions import WITNESSES
from dispatcher.patterns.model import Pattern, PatternStep, StepRole
from dispatcher.patterns.shipped import shipped

_HEAD = """# Patterns

What happens together (模式): several events within a radius and a time of one of them, the anchor. A match joins the
incidents of its events into one case with one ticket and is evidence for the grade of the anchor's incident. This
page is written from `registry/data/patterns.csv` and `pattern_steps.csv`: change the files, then run

    python -m dispatcher.patterns.reference > docs/reference/patterns.md

- **Holds.** A pattern holds at an anchor when every step has an event within `radius` and `time` of the anchor, both
  ends included. Events must be near the anchor, not near each other.
- **Witness.** The event shown for a step is the one with the least (distance, time apart, time, uid). An incident
  shows one match a pattern: that of its earliest anchor.
- **Case.** Every event that fills a step around an anchor where the pattern holds belongs to the case, witness or
  not. Cases only grow. One whose tickets have all ended is never joined: the match is recorded, the new incident gets
  its own ticket.
- **Order** (`a < b`): a must be earlier than b. **Absence**: the step must not be there; judged when the watermark
  has passed the anchor's time + `time`. An absence behind the anchor (`anchor < step`) counts later events only.
- **Without a position** an event matches nothing, unless the pattern allows the community: then it stands for one in
  the same community, farther away than any measured distance.
- **Not counted**: late events, reports of a device that flaps, returns to normal.
- **Corrections** withdraw what no longer holds while the anchor is open; the case stays joined.
- **Modes**: `active` joins and counts; `monitor` records the match, joins nothing and tells nobody; `inactive` and
  `expired` are not looked for. Which version counts and in which mode is said by the rules in force
  (docs/reference/rules.md), so it changes at one position of the log; below is what a release begins with.
- **A change** of version or mode finds at once what holds among events that the pattern may still need, and takes back
  what open incidents show of it where it counts no more; cases stay joined. `effective_from` and `effective_to` of a
  version bound the times of its anchors.

`GET /api/v1/patterns` lists them as the rules in force have them, with what they found; `GET /api/v1/incidents/{id}`
shows an incident's `matches`; the stream tells new ones as `incident.matched`.
"""


def render() -> str:
    """The page as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    patterns = shipped()
    yield _HEAD
    yield "| pattern | name | mode | radius m | time s | community | order | version |"
    yield "|---|---|---|---|---|---|---|---|"
    for pattern in patterns.values():
        yield _row(pattern)
    for pattern in patterns.values():
        yield f"\n## {pattern.id}\n"
        yield f"{pattern.zh_name} · {pattern.en_name}. Source: {pattern.source}.\n"
        yield "| step | role | what | kinds | sources | severity | value |"
        yield "|---|---|---|---|---|---|---|"
        for step in pattern.steps:
            yield _step(step)


def _row(pattern: Pattern) -> str:
    order = ", ".join(f"{pattern.steps[a].name} < {pattern.steps[b].name}" for a, b in pattern.order)
    cells = (
        f"[`{pattern.id}`](#{pattern.id})",
        f"{pattern.zh_name} · {pattern.en_name}",
        pattern.mode.value,
        str(pattern.r_m),
        str(pattern.t_s),
        "yes" if pattern.by_place else "",
        order,
        str(pattern.version),
    )
    return f"| {' | '.join(cells)} |"


def _step(step: PatternStep) -> str:
    everything = step.source_classes == WITNESSES
    cells = (
        step.name,
        {StepRole.ANCHOR: "**anchor**", StepRole.SUPPORT: "support", StepRole.ABSENT: "*absent*"}[step.role],
        f"{step.zh_name} · {step.en_name}",
        ", ".join(f"`{kind}`" for kind in sorted(step.kinds)),
        "any" if everything else ", ".join(sorted(each.value for each in step.source_classes)),
        "any" if step.severity_min == 1 else f"≥ {step.severity_min}",
        "" if step.predicate is None else f"`{step.predicate}`",
    )
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    print(render(), end="")
