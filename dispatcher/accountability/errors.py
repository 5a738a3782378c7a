"""Why something about accountability could not be done, beside what procedures refuse; the fields are what is shown."""

from dataclasses import dataclass


@dataclass(eq=False)
class FileStands(Exception):
    """The breach has its file."""

    file_id: int


@dataclass(eq=False)
class TooLate(Exception):
    """What had to be said until a time comes after it."""

    rule: str
    until: str
