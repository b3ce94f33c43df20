/* mmsync health: is it well? mmsync metrics: the samples for a dashboard. */
#include "verbs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "mmsync/health.h"
#include "mmsync/metrics.h"
#include "mmsync/repair.h"
#include "plain.h"

const struct mms_opt mms_health_opts[] = {
	{ "fix", MMS_OPT_FLAG, NULL, "first mend what may be mended without a person" },
	{ NULL, MMS_OPT_FLAG, NULL, NULL },
};

const char mms_health_more[] =
	"Judges the whole site: healthy, degraded or critical, with a reason for each thing "
	"that is not as it should be and what to do about it. Notes change nothing. It tells "
	"of calendars that are stale, unreadable, empty all of a sudden or left alone after "
	"failures, of syncs that fail, of changes that do not leave, and of rows that do not "
	"fit together; docs/monitoring.md has each code. Changes nothing, but with --fix. "
	"--quiet "
	"prints one line for a monitoring program.\n"
	"--fix: what of it mmsync repair may do unattended is done first, by the rules that "
	"cost "
	"little, and then it is judged; it tells what was mended. It may sync calendars.\n"
	"  mmsync health\n"
	"  mmsync health --fix\n"
	"  mmsync --quiet health\n"
	"  mmsync health --json\n"
	"Exit status: 0 healthy; 1 degraded or critical; 2 no site was named; 3 the "
	"configuration is wrong; 4 the database cannot be used. With 3 and 4 it is critical, "
	"and the result is printed all the same.";

const char mms_metrics_more[] =
	"Prints what a dashboard needs as Prometheus reads it (text format 0.0.4): events, "
	"runs, durations, requests, retries, waiting changes, dead letters, how fresh each "
	"calendar is, and what health says. Counters never fall, whatever is cleaned up. "
	"Changes nothing; docs/monitoring.md lists every name.\n"
	"  mmsync metrics > mmsync.prom.new && mv mmsync.prom.new mmsync.prom\n"
	"Exit status: 0 done; 2 no site was named; 3 configuration; 4 the database cannot be "
	"used.";

/* ---- health ------------------------------------------------------------------------------------- */

/* The problems of the configuration, each a reason. */
static mms_rc
add_problems(struct mms_health *health, const struct mms_findings *found, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < found->n; i++) {
		const struct mms_finding *f = &found->items[i];
		MMS_AUTO(mms_err) what = { 0 };

		const char *detail = f->detail != NULL ? f->detail : "is wrong";

		if (strstr(detail, f->object) != NULL) /* it says what it is about */
			mms_fail(&what, MMS_E_CONFIG, "%s", detail);
		else
			mms_fail(&what, MMS_E_CONFIG, "%s: %s", f->object, detail);
		mms_hint(&what, "%s", f->remedy != NULL ? f->remedy : "mmsync doctor");
		rc = mms_health_add_err(health, "configuration", &what, err);
		health->failure = MMS_E_CONFIG;
	}
	return rc;
}

/* A site that cannot be read, or a database that cannot be reached, is a reason, too. */
static mms_rc
add_failure(struct mms_health *health, const char *code, struct mms_err *err)
{
	MMS_AUTO(mms_err) what = { 0 };

	mms_err_move(&what, err);
	if (what.code == MMS_E_NOMEM)
		return mms_fail_nomem(err);
	health->failure = strcmp(code, "configuration") == 0 ? MMS_E_CONFIG : MMS_E_DB;
	return mms_health_add_err(health, code, &what, err);
}

/* A site that was read. */
static mms_rc
look_at(struct mms_app *app, struct mms_health *health, struct mms_err *err)
{
	struct mms_db *db = NULL;

	mms_rc rc = mms_db_open(&db, &app->site.db, err);
	if (rc != MMS_OK)
		return add_failure(health, "database", err);
	rc = mms_health_look(db, &app->site, mms_clock_now_ms(&app->clock), health, err);
	mms_db_close(db);
	return rc;
}

static mms_rc
look(struct mms_app *app, struct mms_health *health, struct mms_err *err)
{
	MMS_AUTO(mms_findings) problems = { 0 };
	const char *dir = mms_app_site_dir(app);

	if (dir == NULL) {
		mms_fail(err, MMS_E_USAGE, "health needs a site");
		return mms_hint(err, "--site BENCH/sites/SITE, or set MMSYNC_SITE");
	}
	mms_rc rc = mms_site_load_all(dir, mms_app_env, NULL, &app->site, &problems, err);
	if (rc != MMS_OK)
		return add_failure(health, "configuration", err);
	if (problems.n > 0)
		return add_problems(health, &problems, err);
	app->has_site = true;
	return look_at(app, health, err);
}

/* What does not agree between tables; a site that cannot be looked at has told so already. */
static mms_rc
look_for_flaws(struct mms_app *app, struct mms_health *health, struct mms_err *err)
{
	if (health->failure != MMS_OK)
		return MMS_OK;
	mms_rc rc = mms_app_make_ready_late(app, MMS_NEED_SCHEMA, err);
	const struct mms_sync_env env = mms_app_sync_env(app);
	if (rc == MMS_OK)
		rc = mms_health_look_for_flaws(&env, health, err);
	return rc == MMS_E_RETRY || rc == MMS_E_DB ? add_failure(health, "database", err) : rc;
}

