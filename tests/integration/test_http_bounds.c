/* Every bound of the HTTP client, against a fake that crosses it. */
#include "support/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mmsync/clock.h"
#include "support/client.h"

#define KIB 1024

struct bench {
	struct fake fake;
	struct client client;
};

static int
set_up(void **state)
{
	static struct bench bench;
	MMS_AUTO(mms_err) err = { 0 };

	assert_int_equal(mms_http_setup(&err), MMS_OK);
	fake_start(&bench.fake, "feed_server", NULL);
	*state = &bench;
	return 0;
}

static int
tear_down(void **state)
{
	struct bench *bench = *state;

	fake_stop(&bench->fake);
	mms_http_teardown();
	return 0;
}

static int
open_one(void **state)
{
	struct bench *bench = *state;

	fake_write(&bench->fake, CLIENT_FEED, "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n");
	client_init(&bench->client, &bench->fake);
	bench->client.limits.timeout_ms = 2000;
	client_open(&bench->client);
	client_conf(&bench->client, "%s", "");
	fake_clear_log(&bench->fake);
	return 0;
}

static int
close_one(void **state)
{
	struct bench *bench = *state;

	client_close(&bench->client);
	return 0;
}

static void
serve_bytes(const struct bench *bench, size_t len)
{
	MMS_AUTO(mms_str) bytes = { 0 };

	while (bytes.len < len)
		mms_str_addc(&bytes, (char)('a' + bytes.len % 23));
	fake_write_n(&bench->fake, CLIENT_FEED, mms_str_get(&bytes), bytes.len);
}

static void
a_body_may_be_as_large_as_the_limit_and_not_a_byte_more(void **state)
{
	static const char *const forms[] = { "", "chunked\n", "gzip\n", "http10\n",
					     "gzip\nchunked\n" };
	struct bench *bench = *state;
	size_t limit = (size_t)bench->client.limits.max_body_bytes;

	for (size_t i = 0; i < MMS_COUNT(forms); i++) {
		MMS_AUTO(mms_http_answer) answer = { 0 };
		MMS_AUTO(mms_err) err = { 0 };

		client_conf(&bench->client, "%s", forms[i]);
		serve_bytes(bench, limit);
		if (client_get(&bench->client, &answer, &err) != MMS_OK ||
		    answer.body_bytes != (int64_t)limit)
			fail_msg("'%s': %s", forms[i], mms_err_text(&err));
		serve_bytes(bench, limit + 1);
		client_expect(&bench->client, MMS_E_ITEM, "larger than allowed", 2000);
	}
}

static void
a_body_that_says_it_is_too_large_is_not_read(void **state)
{
	struct bench *bench = *state;

	serve_bytes(bench, 2 * KIB * KIB);
	client_conf(&bench->client, "drip 1000 50\n"); /* reading it would take 100 s */
	client_expect(&bench->client, MMS_E_ITEM, "larger than allowed", 2000);
}

static void
a_gzip_bomb_is_stopped_while_it_unpacks(void **state)
{
	struct bench *bench = *state;
	struct rusage before, after;

	client_conf(&bench->client, "bomb 4000\n");
	(void)getrusage(RUSAGE_SELF, &before);
	client_expect(&bench->client, MMS_E_ITEM, "larger than allowed", 2000);
	(void)getrusage(RUSAGE_SELF, &after);
	/* The limit is 1 MiB; a sanitizer's quarantine is the rest. */
	if (after.ru_maxrss - before.ru_maxrss > 32 * KIB)
		fail_msg("the bomb took %ld KiB", after.ru_maxrss - before.ru_maxrss);
}

static void
a_zstd_bomb_with_a_huge_window_is_stopped_too(void **state)
{
	/* RFC 8878: magic, no content size, a window of 128 MB; then blocks of 128 KiB zeros. */
	static const unsigned char header[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x88 };
	static const unsigned char zeros[] = { 0x02, 0x00, 0x10, 0x00 };
	struct bench *bench = *state;
	MMS_AUTO(mms_str) bytes = { 0 };
	struct rusage before, after;

	mms_str_addn(&bytes, (const char *)header, sizeof header);
	for (int i = 0; i < 2000; i++)
		mms_str_addn(&bytes, (const char *)zeros, sizeof zeros);
	fake_write_n(&bench->fake, CLIENT_FEED, mms_str_get(&bytes), bytes.len);
	client_conf(&bench->client, "encoding zstd\n");
	(void)getrusage(RUSAGE_SELF, &before);
	client_expect(&bench->client, MMS_E_ITEM, "larger than allowed", 2000);
	(void)getrusage(RUSAGE_SELF, &after);
	if (after.ru_maxrss - before.ru_maxrss > 32 * KIB)
		fail_msg("the bomb took %ld KiB", after.ru_maxrss - before.ru_maxrss);
}

