"""The events and commands that contexts share: what a separate service would import."""
