/* A site's database looked at for its health, and what was found as one line. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/columns.h"
#include "mmsync/health.h"
#include "mmsync/mem.h"
#include "mmsync/schema.h"
#include "mmsync/settings.h"

const char *
mms_health_severity_name(enum mms_health_level level)
{
	return level == MMS_HEALTH_NOTE ? "note" : mms_health_status_name(level);
}

const char *
mms_health_status_name(enum mms_health_level level)
{
	switch (level) {
	case MMS_HEALTH_NOTE:
		return "healthy";
	case MMS_HEALTH_DEGRADED:
		return "degraded";
	case MMS_HEALTH_CRITICAL:
		return "critical";
	}
	return "unknown";
}

void
mms_health_release(struct mms_health *health)
{
	if (health == NULL)
		return;
	for (size_t i = 0; i < health->n; i++) {
		mms_free(health->reasons[i].integration);
		mms_free(health->reasons[i].message);
		mms_free(health->reasons[i].hint);
	}
	mms_free(health->reasons);
	*health = (struct mms_health){ 0 };
}

/* ---- reasons ---------------------------------------------------------------------------------- */

mms_rc
mms_health_add(struct mms_health *health, const char *code, enum mms_health_level severity,
	       const char *integration, const struct mms_str *hint,
	       const struct mms_str *message, struct mms_err *err)
{
	struct mms_health_reason *moved =
		mms_grow(health->reasons, health->n, &health->cap, sizeof *moved);

	if (moved == NULL)
		return mms_fail_nomem(err);
	health->reasons = moved;
	struct mms_health_reason *reason = &moved[health->n];
	*reason = (struct mms_health_reason){
		.code = code,
		.severity = severity,
		.integration = mms_text_copy(integration),
		.message = mms_text_copy(mms_str_get(message)),
		.hint = mms_text_copy(mms_str_get(hint)),
		.number = health->n++,
	};
	if ((integration != NULL && reason->integration == NULL) || reason->message == NULL ||
	    reason->hint == NULL || message->state != MMS_OK || hint->state != MMS_OK)
		return mms_fail_nomem(err);
	if (severity > health->status)
		health->status = severity;
	return MMS_OK;
}

mms_rc
mms_health_add_err(struct mms_health *health, const char *code, const struct mms_err *what,
		   struct mms_err *err)
{
	MMS_AUTO(mms_str) message = { 0 };
	MMS_AUTO(mms_str) hint = { 0 };

	mms_str_add(&message, mms_err_text(what));
	mms_str_add(&hint, mms_err_hint(what));
	return mms_health_add(health, code, MMS_HEALTH_CRITICAL, NULL, &hint, &message, err);
}

/* The worst first; of equal ones the order in which they were found. */
static int
compare(const void *a, const void *b)
{
	const struct mms_health_reason *x = a, *y = b;

	if (x->severity != y->severity)
		return x->severity > y->severity ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

void
mms_health_sort(struct mms_health *health)
{
	if (health->n > 1)
		qsort(health->reasons, health->n, sizeof *health->reasons, compare);
}

/* ---- a look ------------------------------------------------------------------------------------- */

/* Are the tables fit to be written to? */
static mms_rc
check_schema(struct mms_db *db, struct mms_err *err)
{
	struct mms_columns *columns = NULL;

	mms_rc rc = mms_schema_require(db, err);
	if (rc == MMS_OK)
		rc = mms_columns_load(db, &columns, err);
	if (rc == MMS_OK)
		rc = mms_schema_require_site(db, columns, err);
	mms_columns_free(columns);
	return rc;
}

/* An error that leaves nothing to be judged, as a reason. */
static mms_rc
tell(struct mms_health *health, const char *code, mms_rc failure, struct mms_err *err)
{
	MMS_AUTO(mms_err) what = { 0 };

	mms_err_move(&what, err);
	if (what.code == MMS_E_NOMEM)
		return mms_fail_nomem(err);
	health->failure = failure;
	return mms_health_add_err(health, code, &what, err);
}

mms_rc
mms_health_read(struct mms_db *db, const struct mms_site *site,
		const struct mms_settings *settings, int64_t now_ms, unsigned parts,
		struct mms_overview *overview, struct mms_health *health, struct mms_err *err)
{
	MMS_AUTO(mms_err) doubt = { 0 };
	const struct mms_health_facts facts = {
		.config = &site->config,
		.overview = overview,
		.now_ms = now_ms,
		.is_in_maintenance = site->is_in_maintenance,
		.site_name = site->name,
		.is_scheduler_off =
			site->is_scheduler_paused || !settings->is_scheduler_enabled,
	};

	mms_rc rc = mms_overview_load(db, settings->time_zone, now_ms,
				      parts | MMS_OVERVIEW_STATES | MMS_OVERVIEW_RUNS, overview,
				      err);
	if (rc != MMS_OK)
		return rc;
	rc = mms_settings_check_zone(settings, &site->config, &doubt);
	if (rc == MMS_E_NOMEM)
		return mms_fail_nomem(err);
	if (rc != MMS_OK) /* no sync runs until it is settled */
		rc = mms_health_add_err(health, "time_zone", &doubt, err);
	return rc == MMS_OK ? mms_health_judge(&facts, health, err) : rc;
}

mms_rc
mms_health_look(struct mms_db *db, const struct mms_site *site, int64_t now_ms,
		struct mms_health *health, struct mms_err *err)
{
	MMS_AUTO(mms_settings) settings = { 0 };
	MMS_AUTO(mms_overview) overview = { 0 };

	mms_rc rc = check_schema(db, err);
	if (rc != MMS_OK)
		return tell(health, "schema", MMS_E_DB, err);
	rc = mms_settings_load(db, &settings, err);
	if (rc == MMS_OK)
		rc = mms_health_read(db, site, &settings, now_ms, 0, &overview, health, err);
	if (rc == MMS_OK)
		return MMS_OK;
	return tell(health, "database", rc == MMS_E_CONFIG ? rc : MMS_E_DB, err);
}

/* How many reasons have this code, and is this the first of them? */
static size_t
count_code(const struct mms_health *health, size_t at, bool *is_first)
{
	size_t n = 0;

	*is_first = true;
	for (size_t i = 0; i < health->n; i++) {
		bool is_same = strcmp(health->reasons[i].code, health->reasons[at].code) == 0;
		n += is_same;
		if (is_same && i < at) {
			*is_first = false;
			return 0;
		}
	}
	return n;
}

void
mms_health_add_line(struct mms_str *out, const struct mms_health *health)
{
	const struct mms_health_counts *c = &health->counts;
	const char *before = ": ";

	mms_str_addf(out, "mmsync %s", mms_health_status_name(health->status));
	for (size_t i = 0; i < health->n; i++) {
		bool is_first;
		size_t n = count_code(health, i, &is_first);

		if (!is_first)
			continue;
		mms_str_addf(out, "%s%s", before, health->reasons[i].code);
		if (n > 1)
			mms_str_addf(out, " %zu", n);
		else if (health->reasons[i].integration != NULL)
			mms_str_addf(out, " (%s)", health->reasons[i].integration);
		before = ", ";
	}
	if (health->failure == MMS_OK)
		mms_str_addf(out,
			     " | active=%" PRId64 " fresh=%" PRId64 " stale=%" PRId64
			     " unreadable=%" PRId64 " failing=%" PRId64 " waiting=%" PRId64
			     " letters=%" PRId64 " quarantined=%" PRId64,
			     c->active, c->fresh, c->stale, c->unreadable, c->failing,
			     c->waiting, c->open_letters + c->given_up_letters, c->quarantined);
}
