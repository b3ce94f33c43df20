/*
 * How far what is known of a calendar may be believed: fresh, stale, or so little that nobody can
 * say whether its owner is free. Pure; who asks has read the facts.
 *
 * Layer: model.
 */
#ifndef MMSYNC_FRESHNESS_H
#define MMSYNC_FRESHNESS_H

#include <stdbool.h>
#include <stdint.h>

#include "mmsync/config.h"

/* What is known of the reads of one calendar. */
struct mms_read_facts {
	int64_t as_of_ms;         /* last good read, Unix ms; MMS_NO_TIME: none        */
	int64_t interval_minutes; /* of its scheduled syncs; below 1: not known        */
	bool needs_reauth;        /* the service refused the tokens that are stored    */
};

enum mms_readable {
	MMS_READABLE,     /* what is known of it counts                           */
	MMS_NEVER_READ,   /* nothing is known                                     */
	MMS_NEEDS_REAUTH, /* a person must sign in anew before it is read again   */
	MMS_READ_TOO_OLD, /* no good read for unreadable_after_hours and 1.1 intervals, or one
			     as far in the future                                  */
};

struct mms_freshness {
	bool is_fresh; /* read within stale_after_minutes; never when unreadable */
	enum mms_readable readable;
};

/* Minutes after which a calendar is stale: the setting, else the larger of 60 and three intervals. */
int64_t mms_freshness_minutes(const struct mms_config *config, int64_t interval_minutes);

/*
 * The judgement at an instant, Unix ms. A read in the future (a clock that was wrong, another
 * zone's last_sync) is judged by its distance, as one in the past.
 */
struct mms_freshness mms_freshness_judge(const struct mms_config *config,
					 const struct mms_read_facts *facts, int64_t now_ms);

/* For people and for JSON: "readable", "never_read", "needs_reauth", "too_old". Static. */
const char *mms_readable_name(enum mms_readable readable);

#endif
