/* Pages of a service as lines (see wire_lines.h). */
#include "support/unit.h"

#include "support/wire_lines.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/fault.h"
#include "mmsync/json.h"
#include "mmsync/mem.h"
#include "mmsync/utf8.h"
#include "mmsync/uuid.h"

int
wire_lines_open(void **state)
{
	MMS_AUTO(mms_err) err = { 0 };

	return mms_zones_new((struct mms_zones **)state, &err) == MMS_OK ? 0 : -1;
}

int
wire_lines_close(void **state)
{
	mms_zones_free(*state);
	return 0;
}

bool
wire_lines_read_file(const char *path, struct mms_str *out)
{
	char buf[4096];
	FILE *file = fopen(path, "rbe");

	if (file == NULL)
		return false;
	for (size_t n; (n = fread(buf, 1, sizeof buf, file)) > 0;)
		mms_str_addn(out, buf, n);
	(void)fclose(file);
	return true;
}

const char *
wire_lines_corpus(void)
{
	const char *folder = getenv("MMS_CORPUS");

	return folder != NULL ? folder : "../shared/data";
}

/* ---- events as text ----------------------------------------------------------------------- */

void
wire_lines_put_text(struct mms_str *out, const char *name, const char *text)
{
	if (text == NULL)
		return;
	mms_str_addf(out, " %s=", name);
	mms_json_add_quoted(out, text, strlen(text));
}

static void
put_time(struct mms_str *out, const char *name, int64_t ms)
{
	char buf[MMS_TIME_TEXT_MAX];

	if (ms != MMS_NO_TIME)
		mms_str_addf(out, " %s=%s", name, mms_time_print(ms, buf));
}

void
wire_lines_put_flag(struct mms_str *out, const char *name, bool is_set)
{
	if (is_set)
		mms_str_addf(out, " %s", name);
}

static void
put_mark(struct mms_str *out, const struct mms_mark *mark)
{
	char text[MMS_UUID_TEXT];
	const char *kind = mms_mark_kind_name(mark->kind);

	if (mark->kind == MMS_MARK_NONE)
		return;
	mms_str_addf(out, " mark=%s:%s", kind != NULL ? kind : "other",
		     mms_uuid_print(mark->id, text));
	mms_str_addf(out, " site=%s", mms_uuid_print(mark->site, text));
	if (mark->has_source)
		mms_str_addf(out, " source=%s", mms_uuid_print(mark->source, text));
}

void
wire_lines_put_event(struct mms_str *out, const struct mms_event *e)
{
	static const char *const kinds[] = { NULL, "out", "focus", "working-location",
					     "birthday" };
	static const char *const shows[] = { "busy", "free", "tentative", "out", "elsewhere" };
	static const char *const types[] = { "", "(optional)", "(resource)" };
	char made_with[MMS_UUID_TEXT];

	mms_str_add(out, e->external_id != NULL ? e->external_id : "(none)");
	put_time(out, "start", e->start_ms);
	put_time(out, "end", e->end_ms);
	if (e->is_all_day)
		mms_str_addf(out, " days=%lld+%lld", (long long)e->first_day,
			     (long long)(e->end_day - e->first_day));
	wire_lines_put_text(out, "series", e->series_id);
	wire_lines_put_text(out, "version", e->version);
	wire_lines_put_text(out, "title", e->title);
	wire_lines_put_text(out, "text", e->description);
	wire_lines_put_text(out, "place", e->location);
	wire_lines_put_text(out, "organizer", e->organizer_email);
	wire_lines_put_text(out, "link", e->link);
	put_time(out, "modified", e->modified_ms);
	for (size_t i = 0; i < e->n_attendees; i++) {
		const char *answer = mms_response_name(e->attendees[i].response);
		wire_lines_put_text(out, "guest", e->attendees[i].email);
		wire_lines_put_text(out, "name", e->attendees[i].display_name);
		if (e->attendees[i].type != MMS_ATTENDEE_REQUIRED)
			mms_str_add(out, types[e->attendees[i].type]);
		mms_str_addf(out, ":%s", answer != NULL ? answer : "?");
	}
	if (e->kind != MMS_EVENT_DEFAULT)
		mms_str_addf(out, " kind=%s", kinds[e->kind]);
	put_mark(out, &e->mark);
	wire_lines_put_flag(out, "tentative", e->status == MMS_EVENT_TENTATIVE);
	wire_lines_put_flag(out, "cancelled", e->status == MMS_EVENT_CANCELLED && !e->is_gone);
	wire_lines_put_flag(out, "free", e->show == MMS_SHOW_FREE);
	if (e->show != MMS_SHOW_FREE && e->show != MMS_SHOW_BUSY)
		mms_str_addf(out, " show=%s", shows[e->show]);
	if (e->has_made_with)
		mms_str_addf(out, " made-with=%s", mms_uuid_print(e->made_with, made_with));
	wire_lines_put_flag(out, "private", e->is_private);
	wire_lines_put_flag(out, "declined", e->is_declined);
	wire_lines_put_flag(out, "gone", e->is_gone);
	wire_lines_put_flag(out, "outside", e->is_outside);
	wire_lines_put_flag(out, "master", e->is_series);
	wire_lines_put_flag(out, "partial", e->is_partial);
	wire_lines_put_text(out, "problem", e->problem);
	wire_lines_put_text(out, "warning", e->warning);
	mms_str_add(out, "\n");
}

