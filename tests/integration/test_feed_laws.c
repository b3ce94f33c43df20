/*
 * What must hold for any feed: a part of the window gives that part of the occurrences; line
 * ends, folding, encoding, order and DTSTAMP do not matter; memory that runs short is told.
 * Tried on every feed of fixtures/feeds, and on those of the corpus where it is present.
 */
#include "support/unit.h"

#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mmsync/attr.h"
#include "mmsync/fault.h"
#include "mmsync/mem.h"
#include "mmsync/timetext.h"
#include "support/feed_lines.h"

#define FEEDS_MAX 400
/* A window in which most of the feeds have something. */
#define FROM_MS INT64_C(1262304000000) /* 2010-01-01 */
#define TO_MS   INT64_C(1830297600000) /* 2028-01-01 */

struct suite {
	struct mms_zones *zones;
	struct feed_file files[FEEDS_MAX];
	size_t n;
};

static uint64_t
next_random(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *seed >> 33;
}

static int
open_suite(void **state)
{
	static struct suite suite;
	static const char *const folders[] = { "apical",   "biweekly",  "ical4j", "icaljs",
					       "icalnet",  "icsparser", "keeper", "khal",
					       "nodeical", "pyical",    "rie",    "rubyical" };
	MMS_AUTO(mms_err) err = { 0 };
	const char *corpus = getenv("MMS_CORPUS");
	char path[512];

	suite.n = feed_files_read("fixtures/feeds", suite.files, 0, FEEDS_MAX);
	for (size_t i = 0; i < MMS_COUNT(folders); i++) {
		(void)snprintf(path, sizeof path, "%s/ics/%s",
			       corpus != NULL ? corpus : "../shared/data", folders[i]);
		suite.n = feed_files_read(path, suite.files, suite.n, FEEDS_MAX);
	}
	printf("# %zu feeds\n", suite.n);
	*state = &suite;
	return mms_zones_new(&suite.zones, &err) == MMS_OK ? 0 : -1;
}

static int
close_suite(void **state)
{
	struct suite *suite = *state;

	for (size_t i = 0; i < suite->n; i++)
		free(suite->files[i].bytes);
	mms_zones_free(suite->zones);
	return 0;
}

static struct feed_lines
lines_of(const struct suite *suite, const char *bytes, size_t len, int64_t from_ms,
	 int64_t to_ms)
{
	struct mms_feed_options options = { .zones = suite->zones,
					    .from_ms = from_ms,
					    .to_ms = to_ms };
	struct feed_lines lines;

	feed_lines_read(bytes, len, &options, &lines);
	return lines;
}

static void
a_part_of_the_window_gives_that_part_of_the_occurrences(void **state)
{
	const struct suite *suite = *state;
	uint64_t seed = 1;

	for (size_t i = 0; i < suite->n; i++) {
		const struct feed_file *f = &suite->files[i];
		/* A series that is refused in the large window may fit a small one. */
		if (strcmp(f->name, "hostile-rules.ics") == 0)
			continue;
		for (int k = 0; k < 6; k++) {
			int64_t from_ms =
				FROM_MS + (int64_t)(next_random(&seed) % 560000) * 1000000;
			int64_t to_ms =
				from_ms + (int64_t)(next_random(&seed) % 7000) * 1000000;
			struct feed_lines all =
				lines_of(suite, f->bytes, f->len, FROM_MS, TO_MS);
			struct feed_lines part =
				lines_of(suite, f->bytes, f->len, from_ms, to_ms);
			feed_lines_clip(&all, from_ms, to_ms);
			feed_lines_clip(&part, from_ms, to_ms);
			if (!feed_lines_are_same(&all, &part))
				fail_msg("%s from %lld to %lld", f->name, (long long)from_ms,
					 (long long)to_ms);
			feed_lines_free(&all);
			feed_lines_free(&part);
		}
	}
}

