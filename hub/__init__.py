"""The kernel of the village hub: broker, database, events, settings, errors and time."""
