/* The site of fixtures/rules in a real database (see the header). */
#include "support/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mmsync/mem.h"
#include "support/frappe_site.h"
#include "support/rules_site.h"
#include "support/rules_world.h"

enum { ARGS_MAX = 16 };

static struct mms_test_server server;
static char dir[MMS_TEST_DIR_MAX];

struct mms_test_server *
rules_site_server(void)
{
	return &server;
}

int
rules_site_start(void **state)
{
	(void)state;
	mms_site_setup();
	return mms_test_server_start(&server, NULL);
}

int
rules_site_stop(void **state)
{
	(void)state;
	return mms_test_server_stop(&server);
}

const char *
rules_site_dir(void)
{
	return dir;
}

int
rules_site_empty(void **state)
{
	(void)state;
	mms_test_reset(&server);
	mms_test_sql(&server, "GRANT ALL ON `%s`.* TO '%s'@'%%'", server.database,
		     server.database);
	mms_test_make_frappe(&server);
	mms_test_site_make(&server, "site1", ", \"mmsync\": {\"event_time_zone\": \"site\"}",
			   dir);
	return 0;
}

/* 'text', or NULL for an empty cell. */
static const char *
quoted(const char *cell, char buf[160])
{
	if (cell[0] == '\0')
		return "NULL";
	(void)snprintf(buf, 160, "'%s'", cell);
	return buf;
}

static void
add_row(const struct world_row *row)
{
	const char *const *c = row->cells;
	char a[160], b[160];

	if (strcmp(c[0], "user") == 0)
		mms_test_sql(&server, "INSERT INTO tabUser (name) VALUES ('%s')", c[1]);
	else if (strcmp(c[0], "integration") == 0)
		mms_test_sql(
			&server,
			"INSERT INTO `tabMM Calendar Integration` (name, user, "
			"integration_name, is_active, is_primary) VALUES ('%s', '%s', '%s', "
			"%s, %s)",
			c[1], c[2], c[3], c[4], c[5]);
	else if (strcmp(c[0], "event") == 0)
		mms_test_sql(&server,
			     "INSERT INTO `tabMM Calendar Event Sync` (name, "
			     "calendar_integration, external_event_id, meeting_booking) VALUES "
			     "('%s', '%s', '%s', %s)",
			     c[1], c[2], c[3], quoted(c[4], a));
	else if (strcmp(c[0], "booking") == 0)
		mms_test_sql(&server,
			     "INSERT INTO `tabMM Meeting Booking` (name, booking_status, "
			     "start_datetime, end_datetime) VALUES ('%s', '%s', %s, %s)",
			     c[1], c[2], quoted(c[3], a), quoted(c[4], b));
	else if (strcmp(c[0], "type") == 0)
		mms_test_sql(&server,
			     "INSERT INTO `tabMM Meeting Type` (name, is_active, is_internal, "
			     "is_public, requires_approval, location_type, custom_location) "
			     "VALUES ('%s', %s, %s, %s, %s, %s, %s)",
			     c[1], c[2], c[3], c[4], c[5], quoted(c[6], a), quoted(c[7], b));
	else if (strcmp(c[0], "rule") == 0)
		mms_test_sql(
			&server,
			"INSERT INTO `tabMM User Availability Rule` (name, user, is_default, "
			"max_days_advance, min_notice_hours) VALUES ('%s', '%s', 1, %s, %s)",
			c[1], c[1], c[2], c[3]);
}

int
rules_site_full(void **state)
{
	struct world w;

	(void)rules_site_empty(state);
	world_load(&w);
	for (size_t i = 0; i < w.n; i++)
		add_row(&w.rows[i]);
	world_release(&w);
	return 0;
}

void
rules_site_read_only(void)
{
	mms_test_sql(&server, "REVOKE ALL PRIVILEGES ON `%s`.* FROM '%s'@'%%'", server.database,
		     server.database);
	mms_test_sql(&server, "GRANT SELECT ON `%s`.* TO '%s'@'%%'", server.database,
		     server.database);
}

static void
write_file(const char *path, const char *bytes, size_t len)
{
	FILE *f = fopen(path, "wb");

	if (f == NULL || fwrite(bytes, 1, len, f) != len || fclose(f) != 0)
		fail_msg("%s cannot be written", path);
}

int
rules_site_run(struct mms_test_run *run, const char *input, size_t len, const char *const *args)
{
	/* noon in Berlin: the hour of world.txt */
	char counts[160];
	const char *const env[] = { "MMSYNC_NOW=2026-11-20T11:00:00Z", counts, NULL };
	const char *all[ARGS_MAX] = { "--site", dir };
	char path[128];
	size_t n = 2;

	(void)snprintf(path, sizeof path, "%s/input", server.dir);
	(void)snprintf(counts, sizeof counts, "MMSYNC_FAULT_COUNTS=%s/counts", server.dir);
	if (input != NULL)
		write_file(path, input, len);
	for (; *args != NULL && n < ARGS_MAX - 1; args++)
		all[n++] = strcmp(*args, "@") == 0 ? path : *args;
	all[n] = NULL;
	return mms_test_program(run, env, all);
}

/* How often the last run came by a fault point. */
static unsigned long
count_visits(const char *kind)
{
	char path[128], key[32];
	size_t len;

	(void)snprintf(path, sizeof path, "%s/counts", server.dir);
	(void)snprintf(key, sizeof key, "%s ", kind);
	char *counts = world_read_file(path, &len);
	const char *line = strstr(counts, key);
	unsigned long n = line != NULL ? strtoul(line + strlen(key), NULL, 10) : 0;
	mms_free(counts);
	return n;
}

void
rules_site_torture(const char *kind, const char *input, const char *const *args, int ok,
		   void (*check)(const char *fault, const struct mms_test_run *run))
{
	struct mms_test_run run = { 0 };
	size_t len = input != NULL ? strlen(input) : 0;
	char fault[64];

	assert_int_equal(rules_site_run(&run, input, len, args), ok);
	unsigned long total = count_visits(kind);
	assert_in_range(total, 5, 1000000);
	for (unsigned long n = 1; n <= total; n += 1 + n / 25) {
		(void)snprintf(fault, sizeof fault, "%s:%lu", kind, n);
		assert_int_equal(setenv("MMSYNC_FAULT", fault, 1), 0);
		int status = rules_site_run(&run, input, len, args);
		assert_int_equal(unsetenv("MMSYNC_FAULT"), 0);
		if (status != ok && status != 1 && status != 3 && status != 4 && status != 70)
			fail_msg("%s: status %d\n%s", fault, status, run.err);
		check(fault, &run);
	}
	mms_test_run_release(&run);
}
