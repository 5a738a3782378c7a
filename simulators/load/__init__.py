"""A load generator: thousands of devices, a fixed rate, a ledger of everything that was acknowledged."""
