import random
import re
import sys

import pytest

from announcements.speech.normalise import normalise

HAI_KHONG_HAI_SAU = "hai nghìn không trăm hai mươi sáu"

# What village notices hold: each was read wrongly by at least one library that was tried.
NOTICES = [
    ("UBND xã", "uỷ ban nhân dân xã"),
    ("HĐND", "hội đồng nhân dân"),
    ("MTTQ", "mặt trận tổ quốc"),
    ("họp tại NVH", "họp tại nhà văn hoá"),
    ("xây dựng NTM", "xây dựng nông thôn mới"),
    ("HTX Đông Sơn", "hợp tác xã Đông Sơn"),
    ("CA xã", "công an xã"),
    ("thẻ BHYT", "thẻ bảo hiểm y tế"),
    ("đội PCCC", "đội phòng cháy chữa cháy"),
    ("VSMT", "vệ sinh môi trường"),
    ("KHKT", "khoa học kỹ thuật"),
    ("trường THCS", "trường trung học cơ sở"),
    ("đ/c Nam", "đồng chí Nam"),
    ("5 đ/c", "năm đồng chí"),
    ("SĐT", "số điện thoại"),
    ("TP. Hà Nội", "thành phố Hà Nội"),
    ("TL 419", "tỉnh lộ bốn trăm mười chín"),
    ("QL32", "quốc lộ ba mươi hai"),
    ("Km 12+500", "ki lô mét mười hai cộng năm trăm"),
    ("phòng 12A", "phòng mười hai a"),
    ("19h30", "mười chín giờ ba mươi phút"),
    ("7h - 11h30", "bảy giờ đến mười một giờ ba mươi phút"),
    ("08:00", "tám giờ"),
    ("Chủ nhật 20/10", "Chủ nhật ngày hai mươi tháng mười"),
    ("ngày 15/8", "ngày mười lăm tháng tám"),
    ("02/09/2026", f"ngày hai tháng chín năm {HAI_KHONG_HAI_SAU}"),
    ("80.000.000đ", "tám mươi triệu đồng"),
    ("0912.345.678", "không chín một hai, ba bốn năm, sáu bảy tám"),
    ("3,5ha", "ba phẩy năm héc ta"),
    ("38°C", "ba mươi tám độ xê"),
    ("cấp 8-9", "cấp tám đến chín"),
    ("100-150mm", "một trăm đến một trăm năm mươi mi li mét"),
    ("camera", "ca mê ra"),
    ("wifi", "oai phai"),
    ("internet", "in tơ nét"),
]
PHONES = [
    ("0912 345 678", "không chín một hai, ba bốn năm, sáu bảy tám"),
    ("0912345678", "không chín một hai, ba bốn năm, sáu bảy tám"),
    ("0912-345-678", "không chín một hai, ba bốn năm, sáu bảy tám"),
    ("+84 912 345 678", "không chín một hai, ba bốn năm, sáu bảy tám"),
    ("024.3825.1234", "không hai bốn ba tám, hai năm một, hai ba bốn"),
    ("(024) 3825 1234", "không hai bốn ba tám, hai năm một, hai ba bốn"),
    ("gọi 114", "gọi một một bốn"),
    ("gọi 114 hoặc 115", "gọi một một bốn hoặc một một năm"),
    ("tổng đài 18001091", "tổng đài một tám không không một không chín một"),
]
MONEY = [
    ("50.000 đ/hộ", "năm mươi nghìn đồng một hộ"),
    ("15.000đ/kg", "mười lăm nghìn đồng một ki lô gam"),
    ("20.000đ/người/tháng", "hai mươi nghìn đồng một người một tháng"),
    ("500.000 VNĐ", "năm trăm nghìn đồng"),
    ("500,000đ", "năm trăm nghìn đồng"),
    ("20k", "hai mươi nghìn đồng"),
    ("3tr", "ba triệu đồng"),
    ("2tr5", "hai triệu rưỡi"),
    ("2tr3", "hai triệu ba trăm nghìn đồng"),
    ("1,5 triệu đồng", "một phẩy năm triệu đồng"),
    ("500 nghìn đồng", "năm trăm nghìn đồng"),
    ("100.000-150.000đ", "một trăm nghìn đến một trăm năm mươi nghìn đồng"),
    ("5-7 triệu đồng", "năm đến bảy triệu đồng"),
    ("$50", "năm mươi đô la"),
    ("100 USD", "một trăm đô la"),
]
DATES = [
    ("thứ 7, 15/8", "thứ bảy, ngày mười lăm tháng tám"),
    ("nghỉ lễ 2/9", "nghỉ lễ ngày hai tháng chín"),
    ("mừng 20/10", "mừng ngày hai mươi tháng mười"),
    ("30/4", "ngày ba mươi tháng tư"),
    ("mùng 3/1", "mùng ba tháng một"),
    ("02-09-2026", f"ngày hai tháng chín năm {HAI_KHONG_HAI_SAU}"),
    ("2.9.2026", f"ngày hai tháng chín năm {HAI_KHONG_HAI_SAU}"),
    ("2026-09-02", f"ngày hai tháng chín năm {HAI_KHONG_HAI_SAU}"),
    ("8-9/10", "ngày tám đến chín tháng mười"),
    ("15/8 - 20/8", "ngày mười lăm tháng tám đến ngày hai mươi tháng tám"),
    ("từ 15/8 đến 20/8", "từ ngày mười lăm tháng tám đến ngày hai mươi tháng tám"),
    ("tháng 8/2026", f"tháng tám năm {HAI_KHONG_HAI_SAU}"),
    ("tháng 4", "tháng tư"),
    ("thứ 2", "thứ hai"),
    ("thứ 4", "thứ tư"),
    ("T7 và CN", "thứ bảy và chủ nhật"),
    ("quý 4", "quý tư"),
    ("quý III", "quý ba"),
    ("lần thứ XIII", "lần thứ mười ba"),
    ("lần thứ 1", "lần thứ nhất"),
    ("khoá IV", "khoá bốn"),
    ("năm 2026", f"năm {HAI_KHONG_HAI_SAU}"),
]
FRACTIONS = [
    ("1/2 số hộ", "một phần hai số hộ"),
    ("2/3 dân số", "hai phần ba dân số"),
    ("24/24", "hai mươi tư trên hai mươi tư"),
    ("24/7", "hai mươi tư trên bảy"),
    ("35/50 hộ", "ba mươi lăm trên năm mươi hộ"),
    ("số nhà 12/5", "số nhà mười hai trên năm"),
    ("huyết áp 120/80", "huyết áp một trăm hai mươi trên tám mươi"),
    ("32/13", "ba mươi hai trên mười ba"),
]
TIMES = [
    ("7h", "bảy giờ"),
    ("7g30", "bảy giờ ba mươi phút"),
    ("7h05", "bảy giờ năm phút"),
    ("7h00", "bảy giờ"),
    ("0h", "không giờ"),
    ("72h", "bảy mươi hai giờ"),
    ("19:30", "mười chín giờ ba mươi phút"),
    ("9:00-10:30", "chín giờ đến mười giờ ba mươi phút"),
    ("7-11h30", "bảy đến mười một giờ ba mươi phút"),
    ("7 giờ 30", "bảy giờ ba mươi"),
    ("7 giờ 30' - 9 giờ", "bảy giờ ba mươi phút đến chín giờ"),
    ("20h 30/4", "hai mươi giờ ngày ba mươi tháng tư"),
    ("7h30-9h ngày 1/5", "bảy giờ ba mươi phút đến chín giờ ngày một tháng năm"),
]
AMOUNTS = [
    ("30%", "ba mươi phần trăm"),
    ("0,05%", "không phẩy không năm phần trăm"),
    ("60km/h", "sáu mươi ki lô mét trên giờ"),
    ("100m2", "một trăm mét vuông"),
    ("50 m³", "năm mươi mét khối"),
    ("220V", "hai trăm hai mươi vôn"),
    ("12kWh", "mười hai ki lô oát giờ"),
    ("1m65", "một mét sáu mươi lăm"),
    ("25kg/sào", "hai mươi lăm ki lô gam một sào"),
    ("-5°C", "âm năm độ xê"),
    ("25-28°C", "hai mươi lăm đến hai mươi tám độ xê"),
    ("1.000", "một nghìn"),
    ("1.234.567", "một triệu hai trăm ba mươi tư nghìn năm trăm sáu mươi bảy"),
    ("1.234,5", "một nghìn hai trăm ba mươi tư phẩy năm"),
    ("2.5", "hai phẩy năm"),
    ("từ 10 – 15 người", "từ mười đến mười lăm người"),
    ("3 x 4", "ba nhân bốn"),
    ("mã 12345678", "mã một hai ba bốn năm sáu bảy tám"),
    ("số 007", "số không không bảy"),
]
WORDS = [
    ("H5N1", "hát năm nờ một"),
    ("COVID-19", "cô vít mười chín"),
    ("5G", "năm giê"),
    ("giấy A4", "giấy a bốn"),
    ("BTC v.v.", "ban tổ chức vân vân"),
    ("số 05/HD-UBND", "số không năm, hướng dẫn uỷ ban nhân dân"),
    ("ca trực", "ca trực"),
    ("đèn LED", "đèn lét"),
    ("BCDG", "bê xê dê giê"),
    ("THÔNG BÁO HỌP", "thông báo họp"),
    ("Zalo", "da lô"),
    ("bút & vở", "bút và vở"),
    ("xem https://thon.vn/a?b=1", "xem địa chỉ trên mạng"),
    ("gửi a.b@thon.vn", "gửi địa chỉ thư điện tử"),
]


