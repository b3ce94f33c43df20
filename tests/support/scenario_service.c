/* The service in a story, Google or Outlook: accounts, what people do there, what it must have and have seen. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/timetext.h"
#include "support/fernet_peer.h"
#include "support/gfake.h"
#include "support/scenario_words.h"
#include "support/stories.h"

#define LIFETIME_S 3599

/* ---- telling it ------------------------------------------------------------------------------- */

void
scenario_service_clock(struct scenario *s)
{
	char text[MMS_TIME_TEXT_MAX];

	if (s->service_now_ms == s->now_ms)
		return;
	gfake_control(&s->world->service, "now %s\n", mms_time_print(s->now_ms, text));
	s->service_now_ms = s->now_ms;
}

static bool
tell(struct scenario *s, const char *script)
{
	char wrong[512];

	scenario_service_clock(s);
	return gfake_try(&s->world->service, script, wrong, sizeof wrong) ||
	       scenario_fail(s, "the fake refuses '%s': %s", script, wrong);
}

/*
 * The outside id of a booking's event in a calendar, its live one or the first; anywhere at all where a person may
 * have moved it there (calendar NULL). Owns: free().
 */
static char *
booking_event(struct scenario *s, const char *calendar, const char *booking, bool is_first)
{
	MMS_AUTO(mms_str) sql = { 0 };

	mms_str_add(&sql,
		    "SELECT (SELECT s.external_id FROM mmsync_event_state s JOIN mmsync_cursor"
		    " c ON c.id = s.integration_id JOIN `tabMM Calendar Integration` i ON"
		    " i.name = c.name WHERE s.type = 2");
	if (calendar != NULL) {
		mms_str_add(&sql, " AND COALESCE(i.calendar_id, i.user) = ");
		sql_quote(&sql, calendar);
	}
	mms_str_add(&sql, " AND s.booking = ");
	sql_quote(&sql, booking);
	mms_str_add(&sql, " ORDER BY ");
	mms_str_add(&sql, is_first ? "s.created_at_ms LIMIT 1)"
				   : "s.status NOT IN (1, 5) DESC, s.status = 5 DESC, "
				     "s.created_at_ms DESC,"
				     " s.changed_at_ms DESC LIMIT 1)");
	char *id = mms_test_ask_text(&s->world->server, "%s", mms_str_get(&sql));
	return id != NULL || calendar == NULL ? id : booking_event(s, NULL, booking, is_first);
}

/* "@BOOKING", "@@BOOKING", "%SOURCE" or the id itself; NULL: failed. Owns: free(). */
static char *
event_id(struct scenario *s, const char *calendar, const char *text)
{
	char *id;

	if (text[0] == '%')
		return scenario_block_id(s, calendar, text + 1);
	if (text[0] != '@')
		return strdup(text);
	text += 1;
	bool is_first = text[0] == '@';
	text += is_first;
	id = booking_event(s, calendar, text, is_first);
	if (id == NULL)
		scenario_fail(s, "booking %s has no event in %s that we know of", text,
			      calendar);
	return id;
}

/* at CAL WORD [ID] REST: the words of the fake's language, the calendar first. */
static bool
do_at(struct scenario *s, const char *rest)
{
	char calendar[280], verb[40], id_word[1100];
	MMS_AUTO(mms_str) line = { 0 };
	size_t len = strcspn(rest, " ");

	(void)snprintf(calendar, sizeof calendar, "%.*s", (int)len, rest);
	rest += len + strspn(rest + len, " ");
	len = strcspn(rest, " ");
	(void)snprintf(verb, sizeof verb, "%.*s", (int)len, rest);
	rest += len + strspn(rest + len, " ");
	len = strcspn(rest, " ");
	(void)snprintf(id_word, sizeof id_word, "%.*s", (int)len, rest);
	char *id = event_id(s, calendar, id_word);
	if (id == NULL)
		return false;
	mms_str_addf(&line, "%s %s %s%s\n", verb, calendar, id, rest + len);
	free(id);
	return tell(s, mms_str_get(&line));
}

/*
 * Parts of addresses that each service has in its own way, where a line names them: LIST is where events are
 * listed, API what all of its addresses begin with.
 */
