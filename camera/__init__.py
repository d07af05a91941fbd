"""Cameras: one worker process each, opened once for all viewers."""
