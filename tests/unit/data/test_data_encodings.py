"""Encodings that are no Unicode, guessed from few words, as the cells of a table are."""

import codecs

import pytest
from data_files import look, write

from dashboard.data.detection import detect
from dashboard.data.encoding_guess import guess_encoding
from dashboard.data.text_encodings import ENCODINGS, encoding_of
from dashboard.errors import Invalid

WORDS = {
    "gbk": "大小 标签 红色 绿色 蓝色",
    "gb18030": "名称 数值 苹果 香蕉 橙子",
    "big5": "大小 標籤 紅色 綠色 藍色",
    "shift_jis": "大きさ ラベル 赤 緑 青",
    "cp932": "サイズ 色 アカ ミドリ アオ",
    "euc_jp": "大きさ ラベル 赤い 緑色 青い",
    "euc_kr": "크기 라벨 빨강 초록 파랑",
    "cp1251": "размер цвет красный зелёный синий",
    "koi8_r": "размер цвет красный зелёный синий",
    "cp866": "размер цвет красный зелёный синий",
    "mac_cyrillic": "размер цвет красный зелёный синий",
    "iso8859_5": "размер цвет красный зелёный синий",
    "cp1250": "velikost barva červená zelená žlutá",
    "iso8859_2": "rozmiar kolor żółty różowy błękitny",
    "cp1253": "μέγεθος χρώμα κόκκινο πράσινο μπλε",
    "cp1254": "büyüklük renk kırmızı yeşil gümüş",
    "cp1255": "גודל צבע אדום ירוק כחול",
    "cp1256": "حجم لون أحمر أخضر أزرق",
    "cp1252": "größe farbe grün weiß blau",
    "latin-1": "taille couleur foncé vert doré",
    "mac_roman": "größe farbe grün weiß blau",
    "cp437": "größe farbe grün weiß blau",
    "cp850": "tamaño color añil limón rojo",
    "cp874": "ขนาด สี แดง เขียว น้ำเงิน",
}


@pytest.mark.parametrize("encoding", WORDS)
def test_a_few_words_are_read_as_they_were_written(tmp_path, encoding):
    first, second, *colours = WORDS[encoding].split()
    text = f"{first},b,{second}\n" + "".join(f"{n},{n % 7},{colours[n % 3]}\n" for n in range(40))
    found = look(tmp_path, text, encoding=encoding)
    assert found.names == [first, "b", second]
    assert sorted(found.columns[2].examples) == sorted(colours)


def test_a_guess_from_two_letters_that_fit_two_languages_is_unsure(tmp_path):
    guess = guess_encoding(write(tmp_path, "a,b\n1,é\n2,ü\n", encoding="cp850"))
    assert not guess.sure
    assert guess_encoding(write(tmp_path, "a,b\n1,größe\n", encoding="cp1252")).value == "cp1252"


def test_letters_far_behind_the_beginning_are_seen(tmp_path):
    text = "1,2\n" * 400_000 + "красный,синий\n"
    assert guess_encoding(write(tmp_path, text, encoding="cp1251")).value == "cp1251"


def test_what_is_chosen_is_tried_on_the_whole_file(tmp_path):
    path = write(tmp_path, "a,b\n1,é\n", encoding="cp1252")
    assert detect(path, {"encoding": "cp850"}).format.encoding == "cp850"
    with pytest.raises(Invalid) as refusal:
        detect(path, {"encoding": "ascii"})
    assert list(refusal.value.errors) == ["encoding"]


def test_every_text_encoding_of_python_can_be_chosen_under_any_of_its_names():
    assert {encoding_of(name) for name in ("windows-1251", "CP1251", "cp1251")} == {"cp1251"}
    assert (encoding_of("UTF8"), encoding_of("sjis"), encoding_of("iso-8859-1")) == ("utf-8", "shift_jis", "latin-1")
    assert [encoding_of(name) for name in ("rot13", "hex", "zlib", "os", "../x", "klingon", "undefined")] == [None] * 7
    assert all("a,1".encode(name).decode(name) == "a,1" for name in ENCODINGS)
    assert len({codecs.lookup(name).name for name in ENCODINGS}) == len(ENCODINGS) > 90
