/* What is known of one integration's events, loaded in streams and kept small. */
#include "mmsync/events.h"

#include <string.h>

#include "mmsync/blocks.h"
#include "mmsync/digest.h"
#include "mmsync/mem.h"

void
mms_known_release(struct mms_known *known)
{
	if (known == NULL)
		return;
	mms_free(known->items);
	mms_free(known->by_key);
	mms_free(known->by_content);
	mms_free(known->letters);
	mms_str_release(&known->names);
	mms_longest_release(&known->longest);
	*known = (struct mms_known){ 0 };
}

/* Prints are digests: any of their bytes are a good hash. */
static size_t
slot_of(const struct mms_known *known, const unsigned char print[MMS_PRINT_BYTES])
{
	uint64_t h;

	memcpy(&h, print, sizeof h);
	return (size_t)h & (known->n_slots - 1);
}

static void
link_content(struct mms_known *known, uint32_t index)
{
	struct mms_known_event *event = &known->items[index];
	size_t s = slot_of(known, event->prints.content);

	while (known->by_content[s] != 0) {
		struct mms_known_event *first = &known->items[known->by_content[s] - 1];
		if (memcmp(first->prints.content, event->prints.content, MMS_PRINT_BYTES) == 0)
			break;
		s = (s + 1) & (known->n_slots - 1);
	}
	event->next_same = known->by_content[s];
	known->by_content[s] = index + 1;
}

static void
link_key(struct mms_known *known, uint32_t index)
{
	size_t s = slot_of(known, known->items[index].key);

	while (known->by_key[s] != 0)
		s = (s + 1) & (known->n_slots - 1);
	known->by_key[s] = index + 1;
}

/* Slots for n events, at most half full; everything is linked anew. */
static mms_rc
rehash(struct mms_known *known, size_t n, struct mms_err *err)
{
	size_t slots = 64;

	while (slots < n * 2)
		slots *= 2;
	uint32_t *by_key = mms_alloc(slots * sizeof *by_key);
	uint32_t *by_content = mms_alloc(slots * sizeof *by_content);
	if (by_key == NULL || by_content == NULL) {
		mms_free(by_key);
		mms_free(by_content);
		return mms_fail_nomem(err);
	}
	mms_free(known->by_key);
	mms_free(known->by_content);
	known->by_key = by_key;
	known->by_content = by_content;
	known->n_slots = slots;
	for (uint32_t i = 0; i < known->n; i++) {
		link_key(known, i);
		if (known->items[i].flags & MMS_KNOWN_ROW)
			link_content(known, i);
	}
	return MMS_OK;
}

struct mms_known_event *
mms_known_find(struct mms_known *known, const unsigned char key[MMS_PRINT_BYTES])
{
	if (known->n_slots == 0)
		return NULL;
	for (size_t s = slot_of(known, key); known->by_key[s] != 0;
	     s = (s + 1) & (known->n_slots - 1)) {
		struct mms_known_event *event = &known->items[known->by_key[s] - 1];
		if (memcmp(event->key, key, MMS_PRINT_BYTES) == 0)
			return event;
	}
	return NULL;
}

static bool
is_twin(const struct mms_known_event *event)
{
	unsigned want = MMS_KNOWN_ROW | MMS_KNOWN_IN_WINDOW;

	return (event->flags & want) == want && !(event->flags & MMS_KNOWN_SEEN) &&
	       event->type == MMS_STATE_USER_EVENT &&
	       mms_row_status_is_live((enum mms_row_status)event->status);
}

struct mms_known_event *
mms_known_find_twin(struct mms_known *known, const unsigned char content[MMS_PRINT_BYTES])
{
	if (known->n_slots == 0)
		return NULL;
	for (size_t s = slot_of(known, content); known->by_content[s] != 0;
	     s = (s + 1) & (known->n_slots - 1)) {
		struct mms_known_event *event = &known->items[known->by_content[s] - 1];
		if (memcmp(event->prints.content, content, MMS_PRINT_BYTES) != 0)
			continue;
		while (!is_twin(event) && event->next_same != 0)
			event = &known->items[event->next_same - 1];
		return is_twin(event) ? event : NULL;
	}
	return NULL;
}

