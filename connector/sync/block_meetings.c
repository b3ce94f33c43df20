/* Which events are the same meeting (see the header): runs of equal texts among those at the same time, joined. */
#include "block_meetings.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mmsync/mem.h"
#include "mmsync/utf8.h"

/* Of so many members each is paired with each; of more with the first, and the next: pairs stay few. */
#define PAIRED_MAX ((size_t)16)

static bool
has_text(const char *text)
{
	return text != NULL && text[0] != '\0';
}

static bool
is_equal(const char *a, const char *b)
{
	return has_text(a) && has_text(b) && strcmp(a, b) == 0;
}

bool
mms_block_is_same(const struct mms_block_event *a, const struct mms_block_event *b,
		  const char *title)
{
	if (a->start_ms != b->start_ms || a->end_ms != b->end_ms)
		return false;
	if (is_equal(a->title, title) || is_equal(b->title, title))
		return true;
	if (a->cursor_id == b->cursor_id)
		return false;
	return is_equal(a->ical_uid, b->ical_uid) || is_equal(a->booking, b->booking) ||
	       (has_text(a->organizer) && b->organizer != NULL &&
		strcasecmp(a->organizer, b->organizer) == 0);
}

size_t
mms_block_title_bytes(const struct mms_block_rules *rules, const char *title)
{
	size_t len = strlen(title);

	return rules->title_chars == 0
		       ? len
		       : mms_utf8_prefix(title, len, rules->title_chars, SIZE_MAX);
}

