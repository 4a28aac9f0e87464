"""Decides and commits: streams in, Units out; effects carried out and heard of."""
