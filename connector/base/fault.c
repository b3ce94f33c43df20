/*
 * Fault points (see the header). The only file with a build switch and the only one with
 * writable statics: the counters must be reachable from inside malloc, where no context is.
 */
#include "mmsync/fault.h"

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
	[MMS_FAULT_ALLOC] = "alloc",
	[MMS_FAULT_STMT_BEFORE] = "stmt-before",
	[MMS_FAULT_STMT_AFTER] = "stmt-after",
	[MMS_FAULT_COMMIT_BEFORE] = "commit-before",
	[MMS_FAULT_COMMIT_AFTER] = "commit-after",
	[MMS_FAULT_REQUEST_BEFORE] = "request-before",
	[MMS_FAULT_REQUEST_AFTER] = "request-after",
	[MMS_FAULT_STEP] = "step",
	[MMS_FAULT_PAUSE] = "pause",
	[MMS_FAULT_PREPARE] = "prepare",
	[MMS_FAULT_CONNECT] = "connect",
	[MMS_FAULT_FETCH] = "fetch",
};

static const char *const sabotages[] = {
	[MMS_SABOTAGE_NONE] = "none",
	[MMS_SABOTAGE_CURSOR_FIRST] = "cursor-first",
	[MMS_SABOTAGE_DOUBT_DONE] = "doubt-done",
	[MMS_SABOTAGE_DOUBT_REDONE] = "doubt-redone",
	[MMS_SABOTAGE_NO_TOUCH] = "no-touch",
	[MMS_SABOTAGE_NAMES_REUSED] = "names-reused",
	[MMS_SABOTAGE_NO_BUDGET] = "no-budget",
	[MMS_SABOTAGE_NO_GUARD] = "no-guard",
	[MMS_SABOTAGE_TORN_LISTING] = "torn-listing",
	[MMS_SABOTAGE_ALWAYS_WRITES] = "always-writes",
	[MMS_SABOTAGE_ALL_WELL] = "all-well",
	[MMS_SABOTAGE_ANNOUNCE_LATE] = "announce-late",
	[MMS_SABOTAGE_OUTBOX_FIRST] = "outbox-first",
	[MMS_SABOTAGE_RANDOM_UUID] = "random-uuid",
	[MMS_SABOTAGE_CREATE_ANEW] = "create-anew",
	[MMS_SABOTAGE_TAKEN_FAILS] = "taken-fails",
	[MMS_SABOTAGE_NO_IF_MATCH] = "no-if-match",
	[MMS_SABOTAGE_SENT_IS_BASE] = "sent-is-base",
	[MMS_SABOTAGE_BOOKING_LOST] = "booking-lost",
	[MMS_SABOTAGE_MARKS_UNASKED] = "marks-unasked",
	[MMS_SABOTAGE_ID_UNSTORED] = "id-unstored",
	[MMS_SABOTAGE_TOKEN_UNSTORED] = "token-unstored",
	[MMS_SABOTAGE_DUE_FIRST] = "due-first",
	[MMS_SABOTAGE_DUE_KEPT] = "due-kept",
	[MMS_SABOTAGE_PLANS_UNTOUCHED] = "plans-untouched",
	[MMS_SABOTAGE_REMOVER_FORGOTTEN] = "remover-forgotten",
	[MMS_SABOTAGE_STATE_LOST] = "state-lost",
	[MMS_SABOTAGE_STATE_ASTRAY] = "state-astray",
	[MMS_SABOTAGE_LEASE_TRUSTED] = "lease-trusted",
	[MMS_SABOTAGE_COUNT_LOST] = "count-lost",
};

_Static_assert(sizeof names / sizeof names[0] == MMS_FAULT_KINDS, "one name for each kind");
_Static_assert(sizeof sabotages / sizeof sabotages[0] == MMS_SABOTAGES, "one name for each");

const char *
mms_fault_name(enum mms_fault_kind kind)
{
	return names[kind];
}

const char *
mms_fault_sabotage_name(enum mms_sabotage what)
{
	return sabotages[what];
}

#ifdef MMS_FAULTS

#include <stdatomic.h>

struct point {
	atomic_ulong visits;
	unsigned long fail_at; /* 0 = not armed; written before threads start */
	bool is_sticky;
};

static struct point points[MMS_FAULT_KINDS];
static enum mms_sabotage sabotage; /* written before threads start */

bool
mms_fault_hit(enum mms_fault_kind kind)
{
	struct point *p = &points[kind];
	unsigned long n = atomic_fetch_add_explicit(&p->visits, 1, memory_order_relaxed) + 1;

	if (p->fail_at == 0)
		return false;
	return p->is_sticky ? n >= p->fail_at : n == p->fail_at;
}

void
mms_fault_step(void)
{
	bool is_pause = mms_fault_hit(MMS_FAULT_PAUSE);

	if (mms_fault_hit(MMS_FAULT_STEP))
		(void)raise(SIGKILL);
	if (is_pause)
		(void)raise(SIGSTOP);
}

/* One fault of `len` bytes. */
static bool
arm_one(const char *text, size_t len)
{
	const char *colon = memchr(text, ':', len);
	char *end;

	if (colon == NULL)
		return false;
	unsigned long n = strtoul(colon + 1, &end, 10);
	size_t rest = (size_t)(text + len - end);
	bool is_sticky = rest == strlen(":sticky") && memcmp(end, ":sticky", rest) == 0;
	if (n == 0 || end == colon + 1 || (rest != 0 && !is_sticky))
		return false;
	for (size_t i = 0; i < MMS_FAULT_KINDS; i++) {
		if (strlen(names[i]) != (size_t)(colon - text) ||
		    memcmp(names[i], text, (size_t)(colon - text)) != 0)
			continue;
		points[i].fail_at = n;
		points[i].is_sticky = is_sticky;
		return true;
	}
	return false;
}

bool
mms_fault_arm_text(const char *text)
{
	for (;;) {
		size_t len = strcspn(text, ",");

		if (!arm_one(text, len))
			return false;
		if (text[len] == '\0')
			return true;
		text += len + 1;
	}
}

bool
mms_fault_is_sabotaged(enum mms_sabotage what)
{
	return sabotage == what;
}

bool
mms_fault_sabotage_text(const char *name)
{
	for (size_t i = 1; i < MMS_SABOTAGES; i++) {
		if (strcmp(sabotages[i], name) != 0)
			continue;
		sabotage = (enum mms_sabotage)i;
		return true;
	}
	return false;
}

unsigned long
mms_fault_count(enum mms_fault_kind kind)
{
	return atomic_load_explicit(&points[kind].visits, memory_order_relaxed);
}

#else

bool
mms_fault_hit(enum mms_fault_kind kind)
{
	(void)kind;
	return false;
}

void
mms_fault_step(void)
{
}

bool
mms_fault_arm_text(const char *text)
{
	(void)text;
	return false;
}

bool
mms_fault_is_sabotaged(enum mms_sabotage what)
{
	(void)what;
	return false;
}

bool
mms_fault_sabotage_text(const char *name)
{
	(void)name;
	return false;
}

unsigned long
mms_fault_count(enum mms_fault_kind kind)
{
	(void)kind;
	return 0;
}

#endif
