/* Whose calendars are filled with busy blocks, and what that depends on beside events. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "block_world.h"
#include "mmsync/mem.h"

/* Raised when what the same settings lead to changes: then everybody's blocks are planned anew. */
#define PLAN_VERSION 1

bool
mms_block_takes_part(const struct mms_config *config, const struct mms_source *source)
{
	const struct mms_integration *in = &source->integration;
	const struct mms_provider *provider = mms_provider_find(in->type);

	if (!in->is_active || in->user == NULL || provider == NULL || provider->ops == NULL ||
	    in->blocks == MMS_BLOCKS_OFF)
		return false;
	return in->blocks == MMS_BLOCKS_ON || config->blocks_enabled;
}

bool
mms_block_is_filled(const struct mms_config *config, const struct mms_source *source)
{
	enum mms_calendar_role role = (enum mms_calendar_role)source->cursor.role;

	return mms_block_takes_part(config, source) && mms_outward_is_written_to(source) &&
	       mms_calendar_role_may_write(role);
}

static bool
is_reachable(const struct mms_source *source)
{
	const struct mms_provider *provider = mms_provider_find(source->integration.type);

	return provider != NULL && provider->ops != NULL &&
	       (provider->caps & MMS_CAP_WRITE) != 0;
}

/* ---- by user ------------------------------------------------------------------------------- */

static int
by_user(const void *a, const void *b)
{
	const struct mms_source *x = *(struct mms_source *const *)a,
				*y = *(struct mms_source *const *)b;
	int order = strcasecmp(x->integration.user, y->integration.user);

	if (order != 0)
		return order;
	return x->cursor.id < y->cursor.id ? -1 : x->cursor.id > y->cursor.id;
}

/* Those that have a user, by user and cursor. Owns: the result; NULL: out of memory. */
static struct mms_source **
sort_by_user(struct mms_sources *sources, size_t *n)
{
	struct mms_source **sorted = mms_alloc((sources->n + 1) * sizeof(struct mms_source *));

	*n = 0;
	for (size_t i = 0; sorted != NULL && i < sources->n; i++) {
		if (sources->items[i].integration.user != NULL)
			sorted[(*n)++] = &sources->items[i];
	}
	if (*n > 1)
		qsort(sorted, *n, sizeof(struct mms_source *), by_user);
	return sorted;
}

static size_t
end_of_user(struct mms_source *const *sorted, size_t n, size_t at)
{
	size_t end = at + 1;

	while (end < n &&
	       strcasecmp(sorted[end]->integration.user, sorted[at]->integration.user) == 0)
		end++;
	return end;
}

/* Does one of them fill another? */
static bool
is_any_pair(const struct mms_config *config, struct mms_source *const *of_user, size_t n)
{
	size_t n_sources = 0, n_targets = 0;

	for (size_t i = 0; i < n; i++) {
		n_sources += mms_block_takes_part(config, of_user[i]);
		n_targets += mms_block_is_filled(config, of_user[i]);
	}
	return n_targets > 0 && n_sources > 1;
}

mms_rc
mms_block_mark_sources(const struct mms_sync_env *env, struct mms_db *db,
		       struct mms_sources *sources, struct mms_err *err)
{
	const struct mms_config *config = &env->site->config;
	mms_rc rc = MMS_OK;
	size_t n = 0;

	if (mms_columns_has(env->columns, "tabMM Calendar Integration", "mmsync_busy_blocks"))
		rc = mms_sources_load_choices(db, sources, err);
	struct mms_source **sorted = sort_by_user(sources, &n);
	if (rc != MMS_OK || sorted == NULL) {
		mms_free(sorted);
		return rc != MMS_OK ? rc : mms_fail_nomem(err);
	}
	for (size_t at = 0; at < n;) {
		size_t end = end_of_user(sorted, n, at);
		bool is_pair = is_any_pair(config, sorted + at, end - at);
		for (; at < end; at++)
			sorted[at]->makes_blocks =
				is_pair && mms_block_takes_part(config, sorted[at]);
	}
	mms_free(sorted);
	return MMS_OK;
}

/* ---- people -------------------------------------------------------------------------------- */

void
mms_block_whom_release(struct mms_block_whom *whom)
{
	if (whom == NULL)
		return;
	mms_free(whom->sources);
	mms_free(whom->cursors);
	mms_free(whom->calendars);
	*whom = (struct mms_block_whom){ 0 };
}

void
mms_block_people_release(struct mms_block_people *people)
{
	if (people == NULL)
		return;
	for (size_t i = 0; i < people->n; i++)
		mms_block_whom_release(&people->items[i]);
	mms_free(people->items);
	*people = (struct mms_block_people){ 0 };
}

