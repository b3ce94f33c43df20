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

		mms_rc rc = mms_oauth_read_answer(row->status, row->body, strlen(row->body), &t,
						  &err);
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
		assert_int_equal(mms_oauth_read_answer(200, body.ptr, body.len, &t, &err),
				 sizes[i].rc);
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

		assert_int_not_equal(
			mms_oauth_read_answer(400, bodies[i], strlen(bodies[i]), &t, &err),
			MMS_OK);
		assert_null(strstr(mms_err_text(&err), "s3cret"));
		assert_null(strstr(mms_err_hint(&err), "s3cret"));
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
		cmocka_unit_test(forms_are_encoded),
		cmocka_unit_test(the_address_of_a_consent_says_everything),
		cmocka_unit_test(a_challenge_is_the_digest_of_its_verifier),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
