/* What a story expects: rows, answers of SQL, members of the JSON, requests, texts. */
#include "support/scenario.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

/* rows N [STATUS]: how many rows there are. */
static bool
expect_rows(struct scenario *s, const char *rest)
{
	char *end;
	long want = strtol(rest, &end, 10);
	const char *status = end + strspn(end, " ");
	int64_t n =
		status[0] != '\0'
			? mms_test_ask_i64(&s->world->server,
					   "SELECT COUNT(*) FROM `tabMM Calendar Event Sync`"
					   " WHERE sync_status = '%s'",
					   status)
			: mms_test_ask_i64(&s->world->server,
					   "SELECT COUNT(*) FROM `tabMM Calendar Event Sync`");

	return n == want ||
	       scenario_fail(s, "%" PRId64 " rows %s, expected %ld", n, status, want);
}

/* ask VALUE SQL: the first column of the first row, as text. VALUE may be quoted; NULL is NULL. */
static bool
expect_ask(struct scenario *s, const char *rest)
{
	char want[1024];
	bool is_quoted = rest[0] == '"';
	size_t len = strcspn(rest + is_quoted, is_quoted ? "\"" : " ");

	(void)snprintf(want, sizeof want, "%.*s", (int)len, rest + is_quoted);
	const char *sql = rest + len + 2 * (size_t)is_quoted;
	char *got = mms_test_ask_text(&s->world->server, "%s", sql);
	bool is_same = strcmp(got != NULL ? got : "NULL", want) == 0;
	if (!is_same)
		scenario_fail(s, "got '%s', expected '%s' of %s", got != NULL ? got : "NULL",
			      want, sql);
	free(got);
	return is_same;
}

/* row "TITLE" column=value...: exactly one row of this title, with these values. */
static bool
expect_row(struct scenario *s, const char *rest)
{
	MMS_AUTO(mms_str) where = { 0 };
	const char *p = rest;
	char title[256];
	bool is_quoted = *p == '"';
	size_t len = strcspn(p + is_quoted, is_quoted ? "\"" : " ");

	(void)snprintf(title, sizeof title, "%.*s", (int)len, p + is_quoted);
	p += len + 2 * (size_t)is_quoted;
	while (*(p += strspn(p, " ")) != '\0') {
		size_t key = strcspn(p, "=");
		const char *value = p + key + 1;
		bool has_quotes = *value == '"';
		size_t n = strcspn(value + has_quotes, has_quotes ? "\"" : " ");
		mms_str_addf(&where, " AND COALESCE(%.*s, 'NULL') = '%.*s'", (int)key, p,
			     (int)n, value + has_quotes);
		p = value + n + 2 * (size_t)has_quotes;
	}
	int64_t n = mms_test_ask_i64(&s->world->server,
				     "SELECT COUNT(*) FROM `tabMM Calendar Event Sync`"
				     " WHERE event_title = '%s'%s",
				     title, mms_str_get(&where));
	if (n == 1)
		return true;
	char *is = mms_test_ask_text(
		&s->world->server,
		"SELECT GROUP_CONCAT(CONCAT_WS(' ', event_title, start_datetime, end_datetime,"
		" sync_status, event_type, is_blocking_availability, COALESCE(sync_error_log, "
		"''))"
		" SEPARATOR '\n') FROM `tabMM Calendar Event Sync`");
	scenario_fail(s, "%" PRId64 " rows '%s'%s; there are:\n%s", n, title,
		      mms_str_get(&where), is != NULL ? is : "none");
	free(is);
	return false;
}

/* json PATH VALUE: a member of the last output, "totals.events.created" or "integrations.0.status". */
static bool
expect_json(struct scenario *s, const char *rest)
{
	char path[256], got[512] = "absent";
	size_t len = strcspn(rest, " ");
	const char *want = rest + len + strspn(rest + len, " ");
	json_error_t error;

	if (s->is_healing)
		return true; /* part of it was done by the run that failed */
	(void)snprintf(path, sizeof path, "%.*s", (int)len, rest);
	json_t *root = json_loads(mms_str_get(&s->out), 0, &error), *at = root;
	if (root == NULL)
		return scenario_fail(s, "not JSON (%s): %s", error.text, mms_str_get(&s->out));
	char *save = NULL;
	for (char *part = strtok_r(path, ".", &save); part != NULL && at != NULL;
	     part = strtok_r(NULL, ".", &save))
		at = json_is_array(at) ? json_array_get(at, (size_t)atoi(part))
				       : json_object_get(at, part);
	if (json_is_string(at))
		(void)snprintf(got, sizeof got, "%s", json_string_value(at));
	else if (json_is_integer(at))
		(void)snprintf(got, sizeof got, "%" JSON_INTEGER_FORMAT,
			       json_integer_value(at));
	else if (at != NULL)
		(void)snprintf(got, sizeof got, "%s",
			       json_is_true(at)    ? "true"
			       : json_is_false(at) ? "false"
			       : json_is_null(at)  ? "null"
						   : "something");
	json_decref(root);
	return strcmp(got, want) == 0 ||
	       scenario_fail(s, "%.*s is %s, expected %s\n%s", (int)len, rest, got, want,
			     mms_str_get(&s->out));
}

