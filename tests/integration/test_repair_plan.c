/* Plans: written by audit, read and shortened by a person, done exactly or not at all; hostile ones. And health --fix. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mmsync/mem.h"
#include "mmsync/repair.h"
#include "support/block_site.h"
#include "support/dbcheck.h"
#include "support/mend_rows.h"

static struct world world;
static struct race race = { .world = &world };
static struct mend_site site = { .race = &race };
static struct mms_test_run run;
static char path[200];

static int
start(void **state)
{
	(void)state;
	world_start(&world);
	mend_site_begin(&site, "google");
	(void)snprintf(path, sizeof path, "%s/plan.json", world.server.dir);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	(void)unlink(path);
	mend_site_end(&site);
	mms_test_run_release(&run);
	race_end(&race);
	world_stop(&world);
	return 0;
}

static int
program(const char *arguments)
{
	mms_test_run_release(&run);
	race_start(&race, &run, arguments, NULL);
	return race_finish(&run);
}

static void
expect_status(int want, const char *arguments)
{
	int status = program(arguments);

	if (status != want)
		fail_msg("%s ended with %d: %s%s", arguments, status, run.out, run.err);
}

static void
expect_said(const char *text)
{
	if (strstr(run.out, text) == NULL && strstr(run.err, text) == NULL)
		fail_msg("it did not say %s: %s%s", text, run.out, run.err);
}

static void
expect_nothing_written(int want, const char *arguments)
{
	struct mend_digest before = mend_site_digest(&site);
	expect_status(want, arguments);
	struct mend_digest after = mend_site_digest(&site);

	if (strcmp(before.text, after.text) != 0)
		fail_msg("%s wrote something: %s", arguments, run.out);
}

static const char *
with_plan(const char *command)
{
	static char text[300];

	(void)snprintf(text, sizeof text, "%s --plan %s", command, path);
	return text;
}

/* The file as a text. Owns: free(). */
static char *
read_file(void)
{
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	char *text = calloc(1, 1000000);
	assert_non_null(text);
	(void)!fread(text, 1, 999999, file);
	(void)fclose(file);
	return text;
}

