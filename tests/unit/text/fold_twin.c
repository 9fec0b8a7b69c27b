/* SPDX-License-Identifier: Apache-2.0 */
#include "fold_twin.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define CODE_POINTS 0x110000
#define NAME_MAX_OCTETS 96

static char names[CODE_POINTS][NAME_MAX_OCTETS];
static char digits[CODE_POINTS][3]; /* value of Nd, of what is circled */
static bool right_to_left[CODE_POINTS];
static int32_t skeleton[CODE_POINTS]; /* one ASCII character, or 0 */
static bool accented[CODE_POINTS];    /* and accents, which are left out there */
static int32_t uppers[CODE_POINTS];

static int category(int32_t c) { return utf8proc_get_property(c)->category; }

static bool is_letter(int32_t c)
{
	return category(c) >= UTF8PROC_CATEGORY_LU && category(c) <= UTF8PROC_CATEGORY_LO;
}

static void read_row(char *line)
{
	char *field[16] = { line };
	unsigned n = 0;

	for (char *at = line; n < 15 && at != NULL;)
		field[n++] = strsep(&at, ";");
	const long c = strtol(field[0], NULL, 16);
	if (n < 15 || field[1][0] == '<')
		return;
	snprintf(names[c], NAME_MAX_OCTETS, "%s", field[1]);
	right_to_left[c] = strcmp(field[4], "R") == 0 || strcmp(field[4], "AL") == 0;
	uppers[c] = (int32_t)strtol(field[12], NULL, 16);
	if (strcmp(field[2], "Nd") == 0)
		snprintf(digits[c], 3, "%.2s", field[6]);
	else if (strstr(field[1], "CIRCLED") != NULL && strspn(field[8], "0123456789") > 0 &&
	         strchr(field[8], '/') == NULL)
		snprintf(digits[c], 3, "%.2s", field[8]);
}

static bool starts(const char *name, const char *word)
{
	return strncmp(name, word, strlen(word)) == 0;
}

/* Scripts that are read by themselves. */
static bool stays(int32_t c)
{
	static const char *const scripts[] = { "CJK ",        "HANGUL ",   "HIRAGANA ",
		                               "KATAKANA ",   "KANGXI ",   "THAI ",
		                               "LAO ",        "BOPOMOFO ", "HALFWIDTH ",
		                               "IDEOGRAPHIC " };
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++)
		if (starts(names[c], scripts[i]))
			return true;
	return names[c][0] == '\0' || right_to_left[c] || c == 0x2028 || c == 0x2029;
}

static void read_skeleton(char *line)
{
	char *at;
	const long c = strtol(line, &at, 16);
	int32_t to[64], kept[64];
	unsigned n = 0, k = 0;

	while (n < 64) {
		char *next;
		to[n] = (int32_t)strtol(at, &next, 16);
		if (next == at)
			break;
		at = next;
		n++;
	}
	for (unsigned i = 0; i < n; i++)
		if (to[i] < 0x300 || to[i] >= 0x370)
			kept[k++] = to[i];
	accented[c] = k != n;
	if (stays((int32_t)c) || c < 0x80 || k == 0 || kept[0] >= 0x80)
		return;
	if (k == 1)
		skeleton[c] = kept[0] == 'l' && !is_letter((int32_t)c) ? '|' : kept[0];
	else if (k == 2 && kept[0] == 'r' && kept[1] == 'n')
		skeleton[c] = 'm';
	else if (k == 2 && kept[0] == '\'' && kept[1] == '\'')
		skeleton[c] = '"';
}

static void each_line(const char *path, void (*row)(char *line))
{
	char line[1024];
	FILE *f = fopen(path, "r");

	if (f == NULL)
		abort();
	while (fgets(line, sizeof(line), f) != NULL)
		row(line);
	fclose(f);
}

void twin_open(const char *skeletons)
{
	each_line("/usr/share/unicode/UnicodeData.txt", read_row);
	each_line(skeletons, read_skeleton);
}

