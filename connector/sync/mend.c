/* Remedies, done (see the header): who does them, in which transactions, and those of single rows. */
#include "mmsync/mend.h"

#include <inttypes.h>

#include "errand.h"
#include "mend_parts.h"
#include "mmsync/fault.h"
#include "mmsync/mem.h"
#include "mmsync/series.h"
#include "mmsync/uuid.h"

void
mms_mender_free(struct mms_mender *m)
{
	if (m == NULL)
		return;
	mms_block_people_release(&m->people);
	mms_outward_kit_release(&m->kit);
	mms_free(m);
}

mms_rc
mms_mender_new(struct mms_mender **out, const struct mms_sync_env *env,
	       int64_t deadline_mono_ms, struct mms_err *err)
{
	const struct mms_sync_options options = { .deadline_mono_ms = deadline_mono_ms };
	struct mms_mender *m = mms_alloc(sizeof *m);

	if (m == NULL)
		return mms_fail_nomem(err);
	mms_rc rc = mms_outward_kit_begin(&m->kit, env, &options, err);
	if (rc == MMS_OK)
		rc = mms_outward_kit_connect(&m->kit, err);
	if (rc != MMS_OK) {
		mms_mender_free(m);
		return rc;
	}
	*out = m;
	return MMS_OK;
}

struct mms_source *
mms_mender_source(struct mms_mender *m, uint64_t cursor_id)
{
	for (size_t i = 0; cursor_id != 0 && i < m->kit.sources.n; i++) {
		if (m->kit.sources.items[i].cursor.id == cursor_id)
			return &m->kit.sources.items[i];
	}
	return NULL;
}

mms_rc
mms_mender_whom(struct mms_mender *m, uint64_t cursor_id, struct mms_block_whom **out,
		struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	*out = NULL;
	if (!m->has_people)
		rc = mms_block_people_make(&m->kit.o, &m->kit.sources, &m->people, err);
	m->has_people = rc == MMS_OK;
	for (size_t i = 0; rc == MMS_OK && i < m->people.n; i++) {
		for (size_t k = 0; k < m->people.items[i].n; k++) {
			if (m->people.items[i].cursors[k] == cursor_id)
				*out = &m->people.items[i];
		}
	}
	return rc;
}

/* ---- transactions ------------------------------------------------------------------------------ */

mms_rc
mms_mending_connect(struct mms_mending *x, struct mms_err *err)
{
	return x->lent.db != NULL ? MMS_OK
				  : mms_pool_lend(x->m->kit.worker.env->pool, &x->lent, err);
}

void
mms_mending_let_go(struct mms_mending *x)
{
	mms_lent_release(&x->lent);
}

static mms_rc
try_once(struct mms_mending *x, mms_lease_body *body, struct mms_err *err)
{
	MMS_AUTO(mms_tx) tx = { 0 };
	bool did = x->did;

	mms_rc rc = mms_mending_connect(x, err);
	if (rc == MMS_OK)
		rc = mms_tx_begin(&tx, x->lent.db, err);
	if (rc == MMS_OK)
		rc = body(&tx, x, err);
	if (rc == MMS_OK)
		rc = mms_tx_commit(&tx, err);
	/* One that may have happened is found done by the next try, which then writes nothing. */
	if (rc == MMS_OK || tx.is_in_doubt)
		x->did = x->did || did;
	else
		x->did = did;
	return rc;
}

mms_rc
mms_mending_run(struct mms_mending *x, mms_lease_body *body, struct mms_err *err)
{
	for (unsigned attempt = 0;; attempt++) {
		mms_rc rc = try_once(x, body, err);
		if (rc != MMS_E_RETRY || attempt + 1 >= MMS_MEND_TRIES)
			return rc;
		mms_err_release(err);
		rc = mms_worker_pause(&x->m->kit.worker, attempt, err);
		if (rc != MMS_OK)
			return rc;
	}
}

