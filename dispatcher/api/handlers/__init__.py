"""What each route does, a file a noun: parse, one call, render."""
