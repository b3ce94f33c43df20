/* schema show, check, apply, adopt. */
#include <inttypes.h>

#include "mmsync/schema.h"
#include "verbs.h"

const struct mms_opt mms_schema_apply_opts[] = {
	{ "with-frappe", MMS_OPT_FLAG, NULL,
	  "also make Frappe's tables, on a database that has none" },
	{ "with-busy-blocks-field", MMS_OPT_FLAG, NULL,
	  "also give MM Calendar Integration a field Busy Blocks: On, Off or as the site" },
	{ "dry-run", MMS_OPT_FLAG, NULL, "only say what would be done" },
	{ NULL, MMS_OPT_FLAG, NULL, NULL },
};

const struct mms_opt mms_schema_adopt_opts[] = {
	{ "moved", MMS_OPT_FLAG, NULL,
	  "this is the original in a new place: it keeps its identity" },
	{ "copy", MMS_OPT_FLAG, NULL,
	  "this is a copy: it gets an identity of its own and starts anew" },
	{ NULL, MMS_OPT_FLAG, NULL, NULL },
};

const char mms_schema_show_more[] =
	"The migrations of this program and when this database got each, the tables of mmsync "
	"with the server's estimates of their size, and the site that they are bound to.";

const char mms_schema_check_more[] =
	"Compares mmsync's tables, and the widths, collation, Property Setters and indexes "
	"that it brings to Frappe's tables, with what they must be. Changes nothing. A bench "
	"migrate may undo some of it: this finds it, and schema apply mends it. --verbose "
	"lists also what is right, --quiet only what is not.\n"
	"Exit status: 0 all is right; 1 something is missing or differs; 2 usage; 3 "
	"configuration; 4 the database cannot be used, or its tables are of a newer or another "
	"mmsync.";

const char mms_schema_apply_more[] =
	"Makes mmsync's tables, widens external_event_id, ical_url and calendar_id in Frappe's "
	"(with the Property Setters that keep them wide) and adds the indexes that mmsync "
	"needs, without locking tables where MariaDB can. Rows that stand in the way are "
	"listed first, with what to do about each, and then nothing is changed. A second run "
	"changes nothing; one that was cut off is finished by the next. The first run binds "
	"the database to the site. --quiet tells only what needs a person.\n"
	"--with-busy-blocks-field also makes the Custom Field mmsync_busy_blocks of MM "
	"Calendar Integration as Frappe would: in it each calendar may have its own word on "
	"busy blocks. It is not made unasked; once it is there, every schema apply looks after "
	"it. Who wants it no more deletes it in Frappe.\n"
	"  mmsync --site ~/frappe-bench/sites/erp.example.com schema apply --dry-run\n"
	"Exit status: 0 done; 1 rows stand in the way; 2 usage; 3 configuration; 4 the "
	"database cannot be used.";

const char mms_schema_adopt_more[] =
	"A database that was restored or whose site folder has moved is not the one it was "
	"bound to: until it is said what it is, mmsync writes to nobody's calendar; it still "
	"reads feeds into the site's own tables. --moved binds it here with its old identity. "
	"--copy gives it a new one: what the original "
	"made outside is no longer taken for its own, waiting outward changes are dropped, and "
	"every calendar is read anew.";

/* ---- findings ------------------------------------------------------------------------------ */

static bool
is_right(const struct mms_finding *finding)
{
	return finding->state == MMS_FINDING_OK || finding->state == MMS_FINDING_DONE ||
	       finding->state == MMS_FINDING_NOTE;
}

void
mms_app_json_findings(struct mms_json *j, const struct mms_findings *findings)
{
	mms_json_key(j, "findings");
	mms_json_array(j);
	for (size_t i = 0; i < findings->n; i++) {
		const struct mms_finding *f = &findings->items[i];

		mms_json_map(j);
		mms_json_put_text(j, "state", mms_finding_state_name(f->state));
		mms_json_put_text(j, "object", f->object);
		mms_json_put_text(j, "detail", f->detail);
		mms_json_put_text(j, "remedy", f->remedy);
		mms_json_map_end(j);
	}
	mms_json_array_end(j);
}

static bool
has_remedy(const struct mms_finding *finding)
{
	return finding->remedy != NULL &&
	       (!is_right(finding) || finding->state == MMS_FINDING_NOTE);
}

/* Many findings may have one remedy: it stands once, below the first of them. */
static void
print_remedy(const struct mms_findings *findings, size_t at)
{
	const struct mms_finding *f = &findings->items[at];
	size_t n_more = 0;

	if (!has_remedy(f))
		return;
	for (size_t i = 0; i < findings->n; i++) {
		const struct mms_finding *other = &findings->items[i];

		if (i == at || !has_remedy(other) || strcmp(other->remedy, f->remedy) != 0)
			continue;
		if (i < at)
			return;
		n_more++;
	}
	printf("\n%s", f->object);
	if (n_more > 0)
		printf(" and %zu more", n_more);
	printf("%s:\n  %s\n", f->state == MMS_FINDING_NOTE ? " (a note)" : "", f->remedy);
}