void
wire_lines_check_event(const struct mms_event *e)
{
	const char *texts[] = { e->external_id, e->series_id, e->title,
				e->description, e->location,  e->organizer_email,
				e->problem,     e->warning,   e->version };

	for (size_t i = 0; i < MMS_COUNT(texts); i++)
		assert_true(
			texts[i] == NULL ||
			(texts[i][0] != '\0' && mms_utf8_is_valid(texts[i], strlen(texts[i]))));
	assert_null(e->recurrence_id);
	if (e->external_id == NULL || e->is_gone || e->problem != NULL)
		return;
	assert_true(e->start_ms != MMS_NO_TIME && e->end_ms >= e->start_ms);
	assert_true(!e->is_all_day || e->end_day > e->first_day);
}

/* ---- folders ------------------------------------------------------------------------------ */

/* FOLDER/NAME.json as it stands. */
static void
read_page(const char *folder, const char *name, struct mms_str *out)
{
	char path[512];

	(void)snprintf(path, sizeof path, "%s/%s.json", folder, name);
	assert_true(wire_lines_read_file(path, out));
}

static bool
check_fixture(const char *folder, const char *name, struct mms_zones *zones,
	      wire_lines_fn print)
{
	const char *mode = getenv("MMS_GOLDEN");
	MMS_AUTO(mms_str) text = { 0 };
	MMS_AUTO(mms_str) golden = { 0 };
	MMS_AUTO(mms_str) out = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	char path[512];

	read_page(folder, name, &text);
	if (print(zones, &text, &out, &err) != MMS_OK)
		mms_str_addf(&out, "error %s: %s\n", mms_rc_name(err.code), mms_err_text(&err));
	(void)snprintf(path, sizeof path, "%s/%s.txt", folder, name);
	(void)wire_lines_read_file(path, &golden);
	if (strcmp(mms_str_get(&out), mms_str_get(&golden)) == 0)
		return true;
	if (mode != NULL && strcmp(mode, "update") == 0) {
		FILE *file = fopen(path, "wbe");
		assert_non_null(file);
		assert_int_equal(fwrite(out.ptr, 1, out.len, file), out.len);
		return fclose(file) == 0;
	}
	print_error("%s: what came out is\n%s", name, mms_str_get(&out));
	return false;
}

unsigned
wire_lines_check_folder(const char *folder, struct mms_zones *zones, wire_lines_fn print)
{
	DIR *dir = opendir(folder);
	unsigned n = 0, n_bad = 0;

	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir)) != NULL;) {
		char name[300];
		const char *dot = strrchr(e->d_name, '.');
		if (dot == NULL || strcmp(dot, ".json") != 0)
			continue;
		(void)snprintf(name, sizeof name, "%.*s", (int)(dot - e->d_name), e->d_name);
		n++;
		n_bad += check_fixture(folder, name, zones, print) ? 0 : 1;
	}
	(void)closedir(dir);
	assert_int_equal(n_bad, 0);
	return n;
}