static void
compressed_bytes_that_hold_nothing_are_counted_too(void **state)
{
	/* gzip's header, then empty stored blocks: nothing comes out, and it need not end. */
	static const unsigned char header[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3 };
	static const unsigned char nothing[] = { 0, 0, 0, 0xff, 0xff };
	struct bench *bench = *state;
	MMS_AUTO(mms_str) bytes = { 0 };

	mms_str_addn(&bytes, (const char *)header, sizeof header);
	while (bytes.len < 3 * KIB * KIB)
		mms_str_addn(&bytes, (const char *)nothing, sizeof nothing);
	fake_write_n(&bench->fake, CLIENT_FEED, mms_str_get(&bytes), bytes.len);
	client_conf(&bench->client, "encoding gzip\nchunked\n");
	client_expect(&bench->client, MMS_E_ITEM, "larger than allowed", 1000);
}

static void
headers_are_bounded_in_number_and_size(void **state)
{
	struct bench *bench = *state;
	MMS_AUTO(mms_str) many = { 0 }, large = { 0 };

	for (int i = 0; i < 400; i++)
		mms_str_addf(&many, "header X-%d: x\n", i);
	client_conf(&bench->client, "%s", mms_str_get(&many));
	client_expect(&bench->client, MMS_E_ITEM, "more headers", 1000);
	for (int i = 0; i < 20; i++)
		mms_str_addf(&large, "header X-%d: %03000d\n", i, i);
	client_conf(&bench->client, "%s", mms_str_get(&large));
	MMS_AUTO(mms_http_answer) answer = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	assert_int_equal(client_get(&bench->client, &answer, &err), MMS_OK); /* 60 KB */
	mms_str_addf(&large, "header X-20: %06000d\n", 0);
	client_conf(&bench->client, "%s", mms_str_get(&large));
	client_expect(&bench->client, MMS_E_ITEM, "more headers", 1000);
}

static void
slow_and_silent_servers_are_given_up(void **state)
{
	static const struct {
		const char *label, *conf, *text;
		int64_t max_ms;
	} rows[] = {
		/* The total limit is 4 s here, the low-speed one half of it (looked at once a second). */
		{ "fast enough, too long", "drip 200 100\n", "in time", 4800 },
		{ "a byte now and then", "drip 1 100\n", "too slowly", 3900 },
		{ "silence after the headers", "drip 10 60000\n", "too slowly", 3900 },
		{ "silence before the headers", "stall 60000\n", "too slowly", 3900 },
	};
	struct bench *bench = *state;

	serve_bytes(bench, 500 * KIB);
	client_close(&bench->client);
	bench->client.limits.timeout_ms = 4000;
	client_open(&bench->client);
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		client_conf(&bench->client, "%s", rows[i].conf);
		client_expect(&bench->client, MMS_E_RETRY, rows[i].text, rows[i].max_ms);
	}
}

static void
a_cut_answer_is_no_answer(void **state)
{
	static const struct {
		const char *label, *conf, *text;
	} rows[] = {
		{ "shorter than Content-Length", "truncate 12\n", "cut off" },
		{ "nothing of Content-Length", "truncate 0\n", "cut off" },
		{ "a larger Content-Length", "wrong-length 100\n", "cut off" },
		{ "chunks without their end", "chunked\ntruncate 12\n", "cut off" },
		{ "a reset", "reset-after 12\n", "cut off" },
		{ "a reset between chunks", "chunked\nreset-after 12\n", "cut off" },
		{ "a reset before the close", "http10\nreset-after 12\n", "cut off" },
		{ "gzip cut by length", "gzip\ntruncate 12\n", "cut off" },
		{ "no answer", "drop after\n", "without an answer" },
		{ "not taken", "drop before\n", "without an answer" },
		{ "said to be gzip", "encoding gzip\n", "decompressed" },
		{ "said to be deflate", "encoding deflate\n", "decompressed" },
		{ "said to be br", "encoding br\n", "decompressed" },
		{ "said to be zstd", "encoding zstd\n", "decompressed" },
		{ "said to be unknown", "encoding rot13\n", "decompressed" },
		{ "six layers", "encoding gzip, gzip, gzip, gzip, gzip, gzip\n",
		  "decompressed" },
	};
	struct bench *bench = *state;

	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		print_message("# %s\n", rows[i].label);
		client_conf(&bench->client, "%s", rows[i].conf);
		client_expect(&bench->client, MMS_E_RETRY, rows[i].text, 1500);
	}
}

