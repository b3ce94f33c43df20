/* The look-ups of an audit (audit_p.h). */
#include <string.h>

#include "audit_p.h"
#include "mmsync/mem.h"

/* Answers that are remembered; then all are forgotten, and memory stays bounded. */
#define FACTS_MAX 50000

/* What is known of a user, an integration or a meeting type. Texts are owned. */
struct mms_audit_fact {
	bool is_there, is_active, is_internal, is_public, requires_approval;
	char *name;
	size_t name_len;
};

static void
forget(struct mms_audit_known *k)
{
	while (k->n_facts > 0)
		mms_free(k->facts[--k->n_facts].name);
	mms_keymap_clear(&k->users);
	mms_keymap_clear(&k->integrations);
	mms_keymap_clear(&k->types);
}

void
mms_audit_known_release(struct mms_audit_known *k)
{
	if (k == NULL)
		return;
	forget(k);
	mms_free(k->facts);
	for (size_t i = 0; i < k->n_titles; i++)
		mms_free(k->titles[i]);
	mms_free(k->titles);
	mms_keymap_release(&k->users);
	mms_keymap_release(&k->integrations);
	mms_keymap_release(&k->types);
	mms_keymap_release(&k->twin_ids);
	mms_keymap_release(&k->shared_bookings);
	mms_keymap_release(&k->twin_names);
	mms_keymap_release(&k->primaries);
	mms_site_lookups_release(&k->site);
	*k = (struct mms_audit_known){ 0 };
}

static void
begin(void *aux)
{
	struct mms_audit_known *k = aux;

	if (k->site.kept.n > 0)
		mms_site_lookups()->begin(&k->site);
	if (k->n_facts >= FACTS_MAX)
		forget(k);
}

/* The remembered answer about a name, NULL: not asked yet. */
static const struct mms_audit_fact *
recall(const struct mms_audit_known *k, const struct mms_keymap *map, struct mms_text name)
{
	uint32_t at = mms_keymap_find(map, name.ptr, name.len);

	return at != MMS_KEYMAP_NONE ? &k->facts[at] : NULL;
}

/* Remember an answer; name is how the row spells it. */
static mms_rc
remember(struct mms_audit_known *k, struct mms_keymap *map, struct mms_text asked,
	 struct mms_text name, struct mms_audit_fact fact, const struct mms_audit_fact **out,
	 struct mms_err *err)
{
	struct mms_audit_fact *facts =
		mms_grow(k->facts, k->n_facts, &k->facts_cap, sizeof fact);

	if (facts == NULL)
		return mms_fail_nomem(err);
	k->facts = facts;
	if (fact.is_there) {
		fact.name = mms_text_copy_n(name.ptr, name.len);
		fact.name_len = name.len;
		if (fact.name == NULL)
			return mms_fail_nomem(err);
	}
	facts[k->n_facts++] = fact;
	*out = &facts[k->n_facts - 1];
	return mms_keymap_put(map, asked.ptr, asked.len, (uint32_t)(k->n_facts - 1), NULL, err);
}

static struct mms_text
name_of(const struct mms_audit_fact *fact)
{
	return (struct mms_text){ fact->name, fact->name_len };
}

static mms_rc
user(void *aux, struct mms_text name, bool *found, struct mms_text *out, struct mms_err *err)
{
	struct mms_audit_known *k = aux;
	const struct mms_audit_fact *fact = recall(k, &k->users, name);
	struct mms_text spelled = { 0 };
	struct mms_audit_fact fresh = { 0 };
	mms_rc rc = MMS_OK;

	if (fact == NULL) {
		rc = mms_site_lookups()->user(&k->site, name, &fresh.is_there, &spelled, err);
		if (rc == MMS_OK)
			rc = remember(k, &k->users, name, spelled, fresh, &fact, err);
		if (rc != MMS_OK || fact == NULL)
			return rc;
	}
	*found = fact->is_there;
	*out = name_of(fact);
	return MMS_OK;
}

