"""One-time sign-in links and their QR codes."""

import segno


def sign_in_link(base_url: str, secret: str) -> str:
    """The link of a secret.

    The secret is in the fragment, which browsers do not send: the preview that a chat makes of a
    link cannot use it up.
    """
    return f"{base_url}/#sign-in={secret}"


def qr_address(link: str) -> str:
    """The link as a QR code, in a data: address for an <img>."""
    return segno.make(link, error="m").svg_data_uri(scale=6, border=3, dark="#000", light="#fff")


def qr_for_terminal(link: str) -> str:
    """The link as a QR code of letters, for a console."""
    import io  # noqa: PLC0415  only the console needs it

    drawn = io.StringIO()
    segno.make(link, error="l").terminal(drawn, compact=True, border=2)
    return drawn.getvalue()
