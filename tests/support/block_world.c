/* One person's world of blocks in memory (see the header). */
#include "block_world.h"

#include "unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/mem.h"

/* Words of one line. */
struct words {
	char *items[24];
	size_t n;
	char *text; /* owned */
};

static void
words_release(struct words *words)
{
	mms_free(words->text);
}

/* By blanks; within quotes they are part of a word. */
static void
split(struct words *words, const char *line)
{
	bool is_quoted = false, is_in = false;
	char *to;

	words->text = mms_text_copy(line);
	assert_non_null(words->text);
	to = words->text;
	for (const char *from = line; *from != '\0' && *from != '\n'; from++) {
		if (*from == '"') {
			is_quoted = !is_quoted;
			continue;
		}
		if (*from == ' ' && !is_quoted) {
			if (is_in)
				*to++ = '\0';
			is_in = false;
			continue;
		}
		if (!is_in) {
			assert_true(words->n < MMS_COUNT(words->items));
			words->items[words->n++] = to;
			is_in = true;
		}
		*to++ = *from;
	}
	*to = '\0';
}

/* The value of "name=value"; NULL: there is none. */
static const char *
value_of(const struct words *words, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 1; i < words->n; i++) {
		if (strncmp(words->items[i], name, len) == 0 && words->items[i][len] == '=')
			return words->items[i] + len + 1;
	}
	return NULL;
}

static bool
has_word(const struct words *words, const char *word)
{
	for (size_t i = 1; i < words->n; i++) {
		if (strcmp(words->items[i], word) == 0)
			return true;
	}
	return false;
}

void
block_world_release(struct block_world *w)
{
	for (size_t i = 0; i < w->n_texts; i++)
		mms_free(w->texts[i]);
	mms_free((void *)w->texts);
	mms_digest_release(&w->digest);
}

char *
block_world_keep(struct block_world *w, const char *text)
{
	if (text == NULL)
		return NULL;
	char **texts = mms_grow((void *)w->texts, w->n_texts, &w->cap_texts, sizeof *w->texts);
	assert_non_null(texts);
	w->texts = texts;
	texts[w->n_texts] = mms_text_copy(text);
	assert_non_null(texts[w->n_texts]);
	return texts[w->n_texts++];
}

void
block_world_set_print(struct block_world *w, unsigned char out[MMS_PRINT_BYTES],
		      int64_t start_ms, int64_t end_ms, const char *title)
{
	MMS_AUTO(mms_err) err = { 0 };

	assert_int_equal(mms_block_print(&w->digest, start_ms, end_ms, title, out, &err),
			 MMS_OK);
}

static void
name_uuid(unsigned char uuid[16], const char *name)
{
	size_t len = strlen(name);

	assert_in_range(len, 1, 15);
	memset(uuid, 0, 16);
	memcpy(uuid, name, len);
}

/* ---- lines ----------------------------------------------------------------------------------- */

static uint64_t
read_cursor(const char *name)
{
	if (name[0] < 'A' || name[0] > 'Z' || name[1] != '\0')
		fail_msg("'%s' is no calendar: a letter", name);
	return (uint64_t)(name[0] - 'A') + 1;
}

static void
read_times(const char *text, int64_t *start_ms, int64_t *end_ms)
{
	char *rest = NULL;

	*start_ms = strtol(text, &rest, 10) * WORLD_HOUR;
	if (*rest != '-')
		fail_msg("'%s' are no times: 10-11", text);
	*end_ms = strtol(rest + 1, NULL, 10) * WORLD_HOUR;
}

