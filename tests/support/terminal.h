/*
 * The program under test with other things than a file behind its standard output: a terminal, a
 * reader that has left, a full disk, nothing.
 */
#ifndef SUPPORT_TERMINAL_H
#define SUPPORT_TERMINAL_H

#include <stdbool.h>

enum terminal_out {
	OUT_TERMINAL,    /* standard output and error: one terminal, what it shows is in out */
	OUT_LOST_READER, /* a pipe that nobody reads                                         */
	OUT_FULL,        /* /dev/full                                                        */
	OUT_CLOSED,      /* no standard file is open                                         */
};

struct terminal_run {
	int status; /* exit status; 128 + n when signal n ended it     */
	char *out;  /* owned: what the terminal showed                 */
	char *err;  /* owned: standard error; not with a terminal      */
	const char *
		typed; /* borrowed: a person types this at the terminal; NULL: nobody sits there */
};

/* False: there are no terminals here. env and args end with NULL; env may be NULL. */
bool terminal_program(struct terminal_run *run, enum terminal_out how, const char *const *env,
		      const char *const *args);
void terminal_run_release(struct terminal_run *run);

#endif
