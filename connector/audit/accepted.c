/* What was accepted earlier in the input (see the header). */
#include "mmsync/accepted.h"

#include <string.h>

#include "mmsync/keymap.h"
#include "mmsync/lookups.h"
#include "mmsync/mem.h"
#include "mmsync/timetext.h"

/* Texts of a document that are compared: the name, and up to three more. */
#define FOLD_MAX 4

/* The columns behind the statements FOLD_*, in their order. */
struct fold_def {
	enum mms_stmt stmt;
	size_t n;
	const char *columns[FOLD_MAX];
};
static const struct fold_def folds[MMS_DT_PARENTS] = {
	[MMS_DT_INTEGRATION] = { MMS_STMT_FOLD_INTEGRATION,
				 3,
				 { "name", "user", "integration_name", NULL } },
	[MMS_DT_EVENT] = { MMS_STMT_FOLD_EVENT,
			   4,
			   { "name", "calendar_integration", "external_event_id",
			     "meeting_booking" } },
	[MMS_DT_BOOKING] = { MMS_STMT_FOLD_BOOKING, 1, { "name", NULL, NULL, NULL } },
};

/* One accepted document. Texts are owned. */
struct entry {
	bool is_dead; /* a later one of the same name took its place */
	bool is_active, is_primary;
	char *name_key; /* the sort key of its name; NULL: it has none yet  */
	size_t name_key_len;
	char *name, *title; /* title: integration_name, or the booking's status */
	size_t name_len, title_len;
	int64_t start_us, end_us;
	uint32_t next_of_pair, next_of_link; /* chains of equal keys; NONE at the end */
};

struct mms_accepted {
	struct mms_site_lookups site;
	struct entry *entries; /* owned, of all three DocTypes */
	size_t n, cap;
	struct mms_keymap
		hidden[MMS_DT_PARENTS]; /* rows of the database, as they are spelled */
	struct mms_keymap
		by_name[MMS_DT_PARENTS]; /* folded name to entry                      */
	struct mms_keymap
		by_pair[MMS_DT_PARENTS]; /* integrations: user, title; events: ids    */
	struct mms_keymap
		by_link[MMS_DT_PARENTS]; /* integrations: user; events: booking       */
	struct mms_str keys[FOLD_MAX];   /* the last fold                             */
	struct mms_str blanks[MMS_DT_PARENTS]
			     [FOLD_MAX]; /* weight of a blank; empty: no padding */
};

static bool
is_hidden(void *aux, enum mms_doctype_id doctype, struct mms_text name)
{
	const struct mms_accepted *a = aux;

	return mms_keymap_find(&a->hidden[doctype], name.ptr, name.len) != MMS_KEYMAP_NONE;
}

/* ---- sort keys ---------------------------------------------------------------------------- */

static void
strip_blanks(struct mms_str *key, const struct mms_str *blank)
{
	while (blank->len > 0 && key->len >= blank->len &&
	       memcmp(key->ptr + key->len - blank->len, blank->ptr, blank->len) == 0)
		mms_str_cut(key, key->len - blank->len);
}

