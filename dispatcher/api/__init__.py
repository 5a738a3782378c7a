"""The HTTP face: what browsers and programs may ask, and the live stream."""
