/* Talking to the fake Google Calendar (see the header). */
#include "support/gfake.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mmsync/timetext.h"
#include "support/unit.h"

#define RECEIVE_S 20

void
gfake_start(struct fake *fake)
{
	fake_start(fake, "google_server", NULL);
}

/* ---- one request, over a socket of its own ---------------------------------------------------- */

static int
connect_to(const struct fake *fake)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)fake->port) };
	const struct timeval limit = { .tv_sec = RECEIVE_S };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) != 0)
		fail_msg("the fake on port %u: %s", fake->port, strerror(errno));
	return fd;
}

static void
send_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		bytes += n;
		len -= (size_t)n;
	}
}

void
gfake_answer_release(struct gfake_answer *answer)
{
	mms_str_release(&answer->head);
	mms_str_release(&answer->body);
	json_decref(answer->doc);
	*answer = (struct gfake_answer){ 0 };
}

bool
gfake_ask(const struct fake *fake, const char *method, const char *address, const char *headers,
	  const char *body, struct gfake_answer *answer)
{
	MMS_AUTO(mms_str) text = { 0 };
	char piece[4096];
	ssize_t n;
	json_error_t error;
	int fd = connect_to(fake);

	gfake_answer_release(answer);
	mms_str_addf(&text,
		     "%s %s HTTP/1.1\r\nHost: fake\r\nConnection: close\r\n"
		     "Content-Length: %zu\r\n%s\r\n%s",
		     method, address, body != NULL ? strlen(body) : 0,
		     headers != NULL ? headers : "", body != NULL ? body : "");
	send_all(fd, mms_str_get(&text), text.len);
	mms_str_clear(&text);
	while ((n = recv(fd, piece, sizeof piece, 0)) > 0)
		mms_str_addn(&text, piece, (size_t)n);
	(void)close(fd);
	const char *all = mms_str_get(&text), *end = strstr(all, "\r\n\r\n");
	if (n < 0 || end == NULL || strncmp(all, "HTTP/1.1 ", 9) != 0)
		return false;
	answer->status = (unsigned)strtoul(all + 9, NULL, 10);
	mms_str_addn(&answer->head, all, (size_t)(end + 2 - all));
	mms_str_addn(&answer->body, end + 4, text.len - (size_t)(end + 4 - all));
	answer->doc = json_loadb(mms_str_get(&answer->body), answer->body.len, 0, &error);
	const char *length = strcasestr(mms_str_get(&answer->head), "\r\nContent-Length: ");
	return length == NULL || strtoul(length + 18, NULL, 10) == answer->body.len;
}

/* ---- telling and asking ----------------------------------------------------------------------- */

bool
gfake_try(const struct fake *fake, const char *script, char *wrong, size_t size)
{
	struct gfake_answer answer = { 0 };
	bool is_whole = gfake_ask(fake, "POST", "/_control", NULL, script, &answer);
	bool is_good = is_whole && answer.status == 200;

	(void)snprintf(wrong, size, "%s",
		       is_whole ? mms_str_get(&answer.body) : "the fake does not answer");
	gfake_answer_release(&answer);
	return is_good;
}

void
gfake_control(const struct fake *fake, const char *fmt, ...)
{
	MMS_AUTO(mms_str) script = { 0 };
	char wrong[512];
	va_list ap;

	va_start(ap, fmt);
	mms_str_addv(&script, fmt, ap);
	va_end(ap);
	if (!gfake_try(fake, mms_str_get(&script), wrong, sizeof wrong))
		fail_msg("the fake refuses '%s': %s", mms_str_get(&script), wrong);
}

/* Each line of a text that is JSON, into an array. */
static json_t *
read_lines(const char *text)
{
	json_t *all = json_array();
	json_error_t error;

	for (const char *end; (end = strchr(text, '\n')) != NULL; text = end + 1) {
		json_t *one = json_loadb(text, (size_t)(end - text), 0, &error);

		if (one == NULL)
			fail_msg("the fake prints no JSON (%s): %.200s", error.text, text);
		json_array_append_new(all, one);
	}
	return all;
}

/* All lines of /_state. */
static json_t *
read_state(const struct fake *fake)
{
	struct gfake_answer answer = { 0 };

	if (!gfake_ask(fake, "GET", "/_state", NULL, NULL, &answer))
		fail_msg("the fake does not say what it has");
	json_t *all = read_lines(mms_str_get(&answer.body));
	gfake_answer_release(&answer);
	return all;
}

unsigned
gfake_most_at_once(const struct fake *fake, const char *account)
{
	json_t *all = read_state(fake), *one;
	size_t i;
	unsigned most = 0;

	json_array_foreach(all, i, one)
	{
		const char *name = json_string_value(json_object_get(one, "_account"));

		if (name != NULL && strcmp(name, account) == 0)
			most = (unsigned)json_integer_value(
				json_object_get(one, "most_at_once"));
	}
	json_decref(all);
	return most;
}