/* a->keys of the texts of a DocType; a text whose ptr is NULL has an empty key. */
static mms_rc
fold(struct mms_accepted *a, enum mms_doctype_id doctype, const struct mms_text *texts,
     struct mms_err *err)
{
	const struct fold_def *def = &folds[doctype];
	struct mms_value in[FOLD_MAX];
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	for (size_t i = 0; i < def->n; i++)
		in[i] = mms_v_textn(texts[i].ptr, texts[i].len);
	mms_rc rc = mms_rows_open(&rows, a->site.db, def->stmt, in, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	if (rc != MMS_OK)
		return rc;
	for (size_t i = 0; rc == MMS_OK && i < def->n; i++) {
		mms_str_clear(&a->keys[i]);
		if (row == NULL || row[i].type == '\0')
			continue;
		mms_str_addn(&a->keys[i], row[i].ptr, row[i].len);
		strip_blanks(&a->keys[i], &a->blanks[doctype][i]);
		rc = mms_str_check(&a->keys[i], err);
	}
	return rc;
}

/* Two keys as one; the length in front keeps "ab","c" apart from "a","bc". */
static mms_rc
join(const struct mms_str *first, const struct mms_str *second, struct mms_str *out,
     struct mms_err *err)
{
	mms_str_clear(out);
	mms_str_addf(out, "%zu:", first->len);
	mms_str_addn(out, mms_str_get(first), first->len);
	mms_str_addn(out, mms_str_get(second), second->len);
	return mms_str_check(out, err);
}

/* What a blank weighs in each column, asked once; nothing where the collation does not pad. */
static mms_rc
learn_blanks(struct mms_accepted *a, const struct mms_columns *columns, struct mms_err *err)
{
	static const struct mms_text blank[FOLD_MAX] = {
		{ " ", 1 }, { " ", 1 }, { " ", 1 }, { " ", 1 }
	};
	mms_rc rc = MMS_OK;

	for (unsigned d = 0; rc == MMS_OK && d < MMS_DT_PARENTS; d++) {
		rc = fold(a, (enum mms_doctype_id)d, blank, err);
		for (size_t i = 0; rc == MMS_OK && i < folds[d].n; i++) {
			const char *collation = mms_columns_collation(
				columns, mms_doctype_get((enum mms_doctype_id)d)->table,
				folds[d].columns[i]);
			if (collation != NULL && strstr(collation, "nopad") != NULL)
				continue;
			mms_str_addn(&a->blanks[d][i], mms_str_get(&a->keys[i]),
				     a->keys[i].len);
			rc = mms_str_check(&a->blanks[d][i], err);
		}
	}
	return rc;
}

mms_rc
mms_accepted_new(struct mms_accepted **out, struct mms_db *db,
		 const struct mms_columns *columns, struct mms_err *err)
{
	struct mms_accepted *a = mms_alloc(sizeof *a);

	if (a == NULL)
		return mms_fail_nomem(err);
	a->site.db = db;
	a->site.is_hidden = is_hidden;
	a->site.hidden_aux = a;
	mms_rc rc = learn_blanks(a, columns, err);
	if (rc != MMS_OK) {
		mms_accepted_free(a);
		return rc;
	}
	*out = a;
	return MMS_OK;
}

static void
free_entry(struct entry *e)
{
	mms_free(e->name_key);
	mms_free(e->name);
	mms_free(e->title);
}

void
mms_accepted_free(struct mms_accepted *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; i < a->n; i++)
		free_entry(&a->entries[i]);
	mms_free(a->entries);
	for (size_t d = 0; d < MMS_DT_PARENTS; d++) {
		mms_keymap_release(&a->hidden[d]);
		mms_keymap_release(&a->by_name[d]);
		mms_keymap_release(&a->by_pair[d]);
		mms_keymap_release(&a->by_link[d]);
		for (size_t i = 0; i < FOLD_MAX; i++)
			mms_str_release(&a->blanks[d][i]);
	}
	for (size_t i = 0; i < FOLD_MAX; i++)
		mms_str_release(&a->keys[i]);
	mms_site_lookups_release(&a->site);
	mms_free(a);
}

/* ---- accepting ---------------------------------------------------------------------------- */

/* What of a document is compared, in the order of its fold. */
static void
texts_of(const struct mms_doc *doc, struct mms_text out[FOLD_MAX])
{
	static const size_t fields[MMS_DT_PARENTS][FOLD_MAX] = {
		[MMS_DT_INTEGRATION] = { MMS_CI_NAME, MMS_CI_USER, MMS_CI_INTEGRATION_NAME, 0 },
		[MMS_DT_EVENT] = { MMS_EV_NAME, MMS_EV_INTEGRATION, MMS_EV_EXTERNAL_ID,
				   MMS_EV_BOOKING },
		[MMS_DT_BOOKING] = { MMS_MB_NAME, 0, 0, 0 },
	};

	for (size_t i = 0; i < FOLD_MAX; i++) {
		const struct mms_field *field = &doc->f[fields[doc->type][i]];
		out[i] = (struct mms_text){ 0 };
		if (mms_field_is_set(field))
			out[i] = field->text;
	}
}

static mms_rc
copy_text(const struct mms_text text, char **out, size_t *len, struct mms_err *err)
{
	*len = text.len;
	*out = text.ptr != NULL ? mms_text_copy_n(text.ptr, text.len) : NULL;
	return *out != NULL || text.ptr == NULL ? MMS_OK : mms_fail_nomem(err);
}

