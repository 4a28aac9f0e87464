"""Bridge (apidocs.bridge.xyz, API v0) as an off-ramp."""
