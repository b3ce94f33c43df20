/*
 * The fake Google Calendar: events, batches and tokens as the real service is known to answer them,
 * and misbehaviour as it is told.
 *
 *   google_server DIR [--port N]
 *
 * /calendar/v3/..., POST /batch/calendar/v3, POST /token. POST /_control takes lines of the language
 * of tests/fakes/README.md, GET /_state[?calendar=C] prints what there is, one JSON object a line;
 * both are not logged. All else is appended to DIR/requests.log, as feed_server does, without the
 * value of Authorization. It listens on 127.0.0.1 and a port of the system's choice, prints "port N",
 * and ends at SIGTERM.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "google/service.h"
#include "support/served.h"

struct server {
	const char *dir;
	uint16_t port;
	int stop_fd, log_fd;
	pthread_mutex_t lock; /* of the service and the log */
	struct g_service service;
};

/* One request while it comes in. */
struct incoming {
	char *address; /* owned: as it came */
	struct mms_str body;
	bool is_begun;
};

/* What the log needs to know of the request it is told of. */
struct log_aux {
	struct server *server;
	struct MHD_Connection *connection;
};

/* ---- the log -------------------------------------------------------------------------------- */

static enum MHD_Result
log_header(void *cls, enum MHD_ValueKind kind, const char *key, const char *value)
{
	bool is_secret = strcasecmp(key, "Authorization") == 0;

	/* It may stand in several lines: log_request() writes it once. */
	if (strcasecmp(key, "Prefer") == 0)
		return MHD_YES;
	return served_log_pair(cls, kind, key, is_secret ? "present" : value);
}

/* The headers of a request inside a batch. */
static void
log_inner_headers(struct mms_json *j, const struct g_request *r)
{
	if (r->authorization != NULL)
		mms_json_put_text(j, "authorization", "present");
	if (r->if_match != NULL)
		mms_json_put_text(j, "if-match", r->if_match);
	if (r->content_type != NULL)
		mms_json_put_text(j, "content-type", r->content_type);
	if (r->prefer != NULL)
		mms_json_put_text(j, "prefer", r->prefer);
}

static void
log_request(void *aux, const struct g_request *r, const struct g_answer *a)
{
	const struct log_aux *log = aux;
	MMS_AUTO(mms_json) j = { 0 };
	MMS_AUTO(mms_str) line = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	if (mms_json_open_str(&j, &line, false, &err) != MMS_OK)
		return;
	mms_json_map(&j);
	mms_json_put_text(&j, "method", r->method);
	mms_json_put_text(&j, "path", r->path);
	mms_json_key(&j, "query");
	mms_json_map(&j);
	for (size_t i = 0; i < r->n_params; i++)
		mms_json_put_text(&j, r->params[i].name, r->params[i].value);
	mms_json_map_end(&j);
	mms_json_key(&j, "headers");
	mms_json_map(&j);
	if (r->is_inner)
		log_inner_headers(&j, r);
	else
		MHD_get_connection_values(log->connection, MHD_HEADER_KIND, log_header, &j);
	if (!r->is_inner && r->prefer != NULL)
		mms_json_put_text(&j, "prefer", r->prefer);
	mms_json_map_end(&j);
	mms_json_key(&j, "body");
	mms_json_textn(&j, r->body != NULL ? r->body : "", r->body_len);
	mms_json_put_i64(&j, "body_bytes", (int64_t)r->body_len);
	mms_json_put_i64(&j, "status", a->status);
	mms_json_put_i64(&j, "bytes", (int64_t)a->body.len);
	mms_json_put_text(&j, "account", a->account);
	mms_json_put_bool(&j, "inner", r->is_inner);
	mms_json_put_i64(&j, "peer", served_peer(log->connection));
	mms_json_map_end(&j);
	mms_json_done(&j);
	if (mms_json_check(&j, &err) == MMS_OK &&
	    write(log->server->log_fd, mms_str_get(&line), line.len) < 0)
		perror("requests.log");
}

/* ---- answers -------------------------------------------------------------------------------- */

