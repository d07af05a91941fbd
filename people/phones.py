"""A phone's own description of itself, in a few words that a person recognises."""

from typing import Final

# The first that fits wins: Android calls itself Linux, Edge and Opera call themselves Chrome, and
# everyone calls itself Safari.
_SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("CrOS", "Chromebook"),
    ("Linux", "Linux"),
)
_BROWSERS: Final = (
    ("Zalo", "Zalo"),
    ("FBAN", "Facebook"),
    ("FBAV", "Facebook"),
    ("coc_coc_browser", "Cốc Cốc"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)


def phone_words(user_agent: str) -> str:
    """For example "Android, Chrome"; empty when nothing is recognised."""
    found = (
        next((word for sign, word in signs if sign in user_agent), "")
        for signs in (_SYSTEMS, _BROWSERS)
    )
    return ", ".join(word for word in found if word)
