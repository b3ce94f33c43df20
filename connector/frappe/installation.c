/* Which installation a database belongs to: bound once, known again in a copy. */
#include "mmsync/schema.h"

#include <string.h>

#include "mmsync/mem.h"
#include "mmsync/uuid.h"
#include "schema_parts.h"

void
mms_installation_release(struct mms_installation *installation)
{
	if (installation == NULL)
		return;
	mms_free(installation->bound_database);
	mms_free(installation->bound_dir);
	*installation = (struct mms_installation){ 0 };
}

static mms_rc
read_row(struct mms_db *db, struct mms_installation *out, bool *is_bound, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_INSTALLATION, NULL, err);

	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	if (rc != MMS_OK)
		return rc;
	*is_bound = row != NULL;
	if (row == NULL)
		return MMS_OK;
	if (row[0].len >= sizeof out->site_uuid)
		return mms_fail(err, MMS_E_DB, "mmsync_installation.site_uuid is not a UUID");
	memcpy(out->site_uuid, row[0].ptr, row[0].len + 1);
	out->bound_database = mms_text_copy_n(row[1].ptr, row[1].len);
	out->bound_dir = mms_text_copy_n(row[2].ptr, row[2].len);
	if (out->bound_database == NULL || out->bound_dir == NULL)
		return mms_fail_nomem(err);
	return MMS_OK;
}

mms_rc
mms_installation_load(struct mms_db *db, const struct mms_site *site,
		      struct mms_installation *out, struct mms_err *err)
{
	MMS_AUTO(mms_installation) read = { 0 };
	bool is_bound = false;
	mms_rc rc = read_row(db, &read, &is_bound, err);

	if (rc != MMS_OK)
		return rc;
	if (!is_bound) {
		mms_fail(err, MMS_E_DB, "the database is not bound to a site yet");
		return mms_hint(err, "run: mmsync --site %s schema apply", site->dir);
	}
	if (read.bound_database == NULL || read.bound_dir == NULL)
		return mms_fail(err, MMS_E_BUG, "an installation that is bound to nothing");
	read.is_elsewhere = strcmp(read.bound_database, site->db.database) != 0 ||
			    strcmp(read.bound_dir, site->dir) != 0;
	*out = read;
	read = (struct mms_installation){ 0 };
	return MMS_OK;
}

static mms_rc
check_place(const struct mms_site *site, struct mms_err *err)
{
	/* The widths of bound_dir and bound_database. */
	if (strlen(site->dir) > 1000 || strlen(site->db.database) > 64)
		return mms_fail(err, MMS_E_CONFIG,
				"the path of the site folder is longer than 1000 bytes");
	return MMS_OK;
}

mms_rc
mms_installation_bind(struct mms_db *db, const struct mms_site *site, int64_t now_ms,
		      struct mms_err *err)
{
	unsigned char uuid[MMS_UUID_BYTES];
	char text[MMS_UUID_TEXT];

	mms_rc rc = check_place(site, err);
	if (rc == MMS_OK)
		rc = mms_uuid_new(now_ms, uuid, err);
	if (rc != MMS_OK)
		return rc;
	struct mms_value in[] = {
		mms_v_text(mms_uuid_print(uuid, text)),
		mms_v_text(site->db.database),
		mms_v_text(site->dir),
		mms_v_i64(now_ms),
	};
	return mms_db_run(db, MMS_STMT_INSTALLATION_ADD, in, NULL, err);
}

/* In small transactions, so that no lock is held for long; again from the start is harmless. */
static mms_rc
run_until_done(struct mms_db *db, enum mms_stmt stmt, struct mms_err *err)
{
	uint64_t affected = 1;
	mms_rc rc = MMS_OK;

	while (rc == MMS_OK && affected > 0)
		rc = mms_db_run(db, stmt, NULL, &affected, err);
	return rc;
}

/*
 * What the original made outside is another installation's from now on. The binding is last:
 * until then the copy writes nothing outside, and adopt may be run again.
 */
static mms_rc
forget_original(struct mms_db *db, struct mms_err *err)
{
	mms_rc rc = run_until_done(db, MMS_STMT_COPY_FORGET_OUTBOX, err);

	if (rc == MMS_OK)
		rc = run_until_done(db, MMS_STMT_COPY_DISOWN_EVENTS, err);
	if (rc == MMS_OK)
		rc = mms_db_run(db, MMS_STMT_COPY_FORGET_CURSORS, NULL, NULL, err);
	return rc;
}

mms_rc
mms_installation_adopt(struct mms_db *db, const struct mms_site *site, enum mms_adopt how,
		       int64_t now_ms, struct mms_err *err)
{
	MMS_AUTO(mms_installation) old = { 0 };
	unsigned char uuid[MMS_UUID_BYTES];
	char text[MMS_UUID_TEXT];

	mms_rc rc = check_place(site, err);
	if (rc == MMS_OK)
		rc = mms_installation_load(db, site, &old, err);
	if (rc == MMS_OK && how == MMS_ADOPT_COPY)
		rc = forget_original(db, err);
	if (rc == MMS_OK)
		rc = mms_uuid_new(now_ms, uuid, err);
	if (rc != MMS_OK)
		return rc;
	struct mms_value in[] = {
		mms_v_text(how == MMS_ADOPT_COPY ? mms_uuid_print(uuid, text) : old.site_uuid),
		mms_v_text(site->db.database),
		mms_v_text(site->dir),
		mms_v_i64(now_ms),
	};
	return mms_db_run(db, MMS_STMT_INSTALLATION_SET, in, NULL, err);
}