/* Is it told first? What a person must do something about. */
static bool
is_urgent(const struct mms_finding *finding)
{
	return finding->state == MMS_FINDING_BLOCKED || finding->state == MMS_FINDING_PROBLEM;
}

static mms_rc
add_findings(struct mms_table *table, const struct mms_app *app,
	     const struct mms_findings *findings, bool want_urgent, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < findings->n; i++) {
		const struct mms_finding *f = &findings->items[i];

		if (is_urgent(f) != want_urgent ||
		    (f->state == MMS_FINDING_OK && !app->is_verbose) ||
		    (app->is_quiet && is_right(f)))
			continue;
		rc = mms_table_add(table, mms_finding_state_name(f->state), err);
		if (rc == MMS_OK)
			rc = mms_table_add(table, f->object, err);
		if (rc == MMS_OK)
			rc = mms_table_add(table, f->detail, err);
	}
	return rc;
}

/*
 * What is as it must be is listed with --verbose only, with --quiet nothing but what is not.
 * Below, what to do about it.
 */
mms_rc
mms_app_print_findings(const struct mms_app *app, const struct mms_findings *findings,
		       struct mms_err *err)
{
	static const char *const heads[] = { "state", "what", "how it is" };
	MMS_AUTO(mms_table) table = { .n_columns = MMS_COUNT(heads), .heads = heads };

	mms_rc rc = add_findings(&table, app, findings, true, err);
	if (rc == MMS_OK)
		rc = add_findings(&table, app, findings, false, err);
	if (rc != MMS_OK)
		return rc;
	if (table.n > 0)
		mms_table_print(app, &table);
	for (size_t i = 0; i < findings->n; i++) {
		if (!app->is_quiet || !is_right(&findings->items[i]))
			print_remedy(findings, i);
	}
	return MMS_OK;
}

/* Does what follows stand below a table? */
static const char *
blank_line(const struct mms_findings *findings)
{
	return mms_findings_count(findings, MMS_FINDING_NOTE) > 0 ? "\n" : "";
}

static size_t
count_wrong(const struct mms_findings *findings)
{
	size_t n = 0;

	for (size_t i = 0; i < findings->n; i++)
		n += !is_right(&findings->items[i]);
	return n;
}

/* ---- check --------------------------------------------------------------------------------- */

