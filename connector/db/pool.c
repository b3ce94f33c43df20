/* A bounded pool of connections (see the header). */
#include "mmsync/pool.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>

#include "conn.h"
#include "mmsync/clock.h"

/* Longer than any statement may take: who waits so long waits for a holder that is stuck. */
enum { LEND_TIMEOUT_MS = 120000 };

struct slot {
	struct mms_db *db;
};

struct mms_pool {
	const struct mms_db_settings *settings; /* borrowed                               */
	pthread_mutex_t lock;                   /* guards what follows                    */
	pthread_cond_t given_back;
	size_t max;        /* connections at most                             */
	size_t n_open;     /* open, lent or being opened                      */
	struct slot *free; /* owned; max places, the latest given back last   */
	size_t n_free;
	struct slot *all; /* those of n_open that are open; borrowed         */
	size_t n_all;
	mms_has_column *has;
	void *has_aux;
	mms_add_piece *add_piece;
	void *piece_aux;
};

static bool
init_lock(struct mms_pool *pool)
{
	pthread_condattr_t attr;

	if (pthread_mutex_init(&pool->lock, NULL) != 0)
		return false;
	bool is_ok = pthread_condattr_init(&attr) == 0;
	if (is_ok) {
		is_ok = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 &&
			pthread_cond_init(&pool->given_back, &attr) == 0;
		(void)pthread_condattr_destroy(&attr);
	}
	if (!is_ok)
		(void)pthread_mutex_destroy(&pool->lock);
	return is_ok;
}

static void
free_pool(struct mms_pool *pool)
{
	mms_free(pool->free);
	mms_free(pool->all);
	mms_free(pool);
}

mms_rc
mms_pool_open(struct mms_pool **out, const struct mms_db_settings *settings, size_t max,
	      struct mms_err *err)
{
	/* The library's own first use is not thread-safe. */
	if (mysql_library_init(0, NULL, NULL) != 0)
		return mms_fail_nomem(err);
	struct mms_pool *pool = mms_alloc(sizeof *pool);
	if (pool == NULL)
		return mms_fail_nomem(err);
	pool->settings = settings;
	pool->max = max > 0 ? max : 1;
	pool->free = mms_alloc(pool->max * sizeof pool->free[0]);
	pool->all = mms_alloc(pool->max * sizeof pool->all[0]);
	if (pool->free == NULL || pool->all == NULL || !init_lock(pool)) {
		free_pool(pool);
		return mms_fail_nomem(err);
	}
	*out = pool;
	return MMS_OK;
}

void
mms_pool_close(struct mms_pool *pool)
{
	if (pool == NULL)
		return;
	assert(pool->n_free == pool->n_open); /* every connection has been given back */
	for (size_t i = 0; i < pool->n_free; i++)
		mms_db_close(pool->free[i].db);
	(void)pthread_cond_destroy(&pool->given_back);
	(void)pthread_mutex_destroy(&pool->lock);
	free_pool(pool);
}

void
mms_pool_use_columns(struct mms_pool *pool, mms_has_column *has, void *aux)
{
	(void)pthread_mutex_lock(&pool->lock);
	pool->has = has;
	pool->has_aux = aux;
	(void)pthread_mutex_unlock(&pool->lock);
}

void
mms_pool_use_pieces(struct mms_pool *pool, mms_add_piece *add, void *aux)
{
	(void)pthread_mutex_lock(&pool->lock);
	pool->add_piece = add;
	pool->piece_aux = aux;
	(void)pthread_mutex_unlock(&pool->lock);
}

/*
 * With the lock held: wait for a connection or for the right to open one. *db is NULL for the
 * latter. False: it took too long.
 */
static bool
wait_for_one(struct mms_pool *pool, struct mms_db **db)
{
	int64_t until = mms_clock_mono_ms() + LEND_TIMEOUT_MS;
	struct timespec deadline = { .tv_sec = (time_t)(until / 1000),
				     .tv_nsec = (long)(until % 1000) * 1000000L };

	while (pool->n_free == 0 && pool->n_open == pool->max) {
		if (pthread_cond_timedwait(&pool->given_back, &pool->lock, &deadline) ==
		    ETIMEDOUT)
			return false;
	}
	if (pool->n_free > 0) {
		*db = pool->free[--pool->n_free].db;
	} else {
		*db = NULL;
		pool->n_open++;
	}
	return true;
}

static mms_rc
open_one(struct mms_pool *pool, struct mms_db **db, struct mms_err *err)
{
	mms_rc rc = mms_db_open(db, pool->settings, err);

	(void)pthread_mutex_lock(&pool->lock);
	if (rc == MMS_OK) {
		pool->all[pool->n_all++].db = *db;
	} else {
		pool->n_open--;
		(void)pthread_cond_signal(&pool->given_back);
	}
	(void)pthread_mutex_unlock(&pool->lock);
	return rc;
}

mms_rc
mms_pool_lend(struct mms_pool *pool, struct mms_lent *out, struct mms_err *err)
{
	struct mms_lent lent = { .pool = pool };

	(void)pthread_mutex_lock(&pool->lock);
	bool is_ours = wait_for_one(pool, &lent.db);
	mms_has_column *has = pool->has;
	void *aux = pool->has_aux;
	mms_add_piece *add = pool->add_piece;
	void *piece_aux = pool->piece_aux;
	(void)pthread_mutex_unlock(&pool->lock);
	if (!is_ours)
		return mms_fail(err, MMS_E_DB,
				"none of the %zu database connections became free", pool->max);
	mms_rc rc =
		lent.db != NULL ? mms_conn_ready(lent.db, err) : open_one(pool, &lent.db, err);
	if (rc != MMS_OK) {
		mms_lent_release(
			&lent); /* one that is broken is made anew by who lends it next */
		return rc;
	}
	mms_db_use_columns(lent.db, has, aux);
	mms_db_use_pieces(lent.db, add, piece_aux);
	*out = lent;
	return MMS_OK;
}

void
mms_lent_release(struct mms_lent *lent)
{
	if (lent == NULL || lent->db == NULL)
		return;
	struct mms_pool *pool = lent->pool;
	struct mms_db *db = lent->db;

	if (db->streaming != NULL || db->tx != MMS_TX_NONE) {
		/* Left open by mistake: the next borrower must not find it. */
		mms_conn_drop(db);
		db->tx = MMS_TX_NONE;
	}
	(void)pthread_mutex_lock(&pool->lock);
	pool->free[pool->n_free++].db = db;
	(void)pthread_cond_signal(&pool->given_back);
	(void)pthread_mutex_unlock(&pool->lock);
	*lent = (struct mms_lent){ 0 };
}

uint64_t
mms_pool_n_statements(struct mms_pool *pool)
{
	uint64_t sum = 0;

	(void)pthread_mutex_lock(&pool->lock);
	for (size_t i = 0; i < pool->n_all; i++)
		sum += mms_db_n_statements(pool->all[i].db);
	(void)pthread_mutex_unlock(&pool->lock);
	return sum;
}
