/*
 * Our tag on people's own events (tag_user_events): the mark that says which state is theirs. It is put once, after the
 * event was stored; put twice it is the same. Nothing depends on it: what is lost here is tried by the next run.
 */
#include <string.h>

#include "errand.h"
#include "lease_tx.h"
#include "mmsync/fault.h"
#include "mmsync/mem.h"
#include "mmsync/tags.h"
#include "session.h"

/* Of one calendar in one run. */
#define TAGS_MAX 200

struct tagging {
	const struct mms_outward *o;
	struct mms_source *source;
	const struct mms_provider *provider;
	struct mms_session *session;
	struct mms_lease lease;
};

/* Some of them, to be noted as done. */
struct handful {
	struct mms_tag *tags;
	size_t n;
};

static mms_rc
write_done(struct mms_tx *tx, void *aux, struct mms_err *err)
{
	const struct handful *h = aux;

	return mms_tags_put(tx, h->tags, h->n, err);
}

/* What is refused for good, or is not there any more, is not tried again. */
static void
judge(struct handful *h, struct mms_write_result *results)
{
	for (size_t i = 0; i < h->n; i++) {
		mms_rc code = results[i].err.code;

		h->tags[i].is_done = code == MMS_OK || code == MMS_E_ITEM || code == MMS_E_GONE;
		mms_write_result_release(&results[i]);
	}
}

static mms_rc
put_handful(struct tagging *t, struct handful *h, struct mms_err *err)
{
	struct mms_write *writes = mms_alloc((h->n + 1) * sizeof *writes);
	struct mms_write_result *results = mms_alloc((h->n + 1) * sizeof *results);

	mms_rc rc = writes == NULL || results == NULL
			    ? mms_fail_nomem(err)
			    : mms_lease_tx_run(t->o->worker, &t->lease, NULL, NULL, err);
	for (size_t i = 0; rc == MMS_OK && i < h->n; i++) {
		writes[i] = (struct mms_write){ .kind = MMS_WRITE_CHANGE,
						.external_id = h->tags[i].external_id,
						.fields = MMS_FIELD_MARK };
		writes[i].mark.kind = MMS_MARK_USER_EVENT;
		memcpy(writes[i].mark.id, h->tags[i].uuid, sizeof writes[i].mark.id);
		memcpy(writes[i].mark.site, t->o->site_uuid, sizeof writes[i].mark.site);
	}
	if (rc == MMS_OK) {
		mms_fault_step();
		rc = t->provider->ops->put(t->session, writes, h->n, results, err);
		mms_fault_step();
		judge(h, results);
	}
	mms_free(results);
	mms_free(writes);
	/* Also when the rest was not tried: what was done is noted. */
	MMS_AUTO(mms_err) own = { 0 };
	mms_rc noted = rc == MMS_E_NOMEM || rc == MMS_E_HELD
			       ? rc
			       : mms_lease_tx_run(t->o->worker, &t->lease, write_done, h, &own);
	if (rc == MMS_OK && noted != MMS_OK)
		mms_err_move(err, &own);
	return rc == MMS_OK ? noted : rc;
}

static mms_rc
put_all(struct tagging *t, struct mms_tags *tags, struct mms_request_counts *counts,
	struct mms_err *err)
{
	struct mms_open_session open = { 0 };

	mms_rc rc = mms_session_open(t->o->worker, t->source, &t->lease, &open, err);
	if (rc != MMS_OK)
		return rc;
	t->session = open.session;
	for (size_t i = 0; rc == MMS_OK && i < tags->n; i += t->provider->batch_max) {
		struct handful h = { tags->items + i, tags->n - i };

		if (h.n > t->provider->batch_max)
			h.n = t->provider->batch_max;
		rc = put_handful(t, &h, err);
	}
	const struct mms_request_counts *made =
		&((const struct mms_session_base *)t->session)->counts;
	counts->requests += made->requests;
	counts->retries += made->retries;
	mms_session_close(&open);
	return rc;
}

static mms_rc
find_wanted(const struct tagging *t, struct mms_tags *out, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };

	const struct mms_integration *in = &t->source->integration;

	mms_rc rc = mms_pool_lend(t->o->worker->env->pool, &lent, err);
	return rc == MMS_OK ? mms_tags_wanted(lent.db, t->source->cursor.id, in->user,
					      in->calendar_id, TAGS_MAX, out, err)
			    : rc;
}

mms_rc
mms_tag_run(const struct mms_outward *o, struct mms_source *source,
	    struct mms_request_counts *counts, struct mms_err *err)
{
	struct tagging t = { .o = o,
			     .source = source,
			     .provider = mms_provider_find(source->integration.type) };
	MMS_AUTO(mms_tags) tags = { 0 };
	MMS_AUTO(mms_err) own = { 0 };

	if (!o->worker->env->site->config.tag_user_events || !source->makes_blocks ||
	    !mms_outward_is_written_to(source) ||
	    !mms_calendar_role_may_write((enum mms_calendar_role)source->cursor.role))
		return MMS_OK;
	mms_rc rc = find_wanted(&t, &tags, err);
	if (rc != MMS_OK || tags.n == 0)
		return rc;
	rc = mms_errand_claim(o, source, &t.lease, err);
	if (rc != MMS_OK)
		return rc;
	rc = put_all(&t, &tags, counts, err);
	if (rc == MMS_E_HELD)
		return rc;
	mms_rc given = mms_errand_leave(o, &t.lease, err, &own);
	if (rc == MMS_OK && given != MMS_OK)
		mms_err_move(err, &own);
	return rc == MMS_OK ? given : rc;
}
