/*
 * The shell of the program: verbs and options as tables, what must be true before a verb runs,
 * output and exit status. The only layer that reads argv and the environment, prints, exits.
 *
 * To add a verb: docs/architecture.md, "Adding a command". Help, completion and the manual's list
 * of commands are made from the tables here; the tests compare.
 *
 * Layer: app.
 */
#ifndef MMSYNC_APP_H
#define MMSYNC_APP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "mmsync/clock.h"
#include "mmsync/columns.h"
#include "mmsync/err.h"
#include "mmsync/json.h"
#include "mmsync/log.h"
#include "mmsync/pool.h"
#include "mmsync/settings.h"
#include "mmsync/site.h"

/* What must be true before a verb runs; main makes it so, once. */
enum mms_verb_needs {
	MMS_NEED_SITE = 1 << 0,   /* site_config.json read and checked                      */
	MMS_NEED_DB = 1 << 1,     /* database reached (implies MMS_NEED_SITE)               */
	MMS_NEED_SCHEMA = 1 << 2, /* our schema is the right one, columns and settings read */
	MMS_WRITES = 1 << 3,      /* refused in maintenance mode, but for a --dry-run       */
	MMS_MAY_SITE = 1 << 4,    /* the site is read when one is given                     */
	MMS_NEED_NET = 1 << 5,    /* the HTTP library is set up, before threads             */
};

enum mms_opt_type {
	MMS_OPT_FLAG,  /* --due                                    */
	MMS_OPT_TEXT,  /* --user EMAIL                             */
	MMS_OPT_TEXTS, /* --integration NAME, any number of times  */
	MMS_OPT_COUNT, /* --jobs N, 1 and up                       */
	MMS_OPT_TIME,  /* --from TIME, RFC 3339                    */
};

struct mms_opt {
	const char *name; /* "integration": the long option           */
	enum mms_opt_type type;
	const char *arg;  /* "NAME" in help; NULL for flags           */
	const char *help; /* one line, no full stop                   */
};

struct mms_app;

struct mms_verb {
	const char *name;            /* "sync", or two words: "feed preview"        */
	const char *args;            /* "[FILE]" in the synopsis; "" for none       */
	const char *help;            /* one line, no full stop                      */
	const char *more;            /* for help VERB: a paragraph a line, filled by
					whoever prints it; a line that begins with two
					blanks stands as it is                      */
	unsigned needs;              /* OR of enum mms_verb_needs                   */
	size_t min_words, max_words; /* positional arguments                        */
	const struct mms_opt *opts;  /* ends with a NULL name; NULL: none           */
	mms_rc (*run)(struct mms_app *app, struct mms_err *err);
};

/* All verbs, in the order of the help. Borrows: static. */
const struct mms_verb *mms_verbs(size_t *n);
/* Options that every verb takes. */
const struct mms_opt *mms_global_opts(void);

/* Options and words of one command line; texts borrow argv. */
struct mms_args {
	struct mms_arg {
		const struct mms_opt *opt;
		const char *text; /* NULL for flags */
		int64_t number;   /* a count, or Unix ms */
	} * items;
	size_t n, cap;
	const char **words;
	size_t n_words, words_cap;
};

enum mms_when { MMS_AUTO_DETECT, MMS_ALWAYS, MMS_NEVER };

struct mms_app {
	struct mms_log log;
	struct mms_clock clock;
	const struct mms_verb *verb;
	const char *family; /* "schema" of schema check, given alone; else NULL */
	struct mms_args args;
	bool is_json, is_quiet, is_verbose, has_progress;
	bool has_color, has_err_color; /* on stdout, on stderr            */
	bool is_stdout_terminal;

	struct mms_site site; /* when the verb needs one                  */
	bool has_site;
	struct mms_pool *pool; /* when the verb needs the database        */
	struct mms_columns *columns;
	struct mms_settings settings;

	int exit_status; /* what the verb found: 0, or 1 when something was wrong */
};

/* The stop flag that SIGINT and SIGTERM set (never cleared). */
const atomic_bool *mms_app_stop_flag(void);
void mms_app_catch_signals(void);

/* Make true what the verb needs: site, database, schema (connector/app/needs.c). */
mms_rc mms_app_make_ready(struct mms_app *app, struct mms_err *err) MMS_MUST_CHECK;
/* The same for a verb that has read its site by itself (app->has_site): the rest of these needs. */
mms_rc mms_app_make_ready_late(struct mms_app *app, unsigned needs,
			       struct mms_err *err) MMS_MUST_CHECK;
