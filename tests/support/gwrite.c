/* Writes of a session (see the header). */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "mmsync/fault.h"
#include "support/gwrite.h"

/* String literals are not written to. */
#define T(text) ((char *)(uintptr_t)(text))

const struct mms_meeting gwrite_talk = { .start_ms = GSESSION_NOW,
					 .end_ms = GSESSION_NOW + 3600000,
					 .title = T("Talk") },
			 gwrite_later = { .start_ms = GSESSION_NOW + 7200000,
					  .end_ms = GSESSION_NOW + 9000000,
					  .title = T("Talk, later"),
					  .text = T("Bring &lt;nothing&gt;<br>be on time.") };

struct mms_write
gwrite_create(unsigned char number)
{
	struct mms_write write = { .meeting = &gwrite_talk,
				   .mark = { .kind = MMS_MARK_BOOKING } };

	write.mark.id[15] = number;
	write.mark.site[0] = 0xaa;
	return write;
}

struct mms_write
gwrite_change(const char *id, unsigned fields, const struct mms_meeting *meeting)
{
	return (struct mms_write){ .kind = MMS_WRITE_CHANGE,
				   .external_id = id,
				   .fields = fields,
				   .meeting = meeting };
}

struct mms_write
gwrite_away(const char *id)
{
	return (struct mms_write){ .kind = MMS_WRITE_DELETE, .external_id = id };
}

mms_rc
gwrite_put(struct gsession *g, const struct mms_write *write, struct mms_write_result *result)
{
	MMS_AUTO(mms_err) err = { 0 };

	mms_write_result_release(result);
	mms_rc rc = g->ops->put(g->session, write, 1, result, &err);
	/* What the session says is what the write says. */
	assert_true(rc == MMS_OK || rc == result->err.code);
	return result->err.code;
}

/* A service's session reads an event as it stands there. */
static void
read_event(struct gsession *g, const char *id, struct mms_event *out)
{
	MMS_AUTO(mms_err) err = { 0 };

	mms_event_release(out);
	*out = (struct mms_event){ 0 };
	assert_int_equal(g->ops->get(g->session, id, out, &err), MMS_OK);
}

static void
check_mark(const struct mms_event *event, const struct mms_mark *mark)
{
	assert_memory_equal(&event->mark.id, mark->id, 16);
	assert_memory_equal(&event->mark.site, mark->site, 16);
	assert_int_equal(event->mark.kind, mark->kind);
	assert_int_equal(event->mark.has_source, mark->has_source);
	assert_memory_equal(&event->mark.source, mark->source, 16);
}

void
gwrite_play_block(struct gsession *g, struct mms_write_result *made,
		  struct mms_write_result *moved)
{
	struct mms_guest guests[] = { { T("bob@example.com"), NULL } };
	struct mms_meeting meeting = gwrite_later;
	MMS_AUTO(mms_event) event = { 0 };
	struct mms_write write = gwrite_create(1), change;

	meeting.guests = guests;
	meeting.n_guests = 1;
	meeting.place = T("Room 1");
	write.meeting = &meeting;
	write.is_busy_block = true;
	write.notify = MMS_SEND_ALL;
	write.mark.kind = MMS_MARK_BUSY_BLOCK;
	write.mark.has_source = true;
	write.mark.source[3] = 7;
	assert_int_equal(gwrite_put(g, &write, made), MMS_OK);
	const char *id = made->event.external_id;
	assert_true(made->event.is_private && made->event.show == MMS_SHOW_BUSY);
	gfake_control(&g->fake,
		      "change " GSESSION_CALENDAR " %s transparency=transparent "
		      "visibility=public graph.showAs=\"free\" "
		      "graph.sensitivity=\"normal\"",
		      id);
	read_event(g, id, &event);
	assert_true(!event.is_private && event.show == MMS_SHOW_FREE);
	change = gwrite_change(id, MMS_FIELD_ALL, &meeting);
	meeting.start_ms = gwrite_talk.start_ms;
	change.is_busy_block = true;
	change.notify = MMS_SEND_ALL;
	assert_int_equal(gwrite_put(g, &change, moved), MMS_OK);
	read_event(g, id, &event);
	assert_true(event.is_private && event.show == MMS_SHOW_BUSY);
	assert_true(event.start_ms == gwrite_talk.start_ms);
	assert_true(event.n_attendees == 0 && event.location == NULL);
	assert_true(event.description == NULL);
	check_mark(&event, &write.mark);
}

