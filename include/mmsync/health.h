/*
 * Is it well? The alerts of an operator: what is known of a site is judged by a pure function,
 * one rule after the other; each reason has a code that stays, a sentence and what to do.
 * docs/monitoring.md has a row on each code.
 *
 * Layer: audit.
 */
#ifndef MMSYNC_HEALTH_H
#define MMSYNC_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/clock.h"
#include "mmsync/config.h"
#include "mmsync/err.h"
#include "mmsync/overview.h"
#include "mmsync/settings.h"
#include "mmsync/site.h"
#include "mmsync/sync.h"

/* How bad a reason is, and the whole: the worst of its reasons. A note leaves it healthy. */
enum mms_health_level { MMS_HEALTH_NOTE, MMS_HEALTH_DEGRADED, MMS_HEALTH_CRITICAL };
#define MMS_HEALTH_LEVELS 3
/* Of a reason: "note", "degraded", "critical"; of the whole: "healthy", ... Static. */
const char *mms_health_severity_name(enum mms_health_level level);
const char *mms_health_status_name(enum mms_health_level level);

/* Where the alerts begin: each holds when the number is passed, not when it is reached. */
#define MMS_HEALTH_STUCK_MAX     5 /* events announced and not settled for ten minutes  */
#define MMS_HEALTH_OUTBOX_MAX_MS (INT64_C(15) * 60 * 1000)
#define MMS_HEALTH_BAD_PERCENT   10 /* of the last hour's runs       */

struct mms_health_reason {
	const char *code; /* static: "calendar_stale"                                    */
	enum mms_health_level severity;
	char *integration; /* owned; NULL: it is about the site                          */
	char *message;     /* owned: a sentence without a full stop                      */
	char *hint;        /* owned: what to do, often a command                         */
	size_t number;     /* in the order in which they were found                      */
};

/* What was looked at. An active calendar is fresh, stale, unreadable or new. */
struct mms_health_counts {
	int64_t integrations, active, fresh, stale, unreadable, recently_made;
	int64_t failing; /* active ones whose last turn failed, or unreadable            */
	int64_t events, waiting, stuck, open_letters, given_up_letters, quarantined;
	int64_t recent_runs, recent_bad;
};

/* All zero is healthy, with nothing looked at. */
struct mms_health {
	enum mms_health_level status;
	struct mms_health_reason *reasons; /* owned; the worst first                      */
	size_t n, cap;
	struct mms_health_counts counts;
	mms_rc failure; /* why it could not be looked at: CONFIG, DB; MMS_OK: it could   */
};
void mms_health_release(struct mms_health *health);

/* What is judged; everything is borrowed. */
struct mms_health_facts {
	const struct mms_config *config;
	const struct mms_overview *overview; /* with MMS_OVERVIEW_STATES and _RUNS        */
	int64_t now_ms;
	bool is_in_maintenance, is_scheduler_off;
	const char *site_name; /* what bench calls it, borrowed */
};

/* Judge it: reasons are added to what is in *health already. Pure. Errors: NOMEM. */
mms_rc mms_health_judge(const struct mms_health_facts *facts, struct mms_health *health,
			struct mms_err *err) MMS_MUST_CHECK;

/* One more reason; texts may hold a failure. integration NULL: it is about the site. Errors: NOMEM. */
mms_rc
mms_health_add(struct mms_health *health, const char *code, enum mms_health_level severity,
	       const char *integration, const struct mms_str *hint,
	       const struct mms_str *message, struct mms_err *err) MMS_MUST_CHECK;
/* The worst first. */
void mms_health_sort(struct mms_health *health);
/*
 * What audit's cheap consistency rules find, as one reason: critical where no repair mends an error, else degraded; of
 * warnings that nobody need mend a note. Errors: as mms_flaws_find().
 */
mms_rc mms_health_look_for_flaws(const struct mms_sync_env *env, struct mms_health *health,
				 struct mms_err *err) MMS_MUST_CHECK;

/* An error as a critical reason: its text is the message. Errors: NOMEM. */
mms_rc mms_health_add_err(struct mms_health *health, const char *code,
			  const struct mms_err *what, struct mms_err *err) MMS_MUST_CHECK;

/*
 * Read the overview of a site whose schema is right, and judge it. parts: what metrics asks
 * beside; states and runs are read in any case. Errors: as mms_overview_load().
 */
mms_rc mms_health_read(struct mms_db *db, const struct mms_site *site,
		       const struct mms_settings *settings, int64_t now_ms, unsigned parts,
		       struct mms_overview *overview, struct mms_health *health,
		       struct mms_err *err) MMS_MUST_CHECK;

/*
 * Look at a site's database and judge it. What makes it unusable (another schema, a connection
 * that is lost) is a reason of its own, and `failure` says so. Writes nothing.
 * Errors: NOMEM.
 */
mms_rc mms_health_look(struct mms_db *db, const struct mms_site *site, int64_t now_ms,
		       struct mms_health *health, struct mms_err *err) MMS_MUST_CHECK;

/* Is this a calendar that was made so lately that its first read may still come? */
bool mms_health_is_new(const struct mms_config *config, const struct mms_overview_item *item,
		       int64_t now_ms);

/*
 * One line for a monitoring program: "mmsync degraded: calendar_stale 2 | active=40 fresh=38
 * ...", with how often each code is there and the counts behind a bar.
 */
void mms_health_add_line(struct mms_str *out, const struct mms_health *health);

#endif
