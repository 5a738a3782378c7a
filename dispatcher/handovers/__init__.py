"""What leaves the city's own hands: calls to 110, 119, 120 and 122 and their answers, and reports upward."""
