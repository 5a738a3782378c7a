"""Scripted cases: what a community sends when something happens."""
