"""Dialects: how fleets phrase their topics and payloads; each one file, all of them made into one form."""
