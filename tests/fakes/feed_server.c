/*
 * The fake feed server: a web server that behaves as badly as it is told.
 *
 *   feed_server DIR [--tls CERT KEY] [--address A] [--port N]
 *
 * It serves GET /NAME from the file DIR/NAME, behaves as DIR/NAME.conf says (read anew at each
 * request, so that a test steers it while it runs), and appends each request to
 * DIR/requests.log as one line of JSON. It listens on 127.0.0.1 and a port of the system's
 * choice, prints "port N", and ends at SIGTERM. NAME.conf, one line each, # comments:
 *
 *   etag "abc"            last-modified DATE      sent, and 304 where the request's match
 *   type text/plain       header NAME: VALUE      of the answer (any number of headers)
 *   status 503            retry-after 7           the body is still that of the file
 *   redirect URL          302 unless status says otherwise
 *   auth USER PASSWORD    401 unless the request has them
 *   html                  a log-in page with status 200 in place of the file
 *   gzip                  the body gzip encoded   encoding NAME   only said to be
 *   bomb MB               so many megabytes of zeros as gzip, in place of the file
 *   chunked               no Content-Length       http10          the end is the close
 *   close                 the connection ends with the answer
 *   truncate BYTES        cut off after so many bytes of the body
 *   reset-after BYTES     the same with a TCP reset
 *   wrong-length N        a Content-Length that is not the body's
 *   drip BYTES MS         so many bytes, then a pause, and again
 *   stall MS              a pause before the answer
 *   drop before|after     no answer: the request not taken (nor logged), or taken
 *   times N               what follows holds for the next N requests, then no more
 *                         (counted anew when the conf is written again)
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <microhttpd.h>
#include <openssl/evp.h>

#include "mmsync/json.h"
#include "support/served.h"

/* How often a name was asked for since its conf was written. */
struct used {
	char name[256];
	struct timespec written;
	ino_t inode;
	unsigned long n;
	struct used *next;
};

struct server {
	const char *dir, *cert, *key, *address;
	uint16_t port;
	int stop_fd, log_fd;
	pthread_mutex_t lock; /* of used */
	struct used *used;
};

/* One request while it comes in. */
struct request {
	struct mms_str body;
};

static const char log_in_page[] =
	"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><form "
	"action=\"/login\"><input name=\"user\"></form></body></html>\n";

/* ---- files -------------------------------------------------------------------------------- */

static char *
read_path(const char *path, size_t *len, struct stat *st)
{
	char *bytes = NULL;

	*len = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	if (fstat(fd, st) == 0 && S_ISREG(st->st_mode)) {
		bytes = calloc(1, (size_t)st->st_size + 1);
		ssize_t n = bytes != NULL ? read(fd, bytes, (size_t)st->st_size) : 0;
		*len = n > 0 ? (size_t)n : 0;
	}
	(void)close(fd);
	return bytes;
}

static char *
read_file(const struct server *server, const char *name, const char *suffix, size_t *len,
	  struct stat *st)
{
	char path[1024];

	(void)snprintf(path, sizeof path, "%s/%s%s", server->dir, name, suffix);
	return read_path(path, len, st);
}

/* The conf as it stands, and the count of `times`. */
static void
read_conf(struct server *server, const char *name, struct feed_conf *conf)
{
	struct stat st = { 0 };
	size_t len;
	bool has_times;
	char *text = read_file(server, name, ".conf", &len, &st);
	struct used *used;

	(void)pthread_mutex_lock(&server->lock);
	for (used = server->used; used != NULL && strcmp(used->name, name) != 0;)
		used = used->next;
	if (used == NULL && (used = calloc(1, sizeof *used)) != NULL) {
		(void)snprintf(used->name, sizeof used->name, "%s", name);
		used->next = server->used;
		server->used = used;
	}
	if (used != NULL && (used->inode != st.st_ino ||
			     memcmp(&used->written, &st.st_mtim, sizeof used->written) != 0)) {
		used->inode = st.st_ino;
		used->written = st.st_mtim;
		used->n = 0;
	}
	feed_conf_read(conf, text != NULL ? text : "", used != NULL ? used->n : 0, &has_times);
	if (used != NULL && has_times)
		used->n++;
	(void)pthread_mutex_unlock(&server->lock);
	free(text);
}

/* ---- the log ------------------------------------------------------------------------------ */

