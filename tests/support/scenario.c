/* Playing a story: the commands that change the world (see the header and docs/testing.md). */
#include "support/scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "mmsync/timetext.h"
#include "support/scenario_words.h"
#include "support/stories.h"

#define DEFAULT_NOW "2026-03-02T08:00:00Z"
bool
scenario_fail(struct scenario *s, const char *fmt, ...)
{
	va_list ap;
	int n = snprintf(s->failure, sizeof s->failure, "%s:%d: ", s->path, s->line_number);

	va_start(ap, fmt);
	(void)vsnprintf(s->failure + n, sizeof s->failure - (size_t)n, fmt, ap);
	va_end(ap);
	return false;
}

/* ---- commands ------------------------------------------------------------------------------- */

/* The value of "key=value" among words, "" or otherwise when it is not there; into out. */
static const char *
option(const char *rest, const char *key, const char *otherwise, char *out, size_t size)
{
	size_t len = strlen(key);

	for (const char *p = rest; p != NULL && *p != '\0'; p = strchr(p, ' ')) {
		while (*p == ' ')
			p++;
		if (strncmp(p, key, len) == 0 && p[len] == '=') {
			(void)snprintf(out, size, "%.*s", (int)strcspn(p + len + 1, " "),
				       p + len + 1);
			return out;
		}
	}
	(void)snprintf(out, size, "%s", otherwise);
	return out;
}

static bool
do_person(struct scenario *s, const char *rest)
{
	char email[140], zone[64];

	(void)snprintf(email, sizeof email, "%.*s", (int)strcspn(rest, " "), rest);
	option(rest, "zone", "", zone, sizeof zone);
	mms_test_sql(&s->world->server,
		     "INSERT INTO tabUser (name, email, enabled, time_zone) VALUES ('%s', "
		     "'%s', 1, %s%s%s)",
		     email, email, zone[0] != '\0' ? "'" : "", zone[0] != '\0' ? zone : "NULL",
		     zone[0] != '\0' ? "'" : "");
	return true;
}

/* type=service is the one in play. */
static const char *
type_of(const struct scenario *s, const struct words *w)
{
	const char *type = words_value(w, "type", "iCal");

	return strcmp(type, "service") == 0 && s->service != NULL ? s->service : type;
}

/* integration NAME [key=value]...: of a feed, or of a calendar of a service. */
static bool
do_integration(struct scenario *s, const char *rest)
{
	char url[512] = "", path[160];
	struct words w = { 0 };
	MMS_AUTO(mms_str) sql = { 0 };

	words_split(&w, rest);
	const char *name = words_get(&w, 0), *feed = words_value(&w, "feed", "");
	const char *user = words_value(&w, "user", "ann@example.com");
	const char *type = type_of(s, &w), *service = story_integration_type(type);
	bool is_service = service != NULL;
	bool is_two_way =
		strcmp(words_value(&w, "direction", is_service ? "two" : "one"), "two") == 0;
	(void)snprintf(path, sizeof path, "/%s", feed);
	if (feed[0] != '\0')
		fake_url(&s->world->feeds, path, url, sizeof url);
	mms_str_addf(&sql,
		     "INSERT INTO `tabMM Calendar Integration` (creation, modified, owner,"
		     " modified_by, name, user, integration_name, integration_type, ical_url,"
		     " calendar_id, sync_direction, is_primary, is_active, auto_sync_enabled,"
		     " sync_past_days, sync_future_days, sync_interval_minutes) VALUES ("
		     "'2026-01-01 00:00:00.%06d', '2026-01-01', 'Administrator',"
		     " 'Administrator'",
		     s->line_number);
	const char *const texts[] = { name,
				      user,
				      name,
				      is_service ? service : type,
				      url,
				      words_value(&w, "calendar", ""),
				      is_two_way ? "Two-way (Read & Write)"
						 : "One-way (Read Only)" };
	for (size_t i = 0; i < MMS_COUNT(texts); i++) {
		mms_str_add(&sql, ", ");
		sql_quote_or_null(&sql, texts[i]);
	}
	mms_str_addf(&sql, ", %s, %s, %s, %s, %s, %s)", words_value(&w, "primary", "0"),
		     words_value(&w, "active", "1"), words_value(&w, "auto", "1"),
		     words_value(&w, "past", "30"), words_value(&w, "future", "90"),
		     words_value(&w, "interval", "15"));
	mms_test_sql(&s->world->server, "%s", mms_str_get(&sql));
	bool is_good = !is_service || scenario_connect(s, &w, user);
	words_release(&w);
	return is_good;
}

