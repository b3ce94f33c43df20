/*
 * Which blocks should be (see the header): no clock, no database, no network. One walk over the meetings decides, and one
 * over the blocks that none of them wants.
 */
#include "block_plan.h"

#include <stdlib.h>
#include <string.h>

#include "block_table.h"
#include "mmsync/mem.h"

void
mms_block_plan_release(struct mms_block_plan *plan)
{
	if (plan == NULL)
		return;
	for (size_t i = 0; i < plan->n; i++)
		mms_free(plan->items[i].title);
	mms_free(plan->items);
	mms_free(plan->twins);
	*plan = (struct mms_block_plan){ 0 };
}

/* Is it there, and where its calendar is now? */
static bool
is_there(const struct mms_block_seat *seat)
{
	return seat->is_live && !seat->is_elsewhere;
}

static bool
is_going(const struct mms_block_seat *seat)
{
	return seat->block->removed_by == MMS_REMOVED_BY_US;
}

/* The service has not told its iCalUID yet: what bears that is not known for its copy. */
static bool
is_nameless(const struct mms_block_seat *seat)
{
	return seat->block->status == MMS_STATE_CREATING;
}

/* ---- decisions ---------------------------------------------------------------------------------- */

/* A step for a block; member MMS_NO_INDEX: what it says stays. seat NULL: a new one, in a calendar. */
static mms_rc
decide(struct mms_block_table *p, enum mms_block_step step, struct mms_block_seat *seat,
       size_t place, size_t member, const char *why)
{
	const struct mms_block *block = seat != NULL ? seat->block : NULL;
	struct mms_block_decision d = { .step = step, .block = block, .why = why };
	const struct mms_block_saying *saying = NULL;

	if (member != MMS_NO_INDEX) {
		const struct mms_block_event *e = p->members[member].event;
		mms_rc rc = mms_block_saying_find(p, member, &saying);
		if (rc != MMS_OK)
			return rc;
		d.event = e;
		d.source_id = e->cursor_id;
		memcpy(d.source_uuid, e->uuid, sizeof d.source_uuid);
		d.start_ms = e->start_ms;
		d.end_ms = e->end_ms;
		memcpy(d.print, saying->print, sizeof d.print);
		d.title = mms_text_copy(saying->title);
		if (d.title == NULL)
			return mms_fail_nomem(p->err);
	} else if (seat != NULL) {
		d.event = seat->event != MMS_NO_INDEX ? &p->in->events[seat->event] : NULL;
		d.source_id = block->source_id;
		memcpy(d.source_uuid, block->source_uuid, sizeof d.source_uuid);
		d.start_ms = block->start_ms;
		d.end_ms = block->end_ms;
		memcpy(d.print, block->print, sizeof d.print);
	}
	d.cursor_id = block != NULL ? block->cursor_id : p->places[place].calendar->cursor_id;
	if (seat != NULL) {
		seat->is_settled = true;
		d.is_extra = seat->is_extra;
	}
	struct mms_block_decision *items =
		mms_grow(p->out->items, p->out->n, &p->out->cap, sizeof *items);
	if (items == NULL) {
		mms_free(d.title);
		return mms_fail_nomem(p->err);
	}
	p->out->items = items;
	items[p->out->n++] = d;
	return MMS_OK;
}

/* How well a live block serves; the lower the better. */
static int
rank_of(const struct mms_block_seat *seat)
{
	if (is_going(seat))
		return 3;
	if (seat->block->status == MMS_STATE_FAILED || seat->block->is_quarantined)
		return 2;
	return seat->block->status == MMS_STATE_CREATING;
}

/* The one that stays of those of a meeting in a calendar outside; NULL: none is there. */
static struct mms_block_seat *
choose_seat(const struct mms_block_table *p, struct mms_block_seat *seats, size_t n)
{
	struct mms_block_seat *best = NULL;

	for (size_t i = 0; i < n; i++) {
		struct mms_block_seat *seat = &seats[i];
		bool is_anothers = is_nameless(seat) && !p->members[seat->member].is_busy;
		if (!is_there(seat) || !mms_block_is_target(p, seat->place) || is_anothers ||
		    (seat->block->is_quarantined && is_going(seat)))
			continue;
		int order = best == NULL ? -1 : rank_of(seat) - rank_of(best);
		if (order < 0 || (order == 0 && mms_block_seat_compare(seat, best) < 0))
			best = seat;
	}
	return best;
}