/* What HTTP itself cannot see: whoever reads the body must know its end (docs/http.md). */
static void
a_cut_that_http_cannot_see_is_handed_up(void **state)
{
	static const char *const forms[] = { "wrong-length 10\n", "http10\ntruncate 10\n" };
	struct bench *bench = *state;

	for (size_t i = 0; i < MMS_COUNT(forms); i++) {
		MMS_AUTO(mms_http_answer) answer = { 0 };
		MMS_AUTO(mms_err) err = { 0 };

		client_conf(&bench->client, "%s", forms[i]);
		assert_int_equal(client_get(&bench->client, &answer, &err), MMS_OK);
		assert_int_equal(answer.body_bytes, 10);
	}
}

static void
after_a_failure_the_client_still_works(void **state)
{
	struct bench *bench = *state;
	MMS_AUTO(mms_http_answer) answer = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	client_conf(&bench->client, "times 1\nreset-after 3\n");
	client_expect(&bench->client, MMS_E_RETRY, "cut off", 1000);
	assert_int_equal(client_get(&bench->client, &answer, &err), MMS_OK);
	assert_int_equal(answer.body_bytes, 32);
}

/* ---- connecting --------------------------------------------------------------------------- */

/* A socket of 127.0.0.1 that is bound, and listens with the backlog given (-1: not at all). */
static int
bind_one(int backlog, char *host, size_t size)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t len = sizeof in;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (const struct sockaddr *)&in, sizeof in), 0);
	if (backlog >= 0)
		assert_int_equal(listen(fd, backlog), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	(void)snprintf(host, size, "127.0.0.1:%u", (unsigned)ntohs(in.sin_port));
	return fd;
}

static void
expect_from(const char *host, mms_rc rc, const char *text, int64_t max_ms)
{
	struct fake nobody = { 0 };
	struct client client;

	client_init(&client, &nobody);
	client.limits.timeout_ms = 2000;
	client.limits.connect_timeout_ms = 500;
	(void)snprintf(client.host, sizeof client.host, "%s", host);
	client_open(&client);
	client_expect(&client, rc, text, max_ms);
	client_close(&client);
}

static void
a_closed_port_is_told_at_once(void **state)
{
	char host[64];
	int fd = bind_one(-1, host, sizeof host);

	(void)state;
	expect_from(host, MMS_E_RETRY, "no connection could be made", 1500);
	assert_int_equal(close(fd), 0);
}

static void
a_host_that_swallows_connections_is_given_up(void **state)
{
	char host[64];
	int fd = bind_one(0, host, sizeof host), fillers[8];
	struct sockaddr_in in;
	socklen_t len = sizeof in;

	(void)state;
	/* Fill the backlog: the kernel then drops further attempts without a word. */
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	for (size_t i = 0; i < MMS_COUNT(fillers); i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)connect(fillers[i], (const struct sockaddr *)&in, sizeof in);
	}
	expect_from(host, MMS_E_RETRY, "no connection: no complete answer in time", 1200);
	for (size_t i = 0; i < MMS_COUNT(fillers); i++)
		(void)close(fillers[i]);
	assert_int_equal(close(fd), 0);
}

static void
a_host_name_nobody_knows_is_told(void **state)
{
	(void)state;
	/* RFC 6761: .invalid never resolves. */
	expect_from("cal.invalid:80", MMS_E_RETRY, "http://cal.invalid: ", 2600);
}

/* One connection, answered with bytes that are given. */
struct raw {
	int listener;
	const char *bytes;
};

static void *
answer_raw(void *aux)
{
	const struct raw *raw = aux;
	char request[4096];
	int fd = accept4(raw->listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0 && read(fd, request, sizeof request) > 0 &&
	    write(fd, raw->bytes, strlen(raw->bytes)) < 0)
		(void)fprintf(stderr, "raw: %s\n", strerror(errno));
	(void)shutdown(fd, SHUT_WR);
	while (fd >= 0 && read(fd, request, sizeof request) > 0)
		continue;
	(void)close(fd);
	return NULL;
}