bool
mms_known_is_forgotten(const struct mms_known_event *event)
{
	unsigned all = MMS_KNOWN_STATE | MMS_KNOWN_LIVE | MMS_KNOWN_ROW;

	return (event->flags & all) == (MMS_KNOWN_STATE | MMS_KNOWN_LIVE) &&
	       event->type == MMS_STATE_USER_EVENT;
}

const char *
mms_known_name(const struct mms_known *known, const struct mms_known_event *event)
{
	return event->flags & MMS_KNOWN_ROW ? mms_str_get(&known->names) + event->name_at
					    : NULL;
}

mms_rc
mms_known_add(struct mms_known *known, const struct mms_known_event *event, const char *name,
	      struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	if (known->n >= UINT32_MAX - 1 || known->names.len >= UINT32_MAX - 1024)
		return mms_fail(err, MMS_E_ITEM, "more than %zu events in one integration",
				known->n);
	struct mms_known_event *moved =
		mms_grow(known->items, known->n, &known->cap, sizeof *moved);
	if (moved == NULL)
		return mms_fail_nomem(err);
	known->items = moved;
	struct mms_known_event *added = &known->items[known->n];
	*added = *event;
	added->name_at = (uint32_t)known->names.len;
	added->next_same = 0;
	if (name != NULL) {
		known->names.max = UINT32_MAX;
		mms_str_addn(&known->names, name, strlen(name) + 1); /* each with its NUL */
		rc = mms_str_check(&known->names, err);
		if (rc != MMS_OK)
			return rc;
	}
	known->n++;
	if (known->n * 2 > known->n_slots)
		return rehash(known, known->n * 2, err);
	link_key(known, (uint32_t)known->n - 1);
	if (added->flags & MMS_KNOWN_ROW)
		link_content(known, (uint32_t)known->n - 1);
	return MMS_OK;
}

const struct mms_known_letter *
mms_known_find_letter(const struct mms_known *known, const struct mms_known_event *event)
{
	return event->flags & MMS_KNOWN_LETTER ? &known->letters[event->letter_at] : NULL;
}

static mms_rc
add_letter(struct mms_known *known, struct mms_known_event *event,
	   const struct mms_known_letter *letter, struct mms_err *err)
{
	struct mms_known_letter *moved =
		mms_grow(known->letters, known->n_letters, &known->cap_letters, sizeof *moved);

	if (moved == NULL)
		return mms_fail_nomem(err);
	known->letters = moved;
	event->letter_at = (uint32_t)known->n_letters;
	event->flags |= MMS_KNOWN_LETTER;
	known->letters[known->n_letters++] = *letter;
	return MMS_OK;
}

static mms_rc
note_letter(struct mms_known *known, const struct mms_change *change, struct mms_err *err)
{
	struct mms_known_event *event = &known->items[change->known_at];
	struct mms_known_letter letter = { .attempts = change->letter_attempts,
					   .is_given_up = change->letter_is_given_up };

	if (change->letter == MMS_LETTER_REMOVE)
		event->flags &= (uint16_t)~MMS_KNOWN_LETTER;
	if (change->letter != MMS_LETTER_PUT)
		return MMS_OK;
	memcpy(letter.print, change->prints.whole, sizeof letter.print);
	return add_letter(known, event, &letter, err);
}

/* What a state's flags are here. */
static void
take_flags(struct mms_known_event *event, int64_t flags)
{
	event->flags &= (uint16_t) ~(MMS_KNOWN_NO_SOURCE | MMS_KNOWN_PRIVATE);
	if (flags & MMS_STATE_NO_SOURCE)
		event->flags |= MMS_KNOWN_NO_SOURCE;
	if (flags & MMS_STATE_PRIVATE)
		event->flags |= MMS_KNOWN_PRIVATE;
}

