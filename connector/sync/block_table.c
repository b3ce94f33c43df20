/* What a plan knows (see the header): maps by UUID, and sorted lists. */
#include "block_table.h"

#include <stdlib.h>
#include <string.h>

#include "mmsync/digest.h"
#include "mmsync/mem.h"
#include "mmsync/str.h"

/* What stands in a template for the name of the source's calendar. */
static const char placeholder[] = "{calendar}";
/* A title where the template leaves none: services show it for time without details, too. */
static const char plain_title[] = "Busy";

void
mms_block_table_release(struct mms_block_table *p)
{
	for (size_t i = 0; p->places != NULL && i < p->in->n_calendars; i++)
		mms_free(p->places[i].title);
	for (size_t i = 0; p->sayings != NULL && i < p->n_members; i++)
		mms_free(p->sayings[i].title);
	mms_free(p->places);
	mms_free(p->targets);
	mms_free(p->located);
	mms_free(p->members);
	mms_free(p->member_of);
	mms_free(p->sayings);
	mms_free(p->seats);
	mms_keymap_release(&p->event_of);
	mms_keymap_release(&p->block_of);
	mms_keymap_release(&p->free_of);
	mms_keymap_release(&p->uid_of);
}

mms_rc
mms_block_print(struct mms_digest *digest, int64_t start_ms, int64_t end_ms, const char *title,
		unsigned char out[MMS_PRINT_BYTES], struct mms_err *err)
{
	unsigned char hash[MMS_SHA256_BYTES];

	mms_rc rc = mms_digest_begin(digest, err);
	if (rc != MMS_OK)
		return rc;
	mms_digest_add_text(digest, "mmsync block 1");
	mms_digest_add_i64(digest, start_ms);
	mms_digest_add_i64(digest, end_ms);
	mms_digest_add_text(digest, title);
	rc = mms_digest_end(digest, hash, err);
	if (rc == MMS_OK)
		memcpy(out, hash, MMS_PRINT_BYTES);
	return rc;
}

/* ---- calendars ---------------------------------------------------------------------------------- */

static int
by_cursor(const void *a, const void *b)
{
	const struct mms_block_place *x = a, *y = b;

	return x->calendar->cursor_id < y->calendar->cursor_id
		       ? -1
		       : x->calendar->cursor_id > y->calendar->cursor_id;
}

size_t
mms_block_place_of(const struct mms_block_table *p, uint64_t cursor_id)
{
	const struct mms_block_calendar calendar = { .cursor_id = cursor_id };
	const struct mms_block_place key = { .calendar = &calendar };

	if (p->in->n_calendars == 0)
		return MMS_NO_INDEX;
	const struct mms_block_place *found =
		bsearch(&key, p->places, p->in->n_calendars, sizeof *p->places, by_cursor);
	return found != NULL ? (size_t)(found - p->places) : MMS_NO_INDEX;
}

/* The title of blocks from a calendar. Owns: the result; NULL: out of memory. */
static char *
make_title(const struct mms_block_table *p, uint64_t cursor_id)
{
	const struct mms_block_rules *rules = &p->in->rules;
	const char *template = rules->title != NULL ? rules->title : plain_title;
	const char *name = p->in->calendar_title != NULL
				   ? p->in->calendar_title(p->in->aux, cursor_id)
				   : NULL;
	MMS_AUTO(mms_str) title = { 0 };

	for (const char *at; (at = strstr(template, placeholder)) != NULL;
	     template = at + sizeof placeholder - 1) {
		mms_str_addn(&title, template, (size_t)(at - template));
		mms_str_add(&title, name != NULL ? name : "");
	}
	mms_str_add(&title, template);
	if (title.state == MMS_OK && title.len == 0)
		mms_str_add(&title, plain_title);
	mms_str_cut(&title, mms_block_title_bytes(rules, mms_str_get(&title)));
	return mms_str_take(&title);
}

/* Blocks of a calendar outside are made in the first that is a target, but rather in one that was listed. at: the best so far. */
static bool
is_better_target(const struct mms_block_table *p, const struct mms_block_place *place, size_t at)
{
	return place->calendar->is_target &&
	       (at == MMS_NO_INDEX ||
		(p->places[at].calendar->is_unread && !place->calendar->is_unread));
}

