/* What holds of every plan of blocks, in worlds made by chance: MMS_SEED plays those of a seed again. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "mmsync/mem.h"
#include "support/block_world.h"

#define N_WORLDS 600
#define N_STEPS  8
#define N_SLOTS  4

static uint64_t noise;

static unsigned
pick(unsigned n)
{
	noise ^= noise << 13;
	noise ^= noise >> 7;
	noise ^= noise << 17;
	return (unsigned)(noise >> 33) % n;
}

static bool
chance(unsigned percent)
{
	return pick(100) < percent;
}

#define PICK(texts) ((texts)[pick((unsigned)MMS_COUNT(texts))])

/* ---- worlds by chance ------------------------------------------------------------------------ */

static void
change_calendar(struct block_world *w, struct mms_block_calendar *c)
{
	static const char *const ids[] = { NULL, "x", "x", "x", "y" };

	c->is_source = chance(85);
	c->is_target = c->is_source && chance(80);
	c->is_reachable = c->is_target || chance(60);
	c->is_unread = chance(15);
	c->outside = chance(85) ? (unsigned)c->cursor_id : pick((unsigned)w->n_calendars) + 1;
	c->from_ms = chance(80) ? 0 : WORLD_HOUR * pick(N_SLOTS + 1);
	c->calendar_id = chance(80) ? "x" : PICK(ids);
}

static void
change_event(struct block_world *w, struct mms_block_event *e)
{
	static const char *const titles[] = { NULL,          "",     "Lunch", "Dentist",
					      "Zähneputzen", "Zähn", "Busy",  "Busy (Work A)" };
	static const char *const uids[] = { NULL, NULL, "1", "2" };
	static const char *const organizers[] = { NULL, NULL, NULL, "ann@example.com",
						  "ANN@example.com" };
	static const char *const bookings[] = { NULL, NULL, NULL, "MB-1" };
	unsigned kind = pick(20);

	e->is_busy = kind > 3;
	e->is_doubtful = kind < 2;
	e->is_private = chance(20);
	if (chance(60))
		e->start_ms = WORLD_HOUR * pick(N_SLOTS);
	e->end_ms = e->start_ms + WORLD_HOUR * (chance(90) ? 1 : 2);
	e->title = PICK(titles);
	e->ical_uid = PICK(uids);
	e->organizer = PICK(organizers);
	e->booking = PICK(bookings);
	e->is_booking = e->booking != NULL && chance(50);
	if (e->cursor_id == 0)
		e->cursor_id = pick((unsigned)w->n_calendars) + 1;
}

static void
add_event(struct block_world *w)
{
	struct mms_block_event *e = &w->events[w->n_events++];

	*e = (struct mms_block_event){ 0 };
	e->uuid[0] = 'e';
	e->uuid[1] = (unsigned char)('0' + pick(10)); /* not in the order in which they came */
	e->uuid[2] = (unsigned char)('a' + (int)w->n_events % 26);
	e->uuid[3] = (unsigned char)('a' + (int)w->n_events / 26);
	change_event(w, e);
}

static void
make_world(struct block_world *w)
{
	static const char *const templates[] = { "Busy", "Busy", "Busy ({calendar})" };

	w->rules = (struct mms_block_rules){ .title = PICK(templates),
					     .copies_title = chance(40),
					     .title_chars = chance(50) ? 140 : 4 };
	w->is_whole = true;
	w->n_calendars = 1 + pick(6);
	for (size_t i = 0; i < w->n_calendars; i++) {
		w->calendars[i].cursor_id = i + 1;
		change_calendar(w, &w->calendars[i]);
	}
	for (unsigned n = pick(10); n > 0; n--)
		add_event(w);
}

/* What people, services and faults do to a block. */
static void
change_block(struct mms_block *b)
{
	if (b->status == MMS_STATE_DELETED)
		return;
	switch (pick(5)) {
	case 0:
		b->status = MMS_STATE_DELETED;
		b->removed_by = MMS_REMOVED_OUTSIDE;
		break;
	case 1:
		b->status = MMS_STATE_FAILED;
		break;
	case 2:
		b->is_quarantined = true;
		break;
	case 3:
		b->status = MMS_STATE_CREATING;
		break;
	default:
		b->is_quarantined = false;
		b->status = MMS_STATE_SYNCED;
	}
}

