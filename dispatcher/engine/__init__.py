"""The dispatcher's process: one readable tuple of stages, one transaction a step, one fenced leader."""

from dispatcher.engine.process import main

__all__ = ["main"]
