/* Many requests in one for Microsoft Graph: what is sent, and which answer is whose. */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "../../connector/provider/outlook_parts.h"
#include "support/starve.h"

#define PREFER                                                               \
	"\"Prefer\":\"odata.maxpagesize=200, outlook.timezone=\\\"UTC\\\", " \
	"IdType=\\\"ImmutableId\\\", outlook.body-content-type=\\\"text\\\"\""

static const struct outlook_call calls[] = {
	{ "POST", "/me/calendars/A%3D/events", NULL, "{\"a\":1}\n", 8 },
	{ "PATCH", "/me/events/x", "W/\"k=\"", "{}", 2 },
	{ "GET", "/me/events/y?$expand=a%20b", NULL, NULL, 0 },
};
static const char calls_text[] =
	"{\"requests\":[{\"id\":\"1\",\"method\":\"POST\",\"url\":\"/me/calendars/A%3D/"
	"events\","
	"\"headers\":{" PREFER ",\"Content-Type\":\"application/json\"},\"body\":{\"a\":1}\n},"
	"{\"id\":\"2\",\"method\":\"PATCH\",\"url\":\"/me/events/x\","
	"\"headers\":{" PREFER
	",\"If-Match\":\"W/\\\"k=\\\"\",\"Content-Type\":\"application/json\"},"
	"\"body\":{}},"
	"{\"id\":\"3\",\"method\":\"GET\",\"url\":\"/me/events/y?$expand=a%20b\","
	"\"headers\":{" PREFER "}}]}";

static mms_rc
make(void *aux, struct mms_str *out, struct mms_err *err)
{
	(void)aux;
	for (size_t i = 0; i < MMS_COUNT(calls); i++)
		outlook_batch_add(out, i, &calls[i]);
	outlook_batch_end(out);
	return mms_str_check(out, err);
}

static void
calls_are_requests_with_numbers_and_headers(void **state)
{
	MMS_AUTO(mms_str) out = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	(void)state;
	assert_int_equal(make(NULL, &out, &err), MMS_OK);
	assert_string_equal(mms_str_get(&out), calls_text);
}

static void
without_memory_a_batch_says_so(void **state)
{
	(void)state;
	starve_check(make, NULL);
}

#define ANSWERS(list) "{\"responses\":[" list "]}"

