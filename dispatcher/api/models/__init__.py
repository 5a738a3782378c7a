"""What goes over the wire, a file a noun; the OpenAPI document and the console's types are made from these."""
