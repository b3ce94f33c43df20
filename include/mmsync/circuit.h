/*
 * Circuits: what fails again and again is left alone for a while, longer each time, and then tried once.
 * Arithmetic without clocks and tables; who keeps them are mmsync_cursor (an integration's own) and
 * mmsync/circuits.h (of a service as a whole, or of a host of feeds).
 *
 * Layer: base.
 */
#ifndef MMSYNC_CIRCUIT_H
#define MMSYNC_CIRCUIT_H

#include <stdbool.h>
#include <stdint.h>

#include "mmsync/err.h"

enum mms_circuit {
	MMS_CIRCUIT_CLOSED,    /* all is well                                          */
	MMS_CIRCUIT_OPEN,      /* left alone until a time                              */
	MMS_CIRCUIT_HALF_OPEN, /* that time has come: one try will tell                */
};
/* "closed", "open", "half_open". Static. */
const char *mms_circuit_name(enum mms_circuit circuit);

/* Whom a failed turn counts against. */
enum mms_circuit_side {
	MMS_CIRCUIT_NOBODY,   /* it says nothing of the service                             */
	MMS_CIRCUIT_CALENDAR, /* the integration alone                                      */
	MMS_CIRCUIT_SERVICE,  /* the integration, and with others of them the whole service */
};
/*
 * Judged by the error's code and blame. What a person must mend (AUTH, GONE, CONFIG of a calendar) counts against nobody:
 * the next run shall see that it was mended. Pure.
 */
enum mms_circuit_side mms_circuit_judge(mms_rc code, enum mms_blame blame);

/* A circuit as it is stored. All zero: closed, nothing counted. */
struct mms_circuit_state {
	enum mms_circuit state;
	int64_t failures; /* in a row                                                */
	int64_t opens;    /* in a row                                                */
	int64_t until_ms; /* but of a closed one: nobody tries before, Unix ms       */
};

struct mms_circuit_rules {
	int64_t threshold; /* it opens after so many failures                        */
	int64_t max_ms;    /* for so long at most                                    */
};

/* What it is at an instant: an open one whose time has come is half open. */
enum mms_circuit mms_circuit_at(const struct mms_circuit_state *circuit, int64_t now_ms);

/*
 * One more failure, at an instant. A failure of what is open and not due yet (a person tried) changes
 * no time. seed tells circuits that open at the same time apart. True: it opened, or for longer.
 */
bool mms_circuit_fail(struct mms_circuit_state *circuit, const struct mms_circuit_rules *rules,
		      uint64_t seed, int64_t now_ms);

/*
 * The pause of the opens-th opening in a row (from 1): five minutes, doubled each time, max_ms at most, and
 * from that up to a quarter less, by seed and time, so that many do not come back together.
 */
int64_t mms_circuit_pause_ms(int64_t opens, int64_t max_ms, uint64_t seed, int64_t now_ms);

#endif
