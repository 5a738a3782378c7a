"""What is measured: indicators over the log, their roll-ups, and schemes that put residents first."""