/* A block that stays: does it say what it should, and comes from where it should? */
static mms_rc
decide_kept(struct mms_block_table *p, struct mms_block_seat *seat, size_t chosen)
{
	bool is_own = p->members[seat->member].is_busy;
	size_t member = is_own ? seat->member : chosen;
	const struct mms_block_saying *saying = NULL;

	seat->is_settled = true;
	if (seat->block->is_quarantined)
		return MMS_OK;
	mms_rc rc = mms_block_saying_find(p, member, &saying);
	if (rc != MMS_OK)
		return rc;
	if (memcmp(saying->print, seat->block->print, sizeof saying->print) != 0)
		return decide(p, MMS_BLOCK_UPDATE, seat, MMS_NO_INDEX, member,
			      is_own ? "its source says something else"
				     : "its meeting says something else");
	if (is_going(seat))
		return decide(p, MMS_BLOCK_UPDATE, seat, MMS_NO_INDEX, member,
			      "it is wanted again");
	if (!is_own)
		return decide(p, MMS_BLOCK_ADOPT, seat, MMS_NO_INDEX, member,
			      "its meeting is known from another calendar");
	return MMS_OK;
}

/* Did a person remove the last block of one of these sources here, which said the same? */
static bool
is_unwished(const struct mms_block_seat *seats, size_t n,
	    const unsigned char print[MMS_PRINT_BYTES])
{
	const struct mms_block_seat *last = NULL;

	for (size_t i = n; i > 0; i--) {
		const struct mms_block_seat *seat = &seats[i - 1];
		if (seat->is_elsewhere || (last != NULL && last->member == seat->member))
			continue;
		last = seat;
		if (!seat->is_live && seat->block->removed_by == MMS_REMOVED_OUTSIDE &&
		    memcmp(seat->block->sent_print, print, MMS_PRINT_BYTES) == 0)
			return true;
	}
	return false;
}

/* ---- blocks that lost their source ---------------------------------------------------------------- */

#define FREE_KEY (sizeof(size_t) + MMS_PRINT_BYTES)

static void
make_free_key(char key[FREE_KEY], size_t group, const unsigned char print[MMS_PRINT_BYTES])
{
	memcpy(key, &group, sizeof group);
	memcpy(key + sizeof group, print, MMS_PRINT_BYTES);
}

/* Its source is not known any more; it ended before the window of that calendar, which takes part: history. */
static bool
is_history(const struct mms_block_table *p, const struct mms_block_seat *seat)
{
	size_t from = mms_block_place_of(p, seat->block->source_id);

	return seat->event == MMS_NO_INDEX && mms_block_is_source(p, from) &&
	       seat->block->end_ms <= p->places[from].calendar->from_ms;
}

static bool
is_free(const struct mms_block_table *p, const struct mms_block_seat *seat)
{
	return seat->meeting == MMS_NO_INDEX && is_there(seat) &&
	       mms_block_is_target(p, seat->place) &&
	       (seat->event != MMS_NO_INDEX || p->in->is_whole) &&
	       seat->block->status != MMS_STATE_FAILED && !seat->block->is_quarantined &&
	       !is_nameless(seat);
}

/* By calendar outside and print, the best first: the last one that is put. */
static mms_rc
collect_free(struct mms_block_table *p)
{
	mms_rc rc = MMS_OK;

	for (int going = 1; going >= 0; going--) {
		for (size_t i = p->n_seats; rc == MMS_OK && i > 0; i--) {
			struct mms_block_seat *seat = &p->seats[i - 1];
			char key[FREE_KEY];
			uint32_t before = MMS_KEYMAP_NONE;

			if (!is_free(p, seat) || is_going(seat) != (going == 1))
				continue;
			make_free_key(key, seat->group, seat->block->print);
			rc = mms_keymap_put(&p->free_of, key, sizeof key, (uint32_t)(i - 1),
					    &before, p->err);
			seat->next = before == MMS_KEYMAP_NONE ? MMS_NO_INDEX : before;
		}
	}
	return rc;
}

