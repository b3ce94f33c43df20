/*
 * Our own tables: the migrations of the program against those that the database has.
 *
 * A migration's statements may be run again (IF NOT EXISTS): MariaDB ends a transaction at each
 * of them, so that one cut off in the middle is finished by running it from its start. The files
 * also say what is expected: each column stands on a line of its own, with its type as
 * information_schema spells it.
 */
#include "schema_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "mmsync/ddl.h"
#include "mmsync/digest.h"
#include "mmsync/fault.h"
#include "mmsync/mem.h"
#include "mmsync/migration.h"

#define TABLE_START   "CREATE TABLE IF NOT EXISTS "
#define CHANGE_START  "ALTER TABLE "
#define COLUMN_START  "  ADD COLUMN IF NOT EXISTS "
#define VERSION_TABLE "mmsync_schema_version"
#define NAME_SIZE     65 /* of a table or column, with its NUL */

/* What the database says of each migration of the program, by its place in the list. */
struct applied {
	bool *has;                       /* owned */
	int64_t *at_ms;                  /* owned */
	const struct mms_migration *all; /* borrowed */
	size_t n;
};

static void
applied_release(struct applied *applied)
{
	mms_free(applied->has);
	mms_free(applied->at_ms);
}

static mms_rc
applied_init(struct applied *applied, struct mms_err *err)
{
	applied->all = mms_migrations(&applied->n);
	applied->has = mms_alloc((applied->n + 1) * sizeof *applied->has);
	applied->at_ms = mms_alloc((applied->n + 1) * sizeof *applied->at_ms);
	if (applied->has == NULL || applied->at_ms == NULL)
		return mms_fail_nomem(err);
	return MMS_OK;
}

static mms_rc
newer(int64_t number, struct mms_err *err)
{
	mms_fail(err, MMS_E_DB,
		 "the database has migration %" PRId64
		 " of mmsync, which this program does not "
		 "know",
		 number);
	return mms_hint(err,
			"a newer mmsync has been at work here: install that one or a later "
			"one");
}

static mms_rc
take_row(struct applied *applied, const struct mms_value *row, struct mms_err *err)
{
	unsigned char digest[MMS_SHA256_BYTES];

	for (size_t i = 0; i < applied->n; i++) {
		const struct mms_migration *m = &applied->all[i];

		if (m->number != row[0].i)
			continue;
		mms_rc rc = mms_sha256(m->sql, m->len, digest, err);
		if (rc != MMS_OK)
			return rc;
		if (row[2].len != sizeof digest ||
		    memcmp(row[2].ptr, digest, sizeof digest) != 0) {
			mms_fail(err, MMS_E_DB,
				 "migration %04d_%s was applied to this database with another "
				 "content than this program has",
				 m->number, m->name);
			return mms_hint(err, "this mmsync is of another line than the one that "
					     "made the tables: install that one again");
		}
		applied->has[i] = true;
		applied->at_ms[i] = row[3].i;
		return MMS_OK;
	}
	return newer(row[0].i, err);
}

static mms_rc
read_applied(struct mms_db *db, struct applied *applied, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_MIGRATIONS, NULL, err);

	while (rc == MMS_OK) {
		rc = mms_rows_next(&rows, &row, err);
		if (rc != MMS_OK || row == NULL)
			break;
		rc = take_row(applied, row, err);
	}
	return rc;
}

/* ---- reading our own files ----------------------------------------------------------------- */

/* A piece of a migration's text. */
struct piece {
	const char *at;
	size_t len;
};

/* The next line of m from *pos; false at the end. */
static bool
next_line(const struct mms_migration *m, size_t *pos, struct piece *line)
{
	if (*pos >= m->len)
		return false;
	const char *at = m->sql + *pos;
	const char *end = memchr(at, '\n', m->len - *pos);
	line->at = at;
	line->len = end != NULL ? (size_t)(end - at) : m->len - *pos;
	*pos += line->len + 1;
	return true;
}

