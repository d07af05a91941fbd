"""Under which addresses phones and loudspeakers reach the hub."""

import pytest

from hub.app.addresses import base_url, local_address, phone_address
from hub.config import Server


@pytest.mark.parametrize(
    ("host", "here", "phones"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080", None),
        ("localhost", "http://127.0.0.1:8080", None),
        ("::1", "http://[::1]:8080", None),
        ("192.0.2.7", "http://192.0.2.7:8080", "http://192.0.2.7:8080"),
        ("2001:db8::7", "http://[2001:db8::7]:8080", "http://[2001:db8::7]:8080"),
    ],
)
def test_the_listening_address_says_who_can_come(host: str, here: str, phones: str | None) -> None:
    server = Server(host=host)
    assert local_address(server) == here
    assert phone_address(server) == phones
    assert base_url(server) == (phones or here)


def test_a_name_of_its_own_goes_before_the_number() -> None:
    server = Server(host="127.0.0.1", address="https://thon-dong.example.vn")
    assert base_url(server) == "https://thon-dong.example.vn"


def test_listening_on_all_addresses_never_gives_out_the_loopback_to_phones() -> None:
    server = Server(host="0.0.0.0")
    assert local_address(server) == "http://127.0.0.1:8080"
    found = phone_address(server)
    assert found is None or "127.0.0.1" not in found
