/*
 * mmsync feed preview as its users meet it: what it prints and how it ends, against golden
 * files of fixtures/cli (MMS_GOLDEN=update writes them).
 */
#include "support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mmsync/attr.h"
#include "mmsync/str.h"

#define ARGS_MAX 12
#define FROM     "--from", "2026-03-01T00:00:00Z"

static const struct command {
	const char *name;  /* of the golden file                     */
	const char *input; /* a file for standard input; NULL: none  */
	const char *args[ARGS_MAX];
} commands[] = {
	{ "preview-table",
	  NULL,
	  { "feed", "preview", "fixtures/feeds/producer-google.ics", FROM, "--zone",
	    "Europe/Berlin" } },
	{ "preview-json",
	  NULL,
	  { "--json", "feed", "preview", "fixtures/feeds/producer-google.ics", FROM } },
	{ "preview-json-zone",
	  NULL,
	  { "--json", "feed", "preview", "fixtures/feeds/time-forms.ics", FROM, "--to",
	    "2026-04-01T00:00:00Z", "--zone", "America/New_York" } },
	{ "preview-pipe",
	  "fixtures/feeds/cancelled.ics",
	  { "--json", "feed", "preview", "-", FROM } },
	{ "preview-default-window",
	  NULL,
	  { "feed", "preview", "fixtures/feeds/rule-count.ics" } },
	{ "preview-unreadable-events",
	  NULL,
	  { "feed", "preview", "fixtures/feeds/time-unreadable.ics", FROM } },
	{ "preview-warnings",
	  NULL,
	  { "--json", "feed", "preview", "fixtures/feeds/zone-unknown.ics", FROM, "--to",
	    "2026-08-01T00:00:00Z" } },
	{ "preview-hostile",
	  NULL,
	  { "feed", "preview", "fixtures/feeds/text-hostile.ics", FROM } },
	{ "preview-nothing",
	  NULL,
	  { "feed", "preview", "fixtures/feeds/no-events.ics", FROM } },
	{ "preview-truncated",
	  NULL,
	  { "feed", "preview", "fixtures/feeds/truncated.ics", FROM } },
	{ "preview-html",
	  NULL,
	  { "--json", "feed", "preview", "fixtures/feeds/not-html.ics", FROM } },
	{ "preview-no-file", NULL, { "feed", "preview", "fixtures/feeds/none.ics" } },
	{ "preview-folder", NULL, { "feed", "preview", "fixtures/feeds" } },
	{ "preview-no-source", NULL, { "feed", "preview" } },
	{ "preview-no-zone", NULL, { "feed", "preview", "-", "--zone", "Europe/Atlantis" } },
	{ "preview-no-window",
	  NULL,
	  { "feed", "preview", "-", FROM, "--to", "2026-02-01T00:00:00Z" } },
	{ "preview-help", NULL, { "help", "feed", "preview" } },
};

/* The program beside this one: build/VARIANT/mmsync. */
static void
find_program(char *out, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", out, size - 1);

	assert_true(n > 0);
	out[n] = '\0';
	for (int i = 0; i < 3; i++)
		*strrchr(out, '/') = '\0';
	assert_true(strlen(out) + sizeof "/mmsync" < size);
	memcpy(out + strlen(out), "/mmsync", sizeof "/mmsync");
}

/* A pipe that holds a whole file, so that the program cannot seek in it. */
static int
pipe_from(const char *path)
{
	char bytes[60000];
	int ends[2], fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0 && pipe(ends) == 0);
	ssize_t n = read(fd, bytes, sizeof bytes);
	assert_true(n >= 0 && write(ends[1], bytes, (size_t)n) == n);
	close(fd);
	close(ends[1]);
	return ends[0];
}

static int
run(const struct command *c, int out, int errors)
{
	char program[4096];
	char *args[ARGS_MAX + 2] = { program };
	int status = 0;

	find_program(program, sizeof program);
	for (size_t i = 0; i < ARGS_MAX && c->args[i] != NULL; i++)
		args[i + 1] = strdup(c->args[i]);
	int in = c->input != NULL ? pipe_from(c->input) : open("/dev/null", O_RDONLY);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(in, STDIN_FILENO);
		dup2(out, STDOUT_FILENO);
		dup2(errors, STDERR_FILENO);
		setenv("MMSYNC_NOW", "2026-03-05T12:00:00Z", 1);
		execv(program, args);
		_exit(127);
	}
	close(in);
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	for (size_t i = 1; args[i] != NULL; i++)
		free(args[i]);
	return WEXITSTATUS(status);
}

static void
add_file(struct mms_str *out, int fd)
{
	char buf[8192];
	ssize_t n;

	assert_true(lseek(fd, 0, SEEK_SET) == 0);
	while ((n = read(fd, buf, sizeof buf)) > 0)
		mms_str_addn(out, buf, (size_t)n);
	close(fd);
}

static bool
check(const struct command *c)
{
	MMS_AUTO(mms_str) got = { 0 };
	MMS_AUTO(mms_str) want = { 0 };
	const char *mode = getenv("MMS_GOLDEN");
	char path[256];

	int out = memfd_create("out", 0), errors = memfd_create("errors", 0);
	int status = run(c, out, errors);
	mms_str_addf(&got, "status %d\n--- stdout\n", status);
	add_file(&got, out);
	mms_str_add(&got, "--- stderr\n");
	add_file(&got, errors);
	(void)snprintf(path, sizeof path, "fixtures/cli/%s.txt", c->name);
	int golden = open(path, O_RDONLY | O_CLOEXEC);
	if (golden >= 0)
		add_file(&want, golden);
	if (strcmp(mms_str_get(&got), mms_str_get(&want)) == 0)
		return true;
	if (mode != NULL && strcmp(mode, "update") == 0) {
		FILE *file = fopen(path, "we");
		assert_non_null(file);
		fputs(mms_str_get(&got), file);
		return fclose(file) == 0;
	}
	printf("# %s gives\n%s\n# and not\n%s\n", c->name, mms_str_get(&got),
	       mms_str_get(&want));
	return false;
}

static void
each_call_prints_what_its_golden_file_says(void **state)
{
	size_t n_bad = 0;

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(commands); i++)
		n_bad += !check(&commands[i]);
	assert_int_equal(n_bad, 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_call_prints_what_its_golden_file_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
