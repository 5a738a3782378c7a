"""The tests; `harness` holds what they share."""
