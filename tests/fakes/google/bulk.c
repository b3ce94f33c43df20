/* Calendars of very many events, made once: what is measured is the reader. */
#include "service.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PER_PAGE 2500

void
g_bulk_release(struct g_bulk *bulk)
{
	for (size_t i = 0; i < bulk->n_pages; i++) {
		mms_str_release(&bulk->pages[i].text);
		squeeze_part_release(&bulk->pages[i].packed);
	}
	free(bulk->pages);
	*bulk = (struct g_bulk){ 0 };
}

/* One event, about as long as those of recordings. */
static void
add_event(struct mms_str *out, size_t i, int64_t start_ms, const char *owner)
{
	char start[MMS_TIME_TEXT_MAX], end[MMS_TIME_TEXT_MAX], id[40];

	(void)snprintf(id, sizeof id, "bulk%06zue%u", i,
		       (unsigned)(i * UINT64_C(2654435761) % 899999937));
	(void)mms_time_print(start_ms, start);
	(void)mms_time_print(start_ms + 1800000 + (int64_t)(i % 3) * 1800000, end);
	mms_str_addf(
		out,
		"%s{\"kind\":\"calendar#event\",\"etag\":\"\\\"%" PRIu64 "\\\"\",\"id\":\"%s\","
		"\"status\":\"confirmed\",\"htmlLink\":\"https://www.google.com/calendar/"
		"event?eid=%s\",\"created\":\"2026-01-05T10:00:00.000Z\",\"updated\":"
		"\"2026-02-05T10:00:00.%03zuZ\",\"summary\":\"Meeting %zu of the project\","
		"\"description\":\"What was agreed last week, and what is open: point %zu.\","
		"\"location\":\"Room %zu\",\"creator\":{\"email\":\"%s\",\"self\":true},"
		"\"organizer\":{\"email\":\"%s\",\"self\":true},\"start\":{\"dateTime\":\"%s\","
		"\"timeZone\":\"Europe/Berlin\"},\"end\":{\"dateTime\":\"%s\",\"timeZone\":"
		"\"Europe/Berlin\"},\"iCalUID\":\"%s@" G_UID_DOMAIN
		"\",\"sequence\":0,\"attendees\":"
		"[{\"email\":\"guest%zu@example.com\",\"displayName\":\"Guest %zu\","
		"\"responseStatus\":\"accepted\"},{\"email\":\"%s\",\"self\":true,"
		"\"responseStatus\":\"needsAction\"}],\"reminders\":{\"useDefault\":true},"
		"\"eventType\":\"default\"}",
		out->len > 0 ? "," : "", UINT64_C(3540000000000000) + 2 * i, id, id, i % 1000,
		i, i, i % 40, owner, owner, start, end, id, i % 500, i % 500, owner);
}

bool
g_make_bulk(struct g_service *g, struct g_calendar *c, size_t n, int64_t from_ms)
{
	struct g_bulk *bulk = &c->bulk;
	/* All of them within 80 days. */
	int64_t step_ms = n > 0 ? 80 * MMS_DAY_MS / (int64_t)n / 60000 * 60000 : 0;

	g_bulk_release(bulk);
	bulk->n_pages = (n + PER_PAGE - 1) / PER_PAGE;
	bulk->pages = calloc(bulk->n_pages + 1, sizeof *bulk->pages);
	if (bulk->pages == NULL) {
		bulk->n_pages = 0;
		return false;
	}
	for (size_t i = 0; i < n; i++)
		add_event(&bulk->pages[i / PER_PAGE].text, i, from_ms + (int64_t)i * step_ms,
			  c->owner);
	for (size_t i = 0; i < bulk->n_pages; i++) {
		const struct mms_str *text = &bulk->pages[i].text;

		if (!squeeze_part_make(mms_str_get(text), text->len, &bulk->pages[i].packed))
			return false;
	}
	g->seq++;
	return true;
}
