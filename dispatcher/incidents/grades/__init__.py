"""Grades of incidents: what is known beside their events, their history, and what officers say of them."""

from dispatcher.incidents.grades.grading import Graded, grade_touched

__all__ = ["Graded", "grade_touched"]
