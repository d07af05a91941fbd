"""Addresses of sounds that only the hub can write and that end by themselves."""

import hashlib
import hmac
from datetime import timedelta
from typing import Final

from hub.clock import Clock
from hub.errors import Expired, NotPermitted

VALID_FOR: Final = timedelta(hours=1)


class Links:
    """Signs and checks addresses with HMAC-SHA256 (RFC 2104) under one secret key."""

    def __init__(self, key: bytes, clock: Clock) -> None:
        self._key = key
        self._clock = clock

    def sign(self, announcement_id: str) -> str:
        """The path and query of the sound of an announcement, good for an hour."""
        expires = int((self._clock.now() + VALID_FOR).timestamp())
        signature = self._signature(announcement_id, expires)
        return f"/sound/{announcement_id}.mp3?expires={expires}&signature={signature}"

    def check(self, announcement_id: str, expires: int, signature: str) -> None:
        """Raise NotPermitted for a wrong signature and Expired for one whose time is over."""
        right = self._signature(announcement_id, expires)
        if not hmac.compare_digest(right.encode(), signature.encode("utf-8", "replace")):
            detail = "This address of a sound was not written by this hub"
            raise NotPermitted(detail)
        if self._clock.now().timestamp() > expires:
            detail = "This address of a sound is no longer valid: ask for the announcement again"
            raise Expired(detail)

    def _signature(self, announcement_id: str, expires: int) -> str:
        signed = f"sound\n{announcement_id}\n{expires}".encode("utf-8", "replace")
        return hmac.new(self._key, signed, hashlib.sha256).hexdigest()
