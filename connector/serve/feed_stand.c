/* The demonstration's web server (see the header). */
#include "mmsync/feed_stand.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <microhttpd.h>

#include "mmsync/mem.h"

struct mms_feed_stand {
	struct MHD_Daemon *daemon;
	char *dir;
};

static enum MHD_Result
answer(struct MHD_Connection *connection, unsigned status, struct MHD_Response *response)
{
	if (response == NULL)
		return MHD_NO;
	enum MHD_Result result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result
answer_text(struct MHD_Connection *connection, unsigned status, const char *text)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);

	if (response != NULL)
		(void)MHD_add_response_header(response, "Content-Type", "text/html");
	return answer(connection, status, response);
}

/* "/name.ics", nothing that leaves the folder. */
static bool
is_feed_name(const char *url)
{
	size_t len = strlen(url);

	return url[0] == '/' && len > 5 && strcmp(url + len - 4, ".ics") == 0 &&
	       strchr(url + 1, '/') == NULL && url[1] != '.';
}

static enum MHD_Result
answer_file(struct MHD_Connection *connection, const char *path)
{
	char etag[64];
	struct stat st;
	const char *known =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "If-None-Match");
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) != 0) {
		if (fd >= 0)
			(void)close(fd);
		return answer_text(connection, MHD_HTTP_NOT_FOUND, "no such feed\n");
	}
	(void)snprintf(etag, sizeof etag, "\"%llx-%llx%lx\"", (unsigned long long)st.st_ino,
		       (unsigned long long)st.st_mtim.tv_sec,
		       (unsigned long)st.st_mtim.tv_nsec);
	if (known != NULL && strcmp(known, etag) == 0) {
		(void)close(fd);
		return answer_text(connection, MHD_HTTP_NOT_MODIFIED, "");
	}
	struct MHD_Response *response = MHD_create_response_from_fd64((uint64_t)st.st_size, fd);
	if (response == NULL) {
		(void)close(fd);
		return MHD_NO;
	}
	(void)MHD_add_response_header(response, "Content-Type", "text/calendar; charset=utf-8");
	(void)MHD_add_response_header(response, "ETag", etag);
	return answer(connection, MHD_HTTP_OK, response);
}

static enum MHD_Result
serve(void *aux, struct MHD_Connection *connection, const char *url, const char *method,
      const char *version, const char *body, size_t *body_len, void **state)
{
	const struct mms_feed_stand *stand = aux;
	MMS_AUTO(mms_str) path = { 0 };

	(void)version;
	(void)body;
	(void)state;
	*body_len = 0; /* whatever was sent along is not read */
	if (strcmp(method, "GET") != 0 || !is_feed_name(url))
		return answer_text(connection, MHD_HTTP_NOT_FOUND, "no such feed\n");
	mms_str_addf(&path, "%s%s.down", stand->dir, url);
	if (access(mms_str_get(&path), F_OK) == 0)
		return answer_text(
			connection, MHD_HTTP_OK,
			"<html><title>Sign in</title><body>Please sign in.</body></html>\n");
	mms_str_clear(&path);
	mms_str_addf(&path, "%s%s", stand->dir, url);
	if (path.state != MMS_OK)
		return MHD_NO;
	return answer_file(connection, mms_str_get(&path));
}

mms_rc
mms_feed_stand_open(struct mms_feed_stand **out, const char *dir, unsigned *port,
		    struct mms_err *err)
{
	struct sockaddr_in loopback = { .sin_family = AF_INET,
					.sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct mms_feed_stand *stand = mms_alloc(sizeof *stand);

	if (stand == NULL)
		return mms_fail_nomem(err);
	stand->dir = mms_text_copy(dir);
	if (stand->dir == NULL) {
		mms_free(stand);
		return mms_fail_nomem(err);
	}
	stand->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, serve,
					 stand, MHD_OPTION_SOCK_ADDR,
					 (struct sockaddr *)&loopback, MHD_OPTION_END);
	const union MHD_DaemonInfo *info =
		stand->daemon != NULL
			? MHD_get_daemon_info(stand->daemon, MHD_DAEMON_INFO_BIND_PORT)
			: NULL;
	if (info == NULL) {
		mms_feed_stand_close(stand);
		return mms_fail(err, MMS_E_CONFIG, "no web server can be started on 127.0.0.1");
	}
	*port = info->port;
	*out = stand;
	return MMS_OK;
}

void
mms_feed_stand_close(struct mms_feed_stand *stand)
{
	if (stand == NULL)
		return;
	if (stand->daemon != NULL)
		MHD_stop_daemon(stand->daemon);
	mms_free(stand->dir);
	mms_free(stand);
}
