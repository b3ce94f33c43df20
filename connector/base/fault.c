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
};

_Static_assert(sizeof names / sizeof names[0] == MMS_FAULT_KINDS, "one name for each kind");

const char *
mms_fault_name(enum mms_fault_kind kind)
{
	return names[kind];
}

#ifdef MMS_FAULTS

#include <stdatomic.h>

struct point {
	atomic_ulong visits;
	unsigned long fail_at; /* 0 = not armed; written before threads start */
	bool is_sticky;
};

static struct point points[MMS_FAULT_KINDS];

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
	if (mms_fault_hit(MMS_FAULT_STEP))
		(void)raise(SIGKILL);
}

bool
mms_fault_arm_text(const char *text)
{
	const char *colon = strchr(text, ':');
	if (colon == NULL)
		return false;

	char *end;
	unsigned long n = strtoul(colon + 1, &end, 10);
	bool is_sticky = strcmp(end, ":sticky") == 0;
	if (n == 0 || end == colon + 1 || (*end != '\0' && !is_sticky))
		return false;
	for (size_t i = 0; i < MMS_FAULT_KINDS; i++) {
		size_t len = strlen(names[i]);
		if (len != (size_t)(colon - text) || memcmp(names[i], text, len) != 0)
			continue;
		points[i].fail_at = n;
		points[i].is_sticky = is_sticky;
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

unsigned long
mms_fault_count(enum mms_fault_kind kind)
{
	(void)kind;
	return 0;
}

#endif