static void
the_next_entry_is_the_first_start_behind_the_window(void **state)
{
	const struct suite *suite = *state;
	const int64_t middle_ms = (FROM_MS + TO_MS) / 2;

	for (size_t i = 0; i < suite->n; i++) {
		const struct feed_file *f = &suite->files[i];
		struct feed_lines before =
			lines_of(suite, f->bytes, f->len, FROM_MS, middle_ms);
		struct feed_lines all = lines_of(suite, f->bytes, f->len, FROM_MS, TO_MS);
		int64_t first_ms = INT64_MAX;
		feed_lines_clip(&all, FROM_MS, TO_MS);
		for (size_t k = 0; k < all.n; k++) {
			int64_t start_ms = all.items[k].start_ms;
			if (start_ms >= middle_ms && start_ms < first_ms)
				first_ms = start_ms;
		}
		/* It may be told too early (a rule that is silent for a year), never too late. */
		if (before.rc == MMS_OK && first_ms != INT64_MAX &&
		    (before.next_entry_ms == MMS_NO_TIME || before.next_entry_ms > first_ms))
			fail_msg("%s: %lld is later than %lld", f->name,
				 (long long)before.next_entry_ms, (long long)first_ms);
		feed_lines_free(&before);
		feed_lines_free(&all);
	}
}

/* A feed as unfolded lines, each ended by \n; and built anew in other forms. */
static size_t
unfold(const struct feed_file *f, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < f->len; i++) {
		char c = f->bytes[i];
		char next = i + 1 < f->len ? f->bytes[i + 1] : '\0';
		if (c == '\r' && next == '\n')
			continue;
		if (c == '\n' && (next == ' ' || next == '\t'))
			i++;
		else
			out[n++] = c;
	}
	return n;
}

/* Line ends as given, and a fold wherever chance has it: inside characters too. */
static size_t
refold(const char *in, size_t len, const char *eol, uint64_t *seed, char *out)
{
	size_t n = 0, run = 0, limit = 0, eol_len = strlen(eol);

	for (size_t i = 0; i < len; i++) {
		if (in[i] == '\n' || (seed != NULL && run > limit)) {
			memcpy(out + n, eol, eol_len);
			n += eol_len;
			run = 0;
			limit = seed != NULL ? next_random(seed) % 90 : 0;
			if (in[i] == '\n')
				continue;
			out[n++] = next_random(seed) % 2 ? ' ' : '\t';
		}
		out[n++] = in[i];
		run++;
	}
	return n;
}

static size_t
recode(const char *in, size_t len, const char *charset, char *out, size_t room)
{
	iconv_t cd = iconv_open(charset, "UTF-8");
	char *from = (char *)(uintptr_t)in, *to = out;
	size_t left = room;

	assert_true(cd != (iconv_t)-1);
	size_t rc = iconv(cd, &from, &len, &to, &left);
	iconv_close(cd);
	return rc == (size_t)-1 ? 0 : room - left;
}

static bool
is_wide(const struct feed_file *f)
{
	return memchr(f->bytes, 0, f->len) != NULL;
}

static void
form_does_not_matter(void **state)
{
	static const char *const eols[] = { "\r\n", "\n", "\r" };
	static const char *const charsets[] = { "UTF-16", "UTF-16LE", "UTF-16BE", "UTF-32" };
	const struct suite *suite = *state;
	char *plain = malloc(1000001), *other = malloc(8000000);
	uint64_t seed = 7;

	for (size_t i = 0; i < suite->n; i++) {
		const struct feed_file *f = &suite->files[i];
		if (is_wide(f))
			continue;
		size_t len = unfold(f, plain);
		struct feed_lines want = lines_of(suite, f->bytes, f->len, FROM_MS, TO_MS);
		for (size_t k = 0; k < 2 * MMS_COUNT(eols) + MMS_COUNT(charsets); k++) {
			size_t n =
				k < 3   ? refold(plain, len, eols[k], NULL, other)
				: k < 6 ? refold(plain, len, eols[k - 3], &seed, other)
					: recode(plain, len, charsets[k - 6], other, 8000000);
			if (n == 0)
				continue;
			struct feed_lines got = lines_of(suite, other, n, FROM_MS, TO_MS);
			if (!feed_lines_are_same(&want, &got))
				fail_msg("%s in form %zu", f->name, k);
			feed_lines_free(&got);
		}
		feed_lines_free(&want);
	}
	free(plain);
	free(other);
}