@pytest.mark.parametrize(
    ("written", "spoken"),
    [*NOTICES, *PHONES, *MONEY, *DATES, *FRACTIONS, *TIMES, *AMOUNTS, *WORDS],
)
def test_it_is_read_as_a_villager_reads_it(written: str, spoken: str) -> None:
    assert normalise(written).removesuffix(".") == spoken


def test_the_notices_are_all_thirty_five() -> None:
    assert len(NOTICES) == 35


def test_a_whole_notice_is_read() -> None:
    notice = (
        "UBND xã Đông Sơn thông báo:\nĐúng 19h30 thứ 7, 15/8 mời bà con họp tại NVH thôn.\n"
        "- Mang theo: CCCD (bản gốc)\n- Mức đóng: 50.000đ/hộ\nLH: 0912.345.678"
    )
    assert normalise(notice) == (
        "uỷ ban nhân dân xã Đông Sơn thông báo: Đúng mười chín giờ ba mươi phút thứ bảy, "
        "ngày mười lăm tháng tám mời bà con họp tại nhà văn hoá thôn. "
        "Mang theo: căn cước công dân, bản gốc. Mức đóng: năm mươi nghìn đồng một hộ. "
        "lờ hát: không chín một hai, ba bốn năm, sáu bảy tám."
    )


