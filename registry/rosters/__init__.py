"""Who can be reached and who is on duty: contacts, rosters with rotations, stand-ins by override or swap, gaps."""
