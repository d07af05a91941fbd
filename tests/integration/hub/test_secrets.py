"""No secret in any log, and none in any answer; the fixture looks again at the end."""

import stat

import pytest

from tests.integration.hub.conftest import Village
from tests.villages import wait_until

PASSWORD = "MậtKhẩu-c4mera#7"


def test_nothing_that_is_secret_stands_in_a_log_or_in_an_answer(village: Village) -> None:
    url = f"rtsp://admin:M%E1%BA%ADtKh%E1%BA%A9u-c4mera%237@127.0.0.1:{village.hub.port}/live"
    village.secrets.append(PASSWORD)
    camera = village.post("/cameras", 201, name="Cổng có mật khẩu", url=url)
    assert "admin" not in str(camera)
    # It is no camera that answers: the failure is logged, the address is not.
    answer = village.head.get(camera["snapshot"])
    assert answer.status_code == 504
    assert "admin" not in answer.text
    village.until(
        f"/cameras/{camera['id']}", lambda c: c["availability"] == "offline", "it is away"
    )
    code = village.new_code("resident")
    used = village.hub.sign_in(code)
    village.phones.append(used)
    with village.hub.stranger() as stranger:
        assert stranger.post("/api/v1/session", json={"code": code}).status_code == 410
        assert stranger.get(f"/?code={code}").status_code == 200
    answer = village.head.patch(f"/api/v1/cameras/{camera['id']}", json={"url": f"x{url}"})
    assert answer.status_code == 422
    assert "c4mera" not in answer.text
    assert village.head.delete(f"/api/v1/cameras/{camera['id']}").status_code == 204
    assert village.leaked() == []


def test_the_look_for_secrets_is_not_blind(village: Village) -> None:
    assert len(village.secrets) >= 3
    village.secrets.append("Ctrl-C")  # printed at each start
    assert village.leaked() == ["Ctrl-C"]
    village.secrets.remove("Ctrl-C")


@pytest.mark.parametrize("name", ["hub.sqlite", "broker/credentials.json", "broker/passwords"])
def test_what_holds_secrets_can_be_read_by_the_hub_alone(village: Village, name: str) -> None:
    """Also when the folder of the data was there before, open to everybody."""
    file = village.hub.data / name
    modes = [stat.S_IMODE(part.stat().st_mode) for part in (file, village.hub.data)]
    assert any(mode & 0o077 == 0 for mode in modes), [f"{mode:o}" for mode in modes]


def test_no_process_shows_a_password_in_its_arguments(village: Village) -> None:
    wait_until(village.hub.children, "it has children")
    kept = village.hub.broker_login("hub")["password"], village.hub.broker_login()["password"]
    for child in village.hub.children():
        line = " ".join(child.cmdline())
        assert not [secret for secret in (*kept, PASSWORD, "c4mera") if secret in line]