/* Calendars that are the same one at the service have the same number: the place of the first. */
static unsigned
number_outside(const struct mms_block_whom *whom, size_t at)
{
	const struct mms_integration *in = &whom->sources[at]->integration;
	const struct mms_provider *provider = mms_provider_find(in->type);

	for (size_t i = 0; i < at; i++) {
		const struct mms_integration *other = &whom->sources[i]->integration;
		if (provider == NULL || mms_provider_find(other->type) != provider)
			continue;
		bool is_same =
			provider->caps & MMS_CAP_WRITE
				? mms_provider_is_same_calendar(provider, in->calendar_id,
								other->calendar_id, in->user)
				: in->ical_url != NULL && other->ical_url != NULL &&
					  strcmp(in->ical_url, other->ical_url) == 0;
		if (is_same)
			return whom->calendars[i].outside;
	}
	return (unsigned)at;
}

static void
fill_calendar(const struct mms_outward *o, struct mms_block_whom *whom, size_t at)
{
	const struct mms_config *config = &o->worker->env->site->config;
	const struct mms_source *source = whom->sources[at];
	const struct mms_provider *provider = mms_provider_find(source->integration.type);
	int64_t to_ms;

	whom->cursors[at] = source->cursor.id;
	whom->calendars[at] = (struct mms_block_calendar){
		.cursor_id = source->cursor.id,
		.is_source = whom->is_on && mms_block_takes_part(config, source),
		.is_target = whom->is_on && mms_block_is_filled(config, source),
		.is_unread = source->cursor.last_full_ms == MMS_NO_TIME,
		.is_reachable = is_reachable(source),
		.calendar_id = source->integration.calendar_id,
		.provider = provider != NULL ? provider->name : NULL,
	};
	whom->calendars[at].outside = number_outside(whom, at);
	mms_integration_window(&source->integration, o->now_ms, &whom->calendars[at].from_ms,
			       &to_ms);
}

static mms_rc
make_print(const struct mms_outward *o, struct mms_block_whom *whom, struct mms_err *err)
{
	const struct mms_config *config = &o->worker->env->site->config;
	struct mms_digest *digest = &o->worker->digest;
	unsigned char hash[MMS_SHA256_BYTES];

	if (!whom->is_on)
		return MMS_OK;
	mms_rc rc = mms_digest_begin(digest, err);
	if (rc != MMS_OK)
		return rc;
	mms_digest_add_i64(digest, PLAN_VERSION);
	mms_digest_add_text(digest, config->blocks_title);
	mms_digest_add_i64(digest, config->blocks_privacy);
	for (size_t i = 0; i < whom->n; i++) {
		const struct mms_block_calendar *c = &whom->calendars[i];
		mms_digest_add_i64(digest, (int64_t)c->cursor_id);
		mms_digest_add_i64(digest, c->is_source + 2 * c->is_target +
						   4 * (c->is_target && c->is_unread));
		mms_digest_add_i64(digest, c->outside);
		mms_digest_add_text(digest, c->provider);
		mms_digest_add_text(digest, c->calendar_id);
		mms_digest_add_text(digest, whom->sources[i]->integration.title);
	}
	rc = mms_digest_end(digest, hash, err);
	if (rc == MMS_OK)
		memcpy(whom->print, hash, sizeof whom->print);
	return rc;
}

static mms_rc
make_whom(const struct mms_outward *o, struct mms_source **of_user, size_t n,
	  struct mms_block_whom *out, struct mms_err *err)
{
	out->user = of_user[0]->integration.user;
	out->sources = mms_alloc((n + 1) * sizeof(struct mms_source *));
	out->cursors = mms_alloc((n + 1) * sizeof *out->cursors);
	out->calendars = mms_alloc((n + 1) * sizeof *out->calendars);
	if (out->sources == NULL || out->cursors == NULL || out->calendars == NULL)
		return mms_fail_nomem(err);
	out->is_on = is_any_pair(&o->worker->env->site->config, of_user, n);
	for (size_t i = 0; i < n; i++) {
		if (of_user[i]->cursor.id == 0) /* only in a dry run: nothing is known of it */
			continue;
		out->sources[out->n] = of_user[i];
		fill_calendar(o, out, out->n++);
	}
	return make_print(o, out, err);
}

mms_rc
mms_block_people_make(const struct mms_outward *o, struct mms_sources *sources,
		      struct mms_block_people *out, struct mms_err *err)
{
	size_t n = 0;
	mms_rc rc = MMS_OK;
	struct mms_source **sorted = sort_by_user(sources, &n);

	out->items = mms_alloc((n + 1) * sizeof *out->items);
	if (sorted == NULL || out->items == NULL)
		rc = mms_fail_nomem(err);
	for (size_t at = 0; rc == MMS_OK && at < n;) {
		size_t end = end_of_user(sorted, n, at);
		rc = make_whom(o, sorted + at, end - at, &out->items[out->n++], err);
		at = end;
	}
	mms_free(sorted);
	return rc;
}
