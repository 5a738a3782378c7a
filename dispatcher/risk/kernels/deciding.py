"""Decides grades: the points of what each rule reached move likelihood and consequence, the matrix gives the grade."""

from dispatcher.correlation.kernels.jit import compiled, inlined
from dispatcher.risk.columns import BY_COLOUR, BY_LIFE, BY_MATRIX, SHIFT_MAX, Decided, RuleColumns, Sets


@inlined
def _moved(base: int, points: int, step_points: int) -> int:
    """Whole steps only, cut towards none: what is less than a step moves nothing by itself."""
    steps = min(abs(points) // step_points, SHIFT_MAX)
    return max(1, min(5, base + steps if points > 0 else base - steps))


@inlined
def _worth(rules: RuleColumns, rule: int, reached: int) -> int:
    """The row of the highest level that is reached, -1 where none is."""
    found = -1
    for row in range(rules.starts[rule], rules.starts[rule + 1]):
        if rules.level[row] <= reached:
            found = row
    return found


@inlined
def _grade(rules: RuleColumns, sets: Sets, k: int, row: int, decided: Decided) -> None:
    """Grade set k by one of its kinds."""
    likelihood = consequence = 0
    for rule in range(rules.waits.size):
        decided.worth[row, rule] = -1
        if sets.reached[row, rule] == 0 or (rules.waits[rule] and not sets.final[k]):
            continue
        worth = _worth(rules, rule, sets.reached[row, rule])
        decided.worth[row, rule] = worth
        if worth >= 0 and rules.of_consequence[worth]:
            consequence += rules.points[worth]
        elif worth >= 0:
            likelihood += rules.points[worth]
    decided.likelihood[row] = _moved(sets.likelihood[row], likelihood, rules.step_points)
    decided.consequence[row] = _moved(sets.consequence[row], consequence, rules.step_points)
    decided.grade[row] = rules.matrix[decided.consequence[row], decided.likelihood[row]]
    decided.decided_by[row] = BY_MATRIX
    if sets.colour[row] > 0:
        decided.grade[row] = sets.colour[row]
        decided.decided_by[row] = BY_COLOUR
    # No doubt about devices takes this away, only a person who looked; and that waits as every contradiction does.
    if sets.life[row] and decided.grade[row] > rules.life_floor and not (sets.final[k] and sets.found_false[k]):
        decided.grade[row] = rules.life_floor
        decided.decided_by[row] = BY_LIFE


@inlined
def _is_graver(rules: RuleColumns, sets: Sets, decided: Decided, a: int, b: int) -> bool:
    """By the grade, then the cell of the kind itself, then its consequence, then its likelihood; else it is not."""
    if decided.grade[a] != decided.grade[b]:
        return bool(decided.grade[a] < decided.grade[b])
    own_a = rules.matrix[sets.consequence[a], sets.likelihood[a]]
    own_b = rules.matrix[sets.consequence[b], sets.likelihood[b]]
    if own_a != own_b:
        return bool(own_a < own_b)
    if sets.consequence[a] != sets.consequence[b]:
        return bool(sets.consequence[a] > sets.consequence[b])
    return bool(sets.likelihood[a] > sets.likelihood[b])


@compiled
def decide(rules: RuleColumns, sets: Sets, decided: Decided) -> None:
    """Grade every set by each of its kinds; the gravest counts, the earliest among equals."""
    for k in range(sets.starts.size - 1):
        best = sets.starts[k]
        for row in range(sets.starts[k], sets.starts[k + 1]):
            _grade(rules, sets, k, row, decided)
            if _is_graver(rules, sets, decided, row, best):
                best = row
        decided.row[k] = best
