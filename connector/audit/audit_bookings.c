/*
 * Bookings: a document is a row and the rows of its child tables. A page of bookings is kept in
 * memory, then the child rows of the same range of names are read in the same order.
 */
#include <string.h>

#include "audit_p.h"
#include "mmsync/mem.h"
#include "mmsync/timetext.h"

/* Bookings in memory at once. */
#define PAGE_BOOKINGS 500
#define BLOCK_BYTES   ((size_t)64 * 1024)

/* Texts of a page, gone with it. */
struct block {
	struct block *next;
	size_t used, size;
	char bytes[];
};

struct mms_page {
	struct mms_doc *docs;    /* owned: PAGE_BOOKINGS of them        */
	struct mms_text *events; /* owned: the row that calendar_event names; ptr NULL: none */
	size_t n;
	struct block *blocks;       /* owned */
	struct mms_str first, last; /* the names before and at the end of the range */
};

/* The columns of AUDIT_BOOKINGS and of the child tables, in their order. */
static const struct audit_column booking_columns[] = {
	{ 0, MMS_MB_NAME },
	{ 1, MMS_MB_TYPE },
	{ 2, MMS_MB_STATUS },
	{ 3, MMS_MB_REFERENCE },
	{ 4, MMS_MB_IS_INTERNAL },
	{ 5, MMS_MB_SOURCE },
	{ 6, MMS_MB_SERVICE },
	{ 7, MMS_MB_COLOR },
	{ 8, MMS_MB_TITLE },
	{ 9, MMS_MB_LOCATION },
	{ 10, MMS_MB_VIDEO_URL },
	{ 11, MMS_MB_LOCATION_TYPE },
	{ 12, MMS_MB_START },
	{ 13, MMS_MB_END },
	{ 14, MMS_MB_CUSTOMER_NAME },
	{ 15, MMS_MB_CUSTOMER_EMAIL },
	{ 16, MMS_MB_CUSTOMER_PHONE },
	{ 17, MMS_MB_IS_SYNCED },
	{ 18, MMS_MB_EVENT },
	{ 19, MMS_MB_EXTERNAL_LINK },
	{ 20, MMS_MB_CREATED_BY },
	{ 21, MMS_MB_CANCEL_REASON },
	{ 22, MMS_MB_NEEDS_APPROVAL },
	{ 23, MMS_MB_APPROVAL },
	{ 24, MMS_MB_REJECTION },
	{ 25, MMS_MB_ASSIGNED_USER },
};
#define JOINED_EVENT 26
static const struct audit_column assigned_user_columns[] = {
	{ 1, MMS_AU_NAME },
	{ 3, MMS_AU_USER },
	{ 4, MMS_AU_IS_PRIMARY },
	{ 5, MMS_AU_ASSIGNED_BY },
};
static const struct audit_column participant_columns[] = {
	{ 1, MMS_PA_NAME },  { 3, MMS_PA_TYPE },  { 4, MMS_PA_USER },
	{ 5, MMS_PA_NAME1 }, { 6, MMS_PA_EMAIL }, { 7, MMS_PA_RESPONSE },
};
static const struct audit_column history_columns[] = {
	{ 1, MMS_HI_NAME },
	{ 3, MMS_HI_EVENT_TYPE },
	{ 4, MMS_HI_EVENT_BY },
};
#define PARENTFIELD 5

/* One child table: b.name, c.name, c.idx, then its fields. */
struct child {
	enum mms_stmt stmt;
	enum mms_child_table table;
	const struct audit_column *columns;
	size_t n;
};
static const struct child children[] = {
	{ MMS_STMT_AUDIT_ASSIGNED_USERS, MMS_TABLE_ASSIGNED_USERS, assigned_user_columns,
	  MMS_COUNT(assigned_user_columns) },
	{ MMS_STMT_AUDIT_PARTICIPANTS, MMS_TABLE_PARTICIPANTS, participant_columns,
	  MMS_COUNT(participant_columns) },
	{ MMS_STMT_AUDIT_HISTORY, MMS_TABLE_BOOKING_HISTORY, history_columns,
	  MMS_COUNT(history_columns) },
};

