/* Programs beside each other, stopped and woken (see the header). */
#include "support/race.h"

#include "support/unit.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include <jansson.h>
#include <mysql.h>
#include <mysqld_error.h>

#include "mmsync/clock.h"
#include "mmsync/timetext.h"
#include "support/gfake.h"

/* Nothing here takes so long: who waits longer waits for ever. */
#define PATIENCE_MS 60000
#define NAP_MS      1
/* Who is not done by then is taken to be blocked; that one is not makes no difference. */
#define BLOCKED_MS 150L
/* The time that runs believe in, until a line of a story says otherwise. */
#define NOW "2026-03-02T08:00:00Z"

/* ---- the site ------------------------------------------------------------------------------- */

void
race_feed(struct race *race, int integration, const char *series, int from, int to,
	  const char *word)
{
	char name[40];
	MMS_AUTO(mms_str) text = { 0 };

	mms_str_add(&text, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//race//EN\r\n");
	for (int i = from; i <= to; i++)
		mms_str_addf(&text,
			     "BEGIN:VEVENT\r\nUID:%s%d@example.com\r\nSUMMARY:%s %d\r\n"
			     "DTSTART:202603%02dT%02d0000Z\r\nDTEND:202603%02dT%02d3000Z\r\n"
			     "END:VEVENT\r\n",
			     series, i, word, i, 3 + i % 25, i / 25, 3 + i % 25, i / 25);
	mms_str_add(&text, "END:VCALENDAR\r\n");
	(void)snprintf(name, sizeof name, "cal%d.ics", integration);
	fake_write(&race->world->feeds, name, mms_str_get(&text));
}

static void
add_integration(struct race *race, int i)
{
	char url[160], path[40];

	(void)snprintf(path, sizeof path, "/cal%d.ics", i);
	fake_url(&race->world->feeds, path, url, sizeof url);
	mms_test_sql(
		&race->world->server,
		"INSERT INTO `tabMM Calendar Integration` (name, creation, modified, owner,"
		" modified_by, user, integration_name, integration_type, ical_url,"
		" sync_direction) VALUES ('cal%d', '2026-01-01 00:00:00.%06d',"
		" '2026-01-01', 'Administrator', 'Administrator', 'ann@example.com',"
		" 'cal%d', 'iCal', '%s', 'One-way (Read Only)')",
		i, i, i, url);
}

void
race_begin(struct race *race, int n_integrations, int n_events)
{
	MMS_AUTO(mms_err) err = { 0 };
	struct scenario *s = &race->scenario;

	s->world = race->world;
	s->path = "race";
	race->n_integrations = n_integrations;
	if (mms_time_parse(NOW, strlen(NOW), &s->now_ms, &err) != MMS_OK)
		fail_msg("%s", mms_err_text(&err));
	scenario_reset(s);
	mms_test_sql(&race->world->server,
		     "INSERT INTO tabUser (name, email, enabled) VALUES ('ann@example.com',"
		     " 'ann@example.com', 1)");
	for (int i = 1; i <= n_integrations; i++) {
		add_integration(race, i);
		race_feed(race, i, "e", 1, n_events, "Old");
	}
}

void
race_end(struct race *race)
{
	scenario_release(&race->scenario);
}

void
race_tell(struct race *race, const char *fmt, ...)
{
	char line[1600];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	if (!scenario_tell(&race->scenario, line))
		fail_msg("%s: %s", line, race->scenario.failure);
}

void
race_begin_story(struct race *race, const char *service, const char *lines)
{
	struct world *world = race->world;

	race_end(race);
	*race = (struct race){ .world = world,
			       .scenario = {
				       .world = world, .path = "race", .service = service } };
	scenario_reset(&race->scenario);
	race_tell(race, "now " NOW);
	for (size_t len; *lines != '\0'; lines += len) {
		len = strcspn(lines, "\n");
		race_tell(race, "%.*s", (int)len, lines);
		len += lines[len] == '\n';
	}
}

void
race_configure(struct race *race, const char *members)
{
	mms_str_clear(&race->scenario.config);
	mms_str_add(&race->scenario.config, members);
	scenario_write_config(&race->scenario);
}

/* ---- running it ----------------------------------------------------------------------------- */

void
race_start(struct race *race, struct mms_test_run *run, const char *arguments,
	   const char *fault)
{
	char now[64], time[MMS_TIME_TEXT_MAX], armed[128], text[512], counts[256];
	const char *env[] = { now, counts, fault != NULL ? armed : NULL, NULL };
	const char *args[16] = { "--site", race->config_dir != NULL ? race->config_dir
								    : race->world->site_dir };
	size_t n = 2;
	char *save = NULL;

	scenario_service_clock(&race->scenario);
	(void)snprintf(now, sizeof now, "MMSYNC_NOW=%s",
		       mms_time_print(race->scenario.now_ms, time));
	(void)snprintf(armed, sizeof armed, "MMSYNC_FAULT=%s", fault != NULL ? fault : "");
	(void)snprintf(counts, sizeof counts, "MMSYNC_FAULT_COUNTS=%s/../counts",
		       race->world->site_dir);
	(void)snprintf(text, sizeof text, "%s --json", arguments);
	for (char *word = strtok_r(text, " ", &save); word != NULL && n + 1 < MMS_COUNT(args);
	     word = strtok_r(NULL, " ", &save))
		args[n++] = word;
	mms_test_program_start(run, env, args);
}

/* Its end or its next sleep; nothing is taken away from who waits for it next. */
static bool
wait_for(struct mms_test_run *run)
{
	int64_t until = mms_clock_mono_ms() + PATIENCE_MS;

	for (;;) {
		siginfo_t info = { 0 };

		if (waitid(P_PID, (id_t)run->pid, &info,
			   WSTOPPED | WEXITED | WNOWAIT | WNOHANG) != 0 &&
		    errno != EINTR)
			fail_msg("waitid: %s", strerror(errno));
		if (info.si_pid == run->pid)
			return info.si_code == CLD_STOPPED;
		if (mms_clock_mono_ms() > until) {
			mms_test_run_release(run);
			fail_msg("the program neither sleeps nor ends");
		}
		mms_clock_sleep_ms(NAP_MS);
	}
}

bool
race_sleeps(struct mms_test_run *run)
{
	return wait_for(run);
}

void
race_wake(struct mms_test_run *run)
{
	siginfo_t info = { 0 };

	/* The report of this sleep is taken, so that the next one is another. */
	(void)waitid(P_PID, (id_t)run->pid, &info, WSTOPPED | WNOHANG);
	(void)kill(run->pid, SIGCONT);
}

void
race_step_until(struct race *race, struct mms_test_run *run, int64_t want, const char *fmt, ...)
{
	char sql[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(sql, sizeof sql, fmt, ap);
	va_end(ap);
	while (race_sleeps(run)) {
		if (mms_test_ask_i64(&race->world->server, "%s", sql) == want)
			return;
		race_wake(run);
	}
	mms_test_program_end(run);
	fail_msg("it ended with %d before this was %lld: %s\n%s%s", run->status,
		 (long long)want, sql, run->out, run->err);
}

int
race_finish(struct mms_test_run *run)
{
	while (wait_for(run))
		race_wake(run);
	mms_test_program_end(run);
	if (run->status >= 127 && run->status != 128 + SIGKILL &&
	    run->status != 128 + SIGTERM)
		fail_msg("mmsync ended with %d:\n%s", run->status, run->err);
	if (strstr(run->err, "Sanitizer") != NULL || strstr(run->err, "runtime error:") != NULL)
		fail_msg("%s", run->err);
	return run->status;
}

int
race_run(struct race *race, const char *arguments, const char *fault)
{
	struct mms_test_run run = { 0 };

	race_start(race, &run, arguments, fault);
	int status = race_finish(&run);
	mms_test_run_release(&run);
	return status;
}

long
race_stride(long every)
{
	const char *text = getenv("MMS_STRIDE");
	long factor = text != NULL ? strtol(text, NULL, 10) : 1;

	return every * (factor > 0 ? factor : 1);
}

long
race_n_steps(struct race *race, const char *arguments)
{
	int status = race_run(race, arguments, NULL);

	if (status != 0)
		fail_msg("mmsync %s ended with %d", arguments, status);
	return scenario_count(&race->scenario, "step");
}

#define LEASES "SELECT COUNT(*) FROM mmsync_cursor WHERE lease_owner IS NOT NULL"

void
race_beside(struct race *race, struct mms_test_run *sleeper, struct mms_test_run *other,
	    const char *arguments)
{
	struct mms_test_server *server = &race->world->server;

	mms_clock_sleep_ms(150); /* INNODB_TRX is not made anew for who asks often */
	bool is_locked =
		mms_test_ask_i64(server,
				 "SELECT COUNT(*) FROM information_schema.INNODB_TRX "
				 "WHERE trx_rows_locked > 0 OR trx_rows_modified > 0") > 0;

	race_start(race, other, arguments, NULL);
	if (is_locked)
		(void)race_finish(sleeper);
	(void)race_finish(other);
}

bool
race_take_over(struct race *race, struct mms_test_run *sleeper, struct mms_test_run *other,
	       const char *arguments)
{
	struct mms_test_server *server = &race->world->server;
	/* Who is within a transaction goes on. */
	bool is_free = mms_test_ask_i64(server, "SELECT COUNT(*) FROM mmsync_cursor") ==
		       mms_test_ask_i64(server, "SELECT COUNT(*) FROM (SELECT 1 FROM "
						"mmsync_cursor FOR UPDATE SKIP LOCKED) t");
	bool is_held = is_free && mms_test_ask_i64(server, LEASES) > 0;

	if (is_held)
		mms_test_sql(server,
			     "UPDATE mmsync_cursor SET lease_until = UTC_TIMESTAMP(6) - "
			     "INTERVAL 10 SECOND WHERE lease_owner IS NOT NULL");
	race_beside(race, sleeper, other, arguments);
	return is_held;
}

void
race_expect_status(const struct mms_test_run *run, const char *allowed, const char *when)
{
	char text[16];

	(void)snprintf(text, sizeof text, " %d ", run->status);
	if (strstr(allowed, text) == NULL)
		fail_msg("%s: it ended with %d: %s%s", when, run->status, run->out, run->err);
}

/* ---- somebody else -------------------------------------------------------------------------- */

struct meddler {
	const struct mms_test_server *server;
	const char *sql;
	unsigned number; /* MariaDB's error */
};

static unsigned
meddle_once(MYSQL *m, const char *sql)
{
	int more = mysql_query(m, sql);

	while (more == 0) {
		mysql_free_result(mysql_store_result(m));
		more = mysql_next_result(m);
	}
	unsigned number = mysql_errno(m);
	if (number != 0)
		(void)mysql_query(m, "ROLLBACK");
	return number;
}

static void *
meddle(void *arg)
{
	struct meddler *meddler = arg;
	MYSQL *m = mysql_init(NULL);

	if (mysql_real_connect(m, NULL, "root", NULL, meddler->server->database, 0,
			       meddler->server->socket, CLIENT_MULTI_STATEMENTS) == NULL)
		meddler->number = mysql_errno(m);
	else
		do {
			meddler->number = meddle_once(m, meddler->sql);
		} while (meddler->number == ER_LOCK_DEADLOCK);
	if (meddler->number == ER_DUP_ENTRY)
		meddler->number = 0;
	mysql_close(m);
	mysql_thread_end();
	return NULL;
}

bool
race_meddle(struct race *race, struct mms_test_run *run, const char *sql)
{
	struct meddler meddler = { .server = &race->world->server, .sql = sql };
	struct timespec until;
	pthread_t thread;

	if (pthread_create(&thread, NULL, meddle, &meddler) != 0)
		fail_msg("no thread");
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += BLOCKED_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	bool is_done = pthread_timedjoin_np(thread, NULL, &until) == 0;
	if (!is_done) {
		race_wake(run);
		(void)pthread_join(thread, NULL);
	}
	if (meddler.number != 0)
		fail_msg("MariaDB error %u: %s", meddler.number, sql);
	return is_done;
}

char *
race_json(const struct mms_test_run *run, const char *path)
{
	json_error_t error;
	json_t *root = json_loads(run->out, 0, &error), *at = root;
	char parts[128], *save = NULL, *text = NULL;

	if (root == NULL)
		fail_msg("not JSON (%s): %s%s", error.text, run->out, run->err);
	(void)snprintf(parts, sizeof parts, "%s", path);
	for (char *part = strtok_r(parts, ".", &save); part != NULL && at != NULL;
	     part = strtok_r(NULL, ".", &save))
		at = json_is_array(at) ? json_array_get(at, (size_t)strtoul(part, NULL, 10))
				       : json_object_get(at, part);
	if (at == NULL)
		text = strdup("absent");
	else if (json_is_string(at))
		text = strdup(json_string_value(at));
	else
		text = json_dumps(at, JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(root);
	return text;
}

/* ---- what it has left ----------------------------------------------------------------------- */

int
race_n_ours(const struct race *race, const char *calendar)
{
	json_t *all = gfake_events(&race->world->service, calendar), *one;
	size_t i;
	int n = 0;

	json_array_foreach(all, i, one) n += scenario_is_ours(one) && scenario_is_live(one);
	json_decref(all);
	return n;
}

void
race_state(struct race *race, bool with_history, struct mms_str *out)
{
	scenario_state(&race->scenario, with_history, out);
}

void
race_check(struct race *race, const char *when)
{
	MMS_AUTO(mms_str) broken = { 0 };

	scenario_invariants(&race->scenario, &broken);
	if (broken.len == 0 || strspn(mms_str_get(&broken), "0,") != broken.len)
		fail_msg("%s: schema/invariants.sql answers %s", when, mms_str_get(&broken));
	int64_t n = mms_test_ask_i64(&race->world->server, LEASES);
	if (n != 0)
		fail_msg("%s: %lld leases are held", when, (long long)n);
	n = mms_test_ask_i64(&race->world->server,
			     "SELECT COUNT(*) FROM `tabMM Calendar Integration` WHERE "
			     "sync_status = 'In Progress'");
	if (n != 0)
		fail_msg("%s: %lld integrations are In Progress", when, (long long)n);
}

void
race_is_quiet(struct race *race, const char *when)
{
	char before[65], after[65];
	struct mms_test_run run = { 0 };

	if (!scenario_digest(&race->scenario, before, sizeof before))
		fail_msg("%s", race->scenario.failure);
	race_start(race, &run, "sync", NULL);
	if (race_finish(&run) != 0)
		fail_msg("%s: one more sync ended with %d: %s%s", when, run.status, run.out,
			 run.err);
	if (!scenario_digest(&race->scenario, after, sizeof after))
		fail_msg("%s", race->scenario.failure);
	if (strcmp(before, after) != 0)
		fail_msg("%s: one more sync was not quiet: %s", when, run.out);
	mms_test_run_release(&run);
	race_check(race, when);
}
