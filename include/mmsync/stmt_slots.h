/*
 * Statements of slots: requests that may be under way at the same time.
 *
 * Layer: db.
 */
#ifndef MMSYNC_STMT_SLOTS_H
#define MMSYNC_STMT_SLOTS_H

#include "mmsync/stmt_cursors.h"

/* One mailbox. */
#define MMS_SQL_SLOTS_OF " WHERE provider = ? AND scope = ?"
/* MMS_SLOT_HEIR_MS as SQL. */
#define MMS_SQL_SLOT_HEIR "INTERVAL 2 SECOND"

/*
 * SLOTS_TAKE: so many in all, the holder's own first: done twice after a lost answer it takes no more
 * than once. Only rows that are really changed are certified by a cluster: every one of them is, its
 * held_until moves on. All rows of a mailbox have the same heir: SLOTS_WISH and SLOTS_QUIT change all.
 * SLOTS_DEAD: whose connection is gone from this server, or from before its start, as with leases. It only
 * reads: a log by statement would find no connection at all on a replica.
 */
#define MMS_STMTS_SLOTS(X)                                                                   \
	X(SLOTS_TAKE,                                                                        \
	  "UPDATE mmsync_slot SET holder = ?, holder_server = ?, holder_connection = ?,"     \
	  " held_until = UTC_TIMESTAMP(6) + " MMS_SQL_LEASE MMS_SQL_SLOTS_OF                 \
	  " AND slot <= ? AND (holder <=> ? OR held_until < UTC_TIMESTAMP(6)"                \
	  " - " MMS_SQL_LEASE_SKEW ") AND (heir IS NULL OR heir = ?"                         \
	  " OR heir_until < UTC_TIMESTAMP(6)) ORDER BY holder <=> ? DESC, slot LIMIT ?",     \
	  "sSUssisssi", "")                                                                  \
	X(SLOTS_GIVE,                                                                        \
	  "UPDATE mmsync_slot SET holder = NULL, held_until = '2000-01-01'" MMS_SQL_SLOTS_OF \
	  " AND holder = ? ORDER BY slot DESC LIMIT ?",                                      \
	  "sssi", "")                                                                        \
	X(SLOTS_DEAD,                                                                        \
	  "SELECT DISTINCT s.holder FROM mmsync_slot s WHERE s.provider = ? AND s.scope = ?" \
	  " AND s.holder <> ? AND s.holder_server = ? AND NOT EXISTS (SELECT 1 FROM"         \
	  " information_schema.PROCESSLIST p WHERE p.id = s.holder_connection"               \
	  " AND s.held_until - " MMS_SQL_LEASE " >= " MMS_SQL_SERVER_START ")",              \
	  "ssss", "S")                                                                       \
	X(SLOTS_RENEW,                                                                       \
	  "UPDATE mmsync_slot SET held_until = UTC_TIMESTAMP(6) + " MMS_SQL_LEASE            \
	  ", holder_connection = IF(holder_server IS NULL, NULL, "                           \
	  "CONNECTION_ID())" MMS_SQL_SLOTS_OF " AND holder = ?",                             \
	  "sss", "")                                                                         \
	X(SLOTS_ADD,                                                                         \
	  "INSERT IGNORE INTO mmsync_slot (provider, scope, slot)"                           \
	  " VALUES (?, ?, 1), (?, ?, 2), (?, ?, 3), (?, ?, 4)",                              \
	  "ssssssss", "")                                                                    \
	X(SLOTS_WISH,                                                                        \
	  "UPDATE mmsync_slot SET heir = ?,"                                                 \
	  " heir_since = UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND,"                         \
	  " heir_until = UTC_TIMESTAMP(6) + " MMS_SQL_SLOT_HEIR MMS_SQL_SLOTS_OF             \
	  " AND (heir IS NULL OR heir = ? OR heir_until < UTC_TIMESTAMP(6)"                  \
	  " OR heir_since > UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND)",                     \
	  "sisssi", "")                                                                      \
	X(SLOTS_QUIT,                                                                        \
	  "UPDATE mmsync_slot SET heir = NULL, heir_since = NULL,"                           \
	  " heir_until = NULL" MMS_SQL_SLOTS_OF " AND heir = ?",                             \
	  "sss", "")

#endif
