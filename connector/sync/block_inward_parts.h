/* What the files of block_inward.h share. Private to them. */
#ifndef SYNC_BLOCK_INWARD_PARTS_H
#define SYNC_BLOCK_INWARD_PARTS_H

#include "block_inward.h"
#include "block_job.h"
#include "mmsync/blocks.h"

/* What a listed event is to us. */
enum mms_block_how {
	MMS_BLOCK_SEEN,    /* known by its key                                      */
	MMS_BLOCK_RENAMED, /* known by its UUID, and has another id now             */
	MMS_BLOCK_UNKNOWN, /* no state knows it: its mark says what it is           */
};

/* What is kept of one listed event. Texts are owned. */
struct mms_block_seen {
	enum mms_block_how how;
	unsigned char key[MMS_PRINT_BYTES];
	unsigned char uuid[16]; /* RENAMED, UNKNOWN */
	unsigned char source[16];
	bool has_source; /* UNKNOWN */
	size_t no;       /* which of the listing's it is: the last of several counts */
	bool is_gone;
	bool is_vague; /* it is there, and what it is now cannot be said */
	bool hides_title, is_all_day, is_private;
	int64_t start_ms, end_ms;
	enum mms_event_show show;
	char *external_id, *version, *title, *ical_uid;
};
struct mms_block_inward {
	struct mms_block_seen *items;
	size_t n, cap;
};

/* The end of a listing. All zero but t is ready. */
struct mms_block_judging {
	struct mms_turn_state *t;
	bool is_full;
	struct mms_blocks blocks;         /* that were listed, as they are known    */
	struct mms_block_sources sources; /* of those that are back, where known    */
	struct mms_block_end *ends;       /* owned array; what is borrowed is of the above */
	size_t n_ends, cap_ends;
};
void mms_block_judging_release(struct mms_block_judging *j);

/* block_judge.c: by key. */
void mms_block_sort(struct mms_blocks *blocks);
/* block_judge.c: the block that it is, as it is known; NULL: none, or it was read by nobody. Borrows. */
const struct mms_block *
mms_block_find_seen(const struct mms_block_judging *j, const struct mms_block_seen *seen);
/* block_judge.c: was the block of this UUID listed under a new id? */
bool mms_block_is_renamed(const struct mms_block_inward *in, const unsigned char uuid[16]);
/* block_judge.c: what is to be written of each; a dry run is told it instead. */
mms_rc mms_block_judge(struct mms_block_judging *j, struct mms_err *err) MMS_MUST_CHECK;
/* block_judge.c: those that no state knows get theirs back; a dry run is told it instead. */
mms_rc
mms_block_restore_unknown(struct mms_block_judging *j, struct mms_err *err) MMS_MUST_CHECK;

#endif