/* The letter of an enclosed or small one, by its name. */
static int32_t named_letter(const char *name)
{
	static const char *const before[] = { "NEGATIVE CIRCLED LATIN CAPITAL LETTER ",
		                              "NEGATIVE SQUARED LATIN CAPITAL LETTER ",
		                              "REGIONAL INDICATOR SYMBOL LETTER ",
		                              "LATIN LETTER SMALL CAPITAL " };
	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
		if (starts(name, before[i]) && strlen(name) == strlen(before[i]) + 1)
			return tolower(name[strlen(before[i])]);
	return 0;
}

/* Accents and other marks that are strewn over letters. */
static bool strewn(int32_t c)
{
	return (c >= 0x300 && c < 0x370) || (c >= 0x483 && c < 0x488) ||
	       (c >= 0x1AB0 && c < 0x1B00) || (c >= 0x1DC0 && c < 0x1E00) ||
	       (c >= 0x20D0 && c < 0x2100) || (c >= 0xFE20 && c < 0xFE30);
}

/* Nothing is seen of it: controls but those that end a line or are a tab, what frames
 * interlinear annotations, and what is no character for ever. */
static bool unseen(int32_t c)
{
	return (c < 0x20 && (c < '\t' || c > '\r')) || (c >= 0x7F && c < 0xA0 && c != 0x85) ||
	       (c >= 0xFFF9 && c < 0xFFFC) || (c >= 0xFDD0 && c < 0xFDF0) ||
	       (c & 0xFFFE) == 0xFFFE;
}

/* Latin letters, digits and Hangul, over which marks of other scripts are strewn. */
static bool bare(int32_t c)
{
	return (c < 0x80 && isalnum((int)c)) || (c >= 0xC0 && c < 0x250) || c >> 8 == 0x1E ||
	       (c > 0x3130 && c <= 0x318E) || (c >= 0xAC00 && c < 0xD7A4);
}

/* Of braille the letter of six dots, as Braille ASCII has them in order; 0: a sign. */
static int32_t braille(int32_t c)
{
	static const char ascii[] =
		" A1B'K2L@CIF/MSP\"E3H9O6R^DJG>NTQ,*5<-U8V.%[$+X!&;:4\\0Z7(_?W]#Y)=";

	const char letter = c >= 0x2800 && c < 0x2840 ? ascii[c - 0x2800] : ' ';

	return isupper(letter) ? tolower(letter) : 0;
}

static size_t look(int32_t c, int32_t *out)
{
	const int cat = category(c);

	out[0] = c;
	if (c < 0x80 || cat == UTF8PROC_CATEGORY_MN || cat == UTF8PROC_CATEGORY_MC ||
	    cat == UTF8PROC_CATEGORY_ME)
		return cat != UTF8PROC_CATEGORY_ME;
	if (digits[c][0] != '\0') {
		out[0] = (uint8_t)digits[c][0];
		out[1] = (uint8_t)digits[c][1];
		return strlen(digits[c]);
	}
	const int32_t like[] = { braille(c), c == 0x43F || c == 0x438 ? 'n' : 0 /* pe, i */,
		                 named_letter(names[c]), tolower(skeleton[c]),
		                 tolower(skeleton[uppers[c]]) };
	for (size_t i = 0; i < 5 && out[0] == c; i++)
		out[0] = like[i] != 0 ? like[i] : c;
	return 1;
}

size_t twin_map(int32_t c, int32_t out[TWIN_ONE_MAX])
{
	int32_t parts[TWIN_ONE_MAX];
	int last = 0;
	size_t n = 0;
	/* Ignorable though unassigned (DerivedCoreProperties.txt), which utf8proc leaves. */
	if (unseen(c) || c == 0x2065 || (c >= 0xFFF0 && c < 0xFFF9) ||
	    (c >= 0xE0000 && c < 0xE1000))
		return 0;
	const bool brackets = starts(names[c], "PARENTHESIZED ");
	ssize_t k = utf8proc_decompose_char(c, parts, TWIN_ONE_MAX,
	                                    UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT |
	                                            UTF8PROC_CASEFOLD | UTF8PROC_IGNORE,
	                                    &last);

	for (ssize_t i = brackets; i < k - brackets; i++)
		n += look(parts[i], out + n);
	if (utf8proc_get_property(c)->decomp_type == UTF8PROC_DECOMP_TYPE_COMPAT && k == 1 &&
	    parts[0] >= 0x80 && is_letter(c) && isalpha(skeleton[c]))
		out[0] = tolower(skeleton[c]);
	return n;
}

