/* mmsync status: each integration, how far it is and how it fares. */
#include "verbs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "mmsync/age.h"
#include "mmsync/due.h"
#include "mmsync/freshness.h"
#include "mmsync/health.h"
#include "mmsync/mem.h"
#include "mmsync/overview.h"
#include "mmsync/provider.h"
#include "plain.h"

const struct mms_opt mms_status_opts[] = {
	{ "integration", MMS_OPT_TEXTS, "NAME",
	  "only this MM Calendar Integration; repeatable" },
	{ "user", MMS_OPT_TEXTS, "EMAIL", "only this person's integrations; repeatable" },
	{ NULL, MMS_OPT_FLAG, NULL, NULL },
};

const char mms_status_more[] =
	"Tells of each integration when its calendar was last read well and when sync --due "
	"takes it next, how its last run went, how many events are known, what failed, and who "
	"works on it now. Changes nothing.\n"
	"STATE is ok, new (not read yet, and not late), stale, never read, unreadable (no good "
	"read for unreadable_after_hours), failing (its last run failed), circuit open, needs "
	"sign-in, running, abandoned (a worker died over it), unsupported or inactive. READ is "
	"how old the last good read is. The first line of each Sync Error Log stands below. "
	"--quiet shows only what needs attention. A narrow terminal leaves out columns, a pipe "
	"and --json have all.\n"
	"  mmsync status\n"
	"  mmsync status --user ann@example.com --json\n"
	"Exit status: 0 the question was answered; 2 usage, also an unknown name; 3 "
	"configuration; 4 the database cannot be used. mmsync health judges what this shows.";

/* ---- what is told of one ------------------------------------------------------------------------ */

struct view {
	const struct mms_overview_item *item;
	const char *provider; /* "unknown": none of ours          */
	struct mms_freshness freshness;
	const char *due; /* the name of its state            */
	int64_t due_ms;
	const char *run; /* "running", "abandoned", NULL     */
	const char *state;
	bool needs_attention;
};

/* What a scheduled run does, as the site is now. */
static void
find_due(const struct mms_app *app, int64_t now_ms, bool is_synced_here, struct view *v)
{
	enum mms_due due = mms_due_find(v->item->source, now_ms, &v->due_ms);
	bool is_on = !app->site.is_scheduler_paused && app->settings.is_scheduler_enabled;
	bool would_be = due != MMS_DUE_INACTIVE && due != MMS_DUE_MANUAL;

	v->due = mms_due_name(due);
	if (would_be && !is_synced_here)
		v->due = "unsupported";
	else if (would_be && app->site.is_in_maintenance)
		v->due = "maintenance";
	else if (would_be && !is_on)
		v->due = "paused";
	else
		return;
	v->due_ms = MMS_NO_TIME;
}

/* The one word for people, the most telling first. */
static void
find_state(const struct mms_app *app, int64_t now_ms, bool is_synced_here, struct view *v)
{
	const struct mms_overview_item *item = v->item;
	enum mms_readable readable = v->freshness.readable;
	bool is_new = mms_health_is_new(&app->site.config, item, now_ms);
	const struct {
		const char *state;
		bool is_it, needs_attention;
	} states[] = {
		{ "inactive", !item->source->integration.is_active, false },
		{ "unsupported", !is_synced_here, true },
		{ v->run, v->run != NULL, v->run != NULL && item->source->cursor.is_abandoned },
		{ "needs sign-in", readable == MMS_NEEDS_REAUTH, true },
		{ "circuit open", item->circuit != MMS_CIRCUIT_CLOSED, true },
		{ "failing", item->source->cursor.failures > 0, true },
		{ "new", is_new, false },
		{ "never read", readable == MMS_NEVER_READ, true },
		{ "unreadable", readable == MMS_READ_TOO_OLD, true },
		{ "stale", !v->freshness.is_fresh, true },
		{ "ok", true, false },
	};
	size_t i = 0;

	while (!states[i].is_it)
		i++;
	v->state = states[i].state;
	v->needs_attention = states[i].needs_attention;
}

