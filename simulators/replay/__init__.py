"""Real events from a file, sent through the public doors as if they happened again."""
