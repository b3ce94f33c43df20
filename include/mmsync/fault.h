/*
 * Fault points: the seam at which tests fail the n-th allocation, statement, commit or
 * request, or end the process at the n-th step. In a release build nothing can be armed and
 * every question answers no.
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
	MMS_FAULT_KINDS
};

/*
 * Should this visit fail? Counts the visit. Async-signal-unsafe, thread-safe; allocates nothing.
 */
bool mms_fault_hit(enum mms_fault_kind kind);

/* A step of the program; when armed for it, the process is killed here (SIGKILL). */
void mms_fault_step(void);

/*
 * Arm from text: "KIND:N" fails the N-th visit (from 1), "KIND:N:sticky" that and all later.
 * KIND is alloc, stmt-before, stmt-after, commit-before, commit-after, request-before,
 * request-after or step. Returns false when the text is not of this form or the build has no
 * fault points.
 */
bool mms_fault_arm_text(const char *text);

/* Visits so far, for exact counts in tests. 0 in a release build. */
unsigned long mms_fault_count(enum mms_fault_kind kind);

/* The name used by mms_fault_arm_text(). Borrows: static text. */
const char *mms_fault_name(enum mms_fault_kind kind);

#endif
