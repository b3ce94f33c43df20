/* provider: forms, consent addresses and answers of token endpoints, as bytes. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/base64.h"
#include "mmsync/digest.h"
#include "mmsync/mem.h"
#include "mmsync/oauth_client.h"
#include "support/dbcheck.h"

/* ---- answers -------------------------------------------------------------------------------- */

/* An answer as it is read. */
static mms_rc
read_answer(long status, const char *body, size_t len, struct mms_oauth_tokens *out,
	    struct mms_err *err)
{
	const struct mms_oauth_reply reply = { "google", status, body, len };

	return mms_oauth_read_answer(&reply, out, err);
}

struct row {
	const char *label;
	long status;
	const char *body;
	mms_rc rc;
	const char *text; /* part of the error; of OK: "ACCESS REFRESH LIFETIME SCOPE" */
};

static const struct row rows[] = {
	{ "Google's answer to a refresh", 200,
	  "{\"access_token\":\"ya29.A-b_c\",\"expires_in\":3599,\"scope\":\"https://s\","
	  "\"token_type\":\"Bearer\"}",
	  MMS_OK, "ya29.A-b_c - 3599 https://s" },
	{ "a first consent, unknown members", 200,
	  "{\"access_token\":\"a\",\"refresh_token\":\"1//r\",\"expires_in\":3599,"
	  "\"refresh_token_expires_in\":604799,\"token_type\":\"Bearer\",\"id_token\":\"x\"}",
	  MMS_OK, "a 1//r 3599 -" },
	{ "a lifetime as a text", 200, "{\"access_token\":\"a\",\"expires_in\":\"5399\"}",
	  MMS_OK, "a - 5399 -" },
	{ "no lifetime", 200, "{\"access_token\":\"a\"}", MMS_OK, "a - 0 -" },
	{ "a lifetime that is none", 200, "{\"access_token\":\"a\",\"expires_in\":-1}", MMS_OK,
	  "a - 0 -" },
	{ "a lifetime of ages", 200,
	  "{\"access_token\":\"a\",\"expires_in\":9223372036854775807}", MMS_OK, "a - 0 -" },
	{ "a lifetime of words", 200, "{\"access_token\":\"a\",\"expires_in\":\"12x\"}", MMS_OK,
	  "a - 0 -" },
	{ "bearer in lower case", 200, "{\"access_token\":\"a\",\"token_type\":\"bearer\"}",
	  MMS_OK, "a - 0 -" },
	{ "null is not there", 200,
	  "{\"access_token\":\"a\",\"refresh_token\":null,\"error\":null}", MMS_OK, "a - 0 -" },

	{ "a dead grant", 400,
	  "{\"error\":\"invalid_grant\",\"error_description\":\"Token has been expired or "
	  "revoked.\"}",
	  MMS_E_AUTH, "no longer takes this consent (invalid_grant)" },
	{ "a dead grant, Bad Request", 400,
	  "{\"error\":\"invalid_grant\",\"error_description\":\"Bad Request\"}", MMS_E_AUTH,
	  "(invalid_grant)" },
	{ "a workspace wants its people to sign in again", 400,
	  "{\"error\":\"invalid_grant\",\"error_subtype\":\"invalid_rapt\"}", MMS_E_AUTH,
	  "(invalid_grant, invalid_rapt)" },
	{ "a dead grant of Microsoft's", 400,
	  "{\"error\":\"invalid_grant\",\"error_description\":\"AADSTS700082: x\","
	  "\"error_codes\":[700082]}",
	  MMS_E_AUTH, "(invalid_grant)" },
	{ "a dead grant of Microsoft's with a reason", 400,
	  "{\"error\":\"invalid_grant\",\"suberror\":\"bad_token\"}", MMS_E_AUTH,
	  "(invalid_grant, bad_token)" },
	{ "Microsoft's answer to a refresh", 200,
	  "{\"token_type\":\"Bearer\",\"scope\":\"https://graph.microsoft.com/"
	  "Calendars.ReadWrite\",\"expires_in\":4822,\"ext_expires_in\":4822,"
	  "\"access_token\":\"EwB4A8l6\",\"refresh_token\":\"M.C5.-Cd!x*y$\"}",
	  MMS_OK,
	  "EwB4A8l6 M.C5.-Cd!x*y$ 4822 https://graph.microsoft.com/Calendars.ReadWrite" },
	{ "a tenant that is not there", 400,
	  "{\"error\":\"invalid_request\",\"error_description\":\"AADSTS90002: x\"}",
	  MMS_E_CONFIG, "(invalid_request)" },
	{ "interaction required", 400, "{\"error\":\"interaction_required\"}", MMS_E_AUTH,
	  "(interaction_required)" },
	{ "a wrong client", 401,
	  "{\"error\":\"invalid_client\",\"error_description\":\"The OAuth client was not "
	  "found.\"}",
	  MMS_E_CONFIG, "refuses our OAuth client (invalid_client)" },
	{ "a client of another kind", 400, "{\"error\":\"unauthorized_client\"}", MMS_E_CONFIG,
	  "(unauthorized_client)" },
	{ "a request that is not understood", 400, "{\"error\":\"invalid_request\"}",
	  MMS_E_CONFIG, "refuses the request (invalid_request)" },
	{ "trouble that passes", 400, "{\"error\":\"temporarily_unavailable\"}", MMS_E_RETRY,
	  "temporarily_unavailable" },
	{ "an error with status 200", 200,
	  "{\"access_token\":\"a\",\"error\":\"invalid_grant\"}", MMS_E_AUTH, "invalid_grant" },
	{ "an error of the API's form", 403,
	  "{\"error\":{\"code\":403,\"message\":\"no\",\"status\":\"PERMISSION_DENIED\"}}",
	  MMS_E_RETRY, "does not name" },
	{ "an error that would be shown", 400, "{\"error\":\"<b>pwned</b>\"}", MMS_E_RETRY,
	  "does not name" },
	{ "an error without end", 400,
	  "{\"error\":"
	  "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}",
	  MMS_E_RETRY, "does not name" },

	{ "a page", 200, "<!DOCTYPE html><title>Sign in</title>", MMS_E_RETRY,
	  "no JSON object" },
	{ "a page that says no", 404, "<html>", MMS_E_RETRY, "answers 404" },
	{ "nothing", 200, "", MMS_E_RETRY, "no JSON object" },
	{ "cut off", 200, "{\"access_token\":\"ya29.", MMS_E_RETRY, "no JSON object" },
	{ "more behind it", 200, "{\"access_token\":\"a\"}}", MMS_E_RETRY, "no JSON object" },
	{ "an array", 200, "[{\"access_token\":\"a\"}]", MMS_E_RETRY, "no JSON object" },
	{ "an empty object", 200, "{}", MMS_E_RETRY, "no access token" },
	{ "a token that is a number", 200, "{\"access_token\":7}", MMS_E_RETRY,
	  "no access token" },
	{ "an empty token", 200, "{\"access_token\":\"\"}", MMS_E_RETRY, "no access token" },
	{ "a token that would end a header", 200, "{\"access_token\":\"a\\r\\nX-Evil: 1\"}",
	  MMS_E_RETRY, "no access token" },
	{ "a token with a NUL", 200, "{\"access_token\":\"a\\u0000b\"}", MMS_E_RETRY,
	  "no JSON object" },
	{ "a token of letters that a header has not", 200, "{\"access_token\":\"\xC3\xA4\"}",
	  MMS_E_RETRY, "no access token" },
	{ "a refresh token with a blank", 200,
	  "{\"access_token\":\"a\",\"refresh_token\":\"b c\"}", MMS_E_RETRY, "cannot be one" },
	{ "a refresh token that is an object", 200,
	  "{\"access_token\":\"a\",\"refresh_token\":{}}", MMS_E_RETRY, "cannot be one" },
	{ "a token of another kind", 200, "{\"access_token\":\"a\",\"token_type\":\"mac\"}",
	  MMS_E_RETRY, "no bearer token" },
	{ "tokens with a strange status", 203, "{\"access_token\":\"a\"}", MMS_E_RETRY,
	  "neither tokens nor an error" },
	{ "a redirect", 302, "{}", MMS_E_RETRY, "answers 302" },
};

