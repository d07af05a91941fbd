"""The loudspeaker agent: a program for any Linux board with a sound output."""
