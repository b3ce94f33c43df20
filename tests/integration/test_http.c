/* The HTTP client against the fake: what is asked, what is handed up, what stays behind. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mmsync/clock.h"
#include "mmsync/spool.h"
#include "support/client.h"

static const char calendar[] = "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n";

struct bench {
	struct fake fake;
	struct client client;
};

static int
set_up(void **state)
{
	static struct bench bench;
	MMS_AUTO(mms_err) err = { 0 };

	/* No proxy of the environment may stand between a feed and us. */
	(void)setenv("http_proxy", "http://127.0.0.1:1", 1);
	(void)setenv("HTTPS_PROXY", "http://127.0.0.1:1", 1);
	(void)setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	assert_int_equal(mms_http_setup(&err), MMS_OK);
	fake_start(&bench.fake, "feed_server", NULL);
	fake_write(&bench.fake, CLIENT_FEED, calendar);
	client_init(&bench.client, &bench.fake);
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

	client_conf(&bench->client, "%s", "");
	fake_clear_log(&bench->fake);
	client_open(&bench->client);
	return 0;
}

static int
close_one(void **state)
{
	struct bench *bench = *state;

	client_close(&bench->client);
	return 0;
}

static bool
log_has(const struct bench *bench, const char *part)
{
	MMS_AUTO(mms_str) log = { 0 };

	fake_read_log(&bench->fake, &log);
	return strstr(mms_str_get(&log), part) != NULL;
}

static void
an_answer_comes_whole_with_its_headers(void **state)
{
	struct bench *bench = *state;
	MMS_AUTO(mms_http_answer) answer = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	client_conf(&bench->client,
		    "etag \"abc\"\nlast-modified Mon, 05 Jan 2026 10:00:00 GMT\n"
		    "type text/calendar; charset=utf-8\n");
	assert_int_equal(client_get(&bench->client, &answer, &err), MMS_OK);
	assert_int_equal(answer.status, 200);
	assert_string_equal(answer.etag, "\"abc\"");
	assert_string_equal(answer.last_modified, "Mon, 05 Jan 2026 10:00:00 GMT");
	assert_string_equal(answer.content_type, "text/calendar; charset=utf-8");
	assert_true(answer.retry_after_ms < 0);
	assert_int_equal(answer.body_bytes, strlen(calendar));
	assert_string_equal(mms_str_get(&answer.body), calendar);
	assert_int_equal(mms_http_n_requests(bench->client.http), 1);
}

static void
the_request_says_who_asks_and_that_gzip_is_welcome(void **state)
{
	struct bench *bench = *state;
	MMS_AUTO(mms_http_answer) answer = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	assert_int_equal(client_get(&bench->client, &answer, &err), MMS_OK);
	assert_true(log_has(bench, "\"user-agent\":\"mmsync/" MMS_VERSION " (gzip)\""));
	assert_true(log_has(bench, "gzip"));
	assert_true(log_has(bench, "\"accept-encoding\":\"deflate, gzip"));
	/* the user and password of the address, as Basic: "s3cret-user:s3cret-word" */
	assert_true(
		log_has(bench, "\"authorization\":\"Basic czNjcmV0LXVzZXI6czNjcmV0LXdvcmQ=\""));
	assert_false(log_has(bench, "\"cookie\""));
	assert_false(log_has(bench, "\"referer\""));
}

static void
statuses_are_handed_up_unjudged(void **state)
{
	static const long statuses[] = { 200, 201, 204, 300, 400, 401, 403,
					 404, 410, 412, 429, 500, 503, 599 };
	struct bench *bench = *state;

	for (size_t i = 0; i < MMS_COUNT(statuses); i++) {
		MMS_AUTO(mms_http_answer) answer = { 0 };
		MMS_AUTO(mms_err) err = { 0 };

		client_conf(&bench->client, "status %ld\nretry-after 7\n", statuses[i]);
		if (client_get(&bench->client, &answer, &err) != MMS_OK ||
		    answer.status != statuses[i] || answer.retry_after_ms != 7000)
			fail_msg("status %ld: %ld, %s", statuses[i], answer.status,
				 mms_err_text(&err));
	}
}

