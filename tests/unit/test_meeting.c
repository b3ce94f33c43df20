/* Meetings: of events, their base as JSON, what differs, and the merge with its laws. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mmsync/attr.h"
#include "mmsync/meeting.h"
#include "mmsync/mem.h"

#define OK(call)                                                       \
	do {                                                           \
		MMS_AUTO(mms_err) err = { 0 };                         \
		if ((call) != MMS_OK)                                  \
			fail_msg("%s: %s", #call, mms_err_text(&err)); \
	} while (0)

/* ---- of an event ----------------------------------------------------------------------------- */

static void
join(const struct mms_meeting *m, struct mms_str *out)
{
	for (size_t i = 0; i < m->n_guests; i++)
		mms_str_addf(out, "%s%s(%s)", i > 0 ? " " : "", m->guests[i].email,
			     m->guests[i].name != NULL ? m->guests[i].name : "-");
}

static void
an_events_content_is_a_meeting(void **state)
{
	static char title[] = " Title\r\n", place[] = "", text[] = "<p>x</p>",
		    host[] = "Host@example.com";
	static char a[] = "zoe@example.com", b[] = "host@Example.com", c[] = "Ann@example.com",
		    d[] = "ann@example.com", e[] = "", name[] = "Zoe", none[] = "";
	struct mms_attendee attendees[] = {
		{ .email = a, .display_name = name },
		{ .email = b },
		{ .email = c },
		{ .email = d },
		{ .email = e },
		{ .email = NULL },
		{ .email = a, .display_name = none },
	};
	const struct mms_event event = { .title = title,
					 .location = place,
					 .description = text,
					 .organizer_email = host,
					 .attendees = attendees,
					 .n_attendees = MMS_COUNT(attendees),
					 .start_ms = 5,
					 .end_ms = 7 };
	MMS_AUTO(mms_meeting) m = { 0 };
	MMS_AUTO(mms_str) guests = { 0 };

	(void)state;
	OK(mms_meeting_of_event(&event, &m, &err));
	assert_int_equal(m.start_ms, 5);
	assert_int_equal(m.end_ms, 7);
	assert_string_equal(m.title, " Title\r\n");
	assert_null(m.place);
	assert_string_equal(m.text, "<p>x</p>");
	join(&m, &guests);
	if (strcmp(mms_str_get(&guests), "Ann@example.com(-) zoe@example.com(Zoe)") != 0 &&
	    strcmp(mms_str_get(&guests), "Ann@example.com(-) zoe@example.com(-)") != 0)
		fail_msg("%s", mms_str_get(&guests));
}

static void
an_event_of_nothing_is_a_meeting_of_nothing(void **state)
{
	const struct mms_event event = { .start_ms = MMS_NO_TIME, .end_ms = MMS_NO_TIME };
	MMS_AUTO(mms_meeting) m = { 0 };

	(void)state;
	OK(mms_meeting_of_event(&event, &m, &err));
	assert_true(m.start_ms == MMS_NO_TIME && m.title == NULL && m.place == NULL &&
		    m.text == NULL && m.n_guests == 0);
}

/* ---- what differs ---------------------------------------------------------------------------- */

static void
each_field_is_told_apart(void **state)
{
	static char title[] = "T", other[] = "t", empty[] = "", text[] = "x";
	static char ann[] = "ann@example.com", big[] = "ANN@example.com",
		    bob[] = "bob@example.com";
	static struct mms_guest one[] = { { ann, text } }, same[] = { { big, NULL } },
				two[] = { { ann, NULL }, { bob, NULL } };
	static const struct mms_meeting before = {
		.start_ms = 1, .end_ms = 2, .title = title, .guests = one, .n_guests = 1
	};
	static const struct {
		const char *label;
		struct mms_meeting now;
		unsigned want;
	} rows[] = {
		{ "the same", { 1, 2, title, NULL, NULL, one, 1 }, 0 },
		{ "nothing is as good as empty", { 1, 2, title, empty, empty, one, 1 }, 0 },
		{ "case and name of a guest", { 1, 2, title, NULL, NULL, same, 1 }, 0 },
		{ "start", { 0, 2, title, NULL, NULL, one, 1 }, MMS_FIELD_TIMES },
		{ "end", { 1, 3, title, NULL, NULL, one, 1 }, MMS_FIELD_TIMES },
		{ "title", { 1, 2, other, NULL, NULL, one, 1 }, MMS_FIELD_TITLE },
		{ "no title", { 1, 2, NULL, NULL, NULL, one, 1 }, MMS_FIELD_TITLE },
		{ "place", { 1, 2, title, text, NULL, one, 1 }, MMS_FIELD_PLACE },
		{ "text", { 1, 2, title, NULL, text, one, 1 }, MMS_FIELD_TEXT },
		{ "guests", { 1, 2, title, NULL, NULL, two, 2 }, MMS_FIELD_GUESTS },
		{ "no guests", { 1, 2, title, NULL, NULL, NULL, 0 }, MMS_FIELD_GUESTS },
		{ "all", { 3, 4, other, text, text, two, 2 }, MMS_FIELD_ALL },
	};
	struct mms_meeting_base unknown = { 0 };
	MMS_AUTO(mms_base) base = { 0 };
	unsigned is = 0;

	(void)state;
	OK(mms_meeting_base_make(&before, &base.booking, &err));
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		OK(mms_meeting_differs(&rows[i].now, &base.booking, &is, &err));
		if (is != rows[i].want)
			fail_msg("%s: %x", rows[i].label, is);
		OK(mms_meeting_differs(&rows[i].now, &unknown, &is, &err));
		assert_int_equal(is, MMS_FIELD_ALL);
	}
}

