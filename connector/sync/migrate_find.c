/* Which busy blocks of an older generation there are, and of what (see migrate_parts.h). */
#include <string.h>
#include <strings.h>

#include "block_inward.h"
#include "block_phase.h"
#include "choose.h"
#include "errand.h"
#include "migrate_parts.h"
#include "mmsync/mem.h"
#include "session.h"

/* ---- which event it is of -------------------------------------------------------------------- */

/* "[source:ACCOUNT:CALENDAR:EVENT]", an event's id may have more colons. Owned. */
struct tag {
	char *account, *calendar, *event;
};

static void
tag_release(struct tag *tag)
{
	mms_free(tag->account);
	mms_free(tag->calendar);
	mms_free(tag->event);
}

/* *is_read false: it has too few parts. */
static mms_rc
read_tag(const char *text, struct tag *out, bool *is_read, struct mms_err *err)
{
	static const char word[] = "[source:";
	const char *at = text + sizeof word - 1, *end = strchr(text, ']');
	char **const to[] = { &out->account, &out->calendar };

	*is_read = false;
	if (strncmp(text, word, sizeof word - 1) != 0 || end == NULL)
		return MMS_OK;
	for (size_t i = 0; i < MMS_COUNT(to); i++) {
		const char *colon = memchr(at, ':', (size_t)(end - at));
		if (colon == NULL)
			return MMS_OK;
		*to[i] = mms_text_copy_n(at, (size_t)(colon - at));
		if (*to[i] == NULL)
			return mms_fail_nomem(err);
		at = colon + 1;
	}
	out->event = mms_text_copy_n(at, (size_t)(end - at));
	*is_read = at < end;
	return out->event != NULL ? MMS_OK : mms_fail_nomem(err);
}

/* Is this the calendar that the tag names, of the same person as the block's? */
static bool
is_named(const struct tag *tag, const struct mms_source *source, const struct mms_source *block)
{
	const struct mms_integration *in = &source->integration;
	const struct mms_provider *provider = mms_provider_find(in->type);
	const char *user = block->integration.user;

	if (in->user == NULL || user == NULL || strcasecmp(in->user, user) != 0 ||
	    source->cursor.id == 0 || source == block || provider == NULL ||
	    (strcasecmp(tag->account, in->user) != 0 && strcmp(tag->account, in->name) != 0 &&
	     (in->title == NULL || strcmp(tag->account, in->title) != 0)))
		return false;
	if (strcmp(tag->calendar, "primary") == 0 || strcmp(tag->calendar, in->name) == 0)
		return true;
	return provider->caps & MMS_CAP_WRITE
		       ? mms_provider_is_same_calendar(provider, tag->calendar, in->calendar_id,
						       in->user)
		       : in->calendar_id != NULL && strcmp(tag->calendar, in->calendar_id) == 0;
}

/* The event that a tag names; *why: why there is none. */
static mms_rc
find_source(struct mms_migration *m, struct mms_db *db, const struct tag *tag,
	    const struct mms_source *block, struct mms_migrate_sure *sure, const char **why,
	    struct mms_err *err)
{
	struct mms_sources *sources = &m->kit.sources;
	unsigned char key[MMS_PRINT_BYTES];

	*why = "its tag names no other calendar of this person";
	mms_rc rc = mms_outward_key(&m->kit.worker, tag->event, key, err);
	for (size_t i = 0; rc == MMS_OK && i < sources->n && !sure->of.is_known; i++) {
		if (!is_named(tag, &sources->items[i], block))
			continue;
		*why = "its tag names an event that is not known here";
		mms_old_source_release(&sure->of);
		sure->of_cursor = sources->items[i].cursor.id;
		rc = mms_old_source_find(db, sure->of_cursor, key, &sure->of, err);
	}
	if (rc != MMS_OK || !sure->of.is_known)
		return rc;
	bool is_block = sure->of.type == MMS_STATE_BUSY_BLOCK ||
			(sure->of.flags & MMS_STATE_NO_SOURCE) != 0;
	*why = is_block ? "what its tag names is a busy block itself" : NULL;
	return MMS_OK;
}

static bool
is_written_to(const struct mms_source *source)
{
	return mms_outward_is_written_to(source) &&
	       mms_calendar_role_may_write((enum mms_calendar_role)source->cursor.role);
}