/* Calendars by cursor; those that are one outside get one number. */
static mms_rc
place_calendars(struct mms_block_table *p)
{
	size_t n = p->in->n_calendars;

	p->places = mms_alloc((n + 1) * sizeof *p->places);
	p->targets = mms_alloc((n + 1) * sizeof *p->targets);
	p->located = mms_alloc((n + 1) * sizeof *p->located);
	if (p->places == NULL || p->targets == NULL || p->located == NULL)
		return mms_fail_nomem(p->err);
	for (size_t i = 0; i < n; i++)
		p->places[i].calendar = &p->in->calendars[i];
	if (n > 1)
		qsort(p->places, n, sizeof *p->places, by_cursor);
	MMS_AUTO(mms_keymap) groups = { 0 };
	for (size_t i = 0; i < n; i++) {
		struct mms_block_place *place = &p->places[i];
		const char *outside = (const char *)&place->calendar->outside;
		size_t len = sizeof place->calendar->outside;
		uint32_t group = mms_keymap_find(&groups, outside, len);

		place->title = make_title(p, place->calendar->cursor_id);
		if (place->title == NULL)
			return mms_fail_nomem(p->err);
		if (group == MMS_KEYMAP_NONE) {
			group = (uint32_t)p->n_groups;
			p->targets[p->n_groups++] = MMS_NO_INDEX;
			mms_rc rc = mms_keymap_put(&groups, outside, len, group, NULL, p->err);
			if (rc != MMS_OK)
				return rc;
		}
		place->group = group;
		if (is_better_target(p, place, p->targets[group]))
			p->targets[group] = i;
	}
	return MMS_OK;
}

bool
mms_block_is_target(const struct mms_block_table *p, size_t place)
{
	return place != MMS_NO_INDEX && p->places[place].calendar->is_target;
}

bool
mms_block_is_source(const struct mms_block_table *p, size_t place)
{
	return place != MMS_NO_INDEX && p->places[place].calendar->is_source;
}

/* ---- events ------------------------------------------------------------------------------------- */

/* Is its title one that a block could have here? */
static bool
is_copy(const struct mms_block_table *p, const struct mms_block_event *event)
{
	for (size_t i = 0; event->title != NULL && i < p->in->n_calendars; i++) {
		if (strcmp(event->title, p->places[i].title) == 0)
			return true;
	}
	return false;
}

/* Is it one of our blocks: by its UUID, or, come back by a feed or an import, by its iCalUID? */
static bool
is_block(const struct mms_block_table *p, const struct mms_block_event *event)
{
	const char *key = (const char *)event->uuid, *uid = event->ical_uid;

	return mms_keymap_find(&p->block_of, key, sizeof event->uuid) != MMS_KEYMAP_NONE ||
	       (uid != NULL && uid[0] != '\0' &&
		mms_keymap_find(&p->uid_of, uid, strlen(uid)) != MMS_KEYMAP_NONE);
}

/* Those that blocks may come from: busy or doubtful, in a source, no block themselves, each once. */
static mms_rc
gather_members(struct mms_block_table *p)
{
	const struct mms_block_plan_input *in = p->in;

	p->members = mms_alloc((in->n_events + 1) * sizeof *p->members);
	p->member_of = mms_alloc((in->n_events + 1) * sizeof *p->member_of);
	p->sayings = mms_alloc((in->n_events + 1) * sizeof *p->sayings);
	if (p->members == NULL || p->member_of == NULL || p->sayings == NULL)
		return mms_fail_nomem(p->err);
	for (size_t i = 0; i < in->n_events; i++) {
		const struct mms_block_event *e = &in->events[i];
		const char *key = (const char *)e->uuid;
		size_t place = mms_block_place_of(p, e->cursor_id);

		p->member_of[i] = MMS_NO_INDEX;
		if (mms_keymap_find(&p->event_of, key, sizeof e->uuid) != MMS_KEYMAP_NONE)
			continue;
		mms_rc rc = mms_keymap_put(&p->event_of, key, sizeof e->uuid, (uint32_t)i, NULL,
					   p->err);
		if (rc != MMS_OK)
			return rc;
		if ((!e->is_busy && !e->is_doubtful) || !mms_block_is_source(p, place) ||
		    is_block(p, e))
			continue;
		p->members[p->n_members++] =
			(struct mms_block_member){ .event = e,
						   .calendar = place,
						   .is_busy = e->is_busy && !e->is_doubtful,
						   .is_copy = is_copy(p, e) };
	}
	mms_rc rc = mms_block_meetings_find(p->members, p->n_members, &in->rules, p->err);
	for (size_t i = 0; rc == MMS_OK && i < p->n_members; i++)
		p->member_of[p->members[i].event - in->events] = i;
	return rc;
}

bool
mms_block_has_ended(const struct mms_block_table *p, const struct mms_block_member *member)
{
	return member->event->end_ms <= p->places[member->calendar].calendar->from_ms;
}