static struct view
make_view(const struct mms_app *app, const struct mms_overview_item *item, int64_t now_ms)
{
	const struct mms_provider *provider = mms_provider_find(item->source->integration.type);
	bool is_synced_here = provider != NULL && provider->ops != NULL;
	const struct mms_read_facts facts = {
		.as_of_ms = item->as_of_ms,
		.interval_minutes = item->source->integration.interval_minutes,
		.needs_reauth = item->needs_reauth,
	};
	struct view v = { .item = item,
			  .provider = provider != NULL ? provider->name : "unknown" };

	v.freshness = mms_freshness_judge(&app->site.config, &facts, now_ms);
	if (item->source->cursor.id != 0 && item->source->cursor.is_abandoned)
		v.run = "abandoned";
	else if (item->holder != NULL)
		v.run = "running";
	find_due(app, now_ms, is_synced_here, &v);
	find_state(app, now_ms, is_synced_here, &v);
	return v;
}

/* ---- JSON --------------------------------------------------------------------------------------- */

static void
put_run(struct mms_json *j, const struct view *v)
{
	const struct mms_overview_item *item = v->item;

	mms_json_key(j, "last_run");
	if (item->run_mode[0] == '\0') {
		mms_json_null(j);
	} else {
		mms_json_map(j);
		mms_json_put_text(j, "mode", item->run_mode);
		mms_json_put_text(j, "status", item->run_status);
		mms_json_put_time(j, "started", item->run_started_ms);
		mms_json_put_text(j, "code",
				  item->run_error[0] != '\0' ? item->run_error : NULL);
		mms_app_json_blocks(j, &item->run_blocks);
		mms_json_map_end(j);
	}
	mms_json_key(j, "lease");
	if (v->run == NULL) {
		mms_json_null(j);
		return;
	}
	mms_json_map(j);
	mms_json_put_text(j, "state", v->run);
	mms_json_put_text(j, "owner", item->holder);
	mms_json_put_time(j, "until", item->lease_until_ms);
	mms_json_map_end(j);
}

static void
put_item(struct mms_json *j, const struct view *v, int64_t now_ms)
{
	const struct mms_overview_item *item = v->item;
	const struct mms_integration *in = &item->source->integration;

	mms_json_map(j);
	mms_json_put_text(j, "name", in->name);
	mms_json_put_text(j, "provider", v->provider);
	mms_json_put_text(j, "user", in->user);
	mms_json_put_bool(j, "active", in->is_active);
	mms_json_put_text(j, "state", v->state);
	mms_json_put_time(j, "last_success", item->as_of_ms);
	mms_json_key(j, "age_s");
	if (item->as_of_ms == MMS_NO_TIME)
		mms_json_null(j);
	else
		mms_json_i64(j, (now_ms - item->as_of_ms) / 1000);
	mms_json_put_bool(j, "fresh", v->freshness.is_fresh);
	mms_json_put_text(j, "readable", mms_readable_name(v->freshness.readable));
	mms_json_key(j, "due");
	mms_json_map(j);
	mms_json_put_text(j, "state", v->due);
	mms_json_put_time(j, "at", v->due_ms);
	mms_json_map_end(j);
	put_run(j, v);
	mms_json_key(j, "events");
	mms_json_map(j);
	mms_json_put_i64(j, "live", item->live_events);
	mms_json_put_i64(j, "failed", item->failed_events);
	mms_json_map_end(j);
	mms_json_put_i64(j, "failures", item->source->cursor.failures);
	mms_json_key(j, "circuit");
	mms_json_map(j);
	mms_json_put_text(j, "state", mms_circuit_name(item->circuit));
	mms_json_put_time(j, "until", item->circuit_until_ms);
	mms_json_map_end(j);
	mms_json_put_bool(j, "needs_reauth", item->needs_reauth);
	mms_json_key(j, "dead_letters");
	mms_json_map(j);
	mms_json_put_i64(j, "open", item->open_letters);
	mms_json_put_i64(j, "given_up", item->given_up_letters);
	mms_json_put_i64(j, "quarantined", item->quarantined);
	mms_json_map_end(j);
	mms_json_put_i64(j, "waiting", item->waiting);
	mms_json_put_text(j, "last_error", item->error);
	mms_json_map_end(j);
}

/* Of services and hosts that had trouble; one that is well again is no news. */
static bool
is_told(const struct mms_circuit_row *row)
{
	return row->circuit.state != MMS_CIRCUIT_CLOSED || row->circuit.failures > 0;
}