/* *why NULL: sure. */
static mms_rc
judge(struct mms_migration *m, struct mms_db *db, struct mms_migrate_sure *sure,
      const char **why, struct mms_err *err)
{
	const char *text = mms_block_old_tag(sure->old->text);
	struct tag tag __attribute__((cleanup(tag_release))) = { 0 };
	bool is_read = false;
	mms_rc rc = MMS_OK;

	if (text != NULL)
		rc = read_tag(text, &tag, &is_read, err);
	*why = sure->old->is_instance         ? "it is an instance of a series"
	       : !is_written_to(sure->source) ? "its calendar is not written to"
	       : !is_read                     ? "no tag says which event it is of"
					      : NULL;
	return rc == MMS_OK && *why == NULL
		       ? find_source(m, db, &tag, sure->source, sure, why, err)
		       : rc;
}

/* ---- what rows do not show ------------------------------------------------------------------- */

/* Title and text of one whose row hides them: it is no old block where they say nothing, or it is gone. */
static mms_rc
read_hidden(struct mms_session *session, const struct mms_provider *provider,
	    struct mms_old_block *old, struct mms_err *err)
{
	MMS_AUTO(mms_event) event = { 0 };

	mms_rc rc = provider->ops->get(session, old->external_id, &event, err);
	if (rc != MMS_OK)
		return rc;
	mms_free(old->title);
	mms_free(old->text);
	old->title = event.title;
	old->text = event.description;
	event.title = event.description = NULL;
	return MMS_OK;
}

static mms_rc
read_all_hidden(struct mms_migration *m, struct mms_source *source, struct mms_old_block *old,
		size_t n, struct mms_lease *lease, struct mms_err *err)
{
	const struct mms_provider *provider = mms_provider_find(source->integration.type);
	struct mms_open_session open = { 0 };

	mms_rc rc = mms_session_open(&m->kit.worker, source, lease, &open, err);
	if (rc != MMS_OK)
		return rc;
	for (size_t i = 0; rc == MMS_OK && i < n; i++) {
		if (old[i].is_private)
			rc = read_hidden(open.session, provider, &old[i], err);
	}
	mms_session_close(&open);
	return rc;
}

/* Those of one calendar. In a dry run nobody is asked for the lease: nothing is written. */
static mms_rc
read_calendar(struct mms_migration *m, struct mms_source *source, struct mms_old_block *old,
	      size_t n, struct mms_err *err)
{
	bool is_dry = m->options->is_dry, is_any = false;
	struct mms_lease lease = { 0 };
	MMS_AUTO(mms_err) own = { 0 };

	for (size_t i = 0; i < n; i++)
		is_any = is_any || old[i].is_private;
	if (!is_any || !is_written_to(source))
		return MMS_OK;
	mms_rc rc = is_dry ? MMS_OK : mms_errand_claim(&m->kit.o, source, &lease, err);
	if (rc != MMS_OK)
		return rc;
	rc = read_all_hidden(m, source, old, n, is_dry ? NULL : &lease, err);
	if (is_dry || rc == MMS_E_HELD)
		return rc;
	mms_rc given = mms_errand_leave(&m->kit.o, &lease, err, &own);
	if (rc == MMS_OK && given != MMS_OK) {
		mms_err_move(err, &own);
		rc = given;
	}
	return rc;
}

/* ---- finding ------------------------------------------------------------------------------- */

static struct mms_source *
source_of(struct mms_migration *m, uint64_t cursor_id)
{
	for (size_t i = 0; i < m->kit.sources.n; i++) {
		if (m->kit.sources.items[i].cursor.id == cursor_id)
			return &m->kit.sources.items[i];
	}
	return NULL;
}

static bool
copy_text(const char *from, char **to)
{
	*to = mms_text_copy(from);
	return from == NULL || *to != NULL;
}

static mms_rc
add_item(struct mms_migration *m, const struct mms_migrate_sure *sure, const char *why,
	 struct mms_err *err)
{
	struct mms_migrate_report *report = m->report;
	struct mms_migrated *moved =
		mms_grow(report->items, report->n, &report->cap, sizeof *moved);
	const struct mms_source *of = why == NULL ? source_of(m, sure->of_cursor) : NULL;

