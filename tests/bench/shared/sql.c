/* SQL of the benches, and what a database is before a measurement (see the header). */
#include "bench.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mmsync/clock.h"
#include "mmsync/mem.h"

/* The server has caught up long before, or something holds it up that is no part of a bench. */
enum { SETTLE_SECONDS = 120 };

MYSQL *
bench_connect(const struct bench *b)
{
	MYSQL *m = mysql_init(NULL);
	unsigned on = 1;

	if (m == NULL || mysql_optionsv(m, MYSQL_SET_CHARSET_NAME, "utf8mb4") != 0 ||
	    mysql_optionsv(m, MYSQL_OPT_LOCAL_INFILE, &on) != 0 ||
	    mysql_real_connect(m, NULL, "root", NULL, "bench", 0, b->socket, 0) == NULL)
		bench_die("%s: %s", b->socket, m != NULL ? mysql_error(m) : "no memory");
	return m;
}

static char *print_v(const char *fmt, va_list ap) MMS_PRINTF(1, 0);

static char *
print_v(const char *fmt, va_list ap)
{
	char *sql = NULL;

	if (vasprintf(&sql, fmt, ap) < 0)
		bench_die("out of memory");
	return sql;
}

void
bench_sql(MYSQL *m, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	char *sql = print_v(fmt, ap);
	va_end(ap);
	if (mysql_query(m, sql) != 0)
		bench_die("%.200s: %s", sql, mysql_error(m));
	mysql_free_result(mysql_store_result(m));
	free(sql);
}

static void
ask_v(MYSQL *m, char *out, size_t size, const char *fmt, va_list ap) MMS_PRINTF(4, 0);

static void
ask_v(MYSQL *m, char *out, size_t size, const char *fmt, va_list ap)
{
	char *sql = print_v(fmt, ap);
	MYSQL_RES *rows = mysql_query(m, sql) == 0 ? mysql_store_result(m) : NULL;
	MYSQL_ROW row = rows != NULL ? mysql_fetch_row(rows) : NULL;

	if (row == NULL)
		bench_die("%.200s: %s", sql, rows == NULL ? mysql_error(m) : "no row");
	else
		(void)snprintf(out, size, "%s", row[0] != NULL ? row[0] : "");
	mysql_free_result(rows);
	free(sql);
}

void
bench_ask(MYSQL *m, char *out, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	ask_v(m, out, size, fmt, ap);
	va_end(ap);
}

int64_t
bench_ask_i64(MYSQL *m, const char *fmt, ...)
{
	char text[32];
	va_list ap;

	va_start(ap, fmt);
	ask_v(m, text, sizeof text, fmt, ap);
	va_end(ap);
	return strtoll(text, NULL, 10);
}

void
bench_empty(MYSQL *m)
{
	static const char *const tables[] = { "tabMM Calendar Event Sync",
					      "tabMM Calendar Integration",
					      "tabMM Meeting Booking",
					      "tabUser",
					      "tabSeries",
					      "mmsync_cursor",
					      "mmsync_event_state",
					      "mmsync_dead_letter",
					      "mmsync_budget",
					      "mmsync_run" };

	for (size_t i = 0; i < MMS_COUNT(tables); i++)
		bench_sql(m, "DELETE FROM `%s`", tables[i]);
	bench_sql(m, "INSERT INTO tabSeries (name, current) VALUES ('', 0)");
	bench_sql(m, "INSERT INTO tabUser (name, creation, modified, owner, modified_by, email,"
		     " enabled, time_zone) VALUES ('" BENCH_USER "', NOW(6), NOW(6),"
		     " 'Administrator', 'Administrator', '" BENCH_USER "', 1, 'UTC')");
}

void
bench_add_integration(MYSQL *m, const char *name, const char *url)
{
	bench_sql(m,
		  "INSERT INTO `tabMM Calendar Integration` (name, creation, modified, owner,"
		  " modified_by, user, integration_name, integration_type, is_active,"
		  " sync_direction, sync_past_days, sync_future_days, ical_url) VALUES ('%s',"
		  " '2026-01-01', '2026-01-01', 'Administrator', 'Administrator', '" BENCH_USER
		  "', 'Calendar %s', 'iCal', 1, 'One-way (Read Only)', %d, %d, '%s')",
		  name, name, BENCH_PAST_DAYS, BENCH_FUTURE_DAYS, url);
}

void
bench_settle(MYSQL *m)
{
	int64_t until_ms = mms_clock_mono_ms() + SETTLE_SECONDS * 1000;

	/* What a TRUNCATE has freed is discarded with the next write of the journal: not in ours. */
	sync();
	while (bench_ask_i64(m, "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS"
				" WHERE VARIABLE_NAME = 'INNODB_HISTORY_LIST_LENGTH'") > 50) {
		if (mms_clock_mono_ms() > until_ms)
			bench_die("the server does not catch up");
		mms_clock_sleep_ms(20);
	}
	mms_clock_sleep_ms(50);
}

double
bench_server_cpu(const struct bench *b)
{
	char path[128], line[32] = "";
	struct timespec used;
	clockid_t clock;

	(void)snprintf(path, sizeof path, "%s/db/pid", b->dir);
	FILE *file = fopen(path, "re");
	if (file == NULL || fgets(line, sizeof line, file) == NULL)
		bench_die("%s cannot be read", path);
	(void)fclose(file);
	if (clock_getcpuclockid((pid_t)strtol(line, NULL, 10), &clock) != 0 ||
	    clock_gettime(clock, &used) != 0)
		bench_die("the server's processor time cannot be read");
	return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

void
bench_digest(MYSQL *m, char *out, size_t size)
{
	bench_ask(m, out, size,
		  "SELECT CONCAT(COUNT(*), ' rows, sum ', COALESCE(SUM(CRC32(CONCAT_WS(BINARY "
		  "'|',"
		  " external_event_id, event_title, start_datetime, end_datetime, description,"
		  " location, attendees_json, organizer_email, is_blocking_availability))), 0))"
		  " FROM `tabMM Calendar Event Sync`");
}
