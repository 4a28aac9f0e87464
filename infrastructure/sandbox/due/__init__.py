"""A simulated Due: its API v1 for off-ramps, with transfers that move by the world's clock."""
