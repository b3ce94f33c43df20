/* How far what is known of a calendar may be believed (see the header). */
#include "mmsync/freshness.h"

#include "mmsync/timetext.h"

#define MINUTE_MS     INT64_C(60000)
#define HOUR_MS       (60 * MINUTE_MS)
#define STALE_MINUTES 60
#define INTERVALS     3
/* The most that Frappe takes as an interval. */
#define DAY_MINUTES 1440

int64_t
mms_freshness_minutes(const struct mms_config *config, int64_t interval_minutes)
{
	if (config->stale_after_minutes > 0)
		return config->stale_after_minutes;
	/* A row that another program wrote may hold any number. */
	if (interval_minutes > INT64_MAX / (INTERVALS * MINUTE_MS))
		interval_minutes = INT64_MAX / (INTERVALS * MINUTE_MS);
	return interval_minutes * INTERVALS > STALE_MINUTES ? interval_minutes * INTERVALS
							    : STALE_MINUTES;
}

/* How far a read is from now; one in the future is as little to be believed as one long ago. */
static int64_t
distance(const struct mms_read_facts *facts, int64_t now_ms)
{
	int64_t ago_ms = 0;

	if (__builtin_sub_overflow(now_ms, facts->as_of_ms, &ago_ms) || ago_ms == INT64_MIN)
		return INT64_MAX; /* a time that no clock has shown */
	return ago_ms < 0 ? -ago_ms : ago_ms;
}

/*
 * A calendar that is read once a day is a little older than that each day, and no worse for it: a
 * tenth of its interval is forgiven.
 */
static int64_t
unreadable_ms(const struct mms_config *config, int64_t interval_minutes)
{
	int64_t set_ms = config->unreadable_after_hours * HOUR_MS;
	int64_t minutes = interval_minutes < DAY_MINUTES ? interval_minutes : DAY_MINUTES;

	if (minutes <= 0)
		return set_ms;
	int64_t least_ms = minutes * MINUTE_MS + minutes * MINUTE_MS / 10;
	return set_ms > least_ms ? set_ms : least_ms;
}

static enum mms_readable
judge_readable(const struct mms_config *config, const struct mms_read_facts *facts,
	       int64_t now_ms)
{
	if (facts->as_of_ms == MMS_NO_TIME)
		return facts->needs_reauth ? MMS_NEEDS_REAUTH : MMS_NEVER_READ;
	if (facts->needs_reauth)
		return MMS_NEEDS_REAUTH;
	if (distance(facts, now_ms) > unreadable_ms(config, facts->interval_minutes))
		return MMS_READ_TOO_OLD;
	return MMS_READABLE;
}

struct mms_freshness
mms_freshness_judge(const struct mms_config *config, const struct mms_read_facts *facts,
		    int64_t now_ms)
{
	struct mms_freshness out = { .readable = judge_readable(config, facts, now_ms) };
	int64_t fresh_ms = mms_freshness_minutes(config, facts->interval_minutes) * MINUTE_MS;

	out.is_fresh = out.readable == MMS_READABLE && distance(facts, now_ms) <= fresh_ms;
	return out;
}

const char *
mms_readable_name(enum mms_readable readable)
{
	switch (readable) {
	case MMS_READABLE:
		return "readable";
	case MMS_NEVER_READ:
		return "never_read";
	case MMS_NEEDS_REAUTH:
		return "needs_reauth";
	case MMS_READ_TOO_OLD:
		return "too_old";
	}
	return "unknown";
}
