"""The demo users' side of the world: their device, their keys, their first money.

No server code imports it: whoever holds a user's key is outside of the platform.
"""