/* ---- JSON ------------------------------------------------------------------------------------ */

#define EMPTY_HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void
a_base_is_written_and_read_back(void **state)
{
	static char title[] = "T \"x\" \xC3\xA4\n", link[] = "https://example.com/";
	static const struct mms_meeting meeting = { .start_ms = 1,
						    .end_ms = MMS_NO_TIME,
						    .title = title };
	MMS_AUTO(mms_base) base = { 0 };
	MMS_AUTO(mms_base) back = { 0 };
	MMS_AUTO(mms_str) text = { 0 };
	MMS_AUTO(mms_str) again = { 0 };

	(void)state;
	OK(mms_meeting_base_make(&meeting, &base.booking, &err));
	base.link = mms_text_copy(link);
	base.invited = mms_text_copy("a@example.com\nb@example.com");
	base.service = mms_text_copy("outlook");
	OK(mms_base_write(&base, &text, &err));
	assert_string_equal(
		mms_str_get(&text),
		"{\"v\":1,\"status\":null,\"booking\":{\"start\":1,\"end\":null,"
		"\"title\":\"T \\\"x\\\" \xC3\xA4\\n\",\"place\":null,"
		"\"text\":\"" EMPTY_HEX "\",\"guests\":\"" EMPTY_HEX "\"},"
		"\"outside\":null,\"link\":\"https://example.com/"
		"\",\"invited\":\"a@example.com\\nb@example.com\",\"calendar\":null,"
		"\"service\":\"outlook\"}");
	OK(mms_base_read(mms_str_get(&text), &back, &err));
	assert_true(back.booking.is_known);
	assert_false(back.outside.is_known);
	assert_null(back.status);
	assert_string_equal(back.booking.title, title);
	assert_true(back.booking.end_ms == MMS_NO_TIME);
	OK(mms_base_write(&back, &again, &err));
	assert_string_equal(mms_str_get(&again), mms_str_get(&text));
}

/* Who was added outside stays; who was ours and is not wanted any more goes. */
static void
guests_of_a_person_stay(void **state)
{
	static char old[] = "old@example.com", kept[] = "Kept@example.com",
		    added[] = "added@example.com", name[] = "Added",
		    fresh[] = "new@example.com", title[] = "T";
	struct mms_guest guests[] = { { kept, NULL }, { fresh, NULL } };
	struct mms_attendee attendees[] = { { .email = old },
					    { .email = kept },
					    { .email = added, .display_name = name } };
	const struct mms_meeting meeting = { .title = title, .guests = guests, .n_guests = 2 };
	const struct mms_event event = { .attendees = attendees, .n_attendees = 3 };
	MMS_AUTO(mms_meeting) all = { 0 };
	char *list = NULL;

	(void)state;
	OK(mms_meeting_list_guests(&meeting, &list, &err));
	assert_string_equal(list, "Kept@example.com\nnew@example.com");
	mms_free(list);
	OK(mms_meeting_with_guests(&meeting, &event, "OLD@example.com\nkept@example.com", &all,
				   &err));
	assert_int_equal(all.n_guests, 3);
	assert_string_equal(all.guests[0].email, added);
	assert_string_equal(all.guests[0].name, name);
	assert_string_equal(all.guests[1].email, kept);
	assert_string_equal(all.guests[2].email, fresh);
	assert_string_equal(all.title, title);
	mms_meeting_release(&all);
	/* Nobody knows whom we invited: nobody is left out. */
	OK(mms_meeting_with_guests(&meeting, &event, NULL, &all, &err));
	assert_int_equal(all.n_guests, 4);
}

#define SIDE "{\"text\":\"" EMPTY_HEX "\",\"guests\":\"" EMPTY_HEX "\""