mms_rc
mms_mending_run_leased(struct mms_mending *x, uint64_t cursor_id, mms_lease_body *body,
		       struct mms_err *err)
{
	struct mms_source *source = mms_mender_source(x->m, cursor_id);
	struct mms_outward *o = &x->m->kit.o;
	struct mms_lease lease = { 0 };
	MMS_AUTO(mms_err) own = { 0 };

	mms_mending_let_go(x);
	if (source == NULL) /* nobody can have a lease of it */
		return mms_mending_run(x, body, err);
	mms_rc rc = mms_errand_claim(o, source, &lease, err);
	if (rc != MMS_OK)
		return rc;
	mms_fault_step();
	rc = mms_lease_tx_run(o->worker, &lease, body, x, err);
	mms_fault_step();
	if (rc == MMS_E_HELD)
		return rc;
	mms_rc given = mms_errand_leave(o, &lease, err, &own);
	if (rc == MMS_OK && given != MMS_OK)
		mms_err_move(err, &own);
	return rc == MMS_OK ? given : rc;
}

/* ---- rows that should not be there --------------------------------------------------------------- */

static struct mms_stray_row
stray_of(const struct mms_mend *mend)
{
	struct mms_stray_row row = { .kind = MMS_STRAY_BLOCK,
				     .id = mend->id,
				     .cursor_id = mend->cursor_id,
				     .uuid = mend->uuid,
				     .key = mend->key };

	if (mend->remedy == MMS_REMEDY_DROP_LETTER)
		row.kind = MMS_STRAY_LETTER;
	else if (mend->remedy == MMS_REMEDY_DROP_ENTRY)
		row.kind = MMS_STRAY_ENTRY;
	else if (mend->remedy == MMS_REMEDY_DROP_DUE)
		row.kind = MMS_STRAY_DUE;
	return row;
}

static mms_rc
write_drop(struct mms_tx *tx, void *aux, struct mms_err *err)
{
	struct mms_mending *x = aux;
	const struct mms_stray_row row = stray_of(x->mend);

	return mms_stray_drop(tx, &row, &x->did, err);
}

static mms_rc
drop_stray(struct mms_mending *x, struct mms_err *err)
{
	const struct mms_stray_row row = stray_of(x->mend);
	uint64_t cursor_id = 0;
	bool is_there = false;

	mms_rc rc = mms_stray_look(x->lent.db, &row, &is_there, &cursor_id, err);
	return rc == MMS_OK && is_there ? mms_mending_run_leased(x, cursor_id, write_drop, err)
					: rc;
}

/* ---- a calendar to be read in full --------------------------------------------------------------- */

static mms_rc
write_unread(struct mms_tx *tx, void *aux, struct mms_err *err)
{
	struct mms_mending *x = aux;

	return mms_mends_forget_read(tx, x->mend->cursor_id, &x->did, err);
}

static mms_rc
read_calendar(struct mms_mending *x, struct mms_err *err)
{
	bool is_read = false;

	mms_rc rc = mms_mends_is_read(x->lent.db, x->mend->cursor_id, &is_read, err);
	return rc == MMS_OK && is_read
		       ? mms_mending_run_leased(x, x->mend->cursor_id, write_unread, err)
		       : rc;
}

/* ---- a deleted row that blocks ------------------------------------------------------------------- */

static bool
is_to_be_freed(const struct mms_mends_row *row)
{
	bool is_gone = row->wanted == MMS_ROW_DELETED_EXTERNALLY ||
		       row->wanted == MMS_ROW_DELETED_LOCALLY;

	return row->is_there && is_gone && (row->is_blocking || row->wanted != row->status);
}

static mms_rc
write_free(struct mms_tx *tx, void *aux, struct mms_err *err)
{
	struct mms_mending *x = aux;
	const struct mms_outward *o = &x->m->kit.o;
	struct mms_mends_row row;

	/* As it is now: under the lease nobody but a person changes it. */
	mms_rc rc = mms_mends_row_look(tx->db, x->mend->row, &row, err);
	x->did = false;
	if (rc != MMS_OK || !is_to_be_freed(&row))
		return rc;
	rc = mms_mends_row_free(tx, x->mend->row, &row, o->worker->env->site->config.sync_user,
				mms_zone_to_wall(o->worker->site_zone, o->now_ms), err);
	x->did = rc == MMS_OK;
	return rc;
}