/* Another one of something that is there, as tables put back from a backup have them. */
static void
double_block(struct block_world *w)
{
	struct mms_block *b = &w->blocks[w->n_blocks++];

	*b = w->blocks[pick((unsigned)w->n_blocks - 1)];
	b->created_at_ms = ++w->clock;
	(void)snprintf((char *)b->uuid, sizeof b->uuid, "two%d", (int)w->clock);
	if (w->n_events > 0 && chance(50)) {
		const struct mms_block_event *e = &w->events[pick((unsigned)w->n_events)];
		memcpy(b->source_uuid, e->uuid, sizeof b->source_uuid);
		b->source_id = e->cursor_id;
	}
}

static void
change_world(struct block_world *w)
{
	for (unsigned n = pick(4); n > 0; n--) {
		unsigned what = pick(12);

		if (what == 0)
			change_calendar(w, &w->calendars[pick((unsigned)w->n_calendars)]);
		else if (what < 3 && w->n_events < 14)
			add_event(w);
		else if (what < 7 && w->n_events > 0)
			change_event(w, &w->events[pick((unsigned)w->n_events)]);
		else if (what == 7 && w->n_events > 0)
			w->events[pick((unsigned)w->n_events)].is_busy = false;
		else if (what < 11 && w->n_blocks > 0)
			change_block(&w->blocks[pick((unsigned)w->n_blocks)]);
		else if (w->n_blocks > 0 && w->n_blocks < WORLD_BLOCKS / 2)
			double_block(w);
	}
	for (size_t i = 0; i < w->n_blocks; i++) {
		if (w->blocks[i].calendar_id == NULL && w->blocks[i].status == MMS_STATE_SYNCED)
			w->blocks[i].calendar_id = block_world_keep(
				w, w->calendars[w->blocks[i].cursor_id - 1].calendar_id);
	}
}

/* ---- what is the same meeting, the slow way ---------------------------------------------------- */

static const struct mms_block_calendar *
calendar_of(const struct block_world *w, uint64_t cursor_id)
{
	for (size_t i = 0; i < w->n_calendars; i++) {
		if (w->calendars[i].cursor_id == cursor_id)
			return &w->calendars[i];
	}
	return NULL;
}

static bool
takes_part(const struct block_world *w, const struct mms_block_event *e)
{
	const struct mms_block_calendar *c = calendar_of(w, e->cursor_id);

	return c != NULL && c->is_source && (e->is_busy || e->is_doubtful);
}

static bool
are_directly_same(const struct block_world *w, const struct mms_block_event *a,
		  const struct mms_block_event *b)
{
	static const char *const titles[] = { "Work A", "Home B",  "Team C",
					      "Club D", "Choir E", "Feed F" };
	char title[64];

	if (!takes_part(w, a) || !takes_part(w, b))
		return false;
	for (size_t i = 0; i < w->n_calendars; i++) {
		const char *name = titles[w->calendars[i].cursor_id - 1];
		if (strcmp(w->rules.title, "Busy") == 0)
			(void)snprintf(title, sizeof title, "Busy");
		else
			(void)snprintf(title, sizeof title, "Busy (%s)", name);
		if (w->rules.title_chars == 4)
			title[4] = '\0';
		if (mms_block_is_same(a, b, title))
			return true;
	}
	if (!w->rules.copies_title || a->start_ms != b->start_ms || a->end_ms != b->end_ms ||
	    a->title == NULL || b->title == NULL || a->title[0] == '\0' ||
	    (a->is_private && b->is_private))
		return false;
	if (w->rules.title_chars == 4 && strncmp(a->title, "Z", 1) == 0)
		return strncmp(b->title, "Z", 1) == 0; /* both are cut to Zähn */
	return strncmp(a->title, b->title, w->rules.title_chars) == 0;
}

