/* frappe: Fernet by the vectors of its specification, and tokens as Frappe's own library makes them. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/base64.h"
#include "mmsync/fernet.h"
#include "mmsync/mem.h"
#include "support/dbcheck.h"

/* generate.json, verify.json and invalid.json of github.com/fernet/spec. */
#define KEY "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="
#define HELLO                                                       \
	"gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_" \
	"5CV9dOPmrhuVUPgJobwOz7JcbmrR6"                             \
	"4jVmpU4IwqDA=="

static const struct {
	const char *label, *token;
} invalid[] = {
	{ "incorrect mac", "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-"
			   "szkFVzXTuGb4hR8AKtwcaX1YdykQUFB"
			   "QUFBQUFBQQ==" },
	{ "too short", "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPA==" },
	{ "invalid base64", "%%%%%%%%%%%%%AECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-"
			    "szkFVzXTuGb4hR8AKtwcaX1YdykRtfs"
			    "H-p1YsUD2Q==" },
	{ "payload size not multiple of block size",
	  "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-"
	  "fWPOm73QeoCk9uGib28Xe5vz6oxq5nmxbx_v7m"
	  "rfyudzUm" },
	{ "payload padding error", "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0ODz4LEpdELGQAad7aNEHbf-"
				   "JkLPIpuiYRLQ3RtXatOYREu2FWke6CnJNY"
				   "IbkuKNqOhw==" },
	{ "incorrect IV (causes padding error)", "gAAAAAAdwJ6xBQECAwQFBgcICQoLDA0OD3HkMATM5lFqG"
						 "aerZ-fWPAkLhFLHpGtDBRLRTZeUfWgHSv49TF2AUEZ1"
						 "TIvcZjK1zQ==" },
	/* and of our own */
	{ "nothing", "" },
	{ "the asterisks of the main column", "****************" },
	{ "no filler at the end", "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_"
				  "5CV9dOPmrhuVUPgJobwOz7JcbmrR64j"
				  "VmpU4IwqDA" },
	{ "another version", "gQAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_"
			     "5CV9dOPmrhuVUPgJobwOz7JcbmrR64j"
			     "VmpU4IwqDA==" },
};

static void
the_vectors_of_the_specification_hold(void **state)
{
	static const unsigned char iv[16] = { 0, 1, 2,  3,  4,  5,  6,  7,
					      8, 9, 10, 11, 12, 13, 14, 15 };
	char *token = NULL, *text = NULL;

	(void)state;
	OK(mms_fernet_encrypt_with(KEY, "hello", 499162800, iv, &token, &err));
	assert_string_equal(token, HELLO);
	OK(mms_fernet_decrypt(KEY, HELLO, &text, &err));
	assert_string_equal(text, "hello");
	mms_secret_free(token);
	mms_secret_free(text);
}

static void
what_is_no_token_of_this_key_is_refused_alike(void **state)
{
	(void)state;
	for (size_t i = 0; i < MMS_COUNT(invalid); i++) {
		MMS_AUTO(mms_err) err = { 0 };
		char *text = NULL;

		if (mms_fernet_decrypt(KEY, invalid[i].token, &text, &err) != MMS_E_ITEM ||
		    text != NULL)
			fail_msg("%s: taken, or %s", invalid[i].label, mms_err_text(&err));
		assert_string_equal(mms_err_text(&err),
				    "this is not encrypted with the site's key");
	}
}

static void
every_flipped_bit_is_noticed(void **state)
{
	unsigned char bytes[128];
	char changed[sizeof HELLO];
	size_t n = 0;

	(void)state;
	assert_true(mms_base64_parse(HELLO, strlen(HELLO), bytes, &n));
	for (size_t bit = 0; bit < n * 8; bit++) {
		MMS_AUTO(mms_err) err = { 0 };
		char *text = NULL;

		bytes[bit / 8] ^= (unsigned char)(1U << bit % 8);
		(void)mms_base64_print(bytes, n, false, changed);
		if (mms_fernet_decrypt(KEY, changed, &text, &err) != MMS_E_ITEM)
			fail_msg("bit %zu: %s", bit, text != NULL ? text : mms_err_text(&err));
		bytes[bit / 8] ^= (unsigned char)(1U << bit % 8);
	}
}

/* Made by python3-cryptography's Fernet, which is what Frappe calls. */
static void
tokens_of_the_library_that_frappe_uses_are_read(void **state)
{
	static const struct {
		const char *text, *token;
	} rows[] = {
		{ "ya29.access-of-ann",
		  "gAAAAABlU_EAZGVmZ2hpamtsbW5vcHFycy4kteg2x6bjdvwtLkBWso6bA6wVElmq-"
		  "AwP9KTbcdScp24i"
		  "uwCEjvRWuqcQKhs6VqxMVR6wT-VoUIvZWU2OOh0=" },
		{ "Gr\xC3\xBC\xC3\x9F"
		  "e, \xE4\xB8\x96\xE7\x95\x8C",
		  "gAAAAABlU_EAZGVmZ2hpamtsbW5vcHFyc-2m9qsHAgpUvfL6zV-Tnt4fos_"
		  "TmpzURQlxTzvCqlHq1cnN"
		  "Se-awNplFlduy852CA==" },
		{ "xxxxxxxxxxxxxxxx", "gAAAAABlU_EAZGVmZ2hpamtsbW5vcHFyc0Yk2e9Z4LRKWOL3mb2YN-"
				      "XeypfWEl2zonQaGyDLPa9K0gBS"
				      "vuuYQHBOWog4XflymErURF-QCpgB09B28S2jxyY=" },
		{ "", "gAAAAABlU_EAZGVmZ2hpamtsbW5vcHFyc5zvjvBqCANxIs5fd8hKpUwtwzxVOH0_"
		      "tzRSqAiUMdN_1fTB"
		      "s2RLcWNb-YK79Qs3vg==" },
	};
	unsigned char iv[16];

	(void)state;
	for (size_t i = 0; i < sizeof iv; i++)
		iv[i] = (unsigned char)(100 + i);
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		char *text = NULL, *token = NULL;

		OK(mms_fernet_decrypt(KEY, rows[i].token, &text, &err));
		assert_string_equal(text, rows[i].text);
		OK(mms_fernet_encrypt_with(KEY, rows[i].text, 1700000000, iv, &token, &err));
		assert_string_equal(token, rows[i].token);
		mms_secret_free(text);
		mms_secret_free(token);
	}
}

