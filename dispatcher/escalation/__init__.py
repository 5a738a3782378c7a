"""What happens when time passes: reminders before a clock ends, urging after it, each exactly once."""