static int
compare_numbers(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

int
mms_block_event_compare(const struct mms_block_event *a, const struct mms_block_event *b)
{
	int order = compare_numbers(a->start_ms, b->start_ms);

	if (order == 0)
		order = compare_numbers(a->end_ms, b->end_ms);
	if (order == 0)
		order = a->cursor_id < b->cursor_id ? -1 : a->cursor_id > b->cursor_id;
	return order != 0 ? order : memcmp(a->uuid, b->uuid, sizeof a->uuid);
}

static int
by_event(const void *a, const void *b)
{
	const struct mms_block_member *x = a, *y = b;

	return mms_block_event_compare(x->event, y->event);
}

static int
by_meeting(const void *a, const void *b)
{
	const struct mms_block_member *x = a, *y = b;

	if (x->meeting != y->meeting)
		return x->meeting < y->meeting ? -1 : 1;
	return mms_block_event_compare(x->event, y->event);
}

/* ---- joining ---------------------------------------------------------------------------------- */

/* What makes events of different calendars the same. */
enum fact { UID, BOOKING, ORGANIZER, TITLE, N_FACTS };

struct word {
	const char *text;
	size_t len, member;
};

/* The members, joined: a tree for each meeting, of which the root is the first member. */
struct joining {
	struct mms_block_member *members;
	const struct mms_block_rules *rules;
	size_t *parents;    /* owned */
	struct word *words; /* owned */
};

static void
joining_release(struct joining *j)
{
	mms_free(j->parents);
	mms_free(j->words);
}

static size_t
root_of(struct joining *j, size_t i)
{
	while (j->parents[i] != i) {
		j->parents[i] = j->parents[j->parents[i]];
		i = j->parents[i];
	}
	return i;
}

static void
join(struct joining *j, size_t a, size_t b)
{
	size_t x = root_of(j, a), y = root_of(j, b);

	if (x < y)
		j->parents[y] = x;
	else
		j->parents[x] = y;
}

static int
by_text(const void *a, const void *b)
{
	const struct word *x = a, *y = b;
	int order = memcmp(x->text, y->text, x->len < y->len ? x->len : y->len);

	if (order != 0)
		return order;
	return x->len < y->len ? -1 : x->len > y->len;
}

static int
by_text_of_any_case(const void *a, const void *b)
{
	const struct word *x = a, *y = b;

	return strcasecmp(x->text, y->text);
}

static struct word
word_of(const struct joining *j, size_t i, enum fact fact)
{
	const struct mms_block_event *e = j->members[i].event;
	const char *const texts[] = { [UID] = e->ical_uid,
				      [BOOKING] = e->booking,
				      [ORGANIZER] = e->organizer,
				      [TITLE] = e->title };
	struct word word = { .text = texts[fact], .member = i };

	if (!has_text(word.text))
		word.len = 0;
	else if (fact == TITLE)
		word.len = mms_block_title_bytes(j->rules, word.text);
	else
		word.len = strlen(word.text);
	return word;
}

/*
 * Members of one text: joined where they are of different calendars; where the text is the title of a block that
 * one of them makes, in any.
 */
static void
join_run(struct joining *j, const struct word *words, size_t n, enum fact fact)
{
	const struct mms_block_event *first = j->members[words[0].member].event;
	bool joins = false;

	for (size_t i = 0; i < n && !joins; i++) {
		const struct mms_block_event *e = j->members[words[i].member].event;
		joins = fact == TITLE ? !e->is_private : e->cursor_id != first->cursor_id;
	}
	for (size_t i = 1; joins && i < n; i++)
		join(j, words[0].member, words[i].member);
}

static void
join_by(struct joining *j, size_t from, size_t to, enum fact fact)
{
	int (*compare)(const void *, const void *) =
		fact == ORGANIZER ? by_text_of_any_case : by_text;
	size_t n = 0;

	for (size_t i = from; i < to; i++) {
		struct word word = word_of(j, i, fact);
		if (word.len > 0)
			j->words[n++] = word;
	}
	if (n < 2)
		return;
	qsort(j->words, n, sizeof *j->words, compare);
	for (size_t i = 0, next; i < n; i = next) {
		for (next = i + 1; next < n && compare(&j->words[i], &j->words[next]) == 0;)
			next++;
		join_run(j, j->words + i, next - i, fact);
	}
}

/* Those at the same time. */
static void
join_slot(struct joining *j, size_t from, size_t to)
{
	bool has_copy = false;

	for (size_t i = from; i < to; i++)
		has_copy = has_copy || j->members[i].is_copy;
	for (size_t i = from + 1; has_copy && i < to; i++)
		join(j, from, i);
	for (enum fact fact = UID; !has_copy && fact < N_FACTS; fact++) {
		if (fact != TITLE || j->rules->copies_title)
			join_by(j, from, to, fact);
	}
}

mms_rc
mms_block_meetings_find(struct mms_block_member *members, size_t n,
			const struct mms_block_rules *rules, struct mms_err *err)
{
	struct joining j __attribute__((cleanup(joining_release))) = {
		.members = members,
		.rules = rules,
		.parents = mms_alloc((n + 1) * sizeof *j.parents),
		.words = mms_alloc((n + 1) * sizeof *j.words),
	};
	size_t n_meetings = 0;

	if (j.parents == NULL || j.words == NULL)
		return mms_fail_nomem(err);
	if (n > 1)
		qsort(members, n, sizeof *members, by_event);
	for (size_t i = 0; i < n; i++)
		j.parents[i] = i;
	for (size_t from = 0, to; from < n; from = to) {
		const struct mms_block_event *e = members[from].event;
		for (to = from + 1; to < n && members[to].event->start_ms == e->start_ms &&
				    members[to].event->end_ms == e->end_ms;)
			to++;
		if (to - from > 1)
			join_slot(&j, from, to);
	}
	/* A root stands before the rest of its meeting. */
	for (size_t i = 0; i < n; i++) {
		size_t root = root_of(&j, i);
		members[i].meeting = root == i ? n_meetings++ : members[root].meeting;
	}
	if (n > 1)
		qsort(members, n, sizeof *members, by_meeting);
	return MMS_OK;
}

/* ---- pairs ------------------------------------------------------------------------------------ */

static mms_rc
add_pair(struct mms_block_plan *out, const struct mms_block_event *a,
	 const struct mms_block_event *b, struct mms_err *err)
{
	bool is_ordered = memcmp(a->uuid, b->uuid, sizeof a->uuid) < 0;
	struct mms_block_twin *twins =
		mms_grow(out->twins, out->n_twins, &out->cap_twins, sizeof *out->twins);

	if (twins == NULL)
		return mms_fail_nomem(err);
	out->twins = twins;
	struct mms_block_twin *twin = &twins[out->n_twins++];
	memcpy(twin->uuid, is_ordered ? a->uuid : b->uuid, sizeof twin->uuid);
	memcpy(twin->twin, is_ordered ? b->uuid : a->uuid, sizeof twin->twin);
	return MMS_OK;
}

mms_rc
mms_block_meetings_pair(const struct mms_block_member *members, size_t n,
			struct mms_block_plan *out, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	for (size_t i = 0; i < n; i++) {
		size_t to = n <= PAIRED_MAX || i == 0 ? n : i + 2;
		for (size_t k = i + 1; rc == MMS_OK && k < n && k < to; k++)
			rc = add_pair(out, members[i].event, members[k].event, err);
	}
	return rc;
}