mms_rc
mms_known_note(struct mms_known *known, const struct mms_change *change, struct mms_err *err)
{
	struct mms_known_event *event = &known->items[change->known_at];
	bool has_row = change->kind != MMS_CHANGE_LETTER && change->kind != MMS_CHANGE_FOLLOW;

	event->flags &= (uint16_t)~MMS_KNOWN_PLANNED;
	if (change->kind == MMS_CHANGE_FOLLOW)
		event->flags &= (uint16_t) ~(MMS_KNOWN_BEHIND |
					     (change->name == NULL ? MMS_KNOWN_LIVE : 0));
	mms_rc rc = note_letter(known, change, err);
	if (rc != MMS_OK)
		return rc;
	if (!has_row)
		return MMS_OK;
	if (!(event->flags & MMS_KNOWN_ROW)) {
		event->name_at = (uint32_t)known->names.len;
		mms_str_addn(&known->names, change->name, strlen(change->name) + 1);
	}
	event->flags |= MMS_KNOWN_ROW | MMS_KNOWN_STATE;
	event->flags &= (uint16_t) ~(MMS_KNOWN_BEHIND | MMS_KNOWN_BLANK);
	/* A mark writes no flags, but those of a state that it makes. */
	if (change->kind != MMS_CHANGE_MARK || !change->has_state)
		take_flags(event, change->flags);
	if (change->kind == MMS_CHANGE_STATE)
		return MMS_OK;
	event->modified_us = change->new_modified_us;
	event->status = (uint8_t)change->row.status;
	/* Content stays as it was loaded: its index is for rows that nobody has seen yet. */
	if (change->kind == MMS_CHANGE_MARK)
		memset(event->prints.whole, 0,
		       MMS_PRINT_BYTES); /* like nothing that is listed */
	else
		memcpy(event->prints.whole, change->prints.whole, MMS_PRINT_BYTES);
	return mms_str_check(&known->names, err);
}

static const char *
text_or_null(const struct mms_value *v)
{
	return v->type == 0 ? NULL : v->ptr;
}

static int64_t
wall_or_none(const struct mms_value *v)
{
	return v->type == 0 ? MMS_NO_TIME : v->wall_us;
}

/* A row that may block, for the length of the integration's events. */
static mms_rc
note_length(struct mms_known *known, const char *external_id,
	    const struct mms_row_fields *fields, struct mms_err *err)
{
	int64_t length_us;

	if (!fields->is_blocking || fields->start_us == MMS_NO_TIME ||
	    fields->end_us == MMS_NO_TIME)
		return MMS_OK;
	if (!mms_row_status_is_live(fields->status)) {
		if (!__builtin_sub_overflow(fields->end_us, fields->start_us, &length_us) &&
		    length_us > known->longest_gone_us)
			known->longest_gone_us = length_us;
		return MMS_OK;
	}
	return mms_longest_note(&known->longest, external_id, fields->start_us, fields->end_us,
				err);
}

static mms_rc
add_row(struct mms_known *known, struct mms_digest *digest, const struct mms_value *row,
	const struct mms_known_query *query, struct mms_err *err)
{
	struct mms_known_event event = { .flags = MMS_KNOWN_ROW, .type = MMS_STATE_USER_EVENT };
	const struct mms_row_fields fields = {
		.title = text_or_null(&row[3]),
		.event_type = text_or_null(&row[4]),
		.status = mms_row_status_parse(text_or_null(&row[5])),
		.start_us = wall_or_none(&row[6]),
		.end_us = wall_or_none(&row[7]),
		.description = text_or_null(&row[8]),
		.location = text_or_null(&row[9]),
		.attendees_json = text_or_null(&row[10]),
		.organizer_email = text_or_null(&row[11]),
		.is_blocking = row[12].i != 0,
		.error_log = text_or_null(&row[13]),
	};

	event.modified_us = wall_or_none(&row[2]);
	if (event.modified_us != MMS_NO_TIME && event.modified_us == query->stamp_us)
		known->n_stamped++;
	mms_rc rc = note_length(known, text_or_null(&row[0]), &fields, err);
	if (row[0].type == 0 || rc != MMS_OK)
		return rc; /* a row without an external id is nobody's event: audit reports it */
	rc = mms_row_key(digest, row[0].ptr, event.key, err);
	if (rc == MMS_OK)
		rc = mms_row_print(digest, &fields, &event.prints, err);
	if (rc != MMS_OK)
		return rc;
	event.status = (uint8_t)fields.status;
	if (fields.start_us != MMS_NO_TIME && fields.end_us != MMS_NO_TIME &&
	    fields.start_us < query->to_us && fields.end_us > query->from_us)
		event.flags |= MMS_KNOWN_IN_WINDOW;
	if (row[14].i != 0)
		event.flags |= MMS_KNOWN_NOT_LISTED;
	if ((event.flags & MMS_KNOWN_IN_WINDOW) && !(event.flags & MMS_KNOWN_NOT_LISTED) &&
	    mms_row_status_is_live(fields.status))
		known->n_live++;
	return mms_known_add(known, &event, row[1].ptr, err);
}

