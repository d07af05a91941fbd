import pytest

from camera.address import Address, parse_address
from hub.errors import InvalidInput


def test_credentials_are_taken_out_of_the_address() -> None:
    address = parse_address("rtsp://admin:secret@192.168.1.64:554/stream1?channel=1")
    assert address.url_without_credentials == "rtsp://192.168.1.64:554/stream1?channel=1"
    assert (address.username, address.password) == ("admin", "secret")
    assert address.url == "rtsp://admin:secret@192.168.1.64:554/stream1?channel=1"


def test_percent_encoded_credentials_go_out_as_they_came_in() -> None:
    address = parse_address("rtsp://admin:p%40ss%3Aw%2F%C3%B6%231%25%3F@camera.lan/x")
    assert address.password == "p@ss:w/ö#1%?"
    assert address.url == "rtsp://admin:p%40ss%3Aw%2F%C3%B6%231%25%3F@camera.lan/x"


def test_a_plain_at_sign_in_a_password_is_understood() -> None:
    address = parse_address("rtsp://admin:p@ss@camera.lan/x")
    assert (address.password, address.url_without_credentials) == ("p@ss", "rtsp://camera.lan/x")


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://camera.lan/x",
        "rtsps://camera.lan:322/x",
        "rtsp://[fd00::7]:554/x",
        "rtsp://admin@camera.lan/x",
        "rtsp://admin:@camera.lan/x",
    ],
)
def test_addresses_of_cameras_stay_as_they_are(url: str) -> None:
    assert parse_address(url).url == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://camera.lan/x",
        "file:///etc/passwd",
        "/etc/passwd",
        "rtsp:camera.lan",
        "rtsp:///x",
        "rtsp://",
        "rtsp://:554/x",
        "rtsp://admin:secret@/x",
        "rtsp://camera.lan:0/x",
        "rtsp://camera.lan:port/x",
        "rtsp://camera.lan:99999/x",
        "rtsp://[::1/x",
        "rtsp://admin:se/cret@camera.lan/x",
        "rtsp://camera.lan/x#part",
        "rtsp://camera.lan/a b",
        "rtsp://camera.lan/a\r\nSETUP",
        "rtsp://camera.lan/\x00",
        "rtsp://admin:a%0d%0ab@camera.lan/",
        "rtsp://camera.lan/" + "a" * 500,
    ],
)
def test_everything_else_is_refused_with_what_was_expected(url: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_address(url)
    assert refused.value.context["expected"]
    assert "rtsp://" in refused.value.detail
    assert "secret@" not in str(refused.value)
    assert "cret@" not in str(refused.value)


def test_an_address_never_shows_itself() -> None:
    address = parse_address("rtsp://admin:secret@camera.lan/x?password=other")
    assert repr(address) == str(address) == "Address()"
    assert repr(Address("rtsp://camera.lan/x", "admin", "secret")) == "Address()"
