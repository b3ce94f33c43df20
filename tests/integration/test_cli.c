/* The program as its users meet it: errors in JSON, terminals, pipes that nobody reads, full disks. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "support/program.h"
#include "support/scenario.h"
#include "support/terminal.h"

static struct world world;
static char site_env[200];

/* A site with one integration and its feed, synced once; and it is the site of all commands. */
static int
start(void **state)
{
	struct scenario s = { .world = &world, .path = "fixtures/scenarios/01-first-sync.scn" };

	(void)state;
	world_start(&world);
	if (scenario_play(&s) != 0)
		fail_msg("%s", s.failure);
	scenario_release(&s);
	(void)snprintf(site_env, sizeof site_env, "MMSYNC_SITE=%s", world.site_dir);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	world_stop(&world);
	return 0;
}

static const char *const env_site[] = { site_env, "MMSYNC_NOW=2026-03-02T08:00:00Z",
					"TERM=xterm", NULL };
static const char *const env_none[] = { "MMSYNC_SITE=", "TERM=xterm", NULL };

/* Arguments of a command line as words; blanks separate. */
struct words {
	char text[256];
	const char *items[16];
};

static const char *const *
split(struct words *words, const char *line)
{
	size_t n = 0;
	char *save = NULL;

	(void)snprintf(words->text, sizeof words->text, "%s", line);
	for (char *w = strtok_r(words->text, " ", &save); w != NULL && n < 15;
	     w = strtok_r(NULL, " ", &save))
		words->items[n++] = w;
	words->items[n] = NULL;
	return words->items;
}

static const struct {
	const char *line;
	bool has_site;
	int status;
	const char *code; /* NULL: no error */
} json_rows[] = {
	{ "--json", false, 2, "usage" },
	{ "frob --json", false, 2, "usage" },
	{ "--json schema", false, 2, "usage" },
	{ "--json help frob", false, 2, "usage" },
	{ "--json sync", false, 2, "usage" },
	{ "--json doctor", false, 2, "usage" },
	{ "--json demo", false, 2, "usage" },
	{ "--json sync --confirm-deletes", true, 2, "usage" },
	{ "--json sync --integration work --jobs 257", true, 2, "usage" },
	{ "--json sync --integration wrok", true, 2, "usage" },
	{ "--json audit --format xml", true, 2, "usage" },
	{ "--json audit --user nobody", true, 2, "usage" },
	{ "--json validate", true, 2, "usage" },
	{ "--json schema adopt", true, 2, "usage" },
	{ "--json availability", true, 2, "usage" },
	{ "--json check-slot --user ann@example.com", true, 2, "usage" },
	{ "--json blocking-events --user nobody", true, 2, "usage" },
	{ "--json availability --user ann@example.com", true, 0, NULL },
	{ "--json blocking-events --user ann@example.com", true, 0, NULL },
	{ "--json --site /nowhere sync", false, 3, "config" },
	{ "--json --site /nowhere audit", false, 3, "config" },
	{ "--json --version", false, 0, NULL },
	{ "--json help", false, 0, NULL },
	{ "--json help schema", false, 0, NULL },
	{ "--json sync --help", false, 0, NULL },
	{ "--json sync", true, 0, NULL },
	{ "--json sync --due --dry-run", true, 0, NULL },
	{ "--json audit", true, 0, NULL },
	{ "--json audit --format json --quiet", true, 0, NULL },
	{ "--json doctor", true, 0, NULL },
	{ "--json status --integration wrok", true, 2, "usage" },
	{ "--json status", true, 0, NULL },
	{ "--json status", false, 2, "usage" },
	{ "--json health", true, 0, NULL },
	{ "--json health", false, 2, "usage" },
	{ "--json --site /nowhere health", false, 3, NULL },
	{ "--json health --fix", true, 0, NULL },
	{ "--json repair", true, 0, NULL },
	{ "--json repair --dry-run", true, 0, NULL },
	{ "--json repair", false, 2, "usage" },
	{ "--json repair --user nobody", true, 2, "usage" },
	{ "--json repair --plan /nowhere/plan.json", true, 2, "usage" },
	{ "--json audit --plan -", true, 2, "usage" },
	{ "--json metrics", true, 0, NULL },
	{ "--json schema show", true, 0, NULL },
	{ "--json schema check --quiet", true, 0, NULL },
	{ "--json schema apply --dry-run", true, 0, NULL },
};