static void
a_date_to_retry_after_counts_from_the_servers_clock(void **state)
{
	struct bench *bench = *state;
	MMS_AUTO(mms_http_answer) answer = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	/* The fake's own Date stands first and is today's: 1990 is long past. */
	client_conf(&bench->client, "status 503\nretry-after Mon, 01 Jan 1990 10:00:00 GMT\n");
	assert_int_equal(client_get(&bench->client, &answer, &err), MMS_OK);
	assert_int_equal(answer.retry_after_ms, 0);
}

static void
validators_are_sent_and_304_brings_no_body(void **state)
{
	struct bench *bench = *state;
	static const struct {
		const char *etag, *since;
		long want;
	} rows[] = {
		{ "\"abc\"", NULL, 304 },
		{ "\"abd\"", NULL, 200 },
		{ NULL, "Mon, 05 Jan 2026 10:00:00 GMT", 304 },
		{ NULL, "Mon, 05 Jan 2026 10:00:01 GMT", 200 },
		{ "\"abd\"", "Mon, 05 Jan 2026 10:00:00 GMT", 200 },
		{ "\"abc\"\r\nX-Evil: 1", NULL, 200 }, /* left out */
	};

	client_conf(&bench->client,
		    "etag \"abc\"\nlast-modified Mon, 05 Jan 2026 10:00:00 GMT\n");
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_http_answer) answer = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		const struct mms_http_request request = { .is_feed = true,
							  .if_none_match = rows[i].etag,
							  .if_modified_since = rows[i].since };

		assert_int_equal(client_run(&bench->client, request, &answer, &err), MMS_OK);
		if (answer.status != rows[i].want ||
		    answer.body_bytes != (rows[i].want == 304 ? 0 : (int64_t)strlen(calendar)))
			fail_msg("row %zu: %ld, %lld bytes", i, answer.status,
				 (long long)answer.body_bytes);
		assert_string_equal(answer.etag, "\"abc\"");
	}
	assert_false(log_has(bench, "x-evil"));
}

static void
compressed_bodies_are_decompressed_and_counted_after_it(void **state)
{
	struct bench *bench = *state;
	MMS_AUTO(mms_http_answer) answer = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	MMS_AUTO(mms_str) text = { 0 };

	for (int i = 0; i < 20000; i++)
		mms_str_addf(&text, "line %d\r\n", i);
	fake_write_n(&bench->fake, CLIENT_FEED, mms_str_get(&text), text.len);
	client_conf(&bench->client, "gzip\n");
	assert_int_equal(client_get(&bench->client, &answer, &err), MMS_OK);
	fake_write(&bench->fake, CLIENT_FEED, calendar);
	assert_int_equal(answer.body_bytes, text.len);
	assert_string_equal(mms_str_get(&answer.body), mms_str_get(&text));
}

static void
a_body_goes_to_a_file(void **state)
{
	struct bench *bench = *state;
	MMS_AUTO(mms_http_answer) answer = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	char bytes[64] = "";
	int fd = -1;

	/* The redirect's own body must not be in it. */
	fake_write(&bench->fake, "away", "moved, look there");
	fake_conf(&bench->fake, "away", "redirect /" CLIENT_FEED "\n");
	char url[128];
	const struct mms_http_request request = {
		.is_feed = true, .url = fake_url(&bench->fake, "/away", url, sizeof url)
	};
	struct mms_http_request to_file = request;

	assert_int_equal(mms_spool_open(bench->fake.dir, &fd, &err), MMS_OK);
	to_file.body_fd = fd;
	assert_int_equal(client_run(&bench->client, to_file, &answer, &err), MMS_OK);
	assert_int_equal(answer.body_bytes, strlen(calendar));
	assert_int_equal(answer.body.len, 0);
	assert_int_equal(pread(fd, bytes, sizeof bytes, 0), (ssize_t)strlen(calendar));
	assert_string_equal(bytes, calendar);
	assert_int_equal(close(fd), 0);
}