/* The VEVENTs of a plain feed in another order; what is not in one stays in front of them. */
static size_t
shuffle(const char *in, size_t len, uint64_t *seed, char *out)
{
	static const char begin[] = "BEGIN:VEVENT\n", end[] = "END:VEVENT\n";
	struct {
		size_t at, len;
	} blocks[2000];
	size_t n_blocks = 0, n = 0, i = 0;
	const char *tail = "END:VCALENDAR\n";

	while (i < len) {
		const char *eol = memchr(in + i, '\n', len - i);
		size_t line = eol != NULL ? (size_t)(eol - in) + 1 - i : len - i;
		if (line == sizeof begin - 1 && memcmp(in + i, begin, line) == 0) {
			const char *stop = memmem(in + i, len - i, end, sizeof end - 1);
			if (stop == NULL || n_blocks == 2000)
				return 0;
			blocks[n_blocks].at = i;
			blocks[n_blocks].len = (size_t)(stop - in) + sizeof end - 1 - i;
			i += blocks[n_blocks++].len;
			continue;
		}
		if (line < strlen(tail) - 1 || memcmp(in + i, tail, strlen(tail) - 1) != 0) {
			memcpy(out + n, in + i, line);
			n += line;
		}
		i += line;
	}
	for (size_t k = n_blocks; k > 0; k--) {
		size_t pick = next_random(seed) % k;
		memcpy(out + n, in + blocks[pick].at, blocks[pick].len);
		n += blocks[pick].len;
		blocks[pick] = blocks[k - 1];
	}
	memcpy(out + n, tail, strlen(tail));
	return n + strlen(tail);
}

static size_t
count(const char *in, size_t len, const char *what)
{
	size_t n = 0;

	for (const char *p = in; (p = memmem(p, (size_t)(in + len - p), what, strlen(what)));
	     p++)
		n++;
	return n;
}

static void
order_does_not_matter(void **state)
{
	/* Where the last of several equal ones counts, or something is not closed. */
	static const char *const ordered[] = {
		"duplicate-uids.ics", "event_dt_multi_uid.ics",    "text-missing-ends.ics",
		"method-cancel.ics",  "text-inner-components.ics", "text-junk-in-front.ics"
	};
	const struct suite *suite = *state;
	char *plain = malloc(1000001), *other = malloc(2000000);
	uint64_t seed = 99;
	size_t n_tried = 0;

	for (size_t i = 0; i < suite->n; i++) {
		const struct feed_file *f = &suite->files[i];
		bool is_ordered = false;
		for (size_t k = 0; k < MMS_COUNT(ordered); k++)
			is_ordered = is_ordered || strcmp(ordered[k], f->name) == 0;
		size_t len = unfold(f, plain);
		if (is_ordered || is_wide(f) || count(plain, len, "BEGIN:VCALENDAR\n") != 1 ||
		    count(plain, len, "\nEND:VCALENDAR") != 1)
			continue;
		struct feed_lines want = lines_of(suite, f->bytes, f->len, FROM_MS, TO_MS);
		for (int k = 0; k < 3; k++) {
			size_t n = shuffle(plain, len, &seed, other);
			if (n == 0)
				continue;
			n_tried++;
			struct feed_lines got = lines_of(suite, other, n, FROM_MS, TO_MS);
			if (!feed_lines_are_same(&want, &got))
				fail_msg("%s in another order", f->name);
			feed_lines_free(&got);
		}
		feed_lines_free(&want);
	}
	free(plain);
	free(other);
	assert_true(n_tried > 100);
}

