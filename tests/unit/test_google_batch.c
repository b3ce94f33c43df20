/* Many requests in one: what is sent, and which answer is whose. */
#include "support/unit.h"

#include <string.h>

#include "../../connector/provider/google_parts.h"

#define TYPE "multipart/mixed; boundary=b"

static void
calls_are_parts_with_numbers(void **state)
{
	static const struct google_call calls[] = {
		{ "POST", "/calendar/v3/calendars/primary/events?sendUpdates=none", NULL,
		  "{\"a\":1}", 7 },
		{ "DELETE", "/calendar/v3/calendars/primary/events/x", "\"7\"", NULL, 0 },
	};
	MMS_AUTO(mms_str) out = { 0 };

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(calls); i++)
		google_batch_add(&out, i, &calls[i]);
	google_batch_end(&out);
	assert_string_equal(
		mms_str_get(&out),
		"--mmsync-part\r\nContent-Type: application/http\r\nContent-ID: "
		"<item-1>\r\n\r\n"
		"POST /calendar/v3/calendars/primary/events?sendUpdates=none HTTP/1.1\r\n"
		"Content-Type: application/json; charset=UTF-8\r\nContent-Length: 7\r\n\r\n"
		"{\"a\":1}\r\n"
		"--mmsync-part\r\nContent-Type: application/http\r\nContent-ID: "
		"<item-2>\r\n\r\n"
		"DELETE /calendar/v3/calendars/primary/events/x HTTP/1.1\r\n"
		"If-Match: \"7\"\r\n\r\n\r\n"
		"--mmsync-part--\r\n");
}

/* A part as the service writes it. */
#define PART(id, head, body)                                                       \
	"--b\r\nContent-Type: application/http\r\nContent-ID: " id "\r\n\r\n" head \
	"\r\n\r\n" body "\r\n"
#define END "--b--\r\n"

static const struct {
	const char *label, *type, *text;
	mms_rc rc;
	long status[3];
	const char *body[3]; /* how it begins; NULL: any */
} answers[] = {
	{ "in another order",
	  TYPE,
	  PART("<response-item-2>", "HTTP/1.1 204 No Content", "") PART(
		  "<response-item-1>", "HTTP/1.1 200 OK\r\nETag: \"1\"", "{\"id\":\"a\"}") END,
	  MMS_OK,
	  { 200, 204, 0 },
	  { "{\"id\":\"a\"}", "", NULL } },
	{ "a quoted boundary, another case",
	  "Multipart/Mixed; charset=x; Boundary=\"b\"",
	  PART("response-ITEM-3", "HTTP/1.1 404 Not Found", "{}") END,
	  MMS_OK,
	  { 0, 0, 404 },
	  { NULL, NULL, "{}" } },
	{ "line ends without CR",
	  TYPE,
	  "preamble\n--b\nContent-ID: <response-item-1>\n\nHTTP/1.1 200 "
	  "OK\n\n{}\n--b--\n",
	  MMS_OK,
	  { 200, 0, 0 },
	  { "{}", NULL, NULL } },
	{ "a body of several lines",
	  TYPE,
	  PART("<response-item-1>", "HTTP/1.1 200 OK", "{\r\n --b\r\n--bb\r\n}") END,
	  MMS_OK,
	  { 200, 0, 0 },
	  { "{\r\n --b\r\n--bb\r\n}", NULL, NULL } },
	{ "numbers that were never asked",
	  TYPE,
	  PART("<response-item-0>", "HTTP/1.1 200 OK", "{}")
		  PART("<response-item-4>", "HTTP/1.1 200 OK", "{}")
			  PART("<response-item-99999999999999999999>", "HTTP/1.1 200 OK", "{}")
				  PART("<response-item->", "HTTP/1.1 200 OK", "{}")
					  PART("<item>", "HTTP/1.1 200 OK", "{}")
						  PART("", "HTTP/1.1 200 OK", "{}") END,
	  MMS_OK,
	  { 0, 0, 0 },
	  { NULL, NULL, NULL } },
	{ "no status line",
	  TYPE,
	  PART("<response-item-1>", "200 OK", "{}")
		  PART("<response-item-2>", "HTTP/1.1 OK", "{}")
			  PART("<response-item-3>", "HTTP/1.1 20", "{}") END,
	  MMS_OK,
	  { 0, 0, 0 },
	  { NULL, NULL, NULL } },
	{ "cut off: the last part counts as not answered",
	  TYPE,
	  PART("<response-item-1>", "HTTP/1.1 200 OK",
	       "{}") "--b\r\nContent-ID: <response-item-2>\r\n\r\nHTTP/1.1 200 "
		     "OK\r\n\r\n{\"id\":\"b",
	  MMS_OK,
	  { 200, 0, 0 },
	  { "{}", NULL, NULL } },
	{ "parts of nothing, of blank lines, of headers alone",
	  TYPE,
	  "--b\r\n--b\r\n\r\n\r\n--b\r\nContent-ID: <response-item-1>\r\nHTTP/1.1 200 "
	  "OK\r\n" END,
	  MMS_OK,
	  { 0, 0, 0 },
	  { NULL, NULL, NULL } },
	{ "behind the end nothing counts",
	  TYPE,
	  PART("<response-item-1>", "HTTP/1.1 200 OK", "{}")
		  END PART("<response-item-2>", "HTTP/1.1 200 OK", "{}") END,
	  MMS_OK,
	  { 200, 0, 0 },
	  { "{}", NULL, NULL } },
	{ "no parts", TYPE, "{}", MMS_E_RETRY, { 0 }, { 0 } },
	{ "nothing", TYPE, "", MMS_E_RETRY, { 0 }, { 0 } },
	{ "not multipart", "application/json", "--b\r\n", MMS_E_RETRY, { 0 }, { 0 } },
	{ "no boundary", "multipart/mixed", "--b\r\n", MMS_E_RETRY, { 0 }, { 0 } },
	{ "an empty boundary",
	  "multipart/mixed; boundary=",
	  "--b\r\n",
	  MMS_E_RETRY,
	  { 0 },
	  { 0 } },
	{ "no type", NULL, "--b\r\n", MMS_E_RETRY, { 0 }, { 0 } },
};

