"""The ways out: the console's live stream and the messages to organisations. A channel knows messages, no tickets."""