mms_rc
mms_verb_schema_check(struct mms_app *app, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	MMS_AUTO(mms_findings) found = { 0 };
	MMS_AUTO(mms_json) j = { 0 };

	mms_rc rc = mms_pool_lend(app->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_schema_check(lent.db, &found, err);
	if (rc != MMS_OK)
		return rc;
	size_t n_wrong = count_wrong(&found);
	app->exit_status = n_wrong > 0 ? 1 : 0;
	if (app->is_json) {
		rc = mms_app_json(app, &j, err);
		if (rc != MMS_OK)
			return rc;
		mms_json_map(&j);
		mms_json_put_bool(&j, "ok", n_wrong == 0);
		mms_app_json_findings(&j, &found);
		mms_json_map_end(&j);
		mms_json_done(&j);
		return mms_json_check(&j, err);
	}
	rc = mms_app_print_findings(app, &found, err);
	if (rc != MMS_OK || app->is_quiet)
		return rc;
	if (n_wrong == 0)
		printf("%s%zu things looked at, all as they must be\n", blank_line(&found),
		       found.n);
	else
		printf("\n%zu of %zu things are not as they must be\n", n_wrong, found.n);
	return rc;
}

/* ---- apply --------------------------------------------------------------------------------- */

static void
tell(void *aux, const char *what)
{
	mms_app_note(aux, "%s", what);
}

/* Rows in the way are an answer, not a failure of the program: listed, exit 1. */
static mms_rc
json_apply(struct mms_app *app, const struct mms_findings *found, const struct mms_err *blocked,
	   const char *next, struct mms_err *err)
{
	MMS_AUTO(mms_json) j = { 0 };
	mms_rc rc = mms_app_json(app, &j, err);

	if (rc != MMS_OK)
		return rc;
	mms_json_map(&j);
	mms_json_put_bool(&j, "ok", blocked->code == MMS_OK);
	mms_json_put_bool(&j, "dry_run", mms_app_flag(app, "dry-run"));
	mms_json_put_i64(&j, "changed", (int64_t)mms_findings_count(found, MMS_FINDING_DONE));
	mms_app_json_findings(&j, found);
	mms_json_put_text(&j, "next", next);
	if (blocked->code != MMS_OK)
		mms_app_json_put_err(&j, blocked);
	mms_json_map_end(&j);
	mms_json_done(&j);
	return mms_json_check(&j, err);
}

static mms_rc
print_apply(struct mms_app *app, const struct mms_findings *found,
	    const struct mms_err *blocked, const char *next, struct mms_err *err)
{
	size_t n_done = mms_findings_count(found, MMS_FINDING_DONE);
	mms_rc rc = mms_app_print_findings(app, found, err);

	if (rc != MMS_OK)
		return rc;
	if (blocked->code != MMS_OK) {
		(void)fflush(stdout);
		mms_app_print_err(app, blocked);
		return MMS_OK;
	}
	if (app->is_quiet)
		return MMS_OK;
	if (mms_app_flag(app, "dry-run"))
		printf("%s%zu things would be brought; nothing has been changed\n",
		       count_wrong(found) > 0 ? "\n" : blank_line(found), count_wrong(found));
	else if (n_done == 0)
		printf("%s%zu things looked at, all as they must be: nothing to do\n",
		       blank_line(found), found->n);
	else
		printf("\n%zu thing%s brought\n", n_done, n_done == 1 ? "" : "s");
	if (next != NULL)
		printf("now let Frappe see it: %s\n", next);
	return MMS_OK;
}

mms_rc
mms_verb_schema_apply(struct mms_app *app, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	MMS_AUTO(mms_findings) found = { 0 };
	MMS_AUTO(mms_err) blocked = { 0 };
	MMS_AUTO(mms_str) next = { 0 };
	struct mms_schema_options options = {
		.with_frappe = mms_app_flag(app, "with-frappe"),
		.with_blocks_field = mms_app_flag(app, "with-busy-blocks-field"),
		.is_dry_run = mms_app_flag(app, "dry-run"),
		.clock = &app->clock,
		.tell = tell,
		.tell_aux = app,
	};

	mms_rc rc = mms_pool_lend(app->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_schema_apply(lent.db, &app->site, &options, &found, err);
	if (rc == MMS_E_CONFLICT && mms_findings_count(&found, MMS_FINDING_BLOCKED) > 0) {
		mms_err_move(&blocked, err);
		app->exit_status = 1;
		rc = MMS_OK;
	}
	if (rc != MMS_OK)
		return rc;
	/* Frappe keeps the lengths of fields in its caches. Without a bench there is none. */
	if (mms_findings_count(&found, MMS_FINDING_DONE) > 0 && !options.with_frappe)
		mms_str_addf(&next, "bench --site %s clear-cache", app->site.name);
	const char *command = next.len > 0 ? mms_str_get(&next) : NULL;
	if (app->is_json)
		return json_apply(app, &found, &blocked, command, err);
	return print_apply(app, &found, &blocked, command, err);
}

/* ---- show ---------------------------------------------------------------------------------- */

static void
json_show(struct mms_json *j, const struct mms_schema_list *list,
	  const struct mms_installation *installation)
{
	mms_json_map(j);
	mms_json_key(j, "migrations");
	mms_json_array(j);
	for (size_t i = 0; i < list->n_versions; i++) {
		mms_json_map(j);
		mms_json_put_i64(j, "number", list->versions[i].number);
		mms_json_put_text(j, "name", list->versions[i].name);
		mms_json_put_text(j, "sha256", list->versions[i].sha256);
		mms_json_put_time(j, "applied_at", list->versions[i].applied_at_ms);
		mms_json_map_end(j);
	}
	mms_json_array_end(j);
	mms_json_key(j, "tables");
	mms_json_array(j);
	for (size_t i = 0; i < list->n_tables; i++) {
		mms_json_map(j);
		mms_json_put_text(j, "name", list->tables[i].name);
		mms_json_put_i64(j, "rows", (int64_t)list->tables[i].rows);
		mms_json_put_i64(j, "bytes", (int64_t)list->tables[i].bytes);
		mms_json_put_text(j, "comment", list->tables[i].comment);
		mms_json_map_end(j);
	}
	mms_json_array_end(j);
	mms_json_key(j, "installation");
	if (installation->bound_dir == NULL) {
		mms_json_null(j);
	} else {
		mms_json_map(j);
		mms_json_put_text(j, "site", installation->site_uuid);
		mms_json_put_text(j, "bound_database", installation->bound_database);
		mms_json_put_text(j, "bound_dir", installation->bound_dir);
		mms_json_put_bool(j, "elsewhere", installation->is_elsewhere);
		mms_json_map_end(j);
	}
	mms_json_map_end(j);
	mms_json_done(j);
}

static mms_rc
print_show(const struct mms_app *app, const struct mms_schema_list *list,
	   const struct mms_installation *installation, struct mms_err *err)
{
	static const char *const heads[] = { "table", "rows", "KiB", "holds" };
	static const bool is_number[] = { false, true, true, false };
	MMS_AUTO(mms_table)
	table = { .n_columns = MMS_COUNT(heads), .heads = heads, .is_number = is_number };
	char number[32], when[MMS_TIME_TEXT_MAX];
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < list->n_tables; i++) {
		const struct mms_schema_table *t = &list->tables[i];

		rc = mms_table_add(&table, t->name, err);
		(void)snprintf(number, sizeof number, "%" PRIu64, t->rows);
		if (rc == MMS_OK)
			rc = mms_table_add(&table, number, err);
		(void)snprintf(number, sizeof number, "%" PRIu64, t->bytes / 1024);
		if (rc == MMS_OK)
			rc = mms_table_add(&table, number, err);
		if (rc == MMS_OK)
			rc = mms_table_add(&table, t->comment, err);
	}
	if (rc != MMS_OK)
		return rc;
	for (size_t i = 0; i < list->n_versions; i++) {
		const struct mms_schema_version *v = &list->versions[i];
		bool is_applied = v->applied_at_ms != MMS_NO_TIME;

		printf("migration %04d_%s: %s%s\n", v->number, v->name,
		       is_applied ? "applied " : "not applied",
		       is_applied ? mms_time_print(v->applied_at_ms, when) : "");
	}
	if (installation->bound_dir != NULL) {
		printf("installation %s, bound to database %s and folder %s%s\n",
		       installation->site_uuid, installation->bound_database,
		       installation->bound_dir,
		       installation->is_elsewhere ? ": another one than this" : "");
	}
	printf("\n");
	if (table.n > 0)
		mms_table_print(app, &table);
	else
		printf("there is no table of mmsync yet: mmsync schema apply makes them\n");
	return MMS_OK;
}

mms_rc
mms_verb_schema_show(struct mms_app *app, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	MMS_AUTO(mms_schema_list) list = { 0 };
	MMS_AUTO(mms_installation) installation = { 0 };
	MMS_AUTO(mms_json) j = { 0 };

	mms_rc rc = mms_pool_lend(app->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_schema_list_load(lent.db, &list, err);
	if (rc == MMS_OK && list.n_tables > 0) {
		rc = mms_installation_load(lent.db, &app->site, &installation, err);
		if (rc == MMS_E_DB) { /* not bound yet: an apply was cut off */
			mms_err_release(err);
			rc = MMS_OK;
		}
	}
	if (rc != MMS_OK)
		return rc;
	if (!app->is_json)
		return print_show(app, &list, &installation, err);
	rc = mms_app_json(app, &j, err);
	if (rc != MMS_OK)
		return rc;
	json_show(&j, &list, &installation);
	return mms_json_check(&j, err);
}

/* ---- adopt --------------------------------------------------------------------------------- */

mms_rc
mms_verb_schema_adopt(struct mms_app *app, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	MMS_AUTO(mms_installation) installation = { 0 };
	MMS_AUTO(mms_json) j = { 0 };
	bool is_moved = mms_app_flag(app, "moved"), is_copy = mms_app_flag(app, "copy");

	if (is_moved == is_copy) {
		mms_fail(err, MMS_E_USAGE, "schema adopt needs either --moved or --copy");
		return mms_hint(err,
				"--moved: the site itself in a new place; --copy: a second "
				"site made from its backup");
	}
	mms_rc rc = mms_pool_lend(app->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_schema_require(lent.db, err);
	if (rc == MMS_OK)
		rc = mms_installation_adopt(lent.db, &app->site,
					    is_copy ? MMS_ADOPT_COPY : MMS_ADOPT_MOVED,
					    mms_clock_now_ms(&app->clock), err);
	if (rc == MMS_OK)
		rc = mms_installation_load(lent.db, &app->site, &installation, err);
	if (rc != MMS_OK)
		return rc;
	if (!app->is_json) {
		printf("installation %s, bound to database %s and folder %s\n",
		       installation.site_uuid, installation.bound_database,
		       installation.bound_dir);
		return MMS_OK;
	}
	rc = mms_app_json(app, &j, err);
	if (rc != MMS_OK)
		return rc;
	mms_json_map(&j);
	mms_json_put_text(&j, "site", installation.site_uuid);
	mms_json_put_text(&j, "adopted_as", is_copy ? "copy" : "moved");
	mms_json_map_end(&j);
	mms_json_done(&j);
	return mms_json_check(&j, err);
}
