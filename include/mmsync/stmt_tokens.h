/*
 * Statements of OAuth tokens in __Auth.
 *
 * Layer: db.
 */
#ifndef MMSYNC_STMT_TOKENS_H
#define MMSYNC_STMT_TOKENS_H

/* What __Auth has of an integration i. */
#define MMS_SQL_ACCESS_TOKEN                                           \
	" LEFT JOIN __Auth a ON a.doctype = 'MM Calendar Integration'" \
	" AND a.name = i.name AND a.fieldname = 'access_token' AND a.encrypted = 1"
#define MMS_SQL_REFRESH_TOKEN                                          \
	" LEFT JOIN __Auth r ON r.doctype = 'MM Calendar Integration'" \
	" AND r.name = i.name AND r.fieldname = 'refresh_token' AND r.encrypted = 1"

#define MMS_STMTS_TOKENS(X)                                                                    \
	X(TOKENS,                                                                              \
	  "SELECT i.integration_type, i.access_token, i.refresh_token, i.token_expiry,"        \
	  " a.password, r.password, c.reauth_token_sha256"                                     \
	  " FROM `tabMM Calendar Integration` i" MMS_SQL_ACCESS_TOKEN MMS_SQL_REFRESH_TOKEN    \
	  " LEFT JOIN mmsync_cursor c ON c.id = ? WHERE i.name = ?",                           \
	  "us", "SSSTSSB")                                                                     \
	X(TOKENS_OF_ALL,                                                                       \
	  "SELECT i.name, i.access_token, i.refresh_token, a.password, r.password"             \
	  " FROM `tabMM Calendar Integration` i" MMS_SQL_ACCESS_TOKEN MMS_SQL_REFRESH_TOKEN    \
	  " WHERE i.is_active = 1 AND i.integration_type = ? ORDER BY i.name",                 \
	  "s", "sSSSS")                                                                        \
	X(TOKENS_PARKED,                                                                       \
	  "SELECT c.name FROM mmsync_cursor c JOIN `tabMM Calendar Integration` i"             \
	  " ON i.name = c.name " MMS_SQL_AS_FRAPPE " WHERE i.is_active = 1"                    \
	  " AND i.integration_type = ? AND " MMS_SQL_NEEDS_REAUTH " ORDER BY c.name",          \
	  "s", "s")                                                                            \
	/* First of a store: with it the row is ours, and who saves the document waits. */     \
	X(TOKENS_MASK,                                                                         \
	  "UPDATE `tabMM Calendar Integration` SET access_token = ?,"                          \
	  " refresh_token = COALESCE(?, refresh_token), token_expiry = ?,"                     \
	  " modified = GREATEST(?, COALESCE(modified, CAST('1970-01-01' AS DATETIME(6)))"      \
	  " + INTERVAL 1 MICROSECOND),"                                                        \
	  " modified_by = ? WHERE name = ?",                                                   \
	  "sSTtss", "")                                                                        \
	X(TOKENS_PUT,                                                                          \
	  "INSERT INTO __Auth (doctype, name, fieldname, password, encrypted)"                 \
	  " VALUES ('MM Calendar Integration', ?, ?, ?, 1)"                                    \
	  " ON DUPLICATE KEY UPDATE password = VALUES(password), encrypted = 1",               \
	  "sss", "")                                                                           \
	X(TOKENS_ACCEPTED, "UPDATE mmsync_cursor SET reauth_token_sha256 = NULL WHERE id = ?", \
	  "u", "")                                                                             \
	X(TOKENS_REFUSED, "UPDATE mmsync_cursor SET reauth_token_sha256 = ? WHERE id = ?",     \
	  "bu", "")                                                                            \
	X(GOOGLE_SETTINGS,                                                                     \
	  "SELECT (SELECT value FROM tabSingles WHERE doctype = 'Google Settings'"             \
	  " AND field = 'client_id' LIMIT 1),"                                                 \
	  " (SELECT value FROM tabSingles WHERE doctype = 'Google Settings'"                   \
	  " AND field = 'client_secret' LIMIT 1),"                                             \
	  " (SELECT password FROM __Auth WHERE doctype = 'Google Settings'"                    \
	  " AND name = 'Google Settings' AND fieldname = 'client_secret' AND encrypted = 1)",  \
	  "", "SSS")

#endif
