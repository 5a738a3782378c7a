"""Callers of the 12345 hotline, over HTTP."""
