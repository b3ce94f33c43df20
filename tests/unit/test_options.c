/* The command line: what is read, what is refused and which word is suggested, and what help says. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/app.h"
#include "mmsync/mem.h"

enum { WORDS_MAX = 16 };

/* One command line, split at blanks; '~' stands for a blank within a word, "''" for an empty one. */
struct line {
	char text[512];
	char *argv[WORDS_MAX + 2];
	int argc;
	struct mms_app app;
	struct mms_err err;
	mms_rc rc;
};

static void
parse(struct line *line, const char *text)
{
	char *save = NULL;

	*line = (struct line){ .argc = 1 };
	line->argv[0] = line->text + sizeof line->text - 1;
	assert_true(strlen(text) < sizeof line->text);
	(void)snprintf(line->text, sizeof line->text, "%s", text);
	for (char *word = strtok_r(line->text, " ", &save); word != NULL;
	     word = strtok_r(NULL, " ", &save)) {
		for (char *p = word; (p = strchr(p, '~')) != NULL;)
			*p = ' ';
		if (strcmp(word, "''") == 0)
			word[0] = '\0';
		assert_true(line->argc <= WORDS_MAX);
		line->argv[line->argc++] = word;
	}
	line->rc = mms_app_parse(&line->app, line->argc, line->argv, &line->err);
}

static void
line_release(struct line *line)
{
	mms_app_close(&line->app);
	mms_err_release(&line->err);
}

static void
forget(struct line *line)
{
	line_release(line);
	*line = (struct line){ 0 };
}

/* "sync due integration=A integration=B word=x json quiet": what was understood. */
static void
print_understood(const struct mms_app *app, char *out, size_t size)
{
	size_t n = (size_t)snprintf(out, size, "%s",
				    app->verb != NULL     ? app->verb->name
				    : app->family != NULL ? app->family
							  : "-");

	for (size_t i = 0; i < app->args.n && n < size; i++) {
		const struct mms_arg *arg = &app->args.items[i];
		if (arg->opt->type == MMS_OPT_FLAG)
			n += (size_t)snprintf(out + n, size - n, " %s", arg->opt->name);
		else if (arg->opt->type == MMS_OPT_COUNT || arg->opt->type == MMS_OPT_TIME)
			n += (size_t)snprintf(out + n, size - n, " %s=%lld", arg->opt->name,
					      (long long)arg->number);
		else
			n += (size_t)snprintf(out + n, size - n, " %s=%s", arg->opt->name,
					      arg->text);
	}
	for (size_t i = 0; i < app->args.n_words && n < size; i++)
		n += (size_t)snprintf(out + n, size - n, " [%s]", app->args.words[i]);
}

static void
command_lines_are_read(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", "-" },
		{ "sync", "sync" },
		{ "sync --due", "sync due" },
		{ "--due sync", "sync due" },
		{ "-q sync -v", "sync quiet verbose" },
		{ "sync --integration A --integration=B", "sync integration=A integration=B" },
		{ "sync --integration=A=B", "sync integration=A=B" },
		{ "sync --user ann@example.com --jobs 4", "sync user=ann@example.com jobs=4" },
		{ "sync --jobs=256 --timeout 1000000000", "sync jobs=256 timeout=1000000000" },
		{ "sync --calendar-id A --account-id b@example.com",
		  "sync calendar-id=A account-id=b@example.com" },
		/* the value of a global option is no command */
		{ "--site sync audit", "audit site=sync" },
		{ "--site=audit sync", "sync site=audit" },
		{ "--color never sync", "sync color=never" },
		/* a value may look like an option */
		{ "sync --integration --json", "sync integration=--json" },
		/* words */
		{ "validate --doctype MM~Meeting~Booking -",
		  "validate doctype=MM Meeting Booking [-]" },
		{ "validate -- --doctype", "validate [--doctype]" },
		{ "validate -- -", "validate [-]" },
		{ "validate file.jsonl --accumulate", "validate accumulate [file.jsonl]" },
		/* two words */
		{ "schema check", "schema check" },
		{ "schema --help", "schema help" },
		{ "--help schema", "schema help" },
		{ "-h schema apply", "schema apply help" },
		{ "schema apply --dry-run --with-frappe", "schema apply dry-run with-frappe" },
		{ "help schema apply", "help [schema] [apply]" },
		{ "feed preview - --from 2026-03-01T00:00:00Z --zone Asia/Tokyo",
		  "feed preview from=1772323200000 zone=Asia/Tokyo [-]" },
		{ "feed preview --to 2026-03-01T01:00:00+01:00 a.ics",
		  "feed preview to=1772323200000 [a.ics]" },
		{ "help", "help" },
		{ "--version", "- version" },
		{ "--help", "- help" },
		/* what is missing or too much does not matter to somebody who asks for help */
		{ "audit one two three --help", "audit help [one] [two] [three]" },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		__attribute__((cleanup(line_release))) struct line line = { 0 };
		char got[512];

		parse(&line, rows[i].text);
		if (line.rc != MMS_OK)
			fail_msg("row '%s': %s", rows[i].text, mms_err_text(&line.err));
		print_understood(&line.app, got, sizeof got);
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("row '%s': '%s', not '%s'", rows[i].text, got, rows[i].want);
	}
}

