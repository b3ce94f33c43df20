/* What doctor asks about the server's limits, about leases, and which calendars there are. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "doctor_parts.h"
#include "mmsync/mem.h"

/* The lease of a dead process is free after 60 s and what clocks may differ (store/leases.c). */
#define LEASE_SLACK_S 5
/* A turn that takes longer than this is looked at by a person. */
#define TURN_LONG_S 3600

/* ---- limits of the server ------------------------------------------------------------------ */

static mms_rc
judge_connections(struct mms_visit *visit, int64_t max, int64_t max_of_user)
{
	/* One more renews the leases. */
	int64_t wanted = visit->site->config.db_connections + 1;
	MMS_AUTO(mms_str) remedy = { 0 };

	if (max_of_user > 0 && max_of_user < wanted) {
		mms_str_addf(&remedy,
			     "as an administrator of the server: ALTER USER '%s'@... WITH "
			     "MAX_USER_CONNECTIONS 0; or set mmsync.db_connections to less",
			     visit->site->db.user);
		return mms_visit_found(
			visit, MMS_FINDING_PROBLEM, "connections", mms_str_get(&remedy),
			"one run opens up to %" PRId64 ", and the user may have %" PRId64
			", with Frappe's own among them",
			wanted, max_of_user);
	}
	if (wanted * 2 > max)
		return mms_visit_found(visit, MMS_FINDING_NOTE, "connections",
				       "set mmsync.db_connections to less, or raise "
				       "max_connections of the server",
				       "one run opens up to %" PRId64 " of the %" PRId64
				       " that the server has for everybody",
				       wanted, max);
	return mms_visit_found(visit, MMS_FINDING_OK, "connections", NULL,
			       "one run opens up to %" PRId64 " of %" PRId64, wanted, max);
}

mms_rc
mms_visit_ask_limits(struct mms_visit *visit)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	mms_rc rc = mms_rows_open(&rows, visit->db, MMS_STMT_SERVER_LIMITS, NULL, visit->err);

	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, visit->err);
	if (rc != MMS_OK || row == NULL)
		return rc;
	if (row[2].i != 0)
		rc = mms_visit_found(
			visit, MMS_FINDING_PROBLEM, "read_only",
			"if it is a replica, name the primary in db_host of site_config.json; "
			"else, as an administrator of the server: SET GLOBAL read_only = 0",
			"the server takes no writes");
	return rc == MMS_OK ? judge_connections(visit, row[0].i, row[1].i) : rc;
}

/* ---- leases -------------------------------------------------------------------------------- */

/* What is held by one process. */
struct hold {
	char host[64], pid[24];
	const char *name; /* of the first integration */
	int64_t n;
	int64_t held_s;    /* since it was taken; below 0: not known      */
	int64_t expired_s; /* since it ended; below 0: it still lasts     */
	bool is_gone;      /* the connection that renews it is not there  */
};

/* "host:pid:random", the host may hold colons. */
static void
read_owner(const char *owner, struct hold *hold)
{
	const char *last = strrchr(owner, ':');
	const char *middle = last != NULL ? memrchr(owner, ':', (size_t)(last - owner)) : NULL;

	if (middle == NULL) {
		(void)snprintf(hold->pid, sizeof hold->pid, "unknown");
		(void)snprintf(hold->host, sizeof hold->host, "unknown");
		return;
	}
	(void)snprintf(hold->host, sizeof hold->host, "%.*s", (int)(middle - owner), owner);
	(void)snprintf(hold->pid, sizeof hold->pid, "%.*s", (int)(last - middle - 1),
		       middle + 1);
}

/* "3 hours" */
static void
add_span(struct mms_str *out, int64_t s)
{
	static const struct {
		int64_t seconds;
		const char *one, *many;
	} units[] = { { 86400, "day", "days" },
		      { 3600, "hour", "hours" },
		      { 60, "minute", "minutes" },
		      { 1, "second", "seconds" } };
	size_t i = 0;

	while (i + 1 < MMS_COUNT(units) && s < units[i].seconds)
		i++;
	int64_t n = s / units[i].seconds;
	mms_str_addf(out, "%" PRId64 " %s", n, n == 1 ? units[i].one : units[i].many);
}

/* "MM-CI-ann-0001", "MM-CI-ann-0001 and 3 more" */
static void
add_names(struct mms_str *out, const struct hold *hold)
{
	mms_str_add(out, hold->name);
	if (hold->n > 1)
		mms_str_addf(out, " and %" PRId64 " more", hold->n - 1);
}

/* May a name stand in a command that somebody will paste into a shell? */
static bool
is_plain(const char *name)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789@._+-";

	return name[0] != '\0' && name[0] != '-' && name[strspn(name, plain)] == '\0';
}

