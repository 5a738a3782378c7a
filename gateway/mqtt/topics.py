"""Topic names and topic filters: which are valid, and which filter matches which name."""

from gateway.mqtt.errors import Malformation, ProtocolViolation


def require_topic(topic: str) -> str:
    """Return a topic that a message may carry; raises ProtocolViolation."""
    if not topic:
        raise ProtocolViolation(Malformation.TOPIC_EMPTY)
    if "+" in topic or "#" in topic:
        raise ProtocolViolation(Malformation.TOPIC_WILDCARD)
    return topic


def require_filter(topic_filter: str) -> str:
    """Return a valid filter: `+` fills a level alone, `#` fills the last one; raises ProtocolViolation."""
    if not topic_filter:
        raise ProtocolViolation(Malformation.TOPIC_EMPTY)
    if "+" in topic_filter or "#" in topic_filter:
        levels = topic_filter.split("/")
        last = len(levels) - 1
        for position, level in enumerate(levels):
            if ("+" in level and level != "+") or ("#" in level and (level != "#" or position != last)):
                raise ProtocolViolation(Malformation.FILTER)
    return topic_filter


def has_wildcard(topic_filter: str) -> bool:
    return "+" in topic_filter or "#" in topic_filter


def matches(topic_filter: str, topic: str) -> bool:
    """Whether a valid filter matches a topic; a leading wildcard never matches a topic that begins with `$`."""
    if topic_filter == topic:
        return True
    if topic.startswith("$") and topic_filter[:1] in "+#":
        return False
    wanted = topic_filter.split("/")
    given = topic.split("/")
    for position, level in enumerate(wanted):
        if level == "#":
            return True
        if position == len(given):
            return False
        if level not in ("+", given[position]):
            return False
    return len(wanted) == len(given)
