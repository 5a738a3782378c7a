"""A fleet of simulated devices over aiomqtt, each with the day rhythm of its type."""
