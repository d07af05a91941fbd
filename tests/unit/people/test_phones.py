import pytest

from people.phones import phone_words


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (
            (
                "Mozilla/5.0 (Linux; Android 14; SM-A155F) AppleWebKit/537.36 (KHTML, like Gecko) "
                "Chrome/131.0.0.0 Mobile Safari/537.36"
            ),
            "Android, Chrome",
        ),
        (
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
                "(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
            ),
            "iPhone, Safari",
        ),
        (
            (
                "Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 Version/4.0 Chrome/120 "
                "Mobile Safari/537.36 Zalo android/24"
            ),
            "Android, Zalo",
        ),
        (
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131 "
                "Safari/537.36 Edg/131.0"
            ),
            "Windows, Edge",
        ),
        ("curl/8.5", ""),
        ("", ""),
    ],
)
def test_a_phone_is_told_in_words_that_a_person_knows(user_agent: str, words: str) -> None:
    assert phone_words(user_agent) == words
