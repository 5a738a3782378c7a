"""What is happening: events that belong together in place, time and cause, with a stable public number."""
