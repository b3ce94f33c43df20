/* Content lines and the values in them. */
#include "support/unit.h"

#include <string.h>

#include "mmsync/attr.h"
#include "mmsync/ical.h"
#include "mmsync/mem.h"
#include "mmsync/timetext.h"

/* A feed in memory that arrives in pieces. */
struct source {
	const char *text;
	size_t len, chunk;
};

static mms_rc
read_some(void *aux, int64_t offset, char *buf, size_t size, size_t *got, struct mms_err *err)
{
	const struct source *s = aux;
	size_t left = s->len - (size_t)offset;

	(void)err;
	size = size < s->chunk ? size : s->chunk;
	*got = left < size ? left : size;
	memcpy(buf, s->text + offset, *got);
	return MMS_OK;
}

static mms_rc
fail_to_read(void *aux, int64_t offset, char *buf, size_t size, size_t *got,
	     struct mms_err *err)
{
	(void)aux;
	(void)offset;
	(void)buf;
	(void)size;
	(void)got;
	return mms_fail(err, MMS_E_RETRY, "the disk is gone");
}

/* Lines as "number@offset name|params|value" with newlines between. */
static void
list(const char *text, size_t chunk, struct mms_str *out, uint32_t *n_junk)
{
	struct source source = { text, strlen(text), chunk };
	MMS_AUTO(mms_ical) reader = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	struct mms_ical_line line;
	bool has = true;

	assert_int_equal(mms_ical_open(&reader, read_some, &source, &err), MMS_OK);
	for (;;) {
		assert_int_equal(mms_ical_next(&reader, &line, &has, &err), MMS_OK);
		if (!has)
			break;
		mms_str_addf(out, "%u@%d %.*s|%.*s|%.*s\n", line.number, (int)line.offset,
			     (int)line.name.len, line.name.ptr, (int)line.params.len,
			     line.params.ptr, (int)line.value.len, line.value.ptr);
	}
	*n_junk = reader.n_junk;
}

static void
bytes_become_content_lines(void **state)
{
	static const struct {
		const char *label, *text, *want;
		uint32_t n_junk;
	} rows[] = {
		{ "nothing", "", "", 0 },
		{ "one without an end", "A:b", "1@0 A||b\n", 0 },
		{ "CRLF", "A:b\r\nC:d\r\n", "1@0 A||b\n2@5 C||d\n", 0 },
		{ "LF", "A:b\nC:d\n", "1@0 A||b\n2@4 C||d\n", 0 },
		{ "CR", "A:b\rC:d\r", "1@0 A||b\n2@4 C||d\n", 0 },
		{ "CR CR LF", "A:b\r\r\nC:d\r\r\n", "1@0 A||b\n2@6 C||d\n", 0 },
		{ "a stray CR stays", "A:b\rc\nC:d", "1@0 A||b\rc\n2@6 C||d\n", 0 },
		{ "folded", "A:b\r\n c\r\n\td\r\nE:f", "1@0 A||bcd\n4@13 E||f\n", 0 },
		{ "folded in the name", "DT\n START\n :1", "1@0 DTSTART||1\n", 0 },
		{ "an empty fold", "A:b\n \n c\n", "1@0 A||bc\n", 0 },
		{ "empty lines", "\n\nA:b\n\n\nC:d\n", "3@2 A||b\n6@8 C||d\n", 0 },
		{ "junk", "words\nA:b\n=\nno colon;here\n:x\n", "2@6 A||b\n", 4 },
		{ "a mark",
		  "\xEF\xBB\xBF"
		  "A:b\n\xEF\xBB\xBF"
		  "C:d",
		  "1@0 A||b\n2@7 C||d\n", 0 },
		{ "parameters", "A;X=1;Y=\"a:b\":c:d", "1@0 A|X=1;Y=\"a:b\"|c:d\n", 0 },
		{ "an open quote", "A;X=\"1:b", "1@0 A|X=\"1|b\n", 0 },
		{ "a blank before the colon", "A : b", "1@0 A|| b\n", 0 },
		{ "an empty value", "A:\nB;C=:\n", "1@0 A||\n2@3 B|C=|\n", 0 },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		for (size_t chunk = 1; chunk < 10; chunk += 4) {
			MMS_AUTO(mms_str) got = { 0 };
			uint32_t n_junk = 0;
			/* The line end is chosen by the first bytes that arrive. */
			size_t piece = strchr(rows[i].label, 'R') != NULL ? 4096 : chunk;
			list(rows[i].text, piece, &got, &n_junk);
			if (strcmp(mms_str_get(&got), rows[i].want) != 0 ||
			    n_junk != rows[i].n_junk)
				fail_msg("row '%s' in pieces of %zu: %s", rows[i].label, chunk,
					 mms_str_get(&got));
		}
	}
}

