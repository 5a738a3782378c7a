"""How messages are worded, how often people may be disturbed: versioned master data."""