static void
put_circuits(struct mms_json *j, const struct mms_overview *all)
{
	mms_json_key(j, "circuits");
	mms_json_array(j);
	for (size_t i = 0; i < all->circuits.n; i++) {
		const struct mms_circuit_row *row = &all->circuits.items[i];
		enum mms_circuit at = mms_circuit_at(&row->circuit, all->now_ms);

		if (!is_told(row))
			continue;
		mms_json_map(j);
		mms_json_put_text(j, "scope", row->scope);
		mms_json_put_text(j, "state", mms_circuit_name(at));
		mms_json_put_time(j, "until",
				  at == MMS_CIRCUIT_CLOSED ? MMS_NO_TIME
							   : row->circuit.until_ms);
		mms_json_put_i64(j, "failures", row->circuit.failures);
		mms_json_put_i64(j, "opens", row->circuit.opens);
		mms_json_put_time(j, "changed", row->changed_ms);
		mms_json_put_text(j, "error", row->error);
		mms_json_map_end(j);
	}
	mms_json_array_end(j);
}

/* ---- for people ----------------------------------------------------------------------------------- */

static const char *
print_due(const struct view *v, int64_t now_ms, char *buf, size_t size)
{
	char age[MMS_AGE_TEXT_MAX];
	bool is_later = v->due_ms != MMS_NO_TIME && v->due_ms > now_ms;

	if (!is_later)
		return strcmp(v->due, "inactive") == 0 || strcmp(v->due, "unsupported") == 0
			       ? "-"
			       : v->due;
	mms_age_print(v->due_ms - now_ms, age);
	(void)snprintf(buf, size, "%s %s", strcmp(v->due, "waiting") == 0 ? "waits" : "in",
		       age);
	return buf;
}

static mms_rc
add_row(struct mms_table *table, const struct view *v, int64_t now_ms, struct mms_err *err)
{
	const struct mms_overview_item *item = v->item;
	const struct mms_integration *in = &item->source->integration;
	char age[MMS_AGE_TEXT_MAX] = "never", due[MMS_AGE_TEXT_MAX + 8];
	const char *cells[] = { in->name, v->provider, in->user, v->state, age, NULL, NULL };
	const int64_t numbers[] = { item->live_events, item->source->cursor.failures,
				    item->open_letters + item->given_up_letters +
					    item->quarantined };
	mms_rc rc = MMS_OK;

	if (item->as_of_ms != MMS_NO_TIME)
		mms_age_print(now_ms - item->as_of_ms, age);
	cells[5] = print_due(v, now_ms, due, sizeof due);
	cells[6] = item->run_mode[0] != '\0' ? item->run_mode : "-";
	for (size_t i = 0; rc == MMS_OK && i < MMS_COUNT(cells); i++)
		rc = mms_plain_add_cell(table, cells[i] != NULL ? cells[i] : "-", err);
	for (size_t i = 0; rc == MMS_OK && i < MMS_COUNT(numbers); i++)
		rc = mms_table_add_i64(table, numbers[i], err);
	return rc;
}

/* ---- the verb ------------------------------------------------------------------------------------- */

static bool
is_chosen(const struct mms_source *source, const struct mms_names *names)
{
	return (names->n_integrations == 0 || source->is_named) &&
	       (names->n_users == 0 || source->is_of_user);
}

static mms_rc
print_json(struct mms_app *app, const struct mms_overview *all, const struct mms_names *names,
	   struct mms_err *err)
{
	MMS_AUTO(mms_json) j = { 0 };

	mms_rc rc = mms_app_json(app, &j, err);
	if (rc != MMS_OK)
		return rc;
	mms_json_map(&j);
	mms_json_put_time(&j, "now", all->now_ms);
	mms_json_key(&j, "integrations");
	mms_json_array(&j);
	for (size_t i = 0; i < all->n; i++) {
		struct view v = make_view(app, &all->items[i], all->now_ms);
		if (is_chosen(all->items[i].source, names))
			put_item(&j, &v, all->now_ms);
	}
	mms_json_array_end(&j);
	put_circuits(&j, all);
	mms_json_map_end(&j);
	mms_json_done(&j);
	return mms_json_check(&j, err);
}

