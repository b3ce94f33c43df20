/*
 * A table's rows held in memory in the forms that the server's other ways of writing take: text
 * for LOAD DATA LOCAL, arrays for Connector/C's bulk execution.
 */
#ifndef BENCH_SHARED_TABLE_H
#define BENCH_SHARED_TABLE_H

#include "bench.h"

struct bench_column {
	char name[65];
	enum enum_field_types type; /* as it is bound: LONGLONG, DATETIME, STRING, BLOB */
	char *nulls;                /* STMT_INDICATOR_*, one a row                      */
	char **texts;               /* STRING, BLOB                                     */
	unsigned long *lens;
	int64_t *numbers;  /* LONGLONG */
	MYSQL_TIME *times; /* DATETIME */
	void **where;      /* into times: the library wants pointers */
};

/* All zero is empty. */
struct bench_table {
	const char *name;
	bool is_bytes; /* holds binary columns */
	size_t n_rows, n_columns;
	struct bench_column *columns;
	MYSQL_RES *result; /* owns the texts */
	char *lines;       /* for LOAD DATA */
	size_t n_lines, at;
};

/* Read all rows in an order; columns that are NULL in every row are left out. */
void bench_table_read(MYSQL *m, const char *name, const char *order, struct bench_table *out);
void bench_table_free(struct bench_table *table);

/* LOAD DATA LOCAL from memory, one statement; how is "" or "REPLACE". */
void bench_table_load(MYSQL *m, struct bench_table *table, const char *how);
/*
 * Both tables by INSERT ... ON DUPLICATE KEY UPDATE of every row, `batch` rows at once, one
 * transaction for each batch of both.
 */
void bench_table_upsert(MYSQL *m, const struct bench_table tables[2], size_t batch);

#endif