static bool
starts_with(const struct piece *piece, const char *text)
{
	size_t len = strlen(text);

	return piece->len >= len && memcmp(piece->at, text, len) == 0;
}

/* The next statement: lines up to one that ends in a semicolon. False at the end. */
static bool
next_statement(const struct mms_migration *m, size_t *pos, struct mms_str *out)
{
	struct piece line;

	mms_str_clear(out);
	while (next_line(m, pos, &line)) {
		if (line.len == 0 || starts_with(&line, "--"))
			continue;
		bool is_last = line.at[line.len - 1] == ';';
		mms_str_addn(out, line.at, line.len - is_last);
		mms_str_addc(out, '\n');
		if (is_last)
			return true;
	}
	return false;
}

/* The word at the start of a text: up to a blank. */
static struct piece
first_word(const char *at, const char *end)
{
	struct piece word = { at, 0 };

	while (at + word.len < end && at[word.len] != ' ')
		word.len++;
	return word;
}

/* What stands between a column's name and the first of these is its type. */
static struct piece
column_type(const struct piece *line, const struct piece *name)
{
	static const char *const ends[] = { " COLLATE ", " NOT NULL", " DEFAULT ", " COMMENT ",
					    NULL };
	const char *at = name->at + name->len + 1, *end = line->at + line->len;
	struct piece type = { at, 0 };

	while (at + type.len < end) {
		struct piece rest = { at + type.len, (size_t)(end - at) - type.len };
		for (size_t i = 0; ends[i] != NULL; i++) {
			if (starts_with(&rest, ends[i]))
				return type;
		}
		type.len++;
	}
	return type;
}

/* The collation that stands behind the type; empty: the table's. */
static struct piece
column_collation(const struct piece *line, const struct piece *type)
{
	static const char word[] = " COLLATE ";
	const char *at = type->at + type->len, *end = line->at + line->len;
	struct piece rest = { at, (size_t)(end - at) };

	if (!starts_with(&rest, word))
		return (struct piece){ at, 0 };
	return first_word(at + strlen(word), end);
}

/* Is this line one of a column? Those of keys begin with a capital letter. */
static bool
is_column_line(const struct piece *line)
{
	return line->len > 2 && starts_with(line, "  ") &&
	       (line->at[2] == '`' || (line->at[2] >= 'a' && line->at[2] <= 'z'));
}

static void
copy_piece(char *out, size_t size, const struct piece *piece)
{
	size_t len = piece->len < size ? piece->len : size - 1;

	memcpy(out, piece->at, len);
	out[len] = '\0';
}

/* The name at the start of a column's definition, without its quotes. */
static void
column_name(const struct piece *definition, char *out, size_t size)
{
	struct piece name = first_word(definition->at, definition->at + definition->len);

	if (*name.at == '`' && name.len > 2)
		name = (struct piece){ name.at + 1, name.len - 2 };
	copy_piece(out, size, &name);
}

/* remedy: of a column that is missing; NULL: nothing of ours brings it. */
static mms_rc
check_column(struct mms_schema_run *run, const char *table, const struct piece *definition,
	     const char *remedy, bool *is_good)
{
	char name_text[NAME_SIZE], type_text[65], collation_text[65], object[160];
	struct piece name = first_word(definition->at, definition->at + definition->len);
	struct piece type = column_type(definition, &name);

	column_name(definition, name_text, sizeof name_text);
	copy_piece(type_text, sizeof type_text, &type);
	struct piece collation = column_collation(definition, &type);
	copy_piece(collation_text, sizeof collation_text, &collation);
	const struct mms_column *found = mms_columns_find(run->columns, table, name_text);
	bool is_type = found != NULL && strcasecmp(found->type, type_text) == 0;
	bool is_collation =
		collation.len == 0 || (found != NULL && found->collation != NULL &&
				       strcasecmp(found->collation, collation_text) == 0);
	if (is_type && is_collation)
		return MMS_OK;
	*is_good = false;
	(void)snprintf(object, sizeof object, "column %s.%s", table, name_text);
	bool is_brought = found == NULL && remedy != NULL;
	return mms_schema_found(
		run, is_brought ? MMS_FINDING_MISSING : MMS_FINDING_BLOCKED, object,
		is_brought ? remedy
			   : "mmsync did not do this: put the column back as schema/ of its "
			     "sources has it, or restore the table from a backup",
		"%s%s%s, must be %s%s%s", found != NULL ? found->type : "is missing",
		is_collation || found == NULL ? "" : " ",
		is_collation || found == NULL || found->collation == NULL ? ""
									  : found->collation,
		type_text, collation.len > 0 ? " " : "", collation_text);
}