static void
empty_page(struct mms_page *page)
{
	for (struct block *b = page->blocks, *next; b != NULL; b = next) {
		next = b->next;
		mms_free(b);
	}
	page->blocks = NULL;
	page->n = 0;
}

static void
mms_page_release(struct mms_page *page)
{
	empty_page(page);
	for (size_t i = 0; page->docs != NULL && i < PAGE_BOOKINGS; i++)
		mms_doc_release(&page->docs[i]);
	mms_free(page->docs);
	mms_free(page->events);
	mms_str_release(&page->first);
	mms_str_release(&page->last);
}

/* Copy a text into the page's memory. */
static mms_rc
keep(struct mms_page *page, struct mms_text *text, struct mms_err *err)
{
	struct block *b = page->blocks;

	if (text->ptr == NULL)
		return MMS_OK;
	if (b == NULL || b->size - b->used < text->len + 1) {
		size_t size = text->len + 1 > BLOCK_BYTES ? text->len + 1 : BLOCK_BYTES;
		b = mms_alloc(sizeof *b + size);
		if (b == NULL)
			return mms_fail_nomem(err);
		b->size = size;
		b->next = page->blocks;
		page->blocks = b;
	}
	char *copy = b->bytes + b->used;
	memcpy(copy, text->ptr, text->len);
	b->used += text->len + 1;
	text->ptr = copy;
	return MMS_OK;
}

static mms_rc
keep_fields(struct mms_page *page, struct mms_field *fields, size_t n, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < n; i++)
		rc = keep(page, &fields[i].text, err);
	return rc;
}

static mms_rc
add_booking(struct mms_page *page, const struct mms_value *row, struct mms_err *err)
{
	struct mms_doc *doc = &page->docs[page->n];

	mms_doc_clear(doc, MMS_DT_BOOKING);
	mms_audit_fill(doc->f, booking_columns, MMS_COUNT(booking_columns), row);
	page->events[page->n] =
		(struct mms_text){ row[JOINED_EVENT].ptr, row[JOINED_EVENT].len };
	mms_rc rc = keep_fields(page, doc->f, MMS_MB_COUNT, err);
	if (rc == MMS_OK)
		rc = keep(page, &page->events[page->n], err);
	page->n++;
	return rc;
}

/* A site may do without a child table. */
static bool
has_table(const struct audit *a, enum mms_doctype_id doctype)
{
	return mms_columns_has_table(a->columns, mms_doctype_get(doctype)->table);
}

static mms_rc
read_bookings(struct audit *a, struct mms_page *page, struct mms_err *err)
{
	const char *user = a->options->user != NULL ? a->options->user : "";
	const char *integration =
		a->options->integration != NULL ? a->options->integration : "";
	bool has_child = has_table(a, MMS_DT_ASSIGNED_USER);
	struct mms_value in[7];
	size_t n = 0;
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	in[n++] = mms_v_textn(mms_str_get(&page->first), page->first.len);
	in[n++] = mms_v_text(user);
	in[n++] = mms_v_text(user);
	if (has_child)
		in[n++] = mms_v_text(user);
	in[n++] = mms_v_text(integration);
	in[n++] = mms_v_text(integration);
	in[n++] = mms_v_i64(PAGE_BOOKINGS);
	mms_rc rc = mms_rows_open(&rows, a->db,
				  has_child ? MMS_STMT_AUDIT_BOOKINGS
					    : MMS_STMT_AUDIT_BOOKINGS_NO_CHILD,
				  in, err);
	while (rc == MMS_OK && page->n < PAGE_BOOKINGS) {
		rc = mms_rows_next(&rows, &row, err);
		if (rc != MMS_OK || row == NULL)
			break;
		rc = add_booking(page, row, err);
	}
	if (rc != MMS_OK || page->n == 0)
		return rc;
	const struct mms_text *last = &page->docs[page->n - 1].f[MMS_DOC_NAME].text;
	mms_str_clear(&page->last);
	mms_str_addn(&page->last, last->ptr, last->len);
	return mms_str_check(&page->last, err);
}

