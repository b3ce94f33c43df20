/*
 * A Frappe site in a test's database with the rows of fixtures/rules/world.txt, whose user may
 * only read; and runs of the program on it at the hour of that file. What goes wrong here fails
 * the running test.
 */
#ifndef SUPPORT_RULES_SITE_H
#define SUPPORT_RULES_SITE_H

#include "support/mariadb.h"
#include "support/program.h"

/* For cmocka's group: a server, and its end. */
int rules_site_start(void **state);
int rules_site_stop(void **state);
struct mms_test_server *rules_site_server(void);

/* For each test: Frappe's tables, empty, and a site folder. */
int rules_site_empty(void **state);
/* The same with the rows of world.txt. */
int rules_site_full(void **state);
/* The folder of the site. */
const char *rules_site_dir(void);

/*
 * Run mmsync --site DIR with arguments, NULL-ended. input is what is in the file that stands for
 * the argument "@"; NULL: there is none. Returns the exit status; out and err are of *run.
 */
int rules_site_run(struct mms_test_run *run, const char *input, size_t len,
		   const char *const *args);

/*
 * Run it again and again: the n-th visit of a fault point fails, for n over as many as a run
 * without a fault has. The exit status is then one of those that an error has, or ok.
 * check looks at what each run has printed.
 */
void rules_site_torture(const char *kind, const char *input, const char *const *args, int ok,
			void (*check)(const char *fault, const struct mms_test_run *run));

/* Take away the right to write. */
void rules_site_read_only(void);

#endif
