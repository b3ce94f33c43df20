/*
 * What people read is true: made tables are those of the program, examples can be typed, those
 * with an output give it on the demonstration's site, what is installed works.
 */
#include "support/unit.h"

#include <dirent.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mmsync/app.h"
#include "support/pages.h"
#include "support/program.h"

/* A folder of our own in /tmp, whatever $TMPDIR is: the demonstration's socket is in it. */
static char dir[] = "/tmp/mmsync-docs-XXXXXX";
static char build[PATH_MAX]; /* build/dev */
static char env_tmp[64], env_site[160];

static int
start(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	mms_test_program_path(build);
	(void)dirname(build);
	(void)snprintf(env_tmp, sizeof env_tmp, "TMPDIR=%s", dir);
	(void)snprintf(env_site, sizeof env_site,
		       "MMSYNC_SITE=%s/mmsync-demo-%lu/sites/demo.example", dir,
		       (unsigned long)geteuid());
	return 0;
}

/* What a command of the shell prints on both streams; its exit status is in *status. Owns. */
static char *shell(int *status, const char *fmt, ...) MMS_PRINTF(2, 3);

static char *
shell(int *status, const char *fmt, ...)
{
	char command[2 * PATH_MAX], *text = NULL, chunk[4096];
	size_t size = 0, n;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(command, sizeof command, fmt, ap);
	va_end(ap);
	FILE *out = open_memstream(&text, &size), *pipe = popen(command, "re");
	assert_non_null(out);
	assert_non_null(pipe);
	while ((n = fread(chunk, 1, sizeof chunk, pipe)) > 0)
		(void)fwrite(chunk, 1, n, out);
	int raw = pclose(pipe);
	fclose(out);
	*status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128;
	return text;
}

static int
stop(void **state)
{
	MMS_AUTO(mms_test_run) run = { 0 };
	int status;

	(void)state;
	mms_test_program(&run, (const char *const[]){ env_tmp, NULL },
			 (const char *const[]){ "demo", "--stop", NULL });
	free(shell(&status, "rm -rf %s", dir));
	return 0;
}

static bool
is_installed(const char *program)
{
	int status;

	free(shell(&status, "command -v %s 2>&1", program));
	if (status != 0)
		print_message("# skipped: %s is not installed\n", program);
	return status == 0;
}

static void
made_tables_are_those_of_the_program(void **state)
{
	int status;

	(void)state;
	char *text = shell(
		&status,
		"%s/docs/tables --check docs/mmsync.1 docs/completion/mmsync.bash 2>&1", build);
	if (status != 0)
		fail_msg("%s: make docs", text);
	free(text);
}

/* Golden help: the file of a name, compared with what the program prints. */
static void
check_help(const char *name)
{
	MMS_AUTO(mms_test_run) run = { 0 };
	char path[128], words[64];
	int status;

	(void)snprintf(words, sizeof words, "%s", name);
	char *space = strchr(words, ' ');
	if (space != NULL)
		*space = '-';
	(void)snprintf(path, sizeof path, "fixtures/help/%s.txt",
		       words[0] != '\0' ? words : "mmsync");
	if (space != NULL)
		*space = '\0';
	const char *const args[] = { "help", words[0] != '\0' ? words : NULL,
				     space != NULL ? space + 1 : NULL, NULL };
	mms_test_program(&run, NULL, args);
	char *want = shell(&status, "cat %s", path);
	if (status != 0 || run.status != 0 || strcmp(want, run.out) != 0)
		fail_msg("help %s is not %s: make docs", name, path);
	free(want);
}

static void
help_is_what_its_golden_files_say(void **state)
{
	size_t n, n_files = 0, n_families = 0;
	const struct mms_verb *verbs = mms_verbs(&n);

	(void)state;
	check_help("");
	for (size_t i = 0; i < n; i++) {
		char family[32];
		check_help(verbs[i].name);
		(void)snprintf(family, sizeof family, "%.*s", (int)strcspn(verbs[i].name, " "),
			       verbs[i].name);
		bool is_new = mms_verb_last_word(&verbs[i]) != verbs[i].name;
		for (size_t k = 0; k < i; k++)
			is_new = is_new && !mms_verb_is_of(&verbs[k], family);
		n_families += is_new;
		if (is_new)
			check_help(family);
	}
	DIR *folder = opendir("fixtures/help");
	assert_non_null(folder);
	for (struct dirent *e; (e = readdir(folder)) != NULL;)
		n_files += e->d_name[0] != '.';
	(void)closedir(folder);
	/* one for the program, one for each command and family, none of what is gone */
	assert_int_equal(n_files, 1 + n + n_families);
}

