/* SPDX-License-Identifier: Apache-2.0 */
/* window: what a leg lets its endpoint send. */
#include "relay_priv.h"

static inline uint32_t window(const struct relay *r, const struct leg *l, const struct leg *o,
                              const struct tcp_env *env)
{
	const uint32_t held = l->in.octets + l->ooo.octets + o->out.octets;
	const uint32_t segments = l->in.segments + l->ooo.segments + o->out.segments;

	const uint32_t room = leg_room(o, env->config), most = segments_promised(r, env);

	if (segments >= most || held >= room)
		return 0;
	return min_u32(room - held, (most - segments) * o->mss);
}

bool relay_lacks_buffers(const struct relay *r, const struct tcp_env *env)
{
	return segments_held(r) >= segments_promised(r, env);
}

/* Less than the unit would be none; where nothing waits to go on, none for ever. What buffers
 * have no room for is left to be resent, but the PDU that has begun becomes whole. */
static bool must_open(const struct relay *r, const struct leg *l, const struct leg *o,
                      uint32_t unit, const struct tcp_env *env)
{
	return o->out.octets == 0 &&
	       l->in.octets + l->ooo.octets + unit <= leg_room(o, env->config) &&
	       segments_held(r) < segments_promised(r, env);
}

/* As the header can say it: rounded down (RFC 7323 section 2.4). Rounded up, every segment
 * shorter than the unit would move the edge on, and the window would never close. */
static inline uint32_t offer(const struct relay *r, const struct leg *l, const struct leg *o,
                             const struct tcp_env *env)
{
	const uint8_t shift = o->wscale;
	const uint32_t open = min_u32(window(r, l, o, env), (uint32_t)UINT16_MAX << shift);

	if (unlikely(open < 1u << shift) && must_open(r, l, o, 1u << shift, env))
		return 1u << shift;
	/* RFC 9293 section 3.8.6.2.2: no silly windows. What comes is as large as o's end
	 * takes it. */
	return open < o->mss ? 0 : open >> shift << shift;
}

uint32_t leg_offer(const struct relay *r, enum side side, const struct tcp_env *env)
{
	return offer(r, &r->leg[side], &r->leg[side_other(side)], env);
}

uint16_t leg_advertise(struct relay *r, enum side side, const struct tcp_env *env)
{
	struct leg *l = settled(&r->leg[side]), *o = leg_across(r, l);
	const uint8_t shift = o->wscale;
	const uint32_t most = (uint32_t)UINT16_MAX << shift;

	/* RFC 9293 section 3.8.6: a right edge once given is not taken back; rcv_adv stays. */
	l->rcv_adv = seq_max(l->rcv_adv, l->rcv_nxt + offer(r, l, o, env));
	return (uint16_t)(min_u32(l->rcv_adv - l->rcv_nxt, most) >> shift);
}