void
gwrite_play_marks(struct gsession *g)
{
	static const struct {
		const char *label;
		struct mms_mark mark;
	} rows[] = {
		{ "a person's own event",
		  { .kind = MMS_MARK_USER_EVENT, .id = { 1 }, .site = { 0xaa } } },
		{ "another kind, with a source",
		  { .kind = MMS_MARK_BUSY_BLOCK,
		    .id = { 2 },
		    .site = { 0xbb },
		    .has_source = true,
		    .source = { 3 } } },
	};
	MMS_AUTO(mms_event) event = { 0 };

	gfake_control(&g->fake, "event " GSESSION_CALENDAR
				" mine1 \"M\" 2026-03-10T10:00 2026-03-10T11:00 place=Here "
				"guests=bob@example.com:accepted");
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_write_result) result = { 0 };
		struct mms_write write = gwrite_change("mine1", MMS_FIELD_MARK, NULL);

		write.mark = rows[i].mark;
		if (gwrite_put(g, &write, &result) != MMS_OK)
			fail_msg("%s: %s", rows[i].label, mms_err_text(&result.err));
		read_event(g, "mine1", &event);
		assert_string_equal(result.event.version, event.version);
		check_mark(&event, &rows[i].mark);
		assert_string_equal(event.title, "M");
		assert_string_equal(event.location, "Here");
		assert_true(event.n_attendees >= 1 && !event.is_private);
	}
}

void
gwrite_expect(const struct mms_write_result *results, const mms_rc *expected, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (results[i].err.code != expected[i])
			fail_msg("write %zu: %s: %s", i, mms_rc_name(results[i].err.code),
				 mms_err_text(&results[i].err));
	}
}

void
gwrite_release_results(struct mms_write_result *results, size_t n)
{
	for (size_t i = 0; i < n; i++)
		mms_write_result_release(&results[i]);
}

void
gwrite_stands(const struct gsession *g, const char *id, const char *path, const char *expected)
{
	json_t *event = gfake_event(&g->fake, GSESSION_CALENDAR, id);
	char value[256] = "(no such event)";

	if (event != NULL)
		gfake_value(event, path, value, sizeof value);
	json_decref(event);
	if (strcmp(value, expected) != 0)
		fail_msg("%s: %s is '%s', not '%s'", id, path, value, expected);
}

size_t
gwrite_count(const struct gsession *g, const char *title)
{
	json_t *events = gfake_events(&g->fake, GSESSION_CALENDAR), *event;
	size_t i, n = 0;

	json_array_foreach(events, i, event)
	{
		char status[32], text[256];

		gfake_value(event, "status", status, sizeof status);
		gfake_value(event, "title", text, sizeof text);
		n += strcmp(status, "cancelled") != 0 && strcmp(text, title) == 0;
	}
	json_decref(events);
	return n;
}

/* ---- trouble ------------------------------------------------------------------------------- */

void
gwrite_play(struct gsession *g, const struct gwrite_trouble *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		MMS_AUTO(mms_write_result) result = { 0 };
		struct mms_write write = gwrite_create((unsigned char)(i + 1));
		struct mms_meeting meeting = gwrite_talk;
		char title[32];

		(void)snprintf(title, sizeof title, "Talk %zu", i);
		meeting.title = title;
		write.meeting = &meeting;
		g->n_told = g->n_refused = 0;
		gfake_control(&g->fake, "fault %s", rows[i].fault);
		mms_rc rc = gwrite_put(g, &write, &result);
		gfake_control(&g->fake, "fault clear");
		if (rc != rows[i].rc || gwrite_count(g, title) != rows[i].is_made ||
		    g->n_told != rows[i].n_told || g->n_inside != 0)
			fail_msg("%s: %s: %s", rows[i].fault, mms_rc_name(rc),
				 mms_err_text(&result.err));
		if (rc == MMS_E_ITEM)
			assert_true(mms_err_hint(&result.err)[0] != '\0');
	}
}

