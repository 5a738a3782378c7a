"""What belongs together: exact clustering of events in place and time, in any order of arrival."""
