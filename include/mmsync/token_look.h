/*
 * The stored tokens of all calendars of a service, looked at: are they there, can the site's key read them, will
 * they outlive the next save in Frappe? No token leaves this.
 *
 * Layer: frappe.
 */
#ifndef MMSYNC_TOKEN_LOOK_H
#define MMSYNC_TOKEN_LOOK_H

#include <stdbool.h>

#include "mmsync/db.h"
#include "mmsync/err.h"

/* Those of one active integration. Borrowed for the call. */
struct mms_token_look {
	const char *name;
	bool is_missing; /* there are none                                                   */
	bool is_foreign; /* encrypted with another key than the site's                       */
	bool is_fragile; /* a main column has not its asterisks: the next save loses the token */
};
typedef mms_rc
mms_token_taker(void *aux, const struct mms_token_look *look, struct mms_err *err);

/*
 * Each active integration of a type, by name. key: of the site; NULL: nothing is tried. While rows are being read:
 * the taker is short. Errors: DB, RETRY, NOMEM, and those of take.
 */
mms_rc
mms_token_look_at_all(struct mms_db *db, const char *key, const char *integration_type,
		      mms_token_taker *take, void *aux, struct mms_err *err) MMS_MUST_CHECK;

#endif
