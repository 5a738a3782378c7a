"""What happened together: patterns over kinds of events join incidents into cases."""