/* The events that are the same meeting as the first. */
struct meeting {
	bool has[WORLD_EVENTS];
};

static struct meeting
meeting_of(const struct block_world *w, size_t event)
{
	struct meeting m = { 0 };

	m.has[event] = true;
	for (bool is_more = true; is_more;) {
		is_more = false;
		for (size_t i = 0; i < w->n_events; i++) {
			for (size_t k = 0; k < w->n_events && !m.has[i]; k++) {
				m.has[i] = m.has[k] &&
					   are_directly_same(w, &w->events[i], &w->events[k]);
				is_more = is_more || m.has[i];
			}
		}
	}
	return m;
}

/* ---- laws --------------------------------------------------------------------------------------- */

static bool
is_of(const struct block_world *w, const struct meeting *m, const struct mms_block *b)
{
	for (size_t i = 0; i < w->n_events; i++) {
		if (m->has[i] && memcmp(w->events[i].uuid, b->source_uuid, 16) == 0)
			return true;
	}
	return false;
}

static bool
is_elsewhere(const struct block_world *w, const struct mms_block *b)
{
	const struct mms_block_calendar *c = calendar_of(w, b->cursor_id);

	return c == NULL || (b->calendar_id != NULL && c->calendar_id != NULL &&
			     strcmp(b->calendar_id, c->calendar_id) != 0);
}

/* What there is of a meeting in a calendar outside. */
struct count {
	bool is_located, is_target, is_unwished, is_quarantined;
	bool may_lack; /* the person removed it, or nothing is made there yet */
	size_t n_live, n_right, n_wrong_source;
};

static void
count_block(const struct block_world *w, const struct mms_block_event *e,
	    const struct mms_block *b, struct count *count)
{
	bool is_live = b->status != MMS_STATE_DELETED && b->removed_by != MMS_REMOVED_BY_US;

	if (b->status == MMS_STATE_DELETED && b->removed_by == MMS_REMOVED_OUTSIDE)
		count->is_unwished = true;
	if (!is_live || !calendar_of(w, b->cursor_id)->is_target)
		return;
	count->n_live++;
	count->n_right += b->start_ms == e->start_ms && b->end_ms == e->end_ms;
	count->is_quarantined = count->is_quarantined || b->is_quarantined;
	for (size_t i = 0; i < w->n_events; i++) {
		if (memcmp(w->events[i].uuid, b->source_uuid, 16) == 0)
			count->n_wrong_source += !takes_part(w, &w->events[i]) ||
						 (!w->events[i].is_busy && !b->is_quarantined);
	}
}

static struct count
count_there(const struct block_world *w, const struct mms_block_event *e,
	    const struct meeting *m, unsigned outside)
{
	struct count count = { 0 };
	bool is_read = false;

	for (size_t i = 0; i < w->n_events; i++)
		count.is_located = count.is_located ||
				   (m->has[i] &&
				    calendar_of(w, w->events[i].cursor_id)->outside == outside);
	for (size_t i = 0; i < w->n_calendars; i++) {
		bool is_target =
			w->calendars[i].outside == outside && w->calendars[i].is_target;
		count.is_target = count.is_target || is_target;
		is_read = is_read || (is_target && !w->calendars[i].is_unread);
	}
	for (size_t i = 0; i < w->n_blocks; i++) {
		const struct mms_block *b = &w->blocks[i];
		if (is_of(w, m, b) && !is_elsewhere(w, b) &&
		    calendar_of(w, b->cursor_id)->outside == outside)
			count_block(w, e, b, &count);
	}
	count.may_lack = count.is_unwished || !is_read;
	return count;
}