static void
add_with_parts(const struct scenario *s, const char *line, struct mms_str *out)
{
	static const struct {
		const char *name, *google, *outlook;
	} parts[] = { { "LIST", "/events", "/calendarView/" },
		      { "API", "/calendar/v3", "/v1.0/" } };
	bool is_google = s->service == NULL || strcmp(s->service, "google") == 0;

	for (const char *p = line; *p != '\0';) {
		size_t len = strcspn(p, " \n");
		size_t i = 0;

		while (i < MMS_COUNT(parts) &&
		       (strlen(parts[i].name) != len || strncmp(p, parts[i].name, len) != 0))
			i++;
		if (i < MMS_COUNT(parts))
			mms_str_add(out, is_google ? parts[i].google : parts[i].outlook);
		else
			mms_str_addn(out, p, len);
		p += len;
		len = strspn(p, " \n");
		mms_str_addn(out, p, len);
		p += len;
	}
}

/* The other words are the fake's own, as they stand. */
static bool
do_as_is(struct scenario *s, const char *verb, const char *rest)
{
	char line[1200];

	(void)snprintf(line, sizeof line, "%s %s\n", verb, rest);
	scenario_put_addresses(s, line, sizeof line);
	MMS_AUTO(mms_str) text = { 0 };
	add_with_parts(s, line, &text);
	return tell(s, mms_str_get(&text));
}

/* ---- integrations ------------------------------------------------------------------------------- */

/* A token as Frappe keeps it: encrypted beside, asterisks in the document. */
static void
store_token(struct scenario *s, const char *integration, const char *field, const char *token)
{
	MMS_AUTO(mms_str) secret = { 0 };
	MMS_AUTO(mms_str) sql = { 0 };
	MMS_AUTO(mms_str) name = { 0 };

	fernet_peer_encrypt(SCENARIO_ENCRYPTION_KEY, token, s->now_ms / 1000, &secret);
	sql_quote(&name, integration);
	mms_str_addf(
		&sql,
		"INSERT INTO __Auth (doctype, name, fieldname, password, encrypted) VALUES"
		" ('MM Calendar Integration', %s, '%s', '%s', 1);"
		"UPDATE `tabMM Calendar Integration` SET %s = REPEAT('*', %zu) WHERE name = %s",
		mms_str_get(&name), field, mms_str_get(&secret), field, strlen(token),
		mms_str_get(&name));
	mms_test_sql(&s->world->server, "%s", mms_str_get(&sql));
}

bool
scenario_connect(struct scenario *s, const struct words *w, const char *user)
{
	char access[160], refresh[160], now[64], line[1200];
	const char *name = words_get(w, 0), *calendar = words_value(w, "calendar", "");
	const char *account = words_value(w, "account", user);
	const char *expires = words_value(w, "expires", NULL);
	long life_s = expires != NULL ? strtol(expires, NULL, 10) : LIFETIME_S;
	MMS_AUTO(mms_str) sql = { 0 };

	if (strcmp(words_value(w, "tokens", "1"), "0") == 0)
		return true;
	(void)snprintf(access, sizeof access, "first-access-of-%s", account);
	(void)snprintf(refresh, sizeof refresh, "first-refresh-of-%s", account);
	(void)snprintf(
		line, sizeof line,
		"account %s access=%s refresh=%s expires=%ld\njoin %s %s role=%s zone=%s\n",
		account, access, refresh, life_s, calendar[0] != '\0' ? calendar : account,
		account, words_value(w, "role", "owner"), words_value(w, "zone", "UTC"));
	if (!tell(s, line))
		return false;
	store_token(s, name, "access_token", access);
	store_token(s, name, "refresh_token", refresh);
	scenario_site_now(s, now, sizeof now);
	mms_str_addf(
		&sql,
		"UPDATE `tabMM Calendar Integration` SET token_expiry = '%.19s' + INTERVAL %ld"
		" SECOND WHERE name = ",
		now, life_s);
	sql_quote(&sql, name);
	mms_test_sql(&s->world->server, "%s", mms_str_get(&sql));
	return true;
}

/* ---- what it has ---------------------------------------------------------------------------------- */

bool
scenario_is_live(const json_t *event)
{
	char status[40];

	gfake_value(event, "status", status, sizeof status);
	return strcmp(status, "cancelled") != 0;
}

bool
scenario_is_ours(const json_t *event)
{
	char kind[80];

	gfake_value(event, "private.mmsync_kind", kind, sizeof kind);
	return kind[0] != '\0';
}

