/*
 * Result codes: each names the caller's next move, not the place of failure.
 *
 * Layer: base.
 */
#ifndef MMSYNC_RC_H
#define MMSYNC_RC_H

typedef enum mms_rc {
	MMS_OK = 0,
	MMS_E_RETRY,    /* passing fault: try again with backoff                  */
	MMS_E_WAIT,     /* told to wait: not before err->retry_at_ms              */
	MMS_E_AUTH,     /* credential refused: park the integration, ask a person */
	MMS_E_GONE,     /* the object is not there any more                       */
	MMS_E_CONFLICT, /* someone else changed it: read again, plan again        */
	MMS_E_RESYNC,   /* the change cursor is dead: list everything             */
	MMS_E_ITEM,     /* this one item is bad: record it, go on                 */
	MMS_E_CONFIG,   /* an operator must fix a setting: stop                   */
	MMS_E_DB,       /* the database cannot be used: stop                      */
	MMS_E_HELD,     /* another worker holds the lease: leave it alone         */
	MMS_E_OPEN,     /* its circuit is open: pass it by until err->retry_at_ms */
	MMS_E_STOPPED,  /* interrupted or out of time: progress is kept           */
	MMS_E_USAGE,    /* the command line is wrong, or names an unknown object  */
	MMS_E_NOMEM,    /* out of memory: unwind, then stop this cycle            */
	MMS_E_BUG,      /* an invariant broke: roll back, stop this integration   */
	MMS_RC_COUNT
} mms_rc;

/* Fixed lower-case name for logs and JSON ("retry", "config" ...). Borrows: static text. */
const char *mms_rc_name(mms_rc rc);

/* The exit status of the program for a result (the contract's list: 0 1 2 3 4 5 6 70). */
int mms_rc_exit_status(mms_rc rc);

#endif
