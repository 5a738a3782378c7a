"""Which filter matches which topic, by the examples of the specification and against paho."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import topic_matches_sub

from gateway.mqtt.topics import matches

short_topics = st.lists(st.sampled_from(("", "a", "b", "$s")), min_size=1, max_size=4).map("/".join).filter(bool)
short_filters = st.builds(
    lambda head, tail: "/".join([*head, *tail]),
    st.lists(st.sampled_from(("", "a", "b", "+", "$s")), max_size=4),
    st.sampled_from(([], ["#"])),
).filter(bool)


@pytest.mark.parametrize(
    ("topic_filter", "topic", "matched"),
    [
        ("sport/tennis/player1/#", "sport/tennis/player1", True),
        ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", True),
        ("sport/tennis/+", "sport/tennis/player1/ranking", False),
        ("sport/+", "sport", False),
        ("sport/+", "sport/", True),
        ("+/+", "/finance", True),
        ("+", "/finance", False),
        ("#", "$SYS/uptime", False),
        ("+/uptime", "$SYS/uptime", False),
        ("$SYS/#", "$SYS/uptime", True),
        ("/sys/p/d/#", "sys/p/d/x", False),
    ],
)
def test_filter_matches_as_the_specification_says(topic_filter: str, topic: str, matched: bool) -> None:
    assert matches(topic_filter, topic) is matched


@given(short_filters, short_topics)
def test_filter_matches_as_paho_does(topic_filter: str, topic: str) -> None:
    assert matches(topic_filter, topic) == topic_matches_sub(topic_filter, topic)
