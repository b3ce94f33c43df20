/* Tokens in __Auth and in the document's own columns (see the header). */
#include "mmsync/tokens.h"

#include <string.h>

#include "mmsync/fernet.h"
#include "mmsync/mem.h"
#include "mmsync/utf8.h"

void
mms_tokens_release(struct mms_tokens *tokens)
{
	if (tokens == NULL)
		return;
	mms_secret_free(tokens->access);
	mms_secret_free(tokens->refresh);
	*tokens = (struct mms_tokens){ 0 };
}

/* ---- reading -------------------------------------------------------------------------------- */

/* A Password field: what its own column holds, and what __Auth has of it. */
struct field {
	const struct mms_value *main, *stored;
};

static bool
is_empty(const struct mms_value *value)
{
	return value->type == 0 || value->len == 0;
}

/* Frappe takes whatever is not only asterisks for the password itself, whatever __Auth has. */
static bool
is_plain(const struct field *field)
{
	return !is_empty(field->main) && strspn(field->main->ptr, "*") < field->main->len;
}

/* The next save in Frappe deletes what __Auth has where this is empty. */
static bool
is_fragile(const struct field *field)
{
	return is_plain(field) || (is_empty(field->main) && !is_empty(field->stored));
}

static mms_rc
fail_key(struct mms_err *err)
{
	mms_fail(err, MMS_E_CONFIG,
		 "the site has no encryption_key in its site_config.json: "
		 "what is stored encrypted cannot be read or written");
	return mms_hint(err,
			"a site that had one: put back that of its backup; a new site: "
			"bench --site SITE execute frappe.utils.password.get_encryption_key");
}

/* Owns: *out; NULL: there is none. */
static mms_rc
read_field(const struct field *field, const char *key, char **out, struct mms_err *err)
{
	char *read = NULL;

	if (!is_plain(field) && is_empty(field->stored))
		return MMS_OK;
	if (is_plain(field)) {
		*out = mms_text_copy_n(field->main->ptr, field->main->len);
		return *out != NULL ? MMS_OK : mms_fail_nomem(err);
	}
	if (key == NULL)
		return fail_key(err);
	mms_rc rc = mms_fernet_decrypt(key, field->stored->ptr, &read, err);
	if (rc == MMS_OK && read[0] == '\0') {
		mms_secret_free(read);
		return MMS_OK;
	}
	if (rc == MMS_OK)
		*out = read;
	return rc;
}

/* "google", "outlook": which consent an integration of this type needs. */
static const char *
service_of(const struct mms_value *type)
{
	return type->type != 0 && strncmp(type->ptr, "Outlook", 7) == 0 ? "outlook" : "google";
}

static mms_rc
read_tokens(const struct mms_value *row, const char *key, const char *integration,
	    struct mms_tokens *out, struct mms_err *err)
{
	const struct field access = { &row[1], &row[4] }, refresh = { &row[2], &row[5] };
	const struct mms_value *refused = &row[6];

	mms_rc rc = read_field(&access, key, &out->access, err);
	if (rc == MMS_OK)
		rc = read_field(&refresh, key, &out->refresh, err);
	if (rc == MMS_E_ITEM) {
		mms_fail(err, MMS_E_CONFIG,
			 "the tokens of %s cannot be read: they were encrypted with another "
			 "encryption_key than the site's",
			 integration);
		return mms_hint(err,
				"put back the encryption_key of the site's backup, or consent "
				"anew: mmsync connect %s --integration %s",
				service_of(&row[0]), integration);
	}
	if (rc != MMS_OK)
		return mms_fail_in(err, "%s", integration);
	if (out->access == NULL && out->refresh == NULL) {
		mms_fail(err, MMS_E_AUTH, "%s is not connected: it has no tokens", integration);
		return mms_hint(err, "mmsync connect %s --integration %s", service_of(&row[0]),
				integration);
	}
	const struct field *last = out->refresh != NULL ? &refresh : &access;
	const struct mms_value *text = is_plain(last) ? last->main : last->stored;
	rc = mms_sha256(text->ptr, text->len, out->stored_sha256, err);
	out->has_stored = rc == MMS_OK;
	out->expiry_us = row[3].wall_us;
	out->is_refused = refused->type != 0 && refused->len == sizeof out->stored_sha256 &&
			  memcmp(refused->ptr, out->stored_sha256, refused->len) == 0;
	out->is_fragile = is_fragile(&access) || is_fragile(&refresh);
	return rc;
}

mms_rc
mms_tokens_load(struct mms_db *db, const char *encryption_key, const char *integration,
		uint64_t cursor_id, struct mms_tokens *out, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	MMS_AUTO(mms_tokens) read = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_u64(cursor_id), mms_v_text(integration) };

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_TOKENS, in, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	if (rc == MMS_OK && row == NULL)
		rc = mms_fail(err, MMS_E_GONE, "there is no integration %s any more",
			      integration);
	if (rc == MMS_OK)
		rc = read_tokens(row, encryption_key, integration, &read, err);
	if (rc != MMS_OK)
		return rc;
	*out = read;
	read = (struct mms_tokens){ 0 };
	return MMS_OK;
}

