"""The database, in order, in plain numbered SQL; applied by `rongan migrate` and never edited after landing."""