/* A table as its migration has it. */
static mms_rc
check_table(struct mms_schema_run *run, const struct mms_migration *m, size_t *pos,
	    const char *table)
{
	char object[80];
	struct piece line;
	bool is_good = true;
	mms_rc rc = MMS_OK;

	(void)snprintf(object, sizeof object, "table %s", table);
	if (!mms_columns_has_table(run->columns, table))
		return mms_schema_found(run, MMS_FINDING_MISSING, object, MMS_SCHEMA_REMEDY,
					"of migration %04d_%s", m->number, m->name);
	while (rc == MMS_OK && next_line(m, pos, &line) && is_column_line(&line)) {
		struct piece definition = { line.at + 2, line.len - 2 };
		rc = check_column(run, table, &definition, NULL, &is_good);
	}
	if (rc == MMS_OK && is_good)
		rc = mms_schema_found(run, MMS_FINDING_OK, object, NULL, "of migration %04d_%s",
				      m->number, m->name);
	return rc;
}

/* The next column that m adds to a table which an earlier one made. False at the end. */
static bool
next_added(const struct mms_migration *m, size_t *pos, char table[NAME_SIZE],
	   struct piece *definition)
{
	struct piece line;

	while (next_line(m, pos, &line)) {
		const char *end = line.at + line.len;
		if (starts_with(&line, CHANGE_START)) {
			struct piece name = first_word(line.at + strlen(CHANGE_START), end);
			copy_piece(table, NAME_SIZE, &name);
		} else if (starts_with(&line, COLUMN_START)) {
			definition->at = line.at + strlen(COLUMN_START);
			definition->len = (size_t)(end - definition->at);
			return true;
		}
	}
	return false;
}

/* What a migration that was applied has added; its table's absence is told with the table. */
static mms_rc
check_added(struct mms_schema_run *run, const struct mms_migration *m)
{
	char table[NAME_SIZE] = "";
	struct piece definition;
	size_t pos = 0;
	bool is_good = true;
	mms_rc rc = MMS_OK;

	while (rc == MMS_OK && next_added(m, &pos, table, &definition)) {
		if (mms_columns_has_table(run->columns, table))
			rc = check_column(run, table, &definition, MMS_SCHEMA_REMEDY, &is_good);
	}
	return rc;
}

/* The name in a line that makes a table, or "". */
static void
table_of_line(const struct piece *line, char *out, size_t size)
{
	struct piece name = { "", 0 };

	if (starts_with(line, TABLE_START))
		name = first_word(line->at + strlen(TABLE_START), line->at + line->len);
	copy_piece(out, size, &name);
}

static mms_rc
check_tables(struct mms_schema_run *run, const struct mms_migration *m)
{
	struct piece line;
	char table[NAME_SIZE];
	size_t pos = 0;
	mms_rc rc = MMS_OK;

	while (rc == MMS_OK && next_line(m, &pos, &line)) {
		table_of_line(&line, table, sizeof table);
		if (table[0] != '\0')
			rc = check_table(run, m, &pos, table);
	}
	return rc;
}