mms_rc
mms_tokens_google_settings(struct mms_db *db, const char *encryption_key, char **client_id,
			   char **client_secret, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	MMS_AUTO(mms_tokens) read = { 0 }; /* what is half done is wiped */
	const struct mms_value *row = NULL;

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_GOOGLE_SETTINGS, NULL, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	if (rc != MMS_OK || row == NULL)
		return rc;
	const struct field secret = { &row[1], &row[2] };
	if (!is_empty(&row[0]) && !mms_value_copy_text(&row[0], &read.access))
		return mms_fail_nomem(err);
	rc = read_field(&secret, encryption_key, &read.refresh, err);
	if (rc == MMS_E_ITEM) {
		mms_fail(err, MMS_E_CONFIG,
			 "the client secret in Google Settings cannot be read: it was "
			 "encrypted with another encryption_key than the site's");
		return mms_hint(err, "type it into Google Settings anew, or set "
				     "mmsync.google.client_secret");
	}
	if (rc != MMS_OK)
		return mms_fail_in(err, "Google Settings");
	*client_id = read.access;
	*client_secret = read.refresh;
	read = (struct mms_tokens){ 0 };
	return MMS_OK;
}

mms_rc
mms_tokens_check_key(const char *encryption_key, struct mms_err *err)
{
	char *tried = NULL;

	if (encryption_key == NULL)
		return fail_key(err);
	mms_rc rc = mms_fernet_encrypt(encryption_key, "", 0, &tried, err);
	mms_free(tried);
	return rc;
}

/* ---- writing -------------------------------------------------------------------------------- */

/* What a Password field's own column holds: as many asterisks as the secret has characters. */
static void
mask(struct mms_str *out, const char *secret)
{
	for (size_t n = mms_utf8_count(secret, strlen(secret)); n > 0; n--)
		mms_str_addc(out, '*');
}

static mms_rc
put_columns(struct mms_tx *tx, const char *integration, const struct mms_new_tokens *tokens,
	    const char *by, int64_t now_us, struct mms_err *err)
{
	MMS_AUTO(mms_str) access = { 0 };
	MMS_AUTO(mms_str) refresh = { 0 };
	uint64_t affected = 0;

	mask(&access, tokens->access);
	if (tokens->refresh != NULL)
		mask(&refresh, tokens->refresh);
	mms_rc rc = mms_str_check(&access, err);
	if (rc == MMS_OK)
		rc = mms_str_check(&refresh, err);
	if (rc != MMS_OK)
		return rc;
	const struct mms_value in[] = {
		mms_v_text(mms_str_get(&access)),
		mms_v_text(tokens->refresh != NULL ? mms_str_get(&refresh) : NULL),
		mms_v_wall(tokens->expiry_us),
		mms_v_wall(now_us),
		mms_v_text(by),
		mms_v_text(integration),
	};
	rc = mms_tx_run(tx, MMS_STMT_TOKENS_MASK, in, &affected, err);
	if (rc == MMS_OK && affected == 0)
		rc = mms_fail(err, MMS_E_GONE, "there is no integration %s any more",
			      integration);
	return rc;
}

static mms_rc
put_secret(struct mms_tx *tx, const char *key, const char *integration, const char *field,
	   const char *secret, int64_t now_ms, struct mms_err *err)
{
	char *encrypted = NULL;

	mms_rc rc = mms_fernet_encrypt(key, secret, now_ms / 1000, &encrypted, err);
	if (rc == MMS_OK) {
		const struct mms_value in[] = { mms_v_text(integration), mms_v_text(field),
						mms_v_text(encrypted) };
		rc = mms_tx_run(tx, MMS_STMT_TOKENS_PUT, in, NULL, err);
	}
	mms_free(encrypted);
	return rc;
}

mms_rc
mms_tokens_store(struct mms_tx *tx, const char *encryption_key, const char *integration,
		 uint64_t cursor_id, const struct mms_new_tokens *tokens, const char *by,
		 int64_t now_us, int64_t now_ms, struct mms_err *err)
{
	const struct mms_value cursor[] = { mms_v_u64(cursor_id) };

	if (encryption_key == NULL)
		return fail_key(err);
	mms_rc rc = put_columns(tx, integration, tokens, by, now_us, err);
	if (rc == MMS_OK)
		rc = put_secret(tx, encryption_key, integration, "access_token", tokens->access,
				now_ms, err);
	if (rc == MMS_OK && tokens->refresh != NULL)
		rc = put_secret(tx, encryption_key, integration, "refresh_token",
				tokens->refresh, now_ms, err);
	if (rc == MMS_OK)
		rc = mms_tx_run(tx, MMS_STMT_TOKENS_ACCEPTED, cursor, NULL, err);
	return rc;
}

mms_rc
mms_tokens_put_refused(struct mms_tx *tx, uint64_t cursor_id,
		       const unsigned char stored_sha256[MMS_SHA256_BYTES], struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_bytes(stored_sha256, MMS_SHA256_BYTES),
					mms_v_u64(cursor_id) };

	return mms_tx_run(tx, MMS_STMT_TOKENS_REFUSED, in, NULL, err);
}
