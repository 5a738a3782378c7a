"""Who works with the system: users, their roles and areas, and their sessions."""