static void
the_manual_is_clean_mdoc(void **state)
{
	int status;

	(void)state;
	if (!is_installed("mandoc"))
		skip();
	char *text = shell(&status, "mandoc -Tlint -Wwarning docs/mmsync.1 2>&1");
	if (status != 0)
		fail_msg("%s", text);
	free(text);
}

static void
examples_can_be_typed(void **state)
{
	struct pages pages = { 0 };
	size_t n_read = 0, n_run = 0;

	(void)state;
	pages_load(&pages);
	for (size_t i = 0; i < pages.n; i++) {
		struct example *e = &pages.items[i];
		struct mms_app app = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		const char *words[PAGES_WORDS_MAX + 2] = { "mmsync" };
		char text[512];

		(void)snprintf(text, sizeof text, "%s", e->command);
		int argc = (int)pages_split(text, words + 1) + 1;
		mms_rc rc = mms_app_parse(&app, argc, (char **)(uintptr_t)words, &err);
		if (rc != MMS_OK || argc < 2 || (app.verb == NULL && app.args.n == 0))
			fail_msg("%s:%d: mmsync %s: %s", e->page, e->line, e->command,
				 mms_err_text(&err));
		n_read++;
		n_run += e->output != NULL;
		mms_app_close(&app);
	}
	if (n_read < 60 || n_run < 5)
		fail_msg("only %zu examples, %zu of them to run, were found", n_read, n_run);
	pages_release(&pages);
}

static void
examples_give_what_they_show(void **state)
{
	const char *const env[] = { env_tmp, env_site, "MMSYNC_NOW=2026-03-01T10:00:00Z",
				    NULL };
	struct pages pages = { 0 };
	char why[4600];

	(void)state;
	pages_load(&pages);
	for (size_t i = 0; i < pages.n; i++) {
		struct example *e = &pages.items[i];
		MMS_AUTO(mms_test_run) run = { 0 };
		const char *words[PAGES_WORDS_MAX + 1];
		char text[512];

		if (e->output == NULL)
			continue;
		(void)snprintf(text, sizeof text, "%s", e->command);
		(void)pages_split(text, words);
		mms_test_program(&run, env, words);
		if (!pages_match(e->output, run.out, why, sizeof why))
			fail_msg("%s:%d: mmsync %s: %s\n%s", e->page, e->line, e->command, why,
				 run.err);
	}
	pages_release(&pages);
}

/* Each command of the operator's page does something on a site; NAME, ID and RUN are for the reader to fill. */
static void
the_operators_commands_work_on_a_site(void **state)
{
	const char *const env[] = { env_tmp, env_site, "MMSYNC_NOW=2026-03-01T10:00:00Z",
				    NULL };
	struct pages pages = { 0 };
	unsigned n_run = 0;

	(void)state;
	pages_load(&pages);
	for (size_t i = 0; i < pages.n; i++) {
		struct example *e = &pages.items[i];
		MMS_AUTO(mms_test_run) run = { 0 };
		const char *words[PAGES_WORDS_MAX + 1];
		char text[512];

		if (strcmp(e->page, "docs/operations.md") != 0 ||
		    strstr(e->command, "NAME") != NULL || strstr(e->command, " ID") != NULL ||
		    strstr(e->command, " RUN") != NULL)
			continue;
		(void)snprintf(text, sizeof text, "%s", e->command);
		(void)pages_split(text, words);
		if (mms_test_program(&run, env, words) > 1)
			fail_msg("%s:%d: mmsync %s: status %d\n%s%s", e->page, e->line,
				 e->command, run.status, run.out, run.err);
		n_run++;
	}
	if (n_run < 15)
		fail_msg("only %u commands were found", n_run);
	pages_release(&pages);
}

