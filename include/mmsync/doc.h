/*
 * A document of one of the DocTypes, from a JSON line or from a row: fields as they stand there,
 * also of a wrong type, judged by mmsync/rules.h. Nothing is copied: texts are borrowed.
 *
 * Layer: model.
 */
#ifndef MMSYNC_DOC_H
#define MMSYNC_DOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/doctype.h"
#include "mmsync/err.h"
#include "mmsync/str.h"

/* Bytes, not NUL-terminated. ptr NULL: none. */
struct mms_text {
	const char *ptr;
	size_t len;
};

enum mms_field_type {
	MMS_F_NONE, /* absent or null: None in Python                       */
	MMS_F_TEXT,
	MMS_F_INT,
	MMS_F_REAL, /* also whole numbers beyond int64                      */
	MMS_F_BOOL,
	MMS_F_TIME, /* of a row: a wall time (mmsync/timetext.h)            */
	MMS_F_LIST, /* JSON array and object: i is the number of elements   */
	MMS_F_MAP,
};

/* All zero is an absent field. */
struct mms_field {
	enum mms_field_type type;
	struct mms_text text; /* a text; of JSON also how the value was written; borrowed */
	union {
		int64_t i; /* INT, BOOL, LIST, MAP; TIME: microseconds */
		double real;
	};
};

/* Rows of one child table that a document may have. */
#define MMS_DOC_MAX_ROWS 10000

/* A row of a child table. */
struct mms_doc_row {
	bool is_new;
	bool has_user; /* its user exists; the rules find out */
	int64_t idx;   /* its number in the form, from 1      */
	struct mms_field f[MMS_CHILD_FIELDS];
};

struct mms_doc_table {
	struct mms_doc_row *rows; /* owned */
	size_t n, cap;
};

/* All zero is an empty document. */
struct mms_doc {
	enum mms_doctype_id type;
	bool is_new; /* to be inserted: "__islocal" is set, or it has no name */
	bool is_row; /* read from its own row: nothing in it has changed      */
	struct mms_field f[MMS_PARENT_FIELDS];
	struct mms_doc_table tables[MMS_TABLE_COUNT];
};

/* Forget the contents, keep the memory, be a document of this type. */
void mms_doc_clear(struct mms_doc *doc, enum mms_doctype_id type);
void mms_doc_release(struct mms_doc *doc);
/* One more row of a child table, empty, numbered. NULL: out of memory. */
struct mms_doc_row *mms_doc_add_row(struct mms_doc *doc, enum mms_child_table table);

/*
 * Read one JSON object. The line is changed (escapes are resolved in place) and borrowed by the
 * document. What is wrong with the line is told in problem, with its column, and the document
 * is then good for its name at most. Errors: NOMEM.
 */
mms_rc mms_doc_read_json(struct mms_doc *doc, enum mms_doctype_id type, char *line, size_t len,
			 struct mms_str *problem, struct mms_err *err) MMS_MUST_CHECK;

/* A field of a row. ptr NULL: NULL. */
struct mms_field mms_field_text(const char *ptr, size_t len);
struct mms_field mms_field_int(int64_t i);
/* MMS_NO_TIME: NULL. */
struct mms_field mms_field_time(int64_t wall_us);

/* Is it true in Python: not None, 0, false, "" or an empty container? */
bool mms_field_is_set(const struct mms_field *field);
/* Is it this text? */
bool mms_field_is(const struct mms_field *field, const char *text);
/* As Python's str() shows it; a container as it was written. */
void mms_field_print(const struct mms_field *field, struct mms_str *out);
/* Its type's name in Python ("str", "NoneType"). */
const char *mms_field_type_name(const struct mms_field *field);

#endif