static void
lines_longer_than_the_window_are_whole_and_bounded(void **state)
{
	static const size_t lens[] = { 65530, 65535, 65536, 65537, 200000, 1048570, 3000000 };

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(lens); i++) {
		char *text = mms_alloc(lens[i] + 10);
		memset(text, 'x', lens[i]);
		text[1] = ':';
		memcpy(text + lens[i], "\r\nA:b\r\n", 8);
		struct source source = { text, lens[i] + 7, SIZE_MAX };
		MMS_AUTO(mms_ical) reader = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		struct mms_ical_line line;
		bool has;

		assert_int_equal(mms_ical_open(&reader, read_some, &source, &err), MMS_OK);
		assert_int_equal(mms_ical_next(&reader, &line, &has, &err), MMS_OK);
		size_t want = lens[i] < MMS_ICAL_LINE_MAX ? lens[i] : MMS_ICAL_LINE_MAX;
		assert_int_equal(line.value.len, want - 2);
		assert_int_equal(line.is_cut, lens[i] > MMS_ICAL_LINE_MAX);
		assert_int_equal(mms_ical_next(&reader, &line, &has, &err), MMS_OK);
		if (!has || !mms_span_is(line.value, "b"))
			fail_msg("after %zu: %d '%.*s'", lens[i], has, (int)line.value.len,
				 line.value.ptr);
		/* And once more from a place that was met. */
		mms_ical_seek(&reader, line.offset, line.number);
		assert_int_equal(mms_ical_next(&reader, &line, &has, &err), MMS_OK);
		assert_true(has && mms_span_is(line.value, "b") && line.number == 2);
		mms_ical_seek(&reader, 0, 1);
		assert_int_equal(mms_ical_next(&reader, &line, &has, &err), MMS_OK);
		assert_int_equal(line.value.len, want - 2);
		mms_free(text);
	}
}

static void
a_read_that_fails_is_an_error(void **state)
{
	MMS_AUTO(mms_ical) reader = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	(void)state;
	assert_int_equal(mms_ical_open(&reader, fail_to_read, NULL, &err), MMS_E_RETRY);
}

static void
parameters_are_found(void **state)
{
	static const struct {
		const char *params, *name, *want; /* NULL: absent */
	} rows[] = {
		{ "TZID=Europe/Berlin", "TZID", "Europe/Berlin" },
		{ "tzid=Europe/Berlin", "TZID", "Europe/Berlin" },
		{ "VALUE=DATE;TZID=\"A;B:C\"", "TZID", "A;B:C" },
		{ "X-TZID=no;TZID=yes", "TZID", "yes" },
		{ "TZID=(UTC+01:00) Amsterdam, Berlin", "TZID",
		  "(UTC+01:00) Amsterdam, Berlin" },
		{ "CN=\"open;PARTSTAT=ACCEPTED", "PARTSTAT", "ACCEPTED" },
		{ " TZID = x ;A=b", "TZID", "x" },
		{ "TZID=", "TZID", "" },
		{ "DATE;TZID=x", "TZID", "x" },
		{ "", "TZID", NULL },
		{ "TZID", "TZID", NULL },
		{ ";;;", "TZID", NULL },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		struct mms_span out = { NULL, 0 };
		bool has = mms_ical_param(mms_span_make(rows[i].params), rows[i].name, &out);

		if (has != (rows[i].want != NULL) || (has && !mms_span_is(out, rows[i].want)))
			fail_msg("'%s': '%.*s'", rows[i].params, (int)out.len, out.ptr);
	}
}

