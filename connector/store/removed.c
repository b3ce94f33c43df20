/* Rows are logged whole, and go (see the header). */
#include "mmsync/removed.h"

#include <string.h>

#include "lists.h"
#include "mmsync/json.h"
#include "mmsync/mem.h"

static const struct {
	const char *name;
	enum mms_stmt remove;
} tables[] = {
#define X(name, text) { text, MMS_STMT_REMOVED_##name##_DELETE },
	MMS_REMOVED_TABLES(X)
#undef X
};

static const struct {
	const char *name, *about;
	enum mms_removed_table table;
	enum mms_stmt count, keys, log;
} rules[] = {
#define X(name, text, table, about)        \
	{ text,                            \
	  about,                           \
	  MMS_REMOVED_##table,             \
	  MMS_STMT_CLEANUP_##name##_COUNT, \
	  MMS_STMT_CLEANUP_##name##_KEYS,  \
	  MMS_STMT_CLEANUP_##name##_LOG },
	MMS_CLEANUP_RULES(X)
#undef X
};

const char *
mms_removed_table_name(enum mms_removed_table table)
{
	return tables[table].name;
}

const char *
mms_cleanup_rule_name(enum mms_cleanup_rule rule)
{
	return rules[rule].name;
}

const char *
mms_cleanup_rule_about(enum mms_cleanup_rule rule)
{
	return rules[rule].about;
}

/* ---- what there is ------------------------------------------------------------------------- */

/* How many values MMS_CUTS_IN has. */
#define N_CUTS 6

static void
put_cuts(const struct mms_cuts *cuts, struct mms_value *in)
{
	in[0] = mms_v_i64(cuts->cut_ms);
	in[1] = mms_v_wall(cuts->site_cut_us);
	in[2] = mms_v_wall(cuts->event_cut_us);
	in[3] = mms_v_i64(cuts->window_cut_ms);
	in[4] = mms_v_i64(cuts->gone_cut_ms);
	in[5] = mms_v_i64(cuts->now_ms);
}

void
mms_cleanup_counts_release(struct mms_cleanup_counts *counts)
{
	if (counts == NULL)
		return;
	mms_free(counts->items);
	*counts = (struct mms_cleanup_counts){ 0 };
}

mms_rc
mms_cleanup_count(struct mms_db *db, enum mms_cleanup_rule rule, const struct mms_cuts *cuts,
		  struct mms_cleanup_counts *out, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	struct mms_value in[N_CUTS];

	put_cuts(cuts, in);
	mms_rc rc = mms_rows_open(&rows, db, rules[rule].count, in, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK &&
	       row != NULL) {
		struct mms_cleanup_count *moved =
			mms_grow(out->items, out->n, &out->cap, sizeof *moved);
		if (moved == NULL)
			return mms_fail_nomem(err);
		out->items = moved;
		if (row[1].i > 0)
			moved[out->n++] = (struct mms_cleanup_count){ row[0].u, row[1].i };
	}
	return rc == MMS_OK ? rc : mms_fail_in(err, "count %s", rules[rule].name);
}

void
mms_cleanup_keys_release(struct mms_cleanup_keys *keys)
{
	if (keys == NULL)
		return;
	for (size_t i = 0; i < keys->n; i++)
		mms_free(keys->items[i]);
	mms_free(keys->items);
	*keys = (struct mms_cleanup_keys){ 0 };
}

mms_rc
mms_cleanup_keys_find(struct mms_db *db, enum mms_cleanup_rule rule,
		      const struct mms_cuts *cuts, uint64_t cursor_id, const char *after,
		      int64_t max, struct mms_cleanup_keys *out, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	struct mms_value in[N_CUTS + 3];

	put_cuts(cuts, in);
	in[N_CUTS] = mms_v_u64(cursor_id);
	in[N_CUTS + 1] = mms_v_text(after);
	in[N_CUTS + 2] = mms_v_i64(max);
	mms_rc rc = mms_rows_open(&rows, db, rules[rule].keys, in, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK &&
	       row != NULL) {
		char **moved = mms_grow(out->items, out->n, &out->cap, sizeof *moved);
		if (moved == NULL)
			return mms_fail_nomem(err);
		out->items = moved;
		moved[out->n] = NULL;
		if (!mms_value_copy_text(&row[0], &moved[out->n]))
			return mms_fail_nomem(err);
		if (moved[out->n] != NULL)
			out->n++;
	}
	return rc == MMS_OK ? rc : mms_fail_in(err, "look for %s", rules[rule].name);
}

/* ---- removing ------------------------------------------------------------------------------ */

static void
add_list(char *const *keys, size_t n, struct mms_str *out)
{
	mms_str_addc(out, '[');
	for (size_t i = 0; i < n; i++) {
		mms_list_next(out, i);
		mms_json_add_quoted(out, keys[i], strlen(keys[i]));
	}
	mms_str_addc(out, ']');
}

/* What the rule begins with. */
static mms_rc
log_first(struct mms_tx *tx, const struct mms_cleanup_batch *b, uint64_t *n,
	  struct mms_err *err)
{
	MMS_AUTO(mms_str) list = { 0 };
	struct mms_value in[4 + N_CUTS + 1] = {
		mms_v_bytes(b->run, 16),
		mms_v_i64(b->number),
		mms_v_text(rules[b->rule].name),
	};

	add_list(b->keys, b->n, &list);
	mms_rc rc = mms_str_check(&list, err);
	if (rc != MMS_OK)
		return rc;
	in[3] = mms_list_value(&list);
	put_cuts(b->cuts, in + 4);
	in[4 + N_CUTS] = mms_v_u64(b->cursor_id);
	return mms_tx_run(tx, rules[b->rule].log, in, n, err);
}

/* And what hangs on it. *n is added to. */
static mms_rc
log_rest(struct mms_tx *tx, const struct mms_cleanup_batch *b, uint64_t *n, struct mms_err *err)
{
	static const enum mms_stmt logs[] = {
		MMS_STMT_REMOVED_LOG_BLOCKS,
		MMS_STMT_REMOVED_LOG_OUTBOX,
		MMS_STMT_REMOVED_LOG_LETTERS,
		MMS_STMT_REMOVED_LOG_DUES,
	};
	const struct mms_value in[] = { mms_v_i64(b->cuts->window_cut_ms),
					mms_v_i64(b->cuts->cut_ms), mms_v_bytes(b->run, 16),
					mms_v_i64(b->number) };
	uint64_t more = 0;

	mms_rc rc = mms_tx_run(tx, MMS_STMT_REMOVED_LOG_STATES, in + 2, &more, err);
	*n += more;
	if (rc == MMS_OK)
		rc = mms_tx_run(tx, MMS_STMT_REMOVED_LOG_STATES_OF_BLOCKS, in, &more, err);
	*n += rc == MMS_OK ? more : 0;
	for (size_t i = 0; rc == MMS_OK && i < MMS_COUNT(logs); i++) {
		rc = mms_tx_run(tx, logs[i], in + 2, &more, err);
		*n += rc == MMS_OK ? more : 0;
	}
	return rc;
}

static mms_rc
remove_table(struct mms_tx *tx, struct mms_cleanup_batch *b, enum mms_removed_table table,
	     uint64_t *n, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_bytes(b->run, 16), mms_v_i64(b->number) };
	uint64_t gone = 0;

	mms_rc rc = mms_tx_run(tx, tables[table].remove, in, &gone, err);
	if (rc == MMS_OK) {
		b->removed[table] = (int64_t)gone;
		*n += gone;
	}
	return rc;
}