static const struct {
	const char *label, *text;
	mms_rc rc;
	long status[3];
	const char *body[3];
	int64_t wait_ms[3];
} answers[] = {
	{ "in another order, behind something else",
	  "{\"@odata.context\":{\"responses\":[]}, \"responses\" : [ "
	  "{\"id\":\"3\",\"status\":204,\"headers\":{}} , "
	  "{\"body\":{\"id\":\"a\",\"b\":[\"]}\"]} ,\"status\":201,\"id\":\"1\"} ] , "
	  "\"x\":[1]} ",
	  MMS_OK,
	  { 201, 0, 204 },
	  { "{\"id\":\"a\",\"b\":[\"]}\"]}", NULL, "" },
	  { -1, -1, -1 } },
	{ "each its own wait, in any case, as text or number",
	  ANSWERS("{\"id\":\"1\",\"status\":429,\"headers\":{\"Retry-After\":\"7\"},\"body\":{}"
		  "},"
		  "{\"id\":\"2\",\"status\":429,\"headers\":{\"A\":{\"Retry-After\":1},"
		  "\"retry-AFTER\":30}},"
		  "{\"id\":\"3\",\"status\":503,"
		  "\"headers\":{\"Retry-After\":\"99999999999999999999\"}}"),
	  MMS_OK,
	  { 429, 429, 503 },
	  { "{}", "", "" },
	  { 7000, 30000, INT64_C(31536000000) } },
	{ "waits that say nothing",
	  ANSWERS("{\"id\":\"1\",\"status\":429,\"headers\":{\"Retry-After\":\"soon\"}},"
		  "{\"id\":\"2\",\"status\":429,\"headers\":{\"Retry-After\":\"\"}},"
		  "{\"id\":\"3\",\"status\":429,\"headers\":[\"Retry-After\",5]}"),
	  MMS_OK,
	  { 429, 429, 429 },
	  { "", "", "" },
	  { -1, -1, -1 } },
	{ "bodies that are no answers of ours",
	  ANSWERS("{\"id\":\"1\",\"status\":200,\"body\":\"eyJpZCI6ImEifQ==\"},"
		  "{\"id\":\"2\",\"status\":200,\"body\":null},"
		  "{\"id\":\"3\",\"status\":200,\"body\":[{}, 1]}"),
	  MMS_OK,
	  { 200, 200, 200 },
	  { "", "", "[{}, 1]" },
	  { -1, -1, -1 } },
	{ "of a number that comes twice the first counts",
	  ANSWERS("{\"id\":\"2\",\"status\":200,\"body\":{\"a\":1}},"
		  "{\"id\":\"2\",\"status\":500,\"body\":{\"a\":2}}"),
	  MMS_OK,
	  { 0, 200, 0 },
	  { NULL, "{\"a\":1}", NULL },
	  { -1, -1, -1 } },
	{ "numbers that were never asked, and none",
	  ANSWERS("{\"id\":\"0\",\"status\":200},{\"id\":\"4\",\"status\":200},"
		  "{\"id\":\"-1\",\"status\":200},{\"id\":\"1x\",\"status\":200},"
		  "{\"id\":\"99999999999999999999\",\"status\":200},{\"id\":\"\",\"status\":"
		  "200},"
		  "{\"id\":null,\"status\":200},{\"status\":200},{},7,[],\"1\""),
	  MMS_OK,
	  { 0, 0, 0 },
	  { 0 },
	  { -1, -1, -1 } },
	{ "a number that is no text",
	  ANSWERS("{\"id\":2,\"status\":200}"),
	  MMS_OK,
	  { 0, 200, 0 },
	  { NULL, "", NULL },
	  { -1, -1, -1 } },
	{ "no status",
	  ANSWERS("{\"id\":\"1\",\"status\":\"200\"},{\"id\":\"2\",\"status\":99},"
		  "{\"id\":\"3\",\"status\":1000},{\"id\":\"3\"},{\"id\":\"3\",\"status\":"
		  "2e2}"),
	  MMS_OK,
	  { 0, 0, 0 },
	  { 0 },
	  { -1, -1, -1 } },
	{ "nobody has answered", ANSWERS(""), MMS_OK, { 0 }, { 0 }, { -1, -1, -1 } },
	{ "cut off: nothing of it is believed",
	  "{\"responses\":[{\"id\":\"1\",\"status\":200,\"body\":{}}",
	  MMS_E_RETRY,
	  { 0 },
	  { 0 },
	  { -1, -1, -1 } },
	{ "something behind it", ANSWERS("") "x", MMS_E_RETRY, { 0 }, { 0 }, { -1, -1, -1 } },
	{ "nothing", "", MMS_E_RETRY, { 0 }, { 0 }, { -1, -1, -1 } },
	{ "no map", "[]", MMS_E_RETRY, { 0 }, { 0 }, { -1, -1, -1 } },
	{ "an error", "{\"error\":{}}", MMS_E_RETRY, { 0 }, { 0 }, { -1, -1, -1 } },
	{ "no list", "{\"responses\":{}}", MMS_E_RETRY, { 0 }, { 0 }, { -1, -1, -1 } },
};

static void
answers_find_their_calls(void **state)
{
	(void)state;
	for (size_t i = 0; i < MMS_COUNT(answers); i++) {
		const char *text = answers[i].text;
		/* One more than asked for: it is left alone. */
		struct service_reply replies[4] = { [3] = { .status = 7 } };
		MMS_AUTO(mms_err) err = { 0 };

		mms_rc rc = outlook_batch_read(text, strlen(text), replies, 3, &err);
		if (rc != answers[i].rc || replies[3].status != 7)
			fail_msg("%s: %s", answers[i].label, mms_rc_name(rc));
		for (size_t k = 0; k < 3; k++) {
			const struct service_reply *got = &replies[k];
			const char *body = answers[i].body[k];

			if (got->status != answers[i].status[k] ||
			    got->retry_after_ms != answers[i].wait_ms[k])
				fail_msg("%s: %zu: status %ld, wait %lld", answers[i].label, k,
					 got->status, (long long)got->retry_after_ms);
			if (body != NULL && (got->body_len != strlen(body) ||
					     memcmp(got->body, body, strlen(body)) != 0))
				fail_msg("%s: %zu: another body: %.*s", answers[i].label, k,
					 (int)got->body_len, got->body);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_are_requests_with_numbers_and_headers),
		cmocka_unit_test(without_memory_a_batch_says_so),
		cmocka_unit_test(answers_find_their_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
