/* DocTypes as data: what frappe_ddl.c turns into CREATE TABLE. */
#ifndef FRAPPE_TABLES_H
#define FRAPPE_TABLES_H

#include <stdbool.h>
#include <stddef.h>

/* What a field's type becomes; Link, Select, Read Only ... are DATA, Text Editor and Code LONG_TEXT. */
enum mms_frappe_type {
	MMS_F_DATA,
	MMS_F_TEXT,
	MMS_F_LONG_TEXT,
	MMS_F_JSON,
	MMS_F_CHECK,
	MMS_F_INT,
	MMS_F_DATETIME,
	MMS_F_DATE,
	MMS_F_TIME,
};

enum mms_frappe_key { MMS_F_NO_KEY, MMS_F_KEY, MMS_F_UNIQUE };

struct mms_frappe_field {
	const char *name;
	const char *default_text; /* NULL: none (0 for CHECK and INT) */
	enum mms_frappe_type type;
	enum mms_frappe_key key;
};

struct mms_frappe_doctype {
	const char *name; /* without "tab" */
	const struct mms_frappe_field *fields;
	size_t n_fields;
	bool is_child;       /* a row belongs to a parent's table field   */
	bool is_seen;        /* the DocType tracks who has seen a row     */
	const char *engine;  /* NULL: InnoDB                              */
	const char *keys[3]; /* "a,b": composite indexes that hooks add; NULL-ended */
};

/* Borrows: static. */
const struct mms_frappe_doctype *mms_frappe_doctypes(size_t *n);

#endif