static void
a_file_that_takes_no_more_is_told(void **state)
{
	struct bench *bench = *state;
	MMS_AUTO(mms_http_answer) answer = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	struct mms_http_request request = { .is_feed = true };
	FILE *full = fopen("/dev/full", "we");

	assert_non_null(full);
	request.body_fd = fileno(full);
	assert_int_equal(client_run(&bench->client, request, &answer, &err), MMS_E_RETRY);
	assert_non_null(strstr(mms_err_text(&err), "cannot be stored: No space left"));
	assert_int_equal(fclose(full), 0);
}

static void
methods_bodies_and_headers_are_sent_as_given(void **state)
{
	static const char *const headers[] = { "Authorization: Bearer t0ken",
					       "Content-Type: application/json", NULL };
	static const char *const methods[] = { "POST", "PUT", "PATCH", "DELETE" };
	struct bench *bench = *state;
	char part[64];

	for (size_t i = 0; i < MMS_COUNT(methods); i++) {
		MMS_AUTO(mms_http_answer) answer = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		const struct mms_http_request request = { .method = methods[i],
							  .headers = headers,
							  .body = "{\"a\":1}",
							  .body_len = 7 };

		assert_int_equal(client_run(&bench->client, request, &answer, &err), MMS_OK);
		(void)snprintf(part, sizeof part, "{\"method\":\"%s\"", methods[i]);
		assert_true(log_has(bench, part));
	}
	assert_true(log_has(bench, "\"body\":\"{\\\"a\\\":1}\""));
	assert_true(log_has(bench, "\"content-type\":\"application/json\""));
	assert_false(log_has(bench, "\"expect\""));
	assert_int_equal(fake_count(&bench->fake, "/" CLIENT_FEED), 4);
}

static void
head_and_empty_writes_work(void **state)
{
	struct bench *bench = *state;
	static const char *const methods[] = { "HEAD", "DELETE", "POST", "PUT" };

	for (size_t i = 0; i < MMS_COUNT(methods); i++) {
		MMS_AUTO(mms_http_answer) answer = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		const struct mms_http_request request = { .method = methods[i] };

		assert_int_equal(client_run(&bench->client, request, &answer, &err), MMS_OK);
		if (answer.status != 200 || (i == 0 && answer.body_bytes != 0))
			fail_msg("%s: %ld", methods[i], answer.status);
	}
}

static void
a_malformed_request_of_ours_is_not_sent(void **state)
{
	static const char *const split[] = { "X: a\r\nY: b", NULL };
	static const char *const bare[] = { "no colon", NULL };
	const struct mms_http_request rows[] = {
		{ .method = "GET /x HTTP/1.1\r\nX:" },
		{ .method = "" },
		{ .headers = split },
		{ .headers = bare },
	};
	struct bench *bench = *state;

	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_http_answer) answer = { 0 };
		MMS_AUTO(mms_err) err = { 0 };

		assert_int_equal(client_run(&bench->client, rows[i], &answer, &err), MMS_E_BUG);
	}
	assert_int_equal(fake_count(&bench->fake, NULL), 0);
}