/* One that says this in a calendar outside; NULL: none is left. */
static struct mms_block_seat *
take_free(struct mms_block_table *p, size_t group, const unsigned char print[MMS_PRINT_BYTES])
{
	char key[FREE_KEY];

	make_free_key(key, group, print);
	uint32_t head = mms_keymap_find(&p->free_of, key, sizeof key);
	size_t i = head == MMS_KEYMAP_NONE ? MMS_NO_INDEX : head;
	while (i != MMS_NO_INDEX && p->seats[i].is_settled)
		i = p->seats[i].next;
	return i == MMS_NO_INDEX ? NULL : &p->seats[i];
}

/* ---- meetings ------------------------------------------------------------------------------------- */

/* A meeting wants a block in a calendar outside; seats: those of it that there are or were. */
static mms_rc
decide_wanted(struct mms_block_table *p, size_t group, size_t chosen,
	      struct mms_block_seat *seats, size_t n)
{
	const struct mms_block_saying *saying = NULL;
	struct mms_block_seat *kept = choose_seat(p, seats, n);

	for (size_t i = 0; i < n; i++)
		seats[i].is_extra = kept != NULL && &seats[i] != kept;
	if (kept != NULL)
		return decide_kept(p, kept, chosen);
	if (mms_block_has_ended(p, &p->members[chosen]))
		return MMS_OK;
	mms_rc rc = mms_block_saying_find(p, chosen, &saying);
	if (rc != MMS_OK || is_unwished(seats, n, saying->print))
		return rc;
	struct mms_block_seat *taken = take_free(p, group, saying->print);
	if (taken != NULL)
		return decide(p, is_going(taken) ? MMS_BLOCK_UPDATE : MMS_BLOCK_ADOPT, taken,
			      MMS_NO_INDEX, chosen, "another event is at the same time now");
	for (size_t i = 0; i < n; i++)
		seats[i].is_extra = true;
	if (p->places[p->targets[group]].calendar->is_unread)
		return MMS_OK;
	return decide(p, MMS_BLOCK_CREATE, NULL, p->targets[group], chosen,
		      "its meeting is not in this calendar");
}

/* Of a booking before all others, else the first; MMS_NO_INDEX: all are doubtful. */
static size_t
choose_source(const struct mms_block_table *p, size_t from, size_t to)
{
	size_t chosen = MMS_NO_INDEX;

	for (size_t i = from; i < to; i++) {
		if (!p->members[i].is_busy)
			continue;
		if (p->members[i].event->is_booking)
			return i;
		chosen = chosen == MMS_NO_INDEX ? i : chosen;
	}
	return chosen;
}

/* Members from, to are one meeting; seats: its blocks, by calendar outside. */
static mms_rc
decide_meeting(struct mms_block_table *p, size_t from, size_t to, struct mms_block_seat *seats,
	       size_t n)
{
	size_t chosen = choose_source(p, from, to), at = 0;
	mms_rc rc = MMS_OK;

	for (size_t i = from; i < to; i++)
		p->located[p->places[p->members[i].calendar].group] =
			p->members[from].meeting + 1;
	for (size_t i = 0; chosen == MMS_NO_INDEX && i < n; i++)
		seats[i].is_settled =
			mms_block_is_target(p, seats[i].place); /* nobody knows better */
	for (size_t group = 0; rc == MMS_OK && chosen != MMS_NO_INDEX && group < p->n_groups;
	     group++) {
		size_t first = at;
		while (at < n && seats[at].group == group)
			at++;
		if (p->targets[group] != MMS_NO_INDEX &&
		    p->located[group] != p->members[from].meeting + 1)
			rc = decide_wanted(p, group, chosen, seats + first, at - first);
	}
	return rc;
}

static mms_rc
decide_meetings(struct mms_block_table *p)
{
	mms_rc rc = MMS_OK;

	for (size_t from = 0, to, at = 0; rc == MMS_OK && from < p->n_members; from = to) {
		size_t meeting = p->members[from].meeting, first = at;

		for (to = from + 1; to < p->n_members && p->members[to].meeting == meeting;)
			to++;
		while (at < p->n_seats && p->seats[at].meeting == meeting)
			at++;
		rc = decide_meeting(p, from, to, p->seats + first, at - first);
		if (rc == MMS_OK)
			rc = mms_block_meetings_pair(p->members + from, to - from, p->out,
						     p->err);
	}
	return rc;
}

