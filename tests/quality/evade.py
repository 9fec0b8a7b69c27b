#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""evade: the same messages as people write them who want a filter not to read them.

usage: evade.py KIND [SEED] < CORPUS.tsv > VARIANTS.tsv       (evade.py --kinds lists them)

Only spam is changed, about a third of what the kind can touch, so that a reader still
understands the message. The same seed gives the same variants.
"""
import random
import re
import sys
import unicodedata

CLEAN = {"ham", "ok", "otp", "promo"}
SHARE = 0.35

# Look-alikes that fonts draw nearly the same: Cyrillic, Greek, Armenian, Latin extended.
LOOKS = {"a": "\u0430\u0251", "c": "\u0441\u03f2", "e": "\u0435", "i": "\u0456", "j": "\u0458",
         "o": "\u043e\u03bf\u0585", "p": "\u0440", "s": "\u0455", "x": "\u0445", "y": "\u0443",
         "h": "\u04bb", "n": "\u0578", "u": "\u057d", "v": "\u03bd", "A": "\u0410\u0391",
         "B": "\u0412\u0392", "C": "\u0421", "E": "\u0415\u0395", "H": "\u041d\u0397",
         "K": "\u039a", "M": "\u041c\u039c", "O": "\u041e\u039f", "P": "\u0420\u03a1",
         "T": "\u0422\u03a4", "X": "\u0425\u03a7", "Y": "\u03a5", "Z": "\u0396"}
# Capitals that look it though their small letters do not, or look like others.
CAPITALS = {"N": "\u039d", "H": "\u0397", "Y": "\u03a5", "B": "\u0412", "M": "\u041c",
            "I": "\u0399", "A": "\u0391", "E": "\u0395"}
# A syllable that is read as another one: a horizontal stroke joined, or not.
ALIKE = {"\ub300": "\uba38", "\uadc0": "\ucee4", "\ucee4": "\uadc0", "\ube44": "\ub124",
         "\uba85": "\ub775", "\uba4d": "\ub315", "\uba74": "\ub764", "\uc720": "\uc73e"}
# What digits are called, zero first; a number is written with these between its digits.
SPOKEN, SIGNED = "\uacf5\uc77c\uc774\uc0bc\uc0ac\uc624\uc721\uce60\ud314\uad6c", "*._~=/"
IDEOGRAPHS = "\u3007\u4e00\u4e8c\u4e09\u56db\u4e94\u516d\u4e03\u516b\u4e5d"
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
LEET = {"o": "0", "i": "1", "l": "1", "e": "3", "a": "4", "s": "5", "t": "7", "b": "8"}
SIGNS = {"a": "@", "s": "$", "i": "!|", "l": "|", "e": "\u20ac", "o": "0", "t": "+"}
# Grave to caron, ring and dots above; cedilla, ogonek and a dot below.
ACCENTS = "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030c\u0323\u0327\u0328"
DOTS = "\u318d\u119e\u00b7\u2022\u2027\u22c5\u2219\u30fb\uff65"
EMOJI = "\u2605\u2665\u260e\U0001f4b0\U0001f525\U0001f381\u2705"
# Vowels that a Latin letter or a mark can stand for.
LATIN_VOWELS = {"\u3150": "H", "\u3163": "l", "\u315c": "T", "\u3161": "-"}
LEADS = "\u3131\u3132\u3134\u3137\u3138\u3139\u3141\u3142\u3143\u3145\u3146\u3147\u3148\u3149" \
        "\u314a\u314b\u314c\u314d\u314e"
VOWELS = "".join(chr(c) for c in range(0x314F, 0x3164))
TAILS = ["", "\u3131", "\u3132", "\u3133", "\u3134", "\u3135", "\u3136", "\u3137", "\u3139",
         "\u313a", "\u313b", "\u313c", "\u313d", "\u313e", "\u313f", "\u3140", "\u3141",
         "\u3142", "\u3144", "\u3145", "\u3146", "\u3147", "\u3148", "\u314a", "\u314b",
         "\u314c", "\u314d", "\u314e"]


def some(rng):
    return rng.random() < SHARE


def each(change):
    """A kind that changes some characters, each for itself."""
    return lambda text, rng: "".join(change(c, rng) if some(rng) else c for c in text)


def after(marks):
    """A kind that puts something behind letters."""
    return each(lambda c, rng: c + rng.choice(marks) if c.isalpha() else c)


def is_syllable(c):
    return "\uac00" <= c <= "\ud7a3"


def parts(c):
    n = ord(c) - 0xAC00
    return LEADS[n // 588], VOWELS[n // 28 % 21], TAILS[n % 28]


def jamo(c, rng):
    return "".join(parts(c)) if is_syllable(c) else c


def jamo_latin(c, rng):
    if not is_syllable(c):
        return c
    lead, vowel, tail = parts(c)
    return lead + LATIN_VOWELS[vowel] + tail if vowel in LATIN_VOWELS else c


def conjoining(c, rng):
    return unicodedata.normalize("NFD", c) if is_syllable(c) else c


def full_width(c, rng):
    return chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c


def enclosed(c, rng):
    if "a" <= c <= "z":
        return chr(rng.choice((0x24D0, 0x249C)) + ord(c) - ord("a"))
    if "A" <= c <= "Z":
        return chr(rng.choice((0x24B6, 0x1F130)) + ord(c) - ord("A"))
    return chr(0x2460 + ord(c) - ord("1")) if "1" <= c <= "9" else c


def mathematical(c, rng):
    first = rng.choice((0x1D400, 0x1D5D4, 0x1D670))
    if "A" <= c <= "Z":
        return chr(first + ord(c) - ord("A"))
    return chr(first + 26 + ord(c) - ord("a")) if "a" <= c <= "z" else c


def strewn(mark):
    """Marks between the letters of some words, three letters or more: f.r.e.e"""
    def change(text, rng):
        def word(m):
            return rng.choice(mark).join(m[0]) if some(rng) else m[0]
        return re.sub(r"[^\W\d_]{3,}", word, text)
    return change


def accented(c, rng):
    """A letter with a mark that it composes with."""
    with_mark = unicodedata.normalize("NFC", c + rng.choice(ACCENTS)) if c.isalpha() else c
    return with_mark if len(with_mark) == 1 else c


def in_words(change):
    """Some words, all of their letters."""
    return lambda text, rng: re.sub(
        r"[A-Za-z]{4,}", lambda m: "".join(change(c) for c in m[0]) if some(rng) else m[0], text)


def bracketed(text, rng):
    def word(m):
        before, behind = rng.choice(("()", "[]", "<>"))
        return "".join(before + c + behind for c in m[0]) if some(rng) else m[0]
    return re.sub(r"[^\W\d_]{3,}", word, text)


def spaced_digits(text, rng):
    def word(m):
        return "".join(c + f" {rng.randrange(1, 10)} " for c in m[0][:-1]) + m[0][-1] \
            if some(rng) else m[0]
    return re.sub(r"[\uac00-\ud7a3]{3,}", word, text)


def url(text, rng):
    text = re.sub(r"(?i)http(s?)://", lambda m: f"hxxp{m[1]}://", text)
    dot = rng.choice(("[.]", "(.)", " dot ", " . "))
    return re.sub(r"(?i)(?<=[a-z0-9])\.(?=[a-z]{2,})", lambda m: dot, text)


def repeated(text, rng):
    def word(m):
        at = rng.randrange(len(m[0]))
        return m[0][:at] + m[0][at] * 2 + m[0][at:] if rng.random() < 0.15 else m[0]
    return re.sub(r"[A-Za-z]{5,}", word, text)


def pieces(text, rng):
    """Some words cut every two or three letters: ca-si-no."""
    def word(m):
        n, sign = rng.choice((2, 3)), rng.choice("-_'~")
        return sign.join(re.findall(f".{{1,{n}}}", m[0])) if some(rng) else m[0]
    return re.sub(r"[A-Za-z]{5,12}", word, text)


def between_syllables(marks):
    """Something between two syllables of some words of Korean."""
    def change(text, rng):
        return re.sub(r"(?<=[\uac00-\ud7a3])(?=[\uac00-\ud7a3])",
                      lambda m: rng.choice(marks) if some(rng) else "", text)
    return change


def cut_words(text, rng):
    """Some words cut once: cas-ino."""
    def word(m):
        at = rng.randrange(2, len(m[0]) - 1)
        return m[0][:at] + rng.choice("-._") + m[0][at:] if some(rng) else m[0]
    return re.sub(r"[A-Za-z]{5,}", word, text)


def capitals(looks):
    """Some words in capitals, with letters that look like these."""
    def word(m, rng):
        return "".join(looks.get(c, c) for c in m[0].upper()) if some(rng) else m[0]
    return lambda text, rng: re.sub(r"[A-Za-z]{4,}", lambda m: word(m, rng), text)


def numbers(text, rng):
    """A number with other signs in it, or with its digits in words or as look-alikes."""
    def spelled(number, digits, between=""):
        return between.join(digits[int(c)] for c in number if c.isdigit())

    def word(m):
        number, how = m[0], rng.randrange(5)
        if how == 0:
            return re.sub("[ -]", lambda _: rng.choice(SIGNED), number)
        if how == 1:
            return rng.choice(SIGNED + " ").join(c for c in number if c.isdigit())
        if how == 2:
            return number.translate({ord("0"): "O", ord("1"): "l"})
        if how == 3:
            return spelled(number, SPOKEN if re.search("[\uac00-\ud7a3]", text) else IDEOGRAPHS)
        return spelled(number, WORDS, " ")
    return re.sub(r"(?<![\w.-])0\d[\d -]{6,10}\d(?![\w.-])", word, text)


def beside(text, rng):
    """A syllable, which makes no Korean notice of a text in another language."""
    return text + rng.choice([" \uc548", " \uac00\ub098", " [\uc6f9]"]) if text.strip() else text


def braille(c):
    at = "abcdefghijklmnopqrstuvxyz".find(c.lower())
    if at < 0:
        return "\u283a" if c in "wW" else c
    first = (0x01, 0x03, 0x09, 0x19, 0x11, 0x0B, 0x1B, 0x13, 0x0A, 0x1A)
    return chr(0x2800 + first[at % 10] + (0, 0x04, 0x24)[at // 10])


KINDS = {
    "zero_width": after("\u200b\u200c\u200d\ufeff"),
    "invisible": after("\u00ad\u2060\u2061\u180e"),
    "bidi": after("\u200e\u200f\u202a\u202c\u2066\u2069"),
    "variation": after("\ufe00\ufe0e\ufe0f"),
    "combining": after("\u0332\u0336\u0337\u034f"),
    "confusable": each(lambda c, rng: rng.choice(LOOKS.get(c, c))),
    "full_width": each(full_width),
    "enclosed": each(enclosed),
    "mathematical": each(mathematical),
    "case": each(lambda c, rng: c.swapcase() if c.isascii() else c),
    "leet": each(lambda c, rng: LEET.get(c.lower(), c) if rng.random() < 0.3 else c),
    "jamo": each(jamo),
    "conjoining": each(conjoining),
    "jamo_latin": each(jamo_latin),
    "spaces": strewn(" "),
    "symbols": strewn(".*-_~"),
    "digits": strewn("123"),
    "dots": strewn(DOTS),
    "emoji": strewn(EMOJI),
    "lines": strewn(["\\n"]),
    "brackets": bracketed,
    "spaced_digits": spaced_digits,
    "accents": each(accented),
    "leet_words": in_words(lambda c: LEET.get(c.lower(), c)),
    "signs": each(lambda c, rng: rng.choice(SIGNS.get(c.lower(), c))),
    "url": url,
    "repeated": repeated,
    "script_marks": after("\u05b0\u064b\u0e31\u094d\u3099"),
    "unseen_ends": strewn(["\\r", "\x0b", "\x85", "\u2028"]),
    "pieces": pieces,
    "stray_jamo": between_syllables("\u314b\u314e\u3147\u3161"),
    "cut_words": cut_words,
    "capitals": capitals(CAPITALS),
    "small_l": capitals({"I": "l"}),
    "numbers": numbers,
    "stray_letter": between_syllables("xoXz"),
    "alike": each(lambda c, rng: ALIKE.get(c, c)),
    "braille": in_words(braille),
    "beside": beside,
    "long_signs": between_syllables(["......", "\u2605" * 6, "~~~~~"]),
}


def main():
    if sys.argv[1:] == ["--kinds"]:
        print("\n".join(KINDS))
        return
    if len(sys.argv) not in (2, 3) or sys.argv[1] not in KINDS:
        sys.exit(__doc__)
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) == 3 else 1)
    for line in sys.stdin:
        label, _, text = line.rstrip("\n").partition("\t")
        if label not in CLEAN:
            # Escapes stay what they are: \n is two characters that belong together.
            pieces = re.split(r"(\\.)", text)
            pieces[::2] = [KINDS[sys.argv[1]](p, rng) for p in pieces[::2]]
            text = "".join(pieces)
        print(f"{label}\t{text}")


if __name__ == "__main__":
    main()