static enum MHD_Result
send_text(struct MHD_Connection *connection, unsigned status, const char *text)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result sent = MHD_queue_response(connection, status, response);

	MHD_destroy_response(response);
	return sent;
}

static enum MHD_Result
answer_control(struct server *server, struct MHD_Connection *connection, struct g_request *r,
	       struct mms_str *body)
{
	char wrong[512] = "ok";
	MMS_AUTO(mms_str) state = { 0 };

	(void)pthread_mutex_lock(&server->lock);
	bool is_state = strcmp(r->path, "/_state") == 0;
	char *script = strdup(mms_str_get(body));
	bool is_good = is_state || g_control(&server->service, script, wrong, sizeof wrong);
	if (is_state)
		g_state(&server->service, g_param(r, "calendar"), &state);
	(void)pthread_mutex_unlock(&server->lock);
	free(script);
	return send_text(connection, is_good ? 200 : 400,
			 is_state ? mms_str_get(&state) : wrong);
}

/* gzip goes to who says twice that it can read it. */
static bool
takes_gzip(const struct g_request *r)
{
	return r->accept_encoding != NULL && strstr(r->accept_encoding, "gzip") != NULL &&
	       r->user_agent != NULL && strstr(r->user_agent, "gzip") != NULL;
}

/* What a fault makes of an answer that is ready. */
static void
spoil(const struct g_request *r, const struct g_fault *fault, struct g_answer *a)
{
	if (fault->is_garbage) {
		a->packed = NULL;
		mms_str_clear(&a->body);
		mms_str_addf(&a->body, "{\"%s\":[{\"id\":\"\x01\xff\", nonsense",
			     g_is_graph(r) ? "value" : "items");
		a->status = 200;
	}
	for (long i = 0; i < fault->oversize_mb; i++) {
		MMS_AUTO(mms_str) blanks = { 0 };

		for (size_t k = 0; k < (size_t)1024 * 1024 / 64; k++)
			mms_str_add(&blanks, "                                "
					     "                                ");
		mms_str_addn(&a->body, mms_str_get(&blanks), blanks.len);
	}
}

/* The status of an answer that a conf alone makes; 0: the service is to say. */
static unsigned
told_status(const struct feed_conf *conf)
{
	if (conf->wrong[0] != '\0')
		return 500;
	if (conf->status != 0)
		return (unsigned)conf->status;
	return conf->redirect != NULL ? 302 : conf->is_html ? 200 : 0;
}

/* The service's answer, or what a fault puts in its place. */
static void
make_body(const struct log_aux *log, const struct g_request *r, const struct g_fault *fault,
	  const struct feed_conf *conf, struct g_answer *a)
{
	a->is_forever = fault->is_forever;
	a->is_same_page = fault->is_same_page;
	a->is_twice = fault->is_twice;
	if (fault->status != 0)
		g_fail_as(r, a, fault->status, fault->reason, fault->location);
	else if ((a->status = told_status(conf)) == 0)
		g_handle(&log->server->service, r, a, log_request, (void *)(uintptr_t)log);
	spoil(r, fault, a);
	if (fault->retry_after[0] != '\0')
		(void)snprintf(a->retry_after, sizeof a->retry_after, "%s", fault->retry_after);
}

/* From here on it is not under way any more. */
static void
leave(struct server *server, struct g_answer *a)
{
	(void)pthread_mutex_lock(&server->lock);
	graph_leave(&server->service, a);
	(void)pthread_mutex_unlock(&server->lock);
}

/* The answer under the lock; false: none is to be sent. */
static bool
make_answer(struct server *server, struct MHD_Connection *connection, struct g_request *r,
	    struct g_answer *a, struct feed_conf *conf)
{
	const struct log_aux log = { .server = server, .connection = connection };
	bool has_times;

