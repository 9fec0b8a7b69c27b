/* SPDX-License-Identifier: Apache-2.0 */
#include "load.h"

static uint32_t permille(uint64_t cycles, uint64_t us, uint64_t hz)
{
	const double all = (double)hz / 1e6 * (double)us, part = (double)cycles / all;

	/* A turn that began before the first look is counted whole in the second. */
	return all < 1 ? 0 : part > 1 ? 1000 : (uint32_t)(part * 1000 + 0.5);
}

void load_note(struct load *load, const struct report_reader *reader, uint64_t now_us)
{
	const unsigned n = report_reader_workers(reader);
	const uint64_t us = now_us - load->at_us;
	/* Another life of the data plane, or another file: counted from here. */
	const bool goes_on =
		load->n_workers == n && load->started == report_reader_started(reader);

	if (goes_on && us < LOAD_US)
		return;
	for (unsigned w = 0; w < n; w++) {
		const uint64_t cycles = report_reader_counter(reader, w, COUNTER_BUSY_CYCLES);
		load->permille[w] =
			permille(cycles - load->cycles[w], us, report_reader_tsc_hz(reader));
		load->cycles[w] = cycles;
	}
	const uint64_t other_link = report_reader_sum(reader, COUNTER_OTHER_LINK);
	if (!goes_on)
		load->other_link_us = 0;
	else if (other_link != load->other_link)
		load->other_link_us = now_us;
	load->other_link = other_link;
	load->over_ms = goes_on ? us / 1000 : 0;
	load->n_workers = n;
	load->at_us = now_us;
	load->started = report_reader_started(reader);
}
