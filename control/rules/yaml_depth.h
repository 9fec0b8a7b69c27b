/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yaml_depth: how deep the events of libyaml are in lists and mappings. Its scanner looks at
 * every open one for each token, so a hundred thousand brackets would take minutes.
 */
#ifndef YAML_DEPTH_H
#define YAML_DEPTH_H
#include <yaml.h>

#define YAML_DEPTH_MAX 32u /* a rule file needs 7 */

/* The depth behind an event, from the one before it. */
static inline unsigned yaml_depth(unsigned depth, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return depth + 1;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return depth - 1;
	default:
		return depth;
	}
}

#endif