	if (moved == NULL)
		return mms_fail_nomem(err);
	report->items = moved;
	struct mms_migrated *item = &moved[report->n++];
	*item = (struct mms_migrated){ .action = why == NULL ? "planned" : "unsure",
				       .why = why };
	return copy_text(sure->source->integration.name, &item->integration) &&
			       copy_text(sure->old->row_name, &item->event) &&
			       copy_text(sure->old->external_id, &item->external_id) &&
			       copy_text(of != NULL ? of->integration.name : NULL,
					 &item->source_integration) &&
			       copy_text(of != NULL ? sure->of.row_name : NULL,
					 &item->source_event)
		       ? MMS_OK
		       : mms_fail_nomem(err);
}

static mms_rc
add_unread(struct mms_migration *m, struct mms_source *source, const struct mms_old_block *old,
	   const struct mms_err *why, struct mms_err *err)
{
	const struct mms_migrate_sure sure = { .old = old, .source = source };
	mms_rc rc = add_item(m, &sure, "", err);

	if (rc == MMS_OK) {
		m->report->items[m->report->n - 1].why = NULL;
		mms_migrate_fail(&m->report->items[m->report->n - 1], why);
	}
	return rc;
}

static mms_rc
look_at(struct mms_migration *m, struct mms_db *db, struct mms_source *source,
	const struct mms_old_block *old, struct mms_err *err)
{
	struct mms_migrate_sure *sure = &m->sures[m->n_sures];
	const char *why = NULL;

	*sure = (struct mms_migrate_sure){ .old = old, .source = source };
	if ((!mms_block_has_old_title(old->title) && mms_block_old_tag(old->text) == NULL))
		return MMS_OK;
	mms_rc rc = judge(m, db, sure, &why, err);
	sure->item = m->report->n;
	if (rc == MMS_OK)
		rc = add_item(m, sure, why, err);
	if (rc == MMS_OK && why == NULL)
		rc = mms_block_uuid(m->kit.o.site_uuid, old->uuid, old->cursor_id, 0,
				    sure->uuid, err);
	if (rc == MMS_OK && why == NULL)
		m->n_sures++;
	else
		mms_old_source_release(&sure->of);
	return rc;
}

/* All of one calendar's. Where what is hidden cannot be read now, that is told of each that is. */
static mms_rc
look_at_calendar(struct mms_migration *m, struct mms_old_block *old, size_t n,
		 struct mms_err *err)
{
	struct mms_source *source = source_of(m, old->cursor_id);
	MMS_AUTO(mms_lent) lent = { 0 };
	MMS_AUTO(mms_err) why = { 0 };

	if (source == NULL || !mms_choose_is_wanted(&m->kit.options, source, m->kit.o.now_ms))
		return MMS_OK;
	mms_rc rc = read_calendar(m, source, old, n, &why);
	if (mms_migrate_is_end(rc) && rc != MMS_E_HELD) {
		mms_err_move(err, &why);
		return rc;
	}
	bool is_read = rc == MMS_OK;
	m->n_held += rc == MMS_E_HELD;
	rc = mms_pool_lend(m->kit.worker.env->pool, &lent, err);
	for (size_t i = 0; rc == MMS_OK && i < n; i++) {
		if (is_read || !old[i].is_private)
			rc = look_at(m, lent.db, source, &old[i], err);
		else
			rc = add_unread(m, source, &old[i], &why, err);
	}
	return rc;
}

mms_rc
mms_migrate_find(struct mms_migration *m, struct mms_err *err)
{
	const struct mms_sync_env *env = m->kit.worker.env;
	MMS_AUTO(mms_lent) lent = { 0 };

	mms_rc rc = mms_choose_check(env, &m->kit.options, &m->kit.sources, err);
	if (rc == MMS_OK)
		rc = mms_pool_lend(env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_old_blocks_load(lent.db, &m->old, err);
	mms_lent_release(&lent);
	if (rc == MMS_OK)
		m->sures = mms_alloc((m->old.n + 1) * sizeof *m->sures);
	if (rc == MMS_OK && m->sures == NULL)
		rc = mms_fail_nomem(err);
	for (size_t i = 0, n; rc == MMS_OK && i < m->old.n; i += n) {
		struct mms_old_block *old = &m->old.items[i];
		for (n = 1; i + n < m->old.n && old[n].cursor_id == old->cursor_id; n++)
			;
		rc = look_at_calendar(m, old, n, err);
	}
	return rc;
}