static void
answers_find_their_calls(void **state)
{
	(void)state;
	for (size_t i = 0; i < MMS_COUNT(answers); i++) {
		struct service_reply replies[3];
		MMS_AUTO(mms_err) err = { 0 };

		mms_rc rc = google_batch_read(answers[i].type, answers[i].text,
					      strlen(answers[i].text), replies, 3, &err);
		if (rc != answers[i].rc)
			fail_msg("%s: %s", answers[i].label, mms_rc_name(rc));
		for (size_t k = 0; rc == MMS_OK && k < 3; k++) {
			const char *body = answers[i].body[k];
			if (replies[k].status != answers[i].status[k])
				fail_msg("%s: %zu: status %ld", answers[i].label, k,
					 replies[k].status);
			if (body != NULL && (replies[k].body_len < strlen(body) ||
					     memcmp(replies[k].body, body, strlen(body)) != 0))
				fail_msg("%s: %zu: another body", answers[i].label, k);
		}
	}
}

static void
a_part_may_ask_for_patience(void **state)
{
	static const char text[] = PART("<response-item-1>",
					"HTTP/1.1 429 Too Many\r\nRetry-After: 7", "{}")
		PART("<response-item-2>", "HTTP/1.1 429 Too Many\r\nretry-after: soon", "{}")
			PART("<response-item-3>",
			     "HTTP/1.1 429 T\r\nRetry-After: 99999999999999999999", "{}") END;
	struct service_reply replies[3];
	MMS_AUTO(mms_err) err = { 0 };

	(void)state;
	assert_int_equal(google_batch_read(TYPE, text, sizeof text - 1, replies, 3, &err),
			 MMS_OK);
	assert_int_equal(replies[0].retry_after_ms, 7000);
	assert_int_equal(replies[1].retry_after_ms, -1);
	assert_int_equal(replies[2].retry_after_ms, INT64_C(31536000000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_are_parts_with_numbers),
		cmocka_unit_test(answers_find_their_calls),
		cmocka_unit_test(a_part_may_ask_for_patience),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