/* calendar B [source] [reachable] [target] [unread] [outside=A] [id=X] [service=X] [from=HOUR]; no word: all three */
static void
read_calendar(struct block_world *w, const struct words *words)
{
	struct mms_block_calendar *c = &w->calendars[w->n_calendars++];
	const char *outside = value_of(words, "outside"), *from = value_of(words, "from");

	assert_true(w->n_calendars <= WORLD_CALENDARS && words->n > 1);
	bool says = has_word(words, "source") || has_word(words, "reachable") ||
		    has_word(words, "target") || has_word(words, "nothing");
	*c = (struct mms_block_calendar){
		.cursor_id = read_cursor(words->items[1]),
		.is_source = !says || has_word(words, "source"),
		.is_target = !says || has_word(words, "target"),
		.is_unread = has_word(words, "unread"),
		.is_reachable =
			!says || has_word(words, "target") || has_word(words, "reachable"),
		.calendar_id = block_world_keep(w, value_of(words, "id")),
		.provider = block_world_keep(w, value_of(words, "service")),
		.from_ms = from != NULL ? strtol(from, NULL, 10) * WORLD_HOUR : 0,
	};
	c->outside = (unsigned)(outside != NULL ? read_cursor(outside) : c->cursor_id);
}

/* event e A 10-11 [free] [doubtful] [private] [booked] [title= uid= organizer= booking=] */
static void
read_event(struct block_world *w, const struct words *words)
{
	struct mms_block_event *e = &w->events[w->n_events++];

	assert_true(w->n_events <= WORLD_EVENTS && words->n > 3);
	*e = (struct mms_block_event){
		.cursor_id = read_cursor(words->items[2]),
		.is_busy = !has_word(words, "free") && !has_word(words, "doubtful"),
		.is_doubtful = has_word(words, "doubtful"),
		.is_booking = has_word(words, "booked"),
		.is_private = has_word(words, "private"),
		.title = block_world_keep(w, value_of(words, "title")),
		.organizer = block_world_keep(w, value_of(words, "organizer")),
		.ical_uid = block_world_keep(w, value_of(words, "uid")),
		.booking = block_world_keep(w, value_of(words, "booking")),
	};
	name_uuid(e->uuid, words->items[1]);
	read_times(words->items[3], &e->start_ms, &e->end_ms);
}

static enum mms_state_status
read_status(const struct words *words)
{
	static const struct {
		const char *name;
		enum mms_state_status status;
	} names[] = { { "creating", MMS_STATE_CREATING }, { "created", MMS_STATE_CREATED },
		      { "failed", MMS_STATE_FAILED },     { "removed", MMS_STATE_DELETED },
		      { "deleted", MMS_STATE_DELETED },   { "lost", MMS_STATE_DELETED } };

	for (size_t i = 0; i < MMS_COUNT(names); i++) {
		if (has_word(words, names[i].name))
			return names[i].status;
	}
	return MMS_STATE_SYNCED;
}

/*
 * block k B e:A 10-11 [creating|created|failed] [removed (by a person)|deleted (by us)|lost] [going] [quarantined]
 * [title=Busy] [said=10-11/Busy] [age=] [id= service= uid=]: in B, from e of A
 */
static void
read_block(struct block_world *w, const struct words *words)
{
	struct mms_block *b = &w->blocks[w->n_blocks++];

	assert_true(w->n_blocks <= WORLD_BLOCKS && words->n > 4);
	const char *title = value_of(words, "title"), *said = value_of(words, "said"),
		   *colon = strchr(words->items[3], ':'), *age = value_of(words, "age");
	int64_t start_ms = 0, end_ms = 0;
	char source[16] = "";

	assert_non_null(colon);
	(void)snprintf(source, sizeof source, "%.*s", (int)(colon - words->items[3]),
		       words->items[3]);
	*b = (struct mms_block){
		.cursor_id = read_cursor(words->items[2]),
		.source_id = read_cursor(colon + 1),
		.status = read_status(words),
		.removed_by = has_word(words, "removed") ? MMS_REMOVED_OUTSIDE
			      : has_word(words, "deleted") || has_word(words, "going")
				      ? MMS_REMOVED_BY_US
				      : MMS_REMOVED_UNKNOWN,
		.is_quarantined = has_word(words, "quarantined"),
		.title = block_world_keep(w, title != NULL ? title : "Busy"),
		.calendar_id = block_world_keep(w, value_of(words, "id")),
		.provider = block_world_keep(w, value_of(words, "service")),
		.ical_uid = block_world_keep(w, value_of(words, "uid")),
		.created_at_ms = age != NULL ? strtol(age, NULL, 10) : ++w->clock,
	};
	name_uuid(b->uuid, words->items[1]);
	name_uuid(b->source_uuid, source);
	read_times(words->items[4], &b->start_ms, &b->end_ms);
	block_world_set_print(w, b->print, b->start_ms, b->end_ms, b->title);
	if (said == NULL)
		memcpy(b->sent_print, b->print, sizeof b->print);
	if (said == NULL)
		return;
	read_times(said, &start_ms, &end_ms);
	assert_non_null(strchr(said, '/'));
	block_world_set_print(w, b->sent_print, start_ms, end_ms, strchr(said, '/') + 1);
}