static void
a_key_that_is_none_is_a_matter_of_configuration(void **state)
{
	static const char *const keys[] = {
		"",
		"secret",
		"cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4",
		"cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4A", /* 33 bytes */
		"cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e==", /* 31 bytes */
		"cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4*",
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(keys); i++) {
		char *out = NULL;

		FAILS(MMS_E_CONFIG, "encryption_key",
		      mms_fernet_decrypt(keys[i], HELLO, &out, &err));
		FAILS(MMS_E_CONFIG, "encryption_key",
		      mms_fernet_encrypt(keys[i], "hello", 0, &out, &err));
		assert_null(out);
	}
	/* Python takes both alphabets, and so a key may have been written with the other. */
	char *text = NULL;
	OK(mms_fernet_decrypt("cw/0x689RpI+jtRR7oE8h/eQsKImvJapLeSbXpwF4e4=", HELLO, &text,
			      &err));
	assert_string_equal(text, "hello");
	mms_secret_free(text);
}

static void
texts_of_every_length_come_back_and_no_two_tokens_are_alike(void **state)
{
	static char text[40000];

	(void)state;
	for (size_t n = 1; n < sizeof text; n = n < 70 ? n + 1 : n * 3) {
		char *one = NULL, *two = NULL, *back = NULL;

		memset(text, 'a' + (int)(n % 26), n);
		text[n] = '\0';
		OK(mms_fernet_encrypt(KEY, text, 1, &one, &err));
		OK(mms_fernet_encrypt(KEY, text, 1, &two, &err));
		assert_string_not_equal(one, two);
		OK(mms_fernet_decrypt(KEY, one, &back, &err));
		assert_string_equal(back, text);
		mms_secret_free(one);
		mms_secret_free(two);
		mms_secret_free(back);
	}
	static char long_text[60000];
	char *out = NULL;
	memset(long_text, 'a', sizeof long_text - 1);
	FAILS(MMS_E_ITEM, "too long", mms_fernet_encrypt(KEY, long_text, 1, &out, &err));
}

static void
base64_is_that_of_the_rfc(void **state)
{
	static const struct {
		const char *bytes, *text, *bare;
	} rows[] = { /* RFC 4648 section 10 */
		     { "", "", "" },
		     { "f", "Zg==", "Zg" },
		     { "fo", "Zm8=", "Zm8" },
		     { "foo", "Zm9v", "Zm9v" },
		     { "foob", "Zm9vYg==", "Zm9vYg" },
		     { "foobar", "Zm9vYmFy", "Zm9vYmFy" },
		     { "\xFB\xFF", "-_8=", "-_8" }
	};
	static const char *const none[] = { "Z",        "Zg=",  "Z===",  "====",
					    "Zg==Zg==", "Z g=", "Zm9v\n" };
	unsigned char out[32];
	char text[32];
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		size_t len = strlen(rows[i].bytes);
		const unsigned char *bytes = (const unsigned char *)rows[i].bytes;

		assert_int_equal(mms_base64_print(bytes, len, false, text),
				 MMS_BASE64_CHARS(len));
		assert_string_equal(text, rows[i].text);
		assert_int_equal(mms_base64_print(bytes, len, true, text),
				 strlen(rows[i].bare));
		assert_string_equal(text, rows[i].bare);
		assert_true(mms_base64_parse(rows[i].text, strlen(rows[i].text), out, &n));
		assert_int_equal(n, len);
		assert_memory_equal(out, bytes, len);
	}
	for (size_t i = 0; i < MMS_COUNT(none); i++) {
		if (mms_base64_parse(none[i], strlen(none[i]), out, &n))
			fail_msg("'%s' was taken", none[i]);
	}
}

static void
secrets_are_compared_whole(void **state)
{
	(void)state;
	assert_true(mms_secret_is_same("abc", "abc"));
	assert_true(mms_secret_is_same("", ""));
	assert_false(mms_secret_is_same("abc", "abd"));
	assert_false(mms_secret_is_same("abc", "ab"));
	assert_false(mms_secret_is_same("", "a"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors_of_the_specification_hold),
		cmocka_unit_test(what_is_no_token_of_this_key_is_refused_alike),
		cmocka_unit_test(every_flipped_bit_is_noticed),
		cmocka_unit_test(tokens_of_the_library_that_frappe_uses_are_read),
		cmocka_unit_test(a_key_that_is_none_is_a_matter_of_configuration),
		cmocka_unit_test(texts_of_every_length_come_back_and_no_two_tokens_are_alike),
		cmocka_unit_test(base64_is_that_of_the_rfc),
		cmocka_unit_test(secrets_are_compared_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
