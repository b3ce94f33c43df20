/*
 * Writes of a session (support/gsession.h): what is written, what became of it, and what is the same for
 * every service when it goes wrong.
 */
#ifndef SUPPORT_GWRITE_H
#define SUPPORT_GWRITE_H

#include "mmsync/write.h"
#include "support/gsession.h"

/* Meetings to be written, and writes: a new event with this mark, a change, a deletion. */
extern const struct mms_meeting gwrite_talk, gwrite_later;
struct mms_write gwrite_create(unsigned char number);
struct mms_write
gwrite_change(const char *id, unsigned fields, const struct mms_meeting *meeting);
struct mms_write gwrite_away(const char *id);
/* One write; its code, its event and text in *result, whose old contents are released. */
mms_rc
gwrite_put(struct gsession *g, const struct mms_write *write, struct mms_write_result *result);
/* Each write ended so. */
void gwrite_expect(const struct mms_write_result *results, const mms_rc *expected, size_t n);
void gwrite_release_results(struct mms_write_result *results, size_t n);
/* An event of the account's own calendar has this value on this path (gfake_value()). */
void
gwrite_stands(const struct gsession *g, const char *id, const char *path, const char *expected);
/* How many of the account's events that are there have this title. */
size_t gwrite_count(const struct gsession *g, const char *title);

/* A busy block that is made, undone by its person, and moved: what each write became. */
void gwrite_play_block(struct gsession *g, struct mms_write_result *made,
		       struct mms_write_result *moved);
/* Marks on a person's event and on one with a mark: read back by its id, all else as it was. */
void gwrite_play_marks(struct gsession *g);

/* A new event while something is wrong. */
struct gwrite_trouble {
	const char *fault; /* as after "fault " */
	mms_rc rc;
	bool is_made; /* the event stands there afterwards */
	size_t n_told;
};
void gwrite_play(struct gsession *g, const struct gwrite_trouble *rows, size_t n);
/* Two new events in a batch: what is said of all, of the first, of the second. */
struct gwrite_batch_trouble {
	const char *fault;
	mms_rc rc, first, second;
};
void gwrite_play_batches(struct gsession *g, const struct gwrite_batch_trouble *rows, size_t n);
/*
 * n new events, of which the first batch is refused for so long by this fault: all wait, and nothing more is
 * asked.
 */
void
gwrite_play_untried(struct gsession *g, const char *fault, unsigned char n, int64_t wait_ms);
/*
 * The n-th allocation fails, for each n until all goes well: each write has a result, and one that is done
 * has its event, but for the last, which is a deletion.
 */
void gwrite_play_memory(struct gsession *g, const struct mms_write *writes, size_t n);

/* Two writes where we have no leave, and where we have no place: it is not the service that asks for a wait. */
void gwrite_play_own_waits(struct gsession *g);

#endif