static void
properties_are_known_by_name(void **state)
{
	static const struct {
		const char *name;
		enum mms_ical_prop prop;
	} rows[] = {
		{ "ATTENDEE", MMS_ICAL_ATTENDEE },
		{ "BEGIN", MMS_ICAL_BEGIN },
		{ "X-MICROSOFT-CDO-BUSYSTATUS", MMS_ICAL_BUSYSTATUS },
		{ "class", MMS_ICAL_CLASS },
		{ "Description", MMS_ICAL_DESCRIPTION },
		{ "DTEND", MMS_ICAL_DTEND },
		{ "DTSTAMP", MMS_ICAL_DTSTAMP },
		{ "DTSTART", MMS_ICAL_DTSTART },
		{ "DURATION", MMS_ICAL_DURATION },
		{ "END", MMS_ICAL_END },
		{ "EXDATE", MMS_ICAL_EXDATE },
		{ "EXRULE", MMS_ICAL_EXRULE },
		{ "LAST-MODIFIED", MMS_ICAL_LAST_MODIFIED },
		{ "X-LIC-LOCATION", MMS_ICAL_LIC_LOCATION },
		{ "LOCATION", MMS_ICAL_LOCATION },
		{ "METHOD", MMS_ICAL_METHOD },
		{ "ORGANIZER", MMS_ICAL_ORGANIZER },
		{ "RDATE", MMS_ICAL_RDATE },
		{ "RECURRENCE-ID", MMS_ICAL_RECURRENCE_ID },
		{ "RRULE", MMS_ICAL_RRULE },
		{ "SEQUENCE", MMS_ICAL_SEQUENCE },
		{ "STATUS", MMS_ICAL_STATUS },
		{ "SUMMARY", MMS_ICAL_SUMMARY },
		{ "TRANSP", MMS_ICAL_TRANSP },
		{ "TZID", MMS_ICAL_TZID },
		{ "TZOFFSETFROM", MMS_ICAL_TZOFFSETFROM },
		{ "TZOFFSETTO", MMS_ICAL_TZOFFSETTO },
		{ "UID", MMS_ICAL_UID },
		{ "X-WR-TIMEZONE", MMS_ICAL_WR_TIMEZONE },
		{ "", MMS_ICAL_OTHER },
		{ "A", MMS_ICAL_OTHER },
		{ "UIDX", MMS_ICAL_OTHER },
		{ "DTSTARTS", MMS_ICAL_OTHER },
		{ "X-WR-CALNAME", MMS_ICAL_OTHER },
		{ "X-MICROSOFT-CDO-INTENDEDSTATUS", MMS_ICAL_OTHER },
		{ "X-MICROSOFT-CDO-BUSYSTATUSES", MMS_ICAL_OTHER },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		if (mms_ical_prop_of(mms_span_make(rows[i].name)) != rows[i].prop)
			fail_msg("'%s'", rows[i].name);
	}
}