/* What there is, for the message of a failure. */
static void
list_events(const json_t *all, struct mms_str *out)
{
	static const char *const keys[] = { "id",    "status", "title",
					    "start", "end",    "private.mmsync_kind" };
	char value[300];
	json_t *one;
	size_t i;

	json_array_foreach(all, i, one)
	{
		for (size_t k = 0; k < MMS_COUNT(keys); k++) {
			gfake_value(one, keys[k], value, sizeof value);
			mms_str_addf(out, "%s%s", k > 0 ? " | " : "\n", value);
		}
	}
}

/* events CAL N, ours CAL N */
static bool
expect_events(struct scenario *s, const char *rest, bool only_ours)
{
	char calendar[280];
	size_t len = strcspn(rest, " "), i;
	long want = strtol(rest + len, NULL, 10), n = 0;
	MMS_AUTO(mms_str) list = { 0 };
	json_t *one;

	(void)snprintf(calendar, sizeof calendar, "%.*s", (int)len, rest);
	json_t *all = gfake_events(&s->world->service, calendar);
	json_array_foreach(all, i, one) n +=
		scenario_is_live(one) && (!only_ours || scenario_is_ours(one));
	if (n != want)
		list_events(all, &list);
	json_decref(all);
	return n == want ||
	       scenario_fail(s, "%s has %ld %sevents, expected %ld:%s", calendar, n,
			     only_ours ? "of our " : "", want, mms_str_get(&list));
}

/* "a@example.com:accepted,b@..." without the answers, where these are not asked for. */
static void
strip_answers(char *guests)
{
	char *out = guests;

	for (const char *p = guests; *p != '\0';) {
		size_t mail = strcspn(p, ":,"), whole = strcspn(p, ",");

		memmove(out, p, mail);
		out += mail;
		p += whole;
		if (*p == ',')
			*out++ = *p++;
	}
	*out = '\0';
}

static bool
is_value(const json_t *event, const char *key, const char *want, char *got, size_t size)
{
	MMS_AUTO(mms_err) err = { 0 };
	char print[MMS_TIME_TEXT_MAX];
	int64_t ms;
	bool is_time = strcmp(key, "start") == 0 || strcmp(key, "end") == 0;

	gfake_value(event, key, got, size);
	if (strcmp(key, "guests") == 0 && strchr(want, ':') == NULL)
		strip_answers(got);
	if (is_time && strchr(want, 'T') != NULL &&
	    mms_time_parse(want, strlen(want), &ms, &err) == MMS_OK)
		want = mms_time_print(ms, print);
	return strcmp(got, want) == 0;
}

/* outside CAL ID|@BOOKING key=value... | gone */
static bool
expect_event(struct scenario *s, const char *rest)
{
	struct words w = { 0 };
	char got[2048], key[80];
	bool is_good = true;

	words_split(&w, rest);
	char *id = event_id(s, words_get(&w, 0), words_get(&w, 1));
	json_t *event =
		id != NULL ? gfake_event(&s->world->service, words_get(&w, 0), id) : NULL;
	if (id == NULL)
		is_good = false;
	else if (event == NULL)
		is_good = scenario_fail(s, "%s has no event %s", words_get(&w, 0), id);
	bool is_gone = strcmp(words_get(&w, 2), "gone") == 0;
	if (is_good && is_gone == scenario_is_live(event))
		is_good = scenario_fail(s, "event %s of %s is %s", id, words_get(&w, 0),
					is_gone ? "live" : "gone");
	for (size_t i = 2; is_good && !is_gone && i < w.n; i++) {
		size_t len = strcspn(w.at[i], "=");

		(void)snprintf(key, sizeof key, "%.*s", (int)len, w.at[i]);
		if (w.at[i][len] != '=')
			is_good = scenario_fail(s, "'%s' is not key=value", w.at[i]);
		else if (!is_value(event, key, w.at[i] + len + 1, got, sizeof got))
			is_good = scenario_fail(s, "%s of %s is '%s', expected '%s'", key, id,
						got, w.at[i] + len + 1);
	}
	json_decref(event);
	free(id);
	words_release(&w);
	return is_good;
}

/* ---- what it saw ---------------------------------------------------------------------------------- */

