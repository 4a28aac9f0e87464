"""In-memory twins of the ports: for unit tests and the simulator."""