/* A busy event's meeting has one block, which says when it is, in each target in which it is not itself. */
static void
check_busy(const struct block_world *w, size_t event)
{
	const struct mms_block_event *e = &w->events[event];
	struct meeting m = meeting_of(w, event);
	bool has_old = false;

	for (size_t i = 0; i < w->n_events; i++)
		has_old = has_old ||
			  (m.has[i] &&
			   e->end_ms <= calendar_of(w, w->events[i].cursor_id)->from_ms);
	for (size_t i = 0; i < w->n_calendars; i++) {
		unsigned outside = w->calendars[i].outside;
		struct count count = count_there(w, e, &m, outside);
		const char *name = (const char *)e->uuid;

		if (!count.is_target)
			continue;
		if (count.is_located && count.n_live > 0 && !has_old)
			fail_msg("%.16s: a block beside it in %u", name, outside);
		if (count.is_located)
			continue;
		if (count.n_live == 0 && !count.may_lack && !has_old)
			fail_msg("%.16s: no block in %u", name, outside);
		if (count.n_live > 1)
			fail_msg("%.16s: %zu blocks in %u", name, count.n_live, outside);
		if (count.n_live == 1 && count.n_right != 1 && !count.is_quarantined)
			fail_msg("%.16s: its block in %u says something else", name, outside);
		if (count.n_wrong_source > 0)
			fail_msg("%.16s: its block in %u is from what is not busy", name,
				 outside);
	}
}

/* A block that stays where it can be removed is of a meeting, or nobody knows. */
static void
check_block(const struct block_world *w, const struct mms_block *b)
{
	const struct mms_block_calendar *c = calendar_of(w, b->cursor_id);

	if (b->status == MMS_STATE_DELETED || b->removed_by == MMS_REMOVED_BY_US ||
	    is_elsewhere(w, b) || !c->is_reachable)
		return;
	if (!c->is_target)
		fail_msg("a block stays in %d, which gets none", (int)b->cursor_id);
	for (size_t i = 0; i < w->n_events; i++) {
		if (memcmp(w->events[i].uuid, b->source_uuid, 16) == 0 &&
		    takes_part(w, &w->events[i]))
			return;
	}
	fail_msg("a block stays in %d of what is not busy", (int)b->cursor_id);
}

static void
check_laws(const struct block_world *w)
{
	for (size_t i = 0; i < w->n_events; i++) {
		if (takes_part(w, &w->events[i]) && w->events[i].is_busy &&
		    !w->events[i].is_doubtful)
			check_busy(w, i);
	}
	for (size_t i = 0; i < w->n_blocks; i++)
		check_block(w, &w->blocks[i]);
}

static void
shuffle(void *items, size_t n, size_t size)
{
	unsigned char held[512], *bytes = items;

	assert_true(size <= sizeof held);
	for (size_t i = n; i > 1; i--) {
		size_t k = pick((unsigned)i);
		memcpy(held, bytes + k * size, size);
		memmove(bytes + k * size, bytes + (i - 1) * size, size);
		memcpy(bytes + (i - 1) * size, held, size);
	}
}

/* In another order the same comes out. */
static void
check_order(struct block_world *w, const struct mms_str *want)
{
	MMS_AUTO(mms_block_plan) plan = { 0 };
	MMS_AUTO(mms_str) is = { 0 };

	shuffle(w->calendars, w->n_calendars, sizeof w->calendars[0]);
	shuffle(w->events, w->n_events, sizeof w->events[0]);
	shuffle(w->blocks, w->n_blocks, sizeof w->blocks[0]);
	block_world_plan(w, &plan);
	block_world_print(&plan, &is);
	assert_string_equal(mms_str_get(&is), mms_str_get(want));
	block_world_sort(w);
}

/* Pairs of a plan are those that the slow way finds. */
static void
check_pairs(const struct block_world *w, const struct mms_block_plan *plan)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n_events; i++) {
		struct meeting m = meeting_of(w, i);
		for (size_t k = 0; k < w->n_events; k++)
			n += k != i && m.has[k];
	}
	assert_int_equal(plan->n_twins * 2, n);
}

