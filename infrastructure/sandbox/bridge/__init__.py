"""A simulated Bridge: its API v0 for off-ramps, with transfers that move by the world's clock."""
