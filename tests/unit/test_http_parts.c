/* The parts of the HTTP client that need no server: codes, headers, Retry-After, spool files. */
#include "support/unit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../connector/net/http_internal.h"
#include "mmsync/spool.h"
#include "support/fake.h"

static const struct {
	CURLcode code;
	mms_rc want;
} codes[] = {
	{ CURLE_OK, MMS_OK },
	{ CURLE_UNSUPPORTED_PROTOCOL, MMS_E_RETRY },
	{ CURLE_URL_MALFORMAT, MMS_E_CONFIG },
	{ CURLE_COULDNT_RESOLVE_PROXY, MMS_E_RETRY },
	{ CURLE_COULDNT_RESOLVE_HOST, MMS_E_RETRY },
	{ CURLE_COULDNT_CONNECT, MMS_E_RETRY },
	{ CURLE_WEIRD_SERVER_REPLY, MMS_E_RETRY },
	{ CURLE_HTTP2, MMS_E_RETRY },
	{ CURLE_PARTIAL_FILE, MMS_E_RETRY },
	{ CURLE_WRITE_ERROR, MMS_E_RETRY },
	{ CURLE_OUT_OF_MEMORY, MMS_E_NOMEM },
	{ CURLE_OPERATION_TIMEDOUT, MMS_E_RETRY },
	{ CURLE_SSL_CONNECT_ERROR, MMS_E_RETRY },
	{ CURLE_ABORTED_BY_CALLBACK, MMS_E_RETRY },
	{ CURLE_GOT_NOTHING, MMS_E_RETRY },
	{ CURLE_SEND_ERROR, MMS_E_RETRY },
	{ CURLE_RECV_ERROR, MMS_E_RETRY },
	{ CURLE_SSL_CIPHER, MMS_E_CONFIG },
	{ CURLE_PEER_FAILED_VERIFICATION, MMS_E_CONFIG },
	{ CURLE_BAD_CONTENT_ENCODING, MMS_E_RETRY },
	{ CURLE_FILESIZE_EXCEEDED, MMS_E_ITEM },
	{ CURLE_SEND_FAIL_REWIND, MMS_E_RETRY },
	{ CURLE_SSL_CACERT_BADFILE, MMS_E_CONFIG },
	{ CURLE_SSL_SHUTDOWN_FAILED, MMS_E_RETRY },
	{ CURLE_AGAIN, MMS_E_RETRY },
	{ CURLE_SSL_INVALIDCERTSTATUS, MMS_E_CONFIG },
	{ CURLE_HTTP2_STREAM, MMS_E_RETRY },
	{ CURLE_PROXY, MMS_E_RETRY },
	{ CURLE_UNRECOVERABLE_POLL, MMS_E_RETRY },
	{ CURLE_BAD_FUNCTION_ARGUMENT, MMS_E_BUG },
	{ CURLE_UNKNOWN_OPTION, MMS_E_BUG },
	{ CURLE_NOT_BUILT_IN, MMS_E_BUG },
};

static void
each_code_of_the_library_has_its_meaning(void **state)
{
	(void)state;
	for (size_t i = 0; i < MMS_COUNT(codes); i++) {
		const struct mms_http_code *row = mms_http_code(codes[i].code);

		if (row->code != codes[i].code || row->rc != codes[i].want)
			fail_msg("code %d: %s", (int)codes[i].code, mms_rc_name(row->rc));
		if (row->rc != MMS_OK && row->text[0] == '\0')
			fail_msg("code %d has no text", (int)codes[i].code);
	}
	for (int code = 0; code <= CURL_LAST; code++) {
		bool has_row = false;

		for (size_t i = 0; i < MMS_COUNT(codes); i++)
			has_row = has_row || (int)codes[i].code == code;
		/* All others are passing faults; a row without a line above fails here. */
		if (!has_row && mms_http_code((CURLcode)code)->code != CURL_LAST)
			fail_msg("code %d has a row and no test", code);
		if (!has_row)
			assert_int_equal(mms_http_code((CURLcode)code)->rc, MMS_E_RETRY);
	}
}

