/* Calendars of very many events, made once: what is measured is the reader. */
#include "service.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The most that Google gives in a page; what mmsync asks Graph for. */
#define PER_PAGE       2500
#define PER_PAGE_GRAPH 200

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

/* What Graph puts around the same event, as graph_render() does it. */
static void
add_graph_event(struct mms_str *out, size_t i, int64_t start_ms, const char *owner)
{
	char start[MMS_TIME_TEXT_MAX], end[MMS_TIME_TEXT_MAX], id[120], key[32];

	(void)snprintf(
		id, sizeof id,
		"AAMkADbulk%06zuYTIyLTRhOTMtYjQ1Ny0zZGE1ZTYxNGU4NQBGAAAAAADUuTJK1K9aTpCdqX"
		"op_4NaBwCd9nJ-tVysQos1A%06zuAAAAAAENAAA=",
		i, i);
	(void)snprintf(key, sizeof key, "nfZyf7VcrEKLNoU3%08zuAA==", i);
	/* Without "Z": the zone stands beside it. */
	(void)mms_time_print(start_ms, start);
	(void)mms_time_print(start_ms + 1800000 + (int64_t)(i % 3) * 1800000, end);
	start[strlen(start) - 1] = '\0';
	end[strlen(end) - 1] = '\0';
	mms_str_addf(
		out,
		"%s{\"@odata.etag\":\"W/\\\"%s\\\"\",\"id\":\"%s\",\"createdDateTime\":"
		"\"2026-01-05T10:00:00.0000000Z\",\"lastModifiedDateTime\":"
		"\"2026-02-05T10:00:00.%07zuZ\",\"changeKey\":\"%s\",\"categories\":[],"
		"\"transactionId\":null,\"originalStartTimeZone\":\"W. Europe Standard Time\","
		"\"originalEndTimeZone\":\"W. Europe Standard Time\",\"iCalUId\":\"040000008200"
		"E00074C5B7101A82E008%024zu\",\"reminderMinutesBeforeStart\":15,"
		"\"isReminderOn\":true,\"hasAttachments\":false,\"subject\":\"Meeting %zu of "
		"the "
		"project\",\"bodyPreview\":\"What was agreed last week, and what is open: "
		"point "
		"%zu.\",\"importance\":\"normal\",\"sensitivity\":\"normal\",\"isAllDay\":"
		"false,"
		"\"isCancelled\":false,\"isOrganizer\":true,\"responseRequested\":true,"
		"\"seriesMasterId\":null,\"showAs\":\"busy\",\"type\":\"singleInstance\","
		"\"webLink\":\"https://outlook.office365.com/owa/?itemid=%s&exvsurl=1&path="
		"/calendar/item\",\"onlineMeetingUrl\":null,\"isOnlineMeeting\":false,"
		"\"onlineMeetingProvider\":\"unknown\",\"allowNewTimeProposals\":true,"
		"\"occurrenceId\":null,\"isDraft\":false,\"hideAttendees\":false,"
		"\"responseStatus\":{\"response\":\"organizer\",\"time\":"
		"\"0001-01-01T00:00:00Z\"},",
		out->len > 0 ? "," : "", key, id, i % 1000, key, i, i, i, id);
	mms_str_addf(
		out,
		"\"body\":{\"contentType\":\"text\",\"content\":\"What was agreed last week, "
		"and "
		"what is open: point %zu.\"},\"start\":{\"dateTime\":\"%s.0000000\","
		"\"timeZone\":\"UTC\"},\"end\":{\"dateTime\":\"%s.0000000\",\"timeZone\":"
		"\"UTC\"},\"location\":{\"displayName\":\"Room %zu\",\"locationType\":"
		"\"default\",\"uniqueId\":\"Room %zu\",\"uniqueIdType\":\"private\"},"
		"\"locations\":[{\"displayName\":\"Room %zu\",\"locationType\":\"default\","
		"\"uniqueId\":\"Room %zu\",\"uniqueIdType\":\"private\"}],\"recurrence\":null,"
		"\"attendees\":[{\"type\":\"required\",\"status\":{\"response\":\"accepted\","
		"\"time\":\"2026-01-06T10:00:00Z\"},\"emailAddress\":{\"name\":\"Guest %zu\","
		"\"address\":\"guest%zu@example.com\"}}],\"organizer\":{\"emailAddress\":"
		"{\"name\":\"%s\",\"address\":\"%s\"}},\"onlineMeeting\":null}",
		i, start, end, i % 40, i % 40, i % 40, i % 40, i % 500, i % 500, owner, owner);
}

void
g_answer_bulk(const struct g_bulk *bulk, size_t page, json_t *frame, struct g_answer *a)
{
	g_json(a, 200, frame);
	mms_str_cut(&a->body, a->body.len - strlen("]\n}\n"));
	a->packed = &bulk->pages[page].packed;
	a->packed_at = a->body.len;
	mms_str_addn(&a->body, bulk->pages[page].text.ptr, bulk->pages[page].text.len);
	mms_str_add(&a->body, "]\n}\n");
}

bool
g_make_bulk(struct g_service *g, struct g_calendar *c, size_t n, int64_t from_ms, bool is_graph)
{
	struct g_bulk *bulk = &c->bulk;
	size_t per_page = is_graph ? PER_PAGE_GRAPH : PER_PAGE;
	void (*add)(struct mms_str *, size_t, int64_t, const char *) =
		is_graph ? add_graph_event : add_event;
	/* All of them within 80 days. */
	int64_t step_ms = n > 0 ? 80 * MMS_DAY_MS / (int64_t)n / 60000 * 60000 : 0;

	g_bulk_release(bulk);
	bulk->is_graph = is_graph;
	bulk->n_pages = (n + per_page - 1) / per_page;
	bulk->pages = calloc(bulk->n_pages + 1, sizeof *bulk->pages);
	if (bulk->pages == NULL) {
		bulk->n_pages = 0;
		return false;
	}
	for (size_t i = 0; i < n; i++)
		add(&bulk->pages[i / per_page].text, i, from_ms + (int64_t)i * step_ms,
		    c->owner);
	for (size_t i = 0; i < bulk->n_pages; i++) {
		const struct mms_str *text = &bulk->pages[i].text;

		if (!squeeze_part_make(mms_str_get(text), text->len, &bulk->pages[i].packed))
			return false;
	}
	g->seq++;
	return true;
}