static void
with_json_there_is_one_object_whatever_happens(void **state)
{
	(void)state;
	for (size_t i = 0; i < MMS_COUNT(json_rows); i++) {
		MMS_AUTO(mms_test_run) run = { 0 };
		struct words words;
		json_error_t why;

		mms_test_program(&run, json_rows[i].has_site ? env_site : env_none,
				 split(&words, json_rows[i].line));
		json_t *root = json_loads(run.out, JSON_REJECT_DUPLICATES, &why);
		const char *code = json_string_value(
			json_object_get(json_object_get(root, "error"), "code"));
		if (run.status != json_rows[i].status || !json_is_object(root) ||
		    (code == NULL) != (json_rows[i].code == NULL) ||
		    (code != NULL && strcmp(code, json_rows[i].code) != 0))
			fail_msg("row '%s': %d, %s\n%s", json_rows[i].line, run.status, run.out,
				 run.err);
		if (strchr(run.out, '\n') != run.out + strlen(run.out) - 1)
			fail_msg("row '%s': not one line: %s", json_rows[i].line, run.out);
		json_decref(root);
	}
}

static const char *const printing[] = {
	"help",
	"help sync",
	"--version",
	"--json help",
	"sync",
	"sync --json",
	"audit",
	"audit --json",
	"doctor",
	"doctor --json",
	"schema show",
	"schema check",
	"schema show --json",
	"status",
	"status --json",
	"health",
	"health --json",
	"metrics",
	"metrics --json",
	"repair",
	"repair --json",
};

static void
a_reader_that_left_is_no_error_to_tell(void **state)
{
	(void)state;
	for (size_t i = 0; i < MMS_COUNT(printing); i++) {
		__attribute__((cleanup(terminal_run_release))) struct terminal_run run = { 0 };
		struct words words;
		const char *const env[] = { site_env, NULL };

		terminal_program(&run, OUT_LOST_READER, env, split(&words, printing[i]));
		if (run.status != 6 || run.err[0] != '\0')
			fail_msg("row '%s': %d, '%s'", printing[i], run.status, run.err);
	}
}

static void
a_full_disk_is_told_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < MMS_COUNT(printing); i++) {
		__attribute__((cleanup(terminal_run_release))) struct terminal_run run = { 0 };
		struct words words;
		const char *const env[] = { site_env, NULL };
		static const char says[] = "the output cannot be written";

		terminal_program(&run, OUT_FULL, env, split(&words, printing[i]));
		const char *first = strstr(run.err, says);
		if (run.status != 1 || first == NULL || strstr(first + 1, says) != NULL)
			fail_msg("row '%s': %d, '%s'", printing[i], run.status, run.err);
	}
}

static void
closed_standard_files_change_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < MMS_COUNT(printing); i++) {
		__attribute__((cleanup(terminal_run_release))) struct terminal_run run = { 0 };
		struct words words;

		terminal_program(&run, OUT_CLOSED, env_site, split(&words, printing[i]));
		if (run.status != 0)
			fail_msg("row '%s': %d", printing[i], run.status);
	}
}

static void
colours_and_shape_follow_the_terminal(void **state)
{
	static const struct {
		const char *label, *line, *term, *no_color;
		const char *has, *has_not;
	} rows[] = {
		{ "a terminal", "frob", "TERM=xterm", "NO_COLOR=", "\033[31m", NULL },
		{ "a dumb one", "frob", "TERM=dumb", "NO_COLOR=", "unknown", "\033" },
		{ "none known", "frob", "TERM=", "NO_COLOR=", "unknown", NULL },
		{ "NO_COLOR", "frob", "TERM=xterm", "NO_COLOR=1", "unknown", "\033" },
		{ "--color never", "--color never sync --jobs 999", "TERM=xterm",
		  "NO_COLOR=", "999", "\033" },
		{ "--color always", "--color always sync --jobs 999", "TERM=dumb", "NO_COLOR=1",
		  "\033[31m", NULL },
		{ "a table", "sync", "TERM=xterm", "NO_COLOR=", "\033[1mINTEGRATION", NULL },
		{ "a plain table", "sync", "TERM=dumb", "NO_COLOR=", "INTEGRATION", "\033" },
		{ "JSON is indented", "--no-progress sync --json", "TERM=xterm",
		  "NO_COLOR=", "\n  \"run\":", "\033" },
		{ "quiet", "--quiet sync", "TERM=xterm", "NO_COLOR=", "", "INTEGRATION" },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		__attribute__((cleanup(terminal_run_release))) struct terminal_run run = { 0 };
		const char *const env[] = { site_env, "MMSYNC_NOW=2026-03-02T08:00:00Z",
					    rows[i].term, rows[i].no_color, NULL };
		struct words words;

		if (!terminal_program(&run, OUT_TERMINAL, env, split(&words, rows[i].line))) {
			print_message("# skipped: no terminals here\n");
			skip();
		}
		if (strstr(run.out, rows[i].has) == NULL ||
		    (rows[i].has_not != NULL && strstr(run.out, rows[i].has_not) != NULL))
			fail_msg("row '%s': %s", rows[i].label, run.out);
	}
}

