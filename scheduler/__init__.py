"""When things happen: the calendar of lights, announcements and wifi."""