/* requests N [METHOD [PATHPART]] */
static bool
expect_requests(struct scenario *s, const char *rest)
{
	struct words w = { 0 };

	MMS_AUTO(mms_str) text = { 0 };

	add_with_parts(s, rest, &text);
	words_split(&w, mms_str_get(&text));
	long want = strtol(words_get(&w, 0), NULL, 10);
	size_t n = gfake_count(&s->world->service, w.n > 1 ? w.at[1] : NULL,
			       w.n > 2 ? w.at[2] : NULL);
	words_release(&w);
	return s->is_healing || n == (size_t)want ||
	       scenario_fail(s, "%zu requests, expected %s", n, rest);
}

/* header, query METHOD PATHPART NAME value|present|absent; body METHOD PATHPART TEXT: of the last one */
static bool
expect_member(struct scenario *s, const char *what, const char *rest)
{
	struct words w = { 0 };
	const char *got = NULL;
	bool is_good = false;
	MMS_AUTO(mms_str) text = { 0 };

	add_with_parts(s, rest, &text);
	words_split(&w, mms_str_get(&text));
	json_t *line = gfake_last(&s->world->service, words_get(&w, 0), words_get(&w, 1));
	const char *name = words_get(&w, 2), *want = words_get(&w, 3);
	if (strcmp(what, "body") == 0) {
		got = json_string_value(json_object_get(line, "body"));
		is_good = got != NULL && strstr(got, name) != NULL;
	} else {
		bool is_query = strcmp(what, "query") == 0;

		got = json_string_value(json_object_get(
			json_object_get(line, is_query ? "query" : "headers"), name));
		if (strcmp(want, "present") == 0 || strcmp(want, "absent") == 0)
			is_good = line != NULL && (got != NULL) == (want[0] == 'p');
		else
			is_good = got != NULL && strcmp(got, want) == 0;
	}
	if (!is_good && !s->is_healing)
		scenario_fail(s, "%s %s: it is '%s'%s", what, rest,
			      got != NULL ? got : "absent",
			      line == NULL ? ", and there was no such request" : "");
	json_decref(line);
	words_release(&w);
	return is_good || s->is_healing;
}

/* ---- the words ------------------------------------------------------------------------------------- */

bool
scenario_service_command(struct scenario *s, const char *word, const char *rest, bool *is_known)
{
	static const char *const plain[] = { "fault", "expire", "token", "set" };
	static const struct {
		const char *word;
		bool (*run)(struct scenario *s, const struct words *w);
	} bookings[] = { { "booking", scenario_booking },
			 { "rebook", scenario_rebook },
			 { "assign", scenario_assign },
			 { "unbook", scenario_unbook } };
	struct words w = { 0 };
	bool is_good;

	*is_known = true;
	if (strcmp(word, "at") == 0)
		return do_at(s, rest);
	for (size_t i = 0; i < MMS_COUNT(plain); i++) {
		if (strcmp(word, plain[i]) == 0)
			return do_as_is(s, word, rest);
	}
	for (size_t i = 0; i < MMS_COUNT(bookings); i++) {
		if (strcmp(word, bookings[i].word) != 0)
			continue;
		words_split(&w, rest);
		is_good = bookings[i].run(s, &w);
		words_release(&w);
		return is_good;
	}
	*is_known = false;
	return true;
}

bool
scenario_expect_service(struct scenario *s, const char *word, const char *rest, bool *is_known)
{
	*is_known = true;
	if (strcmp(word, "events") == 0 || strcmp(word, "ours") == 0)
		return expect_events(s, rest, strcmp(word, "ours") == 0);
	if (strcmp(word, "outside") == 0)
		return expect_event(s, rest);
	if (strcmp(word, "blocks") == 0)
		return scenario_expect_blocks(s, rest);
	/* Those for a feed begin with its name. */
	if (strcmp(word, "requests") == 0 && rest[0] >= '0' && rest[0] <= '9')
		return expect_requests(s, rest);
	if (strcmp(word, "header") == 0 || strcmp(word, "query") == 0 ||
	    strcmp(word, "body") == 0)
		return expect_member(s, word, rest);
	*is_known = false;
	return true;
}

size_t
scenario_service_writes(const struct scenario *s)
{
	static const char *const methods[] = { "POST", "PUT", "PATCH", "DELETE" };
	size_t n = 0;

	/* What is in a batch of Outlook is counted by itself: some only ask. */
	for (size_t i = 0; i < MMS_COUNT(methods); i++)
		n += gfake_count(&s->world->service, methods[i], "/calendar/v3") +
		     gfake_count(&s->world->service, methods[i], "/me/");
	return n;
}