static mms_rc
integration(void *aux, struct mms_text name, bool *found, struct mms_known_integration *out,
	    struct mms_err *err)
{
	struct mms_audit_known *k = aux;
	const struct mms_audit_fact *fact = recall(k, &k->integrations, name);
	struct mms_known_integration known = { 0 };
	struct mms_audit_fact fresh = { 0 };
	mms_rc rc = MMS_OK;

	if (fact == NULL) {
		rc = mms_site_lookups()->integration(&k->site, name, &fresh.is_there, &known,
						     err);
		fresh.is_active = known.is_active;
		if (rc == MMS_OK)
			rc = remember(k, &k->integrations, name, known.name, fresh, &fact, err);
		if (rc != MMS_OK || fact == NULL)
			return rc;
	}
	*found = fact->is_there;
	*out = (struct mms_known_integration){ name_of(fact), fact->is_active };
	return MMS_OK;
}

static mms_rc
meeting_type(void *aux, struct mms_text name, bool *found, struct mms_known_meeting_type *out,
	     struct mms_err *err)
{
	struct mms_audit_known *k = aux;
	const struct mms_audit_fact *fact = recall(k, &k->types, name);
	struct mms_known_meeting_type known = { 0 };
	struct mms_audit_fact fresh = { 0 };
	mms_rc rc = MMS_OK;

	if (fact == NULL) {
		rc = mms_site_lookups()->meeting_type(&k->site, name, &fresh.is_there, &known,
						      err);
		fresh.is_active = known.is_active;
		fresh.is_internal = known.is_internal;
		fresh.is_public = known.is_public;
		fresh.requires_approval = known.requires_approval;
		if (rc == MMS_OK)
			rc = remember(k, &k->types, name, known.name, fresh, &fact, err);
		if (rc != MMS_OK || fact == NULL)
			return rc;
	}
	*found = fact->is_there;
	/* what an insert takes from it is not asked of rows */
	*out = (struct mms_known_meeting_type){ .name = name_of(fact),
						.is_active = fact->is_active,
						.is_internal = fact->is_internal,
						.is_public = fact->is_public,
						.requires_approval = fact->requires_approval };
	return MMS_OK;
}

static bool
has(const struct mms_keymap *map, struct mms_text name)
{
	return mms_keymap_find(map, name.ptr, name.len) != MMS_KEYMAP_NONE;
}

static mms_rc
name_taken(void *aux, struct mms_text owner, struct mms_text integration_name,
	   struct mms_text except, bool *out, struct mms_err *err)
{
	const struct mms_audit_known *k = aux;

	(void)owner;
	(void)integration_name;
	(void)err;
	*out = has(&k->twin_names, except);
	return MMS_OK;
}

static mms_rc
other_primary(void *aux, struct mms_text owner, struct mms_text except, bool *found,
	      struct mms_text *out, struct mms_err *err)
{
	const struct mms_audit_known *k = aux;
	uint32_t at = mms_keymap_find(&k->primaries, except.ptr, except.len);

	(void)owner;
	(void)err;
	*found = at != MMS_KEYMAP_NONE;
	if (*found && k->titles[at] != NULL)
		*out = (struct mms_text){ k->titles[at], strlen(k->titles[at]) };
	return MMS_OK;
}

static mms_rc
external_id_taken(void *aux, struct mms_text owner, struct mms_text id, struct mms_text except,
		  bool *out, struct mms_err *err)
{
	const struct mms_audit_known *k = aux;

	(void)owner;
	(void)id;
	(void)err;
	*out = has(&k->twin_ids, except);
	return MMS_OK;
}

static mms_rc
booking_linked(void *aux, struct mms_text name, struct mms_text except, bool *out,
	       struct mms_err *err)
{
	const struct mms_audit_known *k = aux;

	(void)name;
	(void)err;
	*out = has(&k->shared_bookings, except);
	return MMS_OK;
}

static mms_rc
booking(void *aux, struct mms_text name, bool *found, struct mms_known_booking *out,
	struct mms_err *err)
{
	const struct mms_audit_known *k = aux;

