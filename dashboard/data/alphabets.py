"""Letters of languages: what a text in an encoding is likely to hold."""

LATIN = {
    "German": "äöüßÄÖÜ",
    "French": "àâçéèêëîïôùûüÿœæÀÂÇÉÈÊËÎÏÔÙÛÜŸŒÆ",
    "Spanish": "áéíñóúü¿¡ÁÉÍÑÓÚÜªº",
    "Portuguese": "ãáâàçéêíóôõúÃÁÂÀÇÉÊÍÓÔÕÚªº",
    "Italian": "àèéìîòùÀÈÉÌÎÒÙ",
    "Nordic": "åäöæøéÅÄÖÆØÉ",
    "Icelandic": "áéíóúýþæöðÁÉÍÓÚÝÞÆÖÐ",
    "Polish": "ąćęłńóśźżĄĆĘŁŃÓŚŹŻ",
    "Czech and Slovak": "áäčďéěíĺľňóôŕřšťúůýžÁÄČĎÉĚÍĹĽŇÓÔŔŘŠŤÚŮÝŽ",
    "Hungarian": "áéíóöőúüűÁÉÍÓÖŐÚÜŰ",
    "Romanian": "ăâîșțşţĂÂÎȘȚŞŢ",
    "Croatian": "čćđšžČĆĐŠŽ",
    "Turkish": "çğıiöşüâîûÇĞİÖŞÜ",
    "Baltic": "āčēģīķļņšūžąęėįųõäöüĀČĒĢĪĶĻŅŠŪŽĄĘĖĮŲÕÄÖÜ",
    "Vietnamese": "ăâđêôơưàảãáạĂÂĐÊÔƠƯÀẢÃÁẠ",
}
SYMBOLS = frozenset("°€£§µ±²³½¼¾×÷–—‘’“”„«»…•·©®™º\u00a0")
CYRILLIC = frozenset(map(chr, range(0x410, 0x450))) | frozenset("ёЁіїєґІЇЄҐўЎ")
CYRILLIC_VOWELS = frozenset("аеёиоуыэюяіїє")
GREEK_ACCENTS = frozenset("άέήίόύώΐΰ")
GREEK = frozenset(map(chr, range(0x384, 0x3CF)))
HEBREW = frozenset(map(chr, range(0x5D0, 0x5EB)))
ARABIC = frozenset(map(chr, range(0x621, 0x653))) | frozenset("پچژگ،؛؟")
THAI = frozenset(map(chr, range(0xE01, 0xE5B)))
