/* Playing tables of requests (see the header). */
#include "support/gtable.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/unit.h"

/* What one answer leaves to the next request. */
struct memory {
	char sync[200], page[200], etag[80], id[1500];
	char next[6000], delta[6000];
};

static struct fake *
the_fake(void)
{
	static struct fake fake;

	return &fake;
}

int
gtable_start(void **state)
{
	(void)state;
	gfake_start(the_fake());
	return 0;
}

int
gtable_stop(void **state)
{
	(void)state;
	fake_stop(the_fake());
	return 0;
}

const struct fake *
gtable_fake(void)
{
	return the_fake();
}

static void
encode(const char *text, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (; *text != '\0' && len + 4 < size; text++)
		len += (size_t)snprintf(out + len, size - len,
					strchr("=+/", *text) != NULL ? "%%%02X" : "%c",
					(unsigned char)*text);
}

static void
fill(const struct memory *memory, const char *text, struct mms_str *out)
{
	const struct {
		const char *word, *value;
	} rows[] = {
		{ "$E", "/calendar/v3/calendars/ann%40example.com/events" },
		{ "$sync", memory->sync },
		{ "$page", memory->page },
		{ "$etag", memory->etag },
		{ "$ME", "/v1.0/me" },
		{ "$VIEW", "/v1.0/me/calendarView/delta?startDateTime=2026-03-01T00:00:00Z"
			   "&endDateTime=2026-04-01T00:00:00Z" },
		{ "$PREFER", "Prefer: odata.maxpagesize=50, outlook.timezone=\"UTC\", "
			     "IdType=\"ImmutableId\", outlook.body-content-type=\"text\"\r\n" },
		{ "$next", memory->next },
		{ "$delta", memory->delta },
		{ "$id", memory->id },
	};

	mms_str_clear(out);
	for (const char *p = text != NULL ? text : ""; *p != '\0';) {
		size_t taken = 0;

		for (size_t i = 0; i < MMS_COUNT(rows) && taken == 0; i++) {
			if (strncmp(p, rows[i].word, strlen(rows[i].word)) == 0) {
				taken = strlen(rows[i].word);
				mms_str_add(out, rows[i].value);
			}
		}
		if (taken == 0)
			mms_str_addc(out, *p);
		p += taken > 0 ? taken : 1;
	}
}

/* Where a link leads: it must be on the host that was asked. */
static void
remember_link(const struct gfake_answer *answer, const char *name, char *out, size_t size)
{
	static const char origin[] = "http://fake";
	const char *link = json_string_value(json_object_get(answer->doc, name));

	if (link == NULL)
		return;
	if (strncmp(link, origin, sizeof origin - 1) != 0)
		fail_msg("%s leads elsewhere: %s", name, link);
	(void)snprintf(out, size, "%s", link + sizeof origin - 1);
}

static void
remember(struct memory *memory, const struct gfake_answer *answer)
{
	const char *sync = json_string_value(json_object_get(answer->doc, "nextSyncToken"));
	const char *page = json_string_value(json_object_get(answer->doc, "nextPageToken"));
	const char *etag = strcasestr(mms_str_get(&answer->head), "\r\nETag: ");

	const char *id = json_string_value(json_object_get(answer->doc, "id"));

	remember_link(answer, "@odata.nextLink", memory->next, sizeof memory->next);
	remember_link(answer, "@odata.deltaLink", memory->delta, sizeof memory->delta);
	if (id != NULL)
		encode(id, memory->id, sizeof memory->id);
	if (sync != NULL)
		encode(sync, memory->sync, sizeof memory->sync);
	if (page != NULL)
		encode(page, memory->page, sizeof memory->page);
	if (etag != NULL)
		(void)snprintf(memory->etag, sizeof memory->etag, "%.*s",
			       (int)strcspn(etag + 8, "\r"), etag + 8);
}

static const json_t *
walk(const json_t *at, const char *path)
{
	char part[128];

	while (at != NULL && *path != '\0') {
		/* Members of OData have a dot of their own. */
		size_t odata = strncmp(path, "@odata.", 7) == 0 ? 7 : 0;
		size_t len = odata + strcspn(path + odata, ".");

		(void)snprintf(part, sizeof part, "%.*s", (int)len, path);
		at = json_is_array(at) ? json_array_get(at, strtoul(part, NULL, 10))
				       : json_object_get(at, part);
		path += len + (path[len] == '.');
	}
	return at;
}

