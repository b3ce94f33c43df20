/* mmsync connect as a test plays it (see the header). */
#include "support/unit.h"

#include "support/connecting.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mmsync/clock.h"
#include "support/dbcheck.h"
#include "support/frappe_site.h"

void
connecting_start(struct connecting *c, const struct fake *fake, const char *settings)
{
	char host[64], more[1500];
	struct mms_site site = { 0 };

	mms_site_setup();
	mms_test_server_start(&c->server, NULL);
	mms_test_make_frappe(&c->server);
	(void)snprintf(more, sizeof more,
		       ", \"encryption_key\": \"" CONNECTING_KEY
		       "\", \"mmsync\": {\"event_time_zone\": \"UTC\", %s, \"http\": "
		       "{\"allow_hosts\": [\"%s\"]}, \"retry\": {\"max_attempts\": 2, "
		       "\"base_ms\": 1}}",
		       settings, fake_host(fake, host, sizeof host));
	mms_test_site_make(&c->server, "one.example.com", more, c->site_dir);
	mms_test_site_load(c->site_dir, &site);
	OK(mms_db_open(&c->db, &c->server.settings, &err));
	mms_test_schema_apply(c->db, &site);
	mms_site_release(&site);
	(void)snprintf(c->site_env, sizeof c->site_env, "MMSYNC_SITE=%s", c->site_dir);
	c->stdin_fd = -1;
}

int
connecting_stop(struct connecting *c)
{
	mms_db_close(c->db);
	return mms_test_server_stop(&c->server);
}

void
connecting_make(struct connecting *c, const char *type)
{
	mms_test_sql(&c->server,
		     "DELETE FROM `tabMM Calendar Integration`; DELETE FROM __Auth;"
		     "DELETE FROM mmsync_cursor;"
		     "INSERT INTO `tabMM Calendar Integration` (name, creation, modified, "
		     "modified_by, owner, user, integration_type, is_active) VALUES "
		     "('" CONNECTING_NAME "', '2026-01-01', '2026-02-01', 'ann@example.com', "
		     "'ann@example.com', 'ann@example.com', '%s', 1),"
		     "('" CONNECTING_FEED "', '2026-01-02', '2026-02-01', 'ann@example.com', "
		     "'ann@example.com', 'ann@example.com', 'iCal', 1)",
		     type);
}

/* ---- the program, and what it says while it waits --------------------------------------------- */

void
connecting_begin(struct connecting *c, const char *const *args)
{
	static const char now[] = "MMSYNC_NOW=2026-03-02T08:00:00Z";
	const char *const env[] = { c->site_env, now, NULL };
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	(void)close(ends[0]);
	mms_test_program_start(&c->run, env, args);
	c->stdin_fd = ends[1];
}

void
connecting_await(struct connecting *c, const char *part, char text[8192])
{
	int64_t end = mms_clock_mono_ms() + 20000;

	while (mms_clock_mono_ms() < end) {
		ssize_t n = pread(c->run.err_fd, text, 8191, 0);

		text[n > 0 ? n : 0] = '\0';
		if (strstr(text, part) != NULL)
			return;
		mms_clock_sleep_ms(10);
	}
	fail_msg("the program does not say %s: %s", part, text);
}

void
connecting_shown(struct connecting *c, const char *name, char out[256])
{
	char text[8192], key[64];

	connecting_await(c, "&login_hint=", text); /* the last of it */
	(void)snprintf(key, sizeof key, "%s=", name);
	const char *at = strstr(text, c->address);
	if (at == NULL || (at = strstr(at, key)) == NULL)
		fail_msg("the program shows no %s: %s", name, text);
	at += strlen(key);
	(void)snprintf(out, 256, "%.*s", (int)strcspn(at, "&\n"), at);
}

unsigned
connecting_port(struct connecting *c)
{
	char uri[256], before[64];

	connecting_shown(c, "redirect_uri", uri);
	(void)snprintf(before, sizeof before, "%s%%3A", c->host);
	const char *at = strstr(uri, before);
	assert_non_null(at);
	unsigned port = (unsigned)strtoul(at + strlen(before), NULL, 10);
	assert_true(port > 0);
	return port;
}

void
connecting_type(struct connecting *c, const char *text)
{
	assert_int_equal(write(c->stdin_fd, text, strlen(text)), strlen(text));
}

void
connecting_close_stdin(struct connecting *c)
{
	if (c->stdin_fd >= 0)
		(void)close(c->stdin_fd);
	c->stdin_fd = -1;
}

void
connecting_ends(struct connecting *c, int status, const char *part)
{
	struct mms_test_run *run = &c->run;

	mms_test_program_end(run);
	if (run->status != status || strstr(run->err, part) == NULL)
		fail_msg("status %d, not %d with '%s': %s%s", run->status, status, part,
			 run->out, run->err);
	assert_null(strstr(run->err, "s3cret"));
	assert_null(strstr(run->out, "s3cret"));
}

void
connecting_end_run(struct connecting *c)
{
	mms_test_run_release(&c->run);
	connecting_close_stdin(c);
}

/* ---- a browser ------------------------------------------------------------------------------ */

void
connecting_browse(unsigned port, const char *request, char answer[4096])
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t n = 0;
	ssize_t got;

	assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
	assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
	while (n < 4095 && (got = recv(fd, answer + n, 4095 - n, 0)) > 0)
		n += (size_t)got;
	answer[n] = '\0';
	(void)close(fd);
}

void
connecting_get(unsigned port, const char *path, char answer[4096])
{
	char request[8192];

	(void)snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n",
		       path, port);
	connecting_browse(port, request, answer);
}

void
connecting_assert_status(const char *answer, const char *status)
{
	if (strncmp(answer, "HTTP/1.1 ", 9) != 0 || strncmp(answer + 9, status, 3) != 0)
		fail_msg("not %s: %s", status, answer);
}
