/*
 * Fault points: the seam at which tests fail the n-th allocation, statement, commit or
 * request, or end the process at the n-th step; and sabotage, rules that tests break on purpose
 * to see that they would notice. In a release build nothing can be armed and every question
 * answers no.
 *
 * Layer: base.
 */
#ifndef MMSYNC_FAULT_H
#define MMSYNC_FAULT_H

#include <stdbool.h>
#include <stddef.h>

enum mms_fault_kind {
	MMS_FAULT_ALLOC,          /* an allocation returns NULL                         */
	MMS_FAULT_STMT_BEFORE,    /* a statement fails, the server never saw it         */
	MMS_FAULT_STMT_AFTER,     /* a statement took effect, the connection is lost    */
	MMS_FAULT_COMMIT_BEFORE,  /* a commit fails, the server never saw it            */
	MMS_FAULT_COMMIT_AFTER,   /* a commit took effect, its answer is lost           */
	MMS_FAULT_REQUEST_BEFORE, /* a request never left                               */
	MMS_FAULT_REQUEST_AFTER,  /* a request took effect, its answer is lost          */
	MMS_FAULT_STEP,           /* the process dies at a step, as by kill -9          */
	MMS_FAULT_PAUSE,          /* the process sleeps at a step until SIGCONT         */
	MMS_FAULT_PREPARE,        /* a statement is not prepared, the connection is lost */
	MMS_FAULT_CONNECT,        /* the database cannot be reached                     */
	MMS_FAULT_FETCH,          /* the connection is lost while rows are read         */
	MMS_FAULT_KINDS
};

/*
 * Should this visit fail? Counts the visit. Async-signal-unsafe, thread-safe; allocates nothing.
 */
bool mms_fault_hit(enum mms_fault_kind kind);

/*
 * A step of the program: a place between two effects. When armed for it, the process is killed
 * here (SIGKILL) or put to sleep (SIGSTOP).
 */
void mms_fault_step(void);

/*
 * Arm from text: "KIND:N" fails the N-th visit (from 1), "KIND:N:sticky" that and all later;
 * several with commas between them. KIND is alloc, stmt-before, stmt-after, commit-before,
 * commit-after, request-before, request-after, step, pause, prepare, connect or fetch. Returns
 * false when the text is not of this form or the build has no fault points.
 */
bool mms_fault_arm_text(const char *text);

/* Visits so far, for exact counts in tests. 0 in a release build. */
unsigned long mms_fault_count(enum mms_fault_kind kind);

/* The name used by mms_fault_arm_text(). Borrows: static text. */
const char *mms_fault_name(enum mms_fault_kind kind);

/*
 * Rules that a test breaks, one at a time, to prove that breaking them is noticed: the negative
 * controls of docs/testing.md.
 */
enum mms_sabotage {
	MMS_SABOTAGE_NONE,
	MMS_SABOTAGE_CURSOR_FIRST,  /* the cursor is committed before its rows                */
	MMS_SABOTAGE_DOUBT_DONE,    /* a commit in doubt is believed without asking           */
	MMS_SABOTAGE_DOUBT_REDONE,  /* a commit in doubt is done again without asking         */
	MMS_SABOTAGE_NO_TOUCH,      /* a batch is written without asking for the lease        */
	MMS_SABOTAGE_NAMES_REUSED,  /* names are used whose numbers were never committed      */
	MMS_SABOTAGE_NO_BUDGET,     /* whatever a listing lacks is deleted                    */
	MMS_SABOTAGE_NO_GUARD,      /* a row that somebody changed meanwhile is passed over   */
	MMS_SABOTAGE_TORN_LISTING,  /* a listing that broke off is believed, and so deletes   */
	MMS_SABOTAGE_ALWAYS_WRITES, /* unchanged rows are written again                       */
	MMS_SABOTAGE_ALL_WELL,      /* a turn that failed says that it went well              */
	MMS_SABOTAGE_ANNOUNCE_LATE, /* an event is made before anything here tells of it      */
	MMS_SABOTAGE_OUTBOX_FIRST,  /* an outbox entry is gone before its request leaves      */
	MMS_SABOTAGE_RANDOM_UUID,   /* each who plans a booking gives its event another UUID  */
	MMS_SABOTAGE_CREATE_ANEW, /* a create without an answer is made once more, as another */
	MMS_SABOTAGE_TAKEN_FAILS, /* an id that is taken already is a failure               */
	MMS_SABOTAGE_NO_IF_MATCH, /* an event is changed whatever it has become             */
	MMS_SABOTAGE_SENT_IS_BASE, /* what was sent is remembered, not what the service made of it */
	MMS_SABOTAGE_BOOKING_LOST, /* a booking that somebody changed meanwhile is passed over */
	MMS_SABOTAGE_MARKS_UNASKED,  /* what a listing does not tell is not asked for       */
	MMS_SABOTAGE_ID_UNSTORED,    /* the id that a service gave an event is not stored   */
	MMS_SABOTAGE_TOKEN_UNSTORED, /* renewed tokens are used without being stored        */
	MMS_SABOTAGE_DUE_FIRST,      /* what is due is done with before its plan is committed */
	MMS_SABOTAGE_DUE_KEPT,       /* what was planned stays due                          */
	MMS_SABOTAGE_PLANS_UNTOUCHED, /* a plan is committed whatever others have planned    */
	MMS_SABOTAGE_REMOVER_FORGOTTEN, /* whoever deletes a block, it was us                 */
	MMS_SABOTAGE_STATE_LOST,    /* a row is written without its state                     */
	MMS_SABOTAGE_STATE_ASTRAY,  /* a state is written where there is none            */
	MMS_SABOTAGE_LEASE_TRUSTED, /* a request is sent again without asking for the lease */
	MMS_SABOTAGE_COUNT_LOST,    /* what is done about an event is not counted             */
	MMS_SABOTAGES
};

/* Is this rule broken in this run? Constant false in a release build. */
bool mms_fault_is_sabotaged(enum mms_sabotage what);

/* Break the rule of this name ("cursor-first"). False: no such rule, or no fault points. */
bool mms_fault_sabotage_text(const char *name);
/* Borrows: static text. */
const char *mms_fault_sabotage_name(enum mms_sabotage what);

#endif
