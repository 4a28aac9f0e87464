"""Due (due.readme.io, API v1) as an off-ramp."""
