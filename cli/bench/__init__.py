"""`rongan bench`: the figures that the platform promises, each beside its yardstick in the same run."""
