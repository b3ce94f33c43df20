/* Circuits in a run (see the header). */
#include "breaker.h"

#include <pthread.h>
#include <string.h>

#include "mmsync/mem.h"
#include "mmsync/timetext.h"

/*
 * One question in half an hour is nothing to a service, however many calendars wait for the answer; an
 * integration by itself may be left alone for as long as circuit.max_open_s.
 */
#define SCOPE_MAX_MS (INT64_C(30) * 60 * 1000)
/* Several integrations, of which one alone is no service. */
#define SCOPE_MIN 2
/* A row that others change at the same time. */
#define TRIES 5

struct mms_breakers {
	struct mms_pool *pool;
	pthread_mutex_t lock; /* of what follows; held while one of these rows is written */
	struct mms_circuits known;
};

mms_rc
mms_breakers_new(struct mms_breakers **out, struct mms_pool *pool,
		 const struct mms_sources *sources, struct mms_err *err)
{
	struct mms_breakers *b = mms_alloc(sizeof *b);
	MMS_AUTO(mms_lent) lent = { 0 };
	bool is_any = mms_sources_are_failing(sources);
	mms_rc rc = MMS_OK;

	if (b == NULL)
		return mms_fail_nomem(err);
	if (pthread_mutex_init(&b->lock, NULL) != 0) {
		mms_free(b);
		return mms_fail_nomem(err);
	}
	b->pool = pool;
	if (is_any)
		rc = mms_pool_lend(pool, &lent, err);
	if (is_any && rc == MMS_OK)
		rc = mms_circuits_load(lent.db, &b->known, err);
	if (rc == MMS_OK)
		*out = b;
	else
		mms_breakers_free(b);
	return rc;
}

void
mms_breakers_free(struct mms_breakers *b)
{
	if (b == NULL)
		return;
	mms_circuits_release(&b->known);
	(void)pthread_mutex_destroy(&b->lock);
	mms_free(b);
}

/* ---- scopes -------------------------------------------------------------------------------- */