/* The facts that look-ups answer. */
static mms_rc
fill_entry(struct entry *e, const struct mms_doc *doc, struct mms_err *err)
{
	const struct mms_field *title = &doc->f[MMS_CI_INTEGRATION_NAME];

	e->start_us = e->end_us = MMS_NO_TIME;
	if (doc->type == MMS_DT_INTEGRATION) {
		e->is_active = mms_field_is_set(&doc->f[MMS_CI_IS_ACTIVE]);
		e->is_primary = mms_field_is_set(&doc->f[MMS_CI_IS_PRIMARY]);
	} else if (doc->type == MMS_DT_BOOKING) {
		title = &doc->f[MMS_MB_STATUS];
		(void)mms_doctime_read(&doc->f[MMS_MB_START], &e->start_us);
		(void)mms_doctime_read(&doc->f[MMS_MB_END], &e->end_us);
	}
	mms_rc rc = copy_text(doc->f[MMS_DOC_NAME].text, &e->name, &e->name_len, err);
	return rc == MMS_OK ? copy_text(title->text, &e->title, &e->title_len, err) : rc;
}

/* Put an entry at the head of the chain of a key. */
static mms_rc
chain(struct mms_keymap *map, const char *key, size_t len, uint32_t entry, uint32_t *next,
      struct mms_err *err)
{
	*next = MMS_KEYMAP_NONE;
	return len > 0 ? mms_keymap_put(map, key, len, entry, next, err) : MMS_OK;
}

/* Make the entry findable; a->keys hold its fold. */
static mms_rc
index_entry(struct mms_accepted *a, enum mms_doctype_id doctype, uint32_t at,
	    struct mms_err *err)
{
	MMS_AUTO(mms_str) pair = { 0 };
	struct entry *e = &a->entries[at];
	const struct mms_str *keys = a->keys;
	uint32_t before = MMS_KEYMAP_NONE;

	mms_rc rc = copy_text(
		(struct mms_text){ keys[0].len > 0 ? keys[0].ptr : NULL, keys[0].len },
		&e->name_key, &e->name_key_len, err);
	if (rc == MMS_OK && keys[0].len > 0)
		rc = mms_keymap_put(&a->by_name[doctype], keys[0].ptr, keys[0].len, at, &before,
				    err);
	if (rc == MMS_OK && before != MMS_KEYMAP_NONE)
		a->entries[before].is_dead = true;
	if (rc != MMS_OK || doctype == MMS_DT_BOOKING)
		return rc;
	rc = join(&keys[1], &keys[2], &pair, err);
	if (rc == MMS_OK)
		rc = chain(&a->by_pair[doctype], pair.ptr, pair.len, at, &e->next_of_pair, err);
	const struct mms_str *link = doctype == MMS_DT_EVENT ? &keys[3] : &keys[1];
	if (rc == MMS_OK)
		rc = chain(&a->by_link[doctype], mms_str_get(link), link->len, at,
			   &e->next_of_link, err);
	return rc;
}

/* The row that the document replaces does not count any more. */
static mms_rc
hide_row(struct mms_accepted *a, const struct mms_doc *doc, struct mms_err *err)
{
	const struct mms_lookups *site = mms_site_lookups();
	struct mms_known_integration integration = { 0 };
	struct mms_known_booking booking = { 0 };
	struct mms_text name = doc->f[MMS_DOC_NAME].text;
	bool found = false;
	mms_rc rc;

	if (doc->is_new)
		return MMS_OK;
	if (doc->type == MMS_DT_INTEGRATION) {
		rc = site->integration(&a->site, name, &found, &integration, err);
		name = integration.name;
	} else if (doc->type == MMS_DT_BOOKING) {
		rc = site->booking(&a->site, name, &found, &booking, err);
		name = booking.name;
	} else {
		rc = site->event(&a->site, name, &found, &name, err);
	}
	if (rc != MMS_OK || !found)
		return rc;
	return mms_keymap_put(&a->hidden[doc->type], name.ptr, name.len, 0, NULL, err);
}

mms_rc
mms_accepted_add(struct mms_accepted *a, const struct mms_doc *doc, struct mms_err *err)
{
	struct mms_text texts[FOLD_MAX];

	texts_of(doc, texts);
	mms_rc rc = hide_row(a, doc, err);
	if (rc == MMS_OK)
		rc = fold(a, doc->type, texts, err);
	if (rc != MMS_OK)
		return rc;
	struct entry *entries = mms_grow(a->entries, a->n, &a->cap, sizeof *entries);
	if (entries == NULL || a->n >= MMS_KEYMAP_NONE)
		return mms_fail_nomem(err);
	a->entries = entries;
	entries[a->n] = (struct entry){ .next_of_pair = MMS_KEYMAP_NONE,
					.next_of_link = MMS_KEYMAP_NONE };
	uint32_t at = (uint32_t)a->n++;
	rc = fill_entry(&a->entries[at], doc, err);
	return rc == MMS_OK ? index_entry(a, doc->type, at, err) : rc;
}

