"""What the village hears: announcements, their sounds and their way to each loudspeaker."""