static void
each_answer_is_what_it_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_oauth_tokens) t = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		MMS_AUTO(mms_str) got = { 0 };
		const struct row *row = &rows[i];

		mms_rc rc = read_answer(row->status, row->body, strlen(row->body), &t, &err);
		if (rc == MMS_OK)
			mms_str_addf(&got, "%s %s %lld %s", t.access_token,
				     t.refresh_token != NULL ? t.refresh_token : "-",
				     (long long)t.lifetime_s, t.scope != NULL ? t.scope : "-");
		else
			mms_str_add(&got, mms_err_text(&err));
		if (rc != row->rc || strstr(mms_str_get(&got), row->text) == NULL ||
		    (rc == MMS_OK && strcmp(mms_str_get(&got), row->text) != 0) ||
		    (rc != MMS_OK && (t.access_token != NULL || mms_err_hint(&err)[0] == '\0')))
			fail_msg("%s: %s: %s", row->label, mms_rc_name(rc), mms_str_get(&got));
	}
}

static void
what_is_too_long_is_not_taken(void **state)
{
	static const struct {
		size_t token, blanks;
		mms_rc rc;
	} sizes[] = { { MMS_OAUTH_TOKEN_MAX, 0, MMS_OK },
		      { MMS_OAUTH_TOKEN_MAX + 1, 0, MMS_E_RETRY },
		      { 10, MMS_OAUTH_ANSWER_MAX, MMS_E_RETRY } };

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(sizes); i++) {
		MMS_AUTO(mms_oauth_tokens) t = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		MMS_AUTO(mms_str) body = { 0 };

		mms_str_add(&body, "{\"access_token\":\"");
		for (size_t k = 0; k < sizes[i].token; k++)
			mms_str_addc(&body, 'a');
		mms_str_add(&body, "\"}");
		for (size_t k = 0; k < sizes[i].blanks; k++)
			mms_str_addc(&body, ' ');
		assert_int_equal(read_answer(200, body.ptr, body.len, &t, &err), sizes[i].rc);
	}
}

