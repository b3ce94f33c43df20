/*
 * Real feeds, and the occurrences that three independent programs agree on. The feeds are
 * third-party material that is not part of the repository: $MMS_CORPUS, else ../shared/data.
 */
#include "support/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "mmsync/attr.h"
#include "mmsync/feed.h"
#include "mmsync/mem.h"
#include "mmsync/timetext.h"

/* Feeds on which we differ, and why. docs/feeds.md has the RFC's words. */
static const struct exception {
	const char *file, *reason;
} exceptions[] = {
	{ "none", "we agree on every one" },
};

struct corpus {
	const char *folder;
	json_t *expected;
	struct mms_zones *zones;
};

struct span {
	int64_t start_ms, end_ms;
};

static int
open_corpus(void **state)
{
	static struct corpus corpus;
	MMS_AUTO(mms_err) err = { 0 };
	char path[512];

	corpus.folder = getenv("MMS_CORPUS");
	if (corpus.folder == NULL)
		corpus.folder = "../shared/data";
	(void)snprintf(path, sizeof path, "%s/ics/EXPECTED.json", corpus.folder);
	corpus.expected = json_load_file(path, 0, NULL);
	*state = &corpus;
	return mms_zones_new(&corpus.zones, &err) == MMS_OK ? 0 : -1;
}

static int
close_corpus(void **state)
{
	struct corpus *corpus = *state;

	json_decref(corpus->expected);
	mms_zones_free(corpus->zones);
	return 0;
}

static int64_t
ms(const json_t *text)
{
	MMS_AUTO(mms_err) err = { 0 };
	int64_t out = 0;
	const char *s = json_string_value(text);

	assert_int_equal(mms_time_parse(s, strlen(s), &out, &err), MMS_OK);
	return out;
}

static int
compare(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->start_ms != y->start_ms)
		return x->start_ms < y->start_ms ? -1 : 1;
	return x->end_ms < y->end_ms ? -1 : x->end_ms > y->end_ms;
}

static struct span *
wanted(const json_t *entry, size_t *n)
{
	const json_t *list = json_object_get(entry, "occurrences");
	struct span *spans = calloc(json_array_size(list) + 1, sizeof *spans);

	*n = json_array_size(list);
	for (size_t i = 0; i < *n; i++) {
		const json_t *pair = json_array_get(list, i);
		spans[i] = (struct span){ ms(json_array_get(pair, 0)),
					  ms(json_array_get(pair, 1)) };
	}
	qsort(spans, *n, sizeof *spans, compare);
	return spans;
}

/* What we make of a feed; a problem is an occurrence at MMS_NO_TIME. */
static struct span *
found(const struct corpus *corpus, const json_t *entry, size_t *n, struct mms_err *err)
{
	struct mms_feed_options options = { .zones = corpus->zones,
					    .floating_zone = mms_zone_utc(),
					    .from_ms = ms(json_object_get(entry, "start")),
					    .to_ms = ms(json_object_get(entry, "end")) };
	struct mms_feed *feed = NULL;
	struct span *spans = NULL;
	char path[512];
	bool has = true;

	*n = 0;
	(void)snprintf(path, sizeof path, "%s/ics/%s", corpus->folder,
		       json_string_value(json_object_get(entry, "file")));
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	mms_rc rc = mms_feed_open(&feed, fd, &options, err);
	while (rc == MMS_OK) {
		struct mms_event event;
		rc = mms_feed_next(feed, &event, &has, err);
		if (rc != MMS_OK || !has)
			break;
		spans = realloc(spans, (*n + 1) * sizeof *spans);
		spans[(*n)++] =
			(struct span){ event.problem != NULL ? MMS_NO_TIME : event.start_ms,
				       event.end_ms };
		mms_event_release(&event);
	}
	mms_feed_free(feed);
	close(fd);
	if (*n > 0)
		qsort(spans, *n, sizeof *spans, compare);
	return spans;
}

static void
show_difference(const struct span *want, size_t n_want, const struct span *got, size_t n_got)
{
	char a[MMS_TIME_TEXT_MAX], b[MMS_TIME_TEXT_MAX];

	for (size_t i = 0; i < n_want || i < n_got; i++) {
		bool is_same = i < n_want && i < n_got && compare(&want[i], &got[i]) == 0;
		if (is_same)
			continue;
		if (i < n_want)
			printf("#   wanted %s %s\n", mms_time_print(want[i].start_ms, a),
			       mms_time_print(want[i].end_ms, b));
		if (i < n_got)
			printf("#   got    %s %s\n", mms_time_print(got[i].start_ms, a),
			       mms_time_print(got[i].end_ms, b));
		return;
	}
}

static bool
is_excepted(const char *file)
{
	for (size_t i = 0; i < MMS_COUNT(exceptions); i++) {
		if (strcmp(exceptions[i].file, file) == 0)
			return true;
	}
	return false;
}

static bool
agrees(const struct corpus *corpus, const json_t *entry)
{
	const char *file = json_string_value(json_object_get(entry, "file"));
	MMS_AUTO(mms_err) err = { 0 };
	size_t n_want, n_got;
	struct span *want = wanted(entry, &n_want);
	struct span *got = found(corpus, entry, &n_got, &err);
	bool is_same = n_want == n_got && err.code == MMS_OK &&
		       (n_want == 0 || memcmp(want, got, n_want * sizeof *want) == 0);

	if (!is_same && !is_excepted(file)) {
		printf("# %s: %zu wanted, %zu found %s\n", file, n_want, n_got,
		       err.code != MMS_OK ? mms_err_text(&err) : "");
		show_difference(want, n_want, got, n_got);
	}
	free(want);
	free(got);
	return is_same;
}

static void
real_feeds_give_the_occurrences_that_others_find(void **state)
{
	const struct corpus *corpus = *state;
	size_t n_same = 0, i;
	const json_t *entry;
	bool is_good = true;

	if (corpus->expected == NULL) {
		printf("# skipped: no corpus of feeds at %s (see MMS_CORPUS)\n",
		       corpus->folder);
		skip();
	}
	json_array_foreach(corpus->expected, i, entry)
	{
		bool is_same = agrees(corpus, entry);
		bool is_told = is_excepted(json_string_value(json_object_get(entry, "file")));
		n_same += is_same;
		is_good = is_good && (is_same || is_told);
	}
	printf("# %zu of %zu feeds agree\n", n_same, json_array_size(corpus->expected));
	assert_true(is_good);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_feeds_give_the_occurrences_that_others_find),
	};

	return cmocka_run_group_tests(tests, open_corpus, close_corpus);
}