void
block_world_read(struct block_world *w, const char *line)
{
	struct words words __attribute__((cleanup(words_release))) = { 0 };

	split(&words, line);
	const char *verb = words.n > 0 ? words.items[0] : "";
	if (strcmp(verb, "calendar") == 0) {
		read_calendar(w, &words);
	} else if (strcmp(verb, "event") == 0) {
		read_event(w, &words);
	} else if (strcmp(verb, "block") == 0) {
		read_block(w, &words);
	} else if (strcmp(verb, "part") == 0) {
		w->is_whole = false;
	} else if (strcmp(verb, "rules") == 0) {
		const char *chars = value_of(&words, "chars"),
			   *title = value_of(&words, "title");
		w->rules.copies_title = has_word(&words, "copies");
		w->has_no_titles = has_word(&words, "nameless");
		w->rules.title = title != NULL ? block_world_keep(w, title) : w->rules.title;
		w->rules.title_chars =
			chars != NULL ? (size_t)strtol(chars, NULL, 10) : w->rules.title_chars;
	} else {
		fail_msg("no line of a world: %s", line);
	}
}

void
block_world_copy(struct block_world *to, const struct block_world *from)
{
	char **texts = to->texts;
	size_t n_texts = to->n_texts, cap_texts = to->cap_texts;
	struct mms_digest digest = to->digest;

	*to = *from;
	to->texts = texts;
	to->n_texts = n_texts;
	to->cap_texts = cap_texts;
	to->digest = digest;
}

static int
by_age(const void *a, const void *b)
{
	const struct mms_block *x = a, *y = b;

	return x->created_at_ms < y->created_at_ms ? -1 : x->created_at_ms > y->created_at_ms;
}

void
block_world_sort(struct block_world *w)
{
	if (w->n_blocks > 1)
		qsort(w->blocks, w->n_blocks, sizeof w->blocks[0], by_age);
}

/* ---- plans ------------------------------------------------------------------------------------ */

static const char *
title_of(void *aux, uint64_t cursor_id)
{
	static const char *const titles[] = { "?",      "Work A",  "Home B", "Team C",
					      "Club D", "Choir E", "Feed F", "Band G",
					      "Lab H",  "Gym I",   "Shop J" };

	(void)aux;
	return cursor_id < MMS_COUNT(titles) ? titles[cursor_id] : NULL;
}

void
block_world_plan(struct block_world *w, struct mms_block_plan *out)
{
	MMS_AUTO(mms_err) err = { 0 };
	const struct mms_blocks blocks = { .items = w->blocks, .n = w->n_blocks };
	const struct mms_block_plan_input in = {
		.calendars = w->calendars,
		.n_calendars = w->n_calendars,
		.events = w->events,
		.n_events = w->n_events,
		.blocks = &blocks,
		.is_whole = w->is_whole,
		.rules = w->rules,
		.calendar_title = w->has_no_titles ? NULL : title_of,
	};

	if (mms_block_plan(&in, &w->digest, out, &err) != MMS_OK)
		fail_msg("%s", mms_err_text(&err));
}