/* Give all of it back. */
void mms_app_close(struct mms_app *app);
/* --site, else $MMSYNC_SITE; NULL: neither. */
const char *mms_app_site_dir(const struct mms_app *app);
/* The process environment, for mms_site_load(). */
const char *mms_app_env(void *aux, const char *name);

/* Options of the running verb by name. */
bool mms_app_flag(const struct mms_app *app, const char *name);
const char *mms_app_text(const struct mms_app *app, const char *name); /* NULL: not given */
/* The i-th value of a repeated option, NULL past the last. */
const char *mms_app_text_at(const struct mms_app *app, const char *name, size_t i);
/*
 * All values of a repeated option, and of its alias behind them (NULL: it has none). Owns: *out,
 * mms_free(), also when there is none; the texts are borrowed.
 */
mms_rc mms_app_texts(const struct mms_app *app, const char *name, const char *alias,
		     const char ***out, size_t *n, struct mms_err *err) MMS_MUST_CHECK;
/* A count or a time (Unix ms); otherwise when not given. */
int64_t mms_app_number(const struct mms_app *app, const char *name, int64_t otherwise);
const char *mms_app_word(const struct mms_app *app, size_t i); /* NULL: not given */

/* Parse a command line into app->verb and app->args, with global options applied. Errors: USAGE. */
mms_rc
mms_app_parse(struct mms_app *app, int argc, char **argv, struct mms_err *err) MMS_MUST_CHECK;

/*
 * Help, made from the tables: of the verb whose name this is, of a family ("schema") as a list;
 * NULL: of the program. With is_json one object. False: there is no such verb.
 */
bool mms_app_print_help(const struct mms_app *app, FILE *out, const char *name);
/* Is this the name of the verb, or its family: "schema" of "schema check"? */
bool mms_verb_is_of(const struct mms_verb *verb, const char *name);
/* The second word of a verb of a family; its only word else. Borrows: static. */
const char *mms_verb_last_word(const struct mms_verb *verb);

/* "{"error":{...}}" on stdout with --json; text and hint on stderr otherwise. */
void mms_app_print_err(const struct mms_app *app, const struct mms_err *err);

/*
 * Nobody reads stdout any more (head has seen enough): no fault, and nothing to tell anybody.
 */
bool mms_app_has_lost_reader(void);

/* The member "error" of the object that is being written: {"code","message","hint"}. */
void mms_app_json_put_err(struct mms_json *j, const struct mms_err *err);

/* Start JSON on stdout: compact into a pipe, indented on a terminal. */
mms_rc
mms_app_json(struct mms_app *app, struct mms_json *j, struct mms_err *err) MMS_MUST_CHECK;

/* A line for people on stderr, unless --quiet. */
void mms_app_note(const struct mms_app *app, const char *fmt, ...) MMS_PRINTF(2, 3);

/*
 * A table whose columns align: rows are added cell by cell and printed at the end, numbers to
 * the right. Colour only where the terminal has it.
 */
#define MMS_TABLE_COLUMNS 16 /* at most */
struct mms_table {
	size_t n_columns;
	const char *const *heads;
	const bool *is_number; /* NULL: none */
	/* Columns that a terminal too narrow for all leaves out: those of 1 first, then those of 2
	 * and so on; one of 0 stays. NULL: all stay. A pipe has all of them. */
	const unsigned char *gives_way;
	char **cells; /* owned      */
	size_t n, cap;
	size_t widths[MMS_TABLE_COLUMNS]; /* of the widest cell of each column so far */
};
mms_rc
mms_table_add(struct mms_table *table, const char *cell, struct mms_err *err) MMS_MUST_CHECK;
mms_rc
mms_table_add_i64(struct mms_table *table, int64_t n, struct mms_err *err) MMS_MUST_CHECK;
void mms_table_print(const struct mms_app *app, const struct mms_table *table);
void mms_table_release(struct mms_table *table);

/* A progress bar on stderr, drawn at most ten times a second, only on a terminal. */
struct mms_progress {
	const struct mms_app *app;
	const char *label;
	int64_t total, done; /* total 0: unknown, a count is shown */
	int64_t drawn_mono_ms, started_mono_ms;
	bool is_drawn;
};
void mms_progress_start(struct mms_progress *p, const struct mms_app *app, const char *label,
			int64_t total);
void mms_progress_to(struct mms_progress *p, int64_t done);
void mms_progress_end(struct mms_progress *p);

#endif
