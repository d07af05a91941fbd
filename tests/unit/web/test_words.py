"""The words of the screen: both languages whole, natural letters, none that the village bans."""

import json
import re
import unicodedata

import pytest

from tests.unit.web.shell import WEB

LOCALES: dict[str, dict[str, str]] = {
    language: json.loads((WEB / "locales" / f"{language}.json").read_text(encoding="utf-8"))
    for language in ("vi", "en")
}
BANNED = (
    "dashboard|token|offline|online|sync|ok|cancel|mqtt|device|devices|error|server|broker"
    "|lỗi|hub|login|id"
)
_CODE = "\n".join(
    path.read_text(encoding="utf-8")
    for folder in ("lib", "components", "screens", ".")
    for path in sorted((WEB / folder).glob("*.js"))
    if not path.name.endswith(".test.js")
)
# Keys that are put together from a part that is known and one that is not.
_COMPOSED: list[str] = [*re.findall(r"`([a-z_]+\.[^`]*?)`", _CODE), "more.${name}"]
_PLACEHOLDER = re.compile(r"\{(\w+)(?:\|[^}]*)?\}")


def test_both_languages_say_the_same_things() -> None:
    assert LOCALES["vi"].keys() == LOCALES["en"].keys()
    for key, sentence in LOCALES["vi"].items():
        asked = set(_PLACEHOLDER.findall(sentence))
        assert asked == set(_PLACEHOLDER.findall(LOCALES["en"][key])), key


@pytest.mark.parametrize("language", ["vi", "en"])
def test_no_word_is_one_that_the_village_does_not_use(language: str) -> None:
    for key, sentence in LOCALES[language].items():
        said = _PLACEHOLDER.sub(" ", sentence)
        assert not re.search(rf"(?i)(?<!\w)(?:{BANNED})(?!\w)", said), key
        assert not re.search(r"\b[45]\d\d\b", said), key


def test_vietnamese_is_composed_and_speaks_softly() -> None:
    for key, sentence in LOCALES["vi"].items():
        assert sentence == unicodedata.normalize("NFC", sentence), key
        assert sentence.strip() == sentence != "", key
        capitals = re.findall(r"\b[^\W\d_a-z]{4,}\b", sentence)
        shouted = [word for word in capitals if word.isupper() and key != "stop.all"]
        assert shouted in ([], ["NGAY"]), key


def test_every_key_that_the_code_names_is_written() -> None:
    named = set(re.findall(r"""\bt\(\s*'([a-z0-9_.]+)'""", _CODE))
    assert named <= LOCALES["vi"].keys()


def test_every_written_key_is_named_by_the_code() -> None:
    named = set(re.findall(r"""'([a-z0-9_]+(?:\.[a-z0-9_]+)*)'""", _CODE))
    patterns = [re.sub(r"\\\$\\\{.*?\\\}", r"\\w+", re.escape(one)) for one in _COMPOSED]
    composed = re.compile("|".join([*patterns, r"\w+\.title"]))
    unused = {key for key in LOCALES["vi"] if key not in named and not composed.fullmatch(key)}
    assert unused == set()


def test_every_code_of_the_hub_has_its_sentence() -> None:
    codes = {
        "not_found", "invalid_input", "conflict", "not_permitted", "not_signed_in",
        "broker_down", "no_answer", "busy", "expired", "worker_failed", "clock_untrusted",
        "unreachable", "other",
    }  # fmt: skip
    assert {f"error.{code}" for code in codes} <= LOCALES["vi"].keys()


def test_no_sentence_for_the_screen_hides_in_the_code() -> None:
    """Vietnamese letters stand in the locales; the templates are spoken, not shown as such."""
    for folder in ("components", "screens"):
        for path in sorted((WEB / folder).glob("*.js")):
            code = re.sub(r"(?m)^\s*(?:/\*)?\*.*$|//.*$|/\*.*?\*/", "", path.read_text("utf-8"))
            letters = re.findall(r"[ăâđêôơưĂÂĐÊÔƠƯ\u1ea0-\u1ef9]+", code)
            assert path.name == "settings.js" or letters == [], path.name
