/* model: mail addresses and phone numbers, string by string as Python judges them. */
#include "support/unit.h"

#include <stdlib.h>
#include <string.h>

#include "mmsync/email.h"
#include "mmsync/mem.h"
#include "mmsync/rules.h"
#include "support/rules_world.h"

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_of(char c, const char *more)
{
	return is_letter(c) || (c >= '0' && c <= '9') || (c != '\0' && strchr(more, c) != NULL);
}

/* What the pattern says, by hand: [local]+ @ [domain]+ . [letters]{2,} and maybe one LF. */
static bool
by_hand(const char *text, size_t len)
{
	size_t at = 0, dot = 0, letters = 0;

	if (len > 0 && text[len - 1] == '\n')
		len--;
	while (at < len && is_of(text[at], "._%+-"))
		at++;
	if (at == 0 || at >= len || text[at] != '@')
		return false;
	for (size_t i = at + 1; i < len; i++) {
		if (!is_of(text[i], ".-"))
			return false;
		dot = text[i] == '.' ? i : dot;
		letters = is_letter(text[i]) ? letters + 1 : 0;
	}
	return dot > at + 1 && letters >= 2 && letters == len - dot - 1;
}

static struct mms_email *
pattern(bool may_jit)
{
	MMS_AUTO(mms_err) err = { 0 };
	struct mms_email *email = NULL;

	assert_int_equal(mms_email_new(&email, may_jit, &err), MMS_OK);
	return email;
}

/* Call check(want, text, len) for every line "0|1 hex" of a file. */
static void
each_line(const char *name, void (*check)(bool want, const char *text, size_t len, void *aux),
	  void *aux)
{
	size_t len, n = 0;
	char *file = world_read_file(world_path(name), &len);

	for (char *line = file; *line != '\0'; n++) {
		char *end = strchr(line, '\n');
		*end = '\0';
		bool want = line[0] == '1';
		size_t bytes = world_unhex(line + 2);
		check(want, line + 2, bytes, aux);
		line = end + 1;
	}
	assert_true(n > 400);
	mms_free(file);
}

static void
check_email(bool want, const char *text, size_t len, void *aux)
{
	if (mms_email_matches(aux, text, len) != want || by_hand(text, len) != want)
		fail_msg("'%.*s' is %s to Python", (int)len, text, want ? "good" : "bad");
}

static void
addresses_are_judged_as_python_does_with_and_without_jit(void **state)
{
	(void)state;
	for (int may_jit = 0; may_jit < 2; may_jit++) {
		struct mms_email *email = pattern(may_jit == 1);
		assert_true(may_jit == 1 || !mms_email_uses_jit(email));
		each_line("email.txt", check_email, email);
		mms_email_free(email);
	}
}

static void
any_bytes_get_the_verdict_of_the_pattern_spelled_out(void **state)
{
	static const char alphabet[] = "aaaaZZ9._%+-@@@....\n\r \0\xC3\xA9\xFF"
				       "com";
	struct mms_email *jit = pattern(true), *plain = pattern(false);
	uint64_t seed = 1;
	size_t n_good = 0;

	(void)state;
	for (int round = 0; round < 300000; round++) {
		char text[24];
		size_t len = 0, want;
		seed = seed * 6364136223846793005U + 1442695040888963407U;
		want = seed >> 60;
		while (len < want) {
			seed = seed * 6364136223846793005U + 1442695040888963407U;
			text[len++] = alphabet[(seed >> 33) % (sizeof alphabet - 1)];
		}
		bool is_good = by_hand(text, len);
		n_good += is_good;
		if (mms_email_matches(jit, text, len) != is_good ||
		    mms_email_matches(plain, text, len) != is_good)
			fail_msg("round %d: '%.*s'", round, (int)len, text);
	}
	assert_in_range(n_good, 50, 300000);
	mms_email_free(jit);
	mms_email_free(plain);
}

static void
a_very_long_address_is_judged_in_linear_time(void **state)
{
	const size_t half = (size_t)4 << 20;
	struct mms_email *jit = pattern(true), *plain = pattern(false);
	char *text = mms_alloc(2 * half + 8);

	(void)state;
	assert_non_null(text);
	memset(text, 'a', 2 * half);
	text[half] = '@';
	for (size_t i = half + 2; i < 2 * half; i += 2)
		text[i] = '.';
	for (int is_good = 0; is_good < 2; is_good++) {
		memcpy(text + 2 * half, is_good == 1 ? ".com" : ".c!m", 4);
		assert_int_equal(mms_email_matches(jit, text, 2 * half + 4), is_good);
		assert_int_equal(mms_email_matches(plain, text, 2 * half + 4), is_good);
	}
	mms_free(text);
	mms_email_free(jit);
	mms_email_free(plain);
}

static void
check_phone(bool want, const char *text, size_t len, void *aux)
{
	(void)aux;
	if (mms_phone_is_valid(text, len) != want)
		fail_msg("'%.*s' is %s to Python", (int)len, text, want ? "good" : "bad");
}

static void
phone_numbers_are_judged_as_python_does(void **state)
{
	(void)state;
	each_line("phone.txt", check_phone, NULL);
}

static void
texts_are_stripped_as_python_does(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", "" },
		{ "  ", "" },
		{ " a b ", "a b" },
		{ "\t\r\n\v\fx\x1c\x1f", "x" },
		{ "\xC2\xA0\xE2\x80\x83"
		  "Caf\xC3\xA9\xE3\x80\x80",
		  "Caf\xC3\xA9" },
		{ "\xE2\x80\x8Bx", "\xE2\x80\x8Bx" },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		struct mms_text got =
			mms_text_strip((struct mms_text){ rows[i].text, strlen(rows[i].text) });
		if (got.len != strlen(rows[i].want) ||
		    memcmp(got.ptr, rows[i].want, got.len) != 0)
			fail_msg("row %zu", i);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_judged_as_python_does_with_and_without_jit),
		cmocka_unit_test(any_bytes_get_the_verdict_of_the_pattern_spelled_out),
		cmocka_unit_test(a_very_long_address_is_judged_in_linear_time),
		cmocka_unit_test(phone_numbers_are_judged_as_python_does),
		cmocka_unit_test(texts_are_stripped_as_python_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