static const struct {
	const char *text, *message, *hint;
} mistakes[] = {
	{ "snyc", "unknown command 'snyc'", "did you mean 'mmsync sync'?" },
	{ "adit", "unknown command 'adit'", "did you mean 'mmsync audit'?" },
	{ "AUDIT", "unknown command 'AUDIT'", "did you mean 'mmsync audit'?" },
	{ "frobnicate", "unknown command 'frobnicate'", "mmsync help lists" },
	{ "snyc now", "unknown command 'snyc'", "did you mean 'mmsync sync'?" },
	{ "''", "unknown command ''", "mmsync help lists" },
	{ "-- sync", NULL, NULL },
	{ "schema", "schema needs a second word", "one of: show, check, apply, adopt" },
	{ "schema --json", "schema needs a second word", "one of: show" },
	{ "schema frob", "unknown command 'schema frob'", "one of: show, check" },
	{ "schema chek", "unknown command 'schema chek'", "'mmsync schema check'?" },
	{ "schem apply", "unknown command 'schem'", "'mmsync schema apply'?" },
	{ "preview", "unknown command 'preview'", "'mmsync feed preview'?" },
	{ "feed", "feed needs a second word", "one of: preview" },
	{ "feed preview --from yesterday", "--from", "" },
	{ "feed preview --from 2026-13-01", "--from", "" },
	{ "apply", "unknown command 'apply'", "'mmsync schema apply'?" },
	{ "sync --integraton A", "unknown option --integraton", "did you mean --integration?" },
	{ "sync --dry", "unknown option --dry", "did you mean --dry-run?" },
	{ "sync --JSON", "unknown option --JSON", "did you mean --json?" },
	{ "sync --frobnicate=x", "unknown option --frobnicate",
	  "mmsync help sync lists the options" },
	{ "--frobnicate", "unknown option --frobnicate", "mmsync help lists the options" },
	{ "sync -x", "unknown option -x", "-v, -q, -h" },
	{ "sync -vq", "unknown option -vq", "-v, -q, -h" },
	{ "audit --due", "unknown option --due", "mmsync help audit" },
	{ "sync --due=yes", "--due takes no value", "" },
	{ "sync --integration", "--integration needs a value", "--integration NAME" },
	{ "sync --integration ''", "--integration needs a value", "--integration NAME" },
	{ "sync --integration=", "--integration needs a value", "--integration NAME" },
	{ "sync --jobs 0", "--jobs '0' is not a whole number from 1", "--jobs 10" },
	{ "sync --jobs -1", "--jobs '-1' is not a whole number", "" },
	{ "sync --jobs 1x", "--jobs '1x' is not a whole number", "" },
	{ "sync --jobs 1000000001", "--jobs '1000000001' is not a whole number", "" },
	{ "sync --jobs 99999999999999999999", "is not a whole number", "" },
	{ "sync extra", "sync: 'extra' is one argument too many", "mmsync help sync" },
	{ "validate a b", "validate: 'b' is one argument too many", "" },
	{ "help schema apply now", "help: 'now' is one argument too many", "" },
	{ "sync --color blue", "--color 'blue' is not known", "auto, always, never" },
	{ "sync --log-format xml", "--log-format 'xml' is not known", "text, json" },
	{ "sync --color=blue --log-format=json", "--color 'blue' is not known", "" },
};

