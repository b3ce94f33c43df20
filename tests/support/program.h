/*
 * The program under test as a child process, and site folders for it. What goes wrong here fails
 * the running test.
 */
#ifndef SUPPORT_PROGRAM_H
#define SUPPORT_PROGRAM_H

#include <limits.h>
#include <sys/types.h>

#include "mmsync/site.h"
#include "support/mariadb.h"

#define MMS_TEST_DIR_MAX 256

/* One run. All zero is none. */
struct mms_test_run {
	pid_t pid; /* 0: ended                                      */
	int out_fd, err_fd;
	int status;      /* exit status; 128 + n when signal n ended it   */
	char *out, *err; /* owned: what it wrote, NUL-terminated          */
};

/* The program of this test's own build. */
void mms_test_program_path(char path[PATH_MAX]);

/*
 * Start mmsync with arguments; env holds NAME=VALUE beside the test's own environment. Both end
 * with NULL; env may be NULL.
 */
void mms_test_program_start(struct mms_test_run *run, const char *const *env,
			    const char *const *args);
/* Wait for its end and read what it wrote. */
void mms_test_program_end(struct mms_test_run *run);
/* Both; returns the status. */
int mms_test_program(struct mms_test_run *run, const char *const *env, const char *const *args);
void mms_test_run_release(struct mms_test_run *run);

/*
 * A bench in the server's folder with one site whose configuration reaches the server's present
 * database. more is added to its object (", \"mmsync\": {...}"); "" for nothing. The path of the
 * site folder goes into dir.
 */
void mms_test_site_make(struct mms_test_server *server, const char *name, const char *more,
			char dir[MMS_TEST_DIR_MAX]);
/* The same folder read as the program reads it. */
void mms_test_site_load(const char *dir, struct mms_site *out);

/* frappe_ddl.sql beside the corpus, or NULL when it is not there. Borrows: static. */
const char *mms_test_frappe_ddl(void);

#endif