/* The booking of a child row, at *at or behind it; NULL: one that was not there a moment ago. */
static struct mms_doc *
find_parent(struct mms_page *page, const struct mms_value *name, size_t *at)
{
	for (size_t i = *at; i < page->n; i++) {
		const struct mms_text *own = &page->docs[i].f[MMS_DOC_NAME].text;
		if (own->len == name->len && memcmp(own->ptr, name->ptr, own->len) == 0) {
			*at = i;
			return &page->docs[i];
		}
	}
	return NULL;
}

static mms_rc
add_child(struct mms_page *page, const struct child *child, const struct mms_value *row,
	  size_t *at, struct mms_err *err)
{
	struct mms_doc *doc = find_parent(page, &row[0], at);
	enum mms_child_table table = child->table;

	if (doc == NULL)
		return MMS_OK;
	if (table == MMS_TABLE_BOOKING_HISTORY && row[PARENTFIELD].type == 's' &&
	    strcmp(row[PARENTFIELD].ptr, "assignment_history") == 0)
		table = MMS_TABLE_ASSIGNMENT_HISTORY;
	struct mms_doc_row *out = mms_doc_add_row(doc, table);
	if (out == NULL)
		return mms_fail_nomem(err);
	if (row[2].i > 0)
		out->idx = row[2].i;
	mms_audit_fill(out->f, child->columns, child->n, row);
	return keep_fields(page, out->f, MMS_CHILD_FIELDS, err);
}

static mms_rc
read_children(struct audit *a, struct mms_page *page, const struct child *child,
	      struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_textn(mms_str_get(&page->first), page->first.len),
					mms_v_textn(mms_str_get(&page->last), page->last.len) };
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	size_t at = 0;

	if (!has_table(a, mms_child_table_get(child->table)->doctype))
		return MMS_OK;
	mms_rc rc = mms_rows_open(&rows, a->db, child->stmt, in, err);
	while (rc == MMS_OK) {
		rc = mms_rows_next(&rows, &row, err);
		if (rc != MMS_OK || row == NULL)
			break;
		rc = add_child(page, child, row, &at, err);
	}
	return rc;
}

static mms_rc
judge_page(struct audit *a, struct mms_page *page, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < page->n; i++) {
		a->known.event = page->events[i];
		a->known.has_event = page->events[i].ptr != NULL;
		rc = mms_audit_judge(a, &page->docs[i], err);
	}
	return rc;
}

mms_rc
mms_audit_bookings(struct audit *a, struct mms_err *err)
{
	MMS_AUTO(mms_page) page = { 0 };
	mms_rc rc = MMS_OK;

	page.docs = mms_alloc(PAGE_BOOKINGS * sizeof *page.docs);
	page.events = mms_alloc(PAGE_BOOKINGS * sizeof *page.events);
	if (page.docs == NULL || page.events == NULL)
		return mms_fail_nomem(err);
	do {
		empty_page(&page);
		rc = read_bookings(a, &page, err);
		for (size_t i = 0; rc == MMS_OK && page.n > 0 && i < MMS_COUNT(children); i++)
			rc = read_children(a, &page, &children[i], err);
		if (rc == MMS_OK)
			rc = judge_page(a, &page, err);
		if (rc == MMS_OK)
			rc = mms_audit_page(a, MMS_DT_BOOKING, err);
		mms_str_clear(&page.first);
		mms_str_addn(&page.first, mms_str_get(&page.last), page.last.len);
		if (rc == MMS_OK)
			rc = mms_str_check(&page.first, err);
	} while (rc == MMS_OK && page.n == PAGE_BOOKINGS);
	return rc;
}
