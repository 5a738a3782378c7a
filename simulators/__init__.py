"""Devices, callers and replays that speak MQTT and HTTP as anybody outside would; they import `sensors` alone."""
