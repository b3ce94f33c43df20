/* What may be broken of a site of support/mend_site.h, and the remedy of each. */
#ifndef SUPPORT_MEND_ROWS_H
#define SUPPORT_MEND_ROWS_H

#include "support/mend_site.h"

#define CURSOR(name) "SELECT id FROM mmsync_cursor WHERE name = '" name "'"
#define TEAM         CURSOR("team")
#define TEAM_EVENT                                              \
	"FROM mmsync_event_state WHERE integration_id = (" TEAM \
	") AND type = 1 ORDER BY external_id LIMIT 1"
#define A_BLOCK "FROM mmsync_busy_block ORDER BY id DESC LIMIT 1"
#define B1_ANN                                                                         \
	"FROM mmsync_event_state WHERE type = 2 AND booking = 'B1' AND integration_id" \
	" = (" CURSOR("work") ")"
#define ROWS     "`tabMM Calendar Event Sync`"
#define BOOKINGS "`tabMM Meeting Booking`"
/* Of the event that a block comes from. */
#define OF_BLOCK(what)                                                                 \
	"SELECT " what " FROM mmsync_event_state s JOIN mmsync_busy_block b ON s.uuid" \
	" = b.source_uuid WHERE b.print = REPEAT('x', 16)"

struct mend_row {
	const char *label;
	struct mend_about about;
	const char *broken; /* SQL that breaks it */
	const char *wrong;  /* how many are; 0 on a site that is whole, 0 again in the end */
	bool needs_sync;    /* only then */
	const char *rule;   /* of audit that finds it; NULL: none does */
};
const struct mend_row *mend_rows(size_t *n);

/* Break it; it must be whole before, and broken then. */
void mend_row_break(struct mend_site *m, const struct mend_row *row);
void mend_row_expect_right(struct mend_site *m, const struct mend_row *row, const char *when);

/* Done by a mender of its own: what it answers; did. */
bool mend_row_apply(struct mend_site *m, const struct mms_mend *mend, mms_rc *rc,
		    struct mms_err *err);
/* It must go well. */
bool mend_row_apply_well(struct mend_site *m, const struct mend_row *row,
			 const struct mms_mend *mend);

#endif
