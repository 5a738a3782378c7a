"""From a delivered message to committed rows: one transaction a batch, then the acknowledgement."""