static mms_rc
judge_hold(struct mms_visit *visit, const struct hold *hold)
{
	MMS_AUTO(mms_str) names = { 0 };
	MMS_AUTO(mms_str) span = { 0 };
	MMS_AUTO(mms_str) remedy = { 0 };

	add_names(&names, hold);
	if (hold->expired_s > LEASE_SLACK_S || hold->is_gone) {
		mms_str_add(&remedy, "nothing: the next run takes it");
		if (is_plain(hold->name))
			mms_str_addf(&remedy, "; at once: mmsync sync --integration %s",
				     hold->name);
		if (hold->expired_s > LEASE_SLACK_S) {
			add_span(&span, hold->expired_s);
			mms_str_add(&span, " ago");
		}
		return mms_visit_found(visit, MMS_FINDING_NOTE, "leases", mms_str_get(&remedy),
				       "process %s on %s ended%s%s without giving back %s",
				       hold->pid, hold->host, span.len > 0 ? " " : "",
				       mms_str_get(&span), mms_str_get(&names));
	}
	add_span(&span, hold->held_s > 0 ? hold->held_s : 0);
	if (hold->held_s <= TURN_LONG_S)
		return mms_visit_found(visit, MMS_FINDING_OK, "leases", NULL,
				       "process %s on %s has been syncing %s for %s", hold->pid,
				       hold->host, mms_str_get(&names), mms_str_get(&span));
	mms_str_addf(&remedy,
		     "on %s: ps -o pid,etime,stat,wchan,args -p %s; where it does nothing: "
		     "kill %s (the next run goes on from where it was)",
		     hold->host, hold->pid, hold->pid);
	return mms_visit_found(visit, MMS_FINDING_PROBLEM, "leases", mms_str_get(&remedy),
			       "process %s on %s has been holding %s for %s and lives: it may "
			       "be stuck",
			       hold->pid, hold->host, mms_str_get(&names), mms_str_get(&span));
}

mms_rc
mms_visit_ask_leases(struct mms_visit *visit)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	int64_t now_ms = mms_clock_now_ms(NULL);
	size_t n = 0;

	if (!mms_columns_has(visit->columns, "mmsync_cursor", "lease_owner"))
		return MMS_OK; /* the schema has told it */
	mms_rc rc = mms_rows_open(&rows, visit->db, MMS_STMT_LEASES_HELD, NULL, visit->err);
	for (; rc == MMS_OK; n++) {
		rc = mms_rows_next(&rows, &row, visit->err);
		if (rc != MMS_OK || row == NULL)
			break;
		struct hold hold = {
			.name = row[2].ptr,
			.n = row[1].i,
			.held_s = row[3].type != '\0' ? (now_ms - row[3].i) / 1000 : -1,
			.expired_s = row[4].type != '\0' ? row[4].i : -1,
			.is_gone = row[5].type != '\0' && row[5].i != 0,
		};
		read_owner(row[0].type != '\0' ? row[0].ptr : "", &hold);
		rc = judge_hold(visit, &hold);
	}
	if (rc != MMS_OK || n > 0)
		return rc;
	return mms_visit_found(visit, MMS_FINDING_OK, "leases", NULL, "no run is under way");
}

/* ---- which calendars there are ------------------------------------------------------------- */

void
mms_calendar_groups_release(struct mms_calendar_groups *groups)
{
	if (groups == NULL)
		return;
	for (size_t i = 0; i < groups->n; i++) {
		mms_free(groups->items[i].type);
		mms_free(groups->items[i].address);
		mms_free(groups->items[i].name);
	}
	mms_free(groups->items);
	*groups = (struct mms_calendar_groups){ 0 };
}

static mms_rc
copy_text(const struct mms_value *value, char **out, struct mms_err *err)
{
	if (value->type == '\0')
		return MMS_OK;
	*out = mms_text_copy(value->ptr);
	return *out != NULL ? MMS_OK : mms_fail_nomem(err);
}

static mms_rc
add_group(struct mms_calendar_groups *groups, const struct mms_value *row, struct mms_err *err)
{
	struct mms_calendar_group *moved =
		mms_grow(groups->items, groups->n, &groups->cap, sizeof *moved);

	if (moved == NULL)
		return mms_fail_nomem(err);
	groups->items = moved;
	struct mms_calendar_group *group = &moved[groups->n++];
	*group = (struct mms_calendar_group){ .n = row[2].i };
	mms_rc rc = copy_text(&row[0], &group->type, err);
	if (rc == MMS_OK)
		rc = copy_text(&row[1], &group->address, err);
	if (rc == MMS_OK)
		rc = copy_text(&row[3], &group->name, err);
	return rc;
}

mms_rc
mms_doctor_load_calendars(struct mms_db *db, struct mms_calendar_groups *out,
			  struct mms_err *err)
{
	MMS_AUTO(mms_calendar_groups) groups = { 0 };
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	struct mms_columns *columns = NULL;

	mms_rc rc = mms_columns_load_any(db, &columns, err);
	bool has_them = rc == MMS_OK &&
			mms_columns_has(columns, "tabMM Calendar Integration", "ical_url");
	mms_columns_free(columns);
	if (has_them)
		rc = mms_rows_open(&rows, db, MMS_STMT_ACTIVE_CALENDARS, NULL, err);
	while (has_them && rc == MMS_OK) {
		rc = mms_rows_next(&rows, &row, err);
		if (rc != MMS_OK || row == NULL)
			break;
		rc = add_group(&groups, row, err);
	}
	if (rc != MMS_OK)
		return rc;
	*out = groups;
	groups = (struct mms_calendar_groups){ 0 };
	return MMS_OK;
}