static mms_rc
free_row(struct mms_mending *x, struct mms_err *err)
{
	struct mms_mends_row row;

	mms_rc rc = mms_mends_row_look(x->lent.db, x->mend->row, &row, err);
	return rc == MMS_OK && is_to_be_freed(&row)
		       ? mms_mending_run_leased(x, row.cursor_id, write_free, err)
		       : rc;
}

/* ---- the counter of names ------------------------------------------------------------------------ */

static mms_rc
raise_counter(struct mms_mending *x, struct mms_err *err)
{
	return mms_series_raise(x->lent.db, &x->did, err);
}

/* ---- all of them --------------------------------------------------------------------------------- */

static mms_rc
leave_to_a_person(struct mms_mending *x, struct mms_err *err)
{
	mms_fail(err, MMS_E_ITEM, "this is for a person: %s", mms_remedy_help(x->mend->remedy));
	return x->mend->remedy == MMS_REMEDY_APPLY_SCHEMA
		       ? mms_hint(err, "mmsync schema apply --help tells what it locks")
		       : err->code;
}

/* What each needs of struct mms_mend. */
enum needs { OF_CURSOR = 1, OF_KEY = 2, OF_UUID = 4, OF_ID = 8, OF_BOOKING = 16, OF_ROW = 32 };

static const struct {
	mms_rc (*apply)(struct mms_mending *x, struct mms_err *err);
	unsigned needs;
	enum mms_mend_run run;
} executors[MMS_REMEDY_COUNT] = {
	[MMS_REMEDY_NONE] = { leave_to_a_person, 0, MMS_MEND_RUN_NONE },
	[MMS_REMEDY_PLAN_EVENT] = { mms_mend_plan_event, OF_CURSOR | OF_KEY,
				    MMS_MEND_RUN_SYNC },
	[MMS_REMEDY_PLAN_PERSON] = { mms_mend_plan_person, OF_CURSOR, MMS_MEND_RUN_SYNC },
	[MMS_REMEDY_REMOVE_BLOCK] = { mms_mend_remove_block, OF_UUID, MMS_MEND_RUN_SYNC },
	[MMS_REMEDY_FORGET_BLOCK] = { drop_stray, OF_UUID, MMS_MEND_RUN_NONE },
	[MMS_REMEDY_SEND_EVENT] = { mms_mend_send_event, OF_UUID, MMS_MEND_RUN_SYNC },
	[MMS_REMEDY_FORGET_STATE] = { mms_mend_forget_state, OF_CURSOR | OF_KEY,
				      MMS_MEND_RUN_SYNC },
	[MMS_REMEDY_READ_CALENDAR] = { read_calendar, OF_CURSOR, MMS_MEND_RUN_SYNC },
	[MMS_REMEDY_PUSH_BOOKING] = { mms_mend_push_booking, OF_BOOKING, MMS_MEND_RUN_PUSH },
	[MMS_REMEDY_LINK_BOOKING] = { mms_mend_link_booking, OF_BOOKING, MMS_MEND_RUN_NONE },
	[MMS_REMEDY_FREE_ROW] = { free_row, OF_ROW, MMS_MEND_RUN_NONE },
	[MMS_REMEDY_DROP_LETTER] = { drop_stray, OF_ID, MMS_MEND_RUN_NONE },
	[MMS_REMEDY_DROP_ENTRY] = { drop_stray, OF_ID, MMS_MEND_RUN_NONE },
	[MMS_REMEDY_DROP_DUE] = { drop_stray, OF_CURSOR | OF_KEY, MMS_MEND_RUN_NONE },
	[MMS_REMEDY_PAIR_MEETING] = { mms_mend_pair_meeting, OF_UUID, MMS_MEND_RUN_SYNC },
	[MMS_REMEDY_RAISE_COUNTER] = { raise_counter, 0, MMS_MEND_RUN_NONE },
	[MMS_REMEDY_APPLY_SCHEMA] = { leave_to_a_person, 0, MMS_MEND_RUN_NONE },
};

