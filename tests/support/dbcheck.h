/* What the tests of db/ share: calls that must end as said, and statement tables of their own. */
#ifndef SUPPORT_DBCHECK_H
#define SUPPORT_DBCHECK_H

#include "mmsync/db.h"
#include "support/mariadb.h"

/* `call` is written with &err, which is a fresh one. */
#define OK(call)                                                       \
	do {                                                           \
		MMS_AUTO(mms_err) err = { 0 };                         \
		if ((call) != MMS_OK)                                  \
			fail_msg("%s: %s", #call, mms_err_text(&err)); \
	} while (0)

/* The call ends with this code, and its text holds `part`. */
#define FAILS(want, part, call)                                                           \
	do {                                                                              \
		MMS_AUTO(mms_err) err = { 0 };                                            \
		mms_rc got = (call);                                                      \
		if (got != (want) || strstr(mms_err_text(&err), (part)) == NULL)          \
			fail_msg("%s: %s, not %s with '%s': %s", #call, mms_rc_name(got), \
				 mms_rc_name(want), (part),                               \
				 got == MMS_OK ? "" : mms_err_text(&err));                \
	} while (0)

/*
 * A statement table: STMT_TABLE(LIST) defines an enumerator for each row of LIST(X) and the array
 * `defs`; STMT(NAME) is what the functions take.
 */
#define STMT_TABLE_NAME(name, sql, in, out) name,
#define STMT_TABLE_ROW(name, sql, in, out)  { #name, sql, in, out },
#define STMT_TABLE(LIST)                        \
	enum { LIST(STMT_TABLE_NAME) N_STMTS }; \
	static const struct mms_stmt_def defs[] = { LIST(STMT_TABLE_ROW) }
#define STMT(name) ((enum mms_stmt)(name))

/* Connect with a table of our own. Owns: the result, mms_db_close(). */
static inline struct mms_db *
open_with(const struct mms_db_settings *settings, const struct mms_stmt_def *own, size_t n)
{
	struct mms_db *opened = NULL;

	OK(mms_db_open(&opened, settings, &err));
	OK(mms_db_use_statements(opened, own, n, &err));
	return opened;
}

#endif