/*
 * What may be mended unattended. Where nothing can be, because the site is in maintenance, or a copy, nothing is, and the note
 * says why: whether all is well is judged all the same.
 */
static mms_rc
fix(struct mms_app *app, struct mms_repair_report *report, struct mms_err *err)
{
	const struct mms_repair_options options = { .choice = { .only_cheap = true },
						    .only_unattended = true };

	mms_rc rc = mms_app_make_ready_late(app, MMS_NEED_SCHEMA | MMS_WRITES, err);
	const struct mms_sync_env env = mms_app_sync_env(app);
	if (rc == MMS_OK)
		rc = mms_repair_run(&env, &options, report, err);
	if (rc == MMS_OK || rc == MMS_E_NOMEM || rc == MMS_E_STOPPED)
		return rc;
	mms_app_note(app, "nothing was mended: %s", mms_err_text(err));
	mms_err_release(err);
	return MMS_OK;
}

static mms_rc
print_json(struct mms_app *app, const struct mms_health *health,
	   const struct mms_repair_report *mended, struct mms_err *err)
{
	const struct mms_health_counts *c = &health->counts;
	MMS_AUTO(mms_json) j = { 0 };

	mms_rc rc = mms_app_json(app, &j, err);
	if (rc != MMS_OK)
		return rc;
	mms_json_map(&j);
	mms_json_put_text(&j, "status", mms_health_status_name(health->status));
	mms_json_key(&j, "reasons");
	mms_json_array(&j);
	for (size_t i = 0; i < health->n; i++) {
		const struct mms_health_reason *r = &health->reasons[i];

		mms_json_map(&j);
		mms_json_put_text(&j, "code", r->code);
		mms_json_put_text(&j, "severity", mms_health_severity_name(r->severity));
		mms_json_put_text(&j, "integration", r->integration);
		mms_json_put_text(&j, "message", r->message);
		mms_json_put_text(&j, "hint", r->hint[0] != '\0' ? r->hint : NULL);
		mms_json_map_end(&j);
	}
	mms_json_array_end(&j);
	mms_json_key(&j, "checked");
	mms_json_map(&j);
	mms_json_put_i64(&j, "integrations", c->integrations);
	mms_json_put_i64(&j, "active", c->active);
	mms_json_put_i64(&j, "fresh", c->fresh);
	mms_json_put_i64(&j, "stale", c->stale);
	mms_json_put_i64(&j, "unreadable", c->unreadable);
	mms_json_put_i64(&j, "new", c->recently_made);
	mms_json_put_i64(&j, "failing", c->failing);
	mms_json_put_i64(&j, "events", c->events);
	mms_json_put_i64(&j, "runs_last_hour", c->recent_runs);
	mms_json_put_i64(&j, "failed_runs_last_hour", c->recent_bad);
	mms_json_put_i64(&j, "waiting", c->waiting);
	mms_json_put_i64(&j, "creations_stuck", c->stuck);
	mms_json_put_i64(&j, "letters_open", c->open_letters);
	mms_json_put_i64(&j, "letters_given_up", c->given_up_letters);
	mms_json_put_i64(&j, "quarantined", c->quarantined);
	mms_json_map_end(&j);
	if (mms_app_flag(app, "fix"))
		mms_app_json_repairs(&j, &mended->repairs);
	mms_json_map_end(&j);
	mms_json_done(&j);
	return mms_json_check(&j, err);
}

static const char *
color_of(const struct mms_app *app, enum mms_health_level level)
{
	static const char *const colors[] = { "\033[32m", "\033[33m", "\033[31m" };

	return app->has_color ? colors[level] : "";
}

static mms_rc
add_reason(struct mms_str *out, const struct mms_app *app, const struct mms_health_reason *r)
{
	bool is_note = r->severity == MMS_HEALTH_NOTE;

	mms_str_addf(out, "%s%-8s%s  %s", is_note ? "" : color_of(app, r->severity),
		     mms_health_severity_name(r->severity), app->has_color ? "\033[0m" : "",
		     r->code);
	if (r->integration != NULL) {
		mms_str_addc(out, ' ');
		mms_plain_add(out, r->integration, strlen(r->integration));
	}
	mms_str_add(out, ": ");
	mms_plain_add(out, r->message, strlen(r->message));
	if (r->hint[0] != '\0') {
		mms_str_add(out, "\n          ");
		mms_plain_add(out, r->hint, strlen(r->hint));
	}
	mms_str_addc(out, '\n');
	return out->state;
}

static void
add_mended(struct mms_str *out, const struct mms_repair *r)
{
	mms_str_addf(out, "%-8s  %s ", mms_repair_status_name(r->status),
		     mms_rule_name(r->rule));
	mms_plain_add(out, r->name, strlen(r->name));
	mms_str_addf(out, ": %s\n", mms_remedy_help(r->mend.remedy));
	if (r->err.code == MMS_OK)
		return;
	mms_str_add(out, "          ");
	mms_plain_add(out, mms_err_text(&r->err), strlen(mms_err_text(&r->err)));
	mms_str_addc(out, '\n');
}