/* "event UID "Title" START END [LINE]...": shorthand for a VEVENT. */
static void
add_event(struct mms_str *out, char *line)
{
	size_t n = 0;
	char **words = scenario_words(line, &n);

	if (words == NULL || n < 4) {
		free(words);
		return;
	}
	mms_str_addf(out, "BEGIN:VEVENT\r\nUID:%s\r\nSUMMARY:%s\r\n", words[1], words[2]);
	for (size_t i = 3; i < n; i++) {
		const char *name = i == 3 ? "DTSTART" : i == 4 ? "DTEND" : "";
		bool is_date = strlen(words[i]) == 8 && strspn(words[i], "0123456789") == 8;
		bool has_parameter = strchr(words[i], ':') != NULL;

		if (i > 4)
			mms_str_addf(out, "%s\r\n", words[i]);
		else if (strcmp(words[i], "-") != 0)
			mms_str_addf(out, "%s%s%s\r\n", name,
				     is_date         ? ";VALUE=DATE:"
				     : has_parameter ? ";"
						     : ":",
				     words[i]);
	}
	mms_str_add(out, "END:VEVENT\r\n");
	free(words);
}

static bool
do_feed(struct scenario *s, const char *rest, FILE *file)
{
	char name[140], line[4096];
	MMS_AUTO(mms_str) text = { 0 };
	bool is_raw = strstr(rest, " raw") != NULL;

	(void)snprintf(name, sizeof name, "%.*s", (int)strcspn(rest, " "), rest);
	if (!is_raw)
		mms_str_add(&text, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//story//EN\r\n");
	for (;;) {
		if (fgets(line, sizeof line, file) == NULL)
			return scenario_fail(s, "feed without its 'end'");
		s->line_number++;
		line[strcspn(line, "\r\n")] = '\0';
		if (strcmp(line, "end") == 0)
			break;
		if (strncmp(line, "event ", 6) == 0)
			add_event(&text, line);
		else if (strncmp(line, "of ", 3) == 0)
			scenario_feed_of(s, line + 3, &text);
		else
			mms_str_addf(&text, "%s\r\n", line);
	}
	if (!is_raw)
		mms_str_add(&text, "END:VCALENDAR\r\n");
	fake_write(&s->world->feeds, name, mms_str_get(&text));
	return true;
}

/* conf NAME LINE[; LINE...]: how the server behaves for a feed; "conf NAME" alone: well. */
static bool
do_conf(struct scenario *s, const char *rest)
{
	char name[140];
	MMS_AUTO(mms_str) text = { 0 };
	size_t len = strcspn(rest, " ");

	(void)snprintf(name, sizeof name, "%.*s", (int)len, rest);
	for (const char *p = rest + len; *p != '\0'; p++) {
		bool is_line_start = text.len == 0 || text.ptr[text.len - 1] == '\n';
		if (*p != ' ' || !is_line_start)
			mms_str_addc(&text, *p == ';' ? '\n' : *p);
	}
	mms_str_addc(&text, '\n');
	fake_conf(&s->world->feeds, name, mms_str_get(&text));
	return true;
}

static bool
do_time(struct scenario *s, const char *rest)
{
	MMS_AUTO(mms_err) err = { 0 };

	if (mms_time_parse(rest, strlen(rest), &s->now_ms, &err) != MMS_OK)
		return scenario_fail(s, "%s", mms_err_text(&err));
	return true;
}

/* services NAME...: whom the story is told of; the service in play is one of them. */
static bool
do_services(struct scenario *s, const char *rest)
{
	if (s->service == NULL)
		s->service = story_first_service(rest);
	return (s->service != NULL && story_names(rest, s->service)) ||
	       scenario_fail(s, "it is not told of %s", s->service != NULL ? s->service : rest);
}

/* People leave events with our marks behind: that is no rule broken. */
static bool
do_strays(struct scenario *s, const char *rest)
{
	(void)rest;
	s->has_strays = true;
	return true;
}

static bool
do_advance(struct scenario *s, const char *rest)
{
	char *end;
	int64_t n = strtoll(rest, &end, 10);
	char unit = end[0];

	if (unit != 'd' && unit != 'h' && unit != 'm')
		return scenario_fail(s, "advance takes 3d, 5h or 10m");
	s->now_ms += n * (unit == 'd' ? MMS_DAY_MS : unit == 'h' ? 3600000 : 60000);
	return true;
}

/* "ARGUMENTS -> STATUS": the status expected, 0 when it is not said. */
static int
wanted_status(char *arguments)
{
	char *arrow = strstr(arguments, "->");

	if (arrow == NULL)
		return 0;
	int status = atoi(arrow + 2);
	*arrow = '\0';
	return status;
}

void
scenario_put_addresses(struct scenario *s, char *text, size_t size)
{
	char *at, path[160], url[512], rest[1024];

	while ((at = strchr(text, '@')) != NULL && at[1] != '\0') {
		char *end = strstr(at, ".ics@");
		if (end == NULL || end - at > 140)
			return;
		(void)snprintf(path, sizeof path, "/%.*s", (int)(end + 4 - at - 1), at + 1);
		(void)snprintf(rest, sizeof rest, "%s", end + 5);
		fake_url(&s->world->feeds, path, url, sizeof url);
		(void)snprintf(at, size - (size_t)(at - text), "%s%s", url, rest);
	}
}

/*
 * What was asked for twice may be done: a letter that was solved is none any more; what a service refuses is given up by the
 * run with the fault, and this one has nothing left that could fail.
 */
static bool
is_done_already(const struct scenario *s, const char *arguments, int wanted)
{
	if (s->is_again && s->exit_status == 0 && wanted == 1)
		return true;
	return s->is_healing && s->exit_status == 2 &&
	       strncmp(arguments, "failures retry", 14) == 0;
}

static bool
do_run(struct scenario *s, const char *verb, const char *rest)
{
	char arguments[1024];

	(void)snprintf(arguments, sizeof arguments, "%s%s%s", verb, verb[0] != '\0' ? " " : "",
		       rest);
	int wanted = wanted_status(arguments);
	scenario_put_addresses(s, arguments, sizeof arguments);
	if (!scenario_run(s, arguments, NULL))
		return false;
	if (s->exit_status != wanted && !is_done_already(s, arguments, wanted))
		return scenario_fail(s, "mmsync %s: exit %d, expected %d\n%s\n%s", arguments,
				     s->exit_status, wanted, mms_str_get(&s->out),
				     mms_str_get(&s->err));
	return true;
}

/* Who was killed holds its places at the service for a minute of the database's clock: it passes. */
static void
forget_the_dead(struct scenario *s)
{
	mms_test_sql(&s->world->server, "UPDATE mmsync_slot SET holder = NULL, held_until = "
					"'2000-01-01', heir = NULL, heir_since = NULL,"
					" heir_until = NULL");
}

/* The faulted runs of this line: the story itself goes on with a whole one. */
static bool
play_faults(struct scenario *s, const char *verb, const char *rest)
{
	MMS_AUTO(mms_str) arguments = { 0 };

	mms_str_addf(&arguments, "%s%s%.*s", verb, verb[0] != '\0' ? " " : "",
		     (int)strcspn(rest, ">"), rest);
	if (mms_str_get(&arguments)[arguments.len - 1] == '-')
		mms_str_cut(&arguments, arguments.len - 1);
	if (s->fault.texts[0] != NULL)
		scenario_invariants(s, &s->planted);
	for (size_t i = 0; i < MMS_COUNT(s->fault.texts) && s->fault.texts[i] != NULL; i++) {
		const char *fault = s->fault.texts[i];

		if (!scenario_run(s, mms_str_get(&arguments), fault))
			return false;
		forget_the_dead(s);
		s->is_healing = true;
		if (s->on_run != NULL && !s->on_run(s, fault, s->aux))
			return false;
	}
	return true;
}

/* A line that brings something: it is the one, perhaps, that is run with faults first. */
static bool
do_faulted(struct scenario *s, const char *verb, const char *rest)
{
	s->n_syncs++;
	bool is_chosen = s->fault.sync_number == s->n_syncs;
	if (is_chosen && !play_faults(s, verb, rest))
		return false;
	fake_clear_log(&s->world->feeds);
	fake_clear_log(&s->world->service);
	s->is_again = is_chosen && s->fault.texts[0] != NULL;
	bool is_good = do_run(s, verb, rest);
	s->is_again = false;
	if (!is_good)
		return false;
	return !is_chosen || s->on_run == NULL || s->on_run(s, NULL, s->aux);
}

static bool
do_sync(struct scenario *s, const char *rest)
{
	mms_str_clear(&s->last_sync);
	mms_str_addf(&s->last_sync, "%s", rest);
	return do_faulted(s, "sync --json", rest);
}

/* push ARGS [-> STATUS]: what the hook behind a booking's commit starts. */
static bool
do_push(struct scenario *s, const char *rest)
{
	return do_faulted(s, "push --json", rest);
}

static bool
do_command_line(struct scenario *s, const char *rest)
{
	return scenario_is_asked_for(rest) ? do_faulted(s, "", rest) : do_run(s, "", rest);
}

bool
scenario_is_asked_for(const char *arguments)
{
	static const char *const begins[] = { "event sync ", "failures retry ", "reset " };
	bool is_it = false;

	for (size_t i = 0; i < MMS_COUNT(begins); i++)
		is_it = is_it || strncmp(arguments, begins[i], strlen(begins[i])) == 0;
	return is_it && strstr(arguments, "--dry-run") == NULL && !strstr(arguments, "-> 2") &&
	       !strstr(arguments, "-> 3");
}

static bool
do_quiet(struct scenario *s, const char *rest)
{
	char before[65], after[65];
	char again[1024];

	s->is_over = s->is_brief;
	if (!scenario_digest(s, before, sizeof before))
		return false;
	(void)snprintf(again, sizeof again, "%s", mms_str_get(&s->last_sync));
	(void)wanted_status(again);
	MMS_AUTO(mms_str) arguments = { 0 };
	mms_str_addf(&arguments, "%s -> %d", again, atoi(rest));
	fake_clear_log(&s->world->feeds);
	fake_clear_log(&s->world->service);
	if (!do_run(s, "sync --json", mms_str_get(&arguments)) ||
	    !scenario_digest(s, after, sizeof after))
		return false;
	if (strcmp(before, after) != 0)
		return scenario_fail(s, "one more sync was not quiet: %s",
				     mms_str_get(&s->out));
	size_t n_writes = scenario_service_writes(s);
	return n_writes == 0 ||
	       scenario_fail(s, "one more sync wrote to the service %zu times", n_writes);
}

/* Members of an object, without its braces. NULL: they are none. Owns: json_decref(). */
static json_t *
read_members(const char *text)
{
	MMS_AUTO(mms_str) object = { 0 };
	json_error_t error;

	mms_str_addf(&object, "{%s}", text);
	return json_loads(mms_str_get(&object), 0, &error);
}

/* config "key": VALUE: said again, it is another one from now on. */
static bool
do_config(struct scenario *s, const char *rest)
{
	json_t *all = read_members(mms_str_get(&s->config)), *more = read_members(rest);
	char *text = json_object_update(all, more) == 0 ? json_dumps(all, JSON_COMPACT) : NULL;

	if (text != NULL) {
		mms_str_clear(&s->config);
		mms_str_addn(&s->config, text + 1, strlen(text) - 2);
	} else { /* what is no JSON is written as it stands */
		mms_str_addf(&s->config, "%s%s", s->config.len > 0 ? "," : "", rest);
	}
	free(text);
	json_decref(all);
	json_decref(more);
	scenario_write_config(s);
	return true;
}

/* site KEY VALUE: a key of site_config.json itself, JSON. */
static bool
do_site(struct scenario *s, const char *rest)
{
	size_t len = strcspn(rest, " ");

	mms_str_clear(&s->site_keys);
	mms_str_addf(&s->site_keys, "\"%.*s\":%s,", (int)len, rest,
		     rest + len + strspn(rest + len, " "));
	scenario_write_config(s);
	return true;
}

/* calm WORD...: an expectation, or a run, that holds only while no fault was played. */
static bool
do_calm(struct scenario *s, const char *rest)
{
	char word[32];
	size_t len = strcspn(rest, " ");

	(void)snprintf(word, sizeof word, "%.*s", (int)len, rest);
	rest += len + strspn(rest + len, " ");
	if (s->is_healing)
		return true;
	return strcmp(word, "run") == 0 ? do_run(s, "", rest) : scenario_expect(s, word, rest);
}

/* flaws RULE...: what audit finds when the story is over; else it finds none. ?RULE: it may. */
static bool
do_flaws(struct scenario *s, const char *rest)
{
	mms_str_clear(&s->flaws);
	mms_str_addf(&s->flaws, "%s", rest);
	return true;
}

/* A brief story looks only at what the chosen sync has done. */
static bool
is_looking(const struct scenario *s)
{
	return !s->is_brief || s->n_syncs >= s->fault.sync_number;
}

static bool
do_command(struct scenario *s, const char *word, const char *rest, FILE *file)
{
	static const struct {
		const char *word;
		bool (*run)(struct scenario *s, const char *rest);
	} commands[] = {
		{ "person", do_person },     { "integration", do_integration },
		{ "conf", do_conf },         { "strays", do_strays },
		{ "now", do_time },          { "advance", do_advance },
		{ "sync", do_sync },         { "push", do_push },
		{ "config", do_config },     { "site", do_site },
		{ "services", do_services }, { "flaws", do_flaws },
	};

	for (size_t i = 0; i < MMS_COUNT(commands); i++) {
		if (strcmp(word, commands[i].word) == 0)
			return commands[i].run(s, rest);
	}
	if (strcmp(word, "feed") == 0)
		return do_feed(s, rest, file);
	if (strcmp(word, "calm") == 0 && is_looking(s))
		return do_calm(s, rest);
	if (strcmp(word, "run") == 0)
		return do_command_line(s, rest);
	if (strcmp(word, "sql") == 0) {
		mms_test_sql(&s->world->server, "%s", rest);
		return true;
	}
	bool is_known, is_good = scenario_service_command(s, word, rest, &is_known);
	if (is_known || !is_looking(s))
		return is_good;
	return strcmp(word, "quiet") == 0 ? do_quiet(s, rest) : scenario_expect(s, word, rest);
}

/* One line, whose end is cut off; file: what stands behind it. */
static bool
play_line(struct scenario *s, char *line, FILE *file)
{
	s->line_number++;
	line[strcspn(line, "\r\n")] = '\0';
	char *p = story_line(line, s->service);
	if (p == NULL || *p == '\0' || *p == '#')
		return true;
	char *rest = p + strcspn(p, " ");
	if (*rest != '\0')
		*rest++ = '\0';
	return do_command(s, p, rest + strspn(rest, " "), file);
}

bool
scenario_tell(struct scenario *s, const char *text)
{
	char line[4096];

	if (strncmp(text, "feed ", 5) == 0)
		return scenario_fail(s, "a feed has more than one line");
	(void)snprintf(line, sizeof line, "%s", text);
	return play_line(s, line, NULL);
}

/* MMS_AUDITS=0: not at the end of each story, which makes a slow build slower. */
static bool
is_audited(void)
{
	const char *text = getenv("MMS_AUDITS");

	return text == NULL || strcmp(text, "0") != 0;
}

int
scenario_play(struct scenario *s)
{
	char line[4096];
	FILE *file = fopen(s->path, "re");
	bool is_ok = true;

	if (file == NULL)
		return scenario_fail(s, "cannot be opened") ? 0 : 1;
	s->line_number = s->n_syncs = 0;
	s->failure[0] = '\0';
	s->is_healing = s->is_again = s->is_over = false;
	mms_str_clear(&s->flaws);
	scenario_reset(s);
	is_ok = do_time(s, DEFAULT_NOW);
	while (is_ok && !s->is_over && fgets(line, sizeof line, file) != NULL)
		is_ok = play_line(s, line, file);
	(void)fclose(file);
	if (is_ok && s->fault.sync_number == 0 && s->sabotage == NULL && is_audited())
		is_ok = scenario_is_consistent(s);
	return is_ok ? 0 : 1;
}

void
scenario_release(struct scenario *s)
{
	mms_str_release(&s->out);
	mms_str_release(&s->err);
	mms_str_release(&s->last_sync);
	mms_str_release(&s->config);
	mms_str_release(&s->site_keys);
	mms_str_release(&s->planted);
	mms_str_release(&s->flaws);
}