void
gwrite_play_batches(struct gsession *g, const struct gwrite_batch_trouble *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct mms_write writes[2] = { gwrite_create((unsigned char)(1 + 2 * i)),
						     gwrite_create(
							     (unsigned char)(2 + 2 * i)) };
		struct mms_write_result results[2];
		MMS_AUTO(mms_err) err = { 0 };

		g->n_refused = 0;
		gfake_control(&g->fake, "fault %s", rows[i].fault);
		mms_rc rc = g->ops->put(g->session, writes, 2, results, &err);
		gfake_control(&g->fake, "fault clear");
		if (rc != rows[i].rc || results[0].err.code != rows[i].first ||
		    results[1].err.code != rows[i].second || g->n_inside != 0)
			fail_msg("%s: %s, %s and %s", rows[i].fault, mms_rc_name(rc),
				 mms_rc_name(results[0].err.code),
				 mms_rc_name(results[1].err.code));
		gwrite_release_results(results, 2);
	}
}

/* ---- memory -------------------------------------------------------------------------------- */

/* Are all of them done? */
static bool
check_results(const struct mms_write_result *results, size_t n)
{
	size_t n_done = 0;

	for (size_t i = 0; i < n; i++) {
		mms_rc code = results[i].err.code;
		assert_true(code == MMS_OK || code == MMS_E_NOMEM || code == MMS_E_RETRY);
		assert_true(code != MMS_OK || i + 1 == n ||
			    results[i].event.external_id != NULL);
		n_done += code == MMS_OK;
	}
	return n_done == n;
}

void
gwrite_play_memory(struct gsession *g, const struct mms_write *writes, size_t n)
{
	unsigned n_good = 0;

	if (!mms_fault_arm_text("alloc:1000000000"))
		skip();
	for (unsigned long at = 1; n_good < 3; at++) {
		struct mms_write_result results[8];
		MMS_AUTO(mms_err) err = { 0 };
		char fault[64];

		assert_true(at < 3000 && n <= MMS_COUNT(results));
		(void)snprintf(fault, sizeof fault, "alloc:%lu",
			       mms_fault_count(MMS_FAULT_ALLOC) + at);
		assert_true(mms_fault_arm_text(fault));
		mms_rc rc = g->ops->put(g->session, writes, n, results, &err);
		(void)mms_fault_arm_text("alloc:1000000000");
		assert_int_equal(g->n_inside, 0);
		n_good += check_results(results, n) && rc == MMS_OK;
		gwrite_release_results(results, n);
	}
}

void
gwrite_play_untried(struct gsession *g, const char *fault, unsigned char n, int64_t wait_ms)
{
	struct mms_write writes[UINT8_MAX];
	struct mms_write_result results[UINT8_MAX];
	MMS_AUTO(mms_err) err = { 0 };

	for (unsigned char i = 0; i < n; i++)
		writes[i] = gwrite_create((unsigned char)(i + 1));
	gfake_control(&g->fake, "fault %s", fault);
	assert_int_equal(g->ops->put(g->session, writes, n, results, &err), MMS_E_WAIT);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(results[i].err.code, MMS_E_WAIT);
		assert_int_equal(results[i].err.retry_at_ms, GSESSION_NOW + wait_ms);
	}
	gwrite_release_results(results, n);
	assert_int_equal(gfake_count(&g->fake, "POST", "batch"), 1);
}

void
gwrite_play_own_waits(struct gsession *g)
{
	const struct mms_write writes[2] = { gwrite_create(1), gwrite_create(2) };

	gsession_limit_places(g);
	for (int i = 0; i < 2; i++) {
		struct mms_write_result results[2];
		MMS_AUTO(mms_err) err = { 0 };

		g->budget_rc = i == 0 ? MMS_E_WAIT : MMS_OK;
		g->place_rc = i == 1 ? MMS_E_WAIT : MMS_OK;
		assert_int_equal(g->ops->put(g->session, writes, 2, results, &err), MMS_E_WAIT);
		assert_int_equal(results[1].err.code, MMS_E_WAIT);
		assert_int_equal(g->n_told, 0);
		gwrite_release_results(results, 2);
	}
	assert_int_equal(gfake_count(&g->fake, "POST", NULL), 0);
}