/* Parts: the events of some times with the blocks of these, and then the rest. */
static void
plan_part(struct block_world *w, unsigned slots, bool has)
{
	MMS_AUTO(mms_block_plan) plan = { 0 };
	struct block_world *part = mms_alloc(sizeof *part);

	assert_non_null(part);
	block_world_copy(part, w);
	part->is_whole = false;
	part->n_events = part->n_blocks = 0;
	for (size_t i = 0; i < w->n_events; i++) {
		unsigned slot = (unsigned)(w->events[i].start_ms / WORLD_HOUR);
		if (((slots >> slot & 1) != 0) != has)
			continue;
		part->events[part->n_events++] = w->events[i];
		for (size_t k = 0; k < w->n_blocks; k++) {
			if (memcmp(w->blocks[k].source_uuid, w->events[i].uuid, 16) == 0)
				part->blocks[part->n_blocks++] = w->blocks[k];
		}
	}
	block_world_plan(part, &plan);
	block_world_announce(w, &plan);
	mms_block_plan_release(&plan);
	block_world_release(part);
	mms_free(part);
}

static int
by_line(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* What is live and stays, as sorted lines. */
static void
print_live(const struct block_world *w, struct mms_str *out)
{
	static char lines[WORLD_BLOCKS][128];
	size_t n = 0;

	for (size_t i = 0; i < w->n_blocks; i++) {
		const struct mms_block *b = &w->blocks[i];
		if (b->status != MMS_STATE_DELETED && b->removed_by != MMS_REMOVED_BY_US)
			(void)snprintf(lines[n++], sizeof lines[0], "%d %.16s %d-%d %s",
				       (int)b->cursor_id, (const char *)b->source_uuid,
				       (int)(b->start_ms / WORLD_HOUR),
				       (int)(b->end_ms / WORLD_HOUR), b->title);
	}
	if (n > 1)
		qsort(lines, n, sizeof lines[0], by_line);
	for (size_t i = 0; i < n; i++)
		mms_str_addf(out, "%s\n", lines[i]);
}

static void
check_parts(const struct block_world *before, const struct block_world *after)
{
	struct block_world *w = mms_alloc(sizeof *w);
	MMS_AUTO(mms_str) want = { 0 };
	MMS_AUTO(mms_str) is = { 0 };
	unsigned slots = pick(1 << N_SLOTS);

	assert_non_null(w);
	block_world_copy(w, before);
	plan_part(w, slots, true);
	plan_part(w, slots, false);
	print_live(after, &want);
	print_live(w, &is);
	if (strcmp(mms_str_get(&want), mms_str_get(&is)) != 0)
		fail_msg("whole:\n%sin parts:\n%s", mms_str_get(&want), mms_str_get(&is));
	block_world_release(w);
	mms_free(w);
}

static size_t
check_world(struct block_world *w)
{
	MMS_AUTO(mms_block_plan) plan = { 0 };
	MMS_AUTO(mms_block_plan) again = { 0 };
	MMS_AUTO(mms_str) is = { 0 };
	struct block_world *before = mms_alloc(sizeof *before);

	assert_non_null(before);
	block_world_copy(before, w);
	block_world_plan(w, &plan);
	block_world_print(&plan, &is);
	check_pairs(w, &plan);
	check_order(before, &is);
	size_t n = plan.n;
	block_world_announce(w, &plan);
	check_laws(w);
	check_parts(before, w);
	block_world_plan(w, &again);
	assert_int_equal(again.n, 0);
	block_world_release(before);
	mms_free(before);
	if (chance(70))
		block_world_settle(w);
	mms_block_plan_release(&again);
	block_world_plan(w, &again);
	assert_int_equal(again.n, 0);
	return n;
}

static void
plans_keep_their_laws_in_every_world(void **state)
{
	const char *given = getenv("MMS_SEED");
	uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	size_t n = 0;

	(void)state;
	print_message("# MMS_SEED=%llu\n", (unsigned long long)seed);
	noise = seed * 6364136223846793005U + 1442695040888963407U;
	for (int i = 0; i < N_WORLDS; i++) {
		struct block_world *w = mms_alloc(sizeof *w);

		assert_non_null(w);
		make_world(w);
		for (int step = 0; step < N_STEPS; step++) {
			n += check_world(w);
			change_world(w);
		}
		block_world_release(w);
		mms_free(w);
	}
	print_message("# %zu steps of blocks\n", n);
	assert_true(n > (size_t)N_WORLDS * 4);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(plans_keep_their_laws_in_every_world),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