	(void)pthread_mutex_lock(&server->lock);
	/* A copy: what stands inside a batch meets the next one. */
	const struct g_fault *met = g_meet_fault(&server->service, r);
	const struct g_fault fault = met != NULL ? *met : (struct g_fault){ 0 };
	feed_conf_read(conf, fault.conf, 0, &has_times);
	bool is_taken = conf->drop != DROP_BEFORE;
	if (is_taken) {
		graph_enter(&server->service, r, a);
		if (a->width > 0 && conf->stall_ms < server->service.options.slow_ms)
			conf->stall_ms = server->service.options.slow_ms;
		make_body(&log, r, &fault, conf, a);
		log_request((void *)(uintptr_t)&log, r, a);
	}
	if (server->service.options.is_gzip_off)
		r->user_agent = NULL;
	(void)pthread_mutex_unlock(&server->lock);
	if (!is_taken || conf->drop == DROP_AFTER)
		leave(server, a);
	return is_taken && conf->drop != DROP_AFTER;
}

/* The body as it leaves. */
static void
take_body(struct served *out, const struct g_request *r, const struct g_answer *a)
{
	static const char page[] =
		"<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>\n";
	bool is_text = out->conf.is_html || out->conf.wrong[0] != '\0';

	if (is_text) {
		served_set_body(out, out->conf.is_html ? page : out->conf.wrong);
		return;
	}
	bool is_packed = takes_gzip(r) && out->conf.wrong_length < 0;
	if (is_packed && a->packed != NULL) {
		const char *text = mms_str_get(&a->body);
		size_t behind = a->packed_at + a->packed->plain;

		if (squeeze_join(text, a->packed_at, a->packed, text + behind,
				 a->body.len - behind, &out->bytes, &out->len))
			out->conf.encoding = "gzip";
		return;
	}
	out->bytes = malloc(a->body.len + 1);
	out->len = out->bytes != NULL ? a->body.len : 0;
	if (out->bytes != NULL)
		memcpy(out->bytes, mms_str_get(&a->body), a->body.len + 1);
	if (is_packed && out->len > 0 && squeeze_bytes(&out->bytes, &out->len))
		out->conf.encoding = "gzip";
}

static enum MHD_Result
send_answer(struct server *server, struct MHD_Connection *connection, const struct g_request *r,
	    struct g_answer *a, struct feed_conf *conf)
{
	struct served *out = calloc(1, sizeof *out);

	if (out == NULL)
		return MHD_NO;
	out->stop_fd = server->stop_fd;
	out->connection = connection;
	out->conf = *conf;
	*conf = (struct feed_conf){ 0 };
	/* Borrowed: the head is made before this returns. */
	out->type = a->type[0] != '\0' ? a->type : "text/html; charset=UTF-8";
	if (a->etag[0] != '\0' && out->conf.etag == NULL)
		out->conf.etag = a->etag;
	if (a->retry_after[0] != '\0' && out->conf.retry_after == NULL)
		out->conf.retry_after = a->retry_after;
	take_body(out, r, a);
	if (a->location[0] != '\0' && out->conf.n_headers < FEED_CONF_HEADERS)
		out->conf.headers[out->conf.n_headers++] = a->location;
	bool is_over =
		out->conf.stall_ms > 0 && !served_pause_ms(server->stop_fd, out->conf.stall_ms);
	/* Before its last byte leaves: who has it may send the next at once. */
	leave(server, a);
	if (is_over) {
		served_free(out);
		return MHD_NO;
	}
	return served_send(connection, out, a->status);
}