	(void)name;
	(void)err;
	*found = k->has_booking;
	*out = k->booking;
	return MMS_OK;
}

static mms_rc
event(void *aux, struct mms_text name, bool *found, struct mms_text *out, struct mms_err *err)
{
	const struct mms_audit_known *k = aux;

	(void)name;
	(void)err;
	*found = k->has_event;
	*out = k->event;
	return MMS_OK;
}

/* Rules of inserts: no row is one. */
static mms_rc
availability(void *aux, struct mms_text name, bool *found, struct mms_known_availability *out,
	     struct mms_err *err)
{
	(void)aux;
	(void)name;
	(void)out;
	(void)err;
	*found = false;
	return MMS_OK;
}

const struct mms_lookups *
mms_audit_lookups(void)
{
	static const struct mms_lookups lookups = {
		.begin = begin,
		.user = user,
		.integration = integration,
		.name_taken = name_taken,
		.other_primary = other_primary,
		.event = event,
		.external_id_taken = external_id_taken,
		.booking = booking,
		.booking_linked = booking_linked,
		.meeting_type = meeting_type,
		.availability = availability,
	};

	return &lookups;
}

/* ---- rows that share what must be unique ---------------------------------------------------- */

static mms_rc
load_names(struct mms_audit_known *k, enum mms_stmt stmt, struct mms_keymap *out,
	   struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	mms_rc rc = mms_rows_open(&rows, k->site.db, stmt, NULL, err);
	while (rc == MMS_OK) {
		rc = mms_rows_next(&rows, &row, err);
		if (rc != MMS_OK || row == NULL)
			break;
		rc = mms_keymap_put(out, row[0].ptr, row[0].len, 0, NULL, err);
	}
	return rc;
}

static mms_rc
add_primary(struct mms_audit_known *k, const struct mms_value *row, struct mms_err *err)
{
	char **titles = mms_grow(k->titles, k->n_titles, &k->titles_cap, sizeof *titles);

	if (titles == NULL)
		return mms_fail_nomem(err);
	k->titles = titles;
	titles[k->n_titles] = NULL;
	if (row[1].type != '\0') {
		titles[k->n_titles] = mms_text_copy_n(row[1].ptr, row[1].len);
		if (titles[k->n_titles] == NULL)
			return mms_fail_nomem(err);
	}
	return mms_keymap_put(&k->primaries, row[0].ptr, row[0].len, (uint32_t)k->n_titles++,
			      NULL, err);
}

static mms_rc
load_primaries(struct mms_audit_known *k, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	mms_rc rc = mms_rows_open(&rows, k->site.db, MMS_STMT_AUDIT_OTHER_PRIMARIES, NULL, err);
	while (rc == MMS_OK) {
		rc = mms_rows_next(&rows, &row, err);
		if (rc != MMS_OK || row == NULL)
			break;
		rc = add_primary(k, row, err);
	}
	return rc;
}

mms_rc
mms_audit_known_load(struct mms_audit_known *k, const struct mms_audit_options *options,
		     struct mms_err *err)
{
	int64_t n_unique = 0;
	mms_rc rc = MMS_OK;

	if (options->doctypes[MMS_DT_INTEGRATION]) {
		rc = load_names(k, MMS_STMT_AUDIT_TWIN_NAMES, &k->twin_names, err);
		if (rc == MMS_OK)
			rc = load_primaries(k, err);
	}
	if (rc != MMS_OK || !options->doctypes[MMS_DT_EVENT])
		return rc;
	/* Under a unique index there are no twins, and no need to sort the table for them. */
	rc = mms_db_ask_i64(k->site.db, MMS_STMT_AUDIT_HAS_UNIQUE, NULL, &n_unique, err);
	if (rc == MMS_OK && n_unique == 0)
		rc = load_names(k, MMS_STMT_AUDIT_TWIN_IDS, &k->twin_ids, err);
	if (rc == MMS_OK)
		rc = load_names(k, MMS_STMT_AUDIT_SHARED_BOOKINGS, &k->shared_bookings, err);
	return rc;
}
