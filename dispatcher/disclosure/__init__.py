"""What is made public of a matter (Art. 44), by when, by which two persons, and without whose personal data."""
