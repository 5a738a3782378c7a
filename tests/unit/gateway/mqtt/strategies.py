"""Random MQTT packets, as hypothesis strategies."""

from hypothesis import strategies as st

from gateway.mqtt.packets import (
    SUBSCRIPTION_REFUSED,
    ConnAck,
    Connect,
    ConnectCode,
    Disconnect,
    PingReq,
    PingResp,
    PubAck,
    PubComp,
    Publish,
    PubRec,
    PubRel,
    SubAck,
    Subscribe,
    UnsubAck,
    Unsubscribe,
    Will,
)

strings = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
levels = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0/+#"), max_size=12)
topics = st.lists(levels, min_size=1, max_size=6).map("/".join).filter(bool)
filters = st.builds(
    lambda head, tail: "/".join([*head, *tail]),
    st.lists(levels | st.just("+"), min_size=1, max_size=5),
    st.sampled_from(([], ["#"])),
).filter(bool)
payloads = st.binary(max_size=300)
packet_ids = st.integers(1, 0xFFFF)
qualities = st.integers(0, 2)

wills = st.builds(Will, topics, st.binary(max_size=100), qualities, st.booleans())
credentials = st.one_of(
    st.tuples(st.none(), st.none()), st.tuples(strings, st.none()), st.tuples(strings, st.binary(max_size=50))
)
connects = st.builds(
    lambda client_id, keep_alive_s, clean, will, credential: Connect(client_id, keep_alive_s, clean, will, *credential),
    strings,
    st.integers(0, 0xFFFF),
    st.booleans(),
    st.none() | wills,
    credentials,
)
publishes = st.one_of(
    st.builds(lambda topic, payload, retain: Publish(topic, payload, 0, retain), topics, payloads, st.booleans()),
    st.builds(  # a lambda, since for a tuple class `builds` would invent the properties too
        lambda *fields: Publish(*fields),  # noqa: PLW0108
        topics,
        payloads,
        st.integers(1, 2),
        st.booleans(),
        st.booleans(),
        packet_ids,
    ),
)
subscribes = st.builds(
    Subscribe, packet_ids, st.lists(st.tuples(filters, qualities), min_size=1, max_size=5).map(tuple)
)
subacks = st.builds(
    SubAck,
    packet_ids,
    st.lists(st.sampled_from((0, 1, 2, SUBSCRIPTION_REFUSED)), min_size=1, max_size=5).map(tuple),
)
unsubscribes = st.builds(Unsubscribe, packet_ids, st.lists(filters, min_size=1, max_size=5).map(tuple))
packets = st.one_of(
    connects,
    st.builds(ConnAck, st.sampled_from(ConnectCode), st.booleans()),
    publishes,
    st.builds(PubAck, packet_ids),
    st.builds(PubRec, packet_ids),
    st.builds(PubRel, packet_ids),
    st.builds(PubComp, packet_ids),
    subscribes,
    subacks,
    unsubscribes,
    st.builds(UnsubAck, packet_ids),
    st.sampled_from((PingReq(), PingResp(), Disconnect())),
)
