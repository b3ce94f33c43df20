/*
 * availability, check-slot and blocking-events as their users meet them: the week of a story, in a
 * pipe, as JSON and on a terminal, against golden files of fixtures/cli (MMS_GOLDEN=update writes
 * them).
 */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/attr.h"
#include "mmsync/str.h"
#include "support/program.h"
#include "support/scenario.h"
#include "support/terminal.h"

#define WEEK       "--from 2026-03-27T00:00:00Z --to 2026-04-01T00:00:00Z"
#define LINE_WIDTH 80

static struct world world;
static char site_env[200];

static int
start(void **state)
{
	struct scenario s = { .world = &world,
			      .path = "fixtures/scenarios/40-a-week-to-draw.scn" };

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

/* Arguments of a command line as words; blanks separate. */
struct words {
	char text[300];
	const char *items[20];
};

static const char *const *
split(struct words *words, const char *line)
{
	size_t n = 0;
	char *save = NULL;

	(void)snprintf(words->text, sizeof words->text, "%s", line);
	for (char *w = strtok_r(words->text, " ", &save);
	     w != NULL && n + 1 < MMS_COUNT(words->items); w = strtok_r(NULL, " ", &save))
		words->items[n++] = w;
	words->items[n] = NULL;
	return words->items;
}

struct command {
	const char *name; /* of the golden file */
	const char *line;
	const char *locale;
	const char *now;
	bool on_terminal;
};

static const struct command commands[] = {
	{ "availability-pipe", "availability --user ann@example.com " WEEK, "C.UTF-8", "08:20",
	  false },
	{ "availability-json", "--json availability --user ann@example.com " WEEK, "C", "08:20",
	  false },
	{ "availability-json-zone",
	  "--json availability --user ann@example.com --zone America/St_Johns --from "
	  "2026-03-30T00:00:00Z --to 2026-03-31T00:00:00Z",
	  "C", "08:20", false },
	{ "availability-bars", "availability --user ann@example.com --color never " WEEK, "C",
	  "08:20", true },
	{ "availability-bars-utf8", "availability --user ann@example.com --color never " WEEK,
	  "en_US.UTF-8", "08:20", true },
	{ "availability-bars-color",
	  "availability --user ann@example.com --color always --from 2026-03-27T08:10:00Z --to "
	  "2026-03-27T16:00:00Z",
	  "C", "08:20", true },
	{ "availability-bars-zone",
	  "availability --user ann@example.com --color never --zone Australia/Lord_Howe --from "
	  "2026-04-04T00:00:00Z --to 2026-04-06T00:00:00Z",
	  "C", "08:20", true },
	{ "availability-bars-unknown",
	  "availability --user ann@example.com --color never " WEEK, "C.UTF-8", "18:20", true },
	{ "availability-long",
	  "availability --user ann@example.com --color never --from 2026-03-27T00:00:00Z --to "
	  "2026-06-01T00:00:00Z",
	  "C", "08:20", true },
	{ "availability-free",
	  "availability --user ann@example.com --from 2026-06-01T00:00:00Z --to "
	  "2026-06-02T00:00:00Z",
	  "C", "08:20", false },
	{ "check-slot-taken",
	  "check-slot --user ann@example.com --start 2026-03-27T12:30:00Z --end "
	  "2026-03-27T15:30:00Z",
	  "C", "10:20", false },
	{ "check-slot-free",
	  "check-slot --user ann@example.com --start 2026-03-27T11:30:00Z --end "
	  "2026-03-27T12:30:00Z",
	  "C", "08:20", false },
	{ "check-slot-json",
	  "--json check-slot --user ann@example.com --start 2026-03-27T12:30:00Z --end "
	  "2026-03-27T15:30:00Z",
	  "C", "10:20", false },
	{ "blocking-events-pipe", "blocking-events --user ann@example.com " WEEK, "C", "08:20",
	  false },
	{ "blocking-events-json", "--json blocking-events --user ann@example.com " WEEK, "C",
	  "08:20", false },
};

/* Names of rows are made by Frappe's counter: the same in every run, but not of every story. */
static void
take_names_out(struct mms_str *text)
{
	for (char *p = text->ptr; p != NULL && (p = strstr(p, "\"name\":\"")) != NULL;) {
		char *value = p + strlen("\"name\":\""), *end = strchr(value, '"');
		if (end != NULL && strncmp(value, "MB-", 3) != 0) {
			memmove(value, end, strlen(end) + 1);
			text->len -= (size_t)(end - value);
		}
		p = value;
	}
}

static void
run(const struct command *c, struct mms_str *out)
{
	char locale[64], now[64];
	struct words words;
	const char *const env[] = { site_env, locale, now, "TERM=xterm", NULL };

	(void)snprintf(locale, sizeof locale, "LC_ALL=%s", c->locale);
	/* at 18:20 it is a day later */
	(void)snprintf(now, sizeof now, "MMSYNC_NOW=2026-03-2%cT%s:00Z",
		       strcmp(c->now, "18:20") == 0 ? '8' : '7', c->now);
	if (c->on_terminal) {
		struct terminal_run terminal = { 0 };
		if (!terminal_program(&terminal, OUT_TERMINAL, env, split(&words, c->line)))
			skip();
		mms_str_addf(out, "status %d\n--- terminal\n", terminal.status);
		for (const char *p = terminal.out; *p != '\0'; p++) {
			if (*p != '\r')
				mms_str_addc(out, *p);
		}
		terminal_run_release(&terminal);
		return;
	}
	MMS_AUTO(mms_test_run) program = { 0 };
	mms_test_program(&program, env, split(&words, c->line));
	mms_str_addf(out, "status %d\n--- stdout\n%s--- stderr\n%s", program.status,
		     program.out, program.err);
	take_names_out(out);
}

static bool
check(const struct command *c)
{
	MMS_AUTO(mms_str) got = { 0 };
	MMS_AUTO(mms_str) want = { 0 };
	const char *mode = getenv("MMS_GOLDEN");
	char path[256], chunk[4096];
	size_t n;

	run(c, &got);
	(void)snprintf(path, sizeof path, "fixtures/cli/%s.txt", c->name);
	FILE *file = fopen(path, "re");
	while (file != NULL && (n = fread(chunk, 1, sizeof chunk, file)) > 0)
		mms_str_addn(&want, chunk, n);
	if (file != NULL)
		(void)fclose(file);
	if (strcmp(mms_str_get(&got), mms_str_get(&want)) == 0)
		return true;
	if (mode != NULL && strcmp(mode, "update") == 0) {
		file = fopen(path, "we");
		assert_non_null(file);
		assert_true(fputs(mms_str_get(&got), file) >= 0);
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

/* Characters of a line as a terminal shows them: without colours, a character a column. */
static size_t
columns_of(const char *line, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (line[i] == '\033') {
			while (i < len && line[i] != 'm')
				i++;
			continue;
		}
		n += ((unsigned char)line[i] & 0xC0) != 0x80;
	}
	return n;
}

static void
a_terminal_of_eighty_columns_is_wide_enough(void **state)
{
	(void)state;
	for (size_t i = 0; i < MMS_COUNT(commands); i++) {
		MMS_AUTO(mms_str) got = { 0 };
		if (!commands[i].on_terminal)
			continue;
		run(&commands[i], &got);
		for (const char *p = strstr(mms_str_get(&got), "terminal\n"); *p != '\0';) {
			size_t len = strcspn(p, "\n");
			if (columns_of(p, len) > LINE_WIDTH &&
			    strncmp(p, "mmsync: the clock", 17) != 0)
				fail_msg("%s: %.*s", commands[i].name, (int)len, p);
			p += len + (p[len] == '\n');
		}
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_call_prints_what_its_golden_file_says),
		cmocka_unit_test(a_terminal_of_eighty_columns_is_wide_enough),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
