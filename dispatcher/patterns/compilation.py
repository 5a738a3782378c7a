"""Compiles the matcher's kernels before the first event; the folder they are kept in is named by their source."""


def compile_pattern_kernels() -> None:
    """Compile, or load from the cache, everything that a Matcher will call. About 10 s without a cache."""
    from dispatcher.patterns.candidates import Candidate, batch_of  # noqa: PLC0415 -- numba reads its folder at import
    from dispatcher.patterns.matcher import Matcher, Shape  # noqa: PLC0415 -- as above

    def event(number: int, at_ms: int, mask: int, revision: int = 0, place: int = 0) -> Candidate:
        masks = tuple((pattern, mask, place) for pattern in range(3))
        return Candidate(number.to_bytes(16, "big"), (revision, bytes(8)), at_ms, None if place else number, 0, masks)

    matcher = Matcher(
        [
            Shape(1_000, 1_000, 2, full=3, anchors=1),
            Shape(1_000, 1_000, 2, full=3, anchors=1, order=((0, 1),)),
            Shape(1_000, 1_000, 2, full=1, anchors=1, absent=2, order=((0, 1),)),
        ]
    )
    matcher.apply(batch_of([event(1, 0, 1), event(2, 1, 2), event(3, 2, 2, place=7)]))
    corrected = batch_of([event(2, 5, 2, revision=1)])
    matcher.superseded_by(corrected)
    matcher.apply(corrected)
    matcher.knows([bytes(16)])
    matcher.apply(batch_of([event(number, number, 1) for number in range(10, 1_600)]))  # grows every array
    matcher.advance([500, 500, 500])
    matcher.advance([1_000_000] * 3)