static void
connections_are_used_again(void **state)
{
	struct bench *bench = *state;
	enum { ROUNDS = 200 };
	int64_t start = mms_clock_mono_ms();

	for (int i = 0; i < ROUNDS; i++) {
		MMS_AUTO(mms_http_answer) answer = { 0 };
		MMS_AUTO(mms_err) err = { 0 };

		assert_int_equal(client_get(&bench->client, &answer, &err), MMS_OK);
	}
	int64_t took = mms_clock_mono_ms() - start;
	MMS_AUTO(mms_str) log = { 0 };
	fake_read_log(&bench->fake, &log);
	const char *first = strstr(mms_str_get(&log), "\"peer\":");
	char peer[32] = "";
	(void)snprintf(peer, sizeof peer, "%.*s}", (int)strcspn(first, "}"), first);
	size_t n_same = 0;
	for (const char *at = first; at != NULL; at = strstr(at + 1, peer))
		n_same++;
	assert_int_equal(n_same, ROUNDS);
	print_message("# %d requests one after the other: %.0f us each\n", ROUNDS,
		      (double)took * 1000 / ROUNDS);
	assert_int_equal(mms_http_n_requests(bench->client.http), ROUNDS);
	assert_int_equal(fake_count(&bench->fake, NULL), ROUNDS);
}

/*
 * The library would send a request again when the connection it used again turns out dead. A read it
 * may; of a write nobody knows whether the first one took effect.
 */
static void
a_write_is_never_sent_twice_by_itself(void **state)
{
	struct bench *bench = *state;
	static const struct {
		const char *method;
		mms_rc want;
		size_t n_sent;
	} rows[] = { { "GET", MMS_OK, 2 },
		     { "POST", MMS_E_RETRY, 1 },
		     { "PATCH", MMS_E_RETRY, 1 },
		     { "DELETE", MMS_E_RETRY, 1 } };

	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_http_answer) first = { 0 }, second = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		struct mms_http_request request = { .method = rows[i].method };

		client_conf(&bench->client, "%s", "");
		assert_int_equal(client_get(&bench->client, &first, &err), MMS_OK);
		fake_clear_log(&bench->fake);
		client_conf(&bench->client, "times 1\ndrop after\n");
		mms_rc rc = client_run(&bench->client, request, &second, &err);
		size_t n = fake_count(&bench->fake, NULL);
		if (rc != rows[i].want || n != rows[i].n_sent)
			fail_msg("%s: %s, sent %zu times", rows[i].method, mms_err_text(&err),
				 n);
	}
}

static void
services_are_not_redirected(void **state)
{
	struct bench *bench = *state;
	MMS_AUTO(mms_http_answer) answer = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	client_conf(&bench->client, "redirect /elsewhere\n");
	assert_int_equal(
		client_run(&bench->client, (struct mms_http_request){ 0 }, &answer, &err),
		MMS_OK);
	assert_int_equal(answer.status, 302);
	assert_int_equal(fake_count(&bench->fake, NULL), 1);
}

static void
limits_cannot_be_left_out(void **state)
{
	struct bench *bench = *state;
	struct client client;

	/* All zero: the built-in ones; a body of 65 MiB is over 64. */
	client_init(&client, &bench->fake);
	client.limits.timeout_ms = client.limits.connect_timeout_ms = 0;
	client.limits.max_body_bytes = 0;
	client_conf(&client, "bomb 65\n");
	client_open(&client);
	client_expect(&client, MMS_E_ITEM, "larger than allowed", 20000);
	client_close(&client);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_one, close_one)
	const struct CMUnitTest tests[] = {
		TEST(an_answer_comes_whole_with_its_headers),
		TEST(the_request_says_who_asks_and_that_gzip_is_welcome),
		TEST(statuses_are_handed_up_unjudged),
		TEST(a_date_to_retry_after_counts_from_the_servers_clock),
		TEST(validators_are_sent_and_304_brings_no_body),
		TEST(compressed_bodies_are_decompressed_and_counted_after_it),
		TEST(a_body_goes_to_a_file),
		TEST(a_file_that_takes_no_more_is_told),
		TEST(methods_bodies_and_headers_are_sent_as_given),
		TEST(head_and_empty_writes_work),
		TEST(a_malformed_request_of_ours_is_not_sent),
		TEST(connections_are_used_again),
		TEST(a_write_is_never_sent_twice_by_itself),
		TEST(services_are_not_redirected),
		TEST(limits_cannot_be_left_out),
	};
#undef TEST

	return cmocka_run_group_tests_name("http", tests, set_up, tear_down);
}