/* ---- look-ups ----------------------------------------------------------------------------- */

static void
begin(void *aux)
{
	struct mms_accepted *a = aux;

	mms_site_lookups()->begin(&a->site);
}

static mms_rc
user(void *aux, struct mms_text name, bool *found, struct mms_text *out, struct mms_err *err)
{
	struct mms_accepted *a = aux;

	return mms_site_lookups()->user(&a->site, name, found, out, err);
}

static mms_rc
meeting_type(void *aux, struct mms_text name, bool *found, struct mms_known_meeting_type *out,
	     struct mms_err *err)
{
	struct mms_accepted *a = aux;

	return mms_site_lookups()->meeting_type(&a->site, name, found, out, err);
}

static mms_rc
availability(void *aux, struct mms_text name, bool *found, struct mms_known_availability *out,
	     struct mms_err *err)
{
	struct mms_accepted *a = aux;

	return mms_site_lookups()->availability(&a->site, name, found, out, err);
}

/* The accepted document of a name; *out NULL: there is none. */
static mms_rc
find_entry(struct mms_accepted *a, enum mms_doctype_id doctype, struct mms_text name,
	   const struct entry **out, struct mms_err *err)
{
	const struct mms_text texts[FOLD_MAX] = { name };

	*out = NULL;
	if (a->by_name[doctype].n == 0)
		return MMS_OK;
	mms_rc rc = fold(a, doctype, texts, err);
	if (rc != MMS_OK)
		return rc;
	uint32_t at =
		mms_keymap_find(&a->by_name[doctype], mms_str_get(&a->keys[0]), a->keys[0].len);
	if (at != MMS_KEYMAP_NONE)
		*out = &a->entries[at];
	return MMS_OK;
}

static struct mms_text
name_of(const struct entry *e)
{
	return (struct mms_text){ e->name, e->name_len };
}

static mms_rc
integration(void *aux, struct mms_text name, bool *found, struct mms_known_integration *out,
	    struct mms_err *err)
{
	struct mms_accepted *a = aux;
	const struct entry *e;

	mms_rc rc = find_entry(a, MMS_DT_INTEGRATION, name, &e, err);
	if (rc != MMS_OK || e == NULL)
		return rc != MMS_OK ? rc
				    : mms_site_lookups()->integration(&a->site, name, found,
								      out, err);
	*found = true;
	*out = (struct mms_known_integration){ name_of(e), e->is_active };
	return MMS_OK;
}

static mms_rc
event(void *aux, struct mms_text name, bool *found, struct mms_text *out, struct mms_err *err)
{
	struct mms_accepted *a = aux;
	const struct entry *e;

	mms_rc rc = find_entry(a, MMS_DT_EVENT, name, &e, err);
	if (rc != MMS_OK || e == NULL)
		return rc != MMS_OK
			       ? rc
			       : mms_site_lookups()->event(&a->site, name, found, out, err);
	*found = true;
	*out = name_of(e);
	return MMS_OK;
}

static mms_rc
booking(void *aux, struct mms_text name, bool *found, struct mms_known_booking *out,
	struct mms_err *err)
{
	struct mms_accepted *a = aux;
	const struct entry *e;

	mms_rc rc = find_entry(a, MMS_DT_BOOKING, name, &e, err);
	if (rc != MMS_OK || e == NULL)
		return rc != MMS_OK
			       ? rc
			       : mms_site_lookups()->booking(&a->site, name, found, out, err);
	*found = true;
	*out = (struct mms_known_booking){
		name_of(e), { e->title, e->title_len }, e->start_us, e->end_us
	};
	return MMS_OK;
}

/* Is this entry another document than the one of a name? a->keys[0] is that name's key. */
static bool
is_other(const struct mms_accepted *a, const struct entry *e)
{
	const struct mms_str *key = &a->keys[0];

	return !e->is_dead && (key->len == 0 || key->len != e->name_key_len ||
			       memcmp(key->ptr, e->name_key, key->len) != 0);
}

