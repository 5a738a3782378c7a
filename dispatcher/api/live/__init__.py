"""The live stream: one reader a process, many watchers, nobody sees another area's rows."""
