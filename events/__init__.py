"""What came in: the event log and its feed, readings, quarantine. The seam between gateway and dispatcher."""