static void
write_file(const char *text, size_t len)
{
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static const struct mend_row *
row_of(const char *label)
{
	size_t n;
	const struct mend_row *rows = mend_rows(&n);

	for (size_t i = 0; i < n; i++) {
		if (strcmp(rows[i].label, label) == 0)
			return &rows[i];
	}
	fail_msg("there is no row '%s'", label);
	return NULL;
}

#define ENTRY   "an entry of an event that nobody knows"
#define DUE     "what is due of nobody's calendar"
#define COUNTER "a counter that went back"
#define TIMES   "a booking's event whose row is at another time"

/* ---- exactly ------------------------------------------------------------------------------------------ */

static void
a_plan_is_written_for_its_owner_and_done(void **state)
{
	struct stat st;

	(void)state;
	mend_row_break(&site, row_of(ENTRY));
	mend_row_break(&site, row_of(TIMES));
	expect_nothing_written(1, with_plan("audit"));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	char *text = read_file();
	assert_non_null(strstr(text, "\"rule\": \"outbox_orphaned\""));
	assert_non_null(strstr(text, "it is put into the outbox"));
	assert_non_null(strstr(text, "\"mmsync_site\""));
	free(text);
	expect_nothing_written(0, with_plan("repair --dry-run"));
	expect_said("\"status\":\"planned\"");
	expect_status(0, with_plan("repair"));
	expect_said("\"status\":\"done\"");
	mend_row_expect_right(&site, row_of(ENTRY), "planned");
	mend_row_expect_right(&site, row_of(TIMES), "planned");
	/* A second time what it is about is not there any more. */
	expect_nothing_written(1, with_plan("repair"));
	expect_said("the world has moved on: 2 of 2");
	expect_said("it is not there any more");
	race_check(&race, "planned");
}

/* Nothing else is done, though it is found. */
static void
only_what_is_planned_is_done(void **state)
{
	(void)state;
	mend_row_break(&site, row_of(ENTRY));
	expect_status(1, with_plan("audit"));
	mend_row_break(&site, row_of(COUNTER));
	expect_status(1, with_plan("repair"));
	mend_row_expect_right(&site, row_of(ENTRY), "planned");
	assert_int_equal(mend_site_ask(&site, row_of(COUNTER)->wrong), 1);
	expect_said("\"rule\":\"counter_behind\"");
	expect_status(0, "repair");
}

/* A person takes one out of it. */
static void
a_plan_may_be_shortened(void **state)
{
	MMS_AUTO(mms_repair_plan) plan = { 0 };
	MMS_AUTO(mms_str) shorter = { 0 };

	(void)state;
	mend_row_break(&site, row_of(ENTRY));
	mend_row_break(&site, row_of(DUE));
	expect_status(1, with_plan("audit"));
	char *text = read_file();
	OK(mms_repair_plan_parse(text, strlen(text), &plan, &err));
	free(text);
	assert_int_equal(plan.repairs.n, 2);
	mms_repair_release(&plan.repairs.items[--plan.repairs.n]);
	OK(mms_repair_plan_print(&plan, &shorter, &err));
	write_file(shorter.ptr, shorter.len);
	expect_status(1, with_plan("repair"));
	mend_row_expect_right(&site, row_of(ENTRY), "shortened");
	assert_int_equal(mend_site_ask(&site, row_of(DUE)->wrong), 1);
	expect_status(0, "repair");
	mend_row_expect_right(&site, row_of(DUE), "in the end");
}

static void
where_the_world_has_moved_on_nothing_is_done(void **state)
{
	(void)state;
	mend_row_break(&site, row_of(TIMES));
	mend_row_break(&site, row_of(ENTRY));
	expect_status(1, with_plan("audit"));
	/* The same flaw, of other facts. */
	mend_site_break(&site, "UPDATE " ROWS " SET start_datetime = start_datetime - INTERVAL"
			       " 2 HOUR WHERE meeting_booking = 'B2'");
	expect_nothing_written(1, with_plan("repair"));
	expect_said("1 of 2 planned repairs do not fit");
	expect_said("it is another one now");
	expect_said("\"code\":\"conflict\"");
	assert_int_equal(mend_site_ask(&site, row_of(ENTRY)->wrong), 1);
	expect_status(0, "repair");
	race_tell(&race, "sync");
	race_tell(&race, "quiet");
}

/* ---- refused ------------------------------------------------------------------------------------------ */

#define HEAD                                                                       \
	"{\"version\":1,\"mmsync_site\":\"11111111-1111-4111-8111-111111111111\"," \
	"\"made\":\"2026-03-02T08:00:00Z\",\"user\":null,\"integration\":null,"
#define REPAIR(remedy, ids)                                                            \
	"{\"what\":\"w\",\"message\":\"m\",\"rule\":\"outbox_orphaned\",\"severity\":" \
	"\"error\",\"table\":\"mmsync_outbox\",\"name\":\"n\",\"integration\":null,"   \
	"\"remedy\":\"" remedy "\",\"ids\":{" ids "},\"print\":"                       \
	"\"00112233445566778899aabbccddeeff\"}"
#define IDS "\"calendar\":1,\"id\":2,\"uuid\":null,\"key\":null,\"booking\":null,\"row\":null"

static const struct {
	const char *label, *text, *says;
} hostile[] = {
	{ "of another site", HEAD "\"repairs\":[]}", "the plan of another site" },
	{ "of another site with a repair", HEAD "\"repairs\":[" REPAIR("drop_entry", IDS) "]}",
	  "the plan of another site" },
	{ "nothing", "", "line 1" },
	{ "no object", "[]", "line 1: an object is expected" },
	{ "cut off", "{\n\"version\": 1,\n", "line 3" },
	{ "behind it", HEAD "\"repairs\":[]}\n\n}", "line 3" },
	{ "of another version", "{\"version\": 2}", "plans of version 1" },
	{ "a huge number", "{\"version\": 99999999999999999999999}", "a whole number" },
	{ "less than nothing", "{\"version\": -1}", "a whole number" },
	{ "an unknown member", "{\n\"sql\": \"DROP TABLE x\"}",
	  "line 2: a plan has no member" },
	{ "twice", "{\"version\":1,\n\"version\":1}", "line 2: version stands here twice" },
	{ "missing", "{\"version\":1}", "mmsync_site is missing" },
	{ "no list", HEAD "\n\"repairs\":{}}", "line 2: a list is expected" },
	{ "a text as repair", HEAD "\"repairs\":[\n\"x\"]}", "line 2: an object is expected" },
	{ "an unknown remedy", HEAD "\"repairs\":[\n" REPAIR("drop_database", IDS) "]}",
	  "line 2: there is no such remedy" },
	{ "a person's remedy", HEAD "\"repairs\":[" REPAIR("apply_schema", IDS) "]}",
	  "there is no such remedy" },
	{ "no remedy", HEAD "\"repairs\":[" REPAIR("none", IDS) "]}",
	  "there is no such remedy" },
	{ "a short id", HEAD "\"repairs\":[" REPAIR("drop_entry", "\"uuid\":\"12\"") "]}",
	  "32 digits" },
	{ "ids that are none", HEAD "\"repairs\":[" REPAIR("drop_entry", "\"id\":\"2\"") "]}",
	  "a whole number" },
	{ "a zero byte",
	  HEAD "\"repairs\":[" REPAIR("drop_entry", "\"row\":\"a\\u0000b\"") "]}",
	  "zero byte" },
	{ "no UTF-8", "{\"version\xff\":1}", "no UTF-8" },
	{ "no time", "{\"made\":\"yesterday\"}", "a time is expected" },
	{ "no UUID", "{\"mmsync_site\":\"x\"}", "a UUID is expected" },
	{ "an unknown rule", HEAD "\"repairs\":[{\"rule\":\"nonsense\"}]}",
	  "no rule of this name" },
	{ "a list as name", HEAD "\"repairs\":[{\"name\":[]}]}", "a text is expected" },
};

static void
a_plan_that_is_none_or_of_another_site_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < MMS_COUNT(hostile); i++) {
		write_file(hostile[i].text, strlen(hostile[i].text));
		int status = program(with_plan("repair"));
		if (status != 2 || (strstr(run.out, hostile[i].says) == NULL))
			fail_msg("%s: ended with %d and not saying %s: %s%s", hostile[i].label,
				 status, hostile[i].says, run.out, run.err);
	}
	mend_row_break(&site, row_of(ENTRY));
	expect_nothing_written(2, with_plan("repair"));
	expect_status(0, "repair");
}

