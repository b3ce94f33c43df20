/* The DocTypes' mail address pattern through PCRE2 (see the header). */
#include "mmsync/email.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "mmsync/mem.h"

struct mms_email {
	pcre2_general_context *memory;
	pcre2_code *code;
	pcre2_match_data *match;
	bool uses_jit;
};

static void *
hook_malloc(PCRE2_SIZE size, void *aux)
{
	(void)aux;
	return mms_hook_malloc(size);
}

static void
hook_free(void *p, void *aux)
{
	(void)aux;
	mms_hook_free(p);
}

/* Bytes, not characters: nothing outside ASCII can match, whatever the encoding. */
static mms_rc
compile(struct mms_email *email, struct mms_err *err)
{
	static const char pattern[] = "^[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\\.[a-zA-Z]{2,}$";
	int why = 0;
	PCRE2_SIZE at = 0;

	email->memory = pcre2_general_context_create(hook_malloc, hook_free, NULL);
	if (email->memory == NULL)
		return mms_fail_nomem(err);
	pcre2_compile_context *context = pcre2_compile_context_create(email->memory);
	if (context == NULL)
		return mms_fail_nomem(err);
	/* Python's $ knows no line end but LF, whatever PCRE2 was built with. */
	(void)pcre2_set_newline(context, PCRE2_NEWLINE_LF);
	email->code =
		pcre2_compile((PCRE2_SPTR)pattern, sizeof pattern - 1, 0, &why, &at, context);
	pcre2_compile_context_free(context);
	if (email->code == NULL && why == PCRE2_ERROR_HEAP_FAILED)
		return mms_fail_nomem(err);
	if (email->code == NULL)
		return mms_fail(err, MMS_E_BUG, "PCRE2 refuses the mail pattern (%d at %zu)",
				why, at);
	email->match = pcre2_match_data_create_from_pattern(email->code, email->memory);
	if (email->match == NULL)
		return mms_fail_nomem(err);
	/* The interpreter takes its frames at the first match: short memory is told here. */
	if (pcre2_match(email->code, (PCRE2_SPTR) "a@b.cc", 6, 0, 0, email->match, NULL) < 0)
		return mms_fail_nomem(err);
	return MMS_OK;
}

mms_rc
mms_email_new(struct mms_email **out, bool may_jit, struct mms_err *err)
{
	struct mms_email *email = mms_alloc(sizeof *email);

	if (email == NULL)
		return mms_fail_nomem(err);
	mms_rc rc = compile(email, err);
	if (rc != MMS_OK) {
		mms_email_free(email);
		return rc;
	}
	/* No JIT is no error: pcre2_match() then interprets. */
	email->uses_jit = may_jit && pcre2_jit_compile(email->code, PCRE2_JIT_COMPLETE) == 0;
	*out = email;
	return MMS_OK;
}

void
mms_email_free(struct mms_email *email)
{
	if (email == NULL)
		return;
	pcre2_match_data_free(email->match);
	pcre2_code_free(email->code);
	pcre2_general_context_free(email->memory);
	mms_free(email);
}

bool
mms_email_uses_jit(const struct mms_email *email)
{
	return email->uses_jit;
}

bool
mms_email_matches(const struct mms_email *email, const char *text, size_t len)
{
	PCRE2_SPTR subject = (PCRE2_SPTR)text;

	if (len == 0)
		return false; /* text may be NULL */
	if (email->uses_jit) {
		int rc = pcre2_jit_match(email->code, subject, len, 0, 0, email->match, NULL);
		if (rc >= 0 || rc == PCRE2_ERROR_NOMATCH)
			return rc >= 0;
		/* What the JIT cannot hold on its small stack, the interpreter can. */
	}
	return pcre2_match(email->code, subject, len, 0, email->uses_jit ? PCRE2_NO_JIT : 0,
			   email->match, NULL) >= 0;
}
