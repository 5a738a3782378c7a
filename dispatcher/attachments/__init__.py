"""Photos and documents: taken in by content, kept as files named by their hash, and remembered with every use."""
