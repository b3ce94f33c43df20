/*
 * A row of MM Calendar Integration: a person's connection to one calendar.
 *
 * Layer: model.
 */
#ifndef MMSYNC_INTEGRATION_H
#define MMSYNC_INTEGRATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/timetext.h"

/* Its own word on busy blocks (Custom Field mmsync_busy_blocks: empty, "On", "Off"). */
enum mms_blocks_choice { MMS_BLOCKS_AS_SITE, MMS_BLOCKS_ON, MMS_BLOCKS_OFF };

/* All zero is empty; texts are owned, NULL where the column is NULL. */
struct mms_integration {
	char *name;  /* the document's name               */
	char *title; /* integration_name                  */
	char *user;
	char *type; /* "Google Calendar", "Outlook Calendar", "iCal" */
	char *calendar_id, *ical_url;
	char *direction; /* "One-way (Read Only)", "Two-way (Read & Write)" */
	char *status;    /* sync_status                                     */
	char *owner;
	int64_t creation_us; /* site wall time; with owner it outlives a rename */
	bool is_active, is_primary, is_auto;
	int64_t past_days, future_days, interval_minutes;
	enum mms_blocks_choice blocks;
};
void mms_integration_release(struct mms_integration *integration);

/* The window of a listing at an instant, Unix ms: [now - past_days, now + future_days]. */
void mms_integration_window(const struct mms_integration *integration, int64_t now_ms,
			    int64_t *from_ms, int64_t *to_ms);

/*
 * Is a scheduled run due? last_attempt_ms is the start of the last turn (MMS_NO_TIME: never).
 * A tenth of the interval, at most 30 s, is forgiven, so that a timer of the same period does
 * not miss every second turn.
 */
bool mms_integration_is_due(const struct mms_integration *integration, int64_t last_attempt_ms,
			    int64_t now_ms);
/* From when on it is, Unix ms; now_ms where there was no turn yet, or one in the future. */
int64_t mms_integration_due_ms(const struct mms_integration *integration,
			       int64_t last_attempt_ms, int64_t now_ms);

#endif