def test_a_village_adds_its_own_abbreviations() -> None:
    assert normalise("họp ở NĐ", {"NĐ": "nhà đình"}) == "họp ở nhà đình."


def test_decomposed_letters_are_composed() -> None:
    assert normalise("ho\N{COMBINING DOT BELOW}p thôn") == "họp thôn."


@pytest.mark.parametrize("hidden", ["\x00", "\x01", "\u200b", "\u202e", "\ufeff", "\x1b[m", "\x7f"])
def test_characters_that_cannot_be_seen_are_removed(hidden: str) -> None:
    spoken = normalise(f"họp{hidden} thôn")
    assert hidden not in spoken
    assert all(char.isprintable() for char in spoken)


@pytest.mark.parametrize(
    "markup", ["<speak>họp</speak>", "[[a'b]]", '<audio src="x"/>', "<!-- x -->", "{họp}", "||"]
)
def test_no_markup_reaches_the_voice(markup: str) -> None:
    assert not set("[]<>{}|\\") & set(normalise(f"Mời {markup} bà con"))


def test_pictures_are_not_spoken() -> None:
    assert normalise("Chúc mừng năm mới 🎉🎆❤️") == "Chúc mừng năm mới."


@pytest.mark.parametrize("empty", ["", "   ", "\n\n", "!!!", "🎉", "\u200b"])
def test_nothing_to_say_stays_nothing_to_say(empty: str) -> None:
    assert not any(char.isalnum() for char in normalise(empty))


def test_spoken_text_stays_what_it_is() -> None:
    for written, _ in [*NOTICES, *PHONES, *MONEY, *DATES, *FRACTIONS, *TIMES, *AMOUNTS, *WORDS]:
        spoken = normalise(written)
        assert normalise(spoken) == spoken


@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_typed_no_digit_or_sign_is_left(seed: int) -> None:
    chance = random.Random(seed)
    signs = "0123456789" * 3 + "    .,-–/:hgđkm°%+()'xtrTBH[]<>²³"
    for _ in range(100):
        signed = "".join(chance.choices(signs, k=chance.randrange(40)))
        wild = "".join(chr(chance.randrange(sys.maxunicode)) for _ in range(10))
        spoken = normalise(signed + wild)
        assert not re.search(r"[0-9\[\]<>{}|\\°%+=$/]", spoken)
        assert all(char.isprintable() for char in spoken)


@pytest.mark.parametrize("unit", ["1", "1.", "1/", "1-", "a1", "A", "đ", "1h", "(", "<a", "1.000"])
def test_a_hundred_thousand_characters_take_no_longer_than_they_must(unit: str) -> None:
    text = (unit * 100_000)[:100_000]
    assert isinstance(normalise(text), str)
