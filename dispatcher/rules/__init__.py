"""The rules as data that a step works with: kinds, groups, matrix, organisations, areas; swapped as a whole."""