static void
lines_that_differ_are_told(void **state)
{
	static const struct {
		const char *label, *shown, *output;
		bool is_same;
	} rows[] = {
		{ "the same", "a\nb\n", "a\nb\n", true },
		{ "blanks do not count", "a  b\n", "a b  \n", true },
		{ "another word", "a\nb\n", "a\nc\n", false },
		{ "one line too few", "a\nb\n", "a\n", false },
		{ "one line too many", "a\n", "a\nb\n", false },
		{ "dots for some", "a\n...\nd\n", "a\nb\nc\nd\n", true },
		{ "dots for none", "a\n...\nb\n", "a\nb\n", true },
		{ "dots at the end", "a\n...\n", "a\nb\nc\n", true },
		{ "dots do not lead back", "...\nb\na\n", "a\nb\nc\n", false },
		{ "a table's milliseconds", "MM-CI-a ical full success 1 2 3 4 5 60\n",
		  "MM-CI-a  ical  full  success  1  2  3  4  5  7\n", true },
		{ "a table's counts", "MM-CI-a ical full success 1 2 3 4 5 60\n",
		  "MM-CI-a  ical  full  success  1  2  3  4  6  60\n", false },
		{ "an installation", "i 01a1f914-6a65-7c8e-bafb-7c90b3866813, x\n",
		  "i 11a1f914-6a65-7c8e-bafb-7c90b3866814, x\n", true },
		{ "a row's number", "e MM-CES-MM-CI-a-0002-0019 t\n",
		  "e MM-CES-MM-CI-a-0002-0020 t\n", true },
		{ "another row", "e MM-CES-MM-CI-a-0002-0019 t\n",
		  "e MM-CES-MM-CI-a-0003-0019 t\n", false },
	};
	char why[4600];

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		if (pages_match(rows[i].shown, rows[i].output, why, sizeof why) !=
		    rows[i].is_same)
			fail_msg("row '%s'", rows[i].label);
	}
}

/* The last word is what is being typed. */
static const struct {
	const char *words, *want; /* replies, one after the other */
} completions[] = {
	{ "mmsync ''", "sync push migrate reset event booking connect failures cleanup validate "
		       "audit repair availability "
		       "check-slot "
		       "blocking-events feed status health metrics doctor demo schema help " },
	{ "mmsync s", "sync status schema " },
	{ "mmsync x", "" },
	{ "mmsync schema ''", "show check apply adopt " },
	{ "mmsync schema a", "apply adopt " },
	{ "mmsync schema apply ''", "" },
	{ "mmsync schema apply --d", "--dry-run " },
	{ "mmsync feed p", "preview " },
	{ "mmsync feed preview --z", "--zone " },
	{ "mmsync feed preview docs/mmsync.", "docs/mmsync.1 " },
	{ "mmsync --json sync --in", "--integration " },
	{ "mmsync --s", "--site " },
	{ "mmsync --color ''", "auto always never " },
	{ "mmsync --color n", "never " },
	{ "mmsync --color = n", "never " },
	{ "mmsync --color =", "auto always never " },
	{ "mmsync --color = never s", "sync status schema " },
	{ "mmsync --site fixtures/he", "fixtures/help " },
	{ "mmsync --site = fixtures/he", "fixtures/help " },
	{ "mmsync --site sync au", "audit " },
	{ "mmsync audit --fail-on ''", "error warning " },
	{ "mmsync audit --format nd", "ndjson " },
	{ "mmsync audit --doctype 'MM M'", "MM Meeting Booking " },
	{ "mmsync audit --doctype \\'MM",
	  "MM Calendar Integration MM Calendar Event Sync MM Meeting Booking " },
	{ "mmsync a", "audit availability " },
	{ "mmsync check-slot --ex", "--exclude-booking " },
	{ "mmsync sync --integration ''", "" },
	{ "mmsync doctor --o", "--offline " },
	{ "mmsync doctor ''", "" },
	{ "mmsync feed preview --zone Europe/Berl", "Europe/Berlin " },
	{ "mmsync feed preview --zone UT", "UTC " },
	{ "mmsync --log-format ''", "text json " },
	{ "mmsync sync --jobs ''", "" },
	{ "mmsync sync --integration A --du", "--due " },
	{ "mmsync validate docs/archi", "docs/architecture.md " },
	{ "mmsync help sche", "schema " },
	{ "mmsync help schema sh", "show " },
	{ "mmsync failures ret", "retry " },
	{ "mmsync failures rel", "release " },
	{ "mmsync failures retry --int", "--integration " },
	{ "mmsync event ''", "sync " },
};

static void
bash_completes_what_can_be_typed(void **state)
{
	int status;

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(completions); i++) {
		char *text = shell(&status,
				   "bash -c \". docs/completion/mmsync.bash; COMP_WORDS=(%s);"
				   " COMP_CWORD=\\$((\\${#COMP_WORDS[@]} - 1)); _mmsync;"
				   " [ \\${#COMPREPLY[@]} = 0 ] || printf '%%s ' "
				   "\\\"\\${COMPREPLY[@]}\\\"\" 2>&1",
				   completions[i].words);
		if (strcmp(text, completions[i].want) != 0)
			fail_msg("'%s': '%s', not '%s'", completions[i].words, text,
				 completions[i].want);
		free(text);
	}
}