static uint64_t
hash(const char *text)
{
	uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */

	for (; text != NULL && *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return h;
}

/* Feeds of one address are one calendar, whoever reads it. */
static uint64_t
key_of(const struct mms_source *source)
{
	const struct mms_provider *provider = mms_provider_find(source->integration.type);

	return provider != NULL && (provider->caps & MMS_CAP_SHARED) != 0
		       ? hash(source->integration.ical_url)
		       : source->cursor.id;
}

/* The row of an integration's service; NULL: it has had no trouble, as far as is known here. */
static struct mms_circuit_row *
find(struct mms_breakers *b, const struct mms_source *source, struct mms_str *scope)
{
	const struct mms_provider *provider = mms_provider_find(source->integration.type);

	mms_str_clear(scope);
	if (provider != NULL)
		mms_provider_add_scope(provider, source->integration.ical_url, scope);
	for (size_t i = 0; i < b->known.n; i++) {
		if (strcmp(b->known.items[i].scope, mms_str_get(scope)) == 0)
			return &b->known.items[i];
	}
	return NULL;
}

/* Read again; a new one is put with the others. NULL: there is none, or it cannot be read. */
static struct mms_circuit_row *
reload(struct mms_breakers *b, struct mms_db *db, struct mms_circuit_row *row,
       const char *scope, struct mms_err *err)
{
	MMS_AUTO(mms_circuit_row) fresh = { 0 };
	bool is_there = false;

	if (mms_circuit_load(db, scope, &fresh, &is_there, err) != MMS_OK || !is_there)
		return NULL;
	if (row == NULL) {
		struct mms_circuit_row *moved =
			mms_grow(b->known.items, b->known.n, &b->known.cap, sizeof *moved);
		if (moved == NULL)
			return NULL;
		b->known.items = moved;
		row = &moved[b->known.n++];
		*row = (struct mms_circuit_row){ 0 };
	}
	mms_circuit_row_release(row);
	*row = fresh;
	fresh = (struct mms_circuit_row){ 0 };
	return row;
}

/* ---- in ------------------------------------------------------------------------------------ */

static mms_rc
fail_open(struct mms_err *err, const char *whom, const struct mms_source *source,
	  const struct mms_circuit_state *circuit, bool is_tried)
{
	char text[MMS_TIME_TEXT_MAX];

	if (is_tried)
		mms_fail(err, MMS_E_OPEN, "%s had trouble; another run is trying it again",
			 whom);
	else
		mms_fail(err, MMS_E_OPEN, "%s had trouble too often and is left alone until %s",
			 whom, mms_time_print(circuit->until_ms, text));
	err->retry_at_ms = circuit->until_ms;
	return mms_hint(err, "mmsync sync --integration '%s' tries it at once",
			source->integration.name);
}

/* A person has named it, and wants to know. */
static bool
is_asked_for(const struct mms_worker *w, const struct mms_source *source)
{
	return w->options->n_integrations > 0 && source->is_named;
}

static int64_t
now_of(const struct mms_worker *w)
{
	return mms_clock_now_ms(w->env->clock);
}

mms_rc
mms_breaker_enter_own(const struct mms_worker *w, const struct mms_source *source,
		      struct mms_err *err)
{
	const struct mms_circuit_state *own = &source->cursor.circuit;

	if (w->breakers == NULL || is_asked_for(w, source) ||
	    mms_circuit_at(own, now_of(w)) != MMS_CIRCUIT_OPEN)
		return MMS_OK;
	return fail_open(err, "this calendar", source, own, false);
}

/* Be the one who tries. The row may be closed meanwhile, or another's to try. */
static mms_rc
claim(struct mms_worker *w, const struct mms_source *source, struct mms_circuit_row *row,
      struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	bool is_done = false;

	if (w->owner == NULL) /* a dry run asks, and tells nobody */
		return MMS_OK;
	mms_rc rc = mms_pool_lend(w->env->pool, &lent, err);
	for (int i = 0; rc == MMS_OK && i < TRIES; i++) {
		rc = mms_circuit_probe(lent.db, row, w->owner->token, now_of(w), &is_done, err);
		if (rc != MMS_OK)
			return rc;
		if (is_done) {
			row->version++;
			row->circuit.state = MMS_CIRCUIT_HALF_OPEN;
			row->is_probed = w->pass.is_probe = true;
			return MMS_OK;
		}
		row = reload(w->breakers, lent.db, row, row->scope, err);
		if (row == NULL)
			return err->code != MMS_OK ? err->code : MMS_OK;
		enum mms_circuit at = mms_circuit_at(&row->circuit, now_of(w));
		if (at == MMS_CIRCUIT_CLOSED)
			return MMS_OK;
		if (at == MMS_CIRCUIT_OPEN || row->is_probed)
			return fail_open(err, row->scope, source, &row->circuit,
					 row->is_probed);
	}
	return rc == MMS_OK ? fail_open(err, row->scope, source, &row->circuit, true) : rc;
}

static mms_rc
enter_scope(struct mms_worker *w, const struct mms_source *source, struct mms_err *err)
{
	MMS_AUTO(mms_str) scope = { 0 };
	struct mms_circuit_row *row = find(w->breakers, source, &scope);

	if (row == NULL)
		return MMS_OK;
	enum mms_circuit at = mms_circuit_at(&row->circuit, now_of(w));
	w->pass.is_known = true;
	w->pass.closings = row->closings;
	if (at == MMS_CIRCUIT_CLOSED || is_asked_for(w, source))
		return MMS_OK;
	if (at == MMS_CIRCUIT_OPEN || row->is_probed)
		return fail_open(err, row->scope, source, &row->circuit, row->is_probed);
	mms_rc rc = claim(w, source, row, err);
	row = find(w->breakers, source, &scope);
	w->pass.closings = row != NULL ? row->closings : w->pass.closings;
	return rc;
}

mms_rc
mms_breaker_enter(struct mms_worker *w, const struct mms_source *source, struct mms_err *err)
{
	struct mms_breakers *b = w->breakers;

	w->pass = (struct mms_pass){ .max_attempts = w->provider_env.max_attempts,
				     .own = source->cursor.circuit };
	if (b == NULL)
		return MMS_OK;
	mms_rc rc = mms_breaker_enter_own(w, source, err);
	if (rc != MMS_OK)
		return rc;
	(void)pthread_mutex_lock(&b->lock);
	rc = enter_scope(w, source, err);
	(void)pthread_mutex_unlock(&b->lock);
	if (rc == MMS_OK && !is_asked_for(w, source) &&
	    (w->pass.is_probe || source->cursor.circuit.state != MMS_CIRCUIT_CLOSED))
		w->provider_env.max_attempts = 1;
	return rc;
}

/* The circuit of its service; *is_probed: somebody tries it. */
static enum mms_circuit
look(const struct mms_worker *w, const struct mms_source *source, bool *is_probed)
{
	struct mms_breakers *b = w->breakers;
	MMS_AUTO(mms_str) scope = { 0 };
	enum mms_circuit at = MMS_CIRCUIT_CLOSED;

	(void)pthread_mutex_lock(&b->lock);
	const struct mms_circuit_row *row = find(b, source, &scope);
	if (row != NULL)
		at = mms_circuit_at(&row->circuit, now_of(w));
	*is_probed = row != NULL && row->is_probed;
	(void)pthread_mutex_unlock(&b->lock);
	return at;
}

bool
mms_breaker_is_open(const struct mms_worker *w, const struct mms_source *source)
{
	bool is_probed;

	return w->breakers != NULL && !is_asked_for(w, source) &&
	       (source->cursor.circuit.state != MMS_CIRCUIT_CLOSED ||
		look(w, source, &is_probed) != MMS_CIRCUIT_CLOSED);
}

bool
mms_breaker_is_passed_by(const struct mms_worker *w, const struct mms_source *source)
{
	bool is_probed;

	if (w->breakers == NULL || is_asked_for(w, source))
		return false;
	enum mms_circuit at = look(w, source, &is_probed);
	return at == MMS_CIRCUIT_OPEN || (at == MMS_CIRCUIT_HALF_OPEN && is_probed) ||
	       mms_circuit_at(&source->cursor.circuit, now_of(w)) == MMS_CIRCUIT_OPEN;
}

/* ---- out ----------------------------------------------------------------------------------- */

static struct mms_circuit_rules
rules_of(const struct mms_worker *w)
{
	const struct mms_config *config = &w->env->site->config;

	return (struct mms_circuit_rules){ .threshold = config->circuit_threshold,
					   .max_ms = config->circuit_max_open_s * 1000 };
}

struct mms_circuit_state
mms_breaker_own_after(const struct mms_worker *w, const struct mms_source *source,
		      const struct mms_err *why, int64_t now_ms)
{
	const struct mms_circuit_rules rules = rules_of(w);
	struct mms_circuit_state own = source->cursor.circuit;

	if (mms_circuit_judge(why->code, why->blame) != MMS_CIRCUIT_NOBODY && !w->pass.is_probe)
		(void)mms_circuit_fail(&own, &rules, source->cursor.id, now_ms);
	return own;
}

/* Does a failure count? Not one that began before something went well, or that only meets what is known. */
static bool
counts(const struct mms_circuit_change *change, const struct mms_circuit_row *row)
{
	const struct mms_pass *pass = change->pass;
	const struct mms_circuit_state *c = &row->circuit;

	if (pass->is_known && pass->closings != row->closings)
		return false;
	if (c->state == MMS_CIRCUIT_CLOSED)
		return c->failures == 0 || row->last_key != change->key;
	return pass->is_probe || (c->state == MMS_CIRCUIT_OPEN &&
				  mms_circuit_at(c, change->now_ms) == MMS_CIRCUIT_HALF_OPEN);
}

bool
mms_circuit_change_row(const struct mms_circuit_change *change, struct mms_circuit_row *row)
{
	struct mms_circuit_state *c = &row->circuit;

	switch (change->verdict) {
	case MMS_VERDICT_GOOD:
		if (c->state == MMS_CIRCUIT_CLOSED && c->failures == 0)
			return false;
		*c = (struct mms_circuit_state){ 0 };
		row->closings++;
		row->last_key = 0;
		break;
	case MMS_VERDICT_BAD:
		if (!counts(change, row))
			return false;
		(void)mms_circuit_fail(c, &change->rules, change->seed, change->now_ms);
		row->last_key = change->key;
		break;
	case MMS_VERDICT_NONE: /* let somebody else try */
		if (!change->pass->is_probe || c->state != MMS_CIRCUIT_HALF_OPEN)
			return false;
		c->state = MMS_CIRCUIT_OPEN;
		break;
	}
	row->is_probed = false;
	row->changed_ms = change->now_ms;
	return true;
}

static void
log_change(const struct mms_worker *w, const char *kind, const char *name,
	   const struct mms_circuit_state *before, const struct mms_circuit_state *after)
{
	char text[MMS_TIME_TEXT_MAX];

	if (after->opens > before->opens)
		MMS_LOG(w->env->log, MMS_LOG_WARN, "circuit.opened", mms_log_ref(kind, name),
			mms_log_i64("failures", after->failures),
			mms_log_ref("until", mms_time_print(after->until_ms, text)));
	else if (before->state != MMS_CIRCUIT_CLOSED && after->state == MMS_CIRCUIT_CLOSED)
		MMS_LOG(w->env->log, MMS_LOG_INFO, "circuit.closed", mms_log_ref(kind, name));
}

/* One row changed, as it is now. */
static mms_rc
write_row(struct mms_worker *w, struct mms_db *db, const struct mms_circuit_change *change,
	  struct mms_circuit_row *row, const char *text, bool *is_done, struct mms_err *err)
{
	struct mms_circuit_row next = *row;

	*is_done = true;
	if (!mms_circuit_change_row(change, &next))
		return MMS_OK;
	if (change->verdict == MMS_VERDICT_BAD)
		next.error = (char *)(uintptr_t)text;
	mms_rc rc = mms_circuit_put(db, &next, is_done, err);
	if (rc != MMS_OK || !*is_done)
		return rc;
	log_change(w, "scope", row->scope, &row->circuit, &next.circuit);
	next.version++;
	next.error = row->error;
	*row = next;
	return MMS_OK;
}

/* Failures are counted where nobody waits for it: what cannot be written is counted another time. */
static void
settle(struct mms_worker *w, const struct mms_source *source,
       const struct mms_circuit_change *change, const char *text)
{
	MMS_AUTO(mms_str) scope = { 0 };
	MMS_AUTO(mms_lent) lent = { 0 };
	MMS_AUTO(mms_err) ignored = { 0 };
	struct mms_circuit_row *row = find(w->breakers, source, &scope);
	struct mms_circuit_row probe = row != NULL ? *row : (struct mms_circuit_row){ 0 };
	struct mms_circuit_change c = *change;
	bool is_done = false;

	c.seed = hash(mms_str_get(&scope));
	if (scope.len == 0 || (row == NULL && change->verdict != MMS_VERDICT_BAD) ||
	    (row != NULL && !mms_circuit_change_row(&c, &probe)) ||
	    mms_pool_lend(w->env->pool, &lent, &ignored) != MMS_OK)
		return;
	if (row == NULL) {
		const struct mms_circuit_row first = { .scope = scope.ptr,
						       .last_key = c.key,
						       .changed_ms = c.now_ms,
						       .error = (char *)(uintptr_t)text };
		if (mms_circuit_add(lent.db, &first, &is_done, &ignored) == MMS_OK)
			row = reload(w->breakers, lent.db, NULL, scope.ptr, &ignored);
	}
	for (int i = 0; row != NULL && !is_done && i < TRIES; i++) {
		if (write_row(w, lent.db, &c, row, text, &is_done, &ignored) != MMS_OK)
			return;
		if (!is_done)
			row = reload(w->breakers, lent.db, row, scope.ptr, &ignored);
	}
}

void
mms_breaker_leave(struct mms_worker *w, const struct mms_source *source,
		  enum mms_verdict verdict, const char *text)
{
	struct mms_breakers *b = w->breakers;
	struct mms_circuit_change change = { .verdict = verdict,
					     .pass = &w->pass,
					     .key = key_of(source),
					     .now_ms = now_of(w),
					     .rules = rules_of(w) };

	w->provider_env.max_attempts = w->pass.max_attempts;
	if (b == NULL || w->owner == NULL)
		return;
	if (change.rules.threshold < SCOPE_MIN)
		change.rules.threshold = SCOPE_MIN;
	if (change.rules.max_ms > SCOPE_MAX_MS)
		change.rules.max_ms = SCOPE_MAX_MS;
	log_change(w, "integration", source->integration.name, &w->pass.own,
		   &source->cursor.circuit);
	(void)pthread_mutex_lock(&b->lock);
	settle(w, source, &change, text);
	(void)pthread_mutex_unlock(&b->lock);
	w->pass = (struct mms_pass){ .max_attempts = w->provider_env.max_attempts };
}
