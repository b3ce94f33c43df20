/*
 * A fake service for one test: started from the folder of the build, in a temporary folder of
 * its own, on a port of its own; stopped by its process id. What goes wrong fails the test.
 */
#ifndef SUPPORT_FAKE_H
#define SUPPORT_FAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "mmsync/str.h"

/* All zero is not started. */
struct fake {
	pid_t pid;
	unsigned port;
	char dir[128];
	bool is_tls;
};

/*
 * Start tests/fakes/NAME of the build that the test belongs to, with the folder and then args
 * (NULL-ended; NULL: none). Waits until it has said its port.
 */
void fake_start(struct fake *fake, const char *name, const char *const *args);
/* End it and remove its folder. NULL and not started are fine. */
void fake_stop(struct fake *fake);

/* The folder, a file in it, and the .conf of a file; each write replaces the whole file at once. */
void fake_write(const struct fake *fake, const char *name, const char *text);
void fake_write_n(const struct fake *fake, const char *name, const char *bytes, size_t len);
void fake_conf(const struct fake *fake, const char *name, const char *conf);

/* "http://127.0.0.1:PORT/path" (https where it speaks TLS) into out; returns out. */
char *fake_url(const struct fake *fake, const char *path, char *out, size_t size);
/* "127.0.0.1:PORT", as http.allow_hosts takes it. */
char *fake_host(const struct fake *fake, char *out, size_t size);

/* The whole log of requests, one JSON object a line. */
void fake_read_log(const struct fake *fake, struct mms_str *out);
/* How many requests it took for a path ("/a.ics"; NULL: any). */
size_t fake_count(const struct fake *fake, const char *path);
/* Forget the log. */
void fake_clear_log(const struct fake *fake);

/* A new temporary folder, and away with one and all in it. */
void temp_dir_make(char *out, size_t size);
void temp_dir_remove(const char *dir);
/* How many entries it has. */
size_t temp_dir_count(const char *dir);

#endif
