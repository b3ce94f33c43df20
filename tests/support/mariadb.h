/*
 * A private MariaDB for one test program: its own temporary folder and socket, no network, gone
 * with the program however that ends. What goes wrong here fails the running test.
 *
 *	static struct mms_test_server server;
 *	static int start(void **state) { (void)state; return mms_test_server_start(&server, NULL); }
 *	static int stop(void **state) { (void)state; return mms_test_server_stop(&server); }
 *	...
 *	mms_test_sql(&server, "INSERT INTO t VALUES (%d)", 7);
 *	assert_int_equal(mms_db_open(&db, &server.settings, &err), MMS_OK);
 */
#ifndef SUPPORT_MARIADB_H
#define SUPPORT_MARIADB_H

#include <sys/types.h>

#include "mmsync/attr.h"
#include "mmsync/db.h"

/* The database and the user that a started server has. */
#define MMS_TEST_DATABASE "mms_test"

struct mms_test_server {
	char dir[64];         /* holds data/, s (the socket), log             */
	char socket[72];      /* empty: never started                         */
	char database[65];    /* where the SQL below runs; also the user name */
	char password[32];    /* of that user                                 */
	const char *args[24]; /* borrowed: the server's own options, NULL-ended */
	pid_t pid;            /* 0: not running                               */
	pid_t guard;          /* kills the server and removes dir when we die */
	int guard_fd;
	/* A user with rights on the database alone. Texts are of this struct. */
	struct mms_db_settings settings;
};

/*
 * Start a server with more options ("--sql-mode=ANSI_QUOTES"; NULL-ended, NULL for none; they
 * must outlive it), make the database and its user. Returns 0, for cmocka.
 */
int mms_test_server_start(struct mms_test_server *server, const char *const *args);
/* End it and remove its folder; never started is fine. Returns 0. */
int mms_test_server_stop(struct mms_test_server *server);

/* End it in order; the data stays. */
void mms_test_server_end(struct mms_test_server *server);
/* kill -9; the data stays. */
void mms_test_server_kill(struct mms_test_server *server);
/* End it if it runs, and start it on the same data. args NULL: the options it had. */
void mms_test_server_restart(struct mms_test_server *server, const char *const *args);
/* SIGSTOP and SIGCONT. */
void mms_test_server_freeze(struct mms_test_server *server, bool is_frozen);

/* Empty the database: it is dropped and made again, as a Frappe site's is made. */
void mms_test_reset(struct mms_test_server *server);
/*
 * Make another database with a user of its own, both of this name, and let the functions below
 * and the settings mean it from now on.
 */
void mms_test_use(struct mms_test_server *server, const char *database);

/* SQL as root in the database; several statements may stand in one text. */
void mms_test_sql(struct mms_test_server *server, const char *fmt, ...) MMS_PRINTF(2, 3);
/* The statements of a file. */
void mms_test_sql_file(struct mms_test_server *server, const char *path);
/* The first column of the first row. NULL reads as 0; no row fails the test. */
int64_t mms_test_ask_i64(struct mms_test_server *server, const char *fmt, ...) MMS_PRINTF(2, 3);
/* The same as text; NULL is NULL. Owns: free(). */
char *mms_test_ask_text(struct mms_test_server *server, const char *fmt, ...) MMS_PRINTF(2, 3);

/* Wait until a question answers `want`; fails the test after `seconds`. */
void mms_test_wait_i64(struct mms_test_server *server, int64_t want, int seconds,
		       const char *fmt, ...) MMS_PRINTF(4, 5);

/* The folder of the repository, from the running program's path. Borrows: static. */
const char *mms_test_root(void);

#endif
