/*
 * A small pool of connections for many workers: a worker holds one only while it talks to the
 * database. Thread-safe.
 *
 * Layer: db.
 */
#ifndef MMSYNC_POOL_H
#define MMSYNC_POOL_H

#include "mmsync/db.h"

struct mms_pool;

/* Connections are opened when first needed, at most max. Keeps: settings. */
mms_rc mms_pool_open(struct mms_pool **out, const struct mms_db_settings *settings, size_t max,
		     struct mms_err *err) MMS_MUST_CHECK;
/* Every connection must have been given back. */
void mms_pool_close(struct mms_pool *pool);
/* For connections lent from now on. */
void mms_pool_use_columns(struct mms_pool *pool, mms_has_column *has, void *aux);
void mms_pool_use_pieces(struct mms_pool *pool, mms_add_piece *add, void *aux);

/* A connection lent; release gives it back. All zero holds none. */
struct mms_lent {
	struct mms_pool *pool;
	struct mms_db *db;
};
/*
 * Waits for a free one, two minutes at most; one that was lost meanwhile is made anew. Errors:
 * DB, NOMEM.
 */
mms_rc
mms_pool_lend(struct mms_pool *pool, struct mms_lent *out, struct mms_err *err) MMS_MUST_CHECK;
/* A transaction or result that was left open is thrown away with its connection. */
void mms_lent_release(struct mms_lent *lent);

/* Statements over all connections so far. */
uint64_t mms_pool_n_statements(struct mms_pool *pool);

#endif
