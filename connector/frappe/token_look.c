/* Stored tokens, looked at (see the header). */
#include "mmsync/token_look.h"

#include <string.h>

#include "mmsync/fernet.h"
#include "mmsync/mem.h"

static bool
is_empty(const struct mms_value *value)
{
	return value->type == 0 || value->len == 0;
}

/* As Frappe reads it, what is not all asterisks is the secret itself. */
static bool
is_plain(const struct mms_value *main)
{
	return !is_empty(main) && strspn(main->ptr, "*") < main->len;
}

/* Can what __Auth has be read, where it counts? */
static mms_rc
try_key(const char *key, const struct mms_value *main, const struct mms_value *stored,
	bool *is_foreign, struct mms_err *err)
{
	MMS_AUTO(mms_err) refused = { 0 };
	char *text = NULL;

	if (key == NULL || is_plain(main) || is_empty(stored))
		return MMS_OK;
	mms_rc rc = mms_fernet_decrypt(key, stored->ptr, &text, &refused);
	mms_secret_free(text);
	*is_foreign = *is_foreign || rc == MMS_E_ITEM;
	return rc == MMS_E_NOMEM ? mms_fail_nomem(err) : MMS_OK;
}

static mms_rc
judge(const char *key, const struct mms_value *row, struct mms_token_look *out,
      struct mms_err *err)
{
	const struct mms_value *access = &row[1], *refresh = &row[2], *stored_access = &row[3],
			       *stored_refresh = &row[4];

	*out = (struct mms_token_look){
		.name = row[0].ptr,
		.is_missing = !is_plain(access) && is_empty(stored_access) &&
			      !is_plain(refresh) && is_empty(stored_refresh),
		.is_fragile = is_plain(access) || is_plain(refresh) ||
			      (is_empty(access) && !is_empty(stored_access)) ||
			      (is_empty(refresh) && !is_empty(stored_refresh)),
	};
	mms_rc rc = try_key(key, access, stored_access, &out->is_foreign, err);
	return rc == MMS_OK ? try_key(key, refresh, stored_refresh, &out->is_foreign, err) : rc;
}

mms_rc
mms_token_look_at_all(struct mms_db *db, const char *key, const char *integration_type,
		      mms_token_taker *take, void *aux, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value type[] = { mms_v_text(integration_type) };
	const struct mms_value *row = NULL;
	struct mms_token_look look;

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_TOKENS_OF_ALL, type, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK &&
	       row != NULL) {
		rc = judge(key, row, &look, err);
		if (rc == MMS_OK)
			rc = take(aux, &look, err);
	}
	return rc;
}
