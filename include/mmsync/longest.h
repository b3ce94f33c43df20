/*
 * How long the events of one calendar are: who asks what overlaps a time looks at the starts that
 * are not further back than its longest event. One event of a year among thousands of an hour
 * would make that a look at all of them, so the few longest are kept apart, by id and time, and
 * the bound is that of the others.
 *
 * Everything is wall time as the rows hold it: a difference of wall times bounds wall times,
 * whatever the clocks do.
 *
 * Layer: model.
 */
#ifndef MMSYNC_LONGEST_H
#define MMSYNC_LONGEST_H

#include <stddef.h>
#include <stdint.h>

#include "mmsync/err.h"
#include "mmsync/str.h"

/* How many are kept apart at most; what is not longer than a day never is. */
#define MMS_LONGEST_APART    64
#define MMS_LONGEST_SHORT_US INT64_C(86400000000)

/* One that is kept apart: where it stood when it was noted. */
struct mms_long_event {
	char *external_id; /* owned; as the row holds it */
	int64_t start_us, end_us;
};

/* All zero is empty: no event. */
struct mms_longest {
	int64_t bound_us; /* no event is longer, but for those apart */
	struct mms_long_event apart[MMS_LONGEST_APART];
	size_t n_apart;
};
void mms_longest_release(struct mms_longest *longest);

/*
 * There is an event of this id at this time. What was noted of it before stays: the row may yet
 * be where it was. Without an id (NULL) it cannot be kept apart. An end that is not after its
 * start is no length. Errors: NOMEM.
 */
mms_rc mms_longest_note(struct mms_longest *longest, const char *external_id, int64_t start_us,
			int64_t end_us, struct mms_err *err) MMS_MUST_CHECK;

/* Those that are apart, as JSON: [[start_us, end_us, "id"], ...]. */
mms_rc mms_longest_write(const struct mms_longest *longest, struct mms_str *out,
			 struct mms_err *err) MMS_MUST_CHECK;

/*
 * What mms_longest_write() wrote, added to an empty list; the bound is the caller's. Errors: ITEM
 * (it is nothing of the kind: then there is no bound), NOMEM.
 */
mms_rc mms_longest_read(struct mms_longest *longest, const char *text, size_t len,
			struct mms_err *err) MMS_MUST_CHECK;

#endif
