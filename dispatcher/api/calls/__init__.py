"""Calls of residents: taken once, whatever is repeated, and an event of the log from then on."""