static void
print_error(const struct mms_overview_item *item)
{
	MMS_AUTO(mms_str) line = { 0 };
	const char *name = item->source->integration.name;

	if (item->error == NULL)
		return;
	mms_plain_add(&line, name, strlen(name));
	mms_str_add(&line, ": ");
	mms_plain_add(&line, item->error, strlen(item->error));
	printf("%s\n", mms_str_get(&line));
}

/* A service that is left alone, before why its calendars are. */
static void
print_circuits(const struct mms_overview *all)
{
	for (size_t i = 0; i < all->circuits.n; i++) {
		const struct mms_circuit_row *row = &all->circuits.items[i];
		MMS_AUTO(mms_str) line = { 0 };
		char age[MMS_AGE_TEXT_MAX];

		switch (mms_circuit_at(&row->circuit, all->now_ms)) {
		case MMS_CIRCUIT_CLOSED:
			continue;
		case MMS_CIRCUIT_OPEN:
			mms_str_addf(&line, "%s: circuit open, left alone for %s more",
				     row->scope,
				     mms_age_print(row->circuit.until_ms - all->now_ms, age));
			break;
		case MMS_CIRCUIT_HALF_OPEN:
			mms_str_addf(&line, "%s: circuit half open, the next run tries it once",
				     row->scope);
			break;
		}
		if (row->error != NULL) {
			mms_str_add(&line, ": ");
			mms_plain_add(&line, row->error, strlen(row->error));
		}
		printf("%s\n", mms_str_get(&line));
	}
}

static mms_rc
print_table(struct mms_app *app, const struct mms_overview *all, const struct mms_names *names,
	    struct mms_err *err)
{
	static const char *const heads[] = { "INTEGRATION", "PROVIDER", "PERSON", "STATE",
					     "READ",        "DUE",      "MODE",   "EVENTS",
					     "FAILURES",    "LETTERS" };
	static const bool is_number[] = { false, false, false, false, false,
					  false, false, true,  true,  true };
	/* A name of Frappe's making has the person in it already. */
	static const unsigned char gives_way[] = { 0, 1, 3, 0, 0, 0, 2, 4, 6, 5 };
	MMS_AUTO(mms_table)
	table = { .n_columns = MMS_COUNT(heads),
		  .heads = heads,
		  .is_number = is_number,
		  .gives_way = gives_way };
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < all->n; i++) {
		struct view v = make_view(app, &all->items[i], all->now_ms);
		if (is_chosen(v.item->source, names) && (!app->is_quiet || v.needs_attention))
			rc = add_row(&table, &v, all->now_ms, err);
	}
	if (rc != MMS_OK)
		return rc;
	if (table.n > 0)
		mms_table_print(app, &table);
	else if (!app->is_quiet)
		printf("there is no integration\n");
	print_circuits(all);
	for (size_t i = 0; i < all->n; i++) {
		struct view v = make_view(app, &all->items[i], all->now_ms);
		if (is_chosen(v.item->source, names) && (!app->is_quiet || v.needs_attention))
			print_error(v.item);
	}
	return MMS_OK;
}

static mms_rc
load(struct mms_app *app, const struct mms_names *names, struct mms_overview *out,
     struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };

	mms_rc rc = mms_pool_lend(app->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_overview_load(lent.db, app->settings.time_zone,
				       mms_clock_now_ms(&app->clock), 0, out, err);
	return rc == MMS_OK ? mms_sources_choose(lent.db, &out->sources, names, err) : rc;
}

mms_rc
mms_verb_status(struct mms_app *app, struct mms_err *err)
{
	MMS_AUTO(mms_overview) all = { 0 };
	struct mms_names names = { 0 };
	const char **integrations = NULL, **users = NULL;

	mms_rc rc = mms_app_texts(app, "integration", NULL, &integrations,
				  &names.n_integrations, err);
	if (rc == MMS_OK)
		rc = mms_app_texts(app, "user", NULL, &users, &names.n_users, err);
	names.integrations = integrations;
	names.users = users;
	if (rc == MMS_OK)
		rc = load(app, &names, &all, err);
	if (rc == MMS_OK)
		rc = app->is_json ? print_json(app, &all, &names, err)
				  : print_table(app, &all, &names, err);
	mms_free(integrations);
	mms_free(users);
	return rc;
}
