"""The `rongan` command and the composition of its processes; above every other package."""