static void
what_is_no_base_is_refused(void **state)
{
	static const struct {
		const char *text;
		bool is_good;
	} rows[] = {
		{ "{\"v\":1}", true },
		{ " { \"more\" : [ 1 , {\"v\":2} ] , \"v\" : 1 } ", true },
		{ "{\"v\":1,\"booking\":" SIDE ",\"later\":[[]]}}", true },
		{ "{\"v\":1,\"booking\":" SIDE "},\"booking\":" SIDE ",\"title\":\"x\"}}",
		  true },
		{ "{\"v\":1,\"status\":\"a\",\"status\":\"b\",\"link\":null}", true },
		{ "{\"v\":1,\"booking\":" SIDE ",\"start\":-9223372036854775808}}", true },
		{ "", false },
		{ "null", false },
		{ "[]", false },
		{ "{}", false },
		{ "{\"v\":2}", false },
		{ "{\"v\":\"1\"}", false },
		{ "{\"v\":1.0}", false },
		{ "{\"v\":1} x", false },
		{ "{\"v\":1", false },
		{ "{\"v\":1,\"status\":7}", false },
		{ "{\"v\":1,\"status\":[\"x\"]}", false },
		{ "{\"v\":1,\"booking\":{}}", false },
		{ "{\"v\":1,\"booking\":[]}", false },
		{ "{\"v\":1,\"booking\":" SIDE ",\"text\":\"e3\"}}", false },
		{ "{\"v\":1,\"booking\":" SIDE ",\"start\":9223372036854775808}}", false },
		{ "{\"v\":1,\"booking\":" SIDE ",\"start\":\"1\"}}", false },
		{ "{\"v\":1,\"booking\":" SIDE ",\"title\":{}}}", false },
		{ "{\"v\":1,\"outside\":{\"text\":\"" EMPTY_HEX "\"}}", false },
		{ "{\"v\":1,\"outside\":{\"text\":\"E3b0c44298fc1c149afbf4c8996fb92427ae41e4649"
		  "b934ca495991b7852b855\",\"guests\":\"" EMPTY_HEX "\"}}",
		  false },
		{ "{\"v\":1,\"link\":\"\xFF\"}", false },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_base) base = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		mms_rc rc = mms_base_read(rows[i].text, &base, &err);
		if (rc != (rows[i].is_good ? MMS_OK : MMS_E_ITEM))
			fail_msg("%s: %s", rows[i].text, mms_rc_name(rc));
	}
}

/* ---- the merge ------------------------------------------------------------------------------- */

static void
the_merge_of_a_field_is_as_the_table_says(void **state)
{
	enum { N = 0, SEND = 1, TAKE = 2, LOST_OUT = 4, LOST_IN = 8 };
	/* By booking changed, outside changed, differs, outside later. */
	static const unsigned char back[2][2][2][2] = {
		{ { { N, N }, { N, N } }, { { N, N }, { TAKE, TAKE } } },
		{ { { N, N }, { SEND, SEND } },
		  { { N, N }, { SEND | LOST_OUT, TAKE | LOST_IN } } },
	};
	static const unsigned char there[2][2][2][2] = {
		{ { { N, N }, { N, N } }, { { N, N }, { N, N } } },
		{ { { N, N }, { SEND, SEND } }, { { N, N }, { SEND | LOST_OUT, N } } },
	};

	(void)state;
	for (unsigned n = 0; n < 16; n++) {
		unsigned b = n & 1, o = n >> 1 & 1, d = n >> 2 & 1, later = n >> 3;
		for (unsigned f = 1; f < MMS_FIELD_ALL; f <<= 1) {
			const struct mms_merge_input in = { .booking_changed = b ? f : 0,
							    .outside_changed = o ? f : 0,
							    .differs = d ? f : 0,
							    .is_outside_later = later != 0 };
			struct mms_merge m = mms_meeting_merge(&in);
			unsigned want = (f & MMS_FIELDS_BACK ? back : there)[b][o][d][later];
			assert_int_equal(m.to_outside, want & SEND ? f : 0);
			assert_int_equal(m.to_booking, want & TAKE ? f : 0);
			assert_int_equal(m.lost_outside, want & LOST_OUT ? f : 0);
			assert_int_equal(m.lost_booking, want & LOST_IN ? f : 0);
		}
	}
}

static uint64_t noise;

static unsigned
random_below(unsigned n)
{
	noise = noise * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)(noise >> 33) % n;
}

/* A side as one small number for each field. */
struct side {
	unsigned char value[5];
};

static unsigned
compare(const struct side *a, const struct side *b)
{
	unsigned fields = 0;

	for (int i = 0; i < 5; i++)
		fields |= a->value[i] != b->value[i] ? 1U << i : 0;
	return fields;
}

static void
copy_fields(struct side *to, const struct side *from, unsigned fields)
{
	for (int i = 0; i < 5; i++) {
		if (fields >> i & 1)
			to->value[i] = from->value[i];
	}
}

static void
change_some(struct side *side)
{
	for (int i = 0; i < 5; i++) {
		if (random_below(2))
			side->value[i] = (unsigned char)random_below(3);
	}
}

