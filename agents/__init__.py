"""Programs that run on devices, not on the hub."""
