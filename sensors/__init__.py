"""What a device type is: payload models, thresholds, events and samples; one folder a type, no I/O anywhere."""
