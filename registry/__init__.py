"""What exists: areas, organisations, devices, event kinds, limits and calendars; versioned master data."""