static const struct {
	const char *text, *want; /* as wall time; d date, z UTC in front; NULL: refused */
} time_rows[] = {
	{ "20260310T080000Z", "z2026-03-10 08:00:00" },
	{ "20260310T080000", "2026-03-10 08:00:00" },
	{ "20260310", "d2026-03-10 00:00:00" },
	{ " 20260310T080000 ", "2026-03-10 08:00:00" },
	{ "20260310t080000z", "z2026-03-10 08:00:00" },
	{ "2026-03-10", "d2026-03-10 00:00:00" },
	{ "2026-03-10T08:00:00Z", "z2026-03-10 08:00:00" },
	{ "2026-03-10 08:00", "2026-03-10 08:00:00" },
	{ "20260310T0800", "2026-03-10 08:00:00" },
	{ "20260310T080000.123Z", "z2026-03-10 08:00:00" },
	{ "20260310T080000+0100", "z2026-03-10 07:00:00" },
	{ "20260310T080000-05:30", "z2026-03-10 13:30:00" },
	{ "20260310T240000", "2026-03-11 00:00:00" },
	{ "20261231T235960Z", "z2027-01-01 00:00:00" },
	{ "20260310T", "d2026-03-10 00:00:00" },
	{ "20260310Z", "d2026-03-10 00:00:00" },
	{ "20260310Zx", NULL },
	{ "00010101T000000", "0001-01-01 00:00:00" },
	{ "99991231T235959", "9999-12-31 23:59:59" },
	{ "99991231T240000", NULL },
	{ "20260230", NULL },
	{ "20261301", NULL },
	{ "20260310T250000", NULL },
	{ "20260310T086000", NULL },
	{ "20260310T240001", NULL },
	{ "20260310T080000Zx", NULL },
	{ "20260310T08", NULL },
	{ "20260310X080000", NULL },
	{ "202603", NULL },
	{ "tomorrow", NULL },
	{ "", NULL },
};

static void
times_are_read_in_all_their_forms(void **state)
{
	(void)state;
	for (size_t i = 0; i < MMS_COUNT(time_rows); i++) {
		char buf[MMS_TIME_TEXT_MAX + 1];
		struct mms_ical_time t = { 0 };
		bool is_good = mms_ical_time_parse(mms_span_make(time_rows[i].text), &t);
		char *at = buf;

		if (is_good != (time_rows[i].want != NULL))
			fail_msg("'%s'", time_rows[i].text);
		if (!is_good)
			continue;
		if (t.is_date || t.is_utc)
			*at++ = t.is_date ? 'd' : 'z';
		mms_wall_print(t.wall_s * 1000000, at);
		if (strcmp(buf, time_rows[i].want) != 0)
			fail_msg("'%s' became %s", time_rows[i].text, buf);
	}
}

