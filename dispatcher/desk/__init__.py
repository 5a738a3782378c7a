"""The hotline's desk: what callers said, call-backs as work, knowledge, re-checks, orders of other systems."""
