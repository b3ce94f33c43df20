/* Names and exit statuses of result codes, one row each. */
#include "mmsync/rc.h"

struct rc_row {
	const char *name;
	int exit_status;
};

static const struct rc_row rows[] = {
	[MMS_OK] = { "ok", 0 },
	[MMS_E_RETRY] = { "retry", 1 },
	[MMS_E_WAIT] = { "wait", 1 },
	[MMS_E_AUTH] = { "auth", 1 },
	[MMS_E_GONE] = { "gone", 1 },
	[MMS_E_CONFLICT] = { "conflict", 1 },
	[MMS_E_RESYNC] = { "resync", 1 },
	[MMS_E_ITEM] = { "item", 1 },
	[MMS_E_CONFIG] = { "config", 3 },
	[MMS_E_DB] = { "database", 4 },
	[MMS_E_HELD] = { "held", 5 },
	[MMS_E_STOPPED] = { "stopped", 6 },
	[MMS_E_OPEN] = { "circuit_open", 1 },
	[MMS_E_USAGE] = { "usage", 2 },
	[MMS_E_NOMEM] = { "memory", 70 },
	[MMS_E_BUG] = { "internal", 70 },
};

_Static_assert(sizeof rows / sizeof rows[0] == MMS_RC_COUNT, "one row for each code");

const char *
mms_rc_name(mms_rc rc)
{
	return (unsigned)rc < MMS_RC_COUNT ? rows[rc].name : "internal";
}

int
mms_rc_exit_status(mms_rc rc)
{
	return (unsigned)rc < MMS_RC_COUNT ? rows[rc].exit_status : 70;
}