static void
a_refused_certificate_says_why(void **state)
{
	static const struct {
		long result;
		const char *text, *hint;
	} rows[] = {
		{ 0, "another name", "host name" },
		{ 1, "another name", "host name" },
		{ 2, "known authority", "http.ca_file" },
		{ 9, "not valid yet", "clock" },
		{ 10, "expired", "renew" },
		{ 18, "known authority", "http.ca_file" },
		{ 19, "known authority", "http.ca_file" },
		{ 20, "known authority", "http.ca_file" },
		{ 21, "known authority", "http.ca_file" },
		{ 23, "refused", "replace" },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		const struct mms_http_code *row = mms_http_certificate(rows[i].result);

		if (row->rc != MMS_E_CONFIG || strstr(row->text, rows[i].text) == NULL ||
		    strstr(row->hint, rows[i].hint) == NULL)
			fail_msg("result %ld: %s; %s", rows[i].result, row->text, row->hint);
	}
}

static void
retry_after_is_seconds_or_a_date(void **state)
{
	/* 2026-01-05T10:00:00Z */
	const int64_t now_ms = INT64_C(1767607200000);
	static const char at_ten[] = "Mon, 05 Jan 2026 10:00:00 GMT";
	static const struct {
		const char *value, *date;
		int64_t want;
	} rows[] = {
		{ NULL, NULL, -1 },
		{ "", NULL, -1 },
		{ "0", NULL, 0 },
		{ "7", NULL, 7000 },
		{ "007", NULL, 7000 },
		{ "31622400", NULL, INT64_C(31622400000) },
		{ "31622401", NULL, INT64_C(31622400000) },
		{ "99999999999999999999999999", NULL, INT64_C(31622400000) },
		{ "-1", NULL, -1 },
		{ "1.5", NULL, -1 },
		{ "7 s", NULL, -1 },
		{ "soon", NULL, -1 },
		{ "2026-01-05", NULL, -1 },
		{ "Mon, 05 Jan 2026 10:02:00 GMT", NULL, 120000 },
		{ "Monday, 05-Jan-26 10:02:00 GMT", NULL, 120000 },
		{ "Mon Jan  5 10:02:00 2026", NULL, 120000 },
		{ "Mon, 05 Jan 2026 09:00:00 GMT", NULL, 0 },
		{ "Mon, 05 Jan 2099 10:00:00 GMT", NULL, INT64_C(31622400000) },
		/* the server's clock is an hour ahead of ours, or behind: its own date counts */
		{ "Mon, 05 Jan 2026 11:02:00 GMT", "Mon, 05 Jan 2026 11:00:00 GMT", 120000 },
		{ "Mon, 05 Jan 2026 09:02:00 GMT", "Mon, 05 Jan 2026 09:00:00 GMT", 120000 },
		{ "Mon, 05 Jan 2026 10:02:00 GMT", "rubbish", 120000 },
		{ "120", at_ten, 120000 },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		int64_t got = mms_http_retry_after_ms(rows[i].value, rows[i].date, now_ms);

		if (got != rows[i].want)
			fail_msg("'%s': %lld", rows[i].value != NULL ? rows[i].value : "NULL",
				 (long long)got);
	}
}

static void
the_servers_clock_is_its_date_and_what_a_cache_added(void **state)
{
	const int64_t ten_ms = INT64_C(1767607200000);
	static const struct {
		const char *date, *age;
		int64_t off_s; /* from ten o'clock; -1: not said */
	} rows[] = {
		{ "Mon, 05 Jan 2026 10:00:00 GMT", NULL, 0 },
		{ "Mon, 05 Jan 2026 10:00:00 GMT", "", 0 },
		{ "Mon, 05 Jan 2026 10:00:00 GMT", "3600", 3600 },
		{ "Mon, 05 Jan 2026 10:00:00 GMT", "-5", 0 },
		{ "Mon, 05 Jan 2026 10:00:00 GMT", "soon", 0 },
		{ "Jan  5 10:00:30 2026 GMT", NULL, 30 }, /* as a certificate has it */
		{ "rubbish", "7", -1 },
		{ "1767607200", NULL, -1 },
		{ NULL, "7", -1 },
		{ NULL, NULL, -1 },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		int64_t got = mms_http_server_clock_ms(rows[i].date, rows[i].age);
		int64_t want = rows[i].off_s < 0 ? 0 : ten_ms + rows[i].off_s * 1000;

		if (got != want)
			fail_msg("row %zu: %lld", i, (long long)got);
	}
}

static mms_rc
add(struct mms_http_head *head, const char *line, struct mms_err *err)
{
	return mms_http_head_add(head, line, strlen(line), err);
}

