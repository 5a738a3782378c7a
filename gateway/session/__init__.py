"""The back door: the reader of a broker that the city already runs."""
