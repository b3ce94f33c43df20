/* When an integration's turn comes (see the header). */
#include "mmsync/due.h"

const char *
mms_due_name(enum mms_due due)
{
	switch (due) {
	case MMS_DUE_NOW:
		return "now";
	case MMS_DUE_LATER:
		return "later";
	case MMS_DUE_WAITING:
		return "waiting";
	case MMS_DUE_CIRCUIT:
		return "circuit";
	case MMS_DUE_INACTIVE:
		return "inactive";
	case MMS_DUE_MANUAL:
		return "manual";
	}
	return "unknown";
}

int64_t
mms_due_wait_ms(const struct mms_cursor *cursor, int64_t now_ms)
{
	int64_t wait_ms = cursor->wait_until_ms;

	if (wait_ms == MMS_NO_TIME || wait_ms <= now_ms || wait_ms > now_ms + MMS_WAIT_MOST_MS)
		return MMS_NO_TIME;
	return wait_ms;
}

enum mms_due
mms_due_find(const struct mms_source *source, int64_t now_ms, int64_t *at_ms)
{
	const struct mms_integration *in = &source->integration;
	const struct mms_cursor *c = &source->cursor;
	int64_t last_ms = c->id != 0 ? c->last_attempt_ms : MMS_NO_TIME;
	int64_t due_ms = mms_integration_due_ms(in, last_ms, now_ms);

	*at_ms = MMS_NO_TIME;
	if (!in->is_active)
		return MMS_DUE_INACTIVE;
	if (!in->is_auto)
		return MMS_DUE_MANUAL;
	/* What a worker died over, or somebody wanted while another had it, is gone on with at once. */
	if (c->id != 0 && (c->is_abandoned || c->is_asked_for))
		due_ms = now_ms;
	int64_t wait_ms = c->id != 0 ? mms_due_wait_ms(c, now_ms) : MMS_NO_TIME;
	if (wait_ms != MMS_NO_TIME) {
		*at_ms = wait_ms > due_ms ? wait_ms : due_ms;
		return MMS_DUE_WAITING;
	}
	*at_ms = due_ms > now_ms ? due_ms : now_ms;
	if (c->id != 0 && mms_circuit_at(&c->circuit, *at_ms) == MMS_CIRCUIT_OPEN) {
		*at_ms = c->circuit.until_ms;
		return due_ms > now_ms ? MMS_DUE_LATER : MMS_DUE_CIRCUIT;
	}
	return due_ms > now_ms ? MMS_DUE_LATER : MMS_DUE_NOW;
}
