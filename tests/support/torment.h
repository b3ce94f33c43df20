/*
 * A story under torture: one of its syncs is run with faults before the whole run that the story
 * goes on with, and everything is compared with the same story without faults.
 */
#ifndef SUPPORT_TORMENT_H
#define SUPPORT_TORMENT_H

#include "mmsync/fault.h"
#include "support/scenario.h"

/* What one playing without faults has left: by the chosen sync, and by the end. */
struct torment_marks {
	struct mms_str after, history; /* states after the sync, without and with history */
	struct mms_str end;            /* state at the end, without history               */
	struct mms_str invariants, audit, totals;
	int exit_status;
};

/* One sync of one story. All zero is not measured. */
struct torment {
	struct world *world;
	const char *path, *service;  /* service: of struct scenario */
	size_t number;               /* of its story, for who counts */
	bool is_measured, is_broken; /* for who plays: was it, and can it not be */
	int sync_number;
	bool is_brief; /* the story ends where the sync is proved healed and quiet      */
	const char *sabotage; /* of the faulted plays, not of the measure; NULL: none */

	long visits[MMS_FAULT_KINDS]; /* of a run without faults */
	/*
	 * The sync once, twice, three times: a run that fails may have done its part all the
	 * same, and a play has two such runs at most.
	 */
	struct torment_marks marks[3];

	/* of the last playing */
	struct scenario scenario;
	size_t n_faulted;
	char failure[4096]; /* "" = all is well */
};

/*
 * How many syncs the story of that file has when it is played for that service (NULL: for none); struct
 * scenario_fault says what counts as one.
 */
int torment_n_syncs(const char *path, const char *service);
/*
 * Is its n-th sync a scheduled one? What was tried is due again after its interval, a lease of the
 * dead after a minute: the next scheduled run need not heal at once.
 */
bool torment_is_scheduled(const char *path, const char *service, int n);
/* Is its n-th sync one that a person asks for, with another command? */
bool torment_is_asked_for(const char *path, const char *service, int n);
/* Play it whole and remember. Returns 0, or 1 with failure filled. */
int torment_measure(struct torment *t);
/*
 * Play it with faults, one for each run (NULL-ended, at most two). Returns 0, or 1 with failure
 * filled: a crash, a status that is not for faults, a broken invariant, a wrong success, a sync
 * that does not heal, a story that does not hold, an audit that finds something.
 */
int torment_play(struct torment *t, const char *const *faults);
void torment_release(struct torment *t);
/* The next number of a noise that is not 0. */
uint64_t torment_random(uint64_t *noise);

#endif
