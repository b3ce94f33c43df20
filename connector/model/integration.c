/* What a calendar integration's fields mean (see the header). */
#include "mmsync/integration.h"

#include "mmsync/mem.h"

/* The DocType's default where a row holds nothing useful. */
#define DEFAULT_INTERVAL_MINUTES 15
#define MOST_GRACE_MS            30000

void
mms_integration_release(struct mms_integration *integration)
{
	if (integration == NULL)
		return;
	mms_free(integration->name);
	mms_free(integration->title);
	mms_free(integration->user);
	mms_free(integration->type);
	mms_free(integration->calendar_id);
	mms_free(integration->ical_url);
	mms_free(integration->direction);
	mms_free(integration->status);
	mms_free(integration->owner);
	*integration = (struct mms_integration){ 0 };
}

/* Days of a window are bounded as the DocType bounds them, whatever the row says. */
static int64_t
clamp(int64_t n, int64_t low, int64_t high)
{
	return n < low ? low : n > high ? high : n;
}

void
mms_integration_window(const struct mms_integration *integration, int64_t now_ms,
		       int64_t *from_ms, int64_t *to_ms)
{
	*from_ms = now_ms - clamp(integration->past_days, 0, 365) * MMS_DAY_MS;
	*to_ms = now_ms + clamp(integration->future_days, 1, 730) * MMS_DAY_MS;
}

int64_t
mms_integration_due_ms(const struct mms_integration *integration, int64_t last_attempt_ms,
		       int64_t now_ms)
{
	int64_t minutes = integration->interval_minutes > 0 ? integration->interval_minutes
							    : DEFAULT_INTERVAL_MINUTES;
	int64_t interval_ms = minutes * 60000;
	int64_t grace_ms = interval_ms / 10 < MOST_GRACE_MS ? interval_ms / 10 : MOST_GRACE_MS;

	if (last_attempt_ms == MMS_NO_TIME || last_attempt_ms > now_ms)
		return now_ms; /* never, or the clock went back */
	return last_attempt_ms + interval_ms - grace_ms;
}

bool
mms_integration_is_due(const struct mms_integration *integration, int64_t last_attempt_ms,
		       int64_t now_ms)
{
	return now_ms >= mms_integration_due_ms(integration, last_attempt_ms, now_ms);
}