/* A description may repeat what was sent: nothing of it is told. */
static void
no_error_holds_a_secret(void **state)
{
	static const char *const bodies[] = {
		"{\"error\":\"invalid_grant\",\"error_description\":\"s3cret\"}",
		"{\"error\":\"s3cret\"}",
		"{\"access_token\":\"s3cret \"}",
		"s3cret",
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(bodies); i++) {
		MMS_AUTO(mms_oauth_tokens) t = { 0 };
		MMS_AUTO(mms_err) err = { 0 };

		assert_int_not_equal(read_answer(400, bodies[i], strlen(bodies[i]), &t, &err),
				     MMS_OK);
		assert_null(strstr(mms_err_text(&err), "s3cret"));
		assert_null(strstr(mms_err_hint(&err), "s3cret"));
	}
}

/* The page and the command that an error names are those of the service. */
static void
advice_is_of_the_service(void **state)
{
	static const struct {
		const char *service, *body, *advice;
	} cases[] = {
		{ "google", "{\"error\":\"invalid_grant\"}", "mmsync connect google" },
		{ "outlook", "{\"error\":\"invalid_grant\"}", "mmsync connect outlook" },
		{ "google", "{\"error\":\"invalid_client\"}", "docs/google.md" },
		{ "outlook", "{\"error\":\"invalid_client\"}", "docs/outlook.md" },
		{ "outlook", "{\"error\":\"invalid_scope\"}", "docs/outlook.md" },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(cases); i++) {
		MMS_AUTO(mms_oauth_tokens) t = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		const struct mms_oauth_reply reply = { cases[i].service, 400, cases[i].body,
						       strlen(cases[i].body) };

		assert_int_not_equal(mms_oauth_read_answer(&reply, &t, &err), MMS_OK);
		if (strstr(mms_err_hint(&err), cases[i].advice) == NULL)
			fail_msg("%s: %s", cases[i].body, mms_err_hint(&err));
	}
}

/* ---- a consent on another device ------------------------------------------------------------- */

#define DEVICE(more)                                                                        \
	"{\"device_code\":\"GAQ-s3cret\",\"user_code\":\"YZMY-LD4K\",\"verification_uri\":" \
	"\"https://microsoft.com/devicelogin\"" more "}"