static void
mistakes_are_told_with_the_nearest_word(void **state)
{
	(void)state;
	for (size_t i = 0; i < MMS_COUNT(mistakes); i++) {
		__attribute__((cleanup(line_release))) struct line line = { 0 };

		parse(&line, mistakes[i].text);
		if (mistakes[i].message == NULL) { /* nothing is given behind -- */
			assert_int_equal(line.rc, MMS_OK);
			assert_null(line.app.verb);
			continue;
		}
		if (line.rc != MMS_E_USAGE)
			fail_msg("row '%s': %s", mistakes[i].text, mms_rc_name(line.rc));
		if (strstr(mms_err_text(&line.err), mistakes[i].message) == NULL ||
		    strstr(mms_err_hint(&line.err), mistakes[i].hint) == NULL)
			fail_msg("row '%s': %s (%s)", mistakes[i].text, mms_err_text(&line.err),
				 mms_err_hint(&line.err));
	}
}

static void
the_global_options_count_wherever_they_stand(void **state)
{
	static const struct {
		const char *text;
		bool json, quiet, verbose, color, log_json;
		enum mms_log_level level;
	} rows[] = {
		{ "sync", false, false, false, false, false, MMS_LOG_WARN },
		{ "--json sync", true, false, false, false, false, MMS_LOG_WARN },
		{ "sync --json", true, false, false, false, false, MMS_LOG_WARN },
		{ "sync -q", false, true, false, false, false, MMS_LOG_ERROR },
		{ "-v sync", false, false, true, false, false, MMS_LOG_DEBUG },
		{ "sync --color always", false, false, false, true, false, MMS_LOG_WARN },
		{ "--color=never sync --color=always", false, false, false, true, false,
		  MMS_LOG_WARN },
		{ "sync --log-format json", false, false, false, false, true, MMS_LOG_WARN },
		/* also what is wrong is told in JSON */
		{ "snyc --json", true, false, false, false, false, MMS_LOG_ERROR },
		{ "--json sync --frob", true, false, false, false, false, MMS_LOG_ERROR },
		{ "sync --jobs x --json", true, false, false, false, false, MMS_LOG_ERROR },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		__attribute__((cleanup(line_release))) struct line line = { 0 };

		parse(&line, rows[i].text);
		const struct mms_app *app = &line.app;
		if (app->is_json != rows[i].json || app->is_quiet != rows[i].quiet ||
		    app->is_verbose != rows[i].verbose || app->has_color != rows[i].color ||
		    app->has_err_color != rows[i].color ||
		    app->log.is_json != rows[i].log_json || app->log.level != rows[i].level)
			fail_msg("row '%s'", rows[i].text);
	}
}

static void
the_last_of_an_option_counts_and_repeated_ones_are_kept(void **state)
{
	__attribute__((cleanup(line_release))) struct line line = { 0 };

	(void)state;
	parse(&line, "--site a sync --site b --integration x --integration y --jobs 3");
	assert_int_equal(line.rc, MMS_OK);
	assert_string_equal(mms_app_text(&line.app, "site"), "b");
	assert_string_equal(mms_app_text_at(&line.app, "integration", 0), "x");
	assert_string_equal(mms_app_text_at(&line.app, "integration", 1), "y");
	assert_null(mms_app_text_at(&line.app, "integration", 2));
	assert_int_equal(mms_app_number(&line.app, "jobs", 9), 3);
	assert_int_equal(mms_app_number(&line.app, "timeout", 9), 9);
	assert_null(mms_app_text(&line.app, "user"));
	assert_false(mms_app_flag(&line.app, "due"));
	assert_null(mms_app_word(&line.app, 0));
	forget(&line);
	parse(&line, "validate --doctype X a.jsonl");
	assert_string_equal(mms_app_word(&line.app, 0), "a.jsonl");
	assert_null(mms_app_word(&line.app, 1));
}