static void
a_new_dtstamp_changes_nothing(void **state)
{
	static const char name[] = "\nDTSTAMP";
	const struct suite *suite = *state;
	char *plain = malloc(1000001);

	for (size_t i = 0; i < suite->n; i++) {
		const struct feed_file *f = &suite->files[i];
		/* It decides between two of one UID where nothing else does. */
		if (is_wide(f) || strcmp(f->name, "duplicate-uids.ics") == 0)
			continue;
		size_t len = unfold(f, plain);
		struct feed_lines want = lines_of(suite, f->bytes, f->len, FROM_MS, TO_MS);
		for (char *p = plain; (p = memmem(p, (size_t)(plain + len - p), name,
						  sizeof name - 1)) != NULL;) {
			p += sizeof name - 1;
			char *colon = memchr(p, ':', (size_t)(plain + len - p));
			for (char *d = colon; d != NULL && d < plain + len && *d != '\n'; d++)
				*d = *d >= '1' && *d <= '9' ? '1' : *d;
		}
		struct feed_lines got = lines_of(suite, plain, len, FROM_MS, TO_MS);
		if (!feed_lines_are_same(&want, &got))
			fail_msg("%s under a new DTSTAMP", f->name);
		feed_lines_free(&want);
		feed_lines_free(&got);
	}
	free(plain);
}

/* Feeds that together go every way; each allocation of each fails once. */
static void
memory_that_runs_short_is_told(void **state)
{
	static const char *const names[] = { "rule-rdate.ics",   "override-this-and-future.ics",
					     "cancelled.ics",    "zone-partial.ics",
					     "people.ics",       "time-unreadable.ics",
					     "text-utf16le.ics", "no-uid.ics",
					     "zone-names.ics",   "text-charset.ics" };
	struct suite *suite = *state;
	char text[64];

	for (size_t i = 0; i < suite->n; i++) {
		const struct feed_file *f = &suite->files[i];
		bool is_chosen = false;
		for (size_t k = 0; k < MMS_COUNT(names); k++)
			is_chosen = is_chosen || strcmp(names[k], f->name) == 0;
		if (!is_chosen)
			continue;
		/* The first visit is long past: nothing is armed any more. */
		if (!mms_fault_arm_text("alloc:1"))
			skip();
		struct feed_lines want = lines_of(suite, f->bytes, f->len, FROM_MS, TO_MS);
		for (unsigned long n = 1;; n++) {
			unsigned long at = mms_fault_count(MMS_FAULT_ALLOC) + n;
			(void)snprintf(text, sizeof text, "alloc:%lu", at);
			assert_true(mms_fault_arm_text(text));
			struct feed_lines got =
				lines_of(suite, f->bytes, f->len, FROM_MS, TO_MS);
			bool is_past = mms_fault_count(MMS_FAULT_ALLOC) < at;
			bool is_told = got.rc == MMS_E_NOMEM;
			bool is_whole = is_told || feed_lines_are_same(&want, &got);
			feed_lines_free(&got);
			if (!is_whole)
				fail_msg("%s: allocation %lu fails in silence", f->name, n);
			if (is_past)
				break;
		}
		feed_lines_free(&want);
	}
	assert_true(mms_fault_arm_text("alloc:1"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_part_of_the_window_gives_that_part_of_the_occurrences),
		cmocka_unit_test(the_next_entry_is_the_first_start_behind_the_window),
		cmocka_unit_test(form_does_not_matter),
		cmocka_unit_test(order_does_not_matter),
		cmocka_unit_test(a_new_dtstamp_changes_nothing),
		cmocka_unit_test(memory_that_runs_short_is_told),
	};

	return cmocka_run_group_tests(tests, open_suite, close_suite);
}
