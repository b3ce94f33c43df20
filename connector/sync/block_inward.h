/*
 * Our blocks as a listing shows them. Private to sync/.
 */
#ifndef SYNC_BLOCK_INWARD_H
#define SYNC_BLOCK_INWARD_H

#include "turn.h"

/* What a turn has seen of blocks. Opaque: struct mms_turn_state has one, NULL while there is none. */
struct mms_block_inward;
void mms_block_inward_free(struct mms_block_inward *in);

/* The listing showed a block that is known (a tombstone, too): its few facts are kept until it is over. */
mms_rc mms_block_inward_note(struct mms_turn_state *t, const unsigned char key[MMS_PRINT_BYTES],
			     const struct mms_event *event, struct mms_err *err) MMS_MUST_CHECK;
/*
 * It showed one that bears our mark as a block of ours and that no state of this installation knows: restored when the
 * listing is over, then planned anew or, where its source is unknown, removed. What has a row here was taken for the
 * person's own before, and stays so: *is_ours false.
 */
mms_rc mms_block_inward_unknown(struct mms_turn_state *t, const struct mms_event *event,
				bool *is_ours, struct mms_err *err) MMS_MUST_CHECK;
/*
 * It showed the block of this UUID, which is of this calendar, under a new id, and its old one is gone (whose.c
 * has asked): the state takes the new id when the listing is over, and is judged as if it had been known by it. A copy
 * of one that is still there is the person's, and none of this.
 */
mms_rc
mms_block_inward_adopt(struct mms_turn_state *t, const unsigned char uuid[16],
		       const struct mms_event *event, struct mms_err *err) MMS_MUST_CHECK;
/*
 * After the listing, before the cursor moves, in transactions under the lease, many blocks in each:
 * - gone: dead. removed_by BY_US where a removal was planned, or where its integration has another calendar or
 *   service now; else OUTSIDE. Its source is due.
 * - shown as it was (outside_print): the new version is noted, nothing else; nothing at all where that is the same.
 * - changed by a person: put back the first time (put_backs 1, outbox), from then on left as they have it
 *   (outside_print) until its source changes.
 * - back from the bin (its state is dead): live again, its source due; where that is unknown, removed.
 * After a full one what was not shown, and should have been (its times, as last sent, overlap the window; it is not
 * `creating`) is asked for by its id, and only what the service says is gone is dead. Many at once are refused as
 * inward.c does it for bookings (the budget of inferred deletions).
 * A dry run tells, and writes nothing.
 */
mms_rc mms_block_inward_settle(struct mms_turn_state *t, struct mms_session *session,
			       bool is_full, struct mms_err *err) MMS_MUST_CHECK;

/*
 * block_flags.c: enum mms_state_flags of a listed event: NO_SOURCE where another installation made it, where it bears our
 * mark as a block (a copy), or where an older generation did ("Busy - …" as title, "CalSync [source:account:calendar:event]"
 * in the description); PRIVATE where it is private. known: what is known of it, NULL: nothing; what was NO_SOURCE stays
 * so where listings show no marks.
 */
unsigned mms_block_flags(const struct mms_turn_state *t, const struct mms_event *event,
			 const struct mms_known_event *known);

/*
 * block_flags.c: the tag by which an older generation said what a block of its is of: "[source:ACCOUNT:CALENDAR:EVENT]" behind
 * its name. Borrows: from the text, at the bracket; NULL: there is none. And is it titled as such a block?
 */
const char *mms_block_old_tag(const char *text);
bool mms_block_has_old_title(const char *title);

#endif
