"""Who a device is, and which topics are its own."""
