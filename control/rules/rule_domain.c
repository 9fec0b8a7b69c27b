/* SPDX-License-Identifier: Apache-2.0 */
/* rule_domain: what cannot be an entry of "domains:", and what was meant. */
#include "rule_domain.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Of a host, with its port; what is not ASCII may be of any script. */
static bool is_host_character(unsigned char c)
{
	return isalnum(c) || c >= 0x80 || strchr("-._:", c) != NULL;
}

/* No space, and nothing that RFC 3986 leaves out of addresses. */
static bool is_path_character(unsigned char c)
{
	return c > ' ' && c != 0x7f && strchr("\"<>\\^`{|}*", c) == NULL;
}

static bool has_letter(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (isalnum((unsigned char)text[i]) || (unsigned char)text[i] >= 0x80)
			return true;
	return false;
}

const char *domain_fault(const char *text)
{
	const size_t host = strcspn(text, "/?#");

	if (strstr(text, "://") != NULL)
		return "it is a host, without http:// before it";
	if (text[0] == '*')
		return "what is below a host is meant with it, without a *";
	for (const char *c = text; *c != '\0'; c++)
		if (c < text + host ? !is_host_character((unsigned char)*c)
		                    : !is_path_character((unsigned char)*c))
			return "no address has such a character in it";
	if (!has_letter(text, host))
		return "there is no host in it";
	if (strchr(".-", text[0]) != NULL || strchr(".-", text[host - 1]) != NULL)
		return "no host begins or ends with a dot or a hyphen";
	return strstr(text, "..") != NULL && strstr(text, "..") < text + host
	               ? "two dots follow each other"
	               : NULL;
}

void domain_meant(char *out, size_t size, const char *text)
{
	const char *scheme = strstr(text, "://");

	if (scheme != NULL)
		text = scheme + 3;
	text += strspn(text, "*.- ");
	snprintf(out, size, "%s", text);
	for (size_t n = strlen(out); n > 0 && strchr(".- ", out[n - 1]) != NULL; n--)
		out[n - 1] = '\0';
	if (domain_fault(out) != NULL)
		snprintf(out, size, "evil.example");
}
