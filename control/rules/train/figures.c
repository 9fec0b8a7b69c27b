/* SPDX-License-Identifier: Apache-2.0 */
#include "figures.h"

#include <math.h>
#include <string.h>

struct rates figures_of(const struct corpus *corpus, const struct held *held, uint32_t sets)
{
	struct rates r = { 0 };

	for (uint32_t i = 0; i < corpus->n; i++) {
		const bool hit = held[i].margin >= 0;

		if ((corpus->samples[i].sets & sets) == 0)
			continue;
		if (corpus->samples[i].spam) {
			r.n_spam++;
			r.caught += hit;
		} else {
			r.n_clean++;
			r.wrong += hit;
		}
	}
	return r;
}

void figures_reliability(const struct corpus *corpus, const struct held *held,
                         struct bin bins[BINS])
{
	memset(bins, 0, BINS * sizeof(bins[0]));
	for (uint32_t i = 0; i < corpus->n; i++) {
		const double chance = 1 / (1 + exp(-held[i].score / MODEL_SCALE));
		struct bin *bin = &bins[(uint32_t)fmin(chance * BINS, BINS - 1)];

		bin->n++;
		bin->n_spam += corpus->samples[i].spam;
		bin->said += chance;
	}
	for (uint32_t i = 0; i < BINS; i++)
		bins[i].said /= bins[i].n ? bins[i].n : 1;
}
