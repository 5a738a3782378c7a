"""What keeps a machine's processes alive: the home directory, the embedded PostgreSQL, children and their order."""