bool
gtable_member(const json_t *doc, const char *path, char *out, size_t size)
{
	const json_t *at = walk(doc, path);

	out[0] = '\0';
	if (json_is_string(at)) {
		(void)snprintf(out, size, "%s", json_string_value(at));
	} else if (at != NULL) {
		char *text = json_dumps(at, JSON_COMPACT | JSON_ENCODE_ANY);

		(void)snprintf(out, size, "%s", text != NULL ? text : "");
		free(text);
	}
	return at != NULL;
}

/* One of the wants; false: it does not hold. */
static bool
holds(const json_t *doc, const char *want)
{
	char path[200], got[4096];
	const char *equals = strchr(want, '='), *count = strchr(want, '#');
	const char *part = strchr(want, '~');

	if (want[0] == '!')
		return walk(doc, want + 1) == NULL;
	if (part != NULL && (equals == NULL || part < equals)) {
		(void)snprintf(path, sizeof path, "%.*s", (int)(part - want), want);
		return gtable_member(doc, path, got, sizeof got) &&
		       strstr(got, part + 1) != NULL;
	}
	if (equals == NULL && count == NULL)
		return walk(doc, want) != NULL;
	if (equals == NULL) {
		(void)snprintf(path, sizeof path, "%.*s", (int)(count - want), want);
		return json_array_size(walk(doc, path)) == strtoul(count + 1, NULL, 10);
	}
	(void)snprintf(path, sizeof path, "%.*s", (int)(equals - want), want);
	return gtable_member(doc, path, got, sizeof got) && strcmp(got, equals + 1) == 0;
}

static void
check_row(const struct gtable_row *row, const char *label, const struct gfake_answer *answer,
	  bool is_whole)
{
	char wants[2048];
	char *save = NULL;

	if (row->status == 0) {
		if (is_whole)
			fail_msg("%s: %s %s was answered with %u", label, row->method,
				 row->address, answer->status);
		return;
	}
	if (!is_whole || answer->status != row->status)
		fail_msg("%s: %s %s: %u%s, expected %u\n%s", label, row->method, row->address,
			 answer->status, is_whole ? "" : " (cut off)", row->status,
			 mms_str_get(&answer->body));
	(void)snprintf(wants, sizeof wants, "%s", row->wants != NULL ? row->wants : "");
	for (char *want = strtok_r(wants, ";", &save); want != NULL;
	     want = strtok_r(NULL, ";", &save)) {
		if (!holds(answer->doc, want))
			fail_msg("%s: %s %s: not %s\n%s", label, row->method, row->address,
				 want, mms_str_get(&answer->body));
	}
}

static void
play_row(const struct fake *fake, const struct gtable_row *row, const char *label,
	 struct memory *memory)
{
	MMS_AUTO(mms_str) address = { 0 };
	MMS_AUTO(mms_str) headers = { 0 };
	MMS_AUTO(mms_str) body = { 0 };
	struct gfake_answer answer = { 0 };
	bool is_bare = row->headers != NULL && strcmp(row->headers, "-") == 0;

	if (row->script != NULL)
		gfake_control(fake, "%s", row->script);
	if (row->method == NULL)
		return;
	fill(memory, row->address, &address);
	fill(memory, is_bare ? "" : row->headers, &headers);
	fill(memory, row->body, &body);
	if (!is_bare && strstr(mms_str_get(&headers), "Authorization:") == NULL)
		mms_str_add(&headers, "Authorization: Bearer A\r\n");
	if (!is_bare && strstr(mms_str_get(&headers), "Content-Type:") == NULL)
		mms_str_add(&headers, "Content-Type: application/json\r\n");
	bool is_whole = gfake_ask(fake, row->method, mms_str_get(&address),
				  mms_str_get(&headers), mms_str_get(&body), &answer);
	check_row(row, label, &answer, is_whole);
	remember(memory, &answer);
	gfake_answer_release(&answer);
}

void
gtable_play(const struct gtable_row *rows, size_t n)
{
	const struct fake *fake = gtable_fake();
	const char *label = "";
	struct memory memory = { 0 };

	for (size_t i = 0; i < n; i++) {
		if (rows[i].label != NULL) {
			label = rows[i].label;
			memory = (struct memory){ 0 };
			gfake_control(fake, GTABLE_ANN);
		}
		play_row(fake, &rows[i], label, &memory);
	}
}
