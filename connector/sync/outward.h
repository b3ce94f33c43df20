/*
 * What the files of the outward side share: bookings on their way into people's calendars. Private to
 * sync/.
 *
 *   announce.c    what should exist for one booking -> states and outbox, committed
 *   outbound.c    the outbox of one integration, worked off under its lease
 *   outward_job.c one entry: what is sent, what its answer means
 *   block_job.c   entries of busy blocks, a handful at a time (block_phase.h)
 *   outward_entry.c what is the same for both
 *   settle.c      the transaction that says what became of it
 *   inward.c      what people changed outside -> the booking
 *   gather.c      bookings that changed without a hook
 */
#ifndef SYNC_OUTWARD_H
#define SYNC_OUTWARD_H

#include "booking_plan.h"
#include "mmsync/bookings.h"
#include "mmsync/meeting.h"
#include "mmsync/outbox.h"
#include "turn.h"

/* What all of them work with. Borrowed but for the two flags. */
struct mms_outward {
	struct mms_worker *worker;
	const struct mms_sources *sources; /* of the run; NULL: windows do not matter */
	unsigned char site_uuid[16];
	int64_t now_ms;
	struct mms_sync_report
		*plan; /* of a dry run, told what would be announced; else NULL */
};

/* One event of a booking that was planned, for the report. All zero is empty. */
struct mms_outward_event {
	char *integration; /* owned */
	uint64_t cursor_id;
	unsigned char uuid[16];
	char *external_id; /* owned; NULL: none yet */
	char *row_name;    /* owned; NULL: none yet */
	enum mms_event_step step;
	const char *why; /* static */
};
struct mms_outward_events {
	struct mms_outward_event *items;
	size_t n, cap;
	uint64_t *former; /* calendars where it was once, and nothing is to be done */
	size_t n_former, cap_former;
	bool is_gone;         /* the booking is no more, or cancelled: nothing is wanted */
	bool has_target;      /* one of its people has a calendar that takes bookings */
	const char *why_none; /* static: else why not */
};
void mms_outward_events_release(struct mms_outward_events *events);

/* How one booking is to be planned. */
struct mms_announce {
	const char *booking;
	bool is_asked_for; /* by its name: also what ended before the window */
	bool is_dry;       /* only say what would be put into the outbox */
};

/*
 * Plan one booking: states of new events (`creating`) and outbox entries in one transaction. Errors:
 * USAGE (there is no such booking and there never was), CONFLICT (given up: others plan it), RETRY,
 * DB, NOMEM.
 */
mms_rc mms_announce_booking(const struct mms_outward *o, const struct mms_announce *what,
			    struct mms_outward_events *out, struct mms_err *err) MMS_MUST_CHECK;

/* A booking and what its event should be. All zero is empty. */
struct mms_booking_side {
	struct mms_booking booking; /* no name: it is gone */
	struct mms_meeting meeting;
	enum mms_wish wish;
	bool has_guests; /* this user's event is the one that carries them */
	/* Of the event's calendar: guests would be mailed, and are not to be. */
	bool names_guests;
};
void mms_booking_side_release(struct mms_booking_side *side);
/*
 * Read it. calendar: where the event is; guests stand only on the event of the first user who
 * has a calendar for it, the primary host before others, so that nobody is invited twice. A booking
 * that is gone: wish ABSENT.
 */
mms_rc mms_booking_side_load(const struct mms_outward *o, const char *booking,
			     const struct mms_integration *calendar,
			     struct mms_booking_side *out, struct mms_err *err) MMS_MUST_CHECK;
/* outward.c: are guests only named in events of calendars of this type (names_guests)? */
bool mms_outward_names_guests(const struct mms_outward *o, const char *integration_type);
/* The meeting of a booking that was read; has_guests and names_guests are set. Errors: NOMEM. */
mms_rc mms_booking_side_make(const struct mms_outward *o, struct mms_booking_side *side,
			     struct mms_err *err) MMS_MUST_CHECK;
