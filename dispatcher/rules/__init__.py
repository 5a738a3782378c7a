"""Rules as data: versioned documents, what is wrong with one, which is in force where in the log, and the rulebook."""