json_t *
gfake_events(const struct fake *fake, const char *calendar)
{
	json_t *all = read_state(fake), *events = json_array(), *one;
	size_t i;

	json_array_foreach(all, i, one)
	{
		const char *of = json_string_value(json_object_get(one, "_calendar"));

		if (of != NULL && (calendar == NULL || strcmp(of, calendar) == 0))
			json_array_append(events, one);
	}
	json_decref(all);
	return events;
}

json_t *
gfake_event(const struct fake *fake, const char *calendar, const char *id)
{
	json_t *all = gfake_events(fake, calendar), *one, *found = NULL;
	size_t i;

	json_array_foreach(all, i, one)
	{
		if (strcmp(json_string_value(json_object_get(one, "id")), id) == 0)
			found = json_incref(one);
	}
	json_decref(all);
	return found;
}

static void
print_time(const json_t *time, char *out, size_t size)
{
	const char *date = json_string_value(json_object_get(time, "date"));
	const char *text = json_string_value(json_object_get(time, "dateTime"));
	MMS_AUTO(mms_err) err = { 0 };
	char print[MMS_TIME_TEXT_MAX];
	int64_t ms;

	if (date != NULL)
		(void)snprintf(out, size, "%s", date);
	else if (text != NULL && mms_time_parse(text, strlen(text), &ms, &err) == MMS_OK)
		(void)snprintf(out, size, "%s", mms_time_print(ms, print));
}

/* "a@example.com:accepted,b@example.com:needsAction" */
static void
print_guests(const json_t *guests, char *out, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < json_array_size(guests) && len < size; i++) {
		const json_t *one = json_array_get(guests, i);
		const char *email = json_string_value(json_object_get(one, "email"));
		const char *said = json_string_value(json_object_get(one, "responseStatus"));

		len += (size_t)snprintf(out + len, size - len, "%s%s:%s", len > 0 ? "," : "",
					email != NULL ? email : "", said != NULL ? said : "");
	}
}

void
gfake_value(const json_t *event, const char *path, char *out, size_t size)
{
	static const struct {
		const char *word, *member;
	} names[] = { { "title", "summary" },
		      { "place", "location" },
		      { "text", "description" } };
	const json_t *at = NULL;

	out[0] = '\0';
	for (size_t i = 0; i < MMS_COUNT(names); i++) {
		if (strcmp(path, names[i].word) == 0)
			path = names[i].member;
	}
	if (strcmp(path, "guests") == 0) {
		print_guests(json_object_get(event, "attendees"), out, size);
		return;
	}
	if (strncmp(path, "private.", 8) == 0)
		at = json_object_get(
			json_object_get(json_object_get(event, "extendedProperties"),
					"private"),
			path + 8);
	else if (strncmp(path, "graph.", 6) == 0)
		at = json_object_get(json_object_get(event, "graph"), path + 6);
	else
		at = json_object_get(event, path);
	if (json_is_string(at)) {
		(void)snprintf(out, size, "%s", json_string_value(at));
	} else if (json_object_get(at, "date") != NULL ||
		   json_object_get(at, "dateTime") != NULL) {
		print_time(at, out, size);
	} else if (at != NULL) {
		char *text = json_dumps(at, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);

		(void)snprintf(out, size, "%s", text != NULL ? text : "");
		free(text);
	}
}

bool
gfake_is(const json_t *event, const char *path, const char *want)
{
	char value[300];

	gfake_value(event, path, value, sizeof value);
	return strcmp(value, want) == 0;
}

/* ---- what it saw ---------------------------------------------------------------------------------- */

static bool
is_like(const json_t *line, const char *method, const char *part)
{
	const char *its_method = json_string_value(json_object_get(line, "method"));
	const char *its_path = json_string_value(json_object_get(line, "path"));

	if (its_method == NULL || its_path == NULL)
		return false;
	if (method == NULL && json_is_true(json_object_get(line, "inner")))
		return false;
	return (method == NULL || strcmp(method, its_method) == 0) &&
	       (part == NULL || strstr(its_path, part) != NULL);
}

static json_t *
find_lines(const struct fake *fake, const char *method, const char *part)
{
	MMS_AUTO(mms_str) log = { 0 };
	json_t *found = json_array(), *all, *one;
	size_t i;

	fake_read_log(fake, &log);
	all = read_lines(mms_str_get(&log));
	json_array_foreach(all, i, one)
	{
		if (is_like(one, method, part))
			json_array_append(found, one);
	}
	json_decref(all);
	return found;
}

size_t
gfake_count(const struct fake *fake, const char *method, const char *part)
{
	json_t *found = find_lines(fake, method, part);
	size_t n = json_array_size(found);

	json_decref(found);
	return n;
}

json_t *
gfake_last(const struct fake *fake, const char *method, const char *part)
{
	json_t *found = find_lines(fake, method, part);
	size_t n = json_array_size(found);
	json_t *last = n > 0 ? json_incref(json_array_get(found, n - 1)) : NULL;

	json_decref(found);
	return last;
}