/* What blocks from a member say. */
mms_rc
mms_block_saying_find(struct mms_block_table *p, size_t member,
		      const struct mms_block_saying **out)
{
	const struct mms_block_rules *rules = &p->in->rules;
	const struct mms_block_event *e = p->members[member].event;
	struct mms_block_saying *saying = &p->sayings[member];
	mms_rc rc = MMS_OK;

	if (saying->title == NULL) {
		bool copies = rules->copies_title && !e->is_private && e->title != NULL &&
			      e->title[0] != '\0';
		saying->title =
			copies ? mms_text_copy_n(e->title,
						 mms_block_title_bytes(rules, e->title))
			       : mms_text_copy(p->places[p->members[member].calendar].title);
		if (saying->title == NULL)
			return mms_fail_nomem(p->err);
		rc = mms_block_print(p->digest, e->start_ms, e->end_ms, saying->title,
				     saying->print, p->err);
	}
	*out = saying;
	return rc;
}

/* ---- blocks ------------------------------------------------------------------------------------- */

static int
compare_sizes(size_t a, size_t b)
{
	return a < b ? -1 : a > b;
}

int
mms_block_seat_compare(const struct mms_block_seat *a, const struct mms_block_seat *b)
{
	if (a->block->created_at_ms != b->block->created_at_ms)
		return a->block->created_at_ms < b->block->created_at_ms ? -1 : 1;
	return compare_sizes(a->index, b->index);
}

/* By meeting, calendar outside, source and age; what is of no meeting last, by age. */
static int
by_seat(const void *a, const void *b)
{
	const struct mms_block_seat *x = a, *y = b;
	int order = compare_sizes(x->meeting, y->meeting);

	if (order == 0)
		order = compare_sizes(x->group, y->group);
	if (order == 0)
		order = compare_sizes(x->member, y->member);
	return order != 0 ? order : mms_block_seat_compare(x, y);
}

static bool
differs(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) != 0;
}

static struct mms_block_seat
make_seat(const struct mms_block_table *p, const struct mms_block *block, size_t index)
{
	struct mms_block_seat seat = { .block = block,
				       .index = index,
				       .place = mms_block_place_of(p, block->cursor_id),
				       .group = MMS_NO_INDEX,
				       .event = MMS_NO_INDEX,
				       .member = MMS_NO_INDEX,
				       .meeting = MMS_NO_INDEX,
				       .next = MMS_NO_INDEX,
				       .is_live = block->status != MMS_STATE_DELETED };
	uint32_t event = mms_keymap_find(&p->event_of, (const char *)block->source_uuid,
					 sizeof block->source_uuid);

	if (event != MMS_KEYMAP_NONE) {
		seat.event = event;
		seat.member = p->member_of[event];
	}
	if (seat.member != MMS_NO_INDEX)
		seat.meeting = p->members[seat.member].meeting;
	if (seat.place != MMS_NO_INDEX) {
		const struct mms_block_calendar *c = p->places[seat.place].calendar;
		seat.group = p->places[seat.place].group;
		seat.is_elsewhere = differs(block->calendar_id, c->calendar_id) ||
				    differs(block->provider, c->provider);
	}
	return seat;
}

/* Each block once. */
static mms_rc
know_blocks(struct mms_block_table *p)
{
	const struct mms_blocks *blocks = p->in->blocks;
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && blocks != NULL && i < blocks->n; i++) {
		const char *key = (const char *)blocks->items[i].uuid;
		const char *uid = blocks->items[i].ical_uid;
		if (mms_keymap_find(&p->block_of, key, 16) == MMS_KEYMAP_NONE)
			rc = mms_keymap_put(&p->block_of, key, 16, (uint32_t)i, NULL, p->err);
		if (rc == MMS_OK && uid != NULL && uid[0] != '\0')
			rc = mms_keymap_put(&p->uid_of, uid, strlen(uid), (uint32_t)i, NULL,
					    p->err);
	}
	return rc;
}

static mms_rc
seat_blocks(struct mms_block_table *p)
{
	const struct mms_blocks *blocks = p->in->blocks;
	size_t n = blocks != NULL ? blocks->n : 0;

	p->seats = mms_alloc((n + 1) * sizeof *p->seats);
	if (p->seats == NULL)
		return mms_fail_nomem(p->err);
	for (size_t i = 0; i < n; i++) {
		const char *key = (const char *)blocks->items[i].uuid;
		if (mms_keymap_find(&p->block_of, key, 16) == i)
			p->seats[p->n_seats++] = make_seat(p, &blocks->items[i], i);
	}
	if (p->n_seats > 1)
		qsort(p->seats, p->n_seats, sizeof *p->seats, by_seat);
	return MMS_OK;
}

mms_rc
mms_block_table_make(struct mms_block_table *p)
{
	mms_rc rc = place_calendars(p);

	if (rc == MMS_OK)
		rc = know_blocks(p);
	if (rc == MMS_OK)
		rc = gather_members(p);
	return rc == MMS_OK ? seat_blocks(p) : rc;
}
