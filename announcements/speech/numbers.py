"""Vietnamese numbers in words, as they are said in the north: mươi, mốt, tư, lăm, linh, nghìn."""

from typing import Final

DIGITS: Final = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_BILLION: Final = 1_000_000_000
_LONGEST_NUMBER: Final = 18
_TENS_WORD: Final = {1: "mười"}
_UNIT_AFTER_TENS: Final = {1: "mốt", 4: "tư", 5: "lăm"}


def digits_in_words(digits: str) -> str:
    """Say a string of digits one by one: "0912" is "không chín một hai"."""
    return " ".join(DIGITS[int(digit)] for digit in digits if digit.isdecimal())


def integer_in_words(number: int | str) -> str:
    """Say a whole number of zero or more; one of more than 18 digits is said digit by digit."""
    digits = str(number)
    if len(digits) > _LONGEST_NUMBER:
        return digits_in_words(digits)
    return _number(int(digits), padded=False)


def decimal_in_words(whole: str, fraction: str) -> str:
    """Say `whole,fraction`: "3","5" is "ba phẩy năm", "0","05" is "không phẩy không năm"."""
    two_digits = len(fraction) <= 2 and not fraction.startswith("0")  # noqa: PLR2004  as "25"
    after = integer_in_words(fraction) if two_digits else digits_in_words(fraction)
    return f"{integer_in_words(whole)} phẩy {after}"


def month_in_words(month: int) -> str:
    """Say the number of a month: the fourth is "tư"."""
    return "tư" if month == 4 else integer_in_words(month)  # noqa: PLR2004  April alone differs


def ordinal_in_words(number: int) -> str:
    """Say a number after "thứ": first is "nhất", fourth is "tư"."""
    return {1: "nhất", 4: "tư"}.get(number) or integer_in_words(number)


def _number(number: int, *, padded: bool) -> str:
    if number < _BILLION:
        return _below_billion(number, padded=padded)
    above, rest = divmod(number, _BILLION)
    words = f"{_number(above, padded=padded)} tỷ"
    return f"{words} {_below_billion(rest, padded=True)}" if rest else words


def _below_billion(number: int, *, padded: bool) -> str:
    millions, thousands, ones = number // 1_000_000, number // 1000 % 1000, number % 1000
    words: list[str] = []
    for group, name in ((millions, " triệu"), (thousands, " nghìn"), (ones, "")):
        if group:
            words.append(_below_thousand(group, padded=padded or bool(words)) + name)
    return " ".join(words) or DIGITS[0]


def _below_thousand(number: int, *, padded: bool) -> str:
    hundreds, rest = divmod(number, 100)
    if not hundreds and not padded:
        return _below_hundred(rest)
    words = f"{DIGITS[hundreds]} trăm"
    if not rest:
        return words
    linking = " linh " if rest < 10 else " "  # noqa: PLR2004  no tens
    last = "tư" if rest == 4 else _below_hundred(rest)  # noqa: PLR2004  "linh tư"
    return words + linking + last


def _below_hundred(number: int) -> str:
    tens, unit = divmod(number, 10)
    if not tens:
        return DIGITS[unit]
    words = _TENS_WORD.get(tens) or f"{DIGITS[tens]} mươi"
    if not unit:
        return words
    if tens == 1:
        return f"{words} {'lăm' if unit == 5 else DIGITS[unit]}"  # noqa: PLR2004  "mười lăm"
    return f"{words} {_UNIT_AFTER_TENS.get(unit) or DIGITS[unit]}"
