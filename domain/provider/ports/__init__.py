"""What the provider context needs of the world: one file for each kind of provider."""
