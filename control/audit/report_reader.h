/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_reader: the other side of the data plane's report file: counters, and the
 * audit records that nobody has stored yet. Layout: include/report_format.h.
 *
 * The file is written by another process and may be of another build: every number
 * of its header is checked once and then never read again, positions are checked
 * at every read, and strings of records are cut and terminated here.
 *
 * Audit records are delivered at least once: peek, store, then commit. A reader
 * that dies between the two sees the same records again, at the same position; so
 * (worker, position) is a key that makes storing idempotent.
 *
 * Threads    one reader, one thread; one consuming process a file.
 */
#ifndef CONTROL_REPORT_READER_H
#define CONTROL_REPORT_READER_H
#include <stdbool.h>
#include <stdint.h>

#include "check.h"
#include "report_format.h"

#define REPORT_ERROR_SIZE 200u

struct report_reader;

struct report_counter_row {
	const char *name, *unit, *sentence;
};

/*
 * Map the report file. Errors, with a sentence: -ENOENT and other errno of open(),
 * -EAGAIN (the data plane is still making it), -EPROTONOSUPPORT (another version or
 * build), -EBADMSG (its numbers contradict each other or its size).
 */
must_use int report_reader_open(struct report_reader **out, const char *path,
                                char error[REPORT_ERROR_SIZE]);
void report_reader_close(struct report_reader *reader);

/* Whether the path now names another file (the data plane set ours aside): drain
 * what is left in this one, close it, and open again. */
bool report_reader_replaced(const struct report_reader *reader);

unsigned report_reader_workers(const struct report_reader *reader);
uint64_t report_reader_started(const struct report_reader *reader); /* Unix seconds */
uint64_t report_reader_instance(const struct report_reader *reader); /* 0: it does not say */
uint64_t report_reader_tsc_hz(const struct report_reader *reader);

/* The rows of ports that tell something, copied; names end in NUL. How many. */
unsigned report_reader_ports(const struct report_reader *reader,
                             struct report_port ports[REPORT_PORTS_MAX]);

/* counter: enum counter, or REPORT_REASON_BASE + enum reason. */
uint64_t report_reader_counter(const struct report_reader *reader, unsigned worker,
                               unsigned counter);
uint64_t report_reader_sum(const struct report_reader *reader, unsigned counter);

/*
 * What a worker counted of campaigns: its rows that are in use and whole, copied to
 * rows[report_reader_campaigns_max()]; how many. A row that its writer died in is left out.
 */
unsigned report_reader_campaigns_max(const struct report_reader *reader);
unsigned report_reader_campaigns(const struct report_reader *reader, unsigned worker,
                                 struct report_campaign *rows);

/* The same of rules, to rows[report_reader_rules_max()]: acted is never more than matched. */
unsigned report_reader_rules_max(const struct report_reader *reader);
unsigned report_reader_rules(const struct report_reader *reader, unsigned worker,
                             struct report_rule *rows);

/* Name, unit and sentence, or NULL for a number without a row (a gap between
 * reasons). A reason's counter is named "reason_" and the reason. */
const struct report_counter_row *report_counter_row(unsigned counter);

/* Records that wait in this worker's ring; -EBADMSG when the ring's positions lie. */
int64_t report_reader_waiting(const struct report_reader *reader, unsigned worker);

/*
 * Copy up to n waiting records, oldest first, without taking them. Returns how many,
 * or -EBADMSG as above. *position: of the first one, since the ring was made.
 */
int64_t report_reader_peek(const struct report_reader *reader, unsigned worker,
                           struct audit_record *records, unsigned n, uint64_t *position);
/* Give back the slots of the first n records peeked: they are stored for good. */
void report_reader_commit(struct report_reader *reader, unsigned worker, unsigned n);

#endif
