"""Which limits are known outside, who alone decides on people, and whom emergencies need: versioned master data."""
