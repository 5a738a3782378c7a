"""What follows from events: grades, incidents, tickets, clocks, messages, and the api that shows them."""