/* One round with both sides at one base that they may already differ in (text, guests). */
static void
check_round(struct side *booking, struct side *outside, const struct side *booking_base,
	    const struct side *outside_base)
{
	struct side booking_was = *booking, outside_was = *outside;
	struct mms_merge_input in = { .booking_changed = compare(booking, booking_base),
				      .outside_changed = compare(outside, outside_base),
				      .differs = compare(booking, outside),
				      .is_outside_later = random_below(2) != 0 };
	struct mms_merge m = mms_meeting_merge(&in);
	unsigned touched = in.booking_changed | in.outside_changed;

	assert_int_equal(m.to_booking & m.to_outside, 0);
	copy_fields(outside, &booking_was, m.to_outside);
	copy_fields(booking, &outside_was, m.to_booking);
	/* They agree wherever either changed and both can hold it. */
	assert_int_equal(compare(booking, outside) & touched & MMS_FIELDS_BACK, 0);
	/* What changed on one side only is still there. */
	assert_int_equal(
		compare(booking, &booking_was) & in.booking_changed & ~in.outside_changed, 0);
	assert_int_equal(
		compare(outside, &outside_was) & in.outside_changed & ~in.booking_changed, 0);
	/* What a person typed and is gone is among the lost. */
	assert_int_equal(compare(booking, &booking_was) & in.booking_changed & ~m.lost_booking,
			 0);
	assert_int_equal(compare(outside, &outside_was) & in.outside_changed & ~m.lost_outside,
			 0);
	/* After the settle nothing is left to do, whoever looks. */
	in = (struct mms_merge_input){ .differs = compare(booking, outside),
				       .is_outside_later = random_below(2) != 0 };
	m = mms_meeting_merge(&in);
	assert_int_equal(m.to_outside | m.to_booking | m.lost_outside | m.lost_booking, 0);
}

static void
both_sides_agree_after_a_merge_and_stay_so(void **state)
{
	const char *given = getenv("MMS_SEED");
	uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);

	(void)state;
	noise = seed;
	print_message("# MMS_SEED=%llu\n", (unsigned long long)seed);
	for (int i = 0; i < 2000; i++) {
		struct side booking = { 0 }, outside = { 0 };
		for (int round = 0; round < 6; round++) {
			struct side booking_base = booking, outside_base = outside;
			change_some(&booking);
			change_some(&outside);
			check_round(&booking, &outside, &booking_base, &outside_base);
		}
	}
}

static void
a_text_is_the_same_as_its_words(void **state)
{
	static const struct {
		const char *html, *other;
		bool is_same;
	} rows[] = {
		{ NULL, NULL, true },
		{ "", "\r\n", true },
		{ NULL, "a", false },
		{ "<p>Customer: Ann</p><p>Notes: a<br>b</p>",
		  "Customer: Ann\r\n\r\nNotes: a\r\nb\r\n", true },
		{ "<p>Customer: Ann</p>", "Customer: Anna", false },
		{ "<p>Customer: Ann</p>", "Customer: An", false },
		{ "<p>Guests: A &lt;a@example.com&gt;</p>", "Guests: A <a@example.com>", true },
		{ "<p>Guests: A &lt;a@example.com&gt;</p>",
		  "<P>Guests:&nbsp;A &#60;a@example.com&#x3E;</P>", true },
		{ "a &amp;&quot;b&quot; &#8364; &#128512;",
		  "a&\"b\"\xe2\x82\xac \xf0\x9f\x98\x80", true },
		{ "a\xc2\xa0"
		  "b",
		  "a b", true },
		{ "1 < 2 & 3", "1 < 2 & 3", true },
		{ "x &#0; &#1114112; &; &#;", "x &#0; &#1114112; &; &#;", true },
		{ "<b>a", "a", true },
		{ "<b", "<b", true },
		{ "a", "<html><body>a</body></html>", true },
		{ "&am", "&am", true },
		{ "&amp;lt;", "&lt;", true },
		{ "&amp;lt;", "<", false },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		if (mms_meeting_reads_same(rows[i].html, rows[i].other) != rows[i].is_same)
			fail_msg("row %zu: %s | %s", i, rows[i].html, rows[i].other);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_is_the_same_as_its_words),
		cmocka_unit_test(an_events_content_is_a_meeting),
		cmocka_unit_test(an_event_of_nothing_is_a_meeting_of_nothing),
		cmocka_unit_test(each_field_is_told_apart),
		cmocka_unit_test(a_base_is_written_and_read_back),
		cmocka_unit_test(guests_of_a_person_stay),
		cmocka_unit_test(what_is_no_base_is_refused),
		cmocka_unit_test(the_merge_of_a_field_is_as_the_table_says),
		cmocka_unit_test(both_sides_agree_after_a_merge_and_stay_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