static const char *
header(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/* All lines of it as one. */
static enum MHD_Result
add_preference(void *cls, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct mms_str *out = cls;

	(void)kind;
	if (strcasecmp(key, "Prefer") == 0)
		mms_str_addf(out, "%s%s", out->len > 0 ? ", " : "", value != NULL ? value : "");
	return MHD_YES;
}

static enum MHD_Result
answer_request(struct server *server, struct MHD_Connection *connection, const char *method,
	       struct incoming *in)
{
	MMS_AUTO(mms_str) prefer = { 0 };
	struct g_request r = { .authorization = header(connection, "Authorization"),
			       .if_match = header(connection, "If-Match"),
			       .user_agent = header(connection, "User-Agent"),
			       .accept_encoding = header(connection, "Accept-Encoding"),
			       .content_type = header(connection, "Content-Type"),
			       .host = header(connection, "Host"),
			       .body = mms_str_get(&in->body),
			       .body_len = in->body.len };
	struct g_answer a = { 0 };
	struct feed_conf conf = { 0 };
	enum MHD_Result result = MHD_NO;

	MHD_get_connection_values(connection, MHD_HEADER_KIND, add_preference, &prefer);
	r.prefer = prefer.len > 0 ? mms_str_get(&prefer) : NULL;
	(void)snprintf(r.method, sizeof r.method, "%s", method);
	g_read_address(&r, in->address);
	if (strncmp(r.path, "/_", 2) == 0)
		result = answer_control(server, connection, &r, &in->body);
	else if (make_answer(server, connection, &r, &a, &conf))
		result = send_answer(server, connection, &r, &a, &conf);
	feed_conf_release(&conf);
	g_request_release(&r);
	g_answer_release(&a);
	return result;
}

/* The address as it came: the library would decode it. */
static void *
on_address(void *cls, const char *address, struct MHD_Connection *connection)
{
	struct incoming *in = calloc(1, sizeof *in);

	(void)cls;
	(void)connection;
	if (in != NULL)
		in->address = strdup(address);
	return in;
}

static enum MHD_Result
on_request(void *cls, struct MHD_Connection *connection, const char *path, const char *method,
	   const char *version, const char *upload, size_t *upload_len, void **state)
{
	struct incoming *in = *state;

	(void)path;
	(void)version;
	if (in == NULL)
		return MHD_NO;
	if (!in->is_begun) {
		in->is_begun = true;
		return MHD_YES;
	}
	if (*upload_len > 0) {
		mms_str_addn(&in->body, upload, *upload_len);
		*upload_len = 0;
		return MHD_YES;
	}
	return answer_request(cls, connection, method, in);
}

static void
on_done(void *cls, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode code)
{
	struct incoming *in = *state;

	(void)cls;
	(void)connection;
	(void)code;
	if (in != NULL) {
		mms_str_release(&in->body);
		free(in->address);
	}
	free(in);
	*state = NULL;
}

/* ---- the program ---------------------------------------------------------------------------- */

static struct MHD_Daemon *
start(struct server *server)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(server->port) };

	(void)inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
	return MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION,
				0, NULL, NULL, on_request, server, MHD_OPTION_SOCK_ADDR,
				&address, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)1 << 20,
				MHD_OPTION_URI_LOG_CALLBACK, on_address, NULL,
				MHD_OPTION_NOTIFY_COMPLETED, on_done, NULL, MHD_OPTION_END);
}

static bool
read_args(struct server *server, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--port") == 0 && i + 1 < argc)
			server->port = (uint16_t)strtoul(argv[++i], NULL, 10);
		else if (server->dir == NULL && argv[i][0] != '-')
			server->dir = argv[i];
		else
			return false;
	}
	return server->dir != NULL;
}

int
main(int argc, char **argv)
{
	static struct server server = { .lock = PTHREAD_MUTEX_INITIALIZER };
	char log[1024];
	sigset_t stops;
	int signo;

	if (!read_args(&server, argc, argv)) {
		(void)fprintf(stderr, "usage: google_server DIR [--port N]\n");
		return 2;
	}
	(void)sigemptyset(&stops);
	(void)sigaddset(&stops, SIGTERM);
	(void)sigaddset(&stops, SIGINT);
	(void)pthread_sigmask(SIG_BLOCK, &stops, NULL);
	(void)snprintf(log, sizeof log, "%s/requests.log", server.dir);
	server.log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	server.stop_fd = eventfd(0, EFD_CLOEXEC);
	struct MHD_Daemon *daemon =
		server.log_fd >= 0 && server.stop_fd >= 0 && g_open(&server.service)
			? start(&server)
			: NULL;
	if (daemon == NULL) {
		(void)fprintf(stderr, "google_server: cannot start: %s\n", strerror(errno));
		return 1;
	}
	printf("port %u\n",
	       (unsigned)MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
	(void)fflush(stdout);
	(void)sigwait(&stops, &signo);
	(void)eventfd_write(server.stop_fd, 1);
	MHD_stop_daemon(daemon);
	g_close(&server.service);
	(void)close(server.stop_fd);
	(void)close(server.log_fd);
	return 0;
}