enum mms_mend_run
mms_mend_run_of(enum mms_remedy remedy)
{
	return remedy < MMS_REMEDY_COUNT ? executors[remedy].run : MMS_MEND_RUN_NONE;
}

static bool
has_what_it_needs(const struct mms_mend *mend)
{
	unsigned has = (mend->cursor_id != 0 ? OF_CURSOR : 0) | (mend->has_key ? OF_KEY : 0) |
		       (mend->has_uuid ? OF_UUID : 0) | (mend->id != 0 ? OF_ID : 0) |
		       (mend->booking != NULL ? OF_BOOKING : 0) |
		       (mend->row != NULL ? OF_ROW : 0);

	return (executors[mend->remedy].needs & ~has) == 0;
}

void
mms_mend_print(const struct mms_mend *mend, struct mms_str *out)
{
	unsigned needs = mend->remedy < MMS_REMEDY_COUNT ? executors[mend->remedy].needs : 0;
	char hex[2 * MMS_PRINT_BYTES + 1], uuid[MMS_UUID_TEXT];

	mms_str_add(out, mms_remedy_name(mend->remedy));
	if (needs & OF_CURSOR)
		mms_str_addf(out, " calendar %" PRIu64, mend->cursor_id);
	if (needs & OF_KEY)
		mms_str_addf(out, " key %s", mms_hex_print(mend->key, sizeof mend->key, hex));
	if (needs & OF_UUID)
		mms_str_addf(out, " %s", mms_uuid_print(mend->uuid, uuid));
	if (needs & OF_ID)
		mms_str_addf(out, " %" PRIu64, mend->id);
	if ((needs & OF_BOOKING) && mend->booking != NULL)
		mms_str_addf(out, " %s", mend->booking);
	if ((needs & OF_ROW) && mend->row != NULL)
		mms_str_addf(out, " %s", mend->row);
}

mms_rc
mms_mend_apply(struct mms_mender *mender, const struct mms_mend *mend, bool *did,
	       struct mms_err *err)
{
	struct mms_mending x = { .m = mender, .mend = mend };
	mms_rc rc = MMS_OK;

	*did = false;
	if (mend->remedy >= MMS_REMEDY_COUNT || !has_what_it_needs(mend))
		return mms_fail(err, MMS_E_ITEM, "the remedy %s lacks what it is about",
				mms_remedy_name(mend->remedy));
	for (unsigned attempt = 0; rc == MMS_OK; attempt++) {
		x.did = false;
		rc = mms_mending_connect(&x, err);
		if (rc == MMS_OK)
			rc = executors[mend->remedy].apply(&x, err);
		mms_mending_let_go(&x);
		if ((rc != MMS_E_CONFLICT && rc != MMS_E_RETRY) ||
		    attempt + 1 >= MMS_MEND_TRIES)
			break;
		mms_err_release(err);
		rc = mms_worker_pause(&mender->kit.worker, attempt, err);
	}
	*did = rc == MMS_OK && x.did;
	return rc == MMS_OK ? rc : mms_fail_in(err, "%s", mms_remedy_name(mend->remedy));
}

mms_rc
mms_mend_calendar(struct mms_mender *mender, const struct mms_mend *mend, char **out,
		  struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	uint64_t cursor_id = mend->cursor_id;
	mms_rc rc = MMS_OK;

	*out = NULL;
	if (cursor_id == 0 && mend->has_uuid) {
		rc = mms_pool_lend(mender->kit.worker.env->pool, &lent, err);
		if (rc == MMS_OK)
			rc = mms_mends_cursor_of(lent.db, mend->uuid, &cursor_id, err);
	}
	const struct mms_source *source =
		rc == MMS_OK ? mms_mender_source(mender, cursor_id) : NULL;
	if (source == NULL)
		return rc;
	*out = mms_text_copy(source->integration.name);
	return *out != NULL ? MMS_OK : mms_fail_nomem(err);
}
