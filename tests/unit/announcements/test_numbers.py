import pytest

from announcements.speech.numbers import decimal_in_words, digits_in_words, integer_in_words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "không"),
        (1, "một"),
        (4, "bốn"),
        (5, "năm"),
        (10, "mười"),
        (11, "mười một"),
        (14, "mười bốn"),
        (15, "mười lăm"),
        (20, "hai mươi"),
        (21, "hai mươi mốt"),
        (24, "hai mươi tư"),
        (25, "hai mươi lăm"),
        (55, "năm mươi lăm"),
        (91, "chín mươi mốt"),
        (100, "một trăm"),
        (101, "một trăm linh một"),
        (104, "một trăm linh tư"),
        (105, "một trăm linh năm"),
        (110, "một trăm mười"),
        (115, "một trăm mười lăm"),
        (121, "một trăm hai mươi mốt"),
        (999, "chín trăm chín mươi chín"),
        (1000, "một nghìn"),
        (1005, "một nghìn không trăm linh năm"),
        (1050, "một nghìn không trăm năm mươi"),
        (1500, "một nghìn năm trăm"),
        (2026, "hai nghìn không trăm hai mươi sáu"),
        (10_000, "mười nghìn"),
        (21_000, "hai mươi mốt nghìn"),
        (1_000_000, "một triệu"),
        (1_000_005, "một triệu không trăm linh năm"),
        (1_005_000, "một triệu không trăm linh năm nghìn"),
        (80_000_000, "tám mươi triệu"),
        (1_000_000_000, "một tỷ"),
        (1_000_000_001, "một tỷ không trăm linh một"),
        (1_200_000_000, "một tỷ hai trăm triệu"),
        (10**12, "một nghìn tỷ"),
        (10**18 - 1, None),
    ],
)
def test_a_whole_number_is_read_as_in_the_north(number: int, words: str | None) -> None:
    said = integer_in_words(number)
    assert words is None or said == words
    assert not any(char.isdecimal() for char in said)


def test_a_number_of_more_than_eighteen_digits_is_read_digit_by_digit() -> None:
    assert integer_in_words("1" * 19) == " ".join(["một"] * 19)


def test_digits_keep_their_zeros() -> None:
    assert digits_in_words("0905") == "không chín không năm"


@pytest.mark.parametrize(
    ("whole", "fraction", "words"),
    [
        ("3", "5", "ba phẩy năm"),
        ("3", "25", "ba phẩy hai mươi lăm"),
        ("0", "05", "không phẩy không năm"),
        ("1", "125", "một phẩy một hai năm"),
    ],
)
def test_a_decimal_is_read_after_its_comma(whole: str, fraction: str, words: str) -> None:
    assert decimal_in_words(whole, fraction) == words


def test_every_number_of_four_digits_is_read_in_its_own_way() -> None:
    assert len({integer_in_words(number) for number in range(10_000)}) == 10_000
