/* What the files of mmsync/migrate.h share. Private to them. */
#ifndef SYNC_MIGRATE_PARTS_H
#define SYNC_MIGRATE_PARTS_H

#include "mmsync/migrate.h"
#include "mmsync/old_blocks.h"
#include "outward_kit.h"

/* One that is sure. Borrowed but for the source. */
struct mms_migrate_sure {
	const struct mms_old_block *old;
	size_t item; /* in the report */
	struct mms_source *source;
	struct mms_old_source of;
	uint64_t of_cursor;
	unsigned char uuid[16]; /* that it will have */
};

struct mms_migration {
	struct mms_outward_kit kit;
	const struct mms_migrate_options *options;
	struct mms_migrate_report *report;
	struct mms_old_blocks old;
	struct mms_migrate_sure *sures; /* owned, by calendar */
	size_t n_sures, n_done, n_held;
};

/* migrate_find.c: what there is goes into the report, what is sure of it into sures; nothing is written. */
mms_rc mms_migrate_find(struct mms_migration *m, struct mms_err *err) MMS_MUST_CHECK;

/* migrate.c: does it end the work, or only that at one calendar (HELD) or block? */
bool mms_migrate_is_end(mms_rc rc);
/* migrate.c: this one failed, and others for the same reason. */
void mms_migrate_fail(struct mms_migrated *item, const struct mms_err *why);

#endif
