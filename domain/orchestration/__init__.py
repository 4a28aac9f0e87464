"""The orchestrator: leads the flows that have a definition. The others go on without it."""
