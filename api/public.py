"""The mark of a route that asks nobody to sign in: each such route is meant to be open."""


async def public() -> None:
    """Stand where other routes have their permission."""