/* make install of this test's own build, into a folder. */
static void
install(void)
{
	char variant[PATH_MAX];
	int status;

	(void)snprintf(variant, sizeof variant, "%s", basename(build));
	char *clang = strstr(variant, "-clang");
	if (clang != NULL)
		*clang = '\0';
	char *text = shell(&status,
			   "env -u MAKEFLAGS make -s install BUILD=%s CC=%s DESTDIR=%s/root"
			   " PREFIX=/opt/mm 2>&1",
			   variant, clang != NULL ? "clang" : "gcc", dir);
	if (status != 0)
		fail_msg("make install: %s", text);
	free(text);
}

static void
what_is_installed_works(void **state)
{
	static const char files[] = "bin/mmsync 755\nlib/systemd/system/mmsync@.service 644\n"
				    "lib/systemd/system/mmsync@.timer 644\n"
				    "share/bash-completion/completions/mmsync 644\n"
				    "share/man/man1/mmsync.1 644\n";
	static const char version[] = "mmsync " MMS_VERSION "\n";
	int status;

	(void)state;
	install();
	char *text = shell(
		&status,
		"cd %s/root/opt/mm && find . -type f -printf '%%P %%m\\n' | LC_ALL=C sort",
		dir);
	assert_string_equal(text, files);
	free(text);
	text = shell(&status, "cd / && %s/root/opt/mm/bin/mmsync --version", dir);
	assert_string_equal(text, version);
	free(text);
	text = shell(&status,
		     "grep '^ExecStart=\\|@PREFIX' %s/root/opt/mm/lib/systemd/system/*", dir);
	assert_non_null(strstr(text, "ExecStart=/opt/mm/bin/mmsync --quiet sync --due"));
	assert_null(strstr(text, "@PREFIX"));
	free(text);
}

/* The fake of the tests is not installed: its part is left out, and it is said. */
static void
an_installed_demonstration_leaves_google_and_outlook_out(void **state)
{
	int status, stopped;

	(void)state;
	char *text = shell(&status,
			   "mkdir -p %s/d && TMPDIR=%s/d %s/root/opt/mm/bin/mmsync demo 2>&1",
			   dir, dir, dir);
	free(shell(&stopped, "TMPDIR=%s/d %s/root/opt/mm/bin/mmsync demo --stop 2>&1", dir,
		   dir));
	if (status != 0 || strstr(text, "three people") == NULL ||
	    strstr(text, "the fake of both is not\n   beside this program") == NULL ||
	    strstr(text, "mmsync push") != NULL || strstr(text, "9. Somebody") == NULL)
		fail_msg("status %d: %s", status, text);
	assert_int_equal(stopped, 0);
	free(text);
}

static void
the_units_are_good(void **state)
{
	int status;

	(void)state;
	if (!is_installed("systemd-analyze"))
		skip();
	install();
	char *text = shell(
		&status,
		"cd %s && cp root/opt/mm/lib/systemd/system/* . &&"
		" sed -i 's|^ExecStart=[^ ]*|ExecStart=/bin/true|' mmsync@.service &&"
		" systemd-analyze verify --man=no ./mmsync@x.service ./mmsync@x.timer 2>&1",
		dir);
	if (status != 0 || strstr(text, "mmsync@") != NULL)
		fail_msg("%s", text);
	free(text);
}

static void
the_installed_manual_can_be_read(void **state)
{
	int status;

	(void)state;
	if (!is_installed("mandoc"))
		skip();
	install();
	char *text = shell(
		&status, "mandoc -Tutf8 %s/root/opt/mm/share/man/man1/mmsync.1 | col -b", dir);
	assert_int_equal(status, 0);
	assert_non_null(strstr(text, "MMSYNC(1)"));
	assert_non_null(strstr(text, "--confirm-deletes"));
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(made_tables_are_those_of_the_program),
		cmocka_unit_test(help_is_what_its_golden_files_say),
		cmocka_unit_test(the_manual_is_clean_mdoc),
		cmocka_unit_test(examples_can_be_typed),
		cmocka_unit_test(lines_that_differ_are_told),
		cmocka_unit_test(examples_give_what_they_show),
		cmocka_unit_test(the_operators_commands_work_on_a_site),
		cmocka_unit_test(bash_completes_what_can_be_typed),
		cmocka_unit_test(what_is_installed_works),
		cmocka_unit_test(an_installed_demonstration_leaves_google_and_outlook_out),
		cmocka_unit_test(the_units_are_good),
		cmocka_unit_test(the_installed_manual_can_be_read),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