/* Help of one name into memory. */
static char *
help_of(const char *name, bool is_json, bool *is_known)
{
	struct mms_app app = { .is_json = is_json };
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	*is_known = mms_app_print_help(&app, out, name);
	fclose(out);
	return text;
}

static void
help_fits_a_terminal_and_tells_every_option(void **state)
{
	size_t n;
	const struct mms_verb *verbs = mms_verbs(&n);

	(void)state;
	for (size_t i = 0; i <= n; i++) {
		const char *name = i < n ? verbs[i].name : NULL;
		const struct mms_opt *opts = i < n ? verbs[i].opts : mms_global_opts();
		bool is_known;
		char *text = help_of(name, false, &is_known), *save = NULL;

		assert_true(is_known);
		for (const struct mms_opt *o = opts; o != NULL && o->name != NULL; o++) {
			char want[64];
			(void)snprintf(want, sizeof want, "\n  --%s%s%s", o->name,
				       o->arg != NULL ? " " : "", o->arg != NULL ? o->arg : "");
			if (strstr(text, want) == NULL)
				fail_msg("help %s says nothing of --%s", name, o->name);
		}
		for (char *l = strtok_r(text, "\n", &save); l != NULL;
		     l = strtok_r(NULL, "\n", &save)) {
			if (strlen(l) > 80)
				fail_msg("help %s is wider than 80: %s", name, l);
			if (l[strlen(l) - 1] == ' ')
				fail_msg("help %s ends a line with a blank: %s", name, l);
		}
		free(text);
	}
}

static void
help_knows_commands_and_families(void **state)
{
	static const struct {
		const char *name, *want; /* NULL: not known */
	} rows[] = {
		{ "sync", "usage: mmsync [global options] sync [options]\n" },
		{ "schema", "usage: mmsync [global options] schema COMMAND [options]\n" },
		{ "schema check", "usage: mmsync [global options] schema check\n" },
		{ "feed", "usage: mmsync [global options] feed preview [options]" },
		{ "validate", "usage: mmsync [global options] validate [options] [FILE]\n" },
		{ NULL, "usage: mmsync [global options] COMMAND [options]\n" },
		{ "sche", NULL },
		{ "schema ", NULL },
		{ "schema chec", NULL },
		{ "", NULL },
		{ "sync x", NULL },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		bool is_known;
		char *text = help_of(rows[i].name, false, &is_known);

		if (is_known != (rows[i].want != NULL) ||
		    (is_known && strncmp(text, rows[i].want, strlen(rows[i].want)) != 0))
			fail_msg("row '%s': %s", rows[i].name, text);
		free(text);
	}
}

static void
the_tables_are_whole(void **state)
{
	size_t n;
	const struct mms_verb *verbs = mms_verbs(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		const struct mms_verb *v = &verbs[i];

		assert_non_null(v->run);
		assert_true(v->min_words <= v->max_words);
		assert_int_equal(v->max_words > 0, v->args[0] != '\0');
		if (v->help[0] == '\0' || v->help[strlen(v->help) - 1] == '.' ||
		    strchr(v->help, '\n') != NULL)
			fail_msg("%s: its help is no phrase", v->name);
		for (const struct mms_opt *o = v->opts; o != NULL && o->name != NULL; o++) {
			if ((o->arg == NULL) != (o->type == MMS_OPT_FLAG))
				fail_msg("%s --%s: argument and type disagree", v->name,
					 o->name);
			for (const struct mms_opt *g = mms_global_opts(); g->name != NULL; g++)
				if (strcmp(g->name, o->name) == 0)
					fail_msg("%s --%s hides a global option", v->name,
						 o->name);
		}
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(v->name, verbs[k].name);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(command_lines_are_read),
		cmocka_unit_test(mistakes_are_told_with_the_nearest_word),
		cmocka_unit_test(the_global_options_count_wherever_they_stand),
		cmocka_unit_test(the_last_of_an_option_counts_and_repeated_ones_are_kept),
		cmocka_unit_test(help_fits_a_terminal_and_tells_every_option),
		cmocka_unit_test(help_knows_commands_and_families),
		cmocka_unit_test(the_tables_are_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