/* Another entry of this pair; texts are those of the fold. NULL: none. */
static mms_rc
find_pair(struct mms_accepted *a, enum mms_doctype_id doctype, const struct mms_text *texts,
	  const struct entry **out, struct mms_err *err)
{
	MMS_AUTO(mms_str) pair = { 0 };

	*out = NULL;
	if (a->by_pair[doctype].n == 0)
		return MMS_OK;
	mms_rc rc = fold(a, doctype, texts, err);
	if (rc == MMS_OK)
		rc = join(&a->keys[1], &a->keys[2], &pair, err);
	if (rc != MMS_OK)
		return rc;
	uint32_t at = mms_keymap_find(&a->by_pair[doctype], pair.ptr, pair.len);
	while (at != MMS_KEYMAP_NONE && !is_other(a, &a->entries[at]))
		at = a->entries[at].next_of_pair;
	if (at != MMS_KEYMAP_NONE)
		*out = &a->entries[at];
	return MMS_OK;
}

static mms_rc
name_taken(void *aux, struct mms_text owner, struct mms_text integration_name,
	   struct mms_text except, bool *out, struct mms_err *err)
{
	struct mms_accepted *a = aux;
	const struct mms_text texts[FOLD_MAX] = { except, owner, integration_name };
	const struct entry *e = NULL;

	mms_rc rc = mms_site_lookups()->name_taken(&a->site, owner, integration_name, except,
						   out, err);
	if (rc == MMS_OK && !*out)
		rc = find_pair(a, MMS_DT_INTEGRATION, texts, &e, err);
	*out = *out || e != NULL;
	return rc;
}

static mms_rc
external_id_taken(void *aux, struct mms_text owner, struct mms_text id, struct mms_text except,
		  bool *out, struct mms_err *err)
{
	struct mms_accepted *a = aux;
	const struct mms_text texts[FOLD_MAX] = { except, owner, id };
	const struct entry *e = NULL;

	mms_rc rc =
		mms_site_lookups()->external_id_taken(&a->site, owner, id, except, out, err);
	if (rc == MMS_OK && !*out)
		rc = find_pair(a, MMS_DT_EVENT, texts, &e, err);
	*out = *out || e != NULL;
	return rc;
}

static mms_rc
other_primary(void *aux, struct mms_text owner, struct mms_text except, bool *found,
	      struct mms_text *out, struct mms_err *err)
{
	struct mms_accepted *a = aux;
	const struct mms_text texts[FOLD_MAX] = { except, owner };

	mms_rc rc = mms_site_lookups()->other_primary(&a->site, owner, except, found, out, err);
	if (rc != MMS_OK || *found || a->by_link[MMS_DT_INTEGRATION].n == 0)
		return rc;
	rc = fold(a, MMS_DT_INTEGRATION, texts, err);
	if (rc != MMS_OK)
		return rc;
	uint32_t at = mms_keymap_find(&a->by_link[MMS_DT_INTEGRATION], mms_str_get(&a->keys[1]),
				      a->keys[1].len);
	for (; at != MMS_KEYMAP_NONE && !*found; at = a->entries[at].next_of_link) {
		const struct entry *e = &a->entries[at];
		*found = e->is_primary && e->is_active && is_other(a, e);
		if (*found)
			*out = (struct mms_text){ e->title, e->title_len };
	}
	return MMS_OK;
}

static mms_rc
booking_linked(void *aux, struct mms_text name, struct mms_text except, bool *out,
	       struct mms_err *err)
{
	struct mms_accepted *a = aux;
	const struct mms_text texts[FOLD_MAX] = { except, { 0 }, { 0 }, name };

	mms_rc rc = mms_site_lookups()->booking_linked(&a->site, name, except, out, err);
	if (rc != MMS_OK || *out || a->by_link[MMS_DT_EVENT].n == 0)
		return rc;
	rc = fold(a, MMS_DT_EVENT, texts, err);
	if (rc != MMS_OK)
		return rc;
	uint32_t at = mms_keymap_find(&a->by_link[MMS_DT_EVENT], mms_str_get(&a->keys[3]),
				      a->keys[3].len);
	for (; at != MMS_KEYMAP_NONE && !*out; at = a->entries[at].next_of_link)
		*out = is_other(a, &a->entries[at]);
	return MMS_OK;
}

const struct mms_lookups *
mms_accepted_lookups(void)
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