static mms_rc
print_text(struct mms_app *app, const struct mms_health *health,
	   const struct mms_repair_report *mended, struct mms_err *err)
{
	const struct mms_health_counts *c = &health->counts;
	MMS_AUTO(mms_str) out = { 0 };

	for (size_t i = 0; !app->is_quiet && i < mended->repairs.n; i++)
		add_mended(&out, &mended->repairs.items[i]);
	if (app->is_quiet) {
		mms_health_add_line(&out, health);
		mms_str_addc(&out, '\n');
	} else {
		mms_str_addf(&out, "%s%s%s\n", color_of(app, health->status),
			     mms_health_status_name(health->status),
			     app->has_color ? "\033[0m" : "");
		for (size_t i = 0; i < health->n; i++)
			(void)add_reason(&out, app, &health->reasons[i]);
	}
	if (!app->is_quiet && health->failure == MMS_OK)
		mms_str_addf(
			&out,
			"%" PRId64 " active calendar%s: %" PRId64 " fresh, %" PRId64
			" stale, %" PRId64 " unreadable, %" PRId64 " new (%" PRId64
			" fail%s); %" PRId64 " run%s in the last hour, %" PRId64 " failed\n",
			c->active, c->active == 1 ? "" : "s", c->fresh, c->stale, c->unreadable,
			c->recently_made, c->failing, c->failing == 1 ? "s" : "",
			c->recent_runs, c->recent_runs == 1 ? "" : "s", c->recent_bad);
	mms_rc rc = mms_str_check(&out, err);
	if (rc == MMS_OK)
		printf("%s", mms_str_get(&out));
	return rc;
}

/* Mended first, then judged anew. */
static mms_rc
judge(struct mms_app *app, struct mms_health *health, struct mms_repair_report *mended,
      struct mms_err *err)
{
	mms_rc rc = look(app, health, err);
	if (rc == MMS_OK && health->failure == MMS_OK && mms_app_flag(app, "fix"))
		rc = fix(app, mended, err);
	if (rc == MMS_OK && mended->repairs.n > 0) {
		mms_health_release(health);
		rc = look_at(app, health, err);
	}
	return rc == MMS_OK ? look_for_flaws(app, health, err) : rc;
}

mms_rc
mms_verb_health(struct mms_app *app, struct mms_err *err)
{
	MMS_AUTO(mms_health) health = { 0 };
	MMS_AUTO(mms_repair_report) mended = { 0 };

	mms_rc rc = judge(app, &health, &mended, err);
	if (rc != MMS_OK)
		return rc;
	if (health.failure != MMS_OK)
		app->exit_status = mms_rc_exit_status(health.failure);
	else
		app->exit_status = health.status != MMS_HEALTH_NOTE;
	return app->is_json ? print_json(app, &health, &mended, err)
			    : print_text(app, &health, &mended, err);
}

/* ---- metrics ------------------------------------------------------------------------------------ */

static mms_rc
print_metrics(struct mms_app *app, const struct mms_metrics_facts *facts, struct mms_err *err)
{
	MMS_AUTO(mms_json) j = { 0 };
	MMS_AUTO(mms_str) out = { 0 };
	mms_rc rc;

	if (app->is_json) {
		rc = mms_app_json(app, &j, err);
		if (rc != MMS_OK)
			return rc;
		mms_json_map(&j);
		mms_metrics_put_json(&j, facts);
		mms_json_map_end(&j);
		mms_json_done(&j);
		return mms_json_check(&j, err);
	}
	mms_metrics_add_text(&out, facts);
	rc = mms_str_check(&out, err);
	if (rc == MMS_OK)
		(void)fwrite(mms_str_get(&out), 1, out.len, stdout);
	return rc;
}

mms_rc
mms_verb_metrics(struct mms_app *app, struct mms_err *err)
{
	MMS_AUTO(mms_overview) overview = { 0 };
	MMS_AUTO(mms_health) health = { 0 };
	MMS_AUTO(mms_lent) lent = { 0 };
	int64_t began_mono_ms = mms_clock_mono_ms();
	struct mms_metrics_facts facts = { .config = &app->site.config,
					   .overview = &overview,
					   .health = &health,
					   .now_ms = mms_clock_now_ms(&app->clock) };

	mms_rc rc = mms_pool_lend(app->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_health_read(lent.db, &app->site, &app->settings, facts.now_ms,
				     MMS_OVERVIEW_NEW, &overview, &health, err);
	mms_lent_release(&lent);
	const struct mms_sync_env env = mms_app_sync_env(app);
	if (rc == MMS_OK)
		rc = mms_health_look_for_flaws(&env, &health, err);
	if (rc != MMS_OK)
		return rc;
	facts.taken_ms = mms_clock_mono_ms() - began_mono_ms;
	return print_metrics(app, &facts, err);
}
