/*
 * What the operator asks of a whole site: every integration with its cursor, lease, circuit and
 * counters, its live events, dead letters and waiting changes, and the sums over the site. Read
 * in a fixed number of statements however many integrations there are; it takes no locks and
 * writes nothing.
 *
 * Layer: store.
 */
#ifndef MMSYNC_OVERVIEW_H
#define MMSYNC_OVERVIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/circuits.h"
#include "mmsync/cursors.h"
#include "mmsync/err.h"
#include "mmsync/runs.h"

/* A change that is announced and not settled after so long is stuck, ms. */
#define MMS_STUCK_MS (INT64_C(10) * 60 * 1000)
/* What a recent run is, ms. */
#define MMS_RECENT_MS (INT64_C(60) * 60 * 1000)
/* A calendar that showed events within this is suddenly empty, ms. */
#define MMS_EMPTY_MS (INT64_C(7) * 24 * 60 * 60 * 1000)

/* Counters of all turns of an integration, ever; the names are those of the cursor's columns. */
struct mms_totals {
	int64_t runs_good, runs_bad, run_ms, requests, retries;
	int64_t events_created, events_updated, events_deleted, events_failed;
};

/* One integration. All zero is one of which nothing is known. */
struct mms_overview_item {
	const struct mms_source *source; /* borrowed of the overview                      */
	int64_t as_of_ms;                /* last good read; MMS_NO_TIME: none             */
	int64_t created_ms;              /* when Frappe made the document; MMS_NO_TIME    */
	char *error;                     /* owned: first line of its Sync Error Log; NULL */

	enum mms_circuit circuit;
	int64_t circuit_until_ms; /* MMS_NO_TIME: not said                                */
	bool needs_reauth;

	char *holder;           /* owned: who has the lease; NULL: nobody                 */
	int64_t lease_until_ms; /* of the database's clock                                */

	int64_t last_seen_ms; /* last good read that showed an event; MMS_NO_TIME         */
	/* Where it has shown none since, for less than MMS_EMPTY_MS: when the last of its
	 * events ended, wall time in us; MMS_NO_TIME: not known */
	int64_t last_end_us;
	struct mms_totals totals;

	/* The newest row of mmsync_run: "" where there is none. */
	char run_mode[17], run_status[17], run_error[33];
	int64_t run_started_ms;
	struct mms_block_counts run_blocks;

	int64_t live_events, failed_events; /* rows not deleted, of them Sync Failed      */
	int64_t wrong_events;               /* live rows that do not end after they begin */
	int64_t open_letters, given_up_letters, quarantined;
	int64_t waiting, oldest_waiting_ms; /* changes in the outbox; MMS_NO_TIME         */
	int64_t stuck;                      /* `creating` for MMS_STUCK_MS                */
};

/* Which states are counted apart: enum mms_state_type, and who made the event. */
#define MMS_OVERVIEW_TYPES 3

struct mms_overview {
	struct mms_sources sources;
	struct mms_overview_item *items; /* owned: one for each source, in its order       */
	size_t n;
	int64_t now_ms;         /* what "recent" and "stuck" were counted from             */
	int64_t schema_version; /* number of the newest migration                          */

	/* Of services and hosts of feeds, where one of their integrations fails. */
	struct mms_circuits circuits;

	/* Events tracked, not deleted: [type - 1][1: we made it outside]. */
	int64_t tracked[MMS_OVERVIEW_TYPES][2];
	int64_t new_events;              /* rows made in the last 24 hours                */
	int64_t recent_runs, recent_bad; /* turns that began in the last MMS_RECENT_MS    */
	int64_t open_letters, given_up_letters;
	int64_t quarantined;                /* busy blocks that are left alone             */
	int64_t waiting, oldest_waiting_ms; /* the outbox; MMS_NO_TIME                     */
	int64_t stuck;

	/* What stands there without an integration: live rows; states, letters and changes. */
	int64_t orphan_events, orphan_states;
};
void mms_overview_release(struct mms_overview *overview);

/* What is read beside integrations, cursors, live events, letters and the outbox. */
enum mms_overview_part {
	MMS_OVERVIEW_STATES =
		1 << 0,             /* tracked, stuck, orphan_states: a pass over the states */
	MMS_OVERVIEW_RUNS = 1 << 1, /* recent_runs, recent_bad, last_end_us                  */
	MMS_OVERVIEW_NEW = 1 << 2,  /* new_events                                            */
};

/*
 * Read all of it as it is at now_ms (Unix ms). site_zone is the name of the site's time zone, in
 * which Frappe's own columns stand; one that does not exist is read as UTC. parts: OR of enum
 * mms_overview_part. Seven statements, one more where an integration is new or renamed, one where
 * one fails, and one for each part. Errors: RETRY, DB, NOMEM, CONFIG (no tz database).
 */
mms_rc
mms_overview_load(struct mms_db *db, const char *site_zone, int64_t now_ms, unsigned parts,
		  struct mms_overview *out, struct mms_err *err) MMS_MUST_CHECK;

#endif
