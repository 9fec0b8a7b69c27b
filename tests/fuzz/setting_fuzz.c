/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting: any text. It is refused with a place and a sentence, or it is read, and then
 * what is printed reads back as the same settings.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "setting.h"

enum { READ = 1, REFUSED = 2 };
unsigned fuzz_reached;
const unsigned fuzz_wanted = READ | REFUSED;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct settings s, again;
	char error[SETTING_ERROR_SIZE], *text = NULL;
	size_t len = 0;

	if (settings_parse(&s, (const char *)data, size, "f", error) != 0) {
		if (strncmp(error, "f:", 2) != 0 || strchr(error, ' ') == NULL)
			abort();
		fuzz_reached |= REFUSED;
		return 0;
	}
	fuzz_reached |= READ;
	FILE *out = open_memstream(&text, &len);
	if (out == NULL)
		abort();
	settings_print(out, &s);
	fclose(out);
	if (settings_parse(&again, text, len, "printed", error) != 0 ||
	    /* Both were zeroed whole. NOLINTNEXTLINE(*-memory-comparison,cert-exp42-c) */
	    memcmp(&s, &again, sizeof(s)) != 0) {
		fprintf(stderr, "%s\n%s", error, text);
		abort();
	}
	free(text);
	return 0;
}