static void
log_request(const struct server *server, struct MHD_Connection *connection, const char *method,
	    const char *path, const struct mms_str *body, unsigned status, int64_t bytes)
{
	MMS_AUTO(mms_json) j = { 0 };
	MMS_AUTO(mms_str) line = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	if (mms_json_open_str(&j, &line, false, &err) != MMS_OK)
		return;
	mms_json_map(&j);
	mms_json_put_text(&j, "method", method);
	mms_json_put_text(&j, "path", path);
	mms_json_key(&j, "query");
	mms_json_map(&j);
	MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, served_log_pair, &j);
	mms_json_map_end(&j);
	mms_json_key(&j, "headers");
	mms_json_map(&j);
	MHD_get_connection_values(connection, MHD_HEADER_KIND, served_log_pair, &j);
	mms_json_map_end(&j);
	mms_json_put_text(&j, "body", mms_str_get(body));
	mms_json_put_i64(&j, "status", status);
	mms_json_put_i64(&j, "bytes", bytes);
	mms_json_put_i64(&j, "peer", served_peer(connection));
	mms_json_map_end(&j);
	mms_json_done(&j);
	if (mms_json_check(&j, &err) == MMS_OK &&
	    write(server->log_fd, mms_str_get(&line), line.len) < 0)
		perror("requests.log");
}

/* ---- answers ------------------------------------------------------------------------------ */

static bool
has_auth(struct MHD_Connection *connection, const struct feed_conf *conf)
{
	char plain[256], want[512] = "Basic ";
	const char *got =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Authorization");

	int n = snprintf(plain, sizeof plain, "%s:%s", conf->user, conf->password);
	(void)EVP_EncodeBlock((unsigned char *)want + strlen(want), (unsigned char *)plain, n);
	return got != NULL && strcmp(got, want) == 0;
}

static bool
is_unchanged(struct MHD_Connection *connection, const struct feed_conf *conf)
{
	const char *etag =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "If-None-Match");
	const char *since =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "If-Modified-Since");

	/* If-None-Match wins where both are sent: RFC 9110 section 13.2.2. */
	if (etag != NULL)
		return conf->etag != NULL && strstr(etag, conf->etag) != NULL;
	return since != NULL && conf->last_modified != NULL &&
	       strcmp(since, conf->last_modified) == 0;
}

static unsigned
choose_status(struct MHD_Connection *connection, const struct served *a)
{
	const struct feed_conf *conf = &a->conf;

	if (conf->wrong[0] != '\0')
		return 500;
	if (conf->user != NULL && !has_auth(connection, conf))
		return 401;
	if (conf->redirect != NULL)
		return conf->status != 0 ? (unsigned)conf->status : 302;
	if (conf->status != 0)
		return (unsigned)conf->status;
	if (a->bytes == NULL && !conf->is_html && a->bomb == NULL)
		return 404;
	return is_unchanged(connection, conf) ? 304 : 200;
}

static void
prepare_body(struct served *a, unsigned status)
{
	if (a->conf.wrong[0] != '\0')
		served_set_body(a, a->conf.wrong);
	else if (status == 304 || status == 204 || status == 401)
		served_set_body(a, "");
	else if (a->conf.is_html)
		served_set_body(a, log_in_page);
	if (a->bytes == NULL)
		served_set_body(a, "");
	if (a->conf.is_gzip && a->len > 0 && !squeeze_bytes(&a->bytes, &a->len))
		(void)fprintf(stderr, "gzip failed\n");
}

static enum MHD_Result
answer_request(struct server *server, struct MHD_Connection *connection, const char *method,
	       const char *path, const struct mms_str *body)
{
	struct served *a = calloc(1, sizeof *a);
	const char *name = path + 1;
	struct stat st;

	if (a == NULL)
		return MHD_NO;
	a->stop_fd = server->stop_fd;
	a->type = "text/calendar";
	a->connection = connection;
	if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL)
		name = "-";
	read_conf(server, name, &a->conf);
	if (a->conf.drop == DROP_BEFORE) {
		served_free(a);
		return MHD_NO;
	}
	a->bytes = read_file(server, name, "", &a->len, &st);
	if (a->conf.bomb_mb > 0)
		a->bomb = squeeze_zeros_new(a->conf.bomb_mb * 1024 * 1024);
	unsigned status = choose_status(connection, a);
	prepare_body(a, status);
	/* Written before the first byte leaves: who has an answer finds its line. */
	log_request(server, connection, method, path, body, status,
		    a->bomb != NULL ? -1 : (int64_t)a->len);
	bool is_dropped =
		a->conf.drop == DROP_AFTER ||
		(a->conf.stall_ms > 0 && !served_pause_ms(server->stop_fd, a->conf.stall_ms));
	if (is_dropped) {
		served_free(a);
		return MHD_NO;
	}
	return served_send(connection, a, status);
}