/* Whether in[i] is of a word with letters of ASCII that are at most 24 octets away. */
static bool in_latin_word(const int32_t *in, size_t i, size_t n)
{
	uint8_t octets[4];
	size_t away = 0, k = i;

	while (k > 0 && away < 24 && in[k - 1] >= 0x80)
		away += (size_t)utf8proc_encode_char(in[--k], octets);
	if (k > 0 && away < 24 && isalpha((int)in[k - 1]))
		return true;
	for (away = 0, k = i; k < n && away < 24 && in[k] >= 0x80; k++)
		away += (size_t)utf8proc_encode_char(in[k], octets);
	return k < n && away < 24 && isalpha((int)in[k]);
}

/* A capital that looks like a letter of ASCII which its small one does not look like. */
static bool is_capital(int32_t c, int32_t small)
{
	int32_t parts[TWIN_ONE_MAX];

	return c >= 0x80 && category(c) == UTF8PROC_CATEGORY_LU && skeleton[c] != 0 &&
	       !accented[c] && small < 0x80 && tolower(skeleton[c]) != small &&
	       !(skeleton[c] == 'l' && small == 'i') &&
	       utf8proc_decompose_char(c, parts, TWIN_ONE_MAX, UTF8PROC_DECOMPOSE, NULL) == 1;
}

/* An array that grows to the right: what is folded so far. */
struct folded {
	int32_t *c;
	bool *marked; /* a mark stood behind it, composed or dropped or still there */
	size_t n;
};

static void add(struct folded *f, int32_t c)
{
	f->c[f->n] = c;
	f->marked[f->n++] = false;
}

static bool is_mark(int32_t c)
{
	/* A class, or second of a composition ("NFC_QC=Maybe"), jamo apart. */
	const utf8proc_property_t *p = utf8proc_get_property(c);

	return p->combining_class != 0 ||
	       (p->comb_index != UINT16_MAX && (p->comb_index & 0x8000) != 0 &&
	        (c < 0x1100 || c > 0x11FF));
}

/* It neither orders nor composes. */
static bool is_sign(int32_t c)
{
	return !is_mark(c) &&
	       (category(c) == UTF8PROC_CATEGORY_MN || category(c) == UTF8PROC_CATEGORY_MC);
}

/* Marks of in[i ..) with the characters before them; returns where they end. */
static size_t marks(struct folded *f, const int32_t *in, size_t i, size_t n)
{
	int32_t run[512];
	size_t k = 0, begin = f->n;
	ssize_t len;

	while (begin > 0 && is_mark(f->c[begin - 1]))
		begin--;
	begin -= begin > 0;
	for (size_t j = begin; j < f->n; j++)
		k += (size_t)utf8proc_decompose_char(
			f->c[j], run + k, 8,
			f->c[j] >= 0xAC00 && f->c[j] < 0xD7A4 ? 0 : UTF8PROC_DECOMPOSE, NULL);
	while (i < n && is_mark(in[i]))
		run[k++] = in[i++];
	for (size_t a = 1; a < k; a++) /* canonical ordering */
		for (size_t b = a; b > 0; b--) {
			const int y = utf8proc_get_property(run[b])->combining_class;
			if (y == 0 || utf8proc_get_property(run[b - 1])->combining_class <= y)
				break;
			const int32_t swap = run[b];
			run[b] = run[b - 1];
			run[b - 1] = swap;
		}
	len = utf8proc_normalize_utf32(run, (ssize_t)k, UTF8PROC_COMPOSE | UTF8PROC_STABLE);
	f->n = begin;
	for (ssize_t j = 0; j < len; j++)
		if (!strewn(run[j]) && !(j > 0 && bare(run[0]) && is_mark(run[j])))
			add(f, run[j]);
	if (f->n > 0)
		f->marked[f->n - 1] = true;
	return i;
}

static const char *const lead_letters = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ";
static const char *const vowel_letters = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ";
static const char *const tail_letters =
	"---ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ";

static int32_t letter(const char *letters, int index)
{
	int32_t c;

	utf8proc_iterate((const uint8_t *)letters + 3 * index, 3, &c);
	return c;
}

