"""MQTT packets as bytes and as values, without any I/O."""
