"""The front door: the MQTT endpoint that devices connect to."""
