#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""fold_gen: write fold_tables.c, the data of text_fold(). Runs when we build.

usage: fold_gen.py /usr/share/unicode SKELETONS > fold_tables.c

SKELETONS is what skeleton_gen prints (UTS #39, from ICU). What a code point folds to:
1. its NFKC_Casefold, but a parenthesised letter to the bare one, like a circled one;
2. of that, canonically decomposed, each character that is no mark to what it looks like
   (look()), in the same way for both cases of a letter; but of a compatibility form of
   one other letter (U+03F2, of sigma) what it looks like itself, if that is a letter of ASCII;
3. composed again (NFC).
A capital that looks like another letter than its small one (U+039D: N and v) is what it looks
like itself in words with letters of ASCII, and as above in its own script.
Marks and conjoining or compatibility jamo depend on their neighbours: they have kinds
of their own, which fold_mark.c and fold_jamo.c obey.
"""
import re
import sys

CODE_POINTS = 0x110000
BLOCK = 64
PUT, STRING, MARK, JAMO, MARKED, SIGN, CAPITAL = 1, 2, 3, 4, 5, 6, 7  # enum fold_kind
SYLLABLES = range(0xAC00, 0xD7A4)
ACCENTS = range(0x300, 0x370)
# Marks that are dropped where they do not compose: accents, strokes and rings that are strewn
# over letters. fold_mark.c has them too.
STREWN = {*ACCENTS, *range(0x483, 0x488), *range(0x1AB0, 0x1B00), *range(0x1DC0, 0x1E00),
          *range(0x20D0, 0x2100), *range(0xFE20, 0xFE30)}
# Nothing is seen of them: controls but those that end a line or are a tab, what frames
# interlinear annotations, and what is no character for ever.
UNSEEN = {*range(0x09), *range(0x0E, 0x20), *range(0x7F, 0x85), *range(0x86, 0xA0),
          *range(0xFFF9, 0xFFFC), *range(0xFDD0, 0xFDF0),
          *(c for c in range(CODE_POINTS) if c & 0xFFFE == 0xFFFE)}
# What people write for a letter though it is no confusable in UTS #39: Cyrillic pe and i.
WRITTEN_FOR = {0x43F: 'n', 0x438: 'n'}
# Scripts whose letters cannot stand in for Latin ones unnoticed, or that are read by
# themselves: right-to-left ones are left out by their bidi class.
OWN_SCRIPTS = ('CJK', 'HANGUL', 'HIRAGANA', 'KATAKANA', 'KANGXI', 'IDEOGRAPHIC', 'THAI',
               'LAO', 'BOPOMOFO', 'HALFWIDTH')
ENCLOSED = re.compile(r'(?:NEGATIVE (?:CIRCLED|SQUARED)|REGIONAL INDICATOR SYMBOL|'
                      r'LATIN LETTER SMALL CAPITAL|RAISED SMALL LEFT)'
                      r'(?: LATIN CAPITAL)?(?: LETTER)? ([A-Z])$')


# A dot of braille each, from bit 0: a to j; k to t have the third besides, u to z but for w the
# third and the sixth.
BRAILLE = (0x01, 0x03, 0x09, 0x19, 0x11, 0x0B, 0x1B, 0x13, 0x0A, 0x1A)


def braille_letter(c):
    """The letter of a pattern of six dots, or None."""
    dots = c - 0x2800
    if dots == 0x3A:
        return 'w'
    for letters, more in (('abcdefghij', 0), ('klmnopqrst', 0x04), ('uvxyz', 0x24)):
        if dots & 0x24 == more and dots & ~0x24 in BRAILLE[:len(letters)]:
            return letters[BRAILLE.index(dots & ~0x24)]
    return None


def points(field):
    return [int(x, 16) for x in field.split()]


class Unicode:
    def __init__(self, folder):
        self.compat = set()  # letters with <compat> forms
        self.name, self.category, self.bidi, self.ccc = {}, {}, {}, {}
        self.digit, self.number, self.parts, self.upper, self.bare = {}, {}, {}, {}, {}
        for line in open(folder + '/UnicodeData.txt', encoding='ascii'):
            self.row(line.rstrip('\n').split(';'))
        self.casefold, excluded = {}, set()
        for first, last, what in self.derived(folder):
            for c in range(first, last + 1):
                if what[0] == 'NFKC_CF':
                    self.casefold[c] = points(what[1])
                elif what[0] == 'Full_Composition_Exclusion':
                    excluded.add(c)
        self.pairs = {tuple(p): c for c, p in self.parts.items()
                      if len(p) == 2 and c not in excluded}

    @staticmethod
    def derived(folder):
        for line in open(folder + '/DerivedNormalizationProps.txt', encoding='utf-8'):
            fields = [x.strip() for x in line.split('#')[0].split(';')]
            if len(fields) > 1:
                ends = points(fields[0].replace('..', ' '))
                yield ends[0], ends[-1], fields[1:]

    def row(self, f):
        c = int(f[0], 16)
        if f[1].startswith('<') and f[1] != '<control>':
            return  # the ends of a range: ideographs, syllables, surrogates
        self.name[c], self.category[c], self.bidi[c] = f[1], f[2], f[4]
        if f[3] != '0':
            self.ccc[c] = int(f[3])
        if f[2] == 'Nd':
            self.digit[c] = f[6]
        elif f[8].isdigit() and 'CIRCLED' in f[1]:
            self.number[c] = f[8]
        if f[5].startswith('<compat>') and f[2][0] == 'L':
            self.compat.add(c)
        if f[5] and f[5][0] != '<':
            self.parts[c] = points(f[5])
        elif f[5] and f[1].startswith('PARENTHESIZED'):
            self.bare[c] = points(f[5].split('>')[1])[1:-1]
        if f[12]:
            self.upper[c] = int(f[12], 16)

    def decompose(self, c):
        if c not in self.parts:
            return [c]
        return [x for part in self.parts[c] for x in self.decompose(part)]

    def compose(self, text):
        """NFC of a text without conjoining jamo."""
        text = self.order([x for c in text for x in self.decompose(c)])
        out, starter, last = [], None, -1
        for c in text:
            ccc = self.ccc.get(c, 0)
            pair = starter is not None and self.pairs.get((out[starter], c))
            if pair and (last < ccc or len(out) == starter + 1):
                out[starter] = pair
                continue
            if ccc == 0:
                starter, last = len(out), -1
            else:
                last = ccc
            out.append(c)
        return out

    def order(self, text):
        for i in range(1, len(text)):
            k = i
            ccc = self.ccc.get(text[i], 0)
            while ccc and k > 0 and self.ccc.get(text[k - 1], 0) > ccc:
                text[k], text[k - 1] = text[k - 1], text[k]
                k -= 1
        return text


class Folding:
    def __init__(self, unicode, skeletons):
        self.u, self.skeleton = unicode, {}
        for line in open(skeletons, encoding='ascii'):
            c, to = line.rstrip('\n').split('\t')
            self.skeleton[int(c, 16)] = points(to)
        self.seconds = {b for a, b in unicode.pairs}

    def is_mark(self, c):
        """Ordered, or composes with what is before it."""
        return c in self.u.ccc or c in self.seconds

    def ascii_skeleton(self, c):
        """The one ASCII character that c looks like, accents aside, or None."""
        name = self.u.name.get(c, 'CJK')  # only ranges have no names of their own
        if name.split(' ')[0] in OWN_SCRIPTS or self.u.bidi.get(c) in ('R', 'AL') or \
                self.u.category.get(c) in ('Zl', 'Zp'):
            return None
        to = [x for x in self.skeleton.get(c, []) if x not in ACCENTS]
        # ASCII keeps itself, so what stands for m, " and | there is turned back.
        to = {(0x72, 0x6E): [0x6D], (0x27, 0x27): [0x22]}.get(tuple(to), to)
        if to == [0x6C] and self.u.category[c][0] != 'L':
            to = [0x7C]
        return to[0] if len(to) == 1 and to[0] < 0x80 else None

    def look(self, c):
        """What a character, folded and decomposed, is matched as."""
        category = self.u.category.get(c, 'Cn')
        if c < 0x80 or c in SYLLABLES or self.is_mark(c) or category in ('Mn', 'Mc'):
            return [c]
        if category == 'Me':
            return []
        if c in self.u.digit:
            return [ord(self.u.digit[c])]
        if c in self.u.number:
            return [ord(x) for x in self.u.number[c]]
        if c in WRITTEN_FOR:
            return [ord(WRITTEN_FOR[c])]
        if braille_letter(c):
            return [ord(braille_letter(c))]
        letter = ENCLOSED.match(self.u.name.get(c, ''))
        if letter:
            return [ord(letter[1].lower())]
        to = self.ascii_skeleton(c)
        if to is None and c in self.u.upper:
            to = self.ascii_skeleton(self.u.upper[c])
        return [c] if to is None else [ord(chr(to).lower())]

    def decomposed(self, c):
        if c in self.u.bare:
            first = [x for b in self.u.bare[c] for x in self.u.casefold.get(b, [b])]
        else:
            first = self.u.casefold.get(c, [c])
        to = [y for d in first for x in self.u.decompose(d) for y in self.look(x)]
        own = self.ascii_skeleton(c) if c in self.u.compat else None
        if len(first) == 1 and first[0] >= 0x80 and own is not None and chr(own).isalpha():
            return [ord(chr(own).lower())]
        return to


    def capital(self, c):
        """What a capital looks like, where its small letter looks like another; both ASCII."""
        own, small = self.ascii_skeleton(c), self.decomposed(c)
        if c < 0x80 or own is None or self.u.category[c] != 'Lu' or len(small) != 1 or \
                any(x in ACCENTS for x in self.skeleton[c]) or len(self.u.decompose(c)) != 1:
            return None
        look, (small,) = ord(chr(own).lower()), small
        # UTS #39 has capital I as l.
        if small >= 0x80 or look == small or (own, small) == (ord('l'), ord('i')):
            return None
        return look << 8 | small


def utf8(text):
    return ''.join(map(chr, text)).encode('utf-8')


class Tables:
    def __init__(self, folding):
        self.f, self.pool, self.marks, self.strings = folding, bytearray(), [], {}

    def string(self, octets):
        if octets not in self.strings:
            self.strings[octets] = len(self.pool)
            self.pool += octets
        return len(octets) << 16 | self.strings[octets]

    def mark(self, text):
        assert len(text) <= 2
        row = (text + [0])[:2], [self.f.u.ccc.get(x, 0) for x in (text + [0])[:2]]
        self.marks.append(row)
        return MARK << 28 | len(self.marks) - 1

    def jamo(self, c):
        for kind, first, n in ((0, 0x1100, 19), (1, 0x1161, 21), (2, 0x11A7, 28)):
            if first <= c < first + n and c != 0x11A7:
                return JAMO << 28 | kind << 8 | c - first
        return None

    def entry(self, c):
        if c in UNSEEN:
            return PUT << 28  # FOLD_DROPPED
        if c < 0x80:
            return PUT << 28 | 1 << 24 | ord(chr(c).lower())
        if c in SYLLABLES:
            return 0
        if self.f.capital(c) is not None:
            return CAPITAL << 28 | self.f.capital(c)
        text = self.f.decomposed(c)
        if len(text) == 1 and self.jamo(text[0]):
            return self.jamo(text[0])
        assert c in range(0x3200, 0x3400) or not any(self.jamo(x) for x in text), hex(c)
        if text and all(self.f.is_mark(x) for x in text):
            return self.mark(text)
        composed = self.f.u.compose(text)
        if any(x in STREWN for x in composed):
            return MARKED << 28 | self.string(utf8(composed))
        octets = utf8(hangul(composed))
        if octets == utf8([c]):
            return SIGN << 28 if self.f.u.category.get(c) in ('Mn', 'Mc') else 0
        if len(octets) <= 3:
            return PUT << 28 | len(octets) << 24 | int.from_bytes(octets, 'little')
        return STRING << 28 | self.string(octets)


def hangul(text):
    """Conjoining jamo of a compatibility decomposition as syllables (Unicode 3.12)."""
    out = []
    for c in text:
        if out and out[-1] in range(0x1100, 0x1113) and c in range(0x1161, 0x1176):
            out[-1] = 0xAC00 + ((out[-1] - 0x1100) * 21 + c - 0x1161) * 28
        elif out and out[-1] in SYLLABLES and (out[-1] - 0xAC00) % 28 == 0 and \
                c in range(0x11A8, 0x11C3):
            out[-1] += c - 0x11A7
        else:
            out.append(c)
    return out


def jamo_tables(u):
    """Letters of conjoining jamo, and what tails are of leads, by their names."""
    named = {name: c for c, name in u.name.items() if name.startswith('HANGUL ')}

    def letter(c):
        return named['HANGUL LETTER ' + u.name[c].split(' ', 2)[2]]

    def tail(name):
        index = named.get('HANGUL JONGSEONG ' + name, 0) - 0x11A7
        return index if 0 < index < 28 else 0  # the others are Old Korean

    leads = [u.name[c].split(' ', 2)[2] for c in range(0x1100, 0x1113)]
    pairs = [(tail(a), k, tail(a + '-' + b)) for a in leads for k, b in enumerate(leads)
             if tail(a) and tail(a + '-' + b)]
    assert len(pairs) == 9 + 2  # KIYEOK-SIOS to PIEUP-SIOS
    show('uint16_t', 'fold_lead_letter[19]', [hex(letter(c)) for c in range(0x1100, 0x1113)])
    show('uint16_t', 'fold_vowel_letter[21]', [hex(letter(c)) for c in range(0x1161, 0x1176)])
    show('uint16_t', 'fold_tail_letter[28]',
         ['0'] + [hex(letter(c)) for c in range(0x11A8, 0x11C3)])
    show('uint8_t', 'fold_tail_of[19]', [str(tail(x)) for x in leads])
    show('uint8_t', 'fold_tail_pairs[][3]', [f'{{ {a}, {b}, {c} }}' for a, b, c in pairs] +
         ['{ 0, 0, 0 }'])


def show(kind, name, rows, columns=8):
    print(f'const {kind} {name} = {{')
    for i in range(0, len(rows), columns):
        print('\t' + ', '.join(rows[i:i + columns]) + ',')
    print('};')


def main():
    u = Unicode(sys.argv[1])
    tables = Tables(Folding(u, sys.argv[2]))
    blocks, stage1 = {}, []
    for first in range(0, CODE_POINTS, BLOCK):
        block = tuple(tables.entry(c) if c in u.name or c in u.casefold or c in UNSEEN
                      else 0 for c in range(first, first + BLOCK))
        # What fold.c copies by vectors folds to itself.
        assert not any(block) or not 0x4000 <= first < 0xA000
        stage1.append(str(blocks.setdefault(block, len(blocks))))
    assert len(tables.pool) < 1 << 16
    print('/* Generated by fold_gen.py. */\n#include "fold_priv.h"')
    show('uint16_t', 'fold_stage1[FOLD_BLOCKS]', stage1, 24)
    show('uint32_t', 'fold_stage2[]', [f'0x{x:x}' for b in blocks for x in b])
    show('uint8_t', 'fold_pool[]', [str(x) for x in tables.pool] + ['0'] * 4, 24)
    show('struct fold_mark', 'fold_marks[]',
         [f'{{ {{ 0x{c[0]:x}, 0x{c[1]:x} }}, {{ {k[0]}, {k[1]} }} }}' for c, k in tables.marks], 3)
    show('struct fold_pair', 'fold_pairs[]',
         [f'{{ 0x{a:x}, 0x{b:x}, 0x{c:x} }}' for (a, b), c in sorted(u.pairs.items())], 4)
    parts = sorted((c, a, b) for (a, b), c in u.pairs.items())
    show('struct fold_pair', 'fold_parts[]',
         [f'{{ 0x{c:x}, 0x{a:x}, 0x{b:x} }}' for c, a, b in parts], 4)
    jamo_tables(u)
    print(f'const uint32_t fold_pairs_n = {len(parts)};')
    print(f'const uint32_t fold_stage2_n = {len(blocks)};')
    print(f'const uint32_t fold_pool_n = {len(tables.pool)};')


if __name__ == "__main__":
    main()