static int letter_index(const char *letters, int32_t c)
{
	for (int i = 0; i < (int)strlen(letters) / 3; i++)
		if (letter(letters, i) == c)
			return i;
	return -1;
}

static bool is_lead(int32_t c) { return c >= 0x1100 && c < 0x1113; }
static bool is_vowel(int32_t c) { return c >= 0x1161 && c < 0x1176; }
static bool is_tail(int32_t c) { return c >= 0x11A8 && c < 0x11C3; }

/* Keys pressed: leads and vowels as letters (tails split in two where they can be). */
static int32_t likeness(const char *table, int32_t c)
{
	for (const char *at = table; *at != '\0' && c < 0x80; at += 4)
		if (*at == (char)c)
			return letter(at + 1, 0);
	return 0;
}
static const char *const like_vowel = "hㅐrㅏfㅑtㅜlㅣiㅣ1ㅣ|ㅣ!ㅣ";
static const char *const like_lead = "oㅇ0ㅇ7ㄱlㄴcㄷ2ㄹzㄹeㅌ";

/* Both letters as one, by what they look like joined. */
static int32_t join(int32_t a, int32_t b)
{
	static const char *const joins =
		"ㅗㅏㅘㅗㅐㅙㅗㅣㅚㅜㅓㅝㅜㅔㅞㅜㅣㅟㅡㅣㅢㅏㅣㅐㅑㅣㅒㅓㅣㅔㅕㅣㅖ"
		"ㄱㅅㄳㄴㅈㄵㄴㅎㄶㄹㄱㄺㄹㅁㄻㄹㅂㄼㄹㅅㄽㄹㅌㄾㄹㅍㄿㄹㅎㅀㅂㅅㅄ";
	for (int i = 0; i < (int)strlen(joins) / 9; i++)
		if (letter(joins, 3 * i) == a && letter(joins, 3 * i + 1) == b)
			return letter(joins, 3 * i + 2);
	return 0;
}

static int32_t syllable(int32_t lead, int32_t vowel, int32_t tail)
{
	const int t = tail == 0 ? 0 : letter_index(tail_letters, tail);

	return 0xAC00 +
	       (letter_index(lead_letters, lead) * 21 + letter_index(vowel_letters, vowel)) *
	               28 +
	       t;
}

static bool plain_ascii(int32_t c) { return c < 0x80 && isalnum((int)c); }

/* What has been keyed and is no syllable yet: letters, 0 = none. */
struct keys {
	int32_t lead, vowel, t1, t2;
	bool fixed; /* the tail came as one and stays one */
};

static void flush(struct folded *f, struct keys *k)
{
	const int32_t tail = k->t2 != 0 ? join(k->t1, k->t2) : k->t1;

	if (k->vowel != 0)
		add(f, syllable(k->lead, k->vowel, tail));
	else if (k->lead != 0)
		add(f, k->lead);
	*k = (struct keys){ 0 };
}

/* What is last in f as a lead, if it can be one of this vowel; it is taken. */
static int32_t lead_before(struct folded *f, int32_t v)
{
	const int32_t like = f->n > 0 ? likeness(like_lead, f->c[f->n - 1]) : 0;

	if (like == 0 || f->marked[f->n - 1] || letter_index("ㅜㅠㅡ", v) >= 0 ||
	    (f->n > 1 && plain_ascii(f->c[f->n - 2])))
		return 0;
	f->n--;
	return like;
}

static void key_vowel(struct folded *f, struct keys *k, int32_t v)
{
	if (k->lead == 0)
		k->lead = lead_before(f, v);
	if (k->lead != 0 && k->vowel == 0) {
		k->vowel = v;
	} else if (k->t1 != 0 && !k->fixed) {
		const int32_t next = k->t2 != 0 ? k->t2 : k->t1;
		*(k->t2 != 0 ? &k->t2 : &k->t1) = 0;
		flush(f, k);
		k->lead = next;
		k->vowel = v;
	} else if (k->vowel != 0 && k->t1 == 0 && join(k->vowel, v) != 0) {
		k->vowel = join(k->vowel, v);
	} else {
		flush(f, k);
		add(f, v);
	}
}

