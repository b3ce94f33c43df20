/*
 * Statements of request budgets.
 *
 * Layer: db.
 */
#ifndef MMSYNC_STMT_BUDGET_H
#define MMSYNC_STMT_BUDGET_H

/* The database's clock, Unix ms: the one clock that all workers of all hosts have. */
#define MMS_SQL_BUDGET_NOW \
	"(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000)"
/*
 * Has the minute that `used` counts ended? A statement that waited for the row has an earlier now
 * than whoever began that minute; further ahead it was another clock's.
 */
#define MMS_SQL_BUDGET_OVER                       \
	"(window_start_ms <= " MMS_SQL_BUDGET_NOW \
	" - 60000 OR window_start_ms > " MMS_SQL_BUDGET_NOW " + 60000)"
/* The first of two scopes is a user's, with the limit that comes next; the other has the last. */
#define MMS_SQL_BUDGET_FULL "used + ? > IF(scope = ?, ?, ?)"

/* BUDGET_TAKE: the assignments are made from left to right. */
#define MMS_STMTS_BUDGET(X)                                                                   \
	X(BUDGET_TAKE,                                                                        \
	  "UPDATE mmsync_budget SET used = IF(" MMS_SQL_BUDGET_OVER ", ?, used + ?),"         \
	  " window_start_ms = IF(" MMS_SQL_BUDGET_OVER ", " MMS_SQL_BUDGET_NOW                \
	  ", window_start_ms) WHERE provider = ? AND scope IN (?, ?)"                         \
	  " AND COALESCE(wait_until_ms, 0) <= " MMS_SQL_BUDGET_NOW                            \
	  " AND (" MMS_SQL_BUDGET_OVER " OR NOT " MMS_SQL_BUDGET_FULL ")",                    \
	  "iisssisii", "")                                                                    \
	X(BUDGET_LOOK,                                                                        \
	  "SELECT GREATEST(COALESCE(wait_until_ms, 0) - " MMS_SQL_BUDGET_NOW                  \
	  ", IF(NOT " MMS_SQL_BUDGET_OVER " AND " MMS_SQL_BUDGET_FULL                         \
	  ", window_start_ms + 60000 - " MMS_SQL_BUDGET_NOW                                   \
	  ", 0), 0) FROM mmsync_budget WHERE provider = ?"                                    \
	  " AND scope IN (?, ?)",                                                             \
	  "isiisss", "I")                                                                     \
	X(BUDGET_ADD,                                                                         \
	  "INSERT IGNORE INTO mmsync_budget (provider, scope) VALUES (?, ?), (?, ?)", "ssss", \
	  "")                                                                                 \
	X(BUDGET_PAUSE,                                                                       \
	  "INSERT INTO mmsync_budget (provider, scope, wait_until_ms) VALUES (?, "            \
	  "?, " MMS_SQL_BUDGET_NOW " + ?) ON DUPLICATE KEY UPDATE"                            \
	  " wait_until_ms = GREATEST(COALESCE(wait_until_ms, 0), VALUES(wait_until_ms))",     \
	  "ssi", "")

#endif