static void
the_headers_of_the_last_answer_count(void **state)
{
	MMS_AUTO(mms_http_head) head = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	static const char *const lines[] = {
		"HTTP/1.1 100 Continue\r\n",
		"ETag: \"old\"\r\n",
		"\r\n",
		"HTTP/2 503 \r\n",
		"eTaG:   \"new\"  \r\n",
		"ETag: \"second\"\r\n",
		"Content-Type:text/calendar\r\n",
		"Retry-After: 7\n",
		"Etagg: no\r\n",
		"Location:\r\n",
		"Last-Modified: Mon, 05 Jan\r 2026\r\n",
		"no colon\r\n",
		"\r\n",
		"Location: https://trailer.example.com/\r\n",
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(lines); i++)
		assert_int_equal(add(&head, lines[i], &err), MMS_OK);
	assert_int_equal(head.status, 503);
	assert_string_equal(head.etag, "\"new\"");
	assert_string_equal(head.content_type, "text/calendar");
	assert_string_equal(head.retry_after, "7");
	assert_null(head.location);
	assert_null(head.last_modified);
	assert_true(head.is_complete);
}

static void
headers_have_ceilings(void **state)
{
	MMS_AUTO(mms_http_head) many = { 0 }, large = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	char line[8192];
	int n = 0;

	(void)state;
	while (n < 10000 && add(&many, "X-Filler: x\r\n", &err) == MMS_OK)
		n++;
	assert_int_equal(n, MMS_HTTP_HEAD_MAX_LINES);
	assert_int_equal(err.code, MMS_E_ITEM);

	memset(line, 'x', sizeof line);
	for (n = 0; n < 10000; n++)
		if (mms_http_head_add(&large, line, sizeof line, &err) != MMS_OK)
			break;
	assert_int_equal(n, MMS_HTTP_HEAD_MAX_BYTES / (int)sizeof line);
	/* A new status line does not start the count anew. */
	assert_int_equal(add(&large, "HTTP/1.1 200 OK\r\n", &err), MMS_E_ITEM);
}

static void
a_header_text_has_no_control_characters(void **state)
{
	(void)state;
	assert_true(mms_http_is_header_text("\"abc\" \t \xc3\xbc"));
	assert_false(mms_http_is_header_text("a\r\nX: y"));
	assert_false(mms_http_is_header_text("a\rb"));
	assert_false(mms_http_is_header_text("a\x7f"));
}

static void
a_spool_file_has_no_name_and_is_private(void **state)
{
	MMS_AUTO(mms_err) err = { 0 };
	char dir[128], byte = 0;
	struct stat st;
	int fd = -1;

	(void)state;
	temp_dir_make(dir, sizeof dir);
	assert_int_equal(mms_spool_open(dir, &fd, &err), MMS_OK);
	assert_true(fd > 2);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_nlink, 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(pread(fd, &byte, 1, 0), 1);
	assert_int_equal(byte, 'x');
	assert_int_equal(close(fd), 0);
	assert_int_equal(rmdir(dir), 0); /* nothing was left in it */
}

static void
a_folder_that_cannot_hold_spool_files_is_a_setting_to_mend(void **state)
{
	static const char *const dirs[] = { "/nowhere/at/all", "/dev/null", "/proc" };

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(dirs); i++) {
		MMS_AUTO(mms_err) err = { 0 };
		int fd = -1;

		if (mms_spool_open(dirs[i], &fd, &err) != MMS_E_CONFIG || fd != -1)
			fail_msg("%s: %s", dirs[i], mms_err_text(&err));
		assert_non_null(strstr(mms_err_text(&err), dirs[i]));
		assert_non_null(strstr(mms_err_hint(&err), "TMPDIR"));
	}
}

static void
the_usual_folder_takes_spool_files(void **state)
{
	MMS_AUTO(mms_err) err = { 0 };
	int fd = -1;

	(void)state;
	assert_int_equal(mms_spool_open(NULL, &fd, &err), MMS_OK);
	assert_int_equal(close(fd), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_code_of_the_library_has_its_meaning),
		cmocka_unit_test(a_refused_certificate_says_why),
		cmocka_unit_test(retry_after_is_seconds_or_a_date),
		cmocka_unit_test(the_servers_clock_is_its_date_and_what_a_cache_added),
		cmocka_unit_test(the_headers_of_the_last_answer_count),
		cmocka_unit_test(headers_have_ceilings),
		cmocka_unit_test(a_header_text_has_no_control_characters),
		cmocka_unit_test(a_spool_file_has_no_name_and_is_private),
		cmocka_unit_test(a_folder_that_cannot_hold_spool_files_is_a_setting_to_mend),
		cmocka_unit_test(the_usual_folder_takes_spool_files),
	};

	return cmocka_run_group_tests_name("http_parts", tests, NULL, NULL);
}
