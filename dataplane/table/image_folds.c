/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "fold_table.h"
#include "image_priv.h"

int image_check_folds(const struct image_check *c, const struct image *im)
{
	for (uint32_t i = 0; i < im->n_folds; i++) {
		const struct image_fold *row = &im->folds[i];
		uint32_t which;
		const char *fault = text_fold_fault(row, &which);

		if (fault != NULL)
			return image_lies(c->error,
			                  "folds: row %" PRIu32 ": U+%04" PRIX32 " %s", i,
			                  which, fault);
		if (i > 0 && im->folds[i - 1].from >= row->from)
			return image_lies(c->error, "folds: row %" PRIu32 " is out of order",
			                  i);
		if (text_fold_row(im->folds, im->n_folds, row->to) != NULL)
			return image_lies(c->error,
			                  "folds: row %" PRIu32
			                  " leads to a character with a row of its own",
			                  i);
	}
	return 0;
}