void
wire_lines_check_cut(const char *folder, const char *name, struct mms_zones *zones,
		     wire_lines_fn print)
{
	MMS_AUTO(mms_str) whole = { 0 };

	read_page(folder, name, &whole);
	while (whole.ptr[whole.len - 1] == '\n')
		mms_str_cut(&whole, whole.len - 1);
	for (size_t n = 0; n < whole.len; n++) {
		MMS_AUTO(mms_str) text = { 0 };
		MMS_AUTO(mms_str) out = { 0 };
		MMS_AUTO(mms_err) err = { 0 };

		mms_str_addn(&text, whole.ptr, n);
		assert_int_equal(print(zones, &text, &out, &err), MMS_E_RETRY);
		assert_int_equal(out.len, 0);
	}
}

/* One reading with the n-th allocation from here failing. True: it was read all the same. */
static bool
read_without(unsigned long n, const struct mms_str *text, const char *golden,
	     struct mms_zones *zones, wire_lines_fn print)
{
	MMS_AUTO(mms_str) copy = { 0 };
	MMS_AUTO(mms_str) out = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	char fault[64];

	mms_str_addn(&copy, text->ptr, text->len);
	(void)snprintf(fault, sizeof fault, "alloc:%lu", mms_fault_count(MMS_FAULT_ALLOC) + n);
	assert_true(mms_fault_arm_text(fault));
	mms_rc rc = print(zones, &copy, &out, &err);
	(void)mms_fault_arm_text("alloc:1000000000");
	if (rc != MMS_OK) {
		assert_int_equal(rc, MMS_E_NOMEM);
		return false;
	}
	if (out.state != MMS_OK)
		return false; /* the test's own text */
	assert_string_equal(mms_str_get(&out), golden);
	return true;
}

void
wire_lines_check_memory(const char *folder, const char *name, struct mms_zones *zones,
			wire_lines_fn print)
{
	MMS_AUTO(mms_str) text = { 0 };
	MMS_AUTO(mms_str) golden = { 0 };
	char path[512];
	unsigned n_read = 0;

	if (!mms_fault_arm_text("alloc:1000000000"))
		skip();
	read_page(folder, name, &text);
	(void)snprintf(path, sizeof path, "%s/%s.txt", folder, name);
	assert_true(wire_lines_read_file(path, &golden));
	for (unsigned long n = 1; n_read < 2; n++) {
		assert_true(n < 5000);
		n_read += read_without(n, &text, mms_str_get(&golden), zones, print) ? 1 : 0;
	}
}

void
wire_lines_check_rows(const struct wire_lines_row *rows, size_t n, struct mms_zones *zones,
		      wire_lines_fn print)
{
	for (size_t i = 0; i < n; i++) {
		MMS_AUTO(mms_str) text = { 0 };
		MMS_AUTO(mms_str) out = { 0 };
		MMS_AUTO(mms_err) err = { 0 };

		mms_str_add(&text, rows[i].text);
		mms_rc rc = print(zones, &text, &out, &err);
		if (rc != rows[i].rc)
			fail_msg("%s: %s", rows[i].label, mms_rc_name(rc));
		assert_true(rc == MMS_OK || mms_err_hint(&err)[0] != '\0');
		assert_true(rc == MMS_OK || out.len == 0);
	}
}

void
wire_lines_check_nesting(const char *start, struct mms_zones *zones, wire_lines_fn print)
{
	MMS_AUTO(mms_str) text = { 0 };
	MMS_AUTO(mms_str) out = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	mms_str_add(&text, start);
	for (int i = 0; i < 100000; i++)
		mms_str_addc(&text, '[');
	assert_int_equal(print(zones, &text, &out, &err), MMS_E_RETRY);
}