/* ---- check and apply ----------------------------------------------------------------------- */

static mms_rc
load_applied(struct mms_schema_run *run, struct applied *applied)
{
	mms_rc rc = applied_init(applied, run->err);

	if (rc == MMS_OK && mms_columns_has_table(run->columns, VERSION_TABLE))
		rc = read_applied(run->db, applied, run->err);
	return rc;
}

mms_rc
mms_schema_own_check(struct mms_schema_run *run)
{
	MMS_AUTO(applied) applied = { 0 };
	char object[200];
	mms_rc rc = load_applied(run, &applied);

	for (size_t i = 0; rc == MMS_OK && i < applied.n; i++) {
		const struct mms_migration *m = &applied.all[i];

		(void)snprintf(object, sizeof object, "migration %04d_%s", m->number, m->name);
		if (applied.has[i])
			rc = mms_schema_found(run, MMS_FINDING_OK, object, NULL, "applied");
		else
			rc = mms_schema_found(run, MMS_FINDING_MISSING, object,
					      MMS_SCHEMA_REMEDY, "not applied");
		if (rc == MMS_OK)
			rc = check_tables(run, m);
		if (rc == MMS_OK && applied.has[i])
			rc = check_added(run, m);
	}
	return rc;
}

/* Is everything there that this migration brings? */
static bool
is_whole(const struct mms_schema_run *run, const struct mms_migration *m)
{
	struct piece line, definition;
	char table[NAME_SIZE], name[NAME_SIZE];
	size_t pos = 0;

	while (next_line(m, &pos, &line)) {
		table_of_line(&line, table, sizeof table);
		if (table[0] != '\0' && !mms_columns_has_table(run->columns, table))
			return false;
	}
	pos = 0;
	while (next_added(m, &pos, table, &definition)) {
		column_name(&definition, name, sizeof name);
		if (mms_columns_find(run->columns, table, name) == NULL)
			return false;
	}
	return true;
}

static mms_rc
apply_one(struct mms_schema_run *run, const struct mms_migration *m)
{
	MMS_AUTO(mms_str) sql = { 0 };
	unsigned char digest[MMS_SHA256_BYTES];
	char what[200];
	size_t pos = 0;
	mms_rc rc = mms_sha256(m->sql, m->len, digest, run->err);

	(void)snprintf(what, sizeof what, "migration %04d_%s", m->number, m->name);
	mms_schema_say(run, "applying %s", what);
	while (rc == MMS_OK && next_statement(m, &pos, &sql)) {
		rc = mms_str_check(&sql, run->err);
		if (rc == MMS_OK)
			rc = mms_db_run_text(run->db, mms_str_get(&sql), run->err);
		mms_fault_step();
	}
	if (rc != MMS_OK)
		return rc;
	struct mms_value in[] = { mms_v_i64(m->number), mms_v_text(m->name),
				  mms_v_bytes(digest, sizeof digest), mms_v_i64(run->now_ms) };
	return mms_db_run(run->db, MMS_STMT_MIGRATION_ADD, in, NULL, run->err);
}

mms_rc
mms_schema_own_apply(struct mms_schema_run *run)
{
	MMS_AUTO(applied) applied = { 0 };
	mms_rc rc = load_applied(run, &applied);

	for (size_t i = 0; rc == MMS_OK && i < applied.n; i++) {
		if (!applied.has[i] || !is_whole(run, &applied.all[i]))
			rc = apply_one(run, &applied.all[i]);
	}
	return rc;
}

