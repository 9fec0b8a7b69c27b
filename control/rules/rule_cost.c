/* SPDX-License-Identifier: Apache-2.0 */
#include "rule_cost.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rule_engine.h"

static const char *const sample[] = {
	"[Web발신] 주문하신 상품이 오늘 오후 3시에 배송될 예정입니다. 문의 1588-0000",
	"인증번호는 [482913] 입니다. 타인에게 알려주지 마세요.",
	"내일 오전 10시 예약이 확정되었습니다. 변경은 홈페이지에서 가능합니다.",
	"(광고) 여름맞이 할인 행사 최대 30% 쿠폰 증정 무료수신거부 080-000-0000",
	"고객님의 카드 승인 12,500원 일시불 편의점 07/21 18:22 누적 340,200원",
	"회원님, 이번 달 요금 명세서가 도착했습니다. 자세한 내용은 앱에서 확인하세요.",
	"Your parcel 7741 has left the depot and will arrive between 2 and 4 pm today.",
	"Your one-time code is 593021. It expires in 10 minutes. Do not share it.",
	"Hi, are we still meeting at the station tonight? I am running a bit late.",
	"Reminder: dentist appointment on Friday at 09:30. Reply C to cancel.",
	"Flight KE123 to Jeju now boards at gate 14. Please have your pass ready.",
	"Thanks for your payment of 42.10. Your balance is now 0.00. No action needed.",
};
const struct rule_texts rule_cost_sample = { sample, sizeof(sample) / sizeof(sample[0]) };

static double machine_clock(void *context)
{
	struct timespec t;

	(void)context;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int rule_cost_measure(struct rule_cost *out, const struct rule_set *set,
                      const struct rule_program *program, const struct rule_texts *texts,
                      rule_clock *clock, void *context)
{
	const struct match_input input = { .from_esme = true };
	double rounds[RULE_COST_ROUNDS] = { 0 };
	struct rule_engine *engine = NULL;
	struct match_result result;

	*out = (struct rule_cost){ 0 };
	if (texts->n == 0)
		return 0;
	if (rule_engine_open(&engine, set, program) != 0)
		return -ENOMEM;
	clock = clock != NULL ? clock : machine_clock;
	/* The first round warms caches and does not count. */
	for (unsigned round = 0; round <= RULE_COST_ROUNDS; round++) {
		const double began = clock(context);
		for (uint32_t i = 0; i < texts->n; i++)
			rule_engine_scan(engine, texts->texts[i], strlen(texts->texts[i]),
			                 &input, &result);
		const double took = (clock(context) - began) / texts->n;
		if (round != 0)
			rounds[round - 1] = took;
	}
	rule_engine_close(engine);
	qsort(rounds, RULE_COST_ROUNDS, sizeof(rounds[0]), by_size);
	out->ns = rounds[RULE_COST_ROUNDS / 2];
	return 0;
}

static void leave_out(struct rule_set *set, uint32_t rule, bool out)
{
	for (uint32_t i = 0; i < set->rules[rule].n_patterns; i++)
		set->patterns[set->rules[rule].pattern + i].refused = out;
}

/* The figure without this rule. */
static int without(double *ns, struct rule_set *set, uint32_t rule,
                   const struct rule_texts *texts, rule_clock *clock, void *context)
{
	struct rule_program program = { 0 };
	struct problems problems;
	struct rule_cost cost = { 0 };

	problems_init(&problems, "rules");
	leave_out(set, rule, true);
	int result = rule_compile(&program, set, &problems);
	if (result == 0)
		result = rule_cost_measure(&cost, set, &program, texts, clock, context);
	leave_out(set, rule, false);
	rule_program_free(&program);
	*ns = cost.ns;
	return result;
}

static void keep(struct rule_cost *out, uint32_t rule, double ns)
{
	uint32_t at = out->n < RULE_COST_DEAREST ? out->n++ : RULE_COST_DEAREST;

	for (; at > 0 && out->dearest[at - 1].ns < ns; at--)
		if (at < RULE_COST_DEAREST)
			out->dearest[at] = out->dearest[at - 1];
	if (at < RULE_COST_DEAREST) {
		out->dearest[at].rule = rule;
		out->dearest[at].ns = ns;
	}
}

/* The rule with most patterns of those not taken yet; n_rules: there is none. */
static uint32_t next_largest(const struct rule_set *set, const bool *taken)
{
	uint32_t best = set->n_rules;

	for (uint32_t i = 0; i < set->n_rules; i++)
		if (!taken[i] && (best == set->n_rules ||
		                  set->rules[i].n_patterns > set->rules[best].n_patterns))
			best = i;
	return best;
}

int rule_cost_dearest(struct rule_cost *out, struct rule_set *set,
                      const struct rule_texts *texts, uint32_t largest, rule_clock *clock,
                      void *context)
{
	bool *taken = calloc(set->n_rules + (size_t)1, sizeof(*taken));
	int result = taken == NULL ? -ENOMEM : 0;

	out->n = 0;
	for (unsigned i = 0; result == 0 && i < largest && i < set->n_rules; i++) {
		const uint32_t rule = next_largest(set, taken);
		double ns = 0;

		taken[rule] = true;
		result = without(&ns, set, rule, texts, clock, context);
		if (result == 0)
			keep(out, rule, out->ns - ns);
	}
	free(taken);
	return result;
}

bool rule_cost_fits(const struct rule_cost *cost, uint32_t budget_ns)
{
	return budget_ns == 0 || cost->ns <= (double)budget_ns;
}
