"""The devices of the village: what they report, and what they should do."""
