"""The nearest links that hold a component: its minimal spanning forest."""

from dispatcher.correlation.kernels.jit import compiled, i64
from dispatcher.correlation.kernels.records import Links


@compiled
def nearest_links(s: Links) -> None:
    """A minimal spanning forest of the links by (squared distance, time, order): parent[i] < 0 starts a tree.

    The rows are in canonical order and all located. Prim's algorithm over the dense graph: O(n^2) time, O(n) space.
    """
    n = s.x.size
    for i in range(n):
        s.inside[i] = False
        s.parent[i] = -1
        s.d2[i] = s.radius2 + 1
        s.dt[i] = s.window + 1
    at = i64(0)
    for _ in range(n):
        s.inside[at] = True
        chosen = i64(-1)
        for i in range(n):
            if s.inside[i]:
                continue
            d2 = (s.x[i] - s.x[at]) ** 2 + (s.y[i] - s.y[at]) ** 2
            dt = abs(s.t[i] - s.t[at])
            if d2 <= s.radius2 and dt <= s.window and (d2 < s.d2[i] or (d2 == s.d2[i] and dt < s.dt[i])):
                s.d2[i] = d2
                s.dt[i] = dt
                s.parent[i] = at
            if chosen < 0 or s.d2[i] < s.d2[chosen] or (s.d2[i] == s.d2[chosen] and s.dt[i] < s.dt[chosen]):
                chosen = i
        at = chosen
