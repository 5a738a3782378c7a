"""The doors of the system: devices publish here, and what they publish is committed before it is acknowledged."""