mms_rc
mms_schema_require(struct mms_db *db, struct mms_err *err)
{
	MMS_AUTO(applied) applied = { 0 };
	int64_t has = 0;
	mms_rc rc = applied_init(&applied, err);

	if (rc == MMS_OK)
		rc = mms_db_ask_i64(db, MMS_STMT_HAS_MIGRATIONS, NULL, &has, err);
	if (rc == MMS_OK && has > 0)
		rc = read_applied(db, &applied, err);
	for (size_t i = 0; rc == MMS_OK && i < applied.n; i++) {
		if (applied.has[i])
			continue;
		mms_fail(err, MMS_E_DB, "the database lacks migration %04d_%s of mmsync",
			 applied.all[i].number, applied.all[i].name);
		return mms_hint(err, "run mmsync schema apply");
	}
	return rc;
}

/* ---- schema show --------------------------------------------------------------------------- */

void
mms_schema_list_release(struct mms_schema_list *list)
{
	if (list == NULL)
		return;
	for (size_t i = 0; i < list->n_tables; i++) {
		mms_free(list->tables[i].name);
		mms_free(list->tables[i].comment);
	}
	mms_free(list->tables);
	mms_free(list->versions);
	*list = (struct mms_schema_list){ 0 };
}

static mms_rc
list_versions(struct mms_db *db, struct mms_schema_list *list, struct mms_err *err)
{
	MMS_AUTO(applied) applied = { 0 };
	int64_t has = 0;
	mms_rc rc = applied_init(&applied, err);

	if (rc == MMS_OK)
		rc = mms_db_ask_i64(db, MMS_STMT_HAS_MIGRATIONS, NULL, &has, err);
	if (rc == MMS_OK && has > 0)
		rc = read_applied(db, &applied, err);
	if (rc != MMS_OK)
		return rc;
	list->versions = mms_alloc((applied.n + 1) * sizeof *list->versions);
	if (list->versions == NULL)
		return mms_fail_nomem(err);
	for (size_t i = 0; i < applied.n; i++) {
		const struct mms_migration *m = &applied.all[i];
		struct mms_schema_version *version = &list->versions[list->n_versions++];
		unsigned char digest[MMS_SHA256_BYTES];

		rc = mms_sha256(m->sql, m->len, digest, err);
		if (rc != MMS_OK)
			return rc;
		*version = (struct mms_schema_version){ .number = m->number, .name = m->name };
		mms_hex_print(digest, sizeof digest, version->sha256);
		version->applied_at_ms = applied.has[i] ? applied.at_ms[i] : MMS_NO_TIME;
	}
	return MMS_OK;
}

static mms_rc
add_table(struct mms_schema_list *list, const struct mms_value *row, struct mms_err *err)
{
	struct mms_schema_table *moved =
		mms_grow(list->tables, list->n_tables, &list->tables_cap, sizeof *list->tables);

	if (moved == NULL)
		return mms_fail_nomem(err);
	list->tables = moved;
	struct mms_schema_table *table = &list->tables[list->n_tables++];
	*table = (struct mms_schema_table){
		.name = mms_text_copy_n(row[0].ptr, row[0].len),
		.comment = mms_text_copy_n(row[3].ptr, row[3].len),
		.rows = row[1].type == '\0' ? 0 : row[1].u,
		.bytes = row[2].type == '\0' ? 0 : row[2].u,
	};
	if (table->name == NULL || table->comment == NULL)
		return mms_fail_nomem(err);
	return MMS_OK;
}

mms_rc
mms_schema_list_load(struct mms_db *db, struct mms_schema_list *out, struct mms_err *err)
{
	MMS_AUTO(mms_schema_list) list = { 0 };
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	mms_rc rc = list_versions(db, &list, err);
	if (rc == MMS_OK)
		rc = mms_rows_open(&rows, db, MMS_STMT_OWN_TABLES, NULL, err);
	while (rc == MMS_OK) {
		rc = mms_rows_next(&rows, &row, err);
		if (rc != MMS_OK || row == NULL)
			break;
		rc = add_table(&list, row, err);
	}
	if (rc != MMS_OK)
		return rc;
	*out = list;
	list = (struct mms_schema_list){ 0 };
	return MMS_OK;
}
