/* Integrations chosen by name or user, and what a name that nobody has is answered. */
#include <string.h>

#include "mmsync/cursors.h"
#include "mmsync/near.h"
#include "mmsync/runs.h"

static mms_rc
unknown_name(const char *what, const char *name, const struct mms_sources *sources,
	     bool is_user, struct mms_err *err)
{
	const char *best = NULL;
	size_t best_distance = 99;

	for (size_t i = 0; i < sources->n; i++) {
		const struct mms_integration *in = &sources->items[i].integration;
		const char *known = is_user ? in->user : in->name;
		size_t d = known != NULL ? mms_near_distance(name, known) : 99;
		if (d < best_distance && mms_near_enough(name, known)) {
			best = known;
			best_distance = d;
		}
	}
	mms_fail(err, MMS_E_USAGE, "there is no %s '%s'", what, name);
	return best != NULL ? mms_hint(err, "did you mean '%s'?", best) : MMS_E_USAGE;
}

static mms_rc
wrong_user(const struct mms_integration *in, struct mms_err *err)
{
	mms_fail(err, MMS_E_USAGE, "integration %s belongs to %s, not to a user that is named",
		 in->name, in->user != NULL ? in->user : "nobody");
	return mms_hint(err, "give --integration or --user, not both");
}

mms_rc
mms_sources_choose(struct mms_db *db, struct mms_sources *sources,
		   const struct mms_names *names, struct mms_err *err)
{
	size_t n_found = 0;
	mms_rc rc = MMS_OK;

	for (size_t k = 0; rc == MMS_OK && k < names->n_integrations; k++) {
		rc = mms_sources_choose_name(db, sources, names->integrations[k], &n_found,
					     err);
		if (rc == MMS_OK && n_found == 0)
			rc = unknown_name("integration", names->integrations[k], sources, false,
					  err);
	}
	for (size_t k = 0; rc == MMS_OK && k < names->n_users; k++) {
		rc = mms_sources_choose_user(db, sources, names->users[k], &n_found, err);
		if (rc == MMS_OK && n_found == 0)
			rc = mms_users_find(db, names->users[k], err);
		if (rc == MMS_E_GONE)
			rc = unknown_name("user", names->users[k], sources, true, err);
	}
	for (size_t i = 0; rc == MMS_OK && names->n_users > 0 && i < sources->n; i++) {
		if (sources->items[i].is_named && !sources->items[i].is_of_user)
			rc = wrong_user(&sources->items[i].integration, err);
	}
	return rc;
}