/* What hangs on events and states goes with them. */
static bool
is_alone(enum mms_cleanup_rule rule)
{
	return rules[rule].table != MMS_REMOVED_EVENT && rules[rule].table != MMS_REMOVED_STATE;
}

mms_rc
mms_cleanup_remove(struct mms_tx *tx, struct mms_cleanup_batch *b, struct mms_err *err)
{
	uint64_t logged = 0, gone = 0;

	memset(b->removed, 0, sizeof b->removed);
	mms_rc rc = log_first(tx, b, &logged, err);
	if (rc != MMS_OK || logged == 0)
		return rc;
	if (is_alone(b->rule)) {
		rc = remove_table(tx, b, rules[b->rule].table, &gone, err);
	} else {
		rc = log_rest(tx, b, &logged, err);
		for (unsigned t = MMS_REMOVED_EVENT; rc == MMS_OK && t <= MMS_REMOVED_DUE; t++)
			rc = remove_table(tx, b, (enum mms_removed_table)t, &gone, err);
	}
	if (rc == MMS_OK && gone != logged)
		return mms_fail(err, MMS_E_BUG, "%s: %llu rows were logged and %llu would go",
				rules[b->rule].name, (unsigned long long)logged,
				(unsigned long long)gone);
	return rc;
}

mms_rc
mms_removed_forget(struct mms_tx *tx, int64_t before_ms, int64_t max, int64_t *n,
		   struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_i64(before_ms), mms_v_i64(max) };
	uint64_t gone = 0;

	mms_rc rc = mms_tx_run(tx, MMS_STMT_REMOVED_FORGET, in, &gone, err);
	*n = (int64_t)gone;
	return rc;
}

mms_rc
mms_removed_count_old(struct mms_db *db, int64_t before_ms, int64_t *n, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_i64(before_ms) };

	return mms_db_ask_i64(db, MMS_STMT_REMOVED_COUNT_OLD, in, n, err);
}

mms_rc
mms_removed_tally(struct mms_db *db, const unsigned char run[16],
		  int64_t by_rule[MMS_CLEANUP_RULE_COUNT],
		  int64_t by_table[MMS_REMOVED_TABLE_COUNT], struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_bytes(run, 16) };

	memset(by_rule, 0, MMS_CLEANUP_RULE_COUNT * sizeof *by_rule);
	memset(by_table, 0, MMS_REMOVED_TABLE_COUNT * sizeof *by_table);
	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_REMOVED_TALLY, in, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK &&
	       row != NULL) {
		for (size_t i = 0; i < MMS_COUNT(rules); i++)
			by_rule[i] += strcmp(rules[i].name, row[0].ptr) == 0 ? row[2].i : 0;
		for (size_t i = 0; i < MMS_COUNT(tables); i++)
			by_table[i] += strcmp(tables[i].name, row[1].ptr) == 0 ? row[2].i : 0;
	}
	return rc;
}