static void
what_is_not_http_is_no_answer(void **state)
{
	static const struct {
		const char *label, *bytes, *text;
		mms_rc want;
	} rows[] = {
		{ "a mail server", "220 mail.example.com ESMTP\r\n", "not HTTP", MMS_E_RETRY },
		{ "chunks that are none",
		  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello", "cut off",
		  MMS_E_RETRY },
		{ "a length below 0", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nhello",
		  "not HTTP", MMS_E_RETRY },
		{ "a length beyond 64 bits",
		  "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nhello",
		  "larger than allowed", MMS_E_ITEM },
		{ "only an interim answer", "HTTP/1.1 100 Continue\r\n\r\n", "", MMS_E_RETRY },
		{ "nothing", "", "without an answer", MMS_E_RETRY },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		char host[64];
		struct raw raw = { bind_one(1, host, sizeof host), rows[i].bytes };
		pthread_t thread;

		print_message("# %s\n", rows[i].label);
		assert_int_equal(pthread_create(&thread, NULL, answer_raw, &raw), 0);
		expect_from(host, rows[i].want, rows[i].text, 2600);
		assert_int_equal(pthread_join(thread, NULL), 0);
		assert_int_equal(close(raw.listener), 0);
	}
}

/* ---- stopping ----------------------------------------------------------------------------- */

static void
a_stopped_program_sends_nothing(void **state)
{
	struct bench *bench = *state;
	MMS_AUTO(mms_http_answer) answer = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	const atomic_bool is_stopped = true;

	assert_int_equal(client_run(&bench->client,
				    (struct mms_http_request){ .is_feed = true,
							       .is_stopped = &is_stopped },
				    &answer, &err),
			 MMS_E_STOPPED);
	assert_int_equal(fake_count(&bench->fake, NULL), 0);
}

struct stopper {
	atomic_bool is_stopped;
	_Atomic int64_t at_mono_ms;
	const struct fake *fake;
};

/* Stop as soon as the fake has taken the request. */
static void *
stop_soon(void *aux)
{
	struct stopper *stopper = aux;
	int64_t until = mms_clock_mono_ms() + 5000;

	while (fake_count(stopper->fake, NULL) == 0 && mms_clock_mono_ms() < until)
		mms_clock_sleep_ms(2);
	atomic_store(&stopper->at_mono_ms, mms_clock_mono_ms());
	atomic_store(&stopper->is_stopped, true);
	return NULL;
}

static void
a_stop_is_seen_while_waiting(void **state)
{
	struct bench *bench = *state;
	MMS_AUTO(mms_http_answer) answer = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	struct stopper stopper = { .fake = &bench->fake };
	pthread_t thread;

	client_conf(&bench->client, "stall 60000\n");
	assert_int_equal(pthread_create(&thread, NULL, stop_soon, &stopper), 0);
	mms_rc rc = client_run(
		&bench->client,
		(struct mms_http_request){ .is_feed = true, .is_stopped = &stopper.is_stopped },
		&answer, &err);
	int64_t late_ms = mms_clock_mono_ms() - atomic_load(&stopper.at_mono_ms);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(rc, MMS_E_STOPPED);
	if (late_ms > 300)
		fail_msg("seen after %lld ms", (long long)late_ms);
}

static void
the_callers_deadline_is_kept(void **state)
{
	struct bench *bench = *state;
	MMS_AUTO(mms_http_answer) answer = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	int64_t start = mms_clock_mono_ms();

	client_conf(&bench->client, "stall 60000\n");
	assert_int_equal(client_run(&bench->client,
				    (struct mms_http_request){
					    .is_feed = true, .deadline_mono_ms = start + 300 },
				    &answer, &err),
			 MMS_E_STOPPED);
	assert_true(mms_clock_mono_ms() - start < 700);
	assert_non_null(strstr(mms_err_text(&err), "out of time"));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_one, close_one)
	const struct CMUnitTest tests[] = {
		TEST(a_body_may_be_as_large_as_the_limit_and_not_a_byte_more),
		TEST(a_body_that_says_it_is_too_large_is_not_read),
		TEST(a_gzip_bomb_is_stopped_while_it_unpacks),
		TEST(a_zstd_bomb_with_a_huge_window_is_stopped_too),
		TEST(compressed_bytes_that_hold_nothing_are_counted_too),
		TEST(headers_are_bounded_in_number_and_size),
		TEST(slow_and_silent_servers_are_given_up),
		TEST(a_cut_answer_is_no_answer),
		TEST(a_cut_that_http_cannot_see_is_handed_up),
		TEST(after_a_failure_the_client_still_works),
		cmocka_unit_test(a_closed_port_is_told_at_once),
		cmocka_unit_test(a_host_that_swallows_connections_is_given_up),
		cmocka_unit_test(a_host_name_nobody_knows_is_told),
		cmocka_unit_test(what_is_not_http_is_no_answer),
		TEST(a_stopped_program_sends_nothing),
		TEST(a_stop_is_seen_while_waiting),
		TEST(the_callers_deadline_is_kept),
	};
#undef TEST

	return cmocka_run_group_tests_name("http_bounds", tests, set_up, tear_down);
}