static const struct {
	const char *label;
	long status;
	const char *body;
	mms_rc rc;
	const char *text; /* of OK: "USER_CODE URI LIFETIME INTERVAL" */
} devices[] = {
	{ "Microsoft's", 200,
	  DEVICE(",\"expires_in\":900,\"interval\":5,\"message\":\"To sign in\""), MMS_OK,
	  "YZMY-LD4K https://microsoft.com/devicelogin 900 5" },
	{ "nothing of times", 200, DEVICE(""), MMS_OK,
	  "YZMY-LD4K https://microsoft.com/devicelogin 900 5" },
	{ "times as texts", 200, DEVICE(",\"expires_in\":\"60\",\"interval\":\"1\""), MMS_OK,
	  "YZMY-LD4K https://microsoft.com/devicelogin 60 1" },
	{ "times of ages", 200, DEVICE(",\"expires_in\":99999999,\"interval\":86400"), MMS_OK,
	  "YZMY-LD4K https://microsoft.com/devicelogin 3600 60" },
	{ "times that are none", 200, DEVICE(",\"expires_in\":0,\"interval\":-5"), MMS_OK,
	  "YZMY-LD4K https://microsoft.com/devicelogin 900 5" },
	{ "no code", 200, "{\"user_code\":\"A\",\"verification_uri\":\"https://x\"}",
	  MMS_E_RETRY, "no code for a device" },
	{ "a code that would move the cursor", 200,
	  "{\"device_code\":\"a\",\"user_code\":\"\\u001b[2J\",\"verification_uri\":"
	  "\"https://x\"}",
	  MMS_E_RETRY, "no code for a device" },
	{ "a code without end", 200,
	  "{\"device_code\":\"a\",\"user_code\":"
	  "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\","
	  "\"verification_uri\":\"https://x\"}",
	  MMS_E_RETRY, "no code for a device" },
	{ "no address", 200, "{\"device_code\":\"a\",\"user_code\":\"b\"}", MMS_E_RETRY,
	  "no address" },
	{ "an address of another kind", 200,
	  "{\"device_code\":\"a\",\"user_code\":\"b\",\"verification_uri\":"
	  "\"javascript:alert(1)\"}",
	  MMS_E_RETRY, "no address" },
	{ "a client that may not", 400, "{\"error\":\"unauthorized_client\"}", MMS_E_CONFIG,
	  "unauthorized_client" },
	{ "public client flows are not allowed", 401, "{\"error\":\"invalid_client\"}",
	  MMS_E_CONFIG, "invalid_client" },
	{ "a page", 200, "<html>", MMS_E_RETRY, "no JSON object" },
	{ "another status", 204, DEVICE(""), MMS_E_RETRY, "neither a code" },
};

static void
what_a_device_shows_is_bounded(void **state)
{
	(void)state;
	for (size_t i = 0; i < MMS_COUNT(devices); i++) {
		MMS_AUTO(mms_oauth_device) d = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		MMS_AUTO(mms_str) got = { 0 };
		const struct mms_oauth_reply reply = { "outlook", devices[i].status,
						       devices[i].body,
						       strlen(devices[i].body) };

		mms_rc rc = mms_oauth_read_device(&reply, &d, &err);
		if (rc == MMS_OK)
			mms_str_addf(&got, "%s %s %lld %lld", d.user_code, d.verification_uri,
				     (long long)d.lifetime_s, (long long)d.interval_s);
		else
			mms_str_add(&got, mms_err_text(&err));
		if (rc != devices[i].rc || strstr(mms_str_get(&got), devices[i].text) == NULL ||
		    (rc == MMS_OK && strcmp(mms_str_get(&got), devices[i].text) != 0) ||
		    (rc != MMS_OK && d.device_code != NULL))
			fail_msg("%s: %s: %s", devices[i].label, mms_rc_name(rc),
				 mms_str_get(&got));
		assert_null(strstr(mms_str_get(&got), "s3cret"));
	}
}

static void
each_poll_is_what_it_says(void **state)
{
	static const struct {
		const char *label;
		long status;
		const char *body;
		mms_rc rc;
		enum mms_oauth_poll poll;
		const char *text; /* of an error */
	} cases[] = {
		{ "pending", 400,
		  "{\"error\":\"authorization_pending\",\"error_codes\":[70016]}", MMS_OK,
		  MMS_POLL_PENDING, "" },
		{ "too often", 400, "{\"error\":\"slow_down\"}", MMS_OK, MMS_POLL_SLOW_DOWN,
		  "" },
		{ "done", 200, "{\"access_token\":\"a\",\"refresh_token\":\"b\"}", MMS_OK,
		  MMS_POLL_DONE, "" },
		{ "refused, Microsoft's word", 400, "{\"error\":\"authorization_declined\"}",
		  MMS_E_AUTH, MMS_POLL_DONE, "was refused (authorization_declined)" },
		{ "refused, the standard's word", 400, "{\"error\":\"access_denied\"}",
		  MMS_E_AUTH, MMS_POLL_DONE, "was refused (access_denied)" },
		{ "over", 400, "{\"error\":\"expired_token\"}", MMS_E_AUTH, MMS_POLL_DONE,
		  "while the code was good (expired_token)" },
		{ "a code that is not known", 400, "{\"error\":\"bad_verification_code\"}",
		  MMS_E_AUTH, MMS_POLL_DONE, "(bad_verification_code)" },
		{ "a client that has to show a secret", 401, "{\"error\":\"invalid_client\"}",
		  MMS_E_CONFIG, MMS_POLL_DONE, "invalid_client" },
		{ "a page", 502, "<html>", MMS_E_RETRY, MMS_POLL_DONE, "no JSON object" },
		{ "neither", 200, "{}", MMS_E_RETRY, MMS_POLL_DONE, "no access token" },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(cases); i++) {
		MMS_AUTO(mms_oauth_tokens) t = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		const struct mms_oauth_reply reply = { "outlook", cases[i].status,
						       cases[i].body, strlen(cases[i].body) };
		enum mms_oauth_poll poll;

		mms_rc rc = mms_oauth_read_poll(&reply, &poll, &t, &err);
		bool has_tokens = rc == MMS_OK && poll == MMS_POLL_DONE;
		if (rc != cases[i].rc || poll != cases[i].poll ||
		    strstr(mms_err_text(&err), cases[i].text) == NULL ||
		    has_tokens != (t.access_token != NULL))
			fail_msg("%s: %s %d: %s", cases[i].label, mms_rc_name(rc), (int)poll,
				 mms_err_text(&err));
	}
}

