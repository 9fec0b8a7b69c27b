/* SPDX-License-Identifier: Apache-2.0 */
#include "rule_image.h"

#include <errno.h>
#include <hs/hs.h>
#include <stdlib.h>

#include "rule_engine.h"

struct image_build_rule rule_image_rule(const struct rule_set *set, uint32_t rule)
{
	const struct rule *from = &set->rules[rule];

	return (struct image_build_rule){
		.row = from->row,
		.name = from->name,
		.sentence = from->sentence,
		.code = from->row.n_code != 0 ? set->code + from->row.code : NULL,
	};
}

static int put_database(struct image_build *image, struct hs_database *database,
                        enum image_section_type type)
{
	char *octets = NULL;
	size_t size = 0;

	if (database == NULL)
		return 0;
	if (hs_serialize_database(database, &octets, &size) != HS_SUCCESS)
		return -ENOMEM;
	const int result = image_build_database(image, type, octets, size);
	free(octets);
	return result;
}

int rule_image_program(struct image_build *image, const struct rule_program *program,
                       uint32_t n_patterns)
{
	int result = image_build_excerpts(image, program->excerpts, n_patterns);

	if (result == 0)
		result = put_database(image, program->folded, IMAGE_HS_DATABASE);
	if (result == 0)
		result = put_database(image, program->literals, IMAGE_HS_LITERALS);
	if (result == 0)
		result = put_database(image, program->plain, IMAGE_HS_PLAIN);
	return result;
}

int rule_image_put(struct image_build *image, const struct rule_set *set,
                   const struct rule_program *program)
{
	int result = 0;

	for (uint32_t i = 0; result == 0 && i < set->n_patterns; i++) {
		const struct image_pattern row = rule_engine_pattern(set, program, i);
		const int64_t index = image_build_pattern(image, &row);

		result = index < 0 ? (int)index : 0;
	}
	if (result == 0)
		result = image_build_folds(image, set->folds, set->n_folds);
	return result == 0 ? rule_image_program(image, program, set->n_patterns) : result;
}
