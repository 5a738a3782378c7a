"""A device's topics are its own, whatever filter it thinks of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth.model import Permissions
from gateway.mqtt.topics import matches

OWN = Permissions.of("bin3", "bin-1")
levels = st.sampled_from(("", "sys", "ext", "ntp", "bin3", "bin-1", "bin-10", "state", "thing", "+", "#"))
filters = st.lists(levels, min_size=1, max_size=7).map("/".join)
topics = st.lists(levels.filter(lambda level: level not in "+#" or not level), min_size=1, max_size=7).map("/".join)


@given(filters, topics)
def test_allowed_filter_matches_own_topics_alone(topic_filter: str, topic: str) -> None:
    if OWN.may_subscribe(topic_filter) and matches(topic_filter, topic):
        assert OWN.may_publish(topic) or f"{topic}/" in OWN.own  # `a/#` matches its parent `a` as well


@pytest.mark.parametrize(
    ("topic", "own", "retained"),
    [
        ("/sys/bin3/bin-1/state", True, True),
        ("sys/bin3/bin-1/state", True, True),
        ("/sys/bin3/bin-1/thing/event/full/post", True, False),
        ("/ext/ntp/bin3/bin-1/request", True, False),
        ("/sys/bin3/bin-10/state", False, False),
        ("/sys/bin3/bin-1", False, False),
        ("//sys/bin3/bin-1/state", False, False),
        ("/SYS/bin3/bin-1/state", False, False),
        ("$SYS/bin3/bin-1/state", False, False),
    ],
)
def test_topic_is_own_or_not(topic: str, own: bool, retained: bool) -> None:
    assert (OWN.may_publish(topic), OWN.may_retain(topic)) == (own, retained)
