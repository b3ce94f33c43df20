/* When what fails is left alone, and for how long (see the header). */
#include "mmsync/circuit.h"

/* The first pause. */
#define PAUSE_MS (INT64_C(5) * 60 * 1000)

const char *
mms_circuit_name(enum mms_circuit circuit)
{
	switch (circuit) {
	case MMS_CIRCUIT_CLOSED:
		return "closed";
	case MMS_CIRCUIT_OPEN:
		return "open";
	case MMS_CIRCUIT_HALF_OPEN:
		return "half_open";
	}
	return "unknown";
}

/* Blame alone says it, but for what is the calendar's: only what passes by itself is worth a pause. */
static const struct {
	bool counts_calendar, counts_service;
} judged[MMS_RC_COUNT] = {
	[MMS_E_RETRY] = { true, true },
	[MMS_E_RESYNC] = { true,
			   true }, /* asked for everything, it still says that            */
	[MMS_E_WAIT] = { false,
			 true }, /* 429 and quotas are waited for; 503 counts, besides  */
	[MMS_E_CONFIG] = { false,
			   true }, /* a server's certificate; not 400, 403, or a setting  */
};

enum mms_circuit_side
mms_circuit_judge(mms_rc code, enum mms_blame blame)
{
	if ((unsigned)code >= MMS_RC_COUNT)
		return MMS_CIRCUIT_NOBODY;
	if (blame == MMS_BLAME_SERVICE && judged[code].counts_service)
		return MMS_CIRCUIT_SERVICE;
	return blame == MMS_BLAME_CALENDAR && judged[code].counts_calendar
		       ? MMS_CIRCUIT_CALENDAR
		       : MMS_CIRCUIT_NOBODY;
}

enum mms_circuit
mms_circuit_at(const struct mms_circuit_state *circuit, int64_t now_ms)
{
	if (circuit->state == MMS_CIRCUIT_CLOSED)
		return MMS_CIRCUIT_CLOSED;
	return circuit->state == MMS_CIRCUIT_OPEN && circuit->until_ms > now_ms
		       ? MMS_CIRCUIT_OPEN
		       : MMS_CIRCUIT_HALF_OPEN;
}

/* The finalizer of splitmix64: https://prng.di.unimi.it/splitmix64.c */
static uint64_t
mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

int64_t
mms_circuit_pause_ms(int64_t opens, int64_t max_ms, uint64_t seed, int64_t now_ms)
{
	int64_t pause = PAUSE_MS;

	for (int64_t i = 1; i < opens && pause < max_ms; i++)
		pause *= 2;
	if (pause > max_ms)
		pause = max_ms;
	uint64_t noise = mix(seed ^ mix((uint64_t)now_ms + (uint64_t)opens)) >> 32;
	return pause - (int64_t)(((uint64_t)(pause / 4) * noise) >> 32);
}

bool
mms_circuit_fail(struct mms_circuit_state *circuit, const struct mms_circuit_rules *rules,
		 uint64_t seed, int64_t now_ms)
{
	enum mms_circuit at = mms_circuit_at(circuit, now_ms);

	circuit->failures++;
	if (at == MMS_CIRCUIT_OPEN ||
	    (at == MMS_CIRCUIT_CLOSED && circuit->failures < rules->threshold))
		return false;
	circuit->opens++;
	circuit->state = MMS_CIRCUIT_OPEN;
	circuit->until_ms =
		now_ms + mms_circuit_pause_ms(circuit->opens, rules->max_ms, seed, now_ms);
	return true;
}
