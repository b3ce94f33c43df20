/*
 * Which blocks one person's calendars should have, and what follows for those that there are: a pure decision.
 * fixtures/plan/blocks.txt has every case. Private to sync/.
 */
#ifndef SYNC_BLOCK_PLAN_H
#define SYNC_BLOCK_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/blocks.h"

/* One of the person's calendars. */
struct mms_block_calendar {
	uint64_t cursor_id;
	bool is_source; /* active, and takes part: blocks are made from its events            */
	bool is_target; /* active, takes part, written to: blocks are made in it              */
	bool is_unread; /* a target that was never listed: what stands in it already is not known, so nothing new comes into it */
	bool is_reachable; /* blocks in it can be removed: a service that takes writes           */
	unsigned
		outside; /* calendars with the same number are the same one outside            */
	const char *calendar_id,
		*provider; /* where blocks in it are made now; borrowed           */
	int64_t from_ms;   /* start of its window: what ended before is left as it is */
};

/* An event, as the decision needs it. Borrowed texts. */
struct mms_block_event {
	unsigned char uuid[16];
	uint64_t cursor_id;
	bool is_busy; /* live, blocking, Synced or Pending, no NO_SOURCE flag, in a source calendar */
	bool is_doubtful; /* Sync Failed: what there is stays, nothing is made                          */
	bool is_booking;
	bool is_private;
	int64_t start_ms, end_ms;                           /* Unix ms, end exclusive */
	const char *title, *organizer, *ical_uid, *booking; /* NULL: none */
};

/* What blocks say. */
struct mms_block_rules {
	const char *
		title; /* of the setting: a template, in which {calendar} is the source's name */
	bool copies_title; /* privacy: title; not of private events                                */
	size_t title_chars; /* how long a title may be; 0: any                                       */
};

struct mms_block_plan_input {
	const struct mms_block_calendar *calendars;
	size_t n_calendars;
	const struct mms_block_event *
		events; /* closed under sameness: of each the others that are the same meeting */
	size_t n_events;
	const struct mms_blocks *
		blocks; /* of these events, oldest first; in a whole plan all of the person's */
	bool is_whole;  /* blocks of other sources have none any more                     */
	struct mms_block_rules rules;
	const char *(*calendar_title)(void *aux,
				      uint64_t cursor_id); /* for {calendar}; may be NULL */
	void *aux;
};

/* One step. uuid, key and external id of a new one are the caller's to make. All zero is empty. */
struct mms_block_decision {
	enum mms_block_step step;      /* CREATE, UPDATE, DELETE, LOSE, ADOPT */
	const struct mms_block *block; /* borrowed; NULL: CREATE */
	const struct mms_block_event
		*event; /* borrowed; NULL of DELETE and LOSE without a source */
	uint64_t cursor_id, source_id;
	unsigned char source_uuid[16];
	int64_t start_ms, end_ms;
	char *title; /* owned; CREATE, UPDATE, ADOPT */
	unsigned char print[MMS_PRINT_BYTES];
	bool is_extra;   /* DELETE: another block is there for its meeting */
	const char *why; /* static, for a dry run */
};
struct mms_block_plan {
	struct mms_block_decision *items;
	size_t n, cap;
	struct mms_block_twin *twins; /* pairs that are the same meeting now, each once */
	size_t n_twins, cap_twins;
};
void mms_block_plan_release(struct mms_block_plan *plan);

/*
 * The decision:
 *
 * - Busy events of different calendars at the same time (start and end) are the same meeting where they have the
 *   same iCalUID, or the same organizer (case ignored), or are of the same booking; so is, in any calendar, one
 *   whose title is that of blocks: somebody's copy of a block says nothing new. (That is what the template gives for any
 *   calendar of the person; where titles are copied, also the title of another event at that time that is not
 *   private.) What is the same as the same is the same. A copy alone is an event as any other: feeds without details
 *   show nothing else. A doubtful event is the same as a busy one by the same facts.
 * - A meeting is wanted in each target calendar in which (by `outside`) it is not already, as a busy event or a
 *   doubtful one; of several targets that are one calendar outside in that of the lowest cursor, unless a block is in
 *   another of them already. It comes from the busy event that the block there comes from, else from one
 *   that is of a booking, else from that of the lowest cursor (then UUID).
 * - One live block for a meeting in a calendar: settled ones (`created`, `synced`) before `creating` ones, before failed
 *   and quarantined ones, before those whose removal was planned; of equals the oldest (created_at_ms, then the order here).
 *   Where its source is doubtful, and another event of the meeting is not: ADOPT when it says the same, else UPDATE (with the
 *   new source). Not one that is still `creating`, as below: another takes its place.
 * - What a block should say is another print than its own: UPDATE; also where its removal was planned (removed_by BY_US).
 *   A failed one (given up): only if the print differs, or what was given up is its removal. A quarantined one is never
 *   updated, but deleted; one that is quarantined and whose removal was planned counts as not there.
 * - A block whose source does not block any more, or is gone (in a whole plan: not among the events): where a meeting
 *   wants a block in that calendar outside, has none, and would say the same, that is it: ADOPT, or UPDATE where its removal was
 *   planned. Not a failed or quarantined one; nor, for any other source than its own, one that is still `creating`: its iCalUID
 *   is not told yet, and the other may be its copy, come back through a feed, which would keep it alive for ever.
 * - A live block that is wanted no more: DELETE where the calendar is reachable (not twice: removed_by BY_US). Left as it
 *   is where its own calendar is still a target, that of its source still a source, and: all events of its meeting are
 *   doubtful; or its source is busy and has ended before its calendar's window, and no other block is there for its
 *   meeting; or its source is not among the events, and what it says ended before the window of its source's calendar
 *   (rows of old events are removed some day).
 * - A live block made in another calendar or at another service than its integration has now (calendar_id, provider,
 *   where known): LOSE, and it counts as not there. So does what a person removed in such a calendar.
 * - Wanted and none is live: not if a person removed the last one there (by `outside`) of any event of this meeting, and
 *   it said (sent_print) what it would say now. Not for what ended before the window of its own calendar.
 * - What ended before the window and has a block: moved and retitled as ever.
 * - Blocks in calendars that are not among these are somebody else's to decide. An event with the UUID, or the iCalUID, of a
 *   block is none.
 *   What stands in the input twice (by UUID) counts once.
 *
 * Pairs are told of all members of a meeting, doubtful ones too. Of up to 16 each with each; of more each with the first
 * and with the next: follow them until nothing new comes. All events at the same start are closed under sameness: who
 * reads those needs to know no more about titles.
 *
 * Decisions are in the order of start, end, calendar, source; the order of calendars and events here does not matter.
 * Near-linear in events, blocks, and events times calendars. Errors: NOMEM.
 */
mms_rc mms_block_plan(const struct mms_block_plan_input *in, struct mms_digest *digest,
		      struct mms_block_plan *out, struct mms_err *err) MMS_MUST_CHECK;

/* Digest of what a block says. */
mms_rc
mms_block_print(struct mms_digest *digest, int64_t start_ms, int64_t end_ms, const char *title,
		unsigned char out[MMS_PRINT_BYTES], struct mms_err *err) MMS_MUST_CHECK;
/*
 * Do two events' facts make them the same meeting (see above), directly? title: of blocks, for copies of them; where
 * titles are copied or name the calendar there are more copies than this knows of.
 */
bool mms_block_is_same(const struct mms_block_event *a, const struct mms_block_event *b,
		       const char *title);

#endif
