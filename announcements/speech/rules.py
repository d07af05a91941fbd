"""A rule of reading: a pattern, and what is said instead of what it matches."""

import re
from collections.abc import Callable

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]


def rules(*pairs: tuple[str, Callable[[re.Match[str]], str]]) -> tuple[Rule, ...]:
    """Rules from patterns that match in capitals and in small letters alike."""
    return tuple((re.compile(pattern, re.IGNORECASE), replace) for pattern, replace in pairs)
