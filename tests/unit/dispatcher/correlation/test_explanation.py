"""Why events belong together: the links that are shown hold the component, and are the nearest."""

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.correlation.explanation import Link, explain
from dispatcher.correlation.groups import Group
from tests.unit.dispatcher.correlation import oracle
from tests.unit.dispatcher.correlation.drive import columns, number_of, uid_of
from tests.unit.dispatcher.correlation.oracle import Delivery
from tests.unit.dispatcher.correlation.test_corpus import BIN_7, BIN_9, CALL, CAMERA

FIRE = Group(radius_dm=1500, window_ms=600_000, gap_ms=60_000)


def test_fire_is_held_by_the_camera_and_the_call() -> None:
    links = explain(columns([BIN_9, CALL, BIN_7, CAMERA]), FIRE)
    assert sorted(links, key=lambda link: link.distance_dm) == [
        Link(uid_of(12), uid_of(3), 400, -110_000),
        Link(uid_of(7), uid_of(12), 500, 240_000),
        Link(uid_of(3), uid_of(9), 1200, 50_000),
    ]


def test_nothing_is_explained_by_repeats_or_by_events_without_a_place() -> None:
    alone = Delivery(uid=1, t=0, subject=1)
    assert explain(columns([alone, Delivery(uid=2, t=50_000, subject=1)]), FIRE) == []
    assert explain(columns([alone, Delivery(uid=3, t=0, subject=2, located=False)]), FIRE) == []
    assert explain(columns([]), FIRE) == []


@given(
    st.lists(
        st.builds(
            Delivery,
            uid=st.integers(0, 99),
            t=st.integers(0, 20),
            x=st.integers(-8, 8),
            y=st.integers(-3, 3),
            subject=st.integers(0, 6),
            located=st.sampled_from([True, True, True, False]),
        ),
        unique_by=lambda d: d.uid,
        max_size=25,
    ),
    st.randoms(use_true_random=False),
)
def test_links_are_real_join_each_component_and_ignore_the_order(deliveries: list[Delivery], random: object) -> None:
    group = oracle.Group(5, 4, 2)
    links = explain(columns(deliveries), Group(5, 4, 2))
    shuffled = list(deliveries)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert explain(columns(shuffled), Group(5, 4, 2)) == links

    occurrences = {o[0].uid: o for o in oracle.occurrences(deliveries, [group])}
    for link in links:
        a, b = occurrences[number_of(link.uid_a)], occurrences[number_of(link.uid_b)]
        assert oracle.linked(a, b, [group])
        squared = (a[0].x - b[0].x) ** 2 + (a[0].y - b[0].y) ** 2
        assert abs(link.distance_dm - squared**0.5) <= 0.5
        assert link.dt_ms == b[0].t - a[0].t
    components = oracle.components(deliveries, [group])
    assert len(links) == len(occurrences) - len(components)
    where = {o[0].uid: k for k, component in enumerate(components) for o in component.occurrences}
    assert all(where[number_of(link.uid_a)] == where[number_of(link.uid_b)] for link in links)
    assert total_weight(links) == kruskal_weight(list(occurrences.values()), group)


def total_weight(links: list[Link]) -> list[int]:
    return sorted(link.distance_dm for link in links)


def kruskal_weight(occurrences: list[oracle.Occurrence], group: oracle.Group) -> list[int]:
    """The distances of a minimal spanning forest, which all such forests share."""
    edges = sorted(
        ((p[0].x - q[0].x) ** 2 + (p[0].y - q[0].y) ** 2, abs(p[0].t - q[0].t), i, j)
        for i, p in enumerate(occurrences)
        for j, q in enumerate(occurrences[:i])
        if oracle.linked(p, q, [group])
    )
    tree = list(range(len(occurrences)))
    taken = []
    for squared, _, i, j in edges:
        if tree[i] != tree[j]:
            old, new = tree[i], tree[j]
            tree = [new if k == old else k for k in tree]
            taken.append(round(squared**0.5))
    return sorted(taken)
