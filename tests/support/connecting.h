/*
 * mmsync connect as a test plays it: a site with an integration to connect, the program in the background, a
 * browser and a person's hand. What goes wrong fails the test.
 */
#ifndef SUPPORT_CONNECTING_H
#define SUPPORT_CONNECTING_H

#include "mmsync/db.h"
#include "support/fake.h"
#include "support/mariadb.h"
#include "support/program.h"

#define CONNECTING_KEY  "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="
#define CONNECTING_NAME "MM-CI-ann@example.com-0001"
#define CONNECTING_FEED "MM-CI-ann@example.com-0002" /* an iCal feed */

struct connecting {
	struct mms_test_server server;
	struct mms_db *db;
	struct mms_test_run run;
	char site_dir[MMS_TEST_DIR_MAX], site_env[MMS_TEST_DIR_MAX + 16];
	int stdin_fd;        /* the end that the person types into; -1: none          */
	const char *address; /* how the address begins that is shown, up to its "?"  */
	const char *host;    /* where the browser is sent: "127.0.0.1"                */
};

/* settings: members of the mmsync object; the fake is started. */
void connecting_start(struct connecting *c, const struct fake *fake, const char *settings);
int connecting_stop(struct connecting *c);
/* The integrations anew: one of a type, and a feed. */
void connecting_make(struct connecting *c, const char *type);

/* Run the program with arguments, its standard input ours. */
void connecting_begin(struct connecting *c, const char *const *args);
/* What it has said so far holds a text: wait for it. text is all of it. */
void connecting_await(struct connecting *c, const char *part, char text[8192]);
/* The value of a parameter of the address that the program shows; waits for it. */
void connecting_shown(struct connecting *c, const char *name, char out[256]);
unsigned connecting_port(struct connecting *c);
void connecting_type(struct connecting *c, const char *text);
void connecting_close_stdin(struct connecting *c);
/* It ends so, and neither it nor what it printed holds "s3cret". */
void connecting_ends(struct connecting *c, int status, const char *part);
/* Of one run, after its end. */
void connecting_end_run(struct connecting *c);

/* One request as a browser sends it; the whole answer. */
void connecting_browse(unsigned port, const char *request, char answer[4096]);
void connecting_get(unsigned port, const char *path, char answer[4096]);
void connecting_assert_status(const char *answer, const char *status);

#endif