/* Does this user's event carry the guests? targets: those of all users before, at least. */
bool mms_booking_carries_guests(const struct mms_booking *booking,
				const struct mms_targets *targets, const char *user);

/*
 * Should the booking point to this event, the primary host's, and points to none or another? Another
 * host need not change what any event says.
 */
bool
mms_booking_is_unlinked(const struct mms_booking_side *side, const struct mms_own_state *state);

/* outward.c: the base of a state; one that cannot be read is unknown. Owns: *out. Errors: NOMEM. */
mms_rc mms_outward_base(const struct mms_own_state *state, struct mms_base *out,
			struct mms_err *err) MMS_MUST_CHECK;
/*
 * outward.c: was the event settled in another calendar, or at another service, than its integration has now? Then what is
 * missing there was removed by nobody. Errors: NOMEM.
 */
mms_rc
mms_outward_has_moved_house(const struct mms_own_state *state, const struct mms_source *source,
			    bool *out, struct mms_err *err) MMS_MUST_CHECK;
/*
 * outward.c: fields of our event that this answer does not show. A private event of a calendar whose
 * private details are not for us comes without them, and without our mark, which is one of them.
 */
unsigned mms_outward_hidden(const struct mms_source *source, const struct mms_event *event);
/* outward.c: digest of a meeting's content, for what was given up. */
mms_rc
mms_outward_print(const struct mms_outward *o, const struct mms_meeting *meeting,
		  unsigned char out[MMS_PRINT_BYTES], struct mms_err *err) MMS_MUST_CHECK;
/* outward.c: the key of an exact id, as rows and states have it. */
mms_rc mms_outward_key(struct mms_worker *worker, const char *external_id,
		       unsigned char out[MMS_PRINT_BYTES], struct mms_err *err) MMS_MUST_CHECK;
/* outward.c: and the id as the row's column holds it. Owns: *out. */
mms_rc mms_outward_stored_id(const struct mms_worker *worker, const char *external_id,
			     char **out, struct mms_err *err) MMS_MUST_CHECK;

/* outward.c: an active two-way calendar of a service that takes events of ours? */
bool mms_outward_is_written_to(const struct mms_source *source);
/* Errors: CONFIG (it is none). */
mms_rc mms_outward_check_written_to(const struct mms_source *source,
				    struct mms_err *err) MMS_MUST_CHECK;

/* What became of an event, for mms_settle(). */
enum mms_outcome {
	MMS_OUTCOME_MADE,            /* it exists, as `event` says                      */
	MMS_OUTCOME_CHANGED,         /* it was brought up to date, or was already       */
	MMS_OUTCOME_TAKEN,           /* a person changed it: the booking takes fields   */
	MMS_OUTCOME_REMOVED,         /* by us                                           */
	MMS_OUTCOME_REMOVED_OUTSIDE, /* by a person                                     */
};

/* One settle. Borrowed. */
struct mms_settlement {
	enum mms_outcome outcome;
	struct mms_own_state *state;     /* changed as it is written                */
	const struct mms_source *source; /* of its integration                      */
	struct mms_lease *lease;
	const struct mms_booking_side *side;  /* as it was read                          */
	const struct mms_meeting *sent;       /* what the event was made to say; NULL: side's */
	const struct mms_event *event;        /* as the service has it; NULL: gone       */
	struct mms_merge merge;               /* TAKEN, and of a conflict: whose text lost */
	const struct mms_outbox_entry *entry; /* that is done with it; NULL: none       */
	bool asks_outbox; /* something of the booking must still be sent: put an entry   */
};
/*
 * Write it: row, state, booking with history and Version, outbox, in one transaction under the lease.
 * Where only our own notes in the booking are written, a booking that a person saved meanwhile is read
 * again here. Errors: CONFLICT (TAKEN: the booking changed since: merge again), HELD, GONE (the
 * integration was renamed or deleted), RETRY, STOPPED, DB, NOMEM.
 */
mms_rc mms_settle(const struct mms_outward *o, struct mms_settlement *s,
		  struct mms_err *err) MMS_MUST_CHECK;

