/*
 * Which events of an integration are instances of which series: needed only when a service tells of
 * a series as a whole.
 *
 * Layer: store.
 */
#ifndef MMSYNC_INSTANCES_H
#define MMSYNC_INSTANCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/db.h"
#include "mmsync/digest.h"
#include "mmsync/err.h"
#include "mmsync/event_row.h"

struct mms_instance {
	unsigned char series[MMS_PRINT_BYTES]; /* as mms_row_key() of the series' id */
	unsigned char key[MMS_PRINT_BYTES];    /* the event's                        */
};
/* All zero is empty. */
struct mms_instances {
	struct mms_instance *items;
	size_t n, cap;
	size_t n_sorted; /* the first so many are in order; the others were added after them */
	bool is_loaded;
};
void mms_instances_release(struct mms_instances *instances);

/* Add those of an integration that are stored and not deleted. One statement; once. */
mms_rc mms_instances_load(struct mms_db *db, uint64_t cursor_id, struct mms_instances *out,
			  struct mms_err *err) MMS_MUST_CHECK;
/* Add one that is about to be stored. */
mms_rc mms_instances_add(struct mms_instances *instances, const struct mms_instance *instance,
			 struct mms_err *err) MMS_MUST_CHECK;

/*
 * The next instance of a series from *at on (0: the first); NULL: no more. The same one may come
 * twice. Borrows: until the next load or add.
 */
const struct mms_instance *
mms_instances_next(const struct mms_instances *instances,
		   const unsigned char series[MMS_PRINT_BYTES], size_t *at);

#endif