/* requests NAME N: what the server saw for a feed since the last sync began. */
static bool
expect_requests(struct scenario *s, const char *rest)
{
	char path[160];
	size_t len = strcspn(rest, " ");
	long want = strtol(rest + len, NULL, 10);

	if (s->is_healing)
		return true;
	(void)snprintf(path, sizeof path, "/%.*s", (int)len, rest);
	long n = (long)fake_count(&s->world->feeds, path);
	return n == want ||
	       scenario_fail(s, "%ld requests for %s, expected %ld", n, path, want);
}

long
scenario_count(const struct scenario *s, const char *kind)
{
	char path[192], line[64];
	long n = -1;

	(void)snprintf(path, sizeof path, "%s/../counts", s->world->site_dir);
	FILE *file = fopen(path, "re");
	while (file != NULL && fgets(line, sizeof line, file) != NULL) {
		size_t len = strlen(kind);
		if (strncmp(line, kind, len) == 0 && line[len] == ' ')
			n = strtol(line + len, NULL, 10);
	}
	if (file != NULL)
		(void)fclose(file);
	return n;
}

long
scenario_count_library(const struct scenario *s)
{
	char path[192];
	long n = -1;

	(void)snprintf(path, sizeof path, "%s/../library-counts", s->world->site_dir);
	FILE *file = fopen(path, "re");
	if (file == NULL || fscanf(file, "%ld", &n) != 1)
		n = -1;
	if (file != NULL)
		(void)fclose(file);
	return n;
}

/* statements N [COMMITS]: what the last program sent to the database. */
static bool
expect_statements(struct scenario *s, const char *rest)
{
	char *end;
	long want = strtol(rest, &end, 10), n = scenario_count(s, "stmt-before");
	long commits = scenario_count(s, "commit-before");
	bool is_said = *end != '\0';

	return s->is_healing || (n == want && (!is_said || commits == strtol(end, NULL, 10))) ||
	       scenario_fail(s, "%ld statements and %ld commits, expected %s", n, commits,
			     rest);
}

/* says TEXT: the last output, or what went to stderr, holds it. */
static bool
expect_says(struct scenario *s, const char *rest)
{
	if (s->is_healing || strstr(mms_str_get(&s->out), rest) != NULL ||
	    strstr(mms_str_get(&s->err), rest) != NULL)
		return true;
	return scenario_fail(s, "nobody says '%s':\n%s\n%s", rest, mms_str_get(&s->out),
			     mms_str_get(&s->err));
}

static bool
expect_silent(struct scenario *s, const char *rest)
{
	if (strstr(mms_str_get(&s->out), rest) == NULL &&
	    strstr(mms_str_get(&s->err), rest) == NULL)
		return true;
	return scenario_fail(s, "it says '%s':\n%s\n%s", rest, mms_str_get(&s->out),
			     mms_str_get(&s->err));
}

bool
scenario_expect(struct scenario *s, const char *what, const char *rest)
{
	static const struct {
		const char *word;
		bool (*check)(struct scenario *s, const char *rest);
	} words[] = {
		{ "rows", expect_rows },         { "row", expect_row },
		{ "ask", expect_ask },           { "json", expect_json },
		{ "requests", expect_requests }, { "says", expect_says },
		{ "silent", expect_silent },     { "statements", expect_statements },
	};

	bool is_known, is_good = scenario_expect_service(s, what, rest, &is_known);
	if (is_known)
		return is_good;
	for (size_t i = 0; i < MMS_COUNT(words); i++) {
		if (strcmp(what, words[i].word) == 0)
			return words[i].check(s, rest);
	}
	return scenario_fail(s, "'%s' is no word of the language", what);
}