/* settle.c: an entry of the outbox that failed, or is given up, or has nothing left to say. */
enum mms_entry_end { MMS_ENTRY_DONE, MMS_ENTRY_PUT_OFF, MMS_ENTRY_GIVEN_UP };
mms_rc
mms_settle_entry(const struct mms_outward *o, struct mms_settlement *s, enum mms_entry_end end,
		 const struct mms_err *why, struct mms_err *err) MMS_MUST_CHECK;

/*
 * The event as it is now against the booking as it is now: merged, settled, and what is still to be
 * sent noted (asks_outbox, *to_outside). entry NULL in a turn. Errors: as mms_settle() but CONFLICT.
 */
mms_rc mms_outward_merge(const struct mms_outward *o, struct mms_settlement *s,
			 struct mms_booking_side *side, unsigned *to_outside,
			 struct mms_err *err) MMS_MUST_CHECK;

/* One entry's end, told to whoever wants to report it. */
struct mms_outbound_told {
	const struct mms_own_state *state;
	const char *booking, *action; /* static: "created", "updated", "deleted", "unchanged" */
	const struct mms_err *err;    /* code OK: well */
};
typedef void mms_outbound_tell(void *aux, const struct mms_outbound_told *told);

/* What was done in one calendar; requests of both kinds are counted with the bookings. */
struct mms_outbound_counts {
	struct mms_booking_counts bookings;
	struct mms_block_counts blocks;
};

/*
 * outbound.c: take the lease and work off what is due; only_blocks, and of a calendar that is not written to (any more): only busy
 * blocks. Where such a one cannot be reached for good these are put off for a day, which is no error. Blocks are not told, only
 * counted; requests are counted for both. Errors: HELD (others do it), AUTH, WAIT, RETRY,
 * CONFIG, GONE, STOPPED, DB, NOMEM; single entries that fail are no error.
 */
mms_rc mms_outbound_run(const struct mms_outward *o, struct mms_source *source,
			bool only_blocks, mms_outbound_tell *tell, void *aux,
			struct mms_outbound_counts *counts, struct mms_err *err) MMS_MUST_CHECK;

/*
 * tag.c: people's own events in a calendar that takes part in busy blocks get our tag, once, a handful in each
 * request, some hundred in a run. A tag that is refused is not tried again, one that is lost is; neither is a failure. No
 * statement where tag_user_events is off. Errors: those that end the work at this calendar.
 */
mms_rc mms_tag_run(const struct mms_outward *o, struct mms_source *source,
		   struct mms_request_counts *counts, struct mms_err *err) MMS_MUST_CHECK;

/* gather.c: announce the bookings that changed without a hook; user NULL: only those that changed. */
mms_rc mms_gather_changed(const struct mms_outward *o, struct mms_err *err) MMS_MUST_CHECK;
/* gather.c: announce everything of these integrations' users, after they were read in full, and note that this was done. */
mms_rc mms_gather_all_of(const struct mms_outward *o, struct mms_source *const *sources,
			 size_t n, struct mms_err *err) MMS_MUST_CHECK;

/* outward_kit.c: this installation's UUID. Errors: CONFIG (a restored copy: nothing may leave). */
mms_rc mms_outward_site(const struct mms_sync_env *env, unsigned char out[16],
			struct mms_err *err) MMS_MUST_CHECK;

/*
 * outward_phase.c: after the turns of a run: what changed in bookings is announced, and every outbox of a
 * chosen calendar worked off; of a dry run only what would be announced for them is told. No statement where no calendar of the site is written to.
 */
mms_rc mms_outward_phase(const struct mms_worker *pattern, struct mms_sources *sources,
			 struct mms_sync_report *report, struct mms_err *err) MMS_MUST_CHECK;

/* trouble.c: add one. Takes: *err. Without memory it is only counted. */
void mms_outward_note_trouble(struct mms_troubles *troubles, const char *name, struct mms_err *err);

#endif