/* ---- what is sent --------------------------------------------------------------------------- */

static void
forms_are_encoded(void **state)
{
	MMS_AUTO(mms_str) form = { 0 };

	(void)state;
	mms_oauth_add_field(&form, "a", "1//x y&z=\xC3\xA4+%");
	mms_oauth_add_field(&form, "none", NULL);
	mms_oauth_add_field(&form, "b", "AZaz09-._~");
	mms_oauth_add_field(&form, "c", "");
	assert_string_equal(mms_str_get(&form),
			    "a=1%2F%2Fx%20y%26z%3D%C3%A4%2B%25&b=AZaz09-._~&c=");
}

static void
the_address_of_a_consent_says_everything(void **state)
{
	MMS_AUTO(mms_str) url = { 0 };
	struct mms_oauth_consent consent = {
		.auth_url = "https://accounts.example.com/auth",
		.client_id = "id",
		.redirect_uri = "http://127.0.0.1:4711/",
		.scope = MMS_GOOGLE_SCOPE,
		.state = "st",
		.challenge = "ch",
		.access_type = "offline",
		.prompt = "consent",
		.login_hint = "ann@example.com",
	};

	(void)state;
	mms_oauth_add_consent_url(&url, &consent);
	assert_string_equal(
		mms_str_get(&url),
		"https://accounts.example.com/auth?client_id=id"
		"&redirect_uri=http%3A%2F%2F127.0.0.1%3A4711%2F&response_type=code"
		"&scope=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcalendar.events&state=st"
		"&code_challenge=ch&code_challenge_method=S256&access_type=offline"
		"&prompt=consent&login_hint=ann%40example.com");
	mms_str_clear(&url);
	consent.auth_url = "https://accounts.example.com/auth?p=1";
	consent.login_hint = NULL;
	mms_oauth_add_consent_url(&url, &consent);
	assert_memory_equal(url.ptr, "https://accounts.example.com/auth?p=1&client_id=id&", 51);
	assert_null(strstr(url.ptr, "login_hint"));
	/* What a service has no word for is not sent. */
	consent.access_type = NULL;
	consent.prompt = "select_account";
	mms_str_clear(&url);
	mms_oauth_add_consent_url(&url, &consent);
	assert_null(strstr(url.ptr, "access_type"));
	assert_non_null(strstr(url.ptr, "_method=S256&prompt=select_account"));
}

static void
a_challenge_is_the_digest_of_its_verifier(void **state)
{
	struct mms_pkce one = { 0 }, two = { 0 };
	unsigned char digest[MMS_SHA256_BYTES];
	char text[MMS_BASE64_CHARS(MMS_SHA256_BYTES) + 1];

	(void)state;
	OK(mms_pkce_make(&one, &err));
	OK(mms_pkce_make(&two, &err));
	assert_string_not_equal(one.verifier, two.verifier);
	assert_int_equal(strlen(one.verifier), 43);
	OK(mms_sha256(one.verifier, strlen(one.verifier), digest, &err));
	(void)mms_base64_print(digest, sizeof digest, true, text);
	assert_string_equal(one.challenge, text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_answer_is_what_it_says),
		cmocka_unit_test(what_is_too_long_is_not_taken),
		cmocka_unit_test(no_error_holds_a_secret),
		cmocka_unit_test(advice_is_of_the_service),
		cmocka_unit_test(what_a_device_shows_is_bounded),
		cmocka_unit_test(each_poll_is_what_it_says),
		cmocka_unit_test(forms_are_encoded),
		cmocka_unit_test(the_address_of_a_consent_says_everything),
		cmocka_unit_test(a_challenge_is_the_digest_of_its_verifier),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
