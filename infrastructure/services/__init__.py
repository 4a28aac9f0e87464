"""What the API asks for: the use cases, each from input to commit."""