static void key_lead(struct folded *f, struct keys *k, int32_t l)
{
	if (k->vowel != 0 && k->t1 == 0 && letter_index(tail_letters, l) > 0) {
		k->t1 = l;
	} else if (k->t1 != 0 && k->t2 == 0 && !k->fixed && join(k->t1, l) != 0) {
		k->t2 = l;
	} else {
		flush(f, k);
		k->lead = l;
	}
}

static void key_tail(struct folded *f, struct keys *k, int index)
{
	const int32_t before = f->n > 0 ? f->c[f->n - 1] : 0;

	if (k->vowel != 0 && k->t1 == 0) {
		k->t1 = letter(tail_letters, index);
		k->fixed = true;
	} else if (k->lead == 0 && before >= 0xAC00 && before < 0xD7A4 &&
	           (before - 0xAC00) % 28 == 0 && !f->marked[f->n - 1]) {
		f->c[f->n - 1] += index;
	} else {
		flush(f, k);
		add(f, letter(tail_letters, index));
	}
}

/* The longest run of keys at in[i]: letters, tails as they are, and Latin that counts. */
static size_t jamo(struct folded *f, const int32_t *in, const bool *alone, size_t i, size_t n)
{
	struct keys k = { 0 };

	for (; i < n; i++) {
		const bool open = (k.lead != 0 && k.vowel == 0) || (k.t1 != 0 && !k.fixed);
		const bool word = i + 1 < n && (plain_ascii(in[i + 1]) || is_mark(in[i + 1]));
		int32_t v = is_vowel(in[i]) ? letter(vowel_letters, in[i] - 0x1161) : 0;
		if (open && alone[i] && !word && likeness(like_vowel, in[i]) != 0)
			v = likeness(like_vowel, in[i]);
		if (v != 0)
			key_vowel(f, &k, v);
		else if (is_lead(in[i]))
			key_lead(f, &k, letter(lead_letters, in[i] - 0x1100));
		else if (is_tail(in[i]))
			key_tail(f, &k, in[i] - 0x11A7);
		else
			break;
	}
	flush(f, &k);
	return i;
}

size_t twin_fold(const int32_t *in, size_t n, uint8_t *out)
{
	int32_t *mapped = calloc(n * TWIN_ONE_MAX + 1, sizeof(*mapped));
	struct folded f = { calloc(n * TWIN_ONE_MAX + 1, sizeof(int32_t)),
		            calloc(n * TWIN_ONE_MAX + 1, sizeof(bool)), 0 };
	bool *alone = calloc(n * TWIN_ONE_MAX + 1, sizeof(bool)); /* all of its character */
	size_t k = 0, octets = 0;

	for (size_t i = 0; i < n; i++) {
		const size_t start = k;
		if (in[i] >= 0xAC00 && in[i] < 0xD7A4)
			mapped[k++] = in[i];
		else
			k += twin_map(in[i], mapped + k);
		/* One character is whole: an enclosed syllable no letters that go on. */
		if (k - start > 1)
			k = start + (size_t)utf8proc_normalize_utf32(
					    mapped + start, (ssize_t)(k - start),
					    UTF8PROC_COMPOSE | UTF8PROC_STABLE);
		alone[start] = k - start == 1;
		if (k - start == 1 && is_capital(in[i], mapped[start])) {
			alone[start] = false;
			if (in_latin_word(in, i, n))
				mapped[start] = tolower(skeleton[in[i]]);
		}
	}
	for (size_t i = 0; i < k;) {
		if (is_mark(mapped[i]))
			i = marks(&f, mapped, i, k);
		else if (is_lead(mapped[i]) || is_vowel(mapped[i]) || is_tail(mapped[i]))
			i = jamo(&f, mapped, alone, i, k);
		else if (alone[i] && is_sign(mapped[i]) && f.n > 0 && bare(f.c[f.n - 1]))
			i++;
		else
			add(&f, mapped[i++]);
	}
	for (size_t i = 0; i < f.n; i++)
		octets += (size_t)utf8proc_encode_char(f.c[i], out + octets);
	free(alone);
	free(mapped);
	free(f.c);
	free(f.marked);
	return octets;
}
