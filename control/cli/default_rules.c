/* SPDX-License-Identifier: Apache-2.0 */
#include "default_rules.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fail.h"

/* "<bin>/../share/sluice/rules" of this program; "" when that cannot be known. */
static void beside(char out[PATH_MAX])
{
	char self[PATH_MAX / 2];
	const ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	out[0] = '\0';
	if (n <= 0)
		return;
	self[n] = '\0';
	char *slash = strrchr(self, '/');
	if (slash != NULL)
		snprintf(out, PATH_MAX, "%.*s/../share/sluice/rules", (int)(slash - self),
		         self);
}

static int add(struct default_rules *out, const char *path)
{
	if (out->n == DEFAULT_RULES_MAX)
		return 0;
	out->paths[out->n] = strdup(path);
	return out->paths[out->n++] == NULL ? -ENOMEM : 0;
}

/* -ENOENT: this folder has no starter pack. */
static int take(struct default_rules *out, const char *folder)
{
	char path[PATH_MAX + 32];
	glob_t packs;

	snprintf(path, sizeof(path), "%s/starter.yaml", folder);
	if (folder[0] == '\0' || access(path, R_OK) != 0)
		return -ENOENT;
	int result = add(out, path);
	snprintf(path, sizeof(path), "%s/packs/*.yaml", folder);
	if (glob(path, 0, NULL, &packs) == 0) {
		for (size_t i = 0; result == 0 && i < packs.gl_pathc; i++)
			result = add(out, packs.gl_pathv[i]);
		globfree(&packs);
	}
	return result;
}

int default_rules_find(struct default_rules *out)
{
	const char *chosen = getenv("SLUICE_RULES");
	char installed[PATH_MAX];

	*out = (struct default_rules){ .n = 0 };
	beside(installed);
	const char *const folders[] = { installed, SLUICE_RULES_SOURCE, SLUICE_RULES_DATA };
	if (chosen != NULL && chosen[0] != '\0') {
		const int result = take(out, chosen);
		if (result == -ENOENT)
			cli_fail("$SLUICE_RULES: %s has no starter.yaml", chosen);
		return result;
	}
	for (unsigned i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		const int result = take(out, folders[i]);
		if (result != -ENOENT)
			return result;
	}
	cli_fail("no starter.yaml in %s; give --rules", SLUICE_RULES_DATA);
	return -ENOENT;
}

void default_rules_free(struct default_rules *rules)
{
	for (unsigned i = 0; i < rules->n; i++)
		free(rules->paths[i]);
	rules->n = 0;
}
