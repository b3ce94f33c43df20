/*
 * Statements of the circuits of services and hosts.
 *
 * Layer: db.
 */
#ifndef MMSYNC_STMT_CIRCUITS_H
#define MMSYNC_STMT_CIRCUITS_H

#define MMS_SQL_CIRCUIT                                                                   \
	"SELECT scope, state, failures, opens, until_ms, last_key, closings, version,"    \
	" CAST(COALESCE(probe_until > UTC_TIMESTAMP(6), 0) AS SIGNED), changed_ms, error" \
	" FROM mmsync_circuit"

#define MMS_STMTS_CIRCUITS(X)                                                                \
	X(CIRCUITS, MMS_SQL_CIRCUIT " ORDER BY scope", "", "siiiiuiiiiS")                    \
	X(CIRCUIT, MMS_SQL_CIRCUIT " WHERE scope = ?", "s", "siiiiuiiiiS")                   \
	/* Those that count: somebody of a service fails still. */                           \
	X(CIRCUITS_OPEN,                                                                     \
	  "SELECT scope, until_ms, error FROM mmsync_circuit WHERE state <> 0 AND EXISTS"    \
	  " (SELECT 1 FROM mmsync_cursor WHERE failures > 0 OR circuit_failures > 0)"        \
	  " ORDER BY scope",                                                                 \
	  "", "siS")                                                                         \
	X(CIRCUIT_ADD,                                                                       \
	  "INSERT IGNORE INTO mmsync_circuit (scope, failures, last_key, changed_ms, error)" \
	  " VALUES (?, 1, ?, ?, LEFT(?, 500))",                                              \
	  "suiS", "")                                                                        \
	X(CIRCUIT_PUT,                                                                       \
	  "UPDATE mmsync_circuit SET state = ?, failures = ?, opens = ?, until_ms = ?,"      \
	  " last_key = ?, closings = ?, probe = NULL, probe_until = NULL, changed_ms = ?,"   \
	  " error = LEFT(?, 500), version = version + 1 WHERE scope = ? AND version = ?",    \
	  "iiiiuiiSsi", "")                                                                  \
	X(CIRCUIT_PROBE,                                                                     \
	  "UPDATE mmsync_circuit SET state = 2, probe = ?,"                                  \
	  " probe_until = UTC_TIMESTAMP(6) + " MMS_SQL_PROBE ", changed_ms = ?,"             \
	  " version = version + 1 WHERE scope = ? AND version = ? AND state <> 0"            \
	  " AND (probe_until IS NULL OR probe_until <= UTC_TIMESTAMP(6))",                   \
	  "sisi", "")

/* How long who tries may take before another does. */
#define MMS_SQL_PROBE "INTERVAL 120 SECOND"

#endif