static void
durations_and_offsets_are_read(void **state)
{
	static const struct {
		const char *text;
		bool is_good;
		int64_t days, seconds;
	} durations[] = {
		{ "PT1H30M", true, 0, 5400 },
		{ "P1W2DT3H4M5S", true, 9, 11045 },
		{ "+P1D", true, 1, 0 },
		{ "-PT15M", true, 0, -900 },
		{ "pt10m", true, 0, 600 },
		{ "P1DT", true, 1, 0 },
		{ "P15M", true, 0, 900 },
		{ "P", true, 0, 0 },
		{ "P999999999999999999D", true, 366000, 0 },
		{ "PT999999999999999999S", true, 366000, 0 },
		{ "", false, 0, 0 },
		{ "1H", false, 0, 0 },
		{ "PT1", false, 0, 0 },
		{ "PTH", false, 0, 0 },
		{ "P1Y", false, 0, 0 },
		{ "PT1H2H3H4H5H6H7H8H9H0H1H2H", false, 0, 0 },
	};
	static const struct {
		const char *text;
		bool is_good;
		int32_t seconds;
	} offsets[] = {
		{ "+0100", true, 3600 },  { "-0530", true, -19800 }, { "+011212", true, 4332 },
		{ "-0000", true, 0 },     { "0200", true, 7200 },    { "+01:00", true, 3600 },
		{ "+1", true, 3600 },     { "+100", true, 3600 },    { "+01", true, 3600 },
		{ "+2600", true, 93600 }, { "+2700", false, 0 },     { "+0160", false, 0 },
		{ "Z", false, 0 },        { "", false, 0 },          { "+01000", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(durations); i++) {
		struct mms_ical_duration d = { 0 };
		bool is_good = mms_ical_duration_parse(mms_span_make(durations[i].text), &d);
		if (is_good != durations[i].is_good ||
		    (is_good &&
		     (d.days != durations[i].days || d.seconds != durations[i].seconds)))
			fail_msg("'%s': %d %lld %lld", durations[i].text, is_good,
				 (long long)d.days, (long long)d.seconds);
	}
	for (size_t i = 0; i < MMS_COUNT(offsets); i++) {
		int32_t s = 0;
		bool is_good = mms_ical_offset_parse(mms_span_make(offsets[i].text), &s);
		if (is_good != offsets[i].is_good || (is_good && s != offsets[i].seconds))
			fail_msg("'%s': %d %d", offsets[i].text, is_good, s);
	}
}

static void
texts_become_utf8(void **state)
{
	static const struct {
		const char *label, *value, *params, *charset, *want;
	} rows[] = {
		{ "plain", "abc", "", NULL, "abc" },
		{ "escapes", "a\\nb\\Nc\\,d\\;e\\\\f\\:g\\\"h", "", NULL,
		  "a\nb\nc,d;e\\f:g\"h" },
		{ "no escape", "C:\\Temp\\x", "", NULL, "C:\\Temp\\x" },
		{ "a backslash at the end", "a\\", "", NULL, "a\\" },
		{ "UTF-8",
		  "Gr\xC3\xBC\xC3\x9F"
		  "e",
		  "", NULL,
		  "Gr\xC3\xBC\xC3\x9F"
		  "e" },
		{ "UTF-8 whatever is told", "\xC3\xBC", "", "iso-8859-1", "\xC3\xBC" },
		{ "Windows-1252", "caf\xE9 \x80", "", NULL, "caf\xC3\xA9 \xE2\x82\xAC" },
		{ "as told", "\xC2\xF1", "", "windows-1251", "\xD0\x92\xD1\x81" },
		{ "as its parameter tells", "\xC1", "CHARSET=ISO-8859-7", NULL, "\xCE\x91" },
		{ "a charset nobody knows", "\xE9", "", "x-none", "\xC3\xA9" },
		{ "a charset that would be a command", "\xE9", "", "utf-16//TRANSLIT",
		  "\xC3\xA9" },
		{ "broken UTF-8", "\xC3\xBC\xFF", "", NULL, "\xC3\xBC\xEF\xBF\xBD" },
		{ "Shift_JIS with a backslash byte", "\x95\x5C", "", "Shift_JIS",
		  "\xE8\xA1\xA8" },
		{ "ISO-2022-JP", "\x1B$B$\"\x1B(B", "", "ISO-2022-JP", "\xE3\x81\x82" },
		{ "quoted-printable", "a=3Db=C3=BC=", "ENCODING=QUOTED-PRINTABLE", NULL,
		  "a=b\xC3\xBC=" },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_err) err = { 0 };
		char *out = NULL;

		assert_int_equal(mms_ical_text(mms_span_make(rows[i].value),
					       mms_span_make(rows[i].params), rows[i].charset,
					       &out, &err),
				 MMS_OK);
		if (strcmp(out, rows[i].want) != 0)
			fail_msg("row '%s': '%s'", rows[i].label, out);
		mms_free(out);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_become_content_lines),
		cmocka_unit_test(lines_longer_than_the_window_are_whole_and_bounded),
		cmocka_unit_test(a_read_that_fails_is_an_error),
		cmocka_unit_test(parameters_are_found),
		cmocka_unit_test(properties_are_known_by_name),
		cmocka_unit_test(times_are_read_in_all_their_forms),
		cmocka_unit_test(durations_and_offsets_are_read),
		cmocka_unit_test(texts_become_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