/* ---- what is wanted no more ------------------------------------------------------------------------ */

/* Is a block that no meeting wants left as it is all the same? */
static bool
is_left(const struct mms_block_table *p, const struct mms_block_seat *seat)
{
	if (seat->place == MMS_NO_INDEX || is_going(seat) ||
	    !p->places[seat->place].calendar->is_reachable)
		return true;
	if (seat->event == MMS_NO_INDEX && !p->in->is_whole)
		return true;
	if (!mms_block_is_target(p, seat->place) || seat->is_extra)
		return false;
	if (seat->member != MMS_NO_INDEX)
		return p->members[seat->member].is_busy &&
		       mms_block_has_ended(p, &p->members[seat->member]);
	return is_history(p, seat);
}

static const char *
why_gone(const struct mms_block_table *p, const struct mms_block_seat *seat)
{
	if (seat->is_extra)
		return "another block is there for its meeting";
	if (seat->event == MMS_NO_INDEX)
		return "its source is not among the person's events any more";
	if (seat->member == MMS_NO_INDEX)
		return "its source does not block any more";
	return mms_block_is_target(p, seat->place) ? "its meeting is in this calendar"
						   : "this calendar gets no blocks any more";
}

static mms_rc
decide_rest(struct mms_block_table *p)
{
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < p->n_seats; i++) {
		struct mms_block_seat *seat = &p->seats[i];
		if (!seat->is_live || seat->is_settled)
			continue;
		if (!seat->is_elsewhere && !is_left(p, seat))
			rc = decide(p, MMS_BLOCK_DELETE, seat, MMS_NO_INDEX, MMS_NO_INDEX,
				    why_gone(p, seat));
	}
	return rc;
}

/* Those made where the calendar is not any more. */
static mms_rc
decide_lost(struct mms_block_table *p)
{
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < p->n_seats; i++) {
		if (p->seats[i].is_live && p->seats[i].is_elsewhere)
			rc = decide(p, MMS_BLOCK_LOSE, &p->seats[i], MMS_NO_INDEX, MMS_NO_INDEX,
				    "it is in another calendar than its integration has now");
	}
	return rc;
}

/* ---- the plan -------------------------------------------------------------------------------------- */

static int
by_decision(const void *a, const void *b)
{
	const struct mms_block_decision *x = a, *y = b;

	if (x->start_ms != y->start_ms)
		return x->start_ms < y->start_ms ? -1 : 1;
	if (x->end_ms != y->end_ms)
		return x->end_ms < y->end_ms ? -1 : 1;
	if (x->cursor_id != y->cursor_id)
		return x->cursor_id < y->cursor_id ? -1 : 1;
	int order = memcmp(x->source_uuid, y->source_uuid, sizeof x->source_uuid);
	if (order != 0 || x->block == NULL || y->block == NULL)
		return order != 0 ? order : (x->block != NULL) - (y->block != NULL);
	return memcmp(x->block->uuid, y->block->uuid, sizeof x->block->uuid);
}

static int
by_twin(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct mms_block_twin));
}

mms_rc
mms_block_plan(const struct mms_block_plan_input *in, struct mms_digest *digest,
	       struct mms_block_plan *out, struct mms_err *err)
{
	MMS_AUTO(mms_block_plan) plan = { 0 };
	struct mms_block_table p __attribute__((cleanup(mms_block_table_release))) = {
		.in = in, .digest = digest, .out = &plan, .err = err
	};

	mms_rc rc = mms_block_table_make(&p);
	if (rc == MMS_OK)
		rc = collect_free(&p);
	if (rc == MMS_OK)
		rc = decide_lost(&p);
	if (rc == MMS_OK)
		rc = decide_meetings(&p);
	if (rc == MMS_OK)
		rc = decide_rest(&p);
	if (rc != MMS_OK)
		return rc;
	if (plan.n > 1)
		qsort(plan.items, plan.n, sizeof *plan.items, by_decision);
	if (plan.n_twins > 1)
		qsort(plan.twins, plan.n_twins, sizeof *plan.twins, by_twin);
	*out = plan;
	plan = (struct mms_block_plan){ 0 };
	return MMS_OK;
}
