"""The error that a person in charge can act on: its text says what is wrong and how to mend it."""


class Explained(Exception):
    """Shown by the command line as it stands, without a traceback; exit code 1."""