static int
by_line(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
print_decision(const struct mms_block_decision *d, struct mms_str *out)
{
	static const char *const steps[] = { [MMS_BLOCK_CREATE] = "create",
					     [MMS_BLOCK_UPDATE] = "update",
					     [MMS_BLOCK_DELETE] = "delete",
					     [MMS_BLOCK_LOSE] = "lose",
					     [MMS_BLOCK_ADOPT] = "adopt" };

	assert_true(d->step < MMS_COUNT(steps));
	assert_non_null(d->why);
	mms_str_addf(out, "%s ", steps[d->step]);
	if (d->block != NULL)
		mms_str_addf(out, "%.16s", (const char *)d->block->uuid);
	else
		mms_str_addf(out, "in %c", (char)('A' + (int)d->cursor_id - 1));
	if (d->step == MMS_BLOCK_DELETE || d->step == MMS_BLOCK_LOSE)
		return;
	mms_str_addf(out, " from %.16s %" PRId64 "-%" PRId64 " %s",
		     (const char *)d->source_uuid, d->start_ms / WORLD_HOUR,
		     d->end_ms / WORLD_HOUR, d->title);
}

void
block_world_print(const struct mms_block_plan *plan, struct mms_str *out)
{
	size_t n = 0;
	char **lines = mms_alloc((plan->n + plan->n_twins + 1) * sizeof *lines);

	assert_non_null(lines);
	for (size_t i = 0; i < plan->n + plan->n_twins; i++) {
		MMS_AUTO(mms_str) line = { 0 };
		if (i < plan->n)
			print_decision(&plan->items[i], &line);
		else
			mms_str_addf(&line, "same %.16s %.16s",
				     (const char *)plan->twins[i - plan->n].uuid,
				     (const char *)plan->twins[i - plan->n].twin);
		lines[n] = mms_text_copy(mms_str_get(&line));
		assert_non_null(lines[n++]);
	}
	if (n > 1)
		qsort((void *)lines, n, sizeof *lines, by_line);
	for (size_t i = 0; i < n; i++) {
		mms_str_addf(out, "%s\n", lines[i]);
		mms_free(lines[i]);
	}
	mms_free((void *)lines);
}

static struct mms_block *
find_block(struct block_world *w, const struct mms_block *block)
{
	for (size_t i = 0; i < w->n_blocks; i++) {
		if (memcmp(w->blocks[i].uuid, block->uuid, 16) == 0)
			return &w->blocks[i];
	}
	fail_msg("a step for a block that is not there");
	return &w->blocks[0];
}

static void
announce(struct block_world *w, const struct mms_block_decision *d)
{
	struct mms_block *b;

	if (d->step == MMS_BLOCK_CREATE) {
		char name[32];
		assert_true(w->n_blocks < WORLD_BLOCKS);
		b = &w->blocks[w->n_blocks++];
		(void)snprintf(name, sizeof name, "new%" PRId64, ++w->clock);
		*b = (struct mms_block){ .cursor_id = d->cursor_id,
					 .status = MMS_STATE_CREATING,
					 .created_at_ms = w->clock };
		name_uuid(b->uuid, name);
	} else {
		b = find_block(w, d->block);
	}
	b->removed_by = MMS_REMOVED_UNKNOWN;
	if (d->step == MMS_BLOCK_DELETE || d->step == MMS_BLOCK_LOSE) {
		b->removed_by = MMS_REMOVED_BY_US;
		b->status = d->step == MMS_BLOCK_LOSE ? MMS_STATE_DELETED : b->status;
		return;
	}
	memcpy(b->source_uuid, d->source_uuid, sizeof b->source_uuid);
	b->source_id = d->source_id;
	b->start_ms = d->start_ms;
	b->end_ms = d->end_ms;
	b->title = block_world_keep(w, d->title);
	memcpy(b->print, d->print, sizeof b->print);
}

void
block_world_announce(struct block_world *w, const struct mms_block_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		announce(w, &plan->items[i]);
}

void
block_world_settle(struct block_world *w)
{
	for (size_t i = 0; i < w->n_blocks; i++) {
		struct mms_block *b = &w->blocks[i];
		bool is_going = b->removed_by == MMS_REMOVED_BY_US;

		if (b->status == MMS_STATE_DELETED || (b->is_quarantined && !is_going) ||
		    b->status == MMS_STATE_FAILED)
			continue;
		b->status = is_going ? MMS_STATE_DELETED : MMS_STATE_SYNCED;
		if (!is_going)
			memcpy(b->sent_print, b->print, sizeof b->print);
	}
}