static mms_rc
load_rows(struct mms_db *db, const struct mms_known_query *query, struct mms_known *known,
	  struct mms_err *err)
{
	MMS_AUTO(mms_digest) digest = { 0 };
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_text(query->integration) };

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_KNOWN_ROWS, in, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK && row != NULL)
		rc = add_row(known, &digest, row, query, err);
	return rc;
}

static struct mms_known_event *
find_or_add(struct mms_known *known, const struct mms_value *key, mms_rc *rc,
	    struct mms_err *err)
{
	struct mms_known_event fresh = { .type = MMS_STATE_USER_EVENT,
					 .modified_us = MMS_NO_TIME };

	if (key->len != MMS_PRINT_BYTES)
		return NULL;
	memcpy(fresh.key, key->ptr, MMS_PRINT_BYTES);
	struct mms_known_event *event = mms_known_find(known, fresh.key);
	if (event != NULL)
		return event;
	*rc = mms_known_add(known, &fresh, NULL, err);
	return *rc == MMS_OK ? &known->items[known->n - 1] : NULL;
}

static mms_rc
load_states(struct mms_db *db, uint64_t cursor_id, struct mms_known *known, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_u64(cursor_id) };

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_KNOWN_STATES, in, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK &&
	       row != NULL) {
		struct mms_known_event *event = find_or_add(known, &row[0], &rc, err);
		if (event == NULL)
			continue;
		event->type = (uint8_t)row[1].i;
		event->flags |= MMS_KNOWN_STATE;
		if (row[2].i != MMS_STATE_DELETED)
			event->flags |= MMS_KNOWN_LIVE;
		take_flags(event, row[4].i);
		if (row[5].i != 0 && event->type == MMS_STATE_USER_EVENT)
			event->flags |= MMS_KNOWN_BLANK;
		/* A row renamed in Frappe is found by its event's id: the state follows. */
		const char *name = mms_known_name(known, event);
		if (name != NULL && (row[3].type == 0 || strcmp(name, row[3].ptr) != 0))
			event->flags |= MMS_KNOWN_BEHIND;
	}
	return rc;
}

static mms_rc
load_letters(struct mms_db *db, uint64_t cursor_id, struct mms_known *known,
	     struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_u64(cursor_id) };

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_KNOWN_LETTERS, in, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK &&
	       row != NULL) {
		struct mms_known_event *event = find_or_add(known, &row[0], &rc, err);
		if (event == NULL)
			continue;
		struct mms_known_letter letter = { .attempts = row[1].i,
						   .is_given_up =
							   row[2].i == MMS_LETTER_GIVEN_UP,
						   .is_discarded =
							   row[2].i == MMS_LETTER_DISCARDED };
		if (row[3].type != 0 && row[3].len == MMS_PRINT_BYTES)
			memcpy(letter.print, row[3].ptr, MMS_PRINT_BYTES);
		rc = add_letter(known, event, &letter, err);
	}
	return rc;
}

mms_rc
mms_known_load(struct mms_db *db, const struct mms_known_query *query, struct mms_known *out,
	       struct mms_err *err)
{
	MMS_AUTO(mms_known) known = { 0 };

	mms_rc rc = load_rows(db, query, &known, err);
	if (rc == MMS_OK && query->cursor_id != 0)
		rc = load_states(db, query->cursor_id, &known, err);
	if (rc == MMS_OK && query->cursor_id != 0)
		rc = load_letters(db, query->cursor_id, &known, err);
	if (rc != MMS_OK)
		return mms_fail_in(err, "read what is known of %s", query->integration);
	*out = known;
	known = (struct mms_known){ 0 };
	return MMS_OK;
}
