/*
 * OAuth tokens of integrations as Frappe keeps them: Fernet in __Auth, asterisks in the document's
 * own column, both in one transaction. Secrets: no text of an error holds one.
 *
 * Source: frappe/utils/password.py; DocTypes' Password fields.
 * Layer: store.
 */
#ifndef MMSYNC_TOKENS_H
#define MMSYNC_TOKENS_H

#include <stdbool.h>
#include <stdint.h>

#include "mmsync/cursors.h"
#include "mmsync/db.h"
#include "mmsync/digest.h"
#include "mmsync/err.h"

/* What is stored for an integration. All zero is empty; texts are owned. */
struct mms_tokens {
	char *access, *refresh; /* NULL: none */
	int64_t expiry_us;      /* token_expiry, site wall time; MMS_NO_TIME: unknown */
	/*
	 * SHA-256 of the text that __Auth holds of the refresh token, else of the access token; of
	 * the plain text where a main column holds one: as Frappe reads it, that is the secret.
	 */
	unsigned char stored_sha256[MMS_SHA256_BYTES];
	bool has_stored;
	bool is_refused; /* the service refused these very tokens: mmsync_cursor.reauth_token_sha256 */
	bool is_fragile; /* a main column does not hold asterisks: the next save in Frappe loses the token */
};
void mms_tokens_release(struct mms_tokens *tokens);

/*
 * Read and decrypt. Errors: CONFIG (the site has no encryption_key, or the tokens were encrypted with
 * another one: the hint says what to do), AUTH (there are no tokens: connect), GONE (the integration is
 * no more), RETRY, NOMEM.
 */
mms_rc
mms_tokens_load(struct mms_db *db, const char *encryption_key, const char *integration,
		uint64_t cursor_id, struct mms_tokens *out, struct mms_err *err) MMS_MUST_CHECK;

/* Can tokens be stored at all? Errors: CONFIG (no encryption_key, or none that is one), NOMEM. */
mms_rc mms_tokens_check_key(const char *encryption_key, struct mms_err *err) MMS_MUST_CHECK;

/* What to store. refresh NULL: the stored one stays. Borrowed. */
struct mms_new_tokens {
	const char *access, *refresh;
	int64_t expiry_us; /* site wall time; MMS_NO_TIME: unknown */
};
/*
 * Store new tokens: __Auth, asterisks, token_expiry, `modified` (later than it was) and modified_by;
 * the mark of refused tokens is cleared. The caller's transaction has touched the lease, or holds
 * none (connect). Errors: GONE (the integration is no more), CONFIG, RETRY, NOMEM.
 */
mms_rc mms_tokens_store(struct mms_tx *tx, const char *encryption_key, const char *integration,
			uint64_t cursor_id, const struct mms_new_tokens *tokens, const char *by,
			int64_t now_us, int64_t now_ms, struct mms_err *err) MMS_MUST_CHECK;

/* The service refused these tokens for good: remembered with the cursor until there are others. */
mms_rc mms_tokens_put_refused(struct mms_tx *tx, uint64_t cursor_id,
			      const unsigned char stored_sha256[MMS_SHA256_BYTES],
			      struct mms_err *err) MMS_MUST_CHECK;

/* Client id and secret of Frappe's Google Settings. Owns: both; NULL: not set. Errors: as load. */
mms_rc
mms_tokens_google_settings(struct mms_db *db, const char *encryption_key, char **client_id,
			   char **client_secret, struct mms_err *err) MMS_MUST_CHECK;

#endif