static enum MHD_Result
on_request(void *cls, struct MHD_Connection *connection, const char *path, const char *method,
	   const char *version, const char *upload, size_t *upload_len, void **state)
{
	struct request *request = *state;

	(void)version;
	if (request == NULL) {
		*state = calloc(1, sizeof *request);
		return *state != NULL ? MHD_YES : MHD_NO;
	}
	if (*upload_len > 0) {
		mms_str_addn(&request->body, upload, *upload_len);
		*upload_len = 0;
		return MHD_YES;
	}
	return answer_request(cls, connection, method, path, &request->body);
}

static void
on_done(void *cls, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode code)
{
	struct request *request = *state;

	(void)cls;
	(void)connection;
	(void)code;
	if (request != NULL)
		mms_str_release(&request->body);
	free(request);
	*state = NULL;
}

/* ---- the program -------------------------------------------------------------------------- */

static struct MHD_Daemon *
start(struct server *server)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(server->port) };
	struct MHD_OptionItem tls[] = { { MHD_OPTION_HTTPS_MEM_CERT, 0, NULL },
					{ MHD_OPTION_HTTPS_MEM_KEY, 0, NULL },
					{ MHD_OPTION_END, 0, NULL } };
	const struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION;
	bool is_tls = server->cert != NULL;
	struct stat st;
	size_t len;

	if (inet_pton(AF_INET, server->address, &address.sin_addr) != 1)
		return NULL;
	if (is_tls) {
		flags |= MHD_USE_TLS;
		tls[0].ptr_value = read_path(server->cert, &len, &st);
		tls[1].ptr_value = read_path(server->key, &len, &st);
	}
	struct MHD_Daemon *daemon =
		MHD_start_daemon(flags, 0, NULL, NULL, on_request, server, MHD_OPTION_SOCK_ADDR,
				 &address, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)1 << 20,
				 MHD_OPTION_NOTIFY_COMPLETED, on_done, NULL, MHD_OPTION_ARRAY,
				 is_tls ? tls : none, MHD_OPTION_END);
	free(tls[0].ptr_value);
	free(tls[1].ptr_value);
	return daemon;
}

static bool
read_args(struct server *server, int argc, char **argv)
{
	server->address = "127.0.0.1";
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--tls") == 0 && i + 2 < argc) {
			server->cert = argv[++i];
			server->key = argv[++i];
		} else if (strcmp(argv[i], "--address") == 0 && i + 1 < argc) {
			server->address = argv[++i];
		} else if (strcmp(argv[i], "--port") == 0 && i + 1 < argc) {
			server->port = (uint16_t)strtoul(argv[++i], NULL, 10);
		} else if (server->dir == NULL && argv[i][0] != '-') {
			server->dir = argv[i];
		} else {
			return false;
		}
	}
	return server->dir != NULL;
}

static void
release(struct server *server)
{
	for (struct used *used = server->used; used != NULL; used = server->used) {
		server->used = used->next;
		free(used);
	}
	(void)close(server->stop_fd);
	(void)close(server->log_fd);
}

int
main(int argc, char **argv)
{
	struct server server = { .lock = PTHREAD_MUTEX_INITIALIZER };
	char log[1024];
	sigset_t stops;
	int signo;

	if (!read_args(&server, argc, argv)) {
		(void)fprintf(stderr, "usage: feed_server DIR [--tls CERT KEY] [--address A] "
				      "[--port N]\n");
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
		server.log_fd >= 0 && server.stop_fd >= 0 ? start(&server) : NULL;
	if (daemon == NULL) {
		(void)fprintf(stderr, "feed_server: cannot start: %s\n", strerror(errno));
		return 1;
	}
	printf("port %u\n",
	       (unsigned)MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
	(void)fflush(stdout);
	(void)sigwait(&stops, &signo);
	(void)eventfd_write(server.stop_fd, 1);
	MHD_stop_daemon(daemon);
	release(&server);
	return 0;
}