static void
a_plan_that_is_too_deep_too_long_or_nowhere_is_refused(void **state)
{
	char *text = calloc(1, 400000);

	(void)state;
	assert_non_null(text);
	memset(text, '[', 300000);
	write_file(text, 300000);
	expect_status(2, with_plan("repair"));
	free(text);
	assert_int_equal(truncate(path, (off_t)65 * 1024 * 1024), 0);
	expect_status(2, with_plan("repair"));
	expect_said("more than 64 MB");
	assert_int_equal(unlink(path), 0);
	expect_status(2, with_plan("repair"));
	expect_said("cannot be read");
	expect_status(2, "audit --plan /nowhere/plan.json");
	expect_said("cannot be written");
	expect_status(2, "audit --plan -");
	expect_status(2, "repair --user ann@example.com --plan -");
	expect_said("a plan says itself whose");
}

/* ---- health ------------------------------------------------------------------------------------------- */

static void
health_tells_what_does_not_agree_and_mends_what_it_may(void **state)
{
	(void)state;
	expect_nothing_written(0, "health --fix");
	expect_said("\"repairs\":[]");
	mend_row_break(&site, row_of(ENTRY));
	mend_row_break(&site, row_of(COUNTER));
	expect_nothing_written(1, "health");
	expect_said("\"code\":\"flaws_found\",\"severity\":\"degraded\"");
	expect_said("mmsync repair");
	expect_said("outbox_orphaned");
	expect_status(0, "health --fix");
	expect_said("\"status\":\"healthy\",\"reasons\":[]");
	expect_said("\"rule\":\"outbox_orphaned\"");
	expect_said("\"status\":\"done\"");
	mend_row_expect_right(&site, row_of(ENTRY), "fixed");
	/* What costs a look at all rows is not looked at, and is for repair. */
	assert_int_equal(mend_site_ask(&site, row_of(COUNTER)->wrong), 1);
	expect_status(0, "repair");
	race_check(&race, "health");
}

static void
in_maintenance_health_mends_nothing(void **state)
{
	(void)state;
	mend_row_break(&site, row_of(ENTRY));
	race_tell(&race, "site maintenance_mode 1");
	expect_nothing_written(1, "health --fix");
	expect_said("nothing was mended");
	expect_said("flaws_found");
	expect_nothing_written(3, "repair");
	expect_nothing_written(0, "repair --dry-run");
	race_tell(&race, "site maintenance_mode 0");
	expect_status(0, "health --fix");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plan_is_written_for_its_owner_and_done),
		cmocka_unit_test(only_what_is_planned_is_done),
		cmocka_unit_test(a_plan_may_be_shortened),
		cmocka_unit_test(where_the_world_has_moved_on_nothing_is_done),
		cmocka_unit_test(a_plan_that_is_none_or_of_another_site_is_refused),
		cmocka_unit_test(a_plan_that_is_too_deep_too_long_or_nowhere_is_refused),
		cmocka_unit_test(health_tells_what_does_not_agree_and_mends_what_it_may),
		cmocka_unit_test(in_maintenance_health_mends_nothing),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
