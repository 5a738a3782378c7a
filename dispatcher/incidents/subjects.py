"""Which open incident a subject was seen in: a function of the incidents and their members, whatever came first."""

import hashlib
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dispatcher.incidents.live import LiveIncident
from dispatcher.incidents.model import IncidentStatus

_WORD: Final = (1 << 64) - 1


class Subjects:
    """Remembers where each (subject, kind) may be found, and looks whether it still is."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], list[LiveIncident]] = {}
        self._read = _Read({}, np.empty(0, np.uint64), np.empty(0, np.int64), [])

    def read(
        self,
        kinds: Sequence[str],
        subject: NDArray[np.int64],
        kind: NDArray[np.int64],
        incidents: Sequence[LiveIncident],
        at: NDArray[np.int64],
    ) -> None:
        """Take over what the database says: by row the subject's number, and the places of its kind and incident."""
        keys = _keys(subject, kind)
        order = np.argsort(keys)
        self._read = _Read({name: place for place, name in enumerate(kinds)}, keys[order], at[order], incidents)

    def note(self, subject: str, kind: str, incident: LiveIncident) -> None:
        """The incident has a member of this subject."""
        seen = self._seen.get((subject, kind))
        if seen is None:
            self._seen[subject, kind] = [incident]
        elif not any(other is incident for other in seen):
            seen[:] = [other for other in seen if _holds(other, subject, kind)] + [incident]

    def holder(self, subject: str, kind: str) -> LiveIncident | None:
        """The open incident that has a member of this subject, the one that began last where there are several."""
        possible = [*self._seen.get((subject, kind), ()), *self._read.possible(subject, kind)]
        holding = [incident for incident in possible if _holds(incident, subject, kind)]
        return max(holding, key=lambda incident: incident.canonical.witness, default=None)

    def forget(self, incident: LiveIncident) -> None:
        """The incident can gain nothing any more."""
        for member in incident.members.values():
            sort = member.subject, member.witness.kind
            seen = self._seen.get(sort)
            if seen is not None:
                seen[:] = [other for other in seen if other is not incident and _holds(other, *sort)]
                if not seen:
                    del self._seen[sort]


class _Read:
    """What was read at once: sorted by a number of subject and kind, so that no row becomes an object by itself."""

    def __init__(
        self,
        kinds: dict[str, int],
        keys: NDArray[np.uint64],
        places: NDArray[np.int64],
        incidents: Sequence[LiveIncident],
    ) -> None:
        self._kinds = kinds
        self._keys = keys
        self._places = places
        self._incidents = incidents

    def possible(self, subject: str, kind: str) -> list[LiveIncident]:
        if kind not in self._kinds:
            return []
        key = np.uint64((subject_number(subject) * 31 + self._kinds[kind]) & _WORD)
        first, last = np.searchsorted(self._keys, key, "left"), np.searchsorted(self._keys, key, "right")
        return [self._incidents[place] for place in set(self._places[first:last].tolist())]


def subject_number(subject: str) -> int:
    """64 bits of a digest: the same after every restart, and two subjects share one with a chance of 1 in 10^19."""
    return int.from_bytes(hashlib.sha256(subject.encode()).digest()[:8], "big", signed=True)


def _keys(subject: NDArray[np.int64], kind: NDArray[np.int64]) -> NDArray[np.uint64]:
    return subject.astype(np.uint64) * np.uint64(31) + kind.astype(np.uint64)


def _holds(incident: LiveIncident, subject: str, kind: str) -> bool:
    return incident.status is IncidentStatus.OPEN and incident.holds(subject, kind)
