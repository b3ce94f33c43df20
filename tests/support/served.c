/* Sending an answer (see the header). */
#include "support/served.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum MHD_Result
served_log_pair(void *cls, enum MHD_ValueKind kind, const char *key, const char *value)
{
	char lower[128];
	size_t i;

	(void)kind;
	for (i = 0; key[i] != '\0' && i + 1 < sizeof lower; i++)
		lower[i] = key[i] >= 'A' && key[i] <= 'Z' ? (char)(key[i] - 'A' + 'a') : key[i];
	lower[i] = '\0';
	mms_json_put_text(cls, lower, value);
	return MHD_YES;
}

int64_t
served_peer(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct sockaddr_in peer;

	memcpy(&peer, info->client_addr, sizeof peer);
	return ntohs(peer.sin_port);
}

bool
served_pause_ms(int stop_fd, long ms)
{
	struct pollfd stop = { .fd = stop_fd, .events = POLLIN };

	return poll(&stop, 1, (int)ms) == 0;
}

/* Dissolving the association of a connected TCP socket sends a reset (connect(2)). */
static void
cut_with_reset(const struct served *a)
{
	const struct sockaddr nowhere = { .sa_family = AF_UNSPEC };
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(a->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	(void)connect(info->connect_fd, &nowhere, sizeof nowhere);
}

static size_t
least(size_t n, long limit)
{
	return limit >= 0 && (size_t)limit < n ? (size_t)limit : n;
}

static ssize_t
read_body(void *cls, uint64_t pos, char *buf, size_t max)
{
	struct served *a = cls;
	long at = (long)pos;

	if (a->conf.truncate >= 0 && at >= a->conf.truncate)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (a->conf.reset_after >= 0 && at >= a->conf.reset_after) {
		cut_with_reset(a);
		return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	max = least(max, a->conf.truncate >= 0 ? a->conf.truncate - at : -1);
	max = least(max, a->conf.reset_after >= 0 ? a->conf.reset_after - at : -1);
	if (a->conf.drip_bytes > 0) {
		max = least(max, a->conf.drip_bytes);
		if (at > 0 && !served_pause_ms(a->stop_fd, a->conf.drip_ms))
			return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	if (a->bomb != NULL) {
		ssize_t n = squeeze_zeros_read(a->bomb, buf, max);
		return n > 0 ? n : MHD_CONTENT_READER_END_OF_STREAM;
	}
	if (pos >= a->len)
		return MHD_CONTENT_READER_END_OF_STREAM;
	max = least(max, (long)(a->len - pos));
	memcpy(buf, a->bytes + pos, max);
	return (ssize_t)max;
}

void
served_free(void *cls)
{
	struct served *a = cls;

	squeeze_zeros_free(a->bomb);
	feed_conf_release(&a->conf);
	free(a->bytes);
	free(a);
}

void
served_set_body(struct served *a, const char *text)
{
	free(a->bytes);
	a->bytes = strdup(text);
	a->len = strlen(text);
}

static void
add_headers(struct MHD_Response *response, const struct served *a, unsigned status)
{
	const struct feed_conf *conf = &a->conf;
	const char *type = conf->is_html ? "text/html; charset=utf-8" : a->type;
	const struct {
		const char *name, *value;
	} rows[] = {
		{ "ETag", conf->etag },
		{ "Last-Modified", conf->last_modified },
		{ "Content-Type", conf->type != NULL ? conf->type : type },
		{ "Retry-After", conf->retry_after },
		{ "Location", conf->redirect },
		{ "Content-Encoding",
		  conf->is_gzip || a->bomb != NULL ? "gzip" : conf->encoding },
		{ "WWW-Authenticate", status == 401 ? "Basic realm=\"feeds\"" : NULL },
		{ "Connection", conf->is_closing || conf->wrong_length >= 0 ? "close" : NULL },
	};
	char name[256], length[32];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].value != NULL)
			(void)MHD_add_response_header(response, rows[i].name, rows[i].value);
	for (size_t i = 0; i < conf->n_headers; i++) {
		const char *colon = strchr(conf->headers[i], ':');

		(void)snprintf(name, sizeof name, "%.*s", (int)(colon - conf->headers[i]),
			       conf->headers[i]);
		(void)MHD_add_response_header(response, name,
					      colon + 1 + strspn(colon + 1, " "));
	}
	if (conf->wrong_length >= 0) {
		(void)snprintf(length, sizeof length, "%ld", conf->wrong_length);
		(void)MHD_add_response_header(response, "Content-Length", length);
	}
}

enum MHD_Result
served_send(struct MHD_Connection *connection, struct served *a, unsigned status)
{
	const struct feed_conf *conf = &a->conf;
	/* Without a size of its own the library lets ours stand. */
	bool is_unchunked = conf->is_http10 || conf->wrong_length >= 0;
	bool is_unsized = is_unchunked || conf->is_chunked || a->bomb != NULL;
	struct MHD_Response *response = MHD_create_response_from_callback(
		is_unsized ? MHD_SIZE_UNKNOWN : a->len, 32768, read_body, a, served_free);

	if (response == NULL) {
		served_free(a);
		return MHD_NO;
	}
	if (is_unchunked)
		(void)MHD_set_response_options(response,
					       MHD_RF_HTTP_1_0_COMPATIBLE_STRICT |
						       MHD_RF_INSANITY_HEADER_CONTENT_LENGTH,
					       MHD_RO_END);
	add_headers(response, a, status);
	enum MHD_Result sent = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return sent;
}
