"""The kernels of grading, compiled by numba: what a set of events counts, and the grade that follows from it.

`tallying` counts what the rules look at, for many incidents at once, from the columns of their events; `deciding` moves
likelihood and consequence by the points of the levels that rules reached and takes the grade from the matrix. No rule
stands here: which level a rule reaches is said where its words are, what a level is worth is a row of `grade_points`.
"""
