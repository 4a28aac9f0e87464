"""From the event log to subscribers: codec, channels, hub, feed."""
