/* SPDX-License-Identifier: Apache-2.0 */
#include "instant.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <time.h>

/* n digits at *at, moved on; or -1. */
static int digits(const char **at, int n)
{
	int value = 0;

	for (int i = 0; i < n; i++, (*at)++) {
		if (!isdigit((unsigned char)**at))
			return -1;
		value = value * 10 + (**at - '0');
	}
	return value;
}

static bool take(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

/* Z or +hh:mm or -hh:mm, to the end; seconds east of UTC. */
static int zone(const char *at, long *east)
{
	const char sign = *at;

	*east = 0;
	if (strcmp(at, "Z") == 0)
		return 0;
	if (sign != '+' && sign != '-')
		return -EINVAL;
	at++;
	const int hours = digits(&at, 2);
	if (hours < 0 || hours > 14 || !take(&at, ':'))
		return -EINVAL;
	const int minutes = digits(&at, 2);
	if (minutes < 0 || minutes > 59 || *at != '\0')
		return -EINVAL;
	*east = (hours * 60L + minutes) * (sign == '-' ? -60 : 60);
	return 0;
}

static int time_of_day(const char *at, struct tm *tm, long *east)
{
	tm->tm_hour = digits(&at, 2);
	if (tm->tm_hour < 0 || tm->tm_hour > 23 || !take(&at, ':'))
		return -EINVAL;
	tm->tm_min = digits(&at, 2);
	if (tm->tm_min < 0 || tm->tm_min > 59)
		return -EINVAL;
	if (take(&at, ':')) {
		tm->tm_sec = digits(&at, 2);
		if (tm->tm_sec < 0 || tm->tm_sec > 59)
			return -EINVAL;
	}
	return zone(at, east);
}

int instant_parse(uint32_t *out, const char *text)
{
	const char *at = text;
	struct tm tm = { 0 };
	long east = 0;

	if (*text == '\0') {
		*out = 0;
		return 0;
	}
	tm.tm_year = digits(&at, 4) - 1900;
	if (tm.tm_year < 70 || tm.tm_year > 205 || !take(&at, '-'))
		return -EINVAL;
	tm.tm_mon = digits(&at, 2) - 1;
	if (tm.tm_mon < 0 || tm.tm_mon > 11 || !take(&at, '-'))
		return -EINVAL;
	const int day = tm.tm_mday = digits(&at, 2);
	if (day < 1 || day > 31)
		return -EINVAL;
	if (*at != '\0' && (!take(&at, 'T') || time_of_day(at, &tm, &east) != 0))
		return -EINVAL;
	const int64_t seconds = (int64_t)timegm(&tm) - east;
	/* timegm() turns 31 February into March and says so in the day. */
	if (tm.tm_mday != day || seconds <= 0 || seconds >= UINT32_MAX)
		return -EINVAL;
	*out = (uint32_t)seconds;
	return 0;
}

void instant_text(char out[INSTANT_TEXT_SIZE], uint32_t instant)
{
	const time_t seconds = instant;
	struct tm tm;

	out[0] = '\0';
	if (instant == INSTANT_FOREVER)
		strcpy(out, "for ever");
	else if (instant != 0)
		strftime(out, INSTANT_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &tm));
}
