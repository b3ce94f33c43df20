/*
 * Bookings brought to the outside calendars now: planned and put down first, in milliseconds; then done, as
 * far as nobody else has the calendars' leases.
 *
 * Layer: sync.
 */
#ifndef MMSYNC_PUSH_H
#define MMSYNC_PUSH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/sync.h"

struct mms_push_options {
	const char *const *bookings;
	size_t n_bookings;
	bool is_pending; /* work off whatever waits in the outbox */
	bool is_dry;     /* only say what would be done           */
	int64_t deadline_mono_ms;
};

/* One event of a booking. */
struct mms_push_event {
	char *integration, *event, *external_id; /* owned; event and id may be NULL */
	unsigned char uuid[16];
	uint64_t cursor_id;
	const char
		*action; /* static: "created", "updated", "deleted", "unchanged", "planned" */
	bool is_waiting; /* in the outbox, for somebody who has the lease, or for a later run */
	const char *why; /* static: of what is planned                                       */
	struct mms_err
		err; /* code OK: none                                                    */
};

struct mms_push_booking {
	char *name;         /* owned */
	const char *status; /* static: "success", "failed", "queued", "skipped" */
	const char *why;    /* static: why it was skipped; else NULL            */
	struct mms_push_event *events;
	size_t n_events, cap_events;
};

/* All zero is empty. */
struct mms_push_report {
	struct mms_push_booking *bookings;
	size_t n, cap;
	struct mms_block_counts blocks; /* of the people of these bookings              */
	struct mms_troubles troubles;   /* with those; of bookings' events see there    */
	bool is_dry;
};
void mms_push_report_release(struct mms_push_report *report);

/*
 * Do it. The report is filled as far as it came, also when the result is not MMS_OK. Errors: USAGE
 * (nobody knows such a booking, with the nearest name), CONFIG (a restored copy of the site; the zone of
 * stored times is not settled), STOPPED, DB, NOMEM. What failed of single events is in the report.
 */
mms_rc mms_push_run(const struct mms_sync_env *env, const struct mms_push_options *options,
		    struct mms_push_report *report, struct mms_err *err) MMS_MUST_CHECK;

#endif
