/* SPDX-License-Identifier: Apache-2.0 */
#include "rule_trial.h"

#include <errno.h>
#include <hs/hs.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define WIDE 32u

/* Of a repeat whose '{' is before at: how often at most, or at least where it has no end; 0: it
 * is none. */
static unsigned long most_of(const char *at)
{
	char *end = NULL;
	const unsigned long least = strtoul(at, &end, 10);

	if (end == at || (*end != ',' && *end != '}'))
		return 0;
	const unsigned long most = *end == ',' ? strtoul(end + 1, NULL, 10) : 0;
	return most > least ? most : least;
}

bool rule_trial_due(const char *expression)
{
	unsigned long sum = 0;

	for (const char *at = expression; sum < WIDE && (at = strchr(at, '{')) != NULL; at++) {
		const unsigned long most = most_of(at + 1), some = most < WIDE ? most : WIDE;
		/* What a group repeats is among what came before it. */
		const bool again = some > 0 && sum > 0 && at[-1] == ')';

		sum = again ? sum * some : sum + some;
	}
	return sum >= WIDE;
}

/* In the child: it ends by the limit, with what started it, or when it is done. */
static _Noreturn void compile(const char *expression, unsigned flags)
{
	const struct rlimit limit = { RULE_TRIAL_SECONDS, RULE_TRIAL_SECONDS + 1 };
	hs_database_t *database = NULL;
	hs_compile_error_t *error = NULL;
	sigset_t none;

	sigemptyset(&none);
	signal(SIGXCPU, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (setrlimit(RLIMIT_CPU, &limit) == 0)
		hs_compile(expression, flags, HS_MODE_BLOCK, NULL, &database, &error);
	_exit(0);
}

bool rule_trial(const char *expression, unsigned flags)
{
	const pid_t child = fork();
	int status = 0;

	if (child == 0)
		compile(expression, flags);
	while (child > 0 && waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return true;
	return WIFEXITED(status); /* without a child too */
}
