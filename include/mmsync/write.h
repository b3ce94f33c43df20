/*
 * Writing to a calendar: what is sent, and what became of it.
 *
 * Layer: provider.
 */
#ifndef MMSYNC_WRITE_H
#define MMSYNC_WRITE_H

#include <stdbool.h>

#include "mmsync/config.h"
#include "mmsync/event.h"
#include "mmsync/meeting.h"

enum mms_write_kind { MMS_WRITE_CREATE, MMS_WRITE_CHANGE, MMS_WRITE_DELETE };

/*
 * One change of an event of ours. Everything is borrowed. CREATE sends all fields and the mark and
 * lets the service know the id beforehand (derived of mark.id); CHANGE sends only `fields`, the mark
 * where MMS_FIELD_MARK is one of them.
 */
struct mms_write {
	enum mms_write_kind kind;
	const char *
		external_id; /* CHANGE, DELETE: which; CREATE: NULL, it follows from the mark */
	const char *version; /* CHANGE, DELETE: only if it still has it; NULL: whatever it is */
	unsigned fields;     /* CHANGE                                                    */
	const struct mms_meeting
		*meeting; /* CREATE, CHANGE; NULL where the mark alone is written       */
	/* CHANGE with guests: how they stand at the service; those who stay keep their answers. */
	const struct mms_event *seen;
	bool has_guests; /* DELETE: we put guests on it, who are to hear of it */
	/*
	 * CREATE, CHANGE: only times and title are sent, and that it is private, busy and without
	 * reminders; nobody is mailed.
	 */
	bool is_busy_block;
	struct mms_mark mark;
	enum mms_send_updates notify;
};

/*
 * What became of one write. err.code says what to do next:
 *   OK        done; of DELETE also where it was gone already, which event.is_gone then says
 *   CONFLICT  CREATE: the id exists, so it was made before: look at it; CHANGE, DELETE: it is not
 *             of this version any more: look at it
 *   GONE      CHANGE: it does not exist any more
 *   ITEM      refused for good
 *   RETRY, WAIT, AUTH, STOPPED, NOMEM   as ever; of RETRY the write may have been done all the same
 */
struct mms_write_result {
	struct mms_err err;
	struct mms_event
		event; /* of a CREATE or CHANGE that is done: as the service has it now; is_gone: above */
};
void mms_write_result_release(struct mms_write_result *result);

#endif