static void
a_pipe_gets_neither_colours_nor_bars(void **state)
{
	MMS_AUTO(mms_test_run) run = { 0 };

	(void)state;
	fake_conf(&world.feeds, "work.ics", "stall 300\n");
	mms_test_program(&run, env_site, (const char *const[]){ "sync", "--force-full", NULL });
	assert_int_equal(run.status, 0);
	assert_null(strchr(run.out, '\033'));
	assert_string_equal(run.err,
			    "mmsync: the clock of this run stands at 2026-03-02T08:00:00Z "
			    "(MMSYNC_NOW)\n");
	mms_test_program(&run, env_site,
			 (const char *const[]){ "--color", "always", "sync", NULL });
	assert_non_null(strstr(run.out, "\033[1mINTEGRATION"));
	fake_conf(&world.feeds, "work.ics", "");
}

static void
long_work_shows_a_bar_on_a_terminal_that_can(void **state)
{
	static const struct {
		const char *line, *term;
		bool has_bar;
	} rows[] = {
		{ "sync --force-full", "TERM=xterm", true },
		{ "sync --force-full", "TERM=dumb", false },
		{ "sync --force-full --no-progress", "TERM=xterm", false },
		{ "sync --force-full --quiet", "TERM=xterm", false },
	};

	(void)state;
	fake_conf(&world.feeds, "work.ics", "stall 300\n");
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		__attribute__((cleanup(terminal_run_release))) struct terminal_run run = { 0 };
		const char *const env[] = { site_env, rows[i].term, NULL };
		struct words words;

		if (!terminal_program(&run, OUT_TERMINAL, env, split(&words, rows[i].line))) {
			print_message("# skipped: no terminals here\n");
			skip();
		}
		const char *bar = strstr(run.out, "sync [");
		if ((bar != NULL) != rows[i].has_bar)
			fail_msg("row '%s' %s: %s", rows[i].line, rows[i].term, run.out);
		/* It is taken away before the result stands there. */
		if (bar != NULL)
			assert_non_null(strstr(bar, "\r\033[K\033[1mINTEGRATION"));
	}
	fake_conf(&world.feeds, "work.ics", "");
}

static void
quiet_is_quiet_where_nothing_is_wrong(void **state)
{
	static const char *const lines[] = { "sync",         "audit",  "schema check",
					     "schema apply", "doctor", "sync --due",
					     "status" };

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(lines); i++) {
		MMS_AUTO(mms_test_run) run = { 0 };
		struct words words;
		char line[64];

		(void)snprintf(line, sizeof line, "--quiet %s", lines[i]);
		mms_test_program(&run, env_site, split(&words, line));
		if (run.status != 0 || run.out[0] != '\0' || run.err[0] != '\0')
			fail_msg("row '%s': %d, '%s', '%s'", line, run.status, run.out,
				 run.err);
	}
}

static void
quiet_tells_what_is_wrong(void **state)
{
	MMS_AUTO(mms_test_run) run = { 0 };

	(void)state;
	fake_conf(&world.feeds, "work.ics", "html\n");
	mms_test_program(&run, env_site, (const char *const[]){ "--quiet", "sync", NULL });
	assert_int_equal(run.status, 1);
	assert_non_null(strstr(run.out, "work: the feed is an HTML or XML page"));
	assert_null(strstr(run.out, "INTEGRATION"));
	fake_conf(&world.feeds, "work.ics", "");
	mms_test_sql(&world.server,
		     "UPDATE `tabMM Calendar Event Sync` SET attendees_json = '{}' LIMIT 1");
	mms_test_program(&run, env_site, (const char *const[]){ "audit", "-q", NULL });
	assert_int_equal(run.status, 1);
	assert_non_null(strstr(run.out, "attendees_json"));
	assert_null(strstr(run.out, "checked"));
	assert_int_equal(run.out[strlen(run.out) - 1], '\n');
}

static void
no_command_shows_them_all(void **state)
{
	MMS_AUTO(mms_test_run) run = { 0 };

	(void)state;
	mms_test_program(&run, env_none, (const char *const[]){ NULL });
	assert_int_equal(run.status, 2);
	assert_string_equal(run.out, "");
	assert_non_null(strstr(run.err, "\ncommands:\n  sync "));
	assert_non_null(strstr(run.err, "mmsync: no command was given\n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_json_there_is_one_object_whatever_happens),
		cmocka_unit_test(a_reader_that_left_is_no_error_to_tell),
		cmocka_unit_test(a_full_disk_is_told_once),
		cmocka_unit_test(closed_standard_files_change_nothing),
		cmocka_unit_test(colours_and_shape_follow_the_terminal),
		cmocka_unit_test(a_pipe_gets_neither_colours_nor_bars),
		cmocka_unit_test(long_work_shows_a_bar_on_a_terminal_that_can),
		cmocka_unit_test(quiet_is_quiet_where_nothing_is_wrong),
		cmocka_unit_test(quiet_tells_what_is_wrong),
		cmocka_unit_test(no_command_shows_them_all),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
